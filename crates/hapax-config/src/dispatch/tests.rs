//! Words by version: what is too new, what is gone, and what HAProxy calls experimental. Values given twice, and what is told first.

use std::sync::Arc;

use hapax_diag::{Severity, Standing};
use hapax_sample::Files;

use crate::keyword::Version;
use crate::load::{Input, LoadOptions, load};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        Err(format!("unable to read {path}"))
    }
}

/// The worst of what is told about a line of `global`, or about a line that starts a section.
fn worst(text: &str, asked: Option<Version>) -> Option<Severity> {
    let opts = LoadOptions {
        for_version: asked,
        ..LoadOptions::default()
    };
    let input = Input {
        name: "test.cfg".to_owned(),
        bytes: format!("global\n{text}\n").into_bytes().into(),
    };
    let loaded = load(vec![input], &NoFiles, &opts);
    loaded.diags.iter().filter(|d| d.span.is_some()).map(|d| d.severity).max()
}

#[test]
fn versions_decide_what_is_known() {
    use Severity::{Alert, Note, Warning};
    for (text, asked, want) in [
        // Gone in 3.5: read unless that version is asked for.
        ("tune.quic.socket-owner listener", None, Some(Warning)),
        ("tune.quic.socket-owner listener", Some((3, 4)), Some(Note)),
        ("tune.quic.socket-owner listener", Some((3, 5)), Some(Alert)),
        // New in 3.3.
        ("noktls", None, Some(Note)),
        ("noktls", Some((3, 3)), Some(Note)),
        ("noktls", Some((2, 6)), Some(Alert)),
        // Sections come and go as well.
        ("program helper", None, Some(Warning)),
        ("program helper", Some((2, 6)), None),
        ("program helper", Some((3, 5)), Some(Alert)),
        ("crt-store", Some((2, 6)), Some(Alert)),
        ("crt-store", Some((3, 5)), None),
        // A frontend and a backend of one name.
        ("frontend a\nbackend a", None, Some(Warning)),
        ("frontend a\nbackend a", Some((3, 5)), Some(Alert)),
        ("backend a\nlisten a", None, Some(Alert)),
        // Experimental words.
        ("tune.fd.tables shared", None, Some(Alert)),
        ("expose-experimental-directives\ntune.fd.tables shared", None, Some(Note)),
        ("acme le", None, Some(Alert)),
        (
            "expose-experimental-directives\nacme le\ndirectory https://x/d",
            None,
            Some(Warning),
        ),
    ] {
        assert_eq!(worst(text, asked), want, "{text} for {asked:?}");
    }
}

#[test]
fn words_of_expressions_and_rules_have_versions_too() {
    for (text, first) in [
        ("backend b\nhttp-request set-header x %[bc_rtt]", (2, 8)),
        ("backend b\nhttp-request set-header x %[src,rfc7239_nn]", (3, 1)),
        ("backend b\nhttp-request set-bc-mark 1", (3, 0)),
        ("backend b\nhttp-after-response set-map(virt@m) a b", (2, 8)),
        ("frontend f\nbind :1\nfilter bwlim-in x default-limit 1m default-period 1s", (2, 7)),
        ("frontend f\nbind mptcp@127.0.0.1:80", (3, 1)),
        ("frontend f\nbind :1 ssl no-alpn strict-sni", (2, 8)),
    ] {
        let older = u8::checked_sub(first.1, 1).map_or((2, 9), |minor| (first.0, minor));
        assert_eq!(worst(text, Some(older)), Some(Severity::Alert), "{text} before its time");
        assert_ne!(worst(text, Some(first)), Some(Severity::Alert), "{text} from {first:?}");
        assert_ne!(worst(text, None), Some(Severity::Alert), "{text}");
    }
}

#[test]
fn a_line_for_the_other_side_is_read_for_its_mistakes() {
    use Severity::{Alert, Warning};
    for (text, want) in [
        ("frontend f\nbind :1\nbalance leastconn", Warning),
        ("frontend f\nbind :1\nbalance sideways", Alert),
        ("backend b\nbind :1", Warning),
        ("backend b\nbind nowhere", Alert),
        ("backend b\nmaxconn 10", Warning),
        ("frontend f\nbind :1\nserver s 127.0.0.1:80", Alert),
        ("frontend f\nbind :1\ntcp-check connect", Warning),
    ] {
        assert_eq!(worst(text, None), Some(want), "{text}");
    }
}

#[test]
fn defaults_used_by_name_and_by_place() {
    let text = "defaults d\nbackend a from d\nbackend b";
    assert_eq!(worst(text, Some((2, 6))), Some(Severity::Warning));
    assert_eq!(worst(text, Some((3, 0))), Some(Severity::Warning));
    assert_eq!(worst("defaults d\nbackend a from d\ndefaults\nbackend b", Some((2, 6))), None);
}

#[test]
fn names_in_defaults_that_nobody_uses_are_not_looked_for() {
    let rule = "defaults d\nmode http\nacl ok http_auth(people)\nhttp-request auth unless ok";
    assert_ne!(worst(rule, None), Some(Severity::Alert));
    assert_eq!(worst(&format!("{rule}\nbackend b"), None), Some(Severity::Alert));
}

