//! Who is let in, and what those hear who are not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use hapax_tests::Program;
use hapax_tests::wait::PATIENCE;

use crate::{Ports, TIMEOUTS, pairs};

fn ask(addr: &str, greeting: &str) -> String {
    let mut s = TcpStream::connect(addr).unwrap();
    s.set_read_timeout(Some(PATIENCE)).unwrap();
    s.write_all(greeting.as_bytes()).unwrap();
    let mut got = Vec::new();
    let mut byte = [0];
    while !got.ends_with(b"\n") && s.read(&mut byte).unwrap_or(0) == 1 {
        got.push(byte[0]);
    }
    String::from_utf8(got).unwrap()
}

#[test]
fn who_is_let_in() {
    let mut programs: Vec<Program> = pairs("who_is_let_in").into_iter().map(|p| p.0).collect();
    programs.dedup();
    for program in programs {
        let ports = Ports::reserve();
        let text = format!(
            "{TIMEOUTS}peers p\n  peer a @a@\n  peer b @b@\n  table t type ip size 10 store gpc0\nfrontend f\n  bind @f@\n  http-request deny\n"
        );
        let _a = ports.builder(program, "a", &text).start();
        for (greeting, want) in [
            ("HAProxyS 2.1\na\nb 7 0\n", "200\n"),
            ("HAProxyS 2.0\na\nb 7 0\n", "200\n"),
            ("HAProxyS 2.1\na\nsomebody 7 0\n", "504\n"),
            ("HAProxyS 2.1\nc\nb 7 0\n", "503\n"),
            ("HAProxyS 1.0\na\nb 7 0\n", "502\n"),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "501\n"),
            // An older process of the same name.
            ("HAProxyS 2.1\na\na 7 0\n", "200\n"),
        ] {
            assert_eq!(ask(&ports.0.addr(), greeting), want, "{program:?}: {greeting:?}");
        }
    }
}

/// Who knows only the first version is spoken to in that one.
#[test]
fn old_peers_are_greeted_as_they_know_it() {
    let ports = Ports::reserve();
    let listener = TcpListener::bind(ports.1.addr()).unwrap();
    let text = format!(
        "{TIMEOUTS}peers p\n  peer a @a@\n  peer b @b@\n  table t type ip size 10 expire 1m store gpc0\nfrontend f\n  bind @f@\n  http-request deny\n"
    );
    let a = ports.builder(Program::Hapax, "a", &text).start();
    let greeted = |answer: &str| {
        // One that it has given up meanwhile, on a machine that stood still, is not the one.
        let (lines, mut reader) = loop {
            let (s, _) = listener.accept().unwrap();
            s.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut reader = BufReader::new(s);
            let lines: std::io::Result<Vec<String>> = (0..3)
                .map(|_| {
                    let mut line = String::new();
                    reader.read_line(&mut line).map(|_| line)
                })
                .collect();
            if let Some(lines) = lines.ok().filter(|l| l[2].ends_with('\n')) {
                break (lines, reader);
            }
        };
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        assert_eq!(lines[1], "b\n");
        assert_eq!(lines[2], format!("a {} 0\n", a.pid()));
        (lines[0].clone(), reader)
    };
    assert_eq!(greeted("502\n").0, "HAProxyS 2.1\n");
    let (line, mut session) = greeted("200\n");
    assert_eq!(line, "HAProxyS 2.0\n");
    // It asks; it is told that this is all, and asks for everything in turn: the times of entries are left out.
    a.cli("set table p/t key 192.0.2.1 data.gpc0 5");
    session.get_mut().write_all(&[0, 1, 0, 0]).unwrap();
    let mut all = Vec::new();
    let entry = b"\x0a\x80\x09\0\0\0\x01\xc0\0\x02\x01\x05";
    while !all.windows(entry.len()).any(|w| w == entry) {
        let mut byte = [0];
        session.read_exact(&mut byte).unwrap();
        all.push(byte[0]);
    }
}

/// Nonsense ends a session, and nothing else.
#[test]
fn nonsense_ends_a_session() {
    let ports = Ports::reserve();
    let text = format!(
        "{TIMEOUTS}peers p\n  peer a @a@\n  peer b @b@\n  table t type ip size 10 store gpc0\nfrontend f\n  bind @f@\n  http-request deny\n"
    );
    let a = ports.builder(Program::Hapax, "a", &text).start();
    for nonsense in [
        // An update of no table; a message longer than any; an update that ends early.
        &[10, 128, 5, 0, 0, 0, 1, 0][..],
        &[10, 130, 0xff, 0xff, 0xff, 0xff, 0x7f],
        b"\x0a\x82\x07\x01\x01x\x04\x04\x02\x00\x0a\x80\x02\x00\x00",
    ] {
        let mut s = TcpStream::connect(ports.0.addr()).unwrap();
        s.set_read_timeout(Some(PATIENCE)).unwrap();
        s.write_all(b"HAProxyS 2.1\na\nb 7 0\n").unwrap();
        s.write_all(nonsense).unwrap();
        let mut all = Vec::new();
        // The status, what it asks, and the end.
        let _ = s.read_to_end(&mut all);
        assert!(all.starts_with(b"200\n"), "{all:?}");
        assert!(a.cli("show table p/t").starts_with("# table: p/t"));
    }
}
