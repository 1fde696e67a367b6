//! Rates over their periods: what is sent to a process as a peer sends it is read as HAProxy reads it. A period of ten days lets a
//! test stand at any place of it, for as long as it takes to look.

use std::io::{Read, Write};
use std::net::TcpStream;

use hapax_tests::ports::Port;
use hapax_tests::wait::{self, PATIENCE};
use hapax_tests::{Builder, Program};

use crate::{TIMEOUTS, entries};

const PERIOD: u64 = 864_000_000;

/// How the period began, what was counted in it and in the one before, and what the rate is to be.
fn cases() -> Vec<([u64; 3], u64)> {
    let day = PERIOD / 10;
    // A share that lies half-way between two numbers stands still for hours.
    let half = day / 2;
    let last = u64::from(u32::MAX);
    vec![
        // Within the period: what was counted, and a share of what was before.
        ([0, 0, 0], 0),
        ([half, 7, 0], 7),
        ([half, 1, 0], 1),
        ([half, 0, 10], 9),
        ([5 * day + half, 3, 10], 3 + 4),
        ([9 * day + half, 110, 10], 110),
        // One event is one, until two periods are over.
        ([half, 0, 1], 1),
        ([half, 0, 2], 1),
        // The period is over: it is the one before.
        ([10 * day + half, 10, 1001], 9),
        ([15 * day + half, 10, 1001], 4),
        ([19 * day + half, 10, 1001], 0),
        ([10 * day + half, 1, 1001], 1),
        ([19 * day + half, 1, 1001], 1),
        // Two of them are.
        ([20 * day + half, 1001, 1001], 0),
        ([24 * day, 1001, 1001], 0),
        // A number as large as they get.
        ([half, last, 0], last),
    ]
}

fn number(mut n: u64, out: &mut Vec<u8>) {
    if n < 240 {
        out.push(n as u8);
        return;
    }
    out.push(n as u8 | 0xf0);
    n = (n - 240) >> 4;
    while n >= 128 {
        out.push(n as u8 | 0x80);
        n = (n - 128) >> 7;
    }
    out.push(n as u8);
}

fn message(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    out.extend([10, kind]);
    number(body.len() as u64, out);
    out.extend(body);
}

/// A table of integers with a rate of requests, one of bytes, and two of an array.
fn lesson() -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = Vec::new();
    for n in [1, 2] {
        number(n, &mut body);
    }
    body.extend(b"/t");
    for n in [2, 4, 1 << 10 | 1 << 14 | 1 << 24, 0, 10, PERIOD, 14, PERIOD, 24, 2, PERIOD] {
        number(n, &mut body);
    }
    message(130, &body, &mut out);
    for (key, (rate, _)) in (1_u32..).zip(cases()) {
        let mut body = key.to_be_bytes().to_vec();
        body.extend(key.to_be_bytes());
        // The array's second element has it the other way round, as far as it stands still.
        for rate in [rate, rate, rate, [rate[0], rate[2], rate[1].min(1001)]] {
            for n in rate {
                number(n, &mut body);
            }
        }
        message(128, &body, &mut out);
    }
    out.extend([0, 1]);
    out
}

#[test]
fn rates_that_peers_tell() {
    let mut programs = vec![Program::Hapax];
    if Program::oracle("rates_that_peers_tell") {
        programs.push(Program::Haproxy);
    }
    let mut all = Vec::new();
    for program in programs {
        let own = Port::reserve();
        let text = format!(
            "{TIMEOUTS}peers p\n  peer a {}\n  peer b 127.0.0.1:1\n  table t type integer size 1k \
             store http_req_rate(10d),bytes_in_rate(10d),gpc_rate(2,10d)\nfrontend f\n  bind @f@\n  \
             http-request set-var(txn.k) path,regsub(/,)\n  \
             http-request return status 200 hdr X-Rate %[var(txn.k),table_http_req_rate(p/t)] if {{ path_len gt 1 }}\n",
            own.addr()
        );
        let p = Builder::new(program, &text).args(&["-db", "-L", "a"]).start();
        let mut peer = TcpStream::connect(own.addr()).unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        peer.write_all(b"HAProxyS 2.1\na\nb 7 0\n").unwrap();
        let mut status = [0; 4];
        peer.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"200\n");
        peer.write_all(&lesson()).unwrap();
        let used = format!("used:{}\n", cases().len());
        wait::until_true("everything to be learned", || p.cli("show table p/t").contains(&used));
        let rows = entries(&p, "p/t");
        let mut c = p.connect("f");
        for (key, (rate, want)) in (1..).zip(cases()) {
            let words = format!("key={key} use=0 http_req_rate({PERIOD})={want} bytes_in_rate({PERIOD})={want} ");
            let row = rows.iter().find(|r| r.starts_with(&words));
            assert!(row.is_some(), "{program:?}: {rate:?} is {want}\n{rows:#?}");
            let fetched = c.get(&format!("/{key}"));
            assert_eq!(fetched.header("x-rate"), Some(&*want.to_string()), "{program:?}: {rate:?}");
        }
        all.push(rows);
    }
    // What the array says is not worked out here; both say the same.
    assert!(all.iter().all(|rows| *rows == all[0]), "{all:#?}");
}
