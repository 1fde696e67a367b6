//! HTTP/1: what a message is after it went through, and what is answered when it cannot.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod bodies;
mod errors;
mod facts;
mod replies;
mod rules;
mod switching;

use std::time::Duration;

use hapax_tests::{Builder, Origin, Program, Proxy, Reply};

pub(crate) const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

/// A frontend `f` before one server.
pub(crate) fn before(origin: &Origin, front: &str, back: &str) -> Proxy {
    Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}frontend f\n  bind @f@\n{front}  default_backend b\nbackend b\n{back}  server s @s@\n"),
    )
    .set("s", &origin.addr())
    .start()
}

#[test]
fn a_request_and_its_answer_pass() {
    let origin = Origin::new(|r| Reply::ok(format!("{} {}", r.method, r.target)).header("X-Own", "yes"));
    let p = before(&origin, "", "");
    let r = p.connect("f").get_with("/path?q=1", "X-Some: thing\r\nX-Some: other\r\n");
    assert_eq!(
        (r.status, r.text().as_str(), r.header("x-own")),
        (200, "GET /path?q=1", Some("yes"))
    );
    let seen = &origin.requests()[0];
    assert_eq!(
        (seen.version.as_str(), seen.header("host"), seen.all("x-some")),
        ("HTTP/1.1", Some("test"), vec!["thing", "other"])
    );
}

#[test]
fn a_request_may_arrive_in_any_two_pieces() {
    let origin = Origin::new(|r| Reply::ok(r.text()));
    let p = before(&origin, "", "");
    let request = b"POST /x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n";
    let mut c = p.connect("f");
    for at in 1..request.len() {
        c.send_split(request, at);
        assert_eq!(c.answer_to("POST").text(), "abcde", "cut at {at}");
    }
    assert!(origin.requests().iter().all(|r| r.text() == "abcde" && r.target == "/x"));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::new(|r| {
        // The first is the slowest: order must not depend on speed.
        let slow = if r.target == "/1" { 50 } else { 0 };
        Reply::ok(r.target.clone()).after(Duration::from_millis(slow))
    });
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    let all: Vec<String> = (1..=5).map(|i| format!("GET /{i} HTTP/1.1\r\nHost: test\r\n\r\n")).collect();
    c.send(all.concat());
    for i in 1..=5 {
        assert_eq!(c.answer().text(), format!("/{i}"));
    }
}

#[test]
fn interim_responses_are_passed_on() {
    let origin = Origin::new(|_| Reply::ok("done").after_interim("103 Early Hints"));
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    c.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(c.answer().status, 103);
    assert_eq!(c.answer().text(), "done");
}

#[test]
fn an_upgraded_connection_is_a_tunnel() {
    let origin = Origin::new(|r| {
        if r.header("upgrade").is_some() {
            Reply::websocket()
        } else {
            Reply::ok("no")
        }
    });
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    c.send("GET /ws HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    let r = c.answer();
    assert_eq!((r.status, r.header("upgrade")), (101, Some("websocket")));
    for piece in [&b"\x81\x05hello"[..], b"\x00\xff\x00", b"GET / HTTP/1.1\r\n\r\n"] {
        c.send(piece);
        assert_eq!(c.bytes(piece.len()), piece);
    }
    c.finish();
    assert_eq!(c.rest().unwrap(), b"");
}

#[test]
fn an_upgrade_that_is_refused_leaves_http() {
    let origin = Origin::saying("plain");
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    let r = c.get_with(
        "/",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    assert_eq!((r.status, r.text().as_str()), (200, "plain"));
    assert_eq!(c.get("/again").text(), "plain");
}

#[test]
fn the_client_is_named_in_a_header() {
    let origin = Origin::saying("ok");
    let p = before(&origin, "  option forwardfor\n", "");
    p.connect("f").get("/");
    p.connect("f").get_with("/", "X-Forwarded-For: 192.0.2.1\r\n");
    let seen: Vec<_> = origin.requests().iter().map(|r| r.all("x-forwarded-for").join(",")).collect();
    assert_eq!(seen, ["127.0.0.1", "192.0.2.1,127.0.0.1"]);
}
