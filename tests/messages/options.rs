//! Options that change how messages are taken and passed on.

use std::time::Duration;

use hapax_tests::compare::same;
use hapax_tests::{Builder, Origin, Program, Reply, Syslog};

use super::{TIMEOUTS, listen};

#[test]
fn a_whole_body_is_waited_for_and_can_be_looked_at() {
    same("buffered bodies", |program| {
        let origin = Origin::new(|r| Reply::ok(r.body.clone()));
        let lines =
            "  option http-buffer-request\n  http-response set-header x-body %[var(txn.b)]\n  http-request set-var(txn.b) req.body\n";
        let p = listen(program, &origin, lines);
        let mut c = p.connect("l");
        c.send_split(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            61,
        );
        let first = c.answer();
        c.send_split(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfghij", 47);
        let second = c.answer();
        [first, second].map(|r| (r.status, r.text(), r.header("x-body").map(str::to_owned)))
    });
}

#[test]
fn a_body_that_does_not_come_is_408() {
    same("a body that stays away", |program| {
        let origin = Origin::saying("ok");
        let p = listen(program, &origin, "  option http-buffer-request\n  timeout http-request 100ms\n");
        let mut c = p.connect("l");
        c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nfgh");
        (c.answer().status, origin.requests().len())
    });
}

#[test]
fn a_response_body_can_be_waited_for() {
    let origin = Origin::new(|r| {
        let reply = Reply::chunked(&[b"abc", b"def"]);
        if r.target == "/silent" {
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").after(Duration::ZERO)
        } else {
            reply
        }
    });
    let p = listen(Program::Hapax, &origin, "  http-response wait-for-body time 200ms\n");
    let r = p.connect("l").get("/");
    assert_eq!((r.status, r.text().as_str()), (200, "abcdef"));
}

#[test]
fn trailers_are_dropped_where_they_are_not_wanted() {
    let origin = Origin::new(|r| Reply::chunked(&[format!("{}", r.trailers.len()).as_bytes()]).trailer("x-res", "1"));
    for (lines, seen, got) in [
        ("", "1", 1),
        (
            "  option http-drop-request-trailers\n  option http-drop-response-trailers\n",
            "0",
            0,
        ),
    ] {
        let p = listen(Program::Hapax, &origin, lines);
        let mut c = p.connect("l");
        c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Req: 1\r\n\r\n");
        let r = c.answer();
        assert_eq!((r.text().as_str(), r.trailers.len()), (seen, got), "{lines:?}");
    }
}

#[test]
fn a_head_only_request_gets_no_body_even_where_rules_have_made_it_a_get() {
    same("HEAD made GET", |program| {
        let origin = Origin::new(|r| {
            if r.target == "/c" {
                Reply::chunked(&[b"hello"])
            } else {
                Reply::ok("hello")
            }
        });
        let p = listen(program, &origin, "  http-request set-method GET\n");
        let mut c = p.connect("l");
        let mut heads = Vec::new();
        for path in ["/", "/c", "/"] {
            c.send(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
            let r = c.answer_to("HEAD");
            heads.push((r.status, r.header("content-length").map(str::to_owned)));
        }
        (heads, c.get("/").text())
    });
}

#[test]
fn the_server_is_asked_to_keep_what_will_be_closed() {
    same("pretended keep-alive", |program| {
        let origin = Origin::saying("ok");
        let p = listen(program, &origin, "  option http-server-close\n  option http-pretend-keepalive\n");
        p.connect("l").get("/");
        origin.requests()[0].header("connection").map(str::to_owned)
    });
}

#[test]
fn cookies_that_caches_might_keep_do_not_pass() {
    let origin = Origin::new(|r| {
        let reply = Reply::ok("ok").header("set-cookie", "a=b").header("etag", "x");
        match r.target.as_str() {
            "/private" => reply.header("cache-control", "private"),
            "/no-cookie" => Reply::ok("ok"),
            "/field" => reply.header("cache-control", "no-cache=\"set-cookie\""),
            "/public" => reply.header("cache-control", "public"),
            _ => reply,
        }
    });
    let p = listen(Program::Hapax, &origin, "  option checkcache\n");
    let got = ["/", "/private", "/no-cookie", "/field", "/public"].map(|path| p.connect("l").get(path).status);
    assert_eq!(got, [502, 200, 200, 200, 502]);
}

#[test]
fn a_client_that_leaves_is_not_connected_for() {
    let syslog = Syslog::new();
    let config = format!(
        "global\n  log {} local0\n{TIMEOUTS}  option httplog\n  log global\n  retries 10\nlisten l\n  bind @l@\n  server s 127.0.0.1:@dead.port@\n",
        syslog.addr()
    );
    let mut builder = Builder::new(Program::Hapax, &config);
    // A port that nothing listens on.
    builder = builder.set("dead.port", "1");
    let p = builder.start();
    let mut c = p.connect("l");
    c.send("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n");
    c.finish();
    let line = syslog.next_with("/gone");
    assert!(line.contains(" -1 ") && line.contains(" CC-- "), "{line}");
}

#[test]
fn lines_are_written_early_where_that_is_asked_for() {
    let origin = Origin::saying("hello");
    let syslog = Syslog::new();
    let config = format!(
        "{TIMEOUTS}listen l\n  bind @l@\n  log {} local0\n  option httplog\n  option logasap\n  server s @s@\n",
        syslog.addr()
    );
    let p = Builder::new(Program::Hapax, &config).set("s", &origin.addr()).start();
    p.connect("l").get("/early");
    let line = syslog.next_with("/early");
    assert!(line.contains(" 200 +"), "{line}");
    p.connect("l").get("/next");
    assert!(syslog.next().contains("/next"), "one line for each request");
}
