//! What is answered when a message or a side fails, and how long that takes.

use std::time::{Duration, Instant};

use hapax_tests::{Builder, Origin, Program, Reply, compare};

use crate::{TIMEOUTS, before};

#[test]
fn without_a_server_it_is_503() {
    let nobody = hapax_tests::ports::Port::reserve();
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@\n  retries 0\n  server s @s@\nlisten none\n  bind @none@\n"),
    )
    .set("s", &nobody.addr())
    .start();
    assert_eq!(p.connect("l").get("/").status, 503);
    assert_eq!(p.connect("none").get("/").status, 503);
}

#[test]
fn a_silent_server_is_504_and_no_sooner() {
    let origin = Origin::new(|_| Reply::silence());
    let p = before(&origin, "", "  timeout server 300ms\n");
    let start = Instant::now();
    assert_eq!(p.connect("f").get("/").status, 504);
    assert!(start.elapsed() >= Duration::from_millis(250), "{:?}", start.elapsed());
}

#[test]
fn an_unfinished_request_is_408() {
    let origin = Origin::saying("ok");
    let p = before(&origin, "  timeout http-request 300ms\n", "");
    let mut c = p.connect("f");
    c.send("GET / HTTP/1.1\r\nHost: te");
    assert_eq!(c.answer().status, 408);
    assert!(c.is_closed());
    assert!(origin.requests().is_empty());
}

#[test]
fn a_broken_answer_is_502() {
    for raw in [
        "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "",
    ] {
        let origin = Origin::new(move |_| Reply::raw(raw));
        let p = before(&origin, "", "");
        assert_eq!(p.connect("f").get("/").status, 502, "{raw:?}");
    }
}

#[test]
fn a_server_that_resets_is_502_and_the_next_request_is_served() {
    let origin = Origin::new(|r| if r.target == "/reset" { Reply::reset() } else { Reply::ok("fine") });
    let p = before(&origin, "", "  retries 0\n");
    assert_eq!(p.connect("f").get("/reset").status, 502);
    assert_eq!(p.connect("f").get("/").text(), "fine");
}

#[test]
fn malformed_requests_are_refused_and_never_passed_on() {
    let requests: [&[u8]; 8] = [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/9\r\nHost: a\r\n\r\n",
    ];
    for raw in requests {
        compare::same(&format!("{}", String::from_utf8_lossy(raw).escape_debug()), |program| {
            let origin = Origin::saying("ok");
            let p = Builder::new(
                program,
                &format!("{TIMEOUTS}listen l\n  bind @l@\n  timeout http-request 500ms\n  server s @s@\n"),
            )
            .set("s", &origin.addr())
            .start();
            let mut c = p.connect("l");
            c.send(raw);
            let status = c.try_answer_to("GET").map(|r| r.status).ok();
            (status, origin.requests().len())
        });
    }
}

#[test]
fn a_nul_in_a_header_is_refused() {
    let origin = Origin::saying("ok");
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    c.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n");
    assert_eq!(c.answer().status, 400);
    assert!(origin.requests().is_empty());
}

#[test]
fn both_framings_at_once_cannot_smuggle() {
    compare::same("both framings", |program| {
        let origin = Origin::new(|r| Reply::ok(r.target.clone()));
        let p = Builder::new(program, &format!("{TIMEOUTS}listen l\n  bind @l@\n  server s @s@\n"))
            .set("s", &origin.addr())
            .start();
        let mut c = p.connect("l");
        c.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        let status = c.try_answer_to("POST").map(|r| r.status).ok();
        let seen: Vec<_> = origin
            .requests()
            .iter()
            .map(|r| (r.target.clone(), r.header("content-length").map(str::to_owned)))
            .collect();
        (status, seen.first().cloned())
    });
}

#[test]
fn a_head_beyond_the_buffer_is_refused() {
    let origin = Origin::saying("ok");
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    c.try_send(format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}\r\n\r\n", "x".repeat(40_000)))
        .unwrap();
    let status = c.try_answer_to("GET").map(|r| r.status);
    assert!(matches!(status, Ok(400 | 431)) || status.is_err(), "{status:?}");
    assert!(origin.requests().is_empty());
    assert_eq!(p.connect("f").get("/").status, 200, "others are served");
}

