//! TCP mode: bytes, ends of streams, timeouts, choice of server.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod timeouts;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Client, Program, Proxy, Syslog, wait};

const TIMEOUTS: &str = "defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

fn proxy(template: &str, servers: &[&TcpOrigin]) -> Proxy {
    let mut b = Builder::new(Program::Hapax, &format!("{TIMEOUTS}{template}"));
    for (i, s) in servers.iter().enumerate() {
        b = b.set(&format!("s{}", i + 1), &s.addr());
    }
    b.start()
}

fn echo(mut s: TcpStream) {
    let mut buf = vec![0; 65_536];
    while let Ok(n) = s.read(&mut buf) {
        if n == 0 || s.write_all(&buf[..n]).is_err() {
            return;
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |all, b| all + &format!("{b:02x}"))
}

fn greeting(text: &'static str) -> TcpOrigin {
    TcpOrigin::new(move |mut s| {
        let _ = s.write_all(text.as_bytes());
    })
}

/// What a client has sent is taken before its connection is closed: it gets an end, and no reset.
#[test]
fn a_connection_that_nobody_takes_ends_without_a_reset() {
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}frontend none\n  bind @none@ defer-accept\nfrontend rejects\n  bind @rejects@ defer-accept\n  tcp-request content reject\n  default_backend b\nbackend b\n  server s 127.0.0.1:9\n"),
    )
    .start();
    for name in ["none", "rejects"] {
        let mut c = p.connect(name);
        c.send("GET / HTTP/1.1\r\n");
        assert_eq!(c.rest().unwrap(), b"", "{name}");
    }
}

#[test]
fn bytes_pass_both_ways() {
    let server = TcpOrigin::new(echo);
    let p = proxy("listen l\n  bind @l@\n  server s @s1@\n", &[&server]);
    let mut c = p.connect("l");
    for text in ["hello", "a second time"] {
        c.send(text);
        assert_eq!(c.bytes(text.len()), text.as_bytes());
    }
    c.finish();
    assert_eq!(c.rest().unwrap(), b"");
}

#[test]
fn a_server_that_speaks_first_is_heard() {
    let server = greeting("220 ready\r\n");
    let p = proxy("listen l\n  bind @l@\n  server s @s1@\n", &[&server]);
    assert_eq!(p.connect("l").rest().unwrap(), b"220 ready\r\n");
}

#[test]
fn a_client_that_finished_still_gets_the_answer() {
    // Counts what it got up to the end of the client's side, then answers.
    let server = TcpOrigin::new(|mut s| {
        let mut all = Vec::new();
        s.read_to_end(&mut all).unwrap();
        s.write_all(format!("got {}", all.len()).as_bytes()).unwrap();
    });
    let p = proxy("listen l\n  bind @l@\n  server s @s1@\n", &[&server]);
    let mut c = p.connect("l");
    c.send(vec![b'x'; 300_000]);
    c.finish();
    assert_eq!(c.rest().unwrap(), b"got 300000");
}

#[test]
fn a_server_that_finished_still_gets_the_rest() {
    let (tx, rx) = std::sync::mpsc::channel();
    let tx = std::sync::Mutex::new(tx);
    let server = TcpOrigin::new(move |mut s| {
        s.write_all(b"done").unwrap();
        s.shutdown(Shutdown::Write).unwrap();
        let mut all = Vec::new();
        s.read_to_end(&mut all).unwrap();
        tx.lock().unwrap().send(all.len()).unwrap();
    });
    let p = proxy("listen l\n  bind @l@\n  server s @s1@\n", &[&server]);
    let mut c = p.connect("l");
    assert_eq!(c.rest().unwrap(), b"done");
    c.send(vec![b'y'; 200_000]);
    c.finish();
    assert_eq!(rx.recv_timeout(wait::PATIENCE).unwrap(), 200_000);
}

