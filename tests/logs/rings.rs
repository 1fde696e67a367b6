//! Rings, streams, log backends and `log-forward`: where messages go beyond a datagram.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

use hapax_tests::ports::Port;
use hapax_tests::tls::{self, Authority};
use hapax_tests::{Builder, Program, Proxy, Syslog, wait};

const HEAD: &str = "global\n  stats socket @dir@/stats.sock level admin\n  nbthread 1\n  log-tag t\n";
const REST: &str = "defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n";
const LISTEN: &str = "  bind @l@\n  log-format %HP\n  http-request return status 200\n";

fn start(text: &str, values: &[(&str, String)]) -> Proxy {
    let builder = Builder::new(Program::Hapax, &format!("{HEAD}{REST}{text}"));
    values.iter().fold(builder, |b, (name, value)| b.set(name, value)).start()
}

fn gets(p: &Proxy, paths: &[&str]) {
    for path in paths {
        assert_eq!(p.connect("l").get(path).status, 200);
    }
}

#[test]
fn a_ring_shows_the_last_messages() {
    let p = start(
        &format!(
            "ring short\n  description \"a few\"\n  size 64\n  maxlen 12\n  backing-file @dir@/ring.bin\n\
             ring long\n  format priority\n  size 16k\nlisten l\n{LISTEN}  log ring@short local0\n  log ring@long len 80 format raw local0\n"
        ),
        &[],
    );
    gets(
        &p,
        &["/first", "/second", "/third-one", "/4-and-so-on", "/5", "/a-path-that-is-too-long"],
    );
    wait::until_true("the last line", || p.cli("show events short").contains("/a-path"));
    // 64 bytes hold a few short lines, and none is longer than 12.
    let short = p.cli("show events short");
    assert!(!short.contains("/first") && short.contains("/5\n"), "{short}");
    assert_eq!(short.lines().find(|l| l.starts_with("/a-")), Some("/a-path-that"));
    let long = p.cli("show events long");
    assert_eq!(long.lines().take(2).collect::<Vec<_>>(), ["<134>/first", "<134>/second"], "{long}");
    let list = p.cli("show events");
    assert!(list.contains("    short      : type=buffer, 0 dropped, a few\n"), "{list}");
    assert_eq!(p.cli("show events nothing").trim(), "No such event sink");
    let kept = std::fs::read(p.dir().join("ring.bin")).unwrap();
    assert_eq!(kept.len(), 64);
    assert!(kept.windows(2).any(|w| w == b"/5"));
}

#[test]
fn a_ring_can_be_followed() {
    let p = start(&format!("ring r\n  size 4k\nlisten l\n{LISTEN}  log ring@r local0\n"), &[]);
    gets(&p, &["/before"]);
    let mut cli = UnixStream::connect(p.dir().join("stats.sock")).unwrap();
    cli.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    cli.write_all(b"show events r -w\n").unwrap();
    let mut lines = BufReader::new(cli.try_clone().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "/before");
    gets(&p, &["/after"]);
    assert_eq!(lines.next().unwrap().unwrap(), "/after");
    cli.write_all(b"\n").unwrap();
    assert!(lines.all(|l| l.unwrap().is_empty()), "anything typed ends it");
}

/// The next `n` messages of a stream, told apart by their count or by lines.
fn framed(stream: &mut BufReader<impl Read>, n: usize, counted: bool) -> Vec<String> {
    let message = |stream: &mut BufReader<_>| {
        let mut bytes = Vec::new();
        if counted {
            BufRead::read_until(stream, b' ', &mut bytes).unwrap();
            let count: usize = std::str::from_utf8(&bytes).unwrap().trim().parse().unwrap();
            bytes = vec![0; count];
            Read::read_exact(stream, &mut bytes).unwrap();
        } else {
            BufRead::read_until(stream, b'\n', &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(b'\n'));
        }
        String::from_utf8(bytes).unwrap()
    };
    (0..n).map(|_| message(stream)).collect()
}

fn accept(l: &TcpListener) -> BufReader<TcpStream> {
    let (s, _) = l.accept().unwrap();
    s.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    BufReader::new(s)
}

#[test]
fn messages_go_over_streams_and_wait_for_a_lost_collector() {
    let (counted, lines) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let p = start(
        &format!(
            "ring r\n  format priority\n  server s @counted@ log-proto octet-count\nlisten l\n{LISTEN}\
             \n  log ring@r local0\n  log tcp@@lines@ format short local1\n"
        ),
        &[
            ("counted", counted.local_addr().unwrap().to_string()),
            ("lines", lines.local_addr().unwrap().to_string()),
        ],
    );
    let (mut a, mut b) = (accept(&counted), accept(&lines));
    gets(&p, &["/1", "/2"]);
    assert_eq!(framed(&mut a, 2, true), ["<134>/1", "<134>/2"]);
    assert_eq!(framed(&mut b, 2, false), ["<6>/1", "<6>/2"]);
    drop(b);
    let mut b = accept(&lines);
    gets(&p, &["/3"]);
    assert_eq!(framed(&mut b, 1, false), ["<6>/3"]);
    assert_eq!(framed(&mut a, 1, true), ["<134>/3"]);
}

#[test]
fn what_a_full_ring_cannot_take_is_counted() {
    let closed = Port::reserve();
    let p = start(
        &format!("ring r\n  size 64\n  server s @closed@\nlisten l\n{LISTEN}  log ring@r local0\n"),
        &[("closed", closed.addr())],
    );
    gets(
        &p,
        &["/12345678901234567890", "/12345678901234567890", "/last", "/12345678901234567890"],
    );
    wait::until_true("a drop", || p.cli("show events").contains(", 1 dropped,"));
    assert!(p.cli("show info").contains("DroppedLogs: 1\n"));
    assert!(p.cli("show events r").contains("/last"));
}

