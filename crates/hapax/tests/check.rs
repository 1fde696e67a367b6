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
    let table: &[(&[&str], i32)] = &[
        (&["check", "valid.cfg"], 0),
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
        ("junit", "<testcase classname=\"broken.cfg\" name=\"line 2: HX0101\" line=\"2\">"),
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
