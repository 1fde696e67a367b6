//! The actions that TCP and HTTP rule sets share.

use hapax_sample::{LOG_SILENT, TableChange, Track, TrackStart};
use hapax_value::Endpoint;

use crate::kit::{Bench, Facts};
use crate::{Bandwidth, Effect, Rule, RuleSets, Wait, Woken, run};

#[test]
fn ends_of_rule_sets() {
    for (set, rule, want) in [
        (RuleSets::TCP_CONN, "accept", Effect::Accept),
        (RuleSets::HTTP_REQ, "allow", Effect::Accept),
        (RuleSets::TCP_REQ, "reject", Effect::Reject),
        (RuleSets::HTTP_REQ, "reject", Effect::Reject),
        (RuleSets::TCP_RES, "close", Effect::Close),
        (RuleSets::HTTP_RES, "silent-drop", Effect::SilentDrop(None)),
        (RuleSets::TCP_SESS, "silent-drop rst-ttl 4", Effect::SilentDrop(Some(4))),
        (RuleSets::TCP_CONN, "expect-proxy layer4", Effect::ExpectProxy),
        (RuleSets::TCP_CONN, "expect-netscaler-cip layer4", Effect::ExpectNetscalerCip),
        (
            RuleSets::TCP_REQ,
            "switch-mode http proto h2",
            Effect::SwitchToHttp(Some("h2".into())),
        ),
        (RuleSets::QUIC_INIT, "send-retry", Effect::SendRetry),
        (RuleSets::QUIC_INIT, "dgram-drop", Effect::SilentDrop(None)),
        (RuleSets::HTTP_REQ, "use-service prometheus-exporter", Effect::Service(0)),
        (
            RuleSets::HTTP_REQ,
            "do-log",
            Effect::Wait(Wait::Log {
                profile: None,
                origin: "http-req",
            }),
        ),
    ] {
        assert_eq!(Facts::request("/", &[]).run(set, &[rule]), want, "{rule}");
    }
}

#[test]
fn variables() {
    let mut facts = Facts::request("/", &[]);
    let rules = [
        "set-var(txn.a) str(one)",
        "set-var(txn.b) int(5)",
        "set-var(txn.b,ifgt) int(7)",
        "set-var(sess.c,ifexists) str(x)",
        "set-var(sess.c,ifnotexists) str(y)",
        "set-var(sess.c,ifnotexists) str(z)",
        "set-var-fmt(req.d) %[src]-%[var(txn.a)]",
        "set-var(proc.e) int(1)",
        "set-var(txn.f) str(gone)",
        "unset-var(txn.f)",
        "set-var(txn.b,ifgt) int(3)",
        "set-var(txn.a,ifempty) str(two)",
        "set-var(txn.g) var(txn.none)",
        "set-header r \"%[var(txn.a)] %[var(txn.b)] %[var(sess.c)] %[var(req.d)] %[var(proc.e)] [%[var(txn.f)]%[var(txn.g)]]\"",
    ];
    assert_eq!(facts.run(RuleSets::HTTP_REQ, &rules), Effect::Continue);
    assert_eq!(facts.fields(), ["r: one 3 y 192.0.2.1-one 1 []"]);
}