#[test]
fn messages_go_over_tls() {
    let ca = Authority::new();
    let identity = ca.issue(&["collector.test"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{HEAD}{REST}ring r\n  server s @s@ ssl verify required ca-file @dir@/ca.pem verifyhost collector.test\nlisten l\n{LISTEN}  log ring@r local0\n"
        ),
    )
    .file("ca.pem", &ca.pem())
    .set("s", &listener.local_addr().unwrap().to_string())
    .start();
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    let mut tls = BufReader::new(tls::serve(&identity, stream));
    gets(&p, &["/secret"]);
    assert_eq!(framed(&mut tls, 1, false), ["/secret"]);
}

#[test]
fn log_backends_choose_by_their_algorithm() {
    let logs: Vec<Syslog> = (0..3).map(|_| Syslog::new()).collect();
    let servers = |options: [&str; 3]| -> String {
        let server = |(i, s): (usize, &Syslog)| format!("  server s{i} udp@{} {}\n", s.addr(), options[i]);
        logs.iter().enumerate().map(server).collect()
    };
    let p = start(
        &format!(
            "listen l\n{LISTEN}  log backend@turns format raw local0 debug\n\
             backend turns\n  mode log\n  balance roundrobin\n{}\
             backend stuck\n  mode log\n  balance sticky\n{}\
             listen l2\n  bind @l2@\n  log-format %HP\n  http-request return status 200\n  log backend@stuck format raw local0\n\
             backend hash\n  mode log\n  balance log-hash field(2,/)\n  hash-type map-based none\n{}\
             listen l3\n  bind @l3@\n  log-format %HP\n  http-request return status 200\n  log backend@hash format raw local0\n",
            servers([""; 3]),
            servers(["", "", "backup"]),
            servers([""; 3])
        ),
        &[],
    );
    gets(&p, &["/a", "/b", "/c"]);
    let seen: HashSet<String> = logs.iter().map(Syslog::next).collect();
    assert_eq!(seen.len(), 3);
    // The number is the hash: it names the server.
    for (path, server) in [("/0/x", 0), ("/4/y", 1), ("/2", 2), ("/3", 0)] {
        assert_eq!(p.connect("l3").get(path).status, 200);
        assert_eq!(logs[server].next(), format!("{path}\n"));
    }
    let goes = |path: &str, server: usize| {
        assert_eq!(p.connect("l2").get(path).status, 200);
        assert_eq!(logs[server].next(), format!("{path}\n"), "{path}");
    };
    goes("/first", 0);
    p.cli("disable server stuck/s0");
    goes("/second", 1);
    p.cli("enable server stuck/s0");
    goes("/still", 1);
    p.cli("disable server stuck/s1");
    goes("/back", 0);
    p.cli("disable server stuck/s0");
    goes("/backup", 2);
}

#[test]
fn received_messages_are_sent_on() {
    let (kept, raw, modern) = (Syslog::new(), Syslog::new(), Syslog::new());
    let p = start(
        "log-forward f\n  bind @in@\n  dgram-bind @in@\n  log @kept@ local0\n  log @raw@ format raw local0\n  log @modern@ format rfc5424 local3\n\
         log-forward lines\n  bind @lines@\n  option assume-rfc6587-ntf\n  option dont-parse-log\n  option host replace\n  log @raw@ format raw local0\n\
         log-forward few\n  bind @few@\n  maxconn 1\n  option host append\n  log @kept@ format rfc3164 local0\n",
        &[("kept", kept.addr()), ("raw", raw.addr()), ("modern", modern.addr())],
    );
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.send_to(b"<14>Jan  2 03:04:05 box app[7]: hello", ("127.0.0.1", p.port("in")))
        .unwrap();
    assert_eq!(kept.next(), "<14>Jan  2 03:04:05 box app[7]: hello\n");
    assert_eq!(raw.next(), "hello\n");
    let line = modern.next();
    assert!(
        line.starts_with("<14>1 2") && line.ends_with("-01-02T03:04:05-00:00 box app 7 - - hello\n"),
        "{line}"
    );
    // Counted and not, in one stream, in pieces.
    let mut c = p.connect("in");
    c.send("8 <15>twoA<15>li");
    c.send("ne\n");
    assert_eq!([raw.next(), raw.next()], ["twoA\n", "line\n"]);
    assert!(kept.next().starts_with("<15>twoA"));
    // What is no message ends the connection.
    c.send("nonsense\n");
    assert!(c.is_closed());
    let mut c = p.connect("lines");
    c.send("12 any <line>\nlast");
    assert_eq!(raw.next(), "12 any <line>\n");
    c.finish();
    assert_eq!(raw.next(), "last\n");
    assert_eq!(kept.next(), "<15>line\n");
    let mut first = p.connect("few");
    first.send("<14>Jan  2 03:04:05 box app: one\n");
    assert_eq!(kept.next(), "<14>Jan  2 03:04:05 box,127.0.0.1 app: one\n");
    let mut second = p.connect("few");
    second.send("<14>Jan  2 03:04:05 box app: two\n");
    first.send("<14>Jan  2 03:04:05 box app: three\n");
    assert!(kept.next().ends_with("three\n"));
    drop(first);
    assert!(kept.next().ends_with("two\n"));
}