#[test]
fn headings_take_and_refuse_what_they_do_in_haproxy() {
    use Severity::{Alert, Note, Warning};
    for (text, asked, want) in [
        ("defaults a/b", None, None),
        ("defaults a\ndefaults b from a and more", None, None),
        ("backend a and more", None, Some(Alert)),
        ("backend a from", None, Some(Alert)),
        ("backend a from nobody", None, Some(Alert)),
        ("frontend a :80", None, Some(Alert)),
        // Told, and taken all the same, by 3.5 only.
        ("backend a/b", None, Some(Warning)),
        ("backend a/b", Some((3, 5)), Some(Warning)),
        ("backend a/b", Some((3, 4)), Some(Alert)),
        ("backend a/b\nnonsense", None, Some(Alert)),
        ("resolvers a b\nnameserver n 127.0.0.1:53", None, Some(Note)),
        ("http-errors a b", None, Some(Note)),
        ("userlist a b", None, Some(Alert)),
        ("userlist a/b", None, Some(Alert)),
        ("userlist a\nuserlist a", None, None),
        ("http-errors a\nhttp-errors a", None, Some(Alert)),
        ("log-profile a\nlog-profile a", None, Some(Alert)),
        ("cache a\ntotal-max-size 4\ncache a\ntotal-max-size 4", None, Some(Alert)),
        ("cache a", None, Some(Alert)),
        ("no frontend a", None, Some(Alert)),
    ] {
        assert_eq!(worst(text, asked), want, "{text} for {asked:?}");
    }
}

#[test]
fn what_comes_of_another_mistake_is_marked() {
    for (text, want) in [
        ("frontent f\n bind :1\n default_backend b\nbackend b", "unknown keyword 'frontent'"),
        (
            "frontend f\n bind :1\n acl a pathbeg /x\n http-request deny if a",
            "error detected while parsing ACL 'a'",
        ),
    ] {
        let input = Input {
            name: "test.cfg".to_owned(),
            bytes: format!("defaults\n mode http\n{text}\n").into_bytes().into(),
        };
        let loaded = load(vec![input], &NoFiles, &LoadOptions::default());
        let alerts = || loaded.diags.iter().filter(|d| d.severity == Severity::Alert);
        let told: Vec<_> = alerts()
            .filter(|d| d.standing != Standing::Follows)
            .map(|d| d.message.as_str())
            .collect();
        assert!(
            alerts().count() > 1 && told.len() == 1 && told[0].contains(want),
            "{text}: {told:?}"
        );
    }
}

#[test]
fn second_values_of_global() {
    use Severity::{Alert, Warning};
    for (text, asked, want) in [
        ("maxconn 10\n maxconn 20", None, Some(Warning)),
        ("maxconn 10\n maxconn many", None, Some(Warning)),
        ("maxconn 0\n maxconn 20", None, None),
        ("maxconn many\n maxconn many", None, Some(Alert)),
        ("uid 0\n user root", None, Some(Warning)),
        ("chroot /\n chroot /", Some((2, 6)), Some(Warning)),
        ("tune.rcvbuf.client 10\n tune.rcvbuf.client 10", None, Some(Warning)),
        ("ca-base /a\n ca-base /b", None, Some(Alert)),
        (
            "tune.ssl.capture-buffer-size 1\n tune.ssl.capture-cipherlist-size 1",
            None,
            Some(Alert),
        ),
        // Beside a mistake it counts as one, and the mistake is there anyway.
        ("maxconn 10\n maxconn 20\n nonsense", None, Some(Alert)),
        ("maxconn 10k", Some((2, 6)), None),
        ("maxconn 10k", Some((2, 7)), Some(Alert)),
    ] {
        let told = worst(text, asked).filter(|s| *s > Severity::Note);
        assert_eq!(told, want, "{text} for {asked:?}");
    }
}

#[test]
fn the_first_pass_is_told_first() {
    let bad = "bad\n".repeat(60);
    for (text, asked, want) in [
        (format!("{bad}no frontend x\n"), None, 62),
        (format!("{bad}mode \"http\n"), None, 62),
        (format!("{bad}mode \"http\n"), Some((3, 0)), 2),
        ("nonsense\nmaster-worker\n".to_owned(), Some((3, 5)), 3),
        ("nonsense\nno\n".to_owned(), None, 3),
        ("nonsense\nmaxconn x\n".to_owned(), None, 2),
    ] {
        let opts = LoadOptions {
            for_version: asked,
            ..LoadOptions::default()
        };
        let input = Input {
            name: "test.cfg".to_owned(),
            bytes: format!("global\n{text}").into_bytes().into(),
        };
        let loaded = load(vec![input], &NoFiles, &opts);
        let first = loaded.diags.iter().find_map(|d| d.span.filter(|_| d.severity == Severity::Alert));
        assert_eq!(first.map(|s| s.line), Some(want), "{text} for {asked:?}");
    }
}

#[test]
fn the_version_decides_how_servers_are_chosen_unless_told() {
    for (asked, proxy, want) in [
        (None, "backend b", "Random(2)"),
        (Some((3, 3)), "backend b", "Random(2)"),
        (Some((3, 2)), "backend b", "RoundRobin"),
        (Some((2, 6)), "backend b\nbalance", "RoundRobin"),
        (Some((3, 5)), "defaults\nbalance first\nbackend b\nbalance", "Random(2)"),
        (Some((3, 5)), "defaults\nbalance first\nbackend b", "First"),
        (None, "backend b\nbalance random(5)", "Random(5)"),
        (None, "backend b\nbalance uri\nmode tcp", "RoundRobin"),
    ] {
        let opts = LoadOptions {
            for_version: asked,
            ..LoadOptions::default()
        };
        let input = Input {
            name: "test.cfg".to_owned(),
            bytes: format!("{proxy}\n").into_bytes().into(),
        };
        let plan = load(vec![input], &NoFiles, &opts).plan.expect("a plan");
        assert_eq!(format!("{:?}", plan.proxies[0].balance), want, "{proxy} for {asked:?}");
    }
}
