use std::sync::{Arc, Mutex};

use hapax_balance::{CheckStatus, Outcome};
use hapax_config::Plan;
use hapax_config::plan::{Check, CopyOnWrite, Proxy, ProxyCaps, Server};

use super::*;

const P: ProxyId = ProxyId(0);

fn server(name: &str, i: u32) -> Server {
    Server {
        name: name.into(),
        id: i + 1,
        weight: 1,
        check: Some(CopyOnWrite::from(Check {
            inter: 2000,
            rise: 2,
            fall: 3,
            ..Check::default()
        })),
        ..Server::default()
    }
}

/// A backend `b` with `s1`, `s2` and `t`, which tracks `s2`; and what it tells.
fn farm() -> (Shared, Arc<Mutex<Vec<String>>>) {
    let tracker = Server {
        check: None,
        track: Some((0, 1)),
        ..server("t", 2)
    };
    let proxy = Proxy {
        name: "b".into(),
        caps: ProxyCaps::BACKEND,
        servers: vec![server("s1", 0), server("s2", 1), tracker],
        ..Proxy::default()
    };
    let plan = Plan {
        proxies: vec![proxy],
        ..Plan::default()
    };
    let shared = Shared::new(Arc::new(plan), 1, 100, 1_000_000);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    shared.events.connect(Box::new(move |_, level, text| {
        sink.lock().expect("no panic").push(format!("{level} {text}"));
    }));
    (shared, lines)
}

fn told(lines: &Mutex<Vec<String>>) -> Vec<String> {
    let mut all = std::mem::take(&mut *lines.lock().expect("no panic"));
    for l in &mut all {
        l.truncate(l.find(". ").map_or(l.len(), |i| i + 1));
    }
    all
}

fn outcome(status: CheckStatus) -> Outcome {
    Outcome {
        status,
        ..Outcome::default()
    }
}

#[test]
fn checks_take_a_server_down_and_up_with_those_that_track_it() {
    let (shared, lines) = farm();
    let live = &shared.proxy(P).live;
    assert_eq!(live.usable(), (3, 0));
    shared.check_done(P, ServerId(1), &outcome(CheckStatus::L4Con), 2000);
    assert_eq!(
        told(&lines),
        [
            "1 Server b/s2 is DOWN, reason: Layer4 connection problem, check duration: 0ms.",
            "1 Server b/t is DOWN via b/s2."
        ]
    );
    assert_eq!(live.usable(), (1, 0));
    shared.check_done(P, ServerId(0), &outcome(CheckStatus::L4Timeout), 3000);
    assert_eq!(
        told(&lines),
        [
            "1 Server b/s1 is DOWN, reason: Layer4 timeout, check duration: 0ms.",
            "0 backend b has no server available!"
        ]
    );
    shared.check_done(P, ServerId(1), &outcome(CheckStatus::L4Ok), 4000);
    assert!(told(&lines).is_empty(), "one success is not enough");
    shared.check_done(P, ServerId(1), &outcome(CheckStatus::L4Ok), 5000);
    assert_eq!(
        told(&lines),
        [
            "5 Server b/s2 is UP, reason: Layer4 check passed, check duration: 0ms.",
            "5 Server b/t is UP via b/s2."
        ]
    );
    assert_eq!(shared.server(P, ServerId(1)).downtime_ms(9000), 3000);
    assert_eq!(shared.server(P, ServerId(0)).downtime_ms(9000), 6000);
    assert_eq!(shared.server(P, ServerId(0)).counters.down_transitions.get(), 1);
    assert_eq!(shared.proxy(P).be_down_ms.load(Relaxed), 2000);
}

