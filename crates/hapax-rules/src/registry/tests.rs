use std::collections::HashSet;

use super::*;
use crate::Rule;
use crate::kit::{Bench, words};

/// The sets of a row, one by one.
fn sets(row: &ActionRow) -> impl Iterator<Item = RuleSets> {
    row.rulesets.iter()
}

#[test]
fn rows_are_named_once_and_documented() {
    let mut seen = HashSet::new();
    for row in all() {
        assert!(seen.insert(row.name), "{} has two rows", row.name);
        assert!(!row.rulesets.is_empty(), "{} is valid nowhere", row.name);
        assert!(row.doc.ends_with('.'), "{}: the doc is a sentence", row.name);
        assert!(!row.ok.is_empty() && !row.bad.is_empty(), "{} has no cases", row.name);
        for case in row.ok.iter().chain(row.bad) {
            assert!(case.starts_with(row.stem()), "{}: {case}", row.name);
            assert_eq!(
                find(row.rulesets, case.split(' ').next().unwrap_or_default()).map(|r| r.name),
                Some(row.name),
                "{case}"
            );
        }
    }
}

/// What the sets of a row make of a rule: the first that takes it, or the last refusal.
fn accepted(row: &ActionRow, case: &str) -> Result<Rule, String> {
    let mut why = String::new();
    for set in sets(row) {
        let mut bench = Bench::new();
        match bench.rule(set, case) {
            Ok(_) if bench.diags.has_alert() => why = "an alert was told".into(),
            Ok(rule) => return Ok(rule),
            Err(d) => why = d.message,
        }
    }
    Err(why)
}

#[test]
fn good_cases_are_accepted() {
    for row in all() {
        for case in row.ok {
            if let Err(why) = accepted(row, case) {
                panic!("{case}: {why}");
            }
        }
    }
}

#[test]
fn bad_cases_are_refused_in_every_set() {
    for row in all() {
        for set in sets(row) {
            for case in row.bad {
                let refused = Bench::new().rule(set, case).is_err();
                assert!(refused, "{} {case} is accepted", set.keyword());
            }
        }
    }
}

#[test]
fn a_rule_takes_its_condition_and_nothing_else() {
    for row in all() {
        for case in row.ok.iter().filter(|c| !c.contains(" if ") && !c.contains(" unless ")) {
            for with in [format!("{case} if TRUE"), format!("{case} unless FALSE")] {
                assert!(accepted(row, &with).is_ok_and(|r| r.cond.is_some()), "{with}");
            }
            assert!(accepted(row, &format!("{case} if nowhere_declared")).is_err(), "{case}");
        }
    }
}

#[test]
fn the_longest_name_wins() {
    for (word, want) in [
        ("set-var(txn.a)", "set-var*"),
        ("set-var-fmt(txn.a)", "set-var-fmt*"),
        ("sc-inc-gpc(0,1)", "sc-inc-gpc*"),
        ("sc-inc-gpc0(1)", "sc-inc-gpc0*"),
        ("sc-inc-gpc1", "sc-inc-gpc1*"),
        ("track-sc12", "track-sc*"),
        ("set-path", "set-path"),
        ("set-pathq", "set-pathq"),
    ] {
        assert_eq!(find(RuleSets::HTTP_REQ, word).map(|r| r.name), Some(want), "{word}");
    }
    for (set, word) in [
        (RuleSets::HTTP_REQ, "accept"),
        (RuleSets::TCP_REQ, "allow"),
        (RuleSets::HTTP_AFTER, "deny"),
        (RuleSets::TCP_CONN, "capture"),
        (RuleSets::HTTP_REQ, "set-pathx"),
    ] {
        assert!(find(set, word).is_none(), "{word}");
    }
}

#[test]
fn an_unknown_action_names_the_known_ones() {
    let d = Bench::new().rule(RuleSets::HTTP_REQ, "set-heder a b").expect_err("unknown");
    assert!(d.message.starts_with("'http-request' expects 'add-acl*', "), "{}", d.message);
    assert!(d.message.ends_with(", but got 'set-heder'."), "{}", d.message);
    assert_eq!(d.help.as_deref(), Some("did you mean 'set-header'?"));
    let d = Bench::new().rule(RuleSets::TCP_CONN, "acept").expect_err("unknown");
    assert!(d.message.contains(" in proxy 'px' (got 'acept')"), "{}", d.message);
}

#[test]
fn words_left_over_are_told() {
    let d = Bench::new().rule(RuleSets::HTTP_REQ, "allow here").expect_err("left over");
    let want = "'http-request allow' expects either 'if' or 'unless' followed by a condition but found 'here'.";
    assert_eq!(d.message, want);
    assert_eq!(words("a \"b c\" d\\ e f\\\\g \"\""), [&b"a"[..], b"b c", b"d e", b"f\\g", b""]);
}

#[test]
fn scripts_have_to_be_loaded() {
    let mut bench = Bench::new();
    assert!(bench.rule(RuleSets::HTTP_REQ, "use-service lua.any").is_ok());
    bench.site.scripts = false;
    let d = bench.rule(RuleSets::HTTP_REQ, "lua.any").expect_err("no script");
    assert!(
        d.message.contains("but got 'lua.any'") && !d.message.contains("lua.*"),
        "{}",
        d.message
    );
    assert!(bench.rule(RuleSets::HTTP_REQ, "use-service lua.any").is_err());
}

