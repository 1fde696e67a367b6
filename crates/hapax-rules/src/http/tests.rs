//! The actions of HTTP rule sets that have no page of their own.

use std::fmt::Write as _;

use crate::kit::{Bench, Facts};
use crate::{Effect, RuleSets, Side, Wait, Woken, run};

#[test]
fn status_lines() {
    for (rule, status, reason) in [
        ("set-status 431", 431, "Request Header Fields Too Large"),
        ("set-status 503 reason \"Slow Down\"", 503, "Slow Down"),
        ("set-status 999", 999, "Other"),
        ("set-status 103", 103, "Informational"),
    ] {
        let mut facts = Facts::response(&[]);
        facts.run(RuleSets::HTTP_RES, &[rule]);
        let head = facts.res.expect("response");
        assert_eq!(
            (head.status, String::from_utf8_lossy(head.reason()).as_ref()),
            (status, reason),
            "{rule}"
        );
    }
}

#[test]
fn early_hints_are_gathered() {
    let mut facts = Facts::request("/", &[]);
    facts.run(RuleSets::HTTP_REQ, &["early-hint Link </a>;rel=preload", "early-hint X %[src]"]);
    let hints: Vec<_> = facts.controls.early_hints.iter().map(|h| (&*h.name, &*h.value)).collect();
    assert_eq!(hints, [(&b"link"[..], &b"</a>;rel=preload"[..]), (b"x", b"192.0.2.1")]);
}

/// Which of the hints begin a response of their own.
#[test]
fn hints_share_a_response_where_nothing_stands_between_them() {
    let [a, b, c] = ["early-hint a 1", "early-hint b 2", "early-hint c 3"];
    let (yes, no) = ("early-hint b 2 if TRUE", "early-hint b 2 if FALSE");
    for (rules, want) in [
        (vec![a, b, c], vec![true, false, false]),
        (vec![a, yes, c], vec![true, true, false]),
        (vec![a, no, c], vec![true, true]),
        (vec![no, b, c], vec![true, false]),
        (vec![a, "set-header x y", c], vec![true, true]),
    ] {
        let mut facts = Facts::request("/", &[]);
        facts.run(RuleSets::HTTP_REQ, &rules);
        let starts: Vec<bool> = facts.controls.early_hints.iter().map(|h| h.starts).collect();
        assert_eq!(starts, want, "{rules:?}");
    }
}

#[test]
fn lists_that_are_broken() {
    // Encoded list, what comes of it in strict mode and without.
    let cases = [
        ("", Effect::Broken, Effect::Broken),
        ("01610162", Effect::Broken, Effect::Broken),
        ("0161016200", Effect::Fail, Effect::Continue),
        ("01610162000178", Effect::Fail, Effect::Continue),
        ("016105", Effect::Fail, Effect::Continue),
        ("01610162f0", Effect::Fail, Effect::Continue),
        ("016101620000ff", Effect::Continue, Effect::Continue),
    ];
    for action in ["add-headers-bin", "set-headers-bin"] {
        for (list, strict, lax) in &cases {
            let value = if list.is_empty() {
                "str(),concat(,txn.none)".to_owned()
            } else {
                format!("bin({list})")
            };
            let rule = format!("{action} {value}");
            let mut facts = Facts::request("/", &[]);
            assert_eq!(&facts.run(RuleSets::HTTP_REQ, &[&rule]), strict, "{rule}");
            assert_eq!(&facts.run(RuleSets::HTTP_REQ, &["strict-mode off", &rule]), lax, "{rule}");
        }
    }
    let mut facts = Facts::request("http://old/x", &[("host", "old"), ("a", "1")]);
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &["del-headers-bin bin(0161)"]), Effect::Broken);
    // Pseudo fields are passed over, and a host names the authority.
    let rule = "add-headers-bin bin(023a61016204686f7374036e65770000)";
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &[rule]), Effect::Continue);
    assert_eq!((facts.uri().as_str(), facts.fields().len()), ("http://new/x", 2));
}

#[test]
fn replacements_keep_to_the_room_there_is() {
    let long = "b".repeat(100);
    for (rule, edited) in [
        (format!("replace-header x .* {long}"), "x: b"),
        (format!("replace-value x .* {long}"), "x: b"),
    ] {
        for (room, lenient, effect) in [
            (200, false, Effect::Fail),
            (200, true, Effect::Continue),
            (1000, false, Effect::Continue),
        ] {
            let mut facts = Facts::request("/", &[("x", "1"), ("x", "2")]);
            facts.controls.room[0] = room;
            let mode = if lenient { "strict-mode off" } else { "strict-mode on" };
            assert_eq!(facts.run(RuleSets::HTTP_REQ, &[mode, &rule]), effect, "{rule} {room}");
            let fields = facts.fields();
            assert!(fields[0].starts_with(edited), "{fields:?}");
            assert_eq!(fields[1].starts_with(edited), room == 1000, "{fields:?}");
        }
    }
    for rule in [format!("replace-path .* /{long}"), format!("replace-uri .* /{long}")] {
        let mut facts = Facts::request("/", &[]);
        facts.controls.room[0] = 90;
        assert_eq!(facts.run(RuleSets::HTTP_REQ, &[&rule]), Effect::Fail, "{rule}");
        assert_eq!(facts.uri(), "/");
    }
}

