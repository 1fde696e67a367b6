//! What a process in the foreground shows of its servers and proxies.

use hapax_tests::{Builder, Origin, Program, Proxy, wait};
use rustix::process::Signal;

/// A server that is there and one that is not, a backend with neither, and a frontend; nothing to warn of at the start.
const FARM: &str = "global
  stats socket @dir@/stats.sock level admin
  maxconn 100
defaults
  mode http
  timeout connect 10s
  timeout client 2m
  timeout server 2m
frontend f
  bind @f@
  default_backend b
listen l
  bind @l@
backend b
  server up @up@
  server gone 127.0.0.1:1 check inter 100ms
backend c
  server gone 127.0.0.1:1 check inter 100ms
  server spare @up@ backup
";

fn started(args: &[&str], more: &str) -> (Proxy, Origin) {
    let origin = Origin::saying("ok");
    let template = FARM.replacen("global\n", &format!("global\n{more}"), 1);
    let b = Builder::new(Program::Hapax, &template).set("up", &origin.addr()).args(args);
    (b.start(), origin)
}

/// The messages so far, without process ids; those of the start are left out.
fn shown(p: &Proxy) -> Vec<String> {
    let pid = format!("({})", p.pid());
    let text = p.stderr();
    let lines = text
        .lines()
        .filter(|l| !l.contains("was started as") && !l.contains(" : haproxy version") && !l.contains("path to exec"));
    lines
        .map(|l| l.replace(&pid, "").split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn wait_for(p: &Proxy, line: &str) {
    wait::until_true(line, || shown(p).iter().any(|l| l == line));
}

/// As `wait_for`, by how the line begins and ends.
fn wait_for_both(p: &Proxy, begin: &str, end: &str) {
    wait::until_true(begin, || shown(p).iter().any(|l| l.starts_with(begin) && l.ends_with(end)));
}

#[test]
fn changes_of_servers_are_shown() {
    let (p, _origin) = started(&["-db"], "");
    let left = |n: u32, backup: u32, more: &str| {
        format!("ms. {n} active and {backup} backup servers left.{more} 0 sessions active, 0 requeued, 0 remaining in queue.")
    };
    wait_for_both(
        &p,
        "[WARNING] : Server b/gone is DOWN, reason: Layer4 connection problem, info: ",
        &left(1, 0, ""),
    );
    wait_for_both(
        &p,
        "[WARNING] : Server c/gone is DOWN, reason: ",
        &left(0, 1, " Running on backup."),
    );
    p.cli("set server b/up state maint");
    wait_for(
        &p,
        "[WARNING] : Server b/up is going DOWN for maintenance. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
    );
    wait_for(&p, "[ALERT] : backend 'b' has no server available!");
    p.cli("set server b/up state drain");
    wait_for(&p, "[WARNING] : Server b/up is UP/DRAIN (leaving forced maintenance).");
    wait_for(&p, "[WARNING] : Server b/up remains in forced drain mode.");
    p.cli("disable frontend l");
    wait_for(&p, "[WARNING] : Paused proxy l.");
    p.cli("disable frontend f");
    wait_for(&p, "[WARNING] : Paused frontend f.");
}

#[test]
fn a_quiet_process_shows_nothing() {
    let (p, _origin) = started(&["-db", "-q"], "");
    wait::until_true("the check", || {
        p.cli("show servers state b").lines().any(|l| l.contains(" gone 127.0.0.1 0 "))
    });
    assert_eq!(p.stderr(), "");
}

#[test]
fn hup_shows_the_state_of_everything() {
    let (p, _origin) = started(&["-db"], "");
    wait_for_both(&p, "[WARNING] : Server b/gone is DOWN", "queue.");
    wait_for_both(&p, "[WARNING] : Server c/gone is DOWN", "queue.");
    assert_eq!(p.connect("f").get("/").text(), "ok");
    wait::until_true("the connection to end", || p.cli("show info").lines().any(|l| l == "CurrConns: 0"));
    let before = shown(&p).len();
    p.signal(Signal::HUP);
    let last = "[WARNING] : SIGHUP: Proxy c is running on backup servers ! Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0.";
    wait_for(&p, last);
    let want = [
        "[WARNING] : SIGHUP received, dumping servers states.",
        "[WARNING] : SIGHUP: Proxy f has no servers. Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 1+0.",
        "[WARNING] : SIGHUP: Proxy l has no servers. Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0.",
        "[WARNING] : SIGHUP: Server b/up is UP. Conn: 0 act, 0 pend, 1 tot.",
        "[WARNING] : SIGHUP: Server b/gone is DOWN. Conn: 0 act, 0 pend, 0 tot.",
        "[WARNING] : SIGHUP: Proxy b has 1 active servers and 0 backup servers available. Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+1.",
        "[WARNING] : SIGHUP: Server c/gone is DOWN. Conn: 0 act, 0 pend, 0 tot.",
        "[WARNING] : SIGHUP: Server c/spare is UP. Conn: 0 act, 0 pend, 0 tot.",
        last,
    ];
    assert_eq!(shown(&p)[before..], want);
}

#[test]
fn pauses_and_the_end_are_shown() {
    let (mut p, _origin) = started(&["-db"], "  grace 10ms\n");
    p.signal(Signal::TTOU);
    wait_for(&p, "[WARNING] : Paused proxy l.");
    p.signal(Signal::TTIN);
    wait_for(&p, "[WARNING] : Resumed proxy l.");
    p.cli("shutdown frontend l");
    wait_for(&p, "[WARNING] : Proxy l stopped (cumulated conns: FE: 0, BE: 0).");
    let changes = |p: &Proxy| -> Vec<String> { shown(p).into_iter().filter(|l| !l.contains(": Server ")).collect() };
    let before = changes(&p).len();
    p.signal(Signal::USR1);
    assert_eq!(p.exit_status().code(), Some(0));
    let want = [
        "[NOTICE] : Scheduling a soft-stop in 10 ms.",
        "[NOTICE] : Grace period expired, proceeding with soft-stop now.",
        "[WARNING] : Proxy f stopped (cumulated conns: FE: 0, BE: 0).",
        "[WARNING] : Proxy b stopped (cumulated conns: FE: 0, BE: 0).",
        "[WARNING] : Proxy c stopped (cumulated conns: FE: 0, BE: 0).",
    ];
    assert_eq!(changes(&p)[before..], want);
}

#[test]
fn what_is_cut_is_shown() {
    let (mut p, _origin) = started(&["-db"], "  hard-stop-after 50ms\n");
    let mut open = p.connect("f");
    open.send("GET / HTTP/1.1\r\n");
    wait::until_true("the connection", || p.cli("show info").lines().any(|l| l == "CurrConns: 1"));
    p.signal(Signal::USR1);
    assert_eq!(p.exit_status().code(), Some(0));
    wait_for(&p, "[WARNING] : soft-stop running for too long, performing a hard-stop.");
    wait_for(&p, "[WARNING] : Proxy f hard-stopped (1 remaining conns will be closed).");
}
