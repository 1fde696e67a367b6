//! Sockets: where connections come from, what the kernel is told of them, how many come in a second, and how a successor gets
//! those that listen.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Origin, Program, Proxy, Syslog, wait};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

/// A server that answers with the address it was reached from.
fn mirror() -> TcpOrigin {
    TcpOrigin::new(|mut s| {
        let from = s.peer_addr().unwrap().ip().to_string();
        let mut buf = [0; 4096];
        while s.read(&mut buf).is_ok_and(|n| n > 0) {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{from}", from.len());
            if s.write_all(head.as_bytes()).is_err() {
                return;
            }
        }
    })
}

#[test]
fn connections_come_from_where_the_lines_say() {
    let origin = mirror();
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}frontend f\n  bind @f@\n  use_backend %[path,word(1,/)]\n\
             backend plain\n  server s @s@\n\
             backend proxy\n  source 127.0.0.5\n  server s @s@\n\
             backend server\n  source 127.0.0.5\n  server s @s@ source 127.0.0.6\n\
             backend fixed\n  source 0.0.0.0 usesrc 127.0.0.7\n  server s @s@\n\
             backend client\n  source 0.0.0.0 usesrc clientip\n  server s @s@\n\
             backend header\n  server s @s@ source 0.0.0.0 usesrc hdr_ip(x-from,-1)\n\
             backend own\n  server s @s@ source 127.0.0.6 usesrc hdr_ip(x-from)\n"
        ),
    )
    .set("s", &origin.addr())
    .start();
    let mut c = p.connect("f");
    for (target, headers, want) in [
        ("/plain", "", "127.0.0.1"),
        ("/proxy", "", "127.0.0.5"),
        ("/server", "", "127.0.0.6"),
        ("/fixed", "", "127.0.0.7"),
        ("/client", "", "127.0.0.1"),
        ("/header", "X-From: 127.0.0.8, 127.0.0.9\r\n", "127.0.0.9"),
        // Another client's address needs another connection.
        ("/header", "X-From: 127.0.0.10\r\n", "127.0.0.10"),
        ("/header", "X-From: 127.0.0.11:8080\r\n", "127.0.0.11"),
        // What is no address, or none that leads to the server, leaves the server's own source.
        ("/header", "X-From: somewhere\r\n", "127.0.0.1"),
        ("/header", "X-From:\r\n", "127.0.0.1"),
        ("/header", "X-From: ::1\r\n", "127.0.0.1"),
        ("/own", "X-From: ::1\r\n", "127.0.0.6"),
    ] {
        assert_eq!(c.get_with(target, headers).text(), want, "{target} {headers}");
    }
}

#[test]
fn a_request_that_does_not_name_its_source_is_refused() {
    let origin = mirror();
    let log = Syslog::new();
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  log @log@ format raw local0\n{TIMEOUTS}  log global\nlisten l\n  bind @l@\n  log-format \"%s %ST %ts %rc\"\n  \
             server s @s@ source 0.0.0.0 usesrc hdr_ip(x-from,2)\n"
        ),
    )
    .set("s", &origin.addr())
    .set("log", &log.addr())
    .start();
    for headers in ["", "X-From: 127.0.0.8\r\n"] {
        assert_eq!(p.connect("l").get_with("/", headers).status, 500, "{headers}");
        assert_eq!(log.next().trim_end(), "s 500 IC 0", "{headers}");
    }
}

/// The first of three ports in a row that nobody has at this address.
fn three_free_ports(ip: &str) -> u16 {
    wait::until("three free ports", || {
        let one = TcpListener::bind((ip, 0)).unwrap();
        let first = one.local_addr().unwrap().port();
        let rest: Result<Vec<_>, _> = (1..3).map(|n| TcpListener::bind((ip, first.saturating_add(n)))).collect();
        rest.is_ok().then_some(first)
    })
}

