//! Which idle connection to a server is used, how many are kept, and for how long.

use std::sync::Barrier;

use hapax_tests::{Builder, Client, Origin, Program, Proxy, Reply, wait};

use crate::TIMEOUTS;

/// How many requests for `/together` wait for each other.
const SEVERAL: usize = 4;

/// A server that answers with the number of the connection.
fn origin() -> Origin {
    let together = Barrier::new(SEVERAL);
    Origin::new(move |r| {
        if r.target == "/together" {
            together.wait();
        }
        Reply::ok(r.connection.to_string())
    })
}

fn proxy(origin: &Origin, reuse: &str, server: &str) -> Proxy {
    let head = "global\n  nbthread 1\n  stats socket @dir@/stats.sock mode 600 level admin\n";
    let config = format!("{head}{TIMEOUTS}listen l\n  bind @l@\n  http-reuse {reuse}\n  server s @s@ {server}\n");
    Builder::new(Program::Hapax, &config).set("s", &origin.addr()).start()
}

/// A column of `show servers conn`.
fn count(p: &Proxy, column: &str) -> usize {
    let all = p.cli("show servers conn");
    let mut names = all.lines().next().unwrap().trim_start_matches("# ").split(' ');
    let at = names.position(|n| n == column).unwrap();
    let row = all.lines().find(|l| l.starts_with("l/s ")).unwrap();
    row.split(' ').nth(at).unwrap().parse().unwrap()
}

/// Has several connections at once, which idle afterwards.
fn fill(p: &Proxy) {
    let mut clients: Vec<Client> = (0..SEVERAL).map(|_| p.connect("l")).collect();
    for c in &mut clients {
        c.send("GET /together HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for c in &mut clients {
        assert_eq!(c.answer().status, 200);
    }
    wait::until_true("they idle", || count(p, "idle_cur") == SEVERAL);
}

#[test]
fn idle_connections_take_turns() {
    let origin = origin();
    let p = proxy(&origin, "always", "pool-purge-delay 1h");
    fill(&p);
    let mut c = p.connect("l");
    let seen: Vec<String> = (0..3 * SEVERAL).map(|_| c.get("/").text()).collect();
    let mut first = seen[..SEVERAL].to_vec();
    assert_eq!(seen, [first.as_slice(); 3].concat(), "the one that came first is the next");
    first.sort_unstable();
    assert_eq!(first, ["0", "1", "2", "3"]);
    assert_eq!(origin.connections(), SEVERAL);
}

#[test]
fn first_requests_go_where_others_went_before() {
    let origin = origin();
    let p = proxy(&origin, "always", "pool-purge-delay 1h");
    fill(&p);
    let mut one = p.connect("l");
    let proven = one.get("/").text();
    assert_eq!(p.connect("l").get("/").text(), proven, "it has been reused");
    assert_ne!(one.get("/").text(), proven, "a later request tries another");
}

#[test]
fn no_more_are_kept_than_were_needed_at_once() {
    let origin = origin();
    let p = proxy(&origin, "safe", "pool-purge-delay 1h");
    fill(&p);
    for i in 1..4 {
        // A first request has a connection of its own.
        assert_eq!(p.connect("l").get("/").status, 200);
        assert_eq!(origin.connections(), SEVERAL + i);
        wait::until_true("it is closed", || count(&p, "used_cur") == 0);
        assert_eq!(count(&p, "idle_cur"), SEVERAL);
    }
    let mut c = p.connect("l");
    for _ in 0..2 {
        assert_eq!(c.get("/").status, 200);
    }
    wait::until_true("one that was reused to come back", || {
        (count(&p, "idle_cur"), count(&p, "safe_nb")) == (SEVERAL, 1)
    });
}

#[test]
fn the_low_mark_allows_for_some_more() {
    let origin = origin();
    let p = proxy(&origin, "safe", "pool-purge-delay 1h pool-low-conn 2");
    fill(&p);
    for idle in [5, 6, 6] {
        assert_eq!(p.connect("l").get("/").status, 200);
        wait::until_true("it idles, or is closed", || {
            count(&p, "used_cur") == 0 && count(&p, "idle_cur") == idle
        });
    }
}

#[test]
fn what_is_not_needed_goes_in_time() {
    for lines in ["pool-purge-delay 50ms", "pool-purge-delay 50ms pool-low-conn 8"] {
        let origin = origin();
        let p = proxy(&origin, "always", lines);
        fill(&p);
        wait::until_true("all are closed", || count(&p, "idle_cur") == 0);
        assert!(count(&p, "need_est") < SEVERAL, "{lines}");
        fill(&p);
        assert_eq!(origin.connections(), 2 * SEVERAL);
    }
}

#[test]
fn nothing_is_kept_without_a_time_to_keep_it() {
    for server in ["pool-purge-delay 0", "pool-max-conn 0"] {
        let origin = origin();
        let p = proxy(&origin, "always", server);
        let mut c = p.connect("l");
        let seen: Vec<String> = (0..3).map(|_| c.get("/").text()).collect();
        assert_eq!(seen, ["0", "1", "2"], "{server}");
    }
}

/// What a connection that dies meanwhile costs a request is made good then, so that even the first of a client may go over one.
#[test]
fn first_requests_share_where_all_failures_are_tried_again() {
    for (on, shared) in [
        ("all-retryable-errors", true),
        ("conn-failure empty-response response-timeout", true),
        ("conn-failure empty-response", false),
        ("503", false),
    ] {
        let origin = origin();
        let p = proxy(&origin, &format!("safe\n  retry-on {on}"), "pool-purge-delay 1h");
        fill(&p);
        assert_eq!(p.connect("l").get("/").status, 200);
        assert_eq!(origin.connections(), SEVERAL + usize::from(!shared), "{on}");
    }
}

#[test]
fn a_connection_serves_any_number_of_requests() {
    let origin = origin();
    let p = proxy(&origin, "always", "max-reuse 1");
    let mut c = p.connect("l");
    for _ in 0..4 {
        assert_eq!(c.get("/").text(), "0");
    }
}
