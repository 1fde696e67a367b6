//! Sends log messages to the targets of `log` lines without ever waiting: what a full socket does not take is dropped and counted.
//!
//! What a message says is the stream's business; here it gets its header (`header`), is cut to the target's length and goes out
//! (`sink`). A worker has a [`Logger`] of its own; what is outside the workers shares a [`SharedLogger`].

mod header;
pub(crate) use header::MONTHS;
mod sink;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hapax_config::plan::{LogTarget, LogTransport, LogWire};

use header::Header;
use sink::Sinks;

/// The tag of messages where no `log-tag` says otherwise: the word that filters written for HAProxy look for.
pub const DEFAULT_TAG: &str = "haproxy";

/// Severities of syslog.
pub mod level {
    pub const EMERG: u8 = 0;
    pub const ALERT: u8 = 1;
    pub const CRIT: u8 = 2;
    pub const ERR: u8 = 3;
    pub const WARNING: u8 = 4;
    pub const NOTICE: u8 = 5;
    pub const INFO: u8 = 6;
    pub const DEBUG: u8 = 7;
}

/// One worker's way to the log targets.
#[derive(Debug)]
pub struct Logger {
    header: Header,
    sinks: Sinks,
    line: Vec<u8>,
    dropped: Arc<AtomicU64>,
}

impl Logger {
    /// `hostname`: of `log-send-hostname`. `dropped`: the process-wide counter of messages lost.
    pub fn new(hostname: Option<Arc<str>>, dropped: Arc<AtomicU64>) -> Self {
        Self {
            header: Header::new(hostname, std::process::id()),
            sinks: Sinks::default(),
            line: Vec::with_capacity(1024),
            dropped,
        }
    }

    /// Sends `msg` to every target that wants its level.
    pub fn send(&mut self, targets: &[LogTarget], tag: &str, level: u8, msg: &[u8]) {
        self.send_structured(targets, tag, level, b"", msg);
    }

    /// As [`send`](Self::send), with the structured data of `log-format-sd` for targets of format `rfc5424`.
    pub fn send_structured(&mut self, targets: &[LogTarget], tag: &str, level: u8, sd: &[u8], msg: &[u8]) {
        let msg = trim(msg);
        for target in targets {
            if level > target.max_level || target.sample.as_ref().is_some_and(|s| !s.take()) {
                continue;
            }
            let level = level.max(target.min_level);
            self.line.clear();
            self.header.write(&mut self.line, target.format, target.facility, level, tag, sd);
            // The length counts the newline too.
            let room = target.len.max(1) - 1;
            self.line.truncate(room);
            let rest = room - self.line.len();
            self.line.extend_from_slice(&msg[..msg.len().min(rest)]);
            self.line.push(b'\n');
            let sent = match &target.transport {
                LogTransport::Datagram(to) => self.sinks.datagram(to, &self.line),
                LogTransport::Fd(n) => self.sinks.descriptor(*n, &self.line),
                // `check` has said that nothing is sent there.
                LogTransport::Other(_) => continue,
            };
            if !sent {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Messages end with one newline, whatever they were given with.
fn trim(msg: &[u8]) -> &[u8] {
    let end = msg.iter().rposition(|b| *b != b'\n' && *b != 0).map_or(0, |i| i + 1);
    &msg[..end]
}

/// A logger for what is rare and comes from anywhere: state changes of servers, start and stop of proxies.
#[derive(Debug)]
pub struct SharedLogger {
    inner: Mutex<Logger>,
}

impl SharedLogger {
    pub fn new(hostname: Option<Arc<str>>, dropped: Arc<AtomicU64>) -> Self {
        Self {
            inner: Mutex::new(Logger::new(hostname, dropped)),
        }
    }

    pub fn send(&self, targets: &[LogTarget], tag: &str, level: u8, msg: &[u8]) {
        if targets.is_empty() {
            return;
        }
        // A logger left by a panic holds nothing but a scratch line: it is as good as before.
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(targets, tag, level, msg);
    }
}

#[cfg(test)]
mod tests;