#[test]
fn long_transfers_arrive_whole() {
    const SIZE: usize = 20 << 20;
    let server = TcpOrigin::new(echo);
    let p = proxy("listen l\n  bind @l@\n  server s @s1@\n", &[&server]);
    let c = p.connect("l");
    let mut out = c.stream().try_clone().unwrap();
    let pattern: Vec<u8> = (0..SIZE).map(|i| (i * 31 % 251) as u8).collect();
    let sent = pattern.clone();
    let writer = std::thread::spawn(move || {
        out.write_all(&sent).unwrap();
        out.shutdown(Shutdown::Write).unwrap();
    });
    let mut c = c;
    let got = c.rest().unwrap();
    writer.join().unwrap();
    assert!(got == pattern, "{} of {SIZE} bytes came back", got.len());
}

#[test]
fn servers_take_turns() {
    let (a, b) = (greeting("a"), greeting("b"));
    let p = proxy(
        "listen l\n  bind @l@\n  balance roundrobin\n  server a @s1@\n  server b @s2@\n",
        &[&a, &b],
    );
    let got: Vec<u8> = (0..6).flat_map(|_| p.connect("l").rest().unwrap()).collect();
    assert_eq!(String::from_utf8_lossy(&got).matches('a').count(), 3, "{got:?}");
}

/// The request of a Remote Desktop client whose session is on a server of 127.0.0.1.
fn remote_desktop(cookie: &str, port: u16) -> Vec<u8> {
    let token = format!("Cookie: {cookie}=16777343.{}.0000\r\n", port.swap_bytes());
    let length = token.len() as u8;
    let mut request = vec![3, 0, 0, 11 + length, 6 + length, 0xe0, 0, 0, 0, 0, 0];
    request.extend_from_slice(token.as_bytes());
    request
}

#[test]
fn remote_desktops_come_back_to_their_server() {
    let greet = |text: &'static str| {
        TcpOrigin::new(move |mut s| {
            let _ = s.read(&mut [0; 256]).and_then(|_| s.write_all(text.as_bytes()));
        })
    };
    let (a, b) = (greet("a"), greet("b"));
    for (word, cookie) in [("persist rdp-cookie", "msts"), ("persist rdp-cookie(other)", "other")] {
        let p = proxy(
            &format!(
                "listen l\n  bind @l@\n  balance roundrobin\n  tcp-request inspect-delay 5s\n  tcp-request content accept if RDP_COOKIE\n  {word}\n  server a @s1@\n  \
                 server b @s2@\n"
            ),
            &[&a, &b],
        );
        for (origin, name) in [(&b, "b"), (&b, "b"), (&a, "a"), (&a, "a")] {
            let port = origin.addr().rsplit_once(':').unwrap().1.parse().unwrap();
            let mut c = p.connect("l");
            c.send(remote_desktop(cookie, port));
            assert_eq!(c.rest().unwrap(), name.as_bytes(), "{word}");
        }
    }
}

#[test]
fn a_dead_server_is_replaced_on_a_retry() {
    let alive = greeting("alive");
    let template =
        "listen l\n  bind @l@\n  balance roundrobin\n  retries 3\n  option redispatch 1\n  server dead @nobody@\n  server alive @s1@\n";
    // A reserved port on which nothing listens.
    let nobody = hapax_tests::ports::Port::reserve();
    let p = Builder::new(Program::Hapax, &format!("{TIMEOUTS}{template}"))
        .set("nobody", &nobody.addr())
        .set("s1", &alive.addr())
        .start();
    for _ in 0..4 {
        assert_eq!(p.connect("l").rest().unwrap(), b"alive");
    }
}

#[test]
fn without_a_server_the_connection_ends() {
    let p = proxy("listen l\n  bind @l@\n", &[]);
    assert!(p.connect("l").is_closed());
}

#[test]
fn an_idle_client_is_let_go() {
    let server = TcpOrigin::new(echo);
    let p = proxy("listen l\n  bind @l@\n  timeout client 300ms\n  server s @s1@\n", &[&server]);
    let mut c = p.connect("l");
    let start = Instant::now();
    c.send("x");
    assert_eq!(c.bytes(1), b"x");
    assert!(c.is_closed());
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
}

#[test]
fn a_silent_server_is_let_go() {
    let server = TcpOrigin::new(|mut s| {
        let _ = s.read_to_end(&mut Vec::new());
    });
    let p = proxy("listen l\n  bind @l@\n  timeout server 300ms\n  server s @s1@\n", &[&server]);
    let mut c = p.connect("l");
    let start = Instant::now();
    c.send("anyone?");
    assert!(c.is_closed());
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
}

