//! How streams end when one of those who take part leaves, falls silent or breaks the protocol: what the log says, what the client
//! gets, and how the server is left. What is expected here is what HAProxy 3.5 does.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Client, Program, Proxy, Syslog, wait};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HALF: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc";
const CHUNK: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";

/// A proxy before a server that answers each head with the same bytes and holds its connection until the other side ends it.
struct Scene {
    proxy: Proxy,
    log: Syslog,
    _origin: TcpOrigin,
    /// `false`: the server has said what it says; then, at the end, whether its connection ended in order.
    seen: Receiver<bool>,
}

fn scene(frontend: &str, backend: &str, says: &'static str) -> Scene {
    let (tell, seen) = channel();
    let tell = Mutex::new(tell);
    let origin = TcpOrigin::new(move |mut s: TcpStream| {
        let tell = tell.lock().unwrap().clone();
        let mut head = Vec::new();
        while !head.windows(4).any(|w| w == b"\r\n\r\n") {
            let mut byte = [0];
            if !matches!(s.read(&mut byte), Ok(1)) {
                return;
            }
            head.push(byte[0]);
        }
        let (bytes, closes) = says.strip_suffix("<end>").map_or((says, false), |b| (b, true));
        let _ = s.write_all(bytes.as_bytes());
        let _ = tell.send(false);
        if !closes {
            let ended = std::io::copy(&mut s, &mut std::io::sink());
            let _ = tell.send(ended.is_ok());
        }
    });
    let log = Syslog::new();
    let template = format!(
        "global\n  stats socket @dir@/stats.sock mode 600 level admin\n  log @log@ local0\ndefaults\n  mode http\n  log global\n  \
         timeout connect 10s\n  timeout client 60s\n  timeout server 60s\nfrontend f\n  bind @l@\n  \
         log-format \"%tsc %ST %B %bq %{{+Q}}r %b/%s\"\n{frontend}  default_backend b\nbackend b\n{backend}  server s @s@\n"
    );
    let proxy = Builder::new(Program::Hapax, &template)
        .set("log", &log.addr())
        .set("s", &origin.addr())
        .start();
    Scene {
        proxy,
        log,
        _origin: origin,
        seen,
    }
}

impl Scene {
    fn send(&self, bytes: &str) -> Client {
        let mut c = self.proxy.connect("l");
        c.send(bytes);
        c
    }

    /// Until the server has the request, and has said what it says.
    fn reached(&self) {
        assert!(!self.seen.recv_timeout(wait::PATIENCE).unwrap());
    }

    /// The server's connection ends with a reset: nothing more is wanted of it.
    fn server_is_cut(&self) {
        assert!(!self.seen.recv_timeout(wait::PATIENCE).unwrap(), "closed in order");
    }

    fn line(&self, ends: &str) {
        let line = self.log.next_with("--");
        assert!(line.contains(&format!("]: {ends}")), "{line}instead of {ends}");
    }
}

fn status(c: &mut Client) -> Option<u16> {
    c.try_answer_to("GET").ok().map(|r| r.status)
}

#[test]
fn a_client_that_leaves_takes_its_stream_along() {
    for how in ["half", "close", "reset"] {
        let s = scene("", "", "");
        let mut c = s.send(GET);
        s.reached();
        match how {
            "half" => {
                c.finish();
                assert_eq!(status(&mut c), Some(400));
            }
            "close" => drop(c),
            _ => c.reset(),
        }
        let ends = if how == "reset" { "CD" } else { "CH" };
        s.line(&format!("{ends}-- 400 0 0 \"GET / HTTP/1.1\" b/s"));
        s.server_is_cut();
    }
}

#[test]
fn a_client_that_leaves_in_the_middle_of_an_answer() {
    const PART: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc";
    for reset in [false, true] {
        let s = scene("", "", PART);
        let mut c = s.send(GET);
        assert!(c.bytes(PART.len()).ends_with(b"abc"));
        s.reached();
        if reset {
            c.reset();
        } else {
            c.finish();
        }
        s.line("CD-- 200 54 0 \"GET / HTTP/1.1\" b/s");
        s.server_is_cut();
    }
}

#[test]
fn the_end_of_a_clients_side_ends_no_answer_that_only_closing_ends() {
    const OPEN: &str = "HTTP/1.1 200 OK\r\n\r\nabc";
    let s = scene("", "  timeout server 300ms\n", OPEN);
    let mut c = s.send(GET);
    c.bytes(OPEN.len());
    s.reached();
    c.finish();
    s.line("sD-- 200 37 0 \"GET / HTTP/1.1\" b/s");
    // The server is done, and the client is not: nobody knows that the answer was whole.
    let s = scene("  timeout client 300ms\n", "", "HTTP/1.1 200 OK\r\n\r\nabc<end>");
    let _c = s.send(HALF.trim_end_matches("abc"));
    s.line("cD-- 200 37 0 \"POST / HTTP/1.1\" b/s");
}

#[test]
fn without_abortonclose_the_answer_is_waited_for() {
    let s = scene("", "  no option abortonclose\n  timeout server 300ms\n", "");
    let mut c = s.send(GET);
    s.reached();
    c.finish();
    assert_eq!(status(&mut c), Some(504));
    s.line("sH-- 504 0 0 \"GET / HTTP/1.1\" b/s");
}

