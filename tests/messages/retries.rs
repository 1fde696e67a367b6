//! `retry-on`, `retries`, `option redispatch`: a request whose server fails goes out again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hapax_tests::compare::same;
use hapax_tests::{Builder, Origin, Program, Reply};

use super::{TIMEOUTS, listen};

/// Fails the first `times` requests in this way, then answers with the body it was sent.
fn failing(times: usize, how: fn() -> Reply) -> Origin {
    let asked = Arc::new(AtomicUsize::new(0));
    Origin::new(move |r| {
        if asked.fetch_add(1, Ordering::SeqCst) < times {
            how()
        } else {
            Reply::ok(r.body.clone())
        }
    })
}

const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

fn reset() -> Reply {
    Reply::reset()
}

fn junk() -> Reply {
    Reply::raw("rubbish\r\n\r\n").closing()
}

fn of_no_length() -> Reply {
    Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").closing()
}

fn partial() -> Reply {
    Reply::raw("HTTP/1.1 200 OK\r\nContent-Le").closing()
}

#[test]
fn half_a_head_is_no_response() {
    for (on, again) in [("junk-response", true), ("empty-response", false)] {
        let origin = failing(1, partial);
        let p = listen(Program::Hapax, &origin, &format!("  retry-on {on}\n"));
        let mut c = p.connect("l");
        c.send(POST);
        assert_eq!(c.answer().status, if again { 200 } else { 502 }, "{on}");
    }
}

fn without_a_body() -> Reply {
    Reply::status(503, "")
}

/// The answer was whole: its connection waits for other requests, and the one of the second try is one too many.
#[test]
fn a_server_that_answered_in_full_keeps_its_connection() {
    for (how, kept) in [(without_a_body as fn() -> Reply, 0), (unavailable, 1)] {
        let origin = failing(1, how);
        let config = format!("global\n  nbthread 1\n{TIMEOUTS}listen l\n  bind @l@\n  retry-on 503\n  server s @s@\n");
        let p = Builder::new(Program::Hapax, &config).set("s", &origin.addr()).start();
        let mut c = p.connect("l");
        for _ in 0..2 {
            assert_eq!(c.get("/").status, 200);
        }
        let seen: Vec<usize> = origin.requests().iter().map(|r| r.connection).collect();
        assert_eq!(seen, [0, 1, kept]);
    }
}

fn unavailable() -> Reply {
    Reply::status(503, "no")
}

fn not_found() -> Reply {
    Reply::status(404, "no")
}

#[test]
fn every_kind_of_failure() {
    type Case = (&'static str, fn() -> Reply, u16);
    let cases: [Case; 10] = [
        ("empty-response", reset, 200),
        ("conn-failure", reset, 502),
        ("junk-response", junk, 200),
        ("empty-response", junk, 502),
        ("junk-response", of_no_length, 200),
        ("503", unavailable, 200),
        ("all-retryable-errors", unavailable, 200),
        ("404 500", not_found, 200),
        ("500", not_found, 404),
        ("none", unavailable, 503),
    ];
    for (on, how, status) in cases {
        for request in [POST, CHUNKED] {
            same(on, |program| {
                let origin = failing(2, how);
                let p = listen(program, &origin, &format!("  retry-on {on}\n"));
                let mut c = p.connect("l");
                c.send(request);
                let r = c.answer();
                assert_eq!(r.status, status, "retry-on {on}: {program:?}");
                (r.status, (r.status == 200).then(|| r.text()), origin.requests().len())
            });
        }
    }
}

#[test]
fn a_server_that_is_silent_for_too_long() {
    same("response-timeout", |program| {
        let origin = failing(1, Reply::silence);
        let p = listen(program, &origin, "  retry-on response-timeout\n  timeout server 1s\n");
        let mut c = p.connect("l");
        c.send(POST);
        let r = c.answer();
        // A machine that stands still may cost more than one more try.
        (r.status, r.text(), origin.requests().len() > 1)
    });
}

#[test]
fn there_is_an_end_to_it() {
    same("retries", |program| {
        let origin = failing(100, unavailable);
        let p = listen(program, &origin, "  retry-on 503\n  retries 2\n");
        let mut c = p.connect("l");
        c.send(POST);
        (c.answer().status, origin.requests().len())
    });
}

#[test]
fn a_rule_can_forbid_it() {
    same("disable-l7-retry", |program| {
        let origin = failing(1, unavailable);
        let p = listen(
            program,
            &origin,
            "  retry-on 503\n  http-request disable-l7-retry if { method POST }\n",
        );
        let mut c = p.connect("l");
        c.send(POST);
        (c.answer().status, origin.requests().len())
    });
}

#[test]
fn another_server_is_tried_at_once_where_that_is_allowed() {
    for redispatch in ["1", "2", "-1"] {
        same("redispatch", |program| {
            let (failing, good) = (failing(100, unavailable), Origin::saying("good"));
            let config = format!(
                "{TIMEOUTS}listen l\n  bind @l@\n  balance first\n  retry-on 503\n  option redispatch {redispatch}\n  server a @a@\n  \
                 server b @b@\n"
            );
            let p = Builder::new(program, &config)
                .set("a", &failing.addr())
                .set("b", &good.addr())
                .start();
            let r = p.connect("l").get("/");
            (r.text(), failing.requests().len())
        });
    }
}

#[test]
fn the_name_of_the_server_is_that_of_the_attempt() {
    let (bad, good) = (failing(100, unavailable), Origin::saying("good"));
    let config = format!(
        "{TIMEOUTS}listen l\n  bind @l@\n  balance first\n  retry-on 503\n  option redispatch 1\n  http-send-name-header x-name\n  \
         server a @a@\n  server bb @b@\n"
    );
    let p = Builder::new(Program::Hapax, &config)
        .set("a", &bad.addr())
        .set("b", &good.addr())
        .start();
    let mut c = p.connect("l");
    c.send(POST);
    assert_eq!(c.answer().text(), "good");
    let last = &good.requests()[0];
    assert_eq!((last.header("x-name"), &last.body[..]), (Some("bb"), &b"hello"[..]));
}