#[test]
fn who_stays_drained_or_in_maintenance_says_for_whom() {
    let (shared, lines) = farm();
    let (s2, t) = (ServerId(1), ServerId(2));
    let want = |s, what, lines_of: &[&str]| {
        shared.want(P, s, what, 1000);
        assert_eq!(told(&lines), lines_of, "{s:?} {what:?}");
    };
    want(
        s2,
        Wanted::Maint,
        &[
            "1 Server b/s2 is going DOWN for maintenance.",
            "1 Server b/t is going DOWN for maintenance via b/s2.",
        ],
    );
    want(
        s2,
        Wanted::Drain,
        &[
            "5 Server b/s2 is UP/DRAIN (leaving forced maintenance).",
            "5 Server b/s2 remains in forced drain mode.",
            "5 Server b/t is UP/DRAIN (leaving maintenance).",
            "5 Server b/t remains in drain mode via b/s2.",
        ],
    );
    want(t, Wanted::Drain, &["5 Server b/t remains in forced drain mode."]);
    want(t, Wanted::Ready, &["5 Server b/t remains in drain mode via b/s2."]);
    shared.force_health(P, s2, Oper::Stopped, 1000);
    assert_eq!(
        told(&lines),
        ["5 Server b/s2 is DOWN, changed from CLI.", "5 Server b/t is DOWN via b/s2."],
        "nobody is missed"
    );
    want(
        s2,
        Wanted::Ready,
        &[
            "5 Server b/s2 is DOWN (leaving forced drain).",
            "5 Server b/t is DOWN (leaving drain) via b/s2.",
        ],
    );
    want(t, Wanted::Maint, &["5 Server b/t was DOWN and now enters maintenance."]);
    want(s2, Wanted::Maint, &["5 Server b/s2 was DOWN and now enters maintenance."]);
    want(
        t,
        Wanted::Ready,
        &["5 Server b/t is leaving forced maintenance but remains in maintenance via b/s2."],
    );
}

#[test]
fn maintenance_of_a_server_that_is_up_counts_as_going_down() {
    let (shared, _lines) = farm();
    let downs = || shared.server(P, ServerId(0)).counters.down_transitions.get();
    shared.want(P, ServerId(0), Wanted::Maint, 1000);
    assert_eq!(downs(), 1);
    shared.want(P, ServerId(0), Wanted::Ready, 2000);
    shared.check_done(P, ServerId(0), &outcome(CheckStatus::L4Timeout), 3000);
    assert_eq!(downs(), 2);
    shared.want(P, ServerId(0), Wanted::Maint, 4000);
    assert_eq!(downs(), 2, "it was down already");
}

#[test]
fn administrators_have_the_last_word() {
    let (shared, lines) = farm();
    let s2 = ServerId(1);
    let steps: &[(Wanted, &[&str], (u32, u32))] = &[
        (
            Wanted::Drain,
            &["5 Server b/s2 enters drain state.", "5 Server b/t enters drain state via b/s2."],
            (1, 0),
        ),
        (
            Wanted::Ready,
            &[
                "5 Server b/s2 is UP (leaving forced drain).",
                "5 Server b/t is UP (leaving drain) via b/s2.",
            ],
            (3, 0),
        ),
        (
            Wanted::Maint,
            &[
                "1 Server b/s2 is going DOWN for maintenance.",
                "1 Server b/t is going DOWN for maintenance via b/s2.",
            ],
            (1, 0),
        ),
        (Wanted::Maint, &[], (1, 0)),
        (
            Wanted::Ready,
            &[
                "5 Server b/s2 is UP/READY (leaving forced maintenance).",
                "5 Server b/t is UP/READY (leaving maintenance).",
            ],
            (3, 0),
        ),
    ];
    for (wanted, lines_wanted, usable) in steps {
        shared.want(P, s2, *wanted, 5000);
        assert_eq!(told(&lines), *lines_wanted, "{wanted:?}");
        assert_eq!(shared.proxy(P).live.usable(), *usable, "{wanted:?}");
    }
    shared.want(P, s2, Wanted::Maint, 6000);
    told(&lines);
    shared.check_done(P, s2, &outcome(CheckStatus::L4Con), 7000);
    assert!(told(&lines).is_empty(), "checks are not listened to in maintenance");
    shared.set_weight(P, ServerId(0), 0);
    assert_eq!(shared.proxy(P).live.usable(), (0, 0));
}

#[test]
fn health_by_hand() {
    let (shared, lines) = farm();
    let s = ServerId(0);
    for (to, word) in [
        (Oper::Stopped, "DOWN"),
        (Oper::Running, "UP"),
        (Oper::Stopping, "stopping"),
        (Oper::Running, "UP"),
    ] {
        shared.force_health(P, s, to, 5000);
        assert_eq!(told(&lines)[0][2..], format!("Server b/s1 is {word}, changed from CLI."));
    }
}
