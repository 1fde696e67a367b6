//! What stands before a log message, by the target's format. Times are rendered once a second and patched for microseconds.

use std::io::Write;
use std::sync::Arc;

use hapax_proto::syslog::{self, Form, Message};
use hapax_sys::clock::{self, Calendar};

use super::LogWire;

pub(crate) const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Length of `2026-11-23T09:04:46.276385+00:00 `.
const ISO: usize = 33;
/// Where its microseconds stand.
const MICROS: std::ops::Range<usize> = 20..26;
/// Length of `Nov 23 09:04:30 `.
const LEGACY: usize = 16;

/// Renders headers; remembers the current second.
#[derive(Debug)]
pub(super) struct Header {
    second: i64,
    legacy: [u8; LEGACY],
    iso: [u8; ISO],
    pid: String,
    hostname: Option<Arc<str>>,
}

impl Header {
    pub(super) fn new(hostname: Option<Arc<str>>, pid: u32) -> Self {
        Self {
            second: i64::MIN,
            legacy: [b' '; LEGACY],
            iso: [b' '; ISO],
            pid: pid.to_string(),
            hostname,
        }
    }

    /// Appends the header for one message.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, wire: LogWire, facility: u8, level: u8, tag: &str, sd: &[u8]) {
        self.write_at(out, wire, facility, level, tag, sd, clock::realtime_coarse());
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one header, each of them used once")]
    pub(super) fn write_at(&mut self, out: &mut Vec<u8>, wire: LogWire, facility: u8, level: u8, tag: &str, sd: &[u8], now: (i64, u32)) {
        let wire = match (wire, &self.hostname) {
            (LogWire::Unset, Some(_)) => LogWire::Rfc3164,
            (LogWire::Unset, None) => LogWire::Local,
            (w, _) => w,
        };
        match wire {
            LogWire::Raw | LogWire::Unset => {}
            LogWire::Priority => priority(out, facility, level),
            LogWire::Short => priority(out, 0, level),
            LogWire::Timed => {
                priority(out, 0, level);
                self.iso(out, now);
            }
            LogWire::Iso => self.iso(out, now),
            LogWire::Local => {
                priority(out, facility, level);
                self.legacy(out, now);
                self.tag(out, tag);
            }
            LogWire::Rfc3164 => {
                priority(out, facility, level);
                self.legacy(out, now);
                out.extend_from_slice(self.hostname.as_deref().unwrap_or("localhost").as_bytes());
                out.push(b' ');
                self.tag(out, tag);
            }
            LogWire::Rfc5424 => {
                priority(out, facility, level);
                out.extend_from_slice(b"1 ");
                self.iso(out, now);
                // Host, application, process, message id (never set), structured data; `-` is the format's "none".
                let host = self.hostname.as_deref().unwrap_or("");
                for field in [host.as_bytes(), tag.as_bytes(), self.pid.as_bytes(), b"", sd.trim_ascii_end()] {
                    out.extend_from_slice(if field.is_empty() { b"-" } else { field });
                    out.push(b' ');
                }
            }
        }
    }

