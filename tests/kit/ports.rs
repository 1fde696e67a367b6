//! Ports that nobody else takes: below the range the system hands out for outgoing connections, and locked among the tests of this
//! machine for as long as the value lives.

use std::fs::{self, File};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};

use rustix::fs::{FlockOperation, flock};
use socket2::{Domain, SockRef, Socket, Type};

/// Outgoing connections get ports from 32768 up on Linux.
const RANGE: std::ops::Range<u16> = 12_000..32_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A reserved TCP and UDP port of 127.0.0.1.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    pub fn reserve() -> Self {
        let dir: PathBuf = std::env::temp_dir().join("hapax-test-ports");
        fs::create_dir_all(&dir).unwrap();
        let span = RANGE.end - RANGE.start;
        // Processes start at places of their own.
        let start = (std::process::id() as u16).wrapping_mul(61) % span;
        for _ in 0..span {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % span;
            let number = RANGE.start + (start + step) % span;
            let lock = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(dir.join(number.to_string()))
                .unwrap();
            if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() && is_free(number) {
                return Self { number, _lock: lock };
            }
        }
        panic!("no port is free");
    }

    pub fn number(&self) -> u16 {
        self.number
    }

    /// `127.0.0.1:PORT`
    pub fn addr(&self) -> String {
        format!("127.0.0.1:{}", self.number)
    }
}

/// Nobody listens there. The socket that asks does not listen either: a child that is being started by another thread holds a copy of
/// it for a moment, and one that listens would keep the port from its owner.
fn is_free(number: u16) -> bool {
    let probe = || -> std::io::Result<()> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], number)).into())
    };
    probe().is_ok()
}

/// Ends a listening socket for good, and wakes who waits for its connections. Dropping it would not do: a child that another thread is
/// starting holds a copy for a moment, and whoever connects meanwhile is accepted by the system and then cut, where a test wants a
/// dead address.
pub fn stop_listening(listener: &TcpListener) {
    // One that has ended already is as good.
    let _ = SockRef::from(listener).shutdown(Shutdown::Both);
}

/// Whether anything listens on a port of this machine, without connecting to it.
pub fn listening(port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| {
        let text = fs::read_to_string(table).unwrap_or_default();
        text.lines().skip(1).any(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let local = fields.next().unwrap_or("");
            // 0A: LISTEN.
            local.ends_with(&wanted) && fields.nth(1) == Some("0A")
        })
    })
}
