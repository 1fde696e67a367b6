//! Name servers that misbehave.

use hapax_tests::dns::Mood;
use hapax_tests::{Builder, Dns, Program, Syslog, wait};

use super::{HEAD, builder, counter, state, wait_state};

const SERVER: &str = "backend b\n  server s web.test:80 resolvers r init-addr none resolve-prefer ipv4\n";

#[test]
fn every_fault_has_a_name() {
    let (dns, log) = (Dns::new(&["web.test A 127.0.0.1"]), Syslog::new());
    let p = builder(&dns, &format!("{SERVER}  log @log@ local0\n"))
        .set("log", &log.addr())
        .set("retry", "500ms")
        .start();
    for (mood, why, count) in [
        (Mood::Code(3), "DNS NX status", "nx"),
        (Mood::Code(5), "DNS refused status", "refused"),
        (Mood::Code(2), "unspecified DNS error", "other"),
        (Mood::Silent, "DNS timeout status", "timeout"),
        (Mood::Dust, "unspecified DNS error", "invalid"),
    ] {
        dns.mood(Mood::Well);
        wait_state(&p, "s", "srv_op_state", "2");
        dns.mood(mood);
        let line = log.next_with("going DOWN");
        assert!(line.contains(&format!("for maintenance ({why})")), "{mood:?}: {line}");
        assert!(counter(&p, count) > 0, "{mood:?}");
    }
}

#[test]
fn bad_news_waits_for_the_hold_time() {
    let dns = Dns::new(&["web.test A 127.0.0.1"]);
    let slow = "resolvers slow\n  nameserver ns @dns@\n  timeout resolve 20ms\n  hold nx 1h\n";
    let config = format!("{SERVER}{slow}backend c\n  server t web.test:80 resolvers slow init-addr none resolve-prefer ipv4\n");
    let p = builder(&dns, &config).start();
    wait_state(&p, "s", "srv_op_state", "2");
    wait_state(&p, "t", "srv_op_state", "2");
    dns.mood(Mood::Code(3));
    wait_state(&p, "s", "srv_op_state", "0");
    // The other section has heard as much by then, and holds.
    let before = dns.asked("web.test", false);
    wait::until_true("more questions", || dns.asked("web.test", false) > before + 12);
    assert_eq!(
        (state(&p, "t", "srv_op_state"), state(&p, "t", "srv_addr")),
        ("2".into(), "127.0.0.1".into())
    );
}

#[test]
fn what_is_cut_is_fetched_whole() {
    let records: Vec<String> = (1..=60).map(|n| format!("web.test A 127.0.1.{n}")).collect();
    let dns = Dns::new(&records.iter().map(String::as_str).collect::<Vec<_>>());
    dns.mood(Mood::Cut);
    let p = builder(
        &dns,
        "backend b\n  server-template s 60 web.test:80 resolvers r init-addr none resolve-prefer ipv4\n",
    )
    .start();
    wait_state(&p, "s60", "srv_op_state", "2");
    assert!(counter(&p, "truncated") > 0);
    assert!(dns.asked("web.test", true) > 0);
}

#[test]
fn one_good_name_server_is_enough() {
    let (silent, wrong, good) = (Dns::new(&[]), Dns::new(&[]), Dns::new(&["web.test A 127.0.0.1"]));
    silent.mood(Mood::Silent);
    let section = "resolvers r\n  nameserver one @silent@\n  nameserver two @wrong@\n  nameserver three tcp@@good@\n  timeout resolve 50ms\n  \
                   hold nx 0\n";
    let p = Builder::new(Program::Hapax, &format!("{HEAD}{section}{SERVER}"))
        .set("silent", &silent.addr())
        .set("wrong", &wrong.addr())
        .set("good", &good.addr())
        .start();
    wait_state(&p, "s", "srv_addr", "127.0.0.1");
    assert_eq!(good.asked("web.test", false), good.asked("web.test", true));
    let before = wrong.asked("web.test", false);
    wait::until_true("three more rounds", || wrong.asked("web.test", false) > before + 3);
    assert_eq!(state(&p, "s", "srv_op_state"), "2");
    let text = p.cli("show resolvers r");
    let names: Vec<&str> = text.lines().filter_map(|l| l.trim().strip_prefix("nameserver ")).collect();
    assert_eq!(names, ["one:", "two:", "three:"]);
}