#[test]
fn a_failed_connection_is_tried_again_elsewhere() {
    let origin = Origin::saying("alive");
    let nobody = hapax_tests::ports::Port::reserve();
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@\n  balance roundrobin\n  retries 2\n  option redispatch 1\n  server dead @dead@\n  server alive @alive@\n"),
    )
    .set("dead", &nobody.addr())
    .set("alive", &origin.addr())
    .start();
    for _ in 0..4 {
        assert_eq!(p.connect("l").get("/").text(), "alive");
    }
}

#[test]
fn an_error_file_is_sent_as_it_is() {
    let origin = Origin::new(|_| Reply::silence());
    let text = "HTTP/1.0 504 Gone fishing\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nback soon\n";
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@\n  timeout server 100ms\n  errorfile 504 @dir@/504.http\n  server s @s@\n"),
    )
    .file("504.http", text)
    .set("s", &origin.addr())
    .start();
    let r = p.connect("l").get("/");
    assert_eq!(
        (r.status, r.text().as_str(), r.header("content-type")),
        (504, "back soon\n", Some("text/plain"))
    );
}

#[test]
fn a_frontends_message_stands_in_where_the_backend_has_none() {
    let p = Builder::new(
        Program::Hapax,
        "defaults\n  mode http\n  timeout connect 10s\n  timeout client 10s\n  timeout server 10s\nfrontend f\n  bind @f@\n  \
         http-error status 503 content-type text/plain lf-string \"of f: %[path] %ts\"\n  use_backend own if { path /own }\n  \
         default_backend none\nbackend none\nbackend own\n  http-error status 503 content-type text/plain string own\n",
    )
    .start();
    for (path, want) in [("/x", "of f: /x SC"), ("/own", "own")] {
        let mut c = p.connect("f");
        c.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
        let answer = String::from_utf8_lossy(&c.rest().unwrap_or_default()).into_owned();
        assert_eq!(answer.rsplit("\r\n\r\n").next(), Some(want), "{path}");
    }
}

#[test]
fn what_a_section_of_messages_lacks_is_answered_as_ever() {
    let page = "HTTP/1.1 403 Ours\r\nContent-Type: text/plain\r\n\r\nof the section";
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}http-errors one\n  errorfile 403 @dir@/403.http\nfrontend f\n  bind @f@\n  http-error status 403 errorfiles one\n  \
             http-error status 500 errorfiles one\n  http-request deny deny_status 500 if {{ path /500 }}\n  \
             http-request deny status 500 errorfiles one if {{ path /rule }}\n  http-request deny\n"
        ),
    )
    .file("403.http", page)
    .start();
    for (path, status, want) in [
        ("/", 403, "of the section"),
        (
            "/500",
            500,
            "<html><body><h1>500 Internal Server Error</h1>\nAn internal server error occurred.\n</body></html>\n",
        ),
        // A rule that names the section has nothing to say without it.
        ("/rule", 500, ""),
    ] {
        let r = p.connect("f").get(path);
        assert_eq!((r.status, r.text().as_str()), (status, want), "{path}");
    }
}

#[test]
fn a_head_that_leaves_no_room_is_told_so() {
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        "defaults\n  mode http\n  timeout connect 10s\n  timeout client 1m\n  timeout server 1m\nlisten l\n  bind @l@\n  server s @s@\n",
    )
    .set("s", &origin.addr())
    .start();
    let status = |value: usize, fields: usize| {
        let (value, fields) = ("a".repeat(value), "Y: z\r\n".repeat(fields));
        let mut c = p.connect("l");
        c.send(format!(
            "GET / HTTP/1.1\r\nHost: a\r\nX: {value}\r\n{fields}Connection: close\r\n\r\n"
        ));
        c.answer().status
    };
    // The most that HAProxy takes with its own sizes: each field costs eight bytes beside its own.
    for (value, fields) in [(15_249, 0), (15_149, 10), (14_749, 50)] {
        assert_eq!(
            (status(value, fields), status(value + 1, fields)),
            (200, 431),
            "{fields} more fields"
        );
    }
    assert_eq!(status(16_384, 0), 431, "before its end has come");
    assert_eq!((status(1, 98), status(1, 99)), (200, 400), "tune.http.maxhdr");
}
