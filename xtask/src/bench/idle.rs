//! Memory of connections that do nothing: opened, asked one thing each, and held.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::load::Sample;
use super::peer::Running;

/// Warm-up: what the first requests allocate belongs to the process, not to a connection.
const WARM: usize = 200;

pub(super) fn run(proxy: &Running, connections: usize) -> Result<Sample> {
    let warm = open(proxy.port, WARM)?;
    drop(warm);
    std::thread::sleep(Duration::from_millis(300));
    let before = proxy.process.resident();
    let held = open(proxy.port, connections)?;
    std::thread::sleep(Duration::from_millis(300));
    let grown = proxy.process.resident().saturating_sub(before);
    drop(held);
    Ok(Sample {
        cost: grown as f64 / connections as f64,
        ..Sample::default()
    })
}

fn open(port: u16, n: usize) -> Result<Vec<TcpStream>> {
    let mut all = Vec::with_capacity(n);
    let mut buf = [0; 1024];
    for i in 0..n {
        let mut s = TcpStream::connect(("127.0.0.1", port)).with_context(|| format!("connection {i}"))?;
        s.set_read_timeout(Some(Duration::from_secs(5)))?;
        s.write_all(b"GET /2b HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        let mut got = 0;
        while !buf[..got].ends_with(b"ok") {
            match s.read(&mut buf[got..])? {
                0 => bail!("connection {i} was closed"),
                k => got += k,
            }
        }
        all.push(s);
    }
    Ok(all)
}
