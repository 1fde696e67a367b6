//! `log` lines and what is written to them (manual, 4.2 `log`, and 8).

use hapax_sample::logformat::LogFormat;
use hapax_value::Endpoint;

#[derive(Clone, Debug)]
pub struct LogTarget {
    pub transport: LogTransport,
    /// Longest message in bytes (default 1024).
    pub len: usize,
    pub format: LogWire,
    /// Syslog facility number.
    pub facility: u8,
    /// Highest level sent (0 emerg to 7 debug), and the level below which messages are raised to it.
    pub max_level: u8,
    pub min_level: u8,
    /// `sample <ranges>:<size>`: which of each `size` messages are sent.
    pub sample: Option<(Vec<(u32, u32)>, u32)>,
}

#[derive(Clone, Debug)]
pub enum LogTransport {
    /// A datagram socket: UDP or UNIX.
    Datagram(Endpoint),
    /// `stdout`, `stderr`, `fd@N`.
    Fd(i32),
    /// `ring@NAME`, `tcp@...`: not acted on yet.
    Other(String),
}

/// Framing of a log message (manual, `log`, `format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogWire {
    Local,
    #[default]
    Rfc3164,
    Rfc5424,
    Priority,
    Short,
    Timed,
    Iso,
    Raw,
}

/// The compiled formats of a proxy.
#[derive(Debug, Default)]
pub struct LogFormats {
    /// `None`: the default connection log.
    pub main: Option<LogFormat>,
    pub sd: Option<LogFormat>,
    pub error: Option<LogFormat>,
    pub unique_id: Option<LogFormat>,
}
