//! Connections that outlive a request, on either side.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod calls;
mod idle;
mod shared;

use std::time::{Duration, Instant};

use hapax_tests::{Builder, Origin, Program, Proxy, Reply};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

fn listen(origin: &Origin, lines: &str) -> Proxy {
    Builder::new(Program::Hapax, &format!("{TIMEOUTS}listen l\n  bind @l@\n{lines}  server s @s@\n"))
        .set("s", &origin.addr())
        .start()
}

#[test]
fn one_client_connection_serves_many_requests_over_one_server_connection() {
    let origin = Origin::new(|r| Reply::ok(r.target.clone()));
    let p = listen(&origin, "");
    let mut c = p.connect("l");
    for i in 0..50 {
        assert_eq!(c.get(&format!("/{i}")).text(), format!("/{i}"));
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn server_close_keeps_the_client_and_not_the_server() {
    let origin = Origin::saying("ok");
    let p = listen(&origin, "  option http-server-close\n");
    let mut c = p.connect("l");
    for _ in 0..5 {
        assert_eq!(c.get("/").text(), "ok");
    }
    assert_eq!(origin.connections(), 5);
}

#[test]
fn an_answer_in_the_place_of_a_whole_response_keeps_the_server() {
    for (reply, connections) in [
        (Reply::ok("ok"), 1),
        (Reply::chunked(&[b"ok"]), 1),
        // The rest of this one is still to come when a buffer of it is there.
        (Reply::ok("x".repeat(200_000)), 3),
    ] {
        let origin = Origin::new(move |_| reply.clone());
        let rules = "  http-response wait-for-body time 1m\n  http-response return status 200 content-type text/plain string own\n";
        let p = listen(&origin, rules);
        let mut c = p.connect("l");
        for _ in 0..3 {
            assert_eq!(c.get("/").text(), "own");
        }
        assert_eq!(origin.connections(), connections);
    }
}

#[test]
fn httpclose_ends_both() {
    let origin = Origin::saying("ok");
    let p = listen(&origin, "  option httpclose\n");
    let mut c = p.connect("l");
    let r = c.get("/");
    assert_eq!(r.header("connection").map(str::to_ascii_lowercase).as_deref(), Some("close"));
    assert!(c.is_closed());
}

#[test]
fn a_client_that_asks_to_close_is_obeyed() {
    let origin = Origin::saying("ok");
    let p = listen(&origin, "");
    let mut c = p.connect("l");
    let r = c.get_with("/", "Connection: close\r\n");
    assert_eq!(r.header("connection").map(str::to_ascii_lowercase).as_deref(), Some("close"));
    assert!(c.is_closed());
}

/// Which side each option closes where the proxies are two: the frontend's own decides for the client, `http-server-close` of either
/// and `httpclose` of the backend for the server.
#[test]
fn each_side_of_a_connection_has_its_mode() {
    const OPTIONS: [&str; 3] = ["", "option http-server-close", "option httpclose"];
    let origin = Origin::saying("ok");
    let modes = || {
        OPTIONS
            .iter()
            .enumerate()
            .flat_map(|(f, fe)| OPTIONS.iter().enumerate().map(move |(b, be)| (f, b, fe, be)))
    };
    let sections = modes().map(|(f, b, fe, be)| {
        format!("frontend f{f}{b}\n  bind @f{f}{b}@\n  {fe}\n  default_backend b{f}{b}\nbackend b{f}{b}\n  {be}\n  server s @s@\n")
    });
    let text = format!("{TIMEOUTS}{}", sections.collect::<String>());
    let p = Builder::new(Program::Hapax, &text).set("s", &origin.addr()).start();
    for (f, b, ..) in modes() {
        let (client_closes, server_closes) = (f == 2, f == 1 || b > 0);
        let mut c = p.connect(&format!("f{f}{b}"));
        let r = c.get("/");
        assert_eq!(r.header("connection"), client_closes.then_some("close"), "f{f} b{b}");
        let seen = origin.requests().pop().unwrap();
        assert_eq!(seen.header("connection"), server_closes.then_some("close"), "f{f} b{b}");
        // An old request ends unless it says otherwise.
        let mut c = p.connect(&format!("f{f}{b}"));
        c.send("GET / HTTP/1.0\r\n\r\n");
        assert_eq!(c.answer().text(), "ok");
        let seen = origin.requests().pop().unwrap();
        assert_eq!(seen.header("connection"), (!server_closes).then_some("keep-alive"), "f{f} b{b}");
        // What asks for another protocol says nothing of its end.
        let mut c = p.connect(&format!("f{f}{b}"));
        c.get_with("/", "Upgrade: foo\r\nConnection: Upgrade\r\n");
        let seen = origin.requests().pop().unwrap();
        assert_eq!(seen.all("connection"), ["Upgrade"], "f{f} b{b}");
    }
}

#[test]
fn an_old_client_keeps_its_connection_only_when_it_asks() {
    let origin = Origin::saying("ok");
    let p = listen(&origin, "");
    let mut c = p.connect("l");
    c.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(c.answer().text(), "ok");
    c.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(c.answer().text(), "ok");
    assert!(c.is_closed());
}

#[test]
fn a_server_that_closes_costs_the_client_nothing() {
    let origin = Origin::new(|_| Reply::ok("bye").closing());
    let p = listen(&origin, "");
    let mut c = p.connect("l");
    for _ in 0..5 {
        let r = c.get("/");
        assert_eq!((r.status, r.text().as_str()), (200, "bye"));
        assert_ne!(r.header("connection").map(str::to_ascii_lowercase).as_deref(), Some("close"));
    }
    assert_eq!(origin.connections(), 5);
}

#[test]
fn an_idle_connection_the_server_cut_is_not_used() {
    let mut origin = Origin::saying("ok");
    let p = listen(&origin, "");
    let mut c = p.connect("l");
    assert_eq!(c.get("/").text(), "ok");
    origin.die();
    origin.come_back();
    assert_eq!(c.get("/").text(), "ok", "on a new connection, with no error for the client");
}

#[test]
fn reuse_never_opens_one_connection_per_client() {
    let origin = Origin::saying("ok");
    let p = listen(&origin, "  http-reuse never\n");
    for _ in 0..3 {
        assert_eq!(p.connect("l").get("/").text(), "ok");
    }
    assert_eq!(origin.connections(), 3);
}

#[test]
fn reuse_always_shares_connections_between_clients() {
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!("global\n  nbthread 1\n{TIMEOUTS}listen l\n  bind @l@\n  http-reuse always\n  server s @s@\n"),
    )
    .set("s", &origin.addr())
    .start();
    for _ in 0..5 {
        assert_eq!(p.connect("l").get("/").text(), "ok");
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn an_idle_client_connection_ends_quietly() {
    let origin = Origin::saying("ok");
    let p = listen(&origin, "  timeout http-keep-alive 300ms\n");
    let mut c = p.connect("l");
    let start = Instant::now();
    assert_eq!(c.get("/").text(), "ok");
    assert!(c.is_closed(), "no 408 between requests");
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
}

/// The last bytes of a response wait for the end of the connection, unless that is a reset, which would throw them away.
#[test]
fn a_response_that_ends_its_connection_arrives_before_the_end() {
    let origin = Origin::saying("ok");
    for lines in [
        "",
        "  option nolinger\n",
        "  option nolinger\n  http-request return status 200 content-type a/b string ok\n",
    ] {
        let p = listen(&origin, lines);
        for _ in 0..20 {
            let mut c = p.connect("l");
            c.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
            assert_eq!(c.answer().text(), "ok", "{lines}");
        }
    }
}

#[test]
fn the_last_server_is_preferred_where_a_connection_to_it_is_held() {
    for (reuse, answers) in [("never", "aaa"), ("safe", "aba"), ("always", "aba")] {
        let (a, b) = (Origin::saying("a"), Origin::saying("b"));
        let config = format!(
            "{TIMEOUTS}listen l\n  bind @l@\n  balance roundrobin\n  option prefer-last-server\n  http-reuse {reuse}\n  server a @a@\n  \
             server b @b@\n"
        );
        let p = Builder::new(Program::Hapax, &config)
            .set("a", &a.addr())
            .set("b", &b.addr())
            .start();
        let mut c = p.connect("l");
        let got: String = (0..3).map(|_| c.get("/").text()).collect();
        assert_eq!(got, answers, "{reuse}");
    }
}
