use super::*;

/// How many places the lint speaks of.
const AROUND: Around = Around {
    now: None,
    open_files: Some(1024),
    full: None,
};

fn count(lint: &'static Lint, text: &str) -> usize {
    let mut sources = Sources::default();
    sources.add("test.cfg", text.as_bytes());
    run(&sources, &Environment::default(), None, AROUND, |l| std::ptr::eq(l, lint)).len()
}

#[test]
fn every_lint_has_cases_that_hold() {
    for lint in ALL {
        assert!(
            !lint.bad.is_empty() || lint.name == "expired-certificate",
            "{} has no case",
            lint.name
        );
        for text in lint.ok {
            assert_eq!(count(lint, text), 0, "{} speaks of:\n{text}", lint.name);
        }
        for text in lint.bad {
            assert!(count(lint, text) > 0, "{} is silent about:\n{text}", lint.name);
        }
    }
}

#[test]
fn codes_ascend_and_names_are_plain() {
    assert!(ALL.is_sorted_by(|a, b| a.code.id < b.code.id));
    for lint in ALL {
        assert!(lint.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", lint.name);
        assert!(lint.severity < Severity::Alert, "{}", lint.name);
        assert!(find(lint.name).is_some_and(|l| l.code == lint.code));
    }
}

#[test]
fn sections_know_their_defaults() {
    let text =
        b"defaults one\n a\ndefaults two from one\n b\nfrontend f\n c\nbackend g from one\n d\nglobal\n setenv X y\nlisten l\n e \"$X\"\n";
    let mut sources = Sources::default();
    sources.add("test.cfg", text.as_slice());
    let outline = Outline::read(&sources, Environment::default(), None).unwrap();
    let seen: Vec<_> = outline.proxies().map(|s| (s.name(), s.defaults)).collect();
    assert_eq!(seen, [("f", Some(1)), ("g", Some(0)), ("l", Some(1))]);
    let last: Vec<_> = outline
        .proxies()
        .flat_map(|s| &s.lines)
        .map(|l| outline::text(l, 1).to_owned())
        .collect();
    assert_eq!(last, ["", "", "y"]);
}
