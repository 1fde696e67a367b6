//! `hapax check` and `hapax fmt` as a user calls them: what they print, and how they exit.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder of its own, gone with the value.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hapax-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).expect("readable")
    }

    fn hapax(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_hapax"))
            .args(args)
            .current_dir(&self.0)
            .env_clear()
            .output()
            .expect("started")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const VALID: &str = "global\n    maxconn 100\n";
const BROKEN: &str = "global\n    maxconn \"100\n";
const WARNS: &str = "global\n.warning \"careful\"\n";

#[test]
fn exit_codes_tell_the_verdict() {
    let dir = Dir::new("exit");
    for (name, text) in [("valid.cfg", VALID), ("broken.cfg", BROKEN), ("warns.cfg", WARNS)] {
        dir.write(name, text);
    }
    std::fs::create_dir_all(dir.0.join("none")).expect("made");
    let table: &[(&[&str], i32)] = &[
        (&["check", "valid.cfg"], 0),
        (&["check", "-f", "valid.cfg"], 0),
        (&["check", "none"], 2),
        (&["fmt", "none"], 2),
        (&["-c", "-f", "none"], 1),
        (&["check", "--list-codes"], 0),
        (&["check", "--explain", "unused-acl"], 0),
        (&["check", "broken.cfg"], 1),
        (&["check", "warns.cfg"], 0),
        (&["check", "--deny", "warnings", "warns.cfg"], 1),
        (&["check", "--deny", "warnings", "valid.cfg"], 0),
        (&["check", "nowhere.cfg"], 2),
        (&["check", "--explain", "HX0101"], 0),
        (&["check", "--explain", "HX9999"], 2),
        (&["check", "--allow", "nothing", "valid.cfg"], 2),
        (&["check"], 2),
    ];
    for (args, code) in table {
        assert_eq!(dir.hapax(args).status.code(), Some(*code), "{args:?}");
    }
}

#[test]
fn every_format_points_at_the_place() {
    let dir = Dir::new("formats");
    dir.write("broken.cfg", BROKEN);
    let table = [
        ("human", " --> broken.cfg:2:13\n"),
        (
            "haproxy",
            "config : parsing [broken.cfg:2]: unmatched quote at position 13:\n  maxconn \"100\n          ^\n",
        ),
        ("json", "\"line\": 2"),
        ("sarif", "\"startLine\": 2"),
        ("github", "::error file=broken.cfg,line=2,col=13,"),
        (
            "junit",
            "<testcase classname=\"broken.cfg\" name=\"line 2: HX0101\" file=\"broken.cfg\" line=\"2\">",
        ),
    ];
    for (format, want) in table {
        let out = told(&dir.hapax(&["check", "--format", format, "broken.cfg"]));
        assert!(out.contains(want), "{format}: {out}");
    }
}

#[test]
fn a_baseline_hides_what_is_known() {
    let dir = Dir::new("baseline");
    dir.write("warns.cfg", WARNS);
    let deny = ["check", "--deny", "warnings", "--baseline", "known.json", "warns.cfg"];
    assert_eq!(dir.hapax(&deny).status.code(), Some(2), "there is no baseline yet");
    let written = dir.hapax(&["check", "--write-baseline", "--baseline", "known.json", "warns.cfg"]);
    assert_eq!(written.status.code(), Some(0));
    assert_eq!(dir.hapax(&deny).status.code(), Some(0));
    dir.write("warns.cfg", &format!("{WARNS}.warning \"more\"\n"));
    let again = dir.hapax(&deny);
    assert_eq!(again.status.code(), Some(1));
    assert!(told(&again).contains("'more'") && !told(&again).contains("'careful'"));
}

#[test]
fn a_baseline_tells_what_is_gone() {
    let dir = Dir::new("gone");
    dir.write("warns.cfg", WARNS);
    dir.hapax(&["check", "--write-baseline", "--baseline", "known.json", "warns.cfg"]);
    let by_another_path = dir.hapax(&["check", "--deny", "warnings", "--baseline", "known.json", "./warns.cfg"]);
    assert!(by_another_path.status.success() && by_another_path.stderr.is_empty());
    dir.write("warns.cfg", VALID);
    let mended = dir.hapax(&["check", "--baseline", "known.json", "warns.cfg"]);
    let said = String::from_utf8_lossy(&mended.stderr).into_owned();
    assert!(mended.status.success() && said.contains("1 of its entries"), "{said}");
}

#[test]
fn every_line_with_an_error_is_told() {
    let dir = Dir::new("many");
    let lines = "    maxconn many\n".repeat(120);
    dir.write("many.cfg", &format!("global\n{lines}"));
    let all = told(&dir.hapax(&["check", "many.cfg"]));
    assert!(all.ends_with("1 file: not valid, 120 errors, 0 warnings\n"), "{all}");
    let classic = dir.hapax(&["-c", "-f", "many.cfg"]);
    assert!(String::from_utf8_lossy(&classic.stderr).contains("too many fatal errors (50), stopping now."));
}

#[test]
fn what_cannot_be_read_is_told_in_one_run() {
    let dir = Dir::new("unread");
    dir.write("a.cfg", "global\n\tmaxconn 1\n");
    std::fs::write(dir.0.join("utf16.cfg"), b"\xff\xfeg\0l\0\n\0").expect("written");
    let said = |o: &Output| String::from_utf8_lossy(&o.stderr).into_owned();
    let check = dir.hapax(&["check", "no1.cfg", "a.cfg", "no2.cfg"]);
    assert_eq!((check.status.code(), said(&check).lines().count()), (Some(2), 2));
    let fmt = dir.hapax(&["fmt", "no1.cfg", "utf16.cfg", "a.cfg"]);
    assert_eq!((fmt.status.code(), said(&fmt).lines().count()), (Some(2), 2));
    assert_eq!(dir.read("a.cfg"), "global\n    maxconn 1\n", "the one that can be formatted is");
    assert_eq!(std::fs::read(dir.0.join("utf16.cfg")).expect("there"), b"\xff\xfeg\0l\0\n\0");
    let sound = told(&dir.hapax(&["check", "utf16.cfg"]));
    assert!(sound.contains("the file is in UTF-16"), "{sound}");
}

#[test]
fn a_device_without_an_end_is_not_read_for_ever() {
    let dir = Dir::new("endless");
    let classic = dir.hapax(&["-c", "-f", "/dev/zero"]);
    let said = String::from_utf8_lossy(&classic.stderr).into_owned();
    assert_eq!(classic.status.code(), Some(1));
    assert!(said.contains("/dev/zero : no plain file, and it gave more than 128 MiB"), "{said}");
    assert_eq!(dir.hapax(&["check", "--memory", "64", "/dev/zero"]).status.code(), Some(2));
}

#[test]
fn fields_hidden_behind_the_version_of_a_check_are_told_as_each_version_does() {
    let dir = Dir::new("hidden");
    dir.write(
        "a.cfg",
        "backend b\n    mode http\n    option httpchk GET / HTTP/1.1\\r\\nHost:\\ www\n",
    );
    for (version, code, what) in [
        ("2.6", 0, "is deprecated"),
        ("2.7", 1, "is unsupported"),
        ("3.5", 1, "is unsupported"),
    ] {
        let out = dir.hapax(&["check", "--for", version, "--format", "haproxy", "a.cfg"]);
        let said = told(&out);
        assert_eq!(out.status.code(), Some(code), "{version}: {said}");
        assert!(said.contains(what), "{version}: {said}");
    }
    let out = dir.hapax(&["check", "a.cfg"]);
    assert_eq!(out.status.code(), Some(0));
    assert!(told(&out).contains("not supported any more since HAProxy 2.7"), "{}", told(&out));
}

#[test]
fn a_few_milliseconds_are_told_where_the_version_tells_them() {
    let dir = Dir::new("small");
    dir.write(
        "a.cfg",
        "defaults d\n    timeout client 30\n    timeout server 100\n    timeout tunnel 5ms\nlisten l\n    bind :80\n    timeout queue 99\n",
    );
    for (version, times) in [("3.0", 0), ("3.1", 2), ("3.5", 2)] {
        let said = told(&dir.hapax(&["check", "--for", version, "--format", "haproxy", "a.cfg"]));
        assert_eq!(said.matches("is suspiciously small").count(), times, "{version}: {said}");
        let both = said.contains("'timeout client 30' in defaults 'd'") && said.contains("'timeout queue 99' in proxy 'l'");
        assert_eq!(both, times > 0, "{version}: {said}");
    }
}

#[test]
fn a_descriptor_that_nobody_handed_over_is_told() {
    let dir = Dir::new("descriptor");
    dir.write(
        "a.cfg",
        "frontend a\n    mode http\n    timeout client 5s\n    bind fd@777\n    http-request return status 200\n",
    );
    let classic = dir.hapax(&["-c", "-f", "a.cfg"]);
    let said = String::from_utf8_lossy(&classic.stderr).into_owned();
    assert!(said.contains("[a.cfg:4] : 'bind' : cannot use file descriptor '777'"), "{said}");
    assert_eq!(dir.hapax(&["check", "--offline", "a.cfg"]).status.code(), Some(0));
}

#[test]
fn the_name_among_peers_is_that_of_another_machine() {
    let dir = Dir::new("peers");
    dir.write("p.cfg", "peers p\n    peer a 127.0.0.1:1\n    peer b 127.0.0.1:2\n");
    let code = |args: &[&str]| dir.hapax(&[&["check", "--deny", "warnings", "p.cfg"], args].concat()).status.code();
    assert_eq!(code(&[]), Some(1));
    assert_eq!(code(&["--offline"]), Some(0), "it is this machine that lacks the name");
    assert_eq!(code(&["-L", "a"]), Some(0));
    assert_eq!(code(&["--offline", "-L", "c"]), Some(1), "no machine has it");
}

#[test]
fn conditions_are_judged_by_the_version_asked_for() {
    let dir = Dir::new("for");
    dir.write(
        "if.cfg",
        "global\n.if version_before(3.0)\n.alert \"old $HAPROXY_BRANCH\"\n.endif\n",
    );
    assert!(dir.hapax(&["check", "if.cfg"]).status.success());
    let old = dir.hapax(&["check", "--for", "2.8", "if.cfg"]);
    assert!(!old.status.success() && told(&old).contains("'old 2.8'"));
}

#[test]
fn a_comment_silences_a_warning() {
    let dir = Dir::new("ignore");
    dir.write("warns.cfg", "global\n.warning \"careful\" # hapax: ignore=HX0118\n");
    assert!(dir.hapax(&["check", "--deny", "warnings", "warns.cfg"]).status.success());
    dir.write("warns.cfg", "global\n.warning \"careful\" # hapax: ignore=HX118\n");
    let typo = dir.hapax(&["check", "--deny", "warnings", "warns.cfg"]);
    assert!(!typo.status.success() && told(&typo).contains("did you mean 'HX0118'?"));
}

#[test]
fn fmt_mends_and_fmt_check_tells() {
    let dir = Dir::new("fmt");
    dir.write("a.cfg", "global\n\tmaxconn   100");
    dir.write("b.cfg", VALID);
    let check = dir.hapax(&["fmt", "--check", "a.cfg", "b.cfg"]);
    assert_eq!((check.status.code(), told(&check)), (Some(1), "a.cfg\n".to_owned()));
    assert_eq!(dir.hapax(&["fmt", "."]).status.code(), Some(0));
    assert_eq!(dir.read("a.cfg"), VALID);
    assert_eq!(dir.hapax(&["fmt", "--check", "."]).status.code(), Some(0));
    assert_eq!(dir.hapax(&["fmt", "nowhere.cfg"]).status.code(), Some(2));
}
