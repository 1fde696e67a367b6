//! `log` lines and what is written to them (manual, 4.2 `log`, and 8).

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hapax_diag::Span;
use hapax_sample::NameRef;
use hapax_sample::logformat::LogFormat;
use hapax_value::{Endpoint, Millis};

use super::{Bind, Server};

#[derive(Clone, Debug)]
pub struct LogTarget {
    pub transport: LogTransport,
    /// Longest message in bytes, header and final newline included (default 1024).
    pub len: usize,
    pub format: LogWire,
    /// Syslog facility number.
    pub facility: u8,
    /// Highest level sent (0 emerg to 7 debug), and the most severe level a message keeps: `max(level, min_level)` is written.
    pub max_level: u8,
    pub min_level: u8,
    pub sample: Option<Arc<LogSample>>,
    /// `profile`: index of the log profile.
    pub profile: Option<Arc<NameRef>>,
}

/// A moment at which lines may be written by themselves (`log-steps`, `log-profile`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStep {
    Accept,
    Request,
    Connect,
    Response,
    Close,
}

impl LogStep {
    pub const ALL: [Self; 5] = [Self::Accept, Self::Request, Self::Connect, Self::Response, Self::Close];

    /// The word in `log-steps` and in log profiles.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Request => "request",
            Self::Connect => "connect",
            Self::Response => "response",
            Self::Close => "close",
        }
    }

    /// What `%OG` says.
    pub fn origin(self) -> &'static str {
        match self {
            Self::Accept => "txn_accept",
            Self::Request => "txn_request",
            Self::Connect => "txn_connect",
            Self::Response => "txn_response",
            Self::Close => "txn_close",
        }
    }

    pub fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A `log-profile` section: what is written, by step.
#[derive(Debug, Default)]
pub struct LogProfile {
    pub tag: Option<String>,
    /// By the word of the step; `any` stands for those that are not named.
    pub steps: Vec<(Box<str>, ProfileStep)>,
}

/// What a profile changes about the lines of one step.
#[derive(Debug, Default)]
pub struct ProfileStep {
    /// Nothing is written.
    pub drop: bool,
    pub format: Option<LogFormat>,
    pub sd: Option<LogFormat>,
}

impl LogProfile {
    pub fn step(&self, word: &str) -> Option<&ProfileStep> {
        let of = |w: &str| self.steps.iter().rfind(|(s, _)| &**s == w).map(|(_, p)| p);
        of(word).or_else(|| of("any"))
    }
}

/// `sample <ranges>:<size>`: which of each `size` messages are sent. Shared by every proxy that says `log global`.
#[derive(Debug, Default)]
pub struct LogSample {
    /// First and last message of each range, counted from 1.
    pub ranges: Vec<(u32, u32)>,
    pub size: u32,
    taken: AtomicU32,
}

impl LogSample {
    pub fn new(ranges: Vec<(u32, u32)>, size: u32) -> Self {
        Self {
            ranges,
            size: size.max(1),
            taken: AtomicU32::new(0),
        }
    }

    /// Counts one message; `true` when it is to be sent.
    pub fn take(&self) -> bool {
        let last = self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some((n + 1) % self.size));
        let index = last.unwrap_or(0) + 1;
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&index))
    }
}

#[derive(Clone, Debug)]
pub enum LogTransport {
    /// A datagram socket: UDP or UNIX.
    Datagram(Endpoint),
    /// `stdout`, `stderr`, `fd@N`.
    Fd(i32),
    /// `ring@NAME`, and the ring that `tcp@...` makes: an index into the plan's rings.
    Ring(Arc<NameRef>),
    /// `backend@NAME`: a backend of `mode log`.
    Backend(Arc<NameRef>),
    /// Nowhere: an address that this machine could not look up.
    Unknown(String),
}

/// A `ring` section, or what a stream target makes for itself.
#[derive(Debug, Default)]
pub struct Ring {
    pub name: Arc<str>,
    pub span: Span,
    pub description: Option<String>,
    pub format: LogWire,
    /// Longest message, header included; 0: no limit but the ring's size.
    pub maxlen: usize,
    /// Bytes; 0: `tune.bufsize`.
    pub size: usize,
    pub backing_file: Option<String>,
    pub timeout_connect: Option<Millis>,
    pub timeout_server: Option<Millis>,
    pub servers: Vec<Server>,
    /// Made by a `log` line: the format is that of the line.
    pub implicit: bool,
}

/// How messages are told apart on a stream (RFC 6587).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogProto {
    /// By a line feed.
    #[default]
    Legacy,
    /// By a count before each.
    OctetCount,
}

/// A `log-forward` section.
#[derive(Debug, Default)]
pub struct LogForward {
    pub name: Arc<str>,
    pub span: Span,
    pub binds: Vec<Bind>,
    pub dgram_binds: Vec<Bind>,
    pub log: Vec<LogTarget>,
    pub backlog: Option<u32>,
    /// 0: unset.
    pub maxconn: u32,
    pub timeout_client: Option<Millis>,
    pub assume_ntf: bool,
    pub dont_parse: bool,
    pub host: LogHost,
}

/// What becomes of the host name of a forwarded message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogHost {
    Replace,
    #[default]
    Fill,
    Keep,
    Append,
}

/// Framing of a log message (manual, `log`, `format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogWire {
    /// No `format` word: [`Rfc3164`](Self::Rfc3164) with `log-send-hostname`, [`Local`](Self::Local) without.
    #[default]
    Unset,
    Local,
    Rfc3164,
    Rfc5424,
    Priority,
    Short,
    Timed,
    Iso,
    Raw,
}

/// The compiled formats of a proxy.
#[derive(Clone, Debug, Default)]
pub struct LogFormats {
    /// `None`: the default connection log.
    pub main: Option<LogFormat>,
    pub sd: Option<LogFormat>,
    pub error: Option<LogFormat>,
    pub unique_id: Option<Arc<LogFormat>>,
}