#[test]
fn ports_of_a_source_take_turns() {
    // Connections stay open until the test is over, each with a port of its own.
    let ports = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ports);
    let origin = TcpOrigin::new(move |mut s| {
        seen.lock().unwrap().push(s.peer_addr().unwrap().port());
        let mut buf = [0; 4096];
        while s.read(&mut buf).is_ok_and(|n| n > 0) {}
    });
    let first = three_free_ports("127.0.0.5");
    let last = first + 2;
    let log = Syslog::new();
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  log @log@ format raw local0\n{TIMEOUTS}  log global\nlisten l\n  bind @l@\n  mode tcp\n  log-format \"%ts\"\n  \
             server s @s@ source 127.0.0.5:{first}-{last}\n"
        ),
    )
    .set("s", &origin.addr())
    .set("log", &log.addr())
    .start();
    let clients: Vec<_> = (0..3).map(|_| p.connect("l")).collect();
    wait::until_true("three connections", || ports.lock().unwrap().len() == 3);
    let mut used = ports.lock().unwrap().clone();
    used.sort_unstable();
    assert_eq!(used, [first, first + 1, last]);
    assert!(p.connect("l").is_closed(), "no port is left");
    assert_eq!(log.next().trim_end(), "SC");
    drop(clients);
}

/// Whether the kernel keeps a keep-alive timer (2) for the connection from one address to the other.
fn has_keepalive(from: SocketAddr, to: SocketAddr) -> bool {
    let hex = |a: SocketAddr| {
        let SocketAddr::V4(a) = a else { panic!("{a}") };
        format!("{:08X}:{:04X}", u32::from(*a.ip()).swap_bytes(), a.port())
    };
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let (from, to) = (hex(from), hex(to));
    let line = table.lines().find(|l| l.split_whitespace().skip(1).take(2).eq([&*from, &*to]));
    let timer = line
        .unwrap_or_else(|| panic!("{from} {to}: {table}"))
        .split_whitespace()
        .nth(5)
        .unwrap();
    timer.starts_with("02")
}

#[test]
fn keepalive_probes_where_an_option_asks_for_them() {
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}  clitcpka-idle 300\n  clitcpka-intvl 20s\n  clitcpka-cnt 3\nfrontend on\n  bind @on@\n  option clitcpka\n  default_backend b\n\
             frontend off\n  bind @off@\n  default_backend b\nbackend b\n  option srvtcpka\n  srvtcpka-idle 5m\n  server s @s@\n"
        ),
    )
    .set("s", &origin.addr())
    .start();
    for (listen, want) in [("on", true), ("off", false)] {
        let mut c = p.connect(listen);
        c.get("/");
        let (here, there) = (c.local_addr(), c.stream().peer_addr().unwrap());
        wait::until_true("the last segment's acknowledgement", || has_keepalive(there, here) == want);
    }
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{:04X}", origin.port());
    let up = table
        .lines()
        .filter(|l| l.split_whitespace().nth(2).is_some_and(|r| r.ends_with(&port)));
    assert!(
        up.clone().count() > 0 && up.clone().any(|l| l.split_whitespace().nth(5).unwrap().starts_with("02")),
        "{table}"
    );
}

#[test]
fn socket_options_do_not_stand_in_the_way() {
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  stats socket @dir@/stats.sock level admin\n  tune.rcvbuf.client 64k\n  tune.sndbuf.client 64k\n  tune.rcvbuf.server 64k\n  \
             tune.sndbuf.server 64k\n  tune.notsent-lowat.client 16k\n  tune.notsent-lowat.server 16k\n{TIMEOUTS}listen l\n  bind @l@ cc reno \
             tcp-ut 10s mss 1200 tfo defer-accept\n  server s @s@ cc reno tcp-ut 10s tfo\n"
        ),
    )
    .set("s", &origin.addr())
    .start();
    for _ in 0..3 {
        assert_eq!(p.connect("l").get("/").text(), "ok");
    }
    assert!(!p.stderr().contains("not acted on"), "{}", p.stderr());
}

#[test]
fn what_the_system_refuses_of_a_socket_is_left_out() {
    let origin = Origin::saying("ok");
    for server in [
        "cc nonesuch",
        "source 127.0.0.1 interface nodev9",
        "tcp-ut 10s cc nonesuch tfo",
        "source 0.0.0.0:9",
    ] {
        let p = Builder::new(
            Program::Hapax,
            &format!(
                "{TIMEOUTS}  clitcpka-idle 40000s\n  srvtcpka-idle 40000s\n  srvtcpka-intvl 0\n  srvtcpka-cnt 900\n  option tcpka\n\
                 listen l\n  bind @l@ interface nodev9 mss 1\n  server s @s@ {server}\n"
            ),
        )
        .set("s", &origin.addr())
        .start();
        assert_eq!(p.connect("l").get("/").text(), "ok", "{server}");
        let told = p.stderr();
        assert!(
            told.contains("cannot bind receiver to device (No such device) for [127.0.0.1:"),
            "{told}"
        );
        assert!(told.contains("cannot set MSS (Invalid argument) for [127.0.0.1:"), "{told}");
    }
}

