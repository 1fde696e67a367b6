//! Who is waited for, and what becomes of both sides when one of them is too slow.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Origin, Program, Proxy, Syslog, wait};

use super::TIMEOUTS;

const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf ";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A proxy that logs how streams end.
fn logging(lines: &str, server: &str) -> (Proxy, Syslog) {
    let syslog = Syslog::new();
    let config = format!(
        "global\n  stats socket @dir@/stats.sock mode 600 level admin\n  log @log@ local0\n{TIMEOUTS}  log global\n  log-format \"<%HU %ST %ts>\"\nlisten l\n  bind @l@\n{lines}  server s @s@\n"
    );
    let proxy = Builder::new(Program::Hapax, &config)
        .set("s", server)
        .set("log", &syslog.addr())
        .start();
    (proxy, syslog)
}

fn ending(syslog: &Syslog) -> String {
    let line = syslog.next_with("<");
    line[line.rfind('<').unwrap()..].trim_end().to_owned()
}

/// Reads one head; `false`: the connection ended before.
fn head(s: &mut TcpStream) -> bool {
    let (mut all, mut byte) = (Vec::new(), [0]);
    while !all.ends_with(b"\r\n\r\n") {
        if !matches!(s.read(&mut byte), Ok(1)) {
            return false;
        }
        all.push(byte[0]);
    }
    true
}

/// A server that says this to each connection's first request, and tells how the connection ended: in order, or not.
fn watching(answer: &'static str) -> (TcpOrigin, mpsc::Receiver<bool>) {
    let (tell, ends) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = TcpOrigin::new(move |mut s| {
        if head(&mut s) {
            s.write_all(answer.as_bytes()).unwrap();
            let in_order = s.read_to_end(&mut Vec::new()).is_ok();
            let _ = tell.lock().unwrap().send(in_order);
        }
    });
    (server, ends)
}

#[test]
fn the_rest_of_a_request_that_was_answered_early_is_read_over() {
    for rule in ["deny", "return status 403"] {
        for (half, rest) in [(POST, "later"), (CHUNKED, "5\r\nlater\r\n0\r\n\r\n")] {
            let config = format!("{TIMEOUTS}frontend l\n  bind @l@\n  http-request {rule}\n");
            let p = Proxy::start(&config);
            let mut c = p.connect("l");
            c.send(half);
            let first = c.answer();
            assert_eq!((first.status, first.header("connection")), (403, None), "{rule}");
            c.send(rest);
            assert_eq!(c.get("/").status, 403, "{rule}");
        }
    }
}

#[test]
fn a_rest_that_never_comes_has_the_time_of_the_client() {
    let config = format!("{TIMEOUTS}frontend l\n  bind @l@\n  timeout client 200ms\n  http-request deny\n");
    let p = Proxy::start(&config);
    for half in [POST, CHUNKED] {
        let mut c = p.connect("l");
        c.send(half);
        assert_eq!(c.answer().status, 403);
        assert!(c.is_closed());
    }
}

#[test]
fn what_is_no_rest_ends_the_connection() {
    let p = Proxy::start(&format!("{TIMEOUTS}frontend l\n  bind @l@\n  http-request deny\n"));
    let mut c = p.connect("l");
    c.send(CHUNKED);
    assert_eq!(c.answer().status, 403);
    c.send("no chunk\r\n");
    assert!(c.is_closed());
}

#[test]
fn a_connection_that_is_to_close_reads_the_rest_all_the_same() {
    let config = format!("{TIMEOUTS}frontend l\n  bind @l@\n  option httpclose\n  http-request deny\n");
    let p = Proxy::start(&config);
    let mut c = p.connect("l");
    c.send(POST);
    let first = c.answer();
    assert_eq!((first.status, first.header("connection")), (403, Some("close")));
    c.send("later");
    assert_eq!(c.rest().unwrap(), b"");
}

#[test]
fn a_client_that_is_too_slow_with_its_body_leaves_the_server_in_order() {
    for (answer, end) in [
        ("", "</ 400 cH>"),
        (OK, "</ 200 cL>"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "</ 200 cD>"),
    ] {
        let (server, ends) = watching(answer);
        let (p, syslog) = logging("  timeout client 300ms\n  timeout server 1h\n", &server.addr());
        let mut c = p.connect("l");
        c.send(POST);
        c.rest().unwrap();
        assert_eq!(ending(&syslog), end);
        assert!(ends.recv_timeout(wait::PATIENCE).unwrap(), "{end}");
    }
}