#[test]
fn timeouts_of_the_stream() {
    let mut facts = Facts::request("/", &[]);
    facts.run(
        RuleSets::HTTP_REQ,
        &[
            "set-timeout client 1s",
            "set-timeout connect 2",
            "set-timeout queue 3",
            "set-timeout server int(4000)",
            "set-timeout tarpit 5s",
            "set-timeout tunnel 6m",
            "set-timeout tunnel var(txn.none)",
            "disable-l7-retry",
            "strict-mode off",
        ],
    );
    let (c, set) = (&facts.controls, &facts.stream.set);
    let got = [
        set.timeout_client,
        set.timeout_connect,
        set.timeout_queue,
        set.timeout_server,
        set.timeout_tarpit,
        set.timeout_tunnel,
    ];
    assert_eq!(got, [Some(1000), Some(2), Some(3), Some(4000), Some(5000), Some(360_000)]);
    assert!(c.no_l7_retry && c.lenient);
}

#[test]
fn odd_timeouts() {
    for (rule, want) in [
        ("set-timeout server int(-5)", 1),
        ("set-timeout server str(-7)", 1),
        ("set-timeout server int(3000000000)", 1),
        ("set-timeout server int(4294967896)", 600),
    ] {
        let mut facts = Facts::request("/", &[]);
        facts.run(RuleSets::HTTP_REQ, &[rule]);
        assert_eq!(facts.stream.set.timeout_server, Some(want), "{rule}");
    }
    let mut facts = Facts::request("/", &[]);
    let rules = ["connect", "queue", "tarpit"].map(|w| format!("set-timeout {w} int(0)"));
    facts.run(RuleSets::HTTP_REQ, &rules.each_ref().map(String::as_str));
    let set = &facts.stream.set;
    let got = [set.timeout_connect, set.timeout_queue, set.timeout_tarpit];
    assert_eq!(got, [Some(1); 3]);
}

#[test]
fn a_timeout_of_nothing() {
    let rules = [
        "set-timeout client int(0)",
        "set-timeout server int(0)",
        "set-timeout tunnel int(0)",
    ];
    let mut request = Facts::request("/", &[]);
    request.run(RuleSets::HTTP_REQ, &rules);
    let set = &request.stream.set;
    assert_eq!((set.timeout_client, set.timeout_server, set.timeout_tunnel), (Some(0), None, None));
    let mut response = Facts::response(&[]);
    response.run(RuleSets::HTTP_RES, &rules[1..]);
    let set = &response.stream.set;
    assert_eq!((set.timeout_server, set.timeout_tunnel), (Some(0), Some(0)));
}

#[test]
fn timeouts_belong_to_sides() {
    for (side, rule, ok) in [
        (Side::FRONTEND, "set-timeout client 1s", true),
        (Side::FRONTEND, "set-timeout server 1s", false),
        (Side::BACKEND, "set-timeout server 1s", true),
        (Side::BACKEND, "set-timeout client 1s", false),
        (Side::BACKEND, "set-timeout tarpit 1s", true),
        (Side::FRONTEND, "set-timeout tarpit 1s", true),
        (Side::FRONTEND, "set-retries 3", false),
        (Side::BACKEND, "set-retries 3", true),
        (Side::BACKEND, "capture src len 5", false),
    ] {
        let mut bench = Bench::new();
        bench.site.side = side;
        assert_eq!(bench.rule(RuleSets::HTTP_REQ, rule).is_ok(), ok, "{side:?} {rule}");
    }
}

#[test]
fn a_pause_is_slept_once() {
    let mut facts = Facts::request("/", &[]);
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &["pause 5s"]), Effect::Wait(Wait::Time(5000)));
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &["pause int(0)"]), Effect::Continue);
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &["pause int(-5)"]), Effect::Continue);
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &["pause var(txn.none)"]), Effect::Continue);
    for woken in [Woken::Done, Woken::TimedOut] {
        facts.woken = woken;
        // The second one is another pause.
        assert_eq!(
            facts.run(RuleSets::HTTP_REQ, &["pause 5s", "pause 6s"]),
            Effect::Wait(Wait::Time(6000))
        );
    }
}

