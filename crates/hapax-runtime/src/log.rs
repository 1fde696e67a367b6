//! Sends log messages to the targets of `log` lines without ever waiting: what a full socket does not take is dropped and counted.
//!
//! What a message says is the stream's business; here it gets its header (`header`), is cut to the target's length and goes out
//! (`sink`). A worker has a [`Logger`] of its own; what is outside the workers shares a [`SharedLogger`].

mod forward;
mod header;
mod outlets;
pub(crate) mod receive;
mod ring;
pub(crate) use header::MONTHS;
mod sink;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hapax_config::plan::{LogTarget, LogTransport, LogWire};
use hapax_proto::syslog::Message;
use hapax_sample::{NameRef, ProxyId};

use crate::state::Shared;
use header::Header;
pub use outlets::{Outlets, RingFiles, open_backing_files};
pub use ring::Ring;
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
    pub fn send(&mut self, shared: &Arc<Shared>, targets: &[LogTarget], tag: &str, level: u8, msg: &[u8]) {
        self.send_structured(shared, targets, tag, level, b"", msg);
    }

    /// As [`send`](Self::send), with the structured data of `log-format-sd` for targets of format `rfc5424`.
    pub fn send_structured(&mut self, shared: &Arc<Shared>, targets: &[LogTarget], tag: &str, level: u8, sd: &[u8], msg: &[u8]) {
        let msg = trim(msg);
        for target in targets.iter().filter(|t| wants(t, level)) {
            let level = level.max(target.min_level);
            self.deliver(shared, target, msg, |header, out, wire| {
                header.write(out, wire, target.facility, level, tag, sd);
            });
        }
    }

    /// Sends a message of somebody else's on. `host`: what stands for its host name.
    pub(crate) fn forward(&mut self, shared: &Arc<Shared>, targets: &[LogTarget], message: &Message<'_>, host: &[u8]) {
        for target in targets {
            let priority = message.priority.unwrap_or(u32::from(target.facility) << 3);
            let level = (priority & 7) as u8;
            if !wants(target, level) {
                continue;
            }
            let priority = priority & !7 | u32::from(level.max(target.min_level));
            self.deliver(shared, target, message.text, |header, out, wire| {
                header.write_theirs(out, wire, priority, message, host);
            });
        }
    }

    /// Makes the line for one target and hands it over.
    fn deliver(&mut self, shared: &Arc<Shared>, target: &LogTarget, msg: &[u8], head: impl FnOnce(&mut Header, &mut Vec<u8>, LogWire)) {
        let ring = match &target.transport {
            LogTransport::Ring(name) => id(name).and_then(|i| shared.logs.ring(i)),
            _ => None,
        };
        // A ring of its own name has a format and a length of its own.
        let named = ring.and_then(|r| r.format.map(|f| (f, if r.maxlen == 0 { usize::MAX } else { r.maxlen + 1 })));
        let (wire, len) = named.unwrap_or((target.format, target.len));
        self.line.clear();
        head(&mut self.header, &mut self.line, wire);
        // The length counts the newline too.
        let room = len.max(1) - 1;
        self.line.truncate(room);
        let rest = room - self.line.len();
        self.line.extend_from_slice(&msg[..msg.len().min(rest)]);
        let sent = match &target.transport {
            LogTransport::Ring(_) => ring.is_some_and(|r| r.push(&self.line)),
            LogTransport::Backend(name) => id(name).is_some_and(|b| self.spread(shared, ProxyId(b as u32), msg)),
            transport => {
                self.line.push(b'\n');
                match transport {
                    LogTransport::Datagram(to) => self.sinks.datagram(to, &self.line),
                    LogTransport::Fd(n) => self.sinks.descriptor(*n, &self.line),
                    // The configuration was refused.
                    LogTransport::Unknown(_) | LogTransport::Ring(_) | LogTransport::Backend(_) => false,
                }
            }
        };
        if !sent {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Hands the line to a server of a log backend.
    fn spread(&mut self, shared: &Arc<Shared>, backend: ProxyId, msg: &[u8]) -> bool {
        let Some(i) = outlets::choose(shared, backend, msg) else {
            return false;
        };
        if let Some(ring) = shared.logs.of_server(backend, i) {
            return ring.push(&self.line);
        }
        let conf = shared.proxy(backend).servers[i].conf();
        let Some(address) = conf.address.as_ref().filter(|_| conf.datagram) else {
            return false;
        };
        self.line.push(b'\n');
        self.sinks.datagram(address, &self.line)
    }
}

/// What a name was found to be.
fn id(name: &NameRef) -> Option<u64> {
    name.id.get().copied()
}

/// Whether the target takes a message of that level, which then counts as one of its samples.
fn wants(target: &LogTarget, level: u8) -> bool {
    level <= target.max_level && target.sample.as_ref().is_none_or(|s| s.take())
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

    pub fn send(&self, shared: &Arc<Shared>, targets: &[LogTarget], tag: &str, level: u8, msg: &[u8]) {
        if targets.is_empty() {
            return;
        }
        // A logger left by a panic holds nothing but a scratch line: it is as good as before.
        self.inner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(shared, targets, tag, level, msg);
    }
}

#[cfg(test)]
mod tests;