    /// Appends the header of a message of somebody else's, with what it came with; `host` stands for its host name.
    pub(super) fn write_theirs(&mut self, out: &mut Vec<u8>, wire: LogWire, priority: u32, m: &Message<'_>, host: &[u8]) {
        let now = clock::realtime_coarse();
        let wire = match (wire, m.form) {
            // It keeps the form it came in.
            (LogWire::Unset, Form::Raw) => LogWire::Raw,
            (LogWire::Unset, Form::Priority) => LogWire::Priority,
            (LogWire::Unset, Form::Rfc3164) => LogWire::Rfc3164,
            (LogWire::Unset, Form::Rfc5424) => LogWire::Rfc5424,
            (wire, _) => wire,
        };
        match wire {
            LogWire::Raw | LogWire::Unset => {}
            LogWire::Priority => bracketed(out, priority),
            LogWire::Short => bracketed(out, priority & 7),
            LogWire::Timed => {
                bracketed(out, priority & 7);
                self.their_iso(out, m, now);
            }
            LogWire::Iso => self.their_iso(out, m, now),
            LogWire::Local | LogWire::Rfc3164 => {
                bracketed(out, priority);
                self.their_legacy(out, m, now);
                if wire == LogWire::Rfc3164 {
                    out.extend_from_slice(if host.is_empty() { b"localhost" } else { host });
                    out.push(b' ');
                }
                if !m.tag.is_empty() {
                    out.extend_from_slice(m.tag);
                    if !m.pid.is_empty() {
                        out.push(b'[');
                        out.extend_from_slice(m.pid);
                        out.push(b']');
                    }
                    out.extend_from_slice(b": ");
                }
            }
            LogWire::Rfc5424 => {
                bracketed(out, priority);
                out.extend_from_slice(b"1 ");
                if m.form == Form::Rfc5424 && m.time.is_empty() {
                    out.extend_from_slice(b"- ");
                } else {
                    self.their_iso(out, m, now);
                }
                for field in [host, m.tag, m.pid, m.id, m.structured] {
                    out.extend_from_slice(if field.is_empty() { b"-" } else { field });
                    out.push(b' ');
                }
            }
        }
    }

    /// The message's own time, or now.
    fn their_iso(&mut self, out: &mut Vec<u8>, m: &Message<'_>, now: (i64, u32)) {
        match m.form {
            Form::Rfc5424 if !m.time.is_empty() => out.extend_from_slice(m.time),
            Form::Rfc3164 if syslog::modern_time(m.time, clock::local(now.0).year, out) => {}
            _ => return self.iso(out, now),
        }
        out.push(b' ');
    }

    fn their_legacy(&mut self, out: &mut Vec<u8>, m: &Message<'_>, now: (i64, u32)) {
        match m.form {
            Form::Rfc3164 => out.extend_from_slice(m.time),
            Form::Rfc5424 if syslog::legacy_time(m.time, out) => {}
            _ => return self.legacy(out, now),
        }
        out.push(b' ');
    }

    fn tag(&self, out: &mut Vec<u8>, tag: &str) {
        if tag.is_empty() {
            return;
        }
        out.extend_from_slice(tag.as_bytes());
        out.push(b'[');
        out.extend_from_slice(self.pid.as_bytes());
        out.extend_from_slice(b"]: ");
    }

    fn legacy(&mut self, out: &mut Vec<u8>, (second, _): (i64, u32)) {
        self.refresh(second);
        out.extend_from_slice(&self.legacy);
    }

    fn iso(&mut self, out: &mut Vec<u8>, (second, mut micros): (i64, u32)) {
        self.refresh(second);
        for digit in self.iso[MICROS].iter_mut().rev() {
            *digit = b'0' + (micros % 10) as u8;
            micros /= 10;
        }
        out.extend_from_slice(&self.iso);
    }

    fn refresh(&mut self, second: i64) {
        if second != self.second {
            self.second = second;
            self.render(clock::local(second));
        }
    }

    fn render(&mut self, c: Calendar) {
        let month = MONTHS.get(c.month as usize).copied().unwrap_or("Jan");
        // Both fit their buffers for every calendar date of four-digit years; the rest of a longer one is cut.
        let _ = write!(
            &mut self.legacy[..],
            "{month} {:2} {:02}:{:02}:{:02} ",
            c.day,
            c.hour,
            c.minute,
            c.second
        );
        let (sign, east) = if c.offset < 0 { ('-', -c.offset) } else { ('+', c.offset) };
        let _ = write!(
            &mut self.iso[..],
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000000{sign}{:02}:{:02} ",
            c.year,
            c.month + 1,
            c.day,
            c.hour,
            c.minute,
            c.second,
            east / 3600,
            east % 3600 / 60
        );
    }
}

/// `<facility * 8 + level>`
fn priority(out: &mut Vec<u8>, facility: u8, level: u8) {
    bracketed(out, u32::from(facility) * 8 + u32::from(level));
}

fn bracketed(out: &mut Vec<u8>, number: u32) {
    let mut digits = itoa::Buffer::new();
    out.push(b'<');
    out.extend_from_slice(digits.format(number).as_bytes());
    out.push(b'>');
}
