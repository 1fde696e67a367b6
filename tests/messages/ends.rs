//! How each side sees that a connection ends: in order, by a reset, or not at all.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Origin, Program, Proxy, wait};

use super::TIMEOUTS;

/// Reads one head.
fn head(s: &mut TcpStream) {
    let (mut all, mut byte) = (Vec::new(), [0]);
    while !all.ends_with(b"\r\n\r\n") && matches!(s.read(&mut byte), Ok(1)) {
        all.push(byte[0]);
    }
}

/// A server that says this to each connection's first request, ends its side, and tells how the other side ended: in order, or not.
fn half_closing(answer: &'static str) -> (TcpOrigin, mpsc::Receiver<bool>) {
    let (tell, ends) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = TcpOrigin::new(move |mut s| {
        head(&mut s);
        s.write_all(answer.as_bytes()).unwrap();
        s.shutdown(Shutdown::Write).unwrap();
        let in_order = s.read_to_end(&mut Vec::new()).is_ok();
        let _ = tell.lock().unwrap().send(in_order);
    });
    (server, ends)
}

fn before(server: &str, lines: &str) -> Proxy {
    let config = format!("{TIMEOUTS}listen l\n  bind @l@\n{lines}  server s @s@\n");
    Builder::new(Program::Hapax, &config).set("s", server).start()
}

#[test]
fn a_server_that_has_ended_its_side_is_left_in_order() {
    for (answer, status) in [
        ("", 502),
        ("HTTP/1.1 200 OK\r\nContent-", 502),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 200),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", 200),
        ("HTTP/1.1 200 OK\r\n\r\nwhole", 200),
        // This connection idles when its server ends it, or is about to.
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole", 200),
    ] {
        let (server, ends) = half_closing(answer);
        let p = before(&server.addr(), "");
        let mut c = p.connect("l");
        c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let start = c.bytes(12);
        assert_eq!(start, format!("HTTP/1.1 {status}").as_bytes(), "{answer}");
        assert!(ends.recv_timeout(wait::PATIENCE).unwrap(), "{answer}");
    }
}

#[test]
fn a_response_without_a_length_ends_though_its_request_is_not_whole() {
    for request in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf ",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\n",
    ] {
        let (server, _ends) = half_closing("HTTP/1.1 200 OK\r\n\r\nwhole");
        // The client has two minutes for the rest of its request.
        let p = before(&server.addr(), "");
        let mut c = p.connect("l");
        c.send(request);
        let all = String::from_utf8(c.rest().unwrap()).unwrap();
        assert!(all.starts_with("HTTP/1.1 200 OK\r\n") && all.ends_with("\r\n\r\nwhole"), "{all}");
    }
}

/// With the privilege for it nothing is sent, else a reset that on this machine arrives; never an end in order.
#[test]
fn who_is_dropped_silently_sees_no_end() {
    let origin = Origin::saying("ok");
    for lines in [
        "  http-request silent-drop\n",
        "  http-response silent-drop\n",
        "  tcp-request content silent-drop\n",
        "  tcp-response content silent-drop\n",
        "  http-response silent-drop rst-ttl 3\n",
    ] {
        let p = before(&origin.addr(), lines);
        let mut c = p.connect("l");
        c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        // Longer than the kernel waits before it asks after what nobody has acknowledged.
        c.stream().set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        match c.stream().read(&mut [0]) {
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => assert!(!lines.contains("ttl")),
            Err(e) => assert_eq!(e.kind(), ErrorKind::ConnectionReset, "{lines}"),
            Ok(n) => panic!("{lines}: {n} bytes"),
        }
    }
}