#[test]
fn connections_of_checks_are_told_what_those_of_traffic_are() {
    // The server never answers, so that the connection is there to be looked at.
    let asked = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&asked);
    let origin = TcpOrigin::new(move |mut s| {
        *seen.lock().unwrap() = Some((s.peer_addr().unwrap(), s.local_addr().unwrap()));
        let mut buf = [0; 4096];
        while s.read(&mut buf).is_ok_and(|n| n > 0) {}
    });
    let _p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}  timeout check 2m\nlisten l\n  bind @l@\n  option httpchk\n  option srvtcpka\n  server s @s@ check inter 2m\n"
        ),
    )
    .set("s", &origin.addr())
    .start();
    let (from, to) = wait::until("a check", || *asked.lock().unwrap());
    wait::until_true("the request's acknowledgement", || has_keepalive(from, to));
}

#[test]
fn sessions_beyond_the_rate_wait() {
    let origin = Origin::saying("ok");
    for (global, own) in [
        ("", "  rate-limit sessions 4\n"),
        ("  maxconnrate 4\n", ""),
        ("  maxsessrate 4\n", ""),
    ] {
        let p = Builder::new(
            Program::Hapax,
            &format!("global\n  stats socket @dir@/stats.sock level admin\n{global}{TIMEOUTS}listen l\n  bind @l@\n{own}  server s @s@\n"),
        )
        .set("s", &origin.addr())
        .start();
        let begin = Instant::now();
        let mut clients: Vec<_> = (0..7).map(|_| p.connect("l")).collect();
        for c in &mut clients {
            c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        }
        for c in &mut clients {
            assert_eq!(c.answer().text(), "ok");
        }
        // Four at once, and the fifth to the seventh as room comes: with two of them in, the last is let in once the four count half at
        // most, which takes half of the second that the rate is reckoned over, less what rounding spares.
        assert!(
            begin.elapsed() >= Duration::from_millis(400),
            "{global}{own}: {:?}",
            begin.elapsed()
        );
    }
}

fn template() -> String {
    format!("global\n  stats socket @dir@/stats.sock level admin expose-fd listeners\n{TIMEOUTS}listen l\n  bind @l@\n  server s @s@\n")
}

/// A successor that may not bind the port anew, with the predecessor's sockets or without.
fn successor(program: Program, old: &Proxy, origin: &Origin, own: &str, sockets: bool) -> Builder {
    let path = old.dir().join("stats.sock").display().to_string();
    let args: &[&str] = if sockets { &["-db", "-dR", "-x", &path] } else { &["-db", "-dR"] };
    let other = template().replace("stats.sock", own);
    Builder::new(program, &other).set("s", &origin.addr()).beside(old).args(args)
}

#[test]
fn a_successor_is_given_the_listening_sockets() {
    let origin = Origin::saying("ok");
    let mut pairs = vec![(Program::Hapax, Program::Hapax)];
    if Program::oracle("a_successor_is_given_the_listening_sockets") {
        pairs.extend([(Program::Haproxy, Program::Hapax), (Program::Hapax, Program::Haproxy)]);
    }
    for (first, second) in pairs {
        let old = Builder::new(first, &template())
            .set("s", &origin.addr())
            .args(&["-db", "-dR"])
            .start();
        assert_eq!(old.connect("l").get("/").text(), "ok");
        let out = successor(second, &old, &origin, "refused.sock", false).command().output().unwrap();
        assert!(!out.status.success(), "{first:?} {second:?}: the port is free");
        let new = successor(second, &old, &origin, "new.sock", true).start();
        // The port answers for both: it is the successor's own socket that tells when it is there.
        let own = old.dir().join("new.sock");
        wait::until_true("the successor", || UnixStream::connect(&own).is_ok());
        drop(old);
        for _ in 0..3 {
            assert_eq!(new.connect("l").get("/").text(), "ok", "{first:?} {second:?}");
        }
    }
}
