//! The proxy's log, read while it is written: how many requests of each client it accounts for.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use anyhow::Result;

/// Lines seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// With the mark of a whole request (`id=`), and without: requests that never became whole.
    pub(super) whole: AtomicU64,
    pub(super) broken: AtomicU64,
    /// The lines themselves, but those of requests that went well.
    pub(super) telling: Mutex<Vec<(SystemTime, String)>>,
}

impl Seen {
    fn keep(&self, line: &[u8]) {
        const ENOUGH: usize = 100_000;
        let mut all = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < ENOUGH {
            all.push((SystemTime::now(), String::from_utf8_lossy(line).into_owned()));
        }
    }
}

pub(super) struct Collector {
    pub(super) port: u16,
    pub(super) seen: Arc<Seen>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    pub(super) fn start() -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let port = socket.local_addr()?.port();
        let (seen, stop) = (Arc::new(Seen::default()), Arc::new(AtomicBool::new(false)));
        let (s, over) = (Arc::clone(&seen), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let mut buf = vec![0; 65_536];
            while !over.load(Ordering::SeqCst) {
                let Ok(n) = socket.recv(&mut buf) else { continue };
                let line = &buf[..n];
                // Lines of starts, stops and checks are not about requests.
                if !line.windows(4).any(|w| w == b"REQ ") {
                    s.keep(line);
                    continue;
                }
                if !line.windows(8).any(|w| w == b"REQ -- 2") {
                    s.keep(line);
                }
                let whole = line.windows(3).any(|w| w == b"id=");
                let count = if whole { &s.whole } else { &s.broken };
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self {
            port,
            seen,
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(t) = self.thread.take() {
            let _ = t.join();
        }
    }
}