#[test]
fn experimental_actions_need_permission() {
    let mut bench = Bench::new();
    bench.site.experimental = false;
    for row in all().filter(|r| r.experimental) {
        let set = sets(row).next().expect("a set");
        let d = bench.rule(set, row.ok[0]).expect_err("not permitted");
        assert!(d.message.contains("action is experimental"), "{}", d.message);
    }
}

/// The reference list of action names, beside the rule sets that take them.
#[test]
fn every_action_of_the_manual_has_a_row() {
    let list = include_str!("actions.txt");
    let columns = [
        RuleSets::QUIC_INIT,
        RuleSets::TCP_CONN,
        RuleSets::TCP_SESS,
        RuleSets::TCP_REQ,
        RuleSets::TCP_RES,
        RuleSets::HTTP_REQ,
        RuleSets::HTTP_RES,
        RuleSets::HTTP_AFTER,
    ];
    for line in list.lines().filter(|l| !l.starts_with('#')) {
        let (name, marks) = line.split_once(' ').expect("a name and marks");
        let marks = marks.trim();
        for (set, mark) in columns.iter().zip(marks.chars()) {
            assert_eq!(find(*set, name).is_some(), mark == 'X', "{name} in {}", set.keyword());
        }
    }
}

#[test]
fn refusals_are_told_in_the_words_that_people_look_for() {
    use RuleSets as R;
    let http = |set: &str, word: &str, why: &str| format!("error detected in proxy 'px' while parsing '{set} {word}' rule : {why}.");
    let inc = "Expects sc-inc-gpc(<GPC ID>,<Track ID>)";
    let cases = [
        (
            R::TCP_CONN,
            "accept now",
            "'tcp-request connection accept' only accepts 'if' or 'unless', in proxy 'px' (got 'now')".into(),
        ),
        (
            R::TCP_RES,
            "close if nobody",
            "'tcp-response content close' : error detected in proxy 'px' while parsing 'if' condition : no such ACL : 'nobody'".into(),
        ),
        (
            R::TCP_SESS,
            "track-scx src",
            "'tcp-request session track-scx' : Wrong track-sc number 'x'".into(),
        ),
        (
            R::TCP_CONN,
            "track-sc3 src",
            "'tcp-request connection track-sc3' : 3 track-sc number exceeding 2 (tune.stick-counters-1) value".into(),
        ),
        (
            R::TCP_REQ,
            "capture nothing len 3",
            "'tcp-request content capture' : unknown fetch method 'nothing'".into(),
        ),
        (
            R::TCP_CONN,
            "track-sc0",
            "'tcp-request connection track-sc0' : missing fetch method".into(),
        ),
        (R::TCP_CONN, "set-src", "missing fetch method".into()),
        (R::TCP_CONN, "set-var(sess.a,maybe) src", "unknown condition \"maybe\"".into()),
        (R::TCP_CONN, "sc-inc-gpc", format!("invalid gpc ID 'sc-inc-gpc'. {inc}")),
        (R::TCP_CONN, "sc-inc-gpc(0)", format!("Missing gpc ID 'sc-inc-gpc(0)'. {inc}")),
        (
            R::TCP_CONN,
            "sc-inc-gpc(0,x)",
            format!("invalid stick table track ID 'sc-inc-gpc(0,x)'. {inc}"),
        ),
        (
            R::TCP_CONN,
            "sc-inc-gpc0(x)",
            "invalid stick table track ID. Expects sc-inc-gpc0(x)(<Track ID>)".into(),
        ),
        (
            R::HTTP_REQ,
            "sc-set-gpt(x) 1",
            http(
                "http-request",
                "sc-set-gpt(x)",
                "Missing gpt ID 'sc-set-gpt(x)'. Expects sc-set-gpt(<GPT ID>,<Track ID>)",
            ),
        ),
        (R::TCP_CONN, "silent-drop rst-ttl", "missing rst-ttl value".into()),
        (
            R::TCP_CONN,
            "silent-drop rst-ttl 1x",
            "invalid character starting at 'x' (value 1-255 expected)".into(),
        ),
        (R::TCP_CONN, "silent-drop rst-ttl 300", "valid rst-ttl values are [1-255]".into()),
        (
            R::TCP_CONN,
            "expect-proxy",
            "'tcp-request connection expect-proxy' only supports 'layer4' in proxy 'px' (got '')".into(),
        ),
        (
            R::TCP_REQ,
            "switch-mode tcp",
            "'tcp-request switch-mode' expects a valid mode (got 'tcp').".into(),
        ),
    ];
    for (set, rule, want) in cases {
        let got = Bench::new().rule(set, rule).map(|_| ()).map_err(|d| d.message);
        assert_eq!(got, Err(want), "{rule}");
    }
    // A number left out is 0.
    for rule in ["sc-inc-gpc(,1)", "sc-inc-gpc(1,)"] {
        assert!(Bench::new().rule(R::HTTP_REQ, rule).is_ok(), "{rule}");
    }
}
