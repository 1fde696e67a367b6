use super::*;
use crate::kit::Facts;

/// Target, rule, what the target becomes.
#[test]
fn request_lines() {
    for (target, rule, want) in [
        ("/a?b", "set-path /x%[path]", "/x/a?b"),
        ("/a", "set-path /x", "/x"),
        ("*", "set-path /x", "/x"),
        ("http://h/a?b", "set-path /x", "http://h/x?b"),
        ("/a?b", "set-pathq /x?y", "/x?y"),
        ("/a?b", "set-pathq /x", "/x"),
        ("http://h/a?b", "set-pathq /x", "http://h/x"),
        ("/a?b", "set-query c=d", "/a?c=d"),
        ("/a", "set-query c", "/a?c"),
        ("/a", "set-query %[var(txn.none)]", "/a"),
        ("/a?b", "set-query %[var(txn.none)]", "/a?"),
        ("/a?b", "set-uri /x", "/x"),
        ("/bar?q=1", "replace-path (.*) /foo\\1", "/foo/bar?q=1"),
        ("/foo/bar?q=1", "replace-path /foo/(.*) /\\1", "/bar?q=1"),
        ("/foo", "replace-path /none /x", "/foo"),
        ("/bar?q=1", "replace-pathq ([^?]*)(\\?(.*))? \\1/foo\\2", "/bar/foo?q=1"),
        ("http://h/x", "replace-uri ^http://(.*) https://\\1", "https://h/x"),
        ("/bar?q=1", "replace-uri ([^/:]*://[^/]*)?(.*) \\1/foo\\2", "/foo/bar?q=1"),
        ("//a//b", "normalize-uri path-merge-slashes", "/a/b"),
        ("http://h//a?b//c", "normalize-uri path-merge-slashes", "http://h/a?b//c"),
        ("/a?c&b", "normalize-uri query-sort-by-name", "/a?b&c"),
        ("/%61?%62", "normalize-uri percent-decode-unreserved", "/a?b"),
        ("*", "normalize-uri path-strip-dot", "*"),
    ] {
        let mut facts = Facts::request(target, &[]);
        assert_eq!(facts.run(RuleSets::HTTP_REQ, &[rule]), Effect::Continue, "{rule}");
        assert_eq!(facts.uri(), want, "{target} {rule}");
    }
}

#[test]
fn methods() {
    let mut facts = Facts::request("/", &[]);
    facts.run(RuleSets::HTTP_REQ, &["set-method POST"]);
    assert_eq!(facts.req.expect("request").method(), b"POST");
}

#[test]
fn an_absolute_target_names_the_host() {
    let mut facts = Facts::request("/", &[("a", "1"), ("host", "old"), ("host", "old")]);
    facts.run(RuleSets::HTTP_REQ, &["set-uri http://new:81/x"]);
    assert_eq!(facts.fields(), ["a: 1", "host: new:81"]);
}

/// A target that has a place for an authority names the host; where it is empty, it is no target.
#[test]
fn targets_that_are_no_path() {
    for (target, host) in [
        ("other", Some("other")),
        ("other/x", Some("other")),
        ("o:80", Some("o:80")),
        ("http:/x", Some("http:")),
        ("*", Some("old")),
        ("//a/b", Some("old")),
        ("http://", None),
        ("?q", None),
    ] {
        for rule in [format!("set-uri {target}"), format!("replace-uri .* {target}")] {
            let mut facts = Facts::request("/", &[("host", "old")]);
            let effect = facts.run(RuleSets::HTTP_REQ, &[&rule]);
            let (uri, fields) = (facts.uri(), facts.fields());
            match host {
                Some(host) => assert_eq!(
                    (effect, uri, fields),
                    (Effect::Continue, target.to_owned(), vec![format!("host: {host}")])
                ),
                None => assert_eq!((effect, uri), (Effect::Fail, "/".to_owned()), "{rule}"),
            }
        }
    }
}

#[test]
fn a_strict_normalizer_finds_requests_invalid() {
    let mut facts = Facts::request("/%zz", &[]);
    assert_eq!(
        facts.run(RuleSets::HTTP_REQ, &["normalize-uri percent-to-uppercase strict"]),
        Effect::Invalid
    );
    assert_eq!(
        facts.run(RuleSets::HTTP_REQ, &["normalize-uri percent-to-uppercase"]),
        Effect::Continue
    );
}