#[test]
fn the_client_is_named_to_the_server() {
    let server = TcpOrigin::new(|mut s| {
        let mut buf = [0; 256];
        let n = s.read(&mut buf).unwrap();
        // What came is told in hexadecimal: version 2 is binary.
        s.write_all(hex(&buf[..n]).as_bytes()).unwrap();
    });
    let p = proxy(
        "listen v1\n  bind @v1@\n  server s @s1@ send-proxy\nlisten v2\n  bind @v2@\n  server s @s1@ send-proxy-v2\n",
        &[&server],
    );
    let mut c = p.connect("v1");
    let me = c.local_addr();
    let want = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} {}\r\n", me.port(), p.port("v1"));
    assert_eq!(String::from_utf8(c.rest().unwrap()).unwrap(), hex(want.as_bytes()));

    let mut c = p.connect("v2");
    let me = c.local_addr();
    let got = String::from_utf8(c.rest().unwrap()).unwrap();
    let want = format!(
        "0d0a0d0a000d0a515549540a2111000c7f0000017f000001{:04x}{:04x}",
        me.port(),
        p.port("v2")
    );
    assert_eq!(got, want);
}

#[test]
fn a_proxy_header_is_taken_from_the_client() {
    let server = TcpOrigin::new(|mut s| {
        let mut buf = [0; 256];
        let n = s.read(&mut buf).unwrap();
        s.write_all(&buf[..n]).unwrap();
    });
    let p = proxy("listen l\n  bind @l@ accept-proxy\n  server s @s1@ send-proxy\n", &[&server]);
    let header = "PROXY TCP4 192.0.2.7 192.0.2.8 1234 80\r\n";
    let mut c = p.connect("l");
    c.send(format!("{header}data"));
    let got = c.rest().unwrap();
    assert!(
        String::from_utf8_lossy(&got).starts_with(header),
        "{}",
        String::from_utf8_lossy(&got)
    );
    // What is no header is no client.
    let mut c = p.connect("l");
    c.send("GET / HTTP/1.1\r\n\r\n");
    assert!(c.is_closed());
}

#[test]
fn unix_sockets_on_both_sides() {
    let server = TcpOrigin::new(echo);
    let template = "listen outer\n  bind @outer@\n  server s @dir@/inner.sock\nlisten inner\n  bind @dir@/inner.sock mode 600\n  server s @s1@\nlisten abs\n  bind @abs@\n  server s @name@\nlisten abs2\n  bind @name@\n  server s @s1@\n";
    let p = Builder::new(Program::Hapax, &format!("{TIMEOUTS}{template}"))
        .set("name", &format!("abns@hapax-{}", std::process::id()))
        .set("s1", &server.addr())
        .start();
    for name in ["outer", "abs"] {
        let mut c: Client = p.connect(name);
        c.send("through");
        assert_eq!(c.bytes(7), b"through", "{name}");
    }
}

#[test]
fn rules_decide_before_a_byte_is_passed() {
    let server = TcpOrigin::new(echo);
    let p = proxy(
        "listen no\n  bind @no@\n  tcp-request connection reject if { src 127.0.0.1 }\n  server s @s1@\nlisten peek\n  bind @peek@\n  tcp-request inspect-delay 2s\n  tcp-request content reject if { req.payload(0,3) -m str BAD }\n  tcp-request content accept if { req.len ge 3 }\n  server s @s1@\n",
        &[&server],
    );
    assert!(p.connect("no").is_closed());
    let mut c = p.connect("peek");
    c.send("BADLY");
    assert!(c.is_closed());
    let mut c = p.connect("peek");
    c.send("GO");
    c.send("OD");
    assert_eq!(c.bytes(4), b"GOOD");
}

#[test]
fn rules_see_a_request_in_the_bytes() {
    let server = TcpOrigin::new(echo);
    let p = proxy(
        "listen l\n  bind @l@\n  tcp-request inspect-delay 5s\n  tcp-request content accept if { path /yes } { hdr(host) x }\n  \
         tcp-request content reject\n  server s @s1@\n",
        &[&server],
    );
    for (path, passes) in [("/yes", true), ("/no", false)] {
        let mut c = p.connect("l");
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        // The head comes in two pieces.
        let (first, rest) = head.split_at(12);
        c.send(first);
        c.send(rest);
        c.finish();
        assert_eq!(c.rest().unwrap(), if passes { head.as_bytes() } else { b"" }, "{path}");
    }
}