#[test]
fn bodies_are_waited_for() {
    let wait = |at_least| {
        Effect::Wait(Wait::Body {
            time: 1000,
            at_least,
            large: false,
        })
    };
    for (rule, body, complete, woken, want) in [
        ("wait-for-body time 1s", "", true, Woken::No, Effect::Continue),
        ("wait-for-body time 1s", "abc", false, Woken::No, wait(0)),
        ("wait-for-body time 1s at-least 3", "abc", false, Woken::No, Effect::Continue),
        ("wait-for-body time 1s at-least 4", "abc", false, Woken::No, wait(4)),
        ("wait-for-body time 1s at-least 4", "abc", false, Woken::Done, Effect::Continue),
        ("wait-for-body time 1s at-least 4", "abcd", false, Woken::TimedOut, Effect::Continue),
    ] {
        let mut facts = Facts::request("/", &[]);
        (facts.body, facts.body_complete, facts.woken) = (body.as_bytes(), complete, woken);
        assert_eq!(facts.run(RuleSets::HTTP_REQ, &[rule]), want, "{rule} {body}");
    }
    for set in [RuleSets::HTTP_REQ, RuleSets::HTTP_RES] {
        let mut facts = Facts::response(&[]);
        (facts.body_complete, facts.woken) = (false, Woken::TimedOut);
        assert_eq!(facts.run(set, &["wait-for-body time 1s"]), Effect::Late);
    }
}

#[test]
fn lists_change() {
    let mut bench = Bench::new();
    bench.files.0.insert("/m", b"a 1\n");
    bench.files.0.insert("/l", b"x\n");
    let files = std::mem::take(&mut bench.files);
    let map = bench.refs.file("/m", true, &files).expect("map");
    let list = bench.refs.file("/l", false, &files).expect("list");
    let mut facts = Facts::request("/", &[]);
    let rules = [
        "set-map(/m) a 2",
        "set-map(/m) %[src] new",
        "add-acl(/l) x",
        "add-acl(/l) y",
        "set-map(/none) a b",
    ];
    assert_eq!(facts.run_on(&mut bench, RuleSets::HTTP_REQ, &rules), Effect::Continue);
    let show = |list: &hapax_sample::pattern::PatternList| {
        let mut out = Vec::new();
        list.for_each(None, |_, k, v| {
            out.push(format!(
                "{}={}",
                String::from_utf8_lossy(k),
                String::from_utf8_lossy(v.unwrap_or_default())
            ));
        });
        out
    };
    assert_eq!(show(&map), ["a=2", "192.0.2.1=new"]);
    assert_eq!(show(&list), ["x=", "y="]);
    facts.run_on(
        &mut bench,
        RuleSets::HTTP_RES,
        &["del-map(/m) a", "del-acl(/l) x", "del-acl(/l) none"],
    );
    assert_eq!((show(&map), show(&list)), (vec!["192.0.2.1=new".to_owned()], vec!["y=".to_owned()]));
}

#[test]
fn caches_are_asked_once() {
    let mut bench = Bench::new();
    let rule = bench.rule(RuleSets::HTTP_REQ, "cache-use c no-early-hints").expect("rule");
    bench.deferred[0].id.set(3).expect("unset");
    let mut facts = Facts::request("/", &[]);
    let rules = [rule];
    let want = Effect::Wait(Wait::Cache { cache: 3, hints: false });
    assert_eq!(run(&rules, 0, &mut facts.txn()).effect, want);
    facts.woken = Woken::Done;
    assert_eq!(run(&rules, 0, &mut facts.txn()).effect, Effect::Continue);
}

#[test]
fn encoded_fields() {
    // x-a: 1, y-b: 22, connection: no; then the end.
    let bytes = b"\x03x-a\x011\x03y-b\x0222\x0aconnection\x02no\x00\x00";
    let mut encoded = String::new();
    for b in bytes {
        let _ = write!(encoded, "{b:02x}");
    }
    for (rule, want) in [
        ("add-headers-bin var(txn.l)", vec!["x-a: 0", "x-a: 1", "y-b: 22"]),
        ("set-headers-bin var(txn.l)", vec!["x-a: 1", "y-b: 22"]),
        ("set-headers-bin var(txn.l) prefix y", vec!["x-a: 0", "y-b: 22"]),
    ] {
        let mut facts = Facts::request("/", &[("x-a", "0")]);
        let set = format!("set-var(txn.l) bin({encoded})");
        assert_eq!(facts.run(RuleSets::HTTP_REQ, &[&set, rule]), Effect::Continue, "{rule}");
        assert_eq!(facts.fields(), want, "{rule}");
    }
    for (rule, want) in [
        ("del-headers-bin var(txn.l)", vec!["x-ab: 2"]),
        ("del-headers-bin var(txn.l) -m beg", vec![]),
        ("del-headers-bin var(txn.l) -m end", vec!["x-ab: 2"]),
    ] {
        let mut facts = Facts::request("/", &[("x-a", "0"), ("x-ab", "2")]);
        facts.run(RuleSets::HTTP_REQ, &["set-var(txn.l) bin(03782d6100)", rule]);
        assert_eq!(facts.fields(), want, "{rule}");
    }
    let mut facts = Facts::request("/", &[]);
    let cut = ["set-var(txn.l) bin(0378)", "add-headers-bin var(txn.l)"];
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &cut), Effect::Fail);
    let lenient = ["strict-mode off", "set-var(txn.l) bin(0378)", "add-headers-bin var(txn.l)"];
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &lenient), Effect::Continue);
}
