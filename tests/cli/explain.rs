//! `hapax explain` and `hapax test`: exit codes and what is printed where.

use std::fs;

use hapax_tests::Program;

use super::{folder, run};

const SUITE: &str = r#"
[[test]]
name = "goes to the backend"
request = { url = "/" }
expect = { backend = "b", server = "s", status = 200 }
"#;

fn texts(line: &str) -> (Option<i32>, String, String) {
    let dir = folder();
    fs::write(dir.path().join("good.toml"), SUITE).unwrap();
    fs::write(dir.path().join("wrong.toml"), SUITE.replace("200", "404")).unwrap();
    let many = "[[request]]\nurl = \"/a\"\n[[request]]\nmethod = \"PUT\"\nurl = \"/b\"\n";
    fs::write(dir.path().join("many.toml"), many).unwrap();
    let old = fs::read_to_string(dir.path().join("good.cfg")).unwrap();
    fs::write(dir.path().join("old.cfg"), format!("global\n    nbproc 1\n{old}")).unwrap();
    fs::write(dir.path().join("broken.toml"), "[[test]]\nnam = 1\n").unwrap();
    let out = run(Program::Hapax, dir.path(), line);
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn a_request_is_explained() {
    let (code, out, err) = texts("explain -f good.cfg /x");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("GET /x\nfrontend f at 127.0.0.1:12345 (good.cfg:7)\n"), "{out}");
    assert!(out.contains("\n=> sent to b/s\n"), "{out}");
    let (code, out, _) = texts("explain -f good.cfg --json --down b/s /x");
    assert_eq!(code, Some(0));
    assert!(out.contains("\"kind\": \"refused\"") && out.contains("\"status\": 503"), "{out}");
}

#[test]
fn what_cannot_be_asked_is_told() {
    for (line, part) in [
        ("explain -f bad.cfg /", "unknown keyword 'bogus'"),
        ("explain -f none.cfg /", "none.cfg"),
        ("explain -f good.cfg --frontend none /", "there are: f"),
        ("explain -f good.cfg --down b/x /", "there is no server 'b/x'"),
        ("explain -f good.cfg --src here /", "'here' is no address"),
        ("test -f good.cfg broken.toml", "broken.toml: "),
        ("test -f bad.cfg good.toml", "unknown keyword 'bogus'"),
    ] {
        let (code, out, err) = texts(line);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{line}");
        assert!(err.contains(part), "{line}: {err}");
    }
}

#[test]
fn tests_pass_and_fail() {
    assert_eq!(
        texts("test -f good.cfg good.toml"),
        (Some(0), "1 passed, 0 failed\n".into(), String::new())
    );
    let (code, out, _) = texts("test -f good.cfg good.toml wrong.toml");
    assert_eq!(code, Some(1));
    assert!(
        out.contains("FAILED goes to the backend\n    status is 200, not 404\n    it was sent to b/s\n1 passed, 1 failed\n"),
        "{out}"
    );
    let (code, out, _) = texts("test -f good.cfg --format tap wrong.toml");
    assert_eq!((code, out.lines().nth(2)), (Some(1), Some("not ok 1 - goes to the backend")));
    let (_, out, _) = texts("test -f good.cfg --format junit wrong.toml");
    assert!(
        out.contains("<testsuite name=\"wrong.toml\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\""),
        "{out}"
    );
    let (code, _, err) = texts("test -f good.cfg --min-coverage 50 good.toml");
    assert_eq!((code, err.as_str()), (Some(0), ""), "no rules are wholly covered");
}

#[test]
fn many_requests_come_from_a_file_or_one_in_a_line() {
    let dir = folder();
    let asked = Program::Hapax
        .command()
        .args(["explain", "-f", "good.cfg", "--request", "POST /x", "--sni", "www.example.org"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(asked.status.success() && asked.stdout.starts_with(b"POST /x\n"), "{asked:?}");
    let (code, out, err) = texts("explain -f good.cfg --requests many.toml");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("GET /a\n") && out.contains("\n\nPUT /b\n"), "{out}");
    let (code, out, _) = texts("explain -f good.cfg --requests many.toml --json");
    assert_eq!(code, Some(0));
    assert!(out.starts_with('[') && out.matches("\"kind\": \"server\"").count() == 2, "{out}");
    let (code, _, err) = texts("explain -f good.cfg --requests broken.toml");
    assert_eq!(code, Some(2));
    assert!(err.contains("broken.toml: "), "{err}");
    assert_eq!(texts("explain -f good.cfg --request GET").0, Some(2));
    assert_eq!(texts("explain -f good.cfg").0, Some(2));
}

#[test]
fn the_version_asked_for_judges_here_too() {
    assert_eq!(texts("explain -f old.cfg /").0, Some(0));
    let (code, _, err) = texts("explain -f old.cfg --for 3.5 /");
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("old.cfg:2"), "{err}");
    assert_eq!(texts("test -f old.cfg --for 3.5 good.toml").0, Some(2));
    assert_eq!(texts("test -f old.cfg --for 2.4 good.toml").0, Some(0));
}