#[test]
fn backends_are_chosen_by_the_first_bytes() {
    let (a, b) = (greeting("from a"), greeting("from b"));
    let p = proxy(
        "frontend f\n  bind @f@\n  tcp-request inspect-delay 5s\n  tcp-request content accept if { req.len gt 1 }\n  use_backend a if { req.payload(0,1) -m str A }\n  default_backend b\nbackend a\n  server s @s1@\nbackend b\n  server s @s2@\n",
        &[&a, &b],
    );
    for (sent, want) in [("A\n", "from a"), ("B\n", "from b")] {
        let mut c = p.connect("f");
        c.send(sent);
        assert_eq!(c.bytes(want.len()), want.as_bytes());
    }
}

#[test]
fn responses_are_inspected_before_they_pass() {
    let (good, bad) = (greeting("220 ready"), greeting("500 broken"));
    let p = proxy(
        "defaults d\n  mode tcp\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\nfrontend f\n  bind @f@\n  default_backend good\nfrontend g\n  bind @g@\n  default_backend bad\nbackend good\n  tcp-response inspect-delay 5s\n  tcp-response content reject unless { res.payload(0,3) -m str 220 }\n  server s @s1@\nbackend bad\n  tcp-response inspect-delay 5s\n  tcp-response content reject unless { res.payload(0,3) -m str 220 }\n  server s @s2@\n",
        &[&good, &bad],
    );
    assert_eq!(p.connect("f").bytes(9), b"220 ready");
    assert!(p.connect("g").rest().unwrap_or_default().is_empty());
}

#[test]
fn a_client_that_leaves_the_queue_is_dropped_where_that_is_wanted() {
    let server = TcpOrigin::new(echo);
    let syslog = Syslog::new();
    let lines = "  option tcplog\n  option abortonclose\n  server s @s1@ maxconn 1\n";
    let head = format!("global\n  log @log@ local0\n{TIMEOUTS}  log global\n");
    let config = format!("{head}listen l\n  bind @l@\n{lines}listen patient\n  bind @patient@\n  server s @s1@ maxconn 1\n");
    let p = Builder::new(Program::Hapax, &config)
        .set("s1", &server.addr())
        .set("log", &syslog.addr())
        .start();
    let pair = |name: &str| {
        let mut first = p.connect(name);
        first.send("held");
        assert_eq!(first.bytes(4), b"held");
        let mut second = p.connect(name);
        // What it has to say does not keep it from leaving.
        second.send("late");
        second.finish();
        (first, second)
    };
    let (_held, mut gone) = pair("l");
    assert_eq!(gone.rest().unwrap(), b"");
    let line = syslog.next_with(" l ");
    assert!(line.contains(" l/<NOSRV> ") && line.contains(" CQ "), "{line}");
    assert_eq!(server.connections(), 1);
    let (held, mut waits) = pair("patient");
    drop(held);
    assert_eq!(waits.rest().unwrap(), b"late", "half a connection is enough for an answer");
}

#[test]
fn a_client_may_leave_during_the_handshake_with_the_server() {
    // It never says hello.
    let server = TcpOrigin::new(|mut s| {
        let _ = s.read_to_end(&mut Vec::new());
    });
    let syslog = Syslog::new();
    let head = format!("global\n  log @log@ local0\n{TIMEOUTS}  log global\n  option tcplog\n");
    let config = format!("{head}listen l\n  bind @l@\n  option abortonclose\n  server s @s1@ ssl verify none\n");
    let p = Builder::new(Program::Hapax, &config)
        .set("s1", &server.addr())
        .set("log", &syslog.addr())
        .start();
    let c = p.connect("l");
    wait::until_true("the server is asked", || server.connections() == 1);
    drop(c);
    let line = syslog.next_with(" l ");
    assert!(line.contains(" l/s ") && line.contains(" CC "), "{line}");
}