#[test]
fn half_a_request_gets_no_answer() {
    for option in ["", "  no option abortonclose\n"] {
        let s = scene("", option, "");
        let mut c = s.send(HALF);
        s.reached();
        c.finish();
        assert_eq!(status(&mut c), None);
        s.line("CH-- 400 0 0 \"POST / HTTP/1.1\" b/s");
        s.server_is_cut();
    }
    for rule in ["  option http-buffer-request\n", "  http-request wait-for-body time 60s\n"] {
        let s = scene(rule, "", "");
        let mut c = s.send(HALF);
        c.finish();
        assert_eq!(status(&mut c), None);
        s.line("CR-- 400 0 0 \"POST / HTTP/1.1\" b/<NOSRV>");
    }
}

#[test]
fn a_request_that_stalls_is_the_clients() {
    let cases = [
        ("  timeout client 300ms\n", "cH-- 400 0 0 \"POST / HTTP/1.1\" b/s", 400),
        (
            "  http-request wait-for-body time 100ms\n",
            "cR-- 408 0 0 \"POST / HTTP/1.1\" f/<NOSRV>",
            408,
        ),
    ];
    for (lines, ends, code) in cases {
        let s = scene(lines, "", "");
        let mut c = s.send(HALF);
        assert_eq!(status(&mut c), Some(code));
        s.line(ends);
    }
    let s = scene("", "", "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    let mut c = s.send(HALF);
    assert_eq!(status(&mut c), Some(403));
    drop(c);
    s.line("CL-- 403 51 0 \"POST / HTTP/1.1\" b/s");
}

#[test]
fn half_an_answer_is_the_servers() {
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Le<end>", "PH-- 502 0 0", Some(502)),
        ("<end>", "SH-- 502 0 0", Some(502)),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n<end>",
            "SD-- 200 61 0",
            None,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n<end>",
            "PH-- 502 0 0",
            Some(502),
        ),
    ];
    for (says, ends, code) in cases {
        let s = scene("", "", says);
        let mut c = s.send(GET);
        assert_eq!(status(&mut c), code, "{says}");
        s.line(ends);
    }
    let waits = "  http-response wait-for-body time 100ms\n";
    let s = scene("", waits, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    let mut c = s.send(GET);
    assert_eq!(status(&mut c), Some(504));
    s.line("sH-- 504 54 0 \"GET / HTTP/1.1\" b/s");
}

#[test]
fn broken_chunks_never_were_a_request() {
    let s = scene("", "", "");
    let mut c = s.send(&format!("{CHUNK}zz\r\n"));
    assert_eq!(status(&mut c), Some(400));
    s.line("PR-- 400 0 0 \"<BADREQ>\" f/<NOSRV>");
    let mut c = s.send(CHUNK);
    s.reached();
    c.send("zz\r\n");
    assert_eq!(status(&mut c), None, "the server has it already");
    s.line("PH-- 400 0 0 \"POST / HTTP/1.1\" b/s");
}

#[test]
fn who_is_ended_by_hand_is_ended_at_once() {
    let cases = [
        ("", GET, "b/s"),
        ("", HALF, "b/s"),
        ("  timeout tarpit 60s\n  http-request tarpit\n", GET, "f/<NOSRV>"),
        ("  http-request pause 60s\n", GET, "f/<NOSRV>"),
        ("  http-request wait-for-body time 60s\n", HALF, "f/<NOSRV>"),
    ];
    for (rule, request, place) in cases {
        let s = scene(rule, "", "");
        let mut c = s.send(request);
        let id = wait::until("the stream", || {
            let all = s.proxy.cli("show sess");
            let line = all.lines().find(|l| l.contains("fe=f "))?;
            line.split(':').next().map(str::to_owned)
        });
        if rule.is_empty() {
            s.reached();
        }
        s.proxy.cli(&format!("shutdown session {id}"));
        assert_eq!(status(&mut c), None, "{rule}");
        let method = request.split(' ').next().unwrap();
        s.line(&format!("KC-- 500 0 0 \"{method} / HTTP/1.1\" {place}"));
    }
}

#[test]
fn nobody_rests_in_a_pause_for_a_client_that_has_left() {
    let s = scene("  http-request pause 60s\n", "", "");
    let c = s.send(GET);
    wait::until_true("the stream", || s.proxy.cli("show sess").contains("fe=f "));
    c.reset();
    s.line("CR-- -1 0 0 \"GET / HTTP/1.1\" b/<NOSRV>");
}

#[test]
fn what_content_rules_refuse_never_was_a_request() {
    let s = scene("  tcp-request content reject\n", "", "");
    let mut c = s.send(GET);
    assert_eq!(status(&mut c), None);
    s.line("PR-- -1 0 0 \"<BADREQ>\" f/<NOSRV>");
}

#[test]
fn who_leaves_a_queue_is_told_apart() {
    let s = scene("", "  timeout queue 60s\n  default-server maxconn 1\n", "");
    let _first = s.send(GET);
    s.reached();
    let second = s.send(GET);
    wait::until_true("the queue", || {
        s.proxy.cli("show stat").lines().any(|l| l.starts_with("b,BACKEND,1,"))
    });
    drop(second);
    s.line("CQ-- -1 0 1 \"GET / HTTP/1.1\" b/<NOSRV>");
}