fn shown(e: Option<&Endpoint>) -> String {
    match e {
        Some(Endpoint::Ip(a)) => a.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn addresses() {
    for (rule, src, dst) in [
        ("set-src str(198.51.100.7)", "198.51.100.7:4000", "192.0.2.2:80"),
        ("set-src str(2001:db8::1)", "[2001:db8::1]:4000", "192.0.2.2:80"),
        ("set-src src,ipmask(24)", "192.0.2.0:4000", "192.0.2.2:80"),
        ("set-src str(nonsense)", "192.0.2.1:4000", "192.0.2.2:80"),
        ("set-src-port int(7)", "192.0.2.1:7", "192.0.2.2:80"),
        ("set-dst str(203.0.113.1)", "192.0.2.1:4000", "203.0.113.1:80"),
        ("set-dst-port int(8080)", "192.0.2.1:4000", "192.0.2.2:8080"),
    ] {
        let mut facts = Facts::request("/", &[]);
        facts.run(RuleSets::HTTP_REQ, &[rule]);
        let env = facts.txn();
        let env = env.env();
        assert_eq!((shown(env.src()), shown(env.dst())), (src.to_owned(), dst.to_owned()), "{rule}");
        assert_eq!(shown(facts.sess.real_src.as_ref()), "192.0.2.1:4000");
        // The next request on the connection is not concerned.
        assert_eq!(shown(facts.sess.src.as_ref()), "192.0.2.1:4000");
        let mut facts = Facts::request("/", &[]);
        facts.run(RuleSets::TCP_CONN, &[rule]);
        assert_eq!(
            (shown(facts.sess.src.as_ref()), shown(facts.sess.dst.as_ref())),
            (src.to_owned(), dst.to_owned()),
            "{rule}"
        );
        assert_eq!(shown(facts.sess.real_src.as_ref()), src, "{rule}: it is the connection's");
    }
    let mut facts = Facts::request("/", &[]);
    facts.sess.src = Some(Endpoint::Unix("/s".into()));
    facts.run(RuleSets::TCP_SESS, &["set-src-port int(7)"]);
    assert_eq!(shown(facts.sess.src.as_ref()), "0.0.0.0:7");
}

#[test]
fn settings_of_the_stream() {
    let mut facts = Facts::request("/", &[]);
    let rules = [
        "set-log-level err",
        "set-nice -2000",
        "set-priority-class int(9999)",
        "set-priority-offset int(-5)",
        "set-retries 7",
        "set-retries int(500)",
        "set-fc-mark 0x10",
        "set-bc-mark int(3)",
        "set-tos 010",
        "set-bc-tos 4",
    ];
    facts.run(RuleSets::HTTP_REQ, &rules);
    let (s, c) = (&facts.stream, &facts.controls);
    assert_eq!((s.log_level, s.priority_class, s.priority_offset), (Some(3), 2047, -5));
    assert_eq!((c.nice, facts.stream.set.retries), (Some(-1024), Some(7)));
    assert_eq!((c.fc_mark, c.bc_mark, c.fc_tos, c.bc_tos), (Some(16), Some(3), Some(8), Some(4)));
    facts.run(RuleSets::HTTP_AFTER, &["set-log-level silent"]);
    assert_eq!(facts.stream.log_level, Some(LOG_SILENT));
}

#[test]
fn captures_are_cut_to_their_slot() {
    let mut bench = Bench::new();
    bench.site.req_captures.push(("host".as_bytes().into(), 4));
    let mut facts = Facts::request("/", &[]);
    facts.run_on(
        &mut bench,
        RuleSets::HTTP_REQ,
        &[
            "capture src len 5",
            "capture str() len 3",
            "capture str(abcdef) id 0",
            "capture var(txn.none) len 3",
            "capture src id 9",
        ],
    );
    assert_eq!(bench.site.req_captures.iter().map(|s| s.1).collect::<Vec<_>>(), [4, 5, 3, 3]);
    let got: Vec<Option<&[u8]>> = facts.stream.req_captures.iter().map(Option::as_deref).collect();
    assert_eq!(got, [Some(&b"abcd"[..]), Some(b"192.0"), Some(b"")]);
    let mut facts = Facts::response(&[]);
    facts.run(RuleSets::HTTP_RES, &["capture str(abc) id 1", "capture str(abc) id 2"]);
    assert_eq!(facts.stream.res_captures, [None, Some(Box::from(&b"abc"[..]))]);
}

/// Rules whose names are resolved to the numbers given.
fn resolved(set: RuleSets, lines: &[&str]) -> Vec<Rule> {
    let mut bench = Bench::new();
    let rules = lines.iter().map(|l| bench.rule(set, l).expect(l)).collect();
    for (i, name) in bench.deferred.iter().enumerate() {
        name.id.set(i as u64 + 1).expect("unset");
    }
    rules
}

#[test]
fn sticky_counters() {
    let rules = resolved(
        RuleSets::HTTP_REQ,
        &[
            "sc-inc-gpc0(1)",
            "track-sc1 src table t",
            "track-sc1 dst",
            "sc-inc-gpc0(1)",
            "sc-inc-gpc1(1)",
            "sc-inc-gpc(2,1)",
            "sc-add-gpc(3,1) int(9)",
            "sc-set-gpt(4,1) 8",
            "sc-set-gpt0(1) 7",
            "sc-set-gpt0(2) 7",
        ],
    );
    let mut facts = Facts::request("/", &[]);
    assert_eq!(run(&rules, 0, &mut facts.txn()).effect, Effect::Continue);
    assert_eq!(facts.stream.tracks, [(1, Track { table: 1, entry: 1 })]);
    let want = [
        TableChange::IncGpc01(0),
        TableChange::IncGpc01(1),
        TableChange::AddGpc(2, 1),
        TableChange::AddGpc(3, 9),
        TableChange::SetGpt(4, 8),
        TableChange::SetGpt0(7),
    ];
    assert_eq!(*facts.world.changes.read().expect("changes"), want);
    let rules = resolved(RuleSets::TCP_CONN, &["track-sc0 src"]);
    run(&rules, 0, &mut facts.txn());
    assert_eq!(facts.sess.tracks.len(), 1);
    // A stream's entry has missed the request, a connection's has missed nothing.
    let tracked = |request| ("192.0.2.1".to_owned(), TrackStart { request, status: 0 });
    assert_eq!(*facts.world.tracked.read().expect("tracked"), [tracked(true), tracked(false)]);
}

#[test]
fn filters_and_lookups() {
    let rules = resolved(
        RuleSets::HTTP_REQ,
        &[
            "set-bandwidth-limit a limit 1k",
            "set-bandwidth-limit b",
            "set-bandwidth-limit a period 5s",
        ],
    );
    let mut facts = Facts::request("/", &[]);
    run(&rules, 0, &mut facts.txn());
    let limit = |filter, limit, period| Bandwidth { filter, limit, period };
    // Each name is a number of its own here: the third rule is of another filter than the first.
    assert_eq!(
        facts.controls.bandwidth,
        [limit(1, Some(1024), None), limit(2, None, None), limit(3, None, Some(5000))]
    );
    let rules = resolved(RuleSets::HTTP_REQ, &["do-resolve(txn.ip,dns,ipv4) str(example.org)"]);
    match run(&rules, 0, &mut facts.txn()).effect {
        Effect::Wait(Wait::Lookup(l)) => assert_eq!((l.resolvers, &*l.host, l.ipv4_first), (1, &b"example.org"[..], true)),
        other => panic!("{other:?}"),
    }
    facts.woken = Woken::Done;
    assert_eq!(run(&rules, 0, &mut facts.txn()).effect, Effect::Continue);
}
