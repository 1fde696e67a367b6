//! A peer that asks for everything and then does not listen.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use hapax_tests::ports::Port;
use hapax_tests::wait::{self, PATIENCE};
use hapax_tests::{Builder, Program, Proxy};

use crate::TIMEOUTS;

/// Entries of the table: many times what waits in sockets.
const ENTRIES: u32 = 60_000;

fn session(addr: &str, from: &str) -> TcpStream {
    let mut s = TcpStream::connect(addr).unwrap();
    s.set_read_timeout(Some(PATIENCE)).unwrap();
    s.write_all(format!("HAProxyS 2.1\na\n{from} 7 0\n").as_bytes()).unwrap();
    let mut status = [0; 4];
    s.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"200\n");
    s
}

/// Bytes of a key: the longest of which an update's length is still one byte.
const KEY: u8 = 230;

/// The table's entries as another peer tells of them: strings, with a counter.
fn taught() -> Vec<u8> {
    let mut out = b"\x0a\x82\x07\x01\x01t\x06".to_vec();
    // The length of keys is told with the NUL that ends one.
    out.extend_from_slice(&[KEY + 1, 4, 0]);
    for n in 0..ENTRIES {
        let key = format!("{n:0len$}", len = usize::from(KEY));
        out.extend_from_slice(&[10, 128, 4 + 1 + KEY + 1]);
        out.extend_from_slice(&(n + 1).to_be_bytes());
        out.push(KEY);
        out.extend_from_slice(key.as_bytes());
        out.push(7);
    }
    out
}

fn resident_kib(p: &Proxy) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", p.pid())).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn who_does_not_listen_costs_nothing() {
    let port = Port::reserve();
    let text = format!(
        "{TIMEOUTS}peers p\n  peer a @a@\n  peer b 127.0.0.1:1\n  peer c 127.0.0.1:1\nbackend t\n  stick-table type string len 230 size 100k expire 1h \
         store gpc0 peers p\nfrontend f\n  bind @f@\n  http-request return status 200\n"
    );
    let a = Builder::new(Program::Hapax, &text)
        .args(&["-db", "-L", "a"])
        .set("a", &port.addr())
        .start();
    let mut teacher = session(&port.addr(), "b");
    // What it answers is not read either.
    teacher.write_all(&taught()).unwrap();
    let full = format!("used:{ENTRIES}\n");
    wait::until_true("the table to be full", || {
        a.cli("show peers; show table t data.gpc0 gt 100").contains(&full)
    });
    let before = resident_kib(&a);
    let mut deaf = session(&port.addr(), "c");
    deaf.write_all(&[0, 0]).unwrap();
    // It has begun, and cannot go on.
    let pushed = || -> u32 {
        let shown = a.cli("show peers");
        let one = shown.split("id=c(").nth(1).unwrap();
        one.split("last_pushed=")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    let mut last = 0;
    wait::until_true("the socket to be full", || {
        let now = pushed();
        std::mem::replace(&mut last, now) == now && now > 0
    });
    assert!(last < ENTRIES, "all of it found room");
    assert_eq!(a.connect("f").get("/").status, 200);
    let more = resident_kib(&a).saturating_sub(before);
    // A memory allocator has its moods; holding all that waits for the deaf one would be twice as much.
    let all = u64::from(ENTRIES) * u64::from(KEY) / 1024;
    assert!(more < all / 2, "{more} KiB more for one who does not listen, of {all}");
}