#[test]
fn pieces_of_a_head_do_not_lengthen_the_wait_for_a_response() {
    let server = TcpOrigin::new(|mut s| {
        let mut more = head(&mut s) && s.write_all(b"HTTP/1.1 200 OK\r\n").is_ok();
        s.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        while more {
            let ended = matches!(s.read(&mut [0]), Ok(0));
            more = !ended && s.write_all(b"x: y\r\n").is_ok();
        }
    });
    let (p, syslog) = logging("  timeout server 400ms\n", &server.addr());
    assert_eq!(p.connect("l").get("/").status, 504);
    assert_eq!(ending(&syslog), "</ 504 sH>");
}

#[test]
fn pieces_of_a_request_have_the_time_of_the_client_each() {
    let p = Proxy::start(&format!(
        "{TIMEOUTS}frontend l\n  bind @l@\n  timeout client 2s\n  http-request deny\n"
    ));
    let mut c = p.connect("l");
    c.send("GET / HTTP/1.1\r\nHost: a\r\n");
    for _ in 0..4 {
        assert!(c.is_quiet_for(Duration::from_millis(600)));
        c.send("x: y\r\n");
    }
    c.send("\r\n");
    assert_eq!(c.answer().status, 403);
}

#[test]
fn a_kept_connection_that_dies_under_a_request_is_told_by_silence() {
    // Whoever asks second on a connection gets nothing.
    let server = TcpOrigin::new(|mut s| {
        if head(&mut s) {
            s.write_all(OK.as_bytes()).unwrap();
            head(&mut s);
        }
    });
    let (p, syslog) = logging("  http-reuse always\n", &server.addr());
    let mut first = p.connect("l");
    assert_eq!(first.get("/1").status, 200);
    wait::until_true("the connection idles", || {
        let all = p.cli("show servers conn");
        let row = all.lines().find(|l| l.starts_with("l/s ")).unwrap();
        row.split(' ').nth(14) == Some("1")
    });
    let mut second = p.connect("l");
    second.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(second.is_closed());
    assert_eq!(p.connect("l").get("/3").status, 200);
    assert_eq!([ending(&syslog), ending(&syslog)], ["</1 200 -->", "</3 200 -->"]);
}

#[test]
fn a_request_that_a_dying_connection_has_cost_a_second_try_is_logged_as_others_are() {
    let server = TcpOrigin::new(|mut s| {
        if head(&mut s) {
            s.write_all(OK.as_bytes()).unwrap();
            head(&mut s);
        }
    });
    let (p, syslog) = logging("  http-reuse always\n  retry-on empty-response\n", &server.addr());
    let mut c = p.connect("l");
    assert_eq!([c.get("/1").status, c.get("/2").status], [200, 200]);
    assert_eq!([ending(&syslog), ending(&syslog)], ["</1 200 -->", "</2 200 -->"]);
}

#[test]
fn what_was_http_blames_a_silent_server_that_had_a_time_of_its_own_after_the_end_of_its_client() {
    const SWITCHED: &str = "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    for (lines, end) in [
        ("  timeout server 300ms\n", "</ 101 sD>"),
        ("  timeout server-fin 300ms\n", "</ 101 SD>"),
    ] {
        let held = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&held);
        let server = TcpOrigin::new(move |mut s| {
            if head(&mut s) {
                s.write_all(SWITCHED.as_bytes()).unwrap();
                s.read_to_end(&mut Vec::new()).unwrap();
                s.write_all(b"last words").unwrap();
                let _ = s.read(&mut [0]);
                keep.lock().unwrap().push(s);
            }
        });
        let (p, syslog) = logging(lines, &server.addr());
        let mut c = p.connect("l");
        c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
        let mut stream = c.stream().try_clone().unwrap();
        assert!(head(&mut stream));
        c.finish();
        assert_eq!(c.rest().unwrap(), b"last words");
        assert_eq!(ending(&syslog), end, "{lines}");
    }
}

#[test]
fn connections_of_one_client_alone_go_with_it() {
    let (server, ends) = watching(OK);
    let (p, _syslog) = logging("  http-reuse never\n", &server.addr());
    let mut c = p.connect("l");
    assert_eq!(c.get("/").status, 200);
    drop(c);
    assert!(!ends.recv_timeout(wait::PATIENCE).unwrap(), "a reset");
}

#[test]
fn an_idle_client_is_told_in_order_where_closing_is_a_reset() {
    let origin = Origin::saying("hello");
    let lines = "  option nolinger\n  timeout http-keep-alive 200ms\n";
    let p = super::listen(Program::Hapax, &origin, lines);
    let mut c = p.connect("l");
    assert_eq!(c.get("/").status, 200);
    assert_eq!(c.rest().unwrap(), b"");
}
