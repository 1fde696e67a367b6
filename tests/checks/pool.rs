//! Checks over connections of the server's pool.

use hapax_tests::{Builder, Origin, Program, Proxy, wait};

use super::{TIMEOUTS, wait_status};

/// A check is over with the head of the answer, and its connection with it, unless the body is looked at, too.
const KEPT: &str =
    "option httpchk\n  http-check send ver HTTP/1.1 hdr host a.example hdr connection keep-alive\n  http-check expect string hello";

/// A proxy of `origin` whose backend and server have these words.
fn proxy(origin: &Origin, threads: u32, backend: &str, server: &str) -> Proxy {
    Builder::new(
        Program::Hapax,
        &format!(
            "global\n  stats socket @dir@/stats.sock level admin\n  nbthread {threads}\n{TIMEOUTS}listen l\n  bind @l@\n  {KEPT}\n  {backend}\n  \
             server s @s@ check inter 50ms rise 1 check-reuse-pool {server}\n"
        ),
    )
    .set("s", &origin.addr())
    .start()
}

fn checks(origin: &Origin) -> usize {
    origin.requests().iter().filter(|r| r.method == "OPTIONS").count()
}

/// Waits for some checks more.
fn checked_on(origin: &Origin) {
    let before = checks(origin);
    wait::until_true("more checks", || checks(origin) >= before + 3);
}

#[test]
fn checks_stay_on_one_connection() {
    for threads in [1, 2] {
        let origin = Origin::saying("hello");
        let p = proxy(&origin, threads, "http-reuse always", "");
        wait_status(&p, "s", "UP");
        checked_on(&origin);
        assert_eq!(origin.connections(), 1, "{threads} threads");
    }
}

#[test]
fn traffic_takes_what_checks_leave() {
    let origin = Origin::saying("hello");
    // Checks are far apart: between two of them the connection idles.
    let p = proxy(&origin, 1, "http-reuse always", "inter 100s");
    wait_status(&p, "s", "UP");
    wait::until_true("the connection of the check to idle", || idle(&p) == 1);
    assert_eq!(p.connect("l").get("/").text(), "hello");
    assert_eq!(origin.connections(), 1);
}

fn idle(p: &Proxy) -> u32 {
    let csv = p.cli("show stat");
    let header: Vec<&str> = csv.lines().next().unwrap().trim_start_matches("# ").split(',').collect();
    let line = csv.lines().find(|l| l.starts_with("l,s,")).unwrap();
    let value = |name: &str| -> u32 {
        let at = header.iter().position(|c| *c == name).unwrap();
        line.split(',').nth(at).unwrap().parse().unwrap()
    };
    value("idle_conn_cur") + value("safe_conn_cur")
}

#[test]
fn names_tell_the_connections_of_checks_apart() {
    // Traffic goes by the name `x`; so do checks that are told to, and no others.
    for (name, connections) in [("check-pool-conn-name x", 1), ("check-pool-conn-name y", 2), ("", 2)] {
        let origin = Origin::saying("hello");
        let p = proxy(&origin, 1, "http-reuse always", &format!("inter 100s pool-conn-name str(x) {name}"));
        wait_status(&p, "s", "UP");
        wait::until_true("the connection of the check to idle", || idle(&p) == 1);
        assert_eq!(p.connect("l").get("/").text(), "hello");
        assert_eq!(origin.connections(), connections, "{name}");
    }
}

#[test]
fn other_checks_have_a_connection_of_their_own() {
    let cases = [
        ("http-reuse safe", ""),
        ("http-reuse never", ""),
        // Where an option says how checks connect, they do not do as the traffic does.
        ("http-reuse always", "addr 127.0.0.1 port PORT"),
        ("http-reuse always", "check-proto h1"),
        ("http-reuse always", "no-check-reuse-pool"),
    ];
    for (backend, server) in cases {
        let origin = Origin::saying("hello");
        let p = proxy(&origin, 1, backend, &server.replace("PORT", &origin.port().to_string()));
        wait_status(&p, "s", "UP");
        checked_on(&origin);
        assert!(origin.connections() >= checks(&origin), "{backend} {server}");
    }
}

#[test]
fn a_request_that_ends_its_connection_ends_the_idle_one() {
    let origin = Origin::saying("hello");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  stats socket @dir@/stats.sock level admin\n  nbthread 1\n{TIMEOUTS}listen l\n  bind @l@\n  option httpchk\n  http-reuse always\n  \
             server s @s@ check inter 50ms rise 1 check-reuse-pool\n"
        ),
    )
    .set("s", &origin.addr())
    .start();
    wait_status(&p, "s", "UP");
    assert_eq!(p.connect("l").get("/").text(), "hello");
    checked_on(&origin);
    assert_eq!(idle(&p), 0);
}
