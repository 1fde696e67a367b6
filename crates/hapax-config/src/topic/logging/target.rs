//! The target, framing, facility and levels of one `log` line.

use std::sync::{Arc, OnceLock};

use hapax_diag::{Diagnostic, Span};
use hapax_sample::{NameKind, NameRef};
use hapax_value::Endpoint;

use crate::address::{self, Accept, Host, Port};
use crate::args::Args;
use crate::plan::{LogSample, LogTarget, LogTransport, LogWire, Ring, Server};
use crate::reader::Reader;

static FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp", "audit", "alert", "cron2",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

static LEVELS: &[&str] = &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

pub(in crate::topic) static WIRES: &[(&str, LogWire)] = &[
    ("local", LogWire::Local),
    ("rfc3164", LogWire::Rfc3164),
    ("rfc5424", LogWire::Rfc5424),
    ("priority", LogWire::Priority),
    ("short", LogWire::Short),
    ("timed", LogWire::Timed),
    ("iso", LogWire::Iso),
    ("raw", LogWire::Raw),
];

/// Port of syslog over UDP.
const SYSLOG: u16 = 514;

/// Reads everything after `log`; there are at least two words.
pub(in crate::topic) fn read(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<LogTarget, Diagnostic> {
    let bad = |i: usize, what: String| a.bad(i, format!("log : {what}"));
    let mut target = LogTarget {
        transport: transport(cx, a)?,
        len: 1024,
        format: LogWire::Unset,
        facility: 0,
        max_level: 7,
        min_level: 0,
        sample: None,
        profile: None,
    };
    let mut i = 1;
    if a.str(i) == "len" {
        target.len = a.str(i + 1).parse().ok().filter(|n| (80..=65535).contains(n)).ok_or_else(|| {
            bad(
                i + 1,
                format!("invalid log length '{}', must be between 80 and 65535", a.show(i + 1)),
            )
        })?;
        i += 2;
    }
    if a.str(i) == "format" {
        let wire = WIRES.iter().find(|(n, _)| *n == a.str(i + 1));
        target.format = wire.ok_or_else(|| bad(i + 1, format!("unknown log format '{}'", a.show(i + 1))))?.1;
        i += 2;
    }
    if a.str(i) == "sample" {
        target.sample = Some(Arc::new(sample(a.str(i + 1)).map_err(|e| bad(i + 1, e))?));
        i += 2;
    }
    if a.str(i) == "profile" {
        if a.str(i + 1).is_empty() {
            return Err(bad(i, "expected log-profile name".to_owned()));
        }
        target.profile = Some(named(cx, NameKind::LogProfile, a.str(i + 1), a.at(i + 1)));
        i += 2;
    }
    target.facility = FACILITIES
        .iter()
        .position(|f| *f == a.str(i))
        .ok_or_else(|| bad(i, format!("unknown log facility '{}'", a.show(i))))? as u8;
    let level = |i: usize| LEVELS.iter().position(|l| *l == a.str(i)).map(|n| n as u8);
    if a.len() > i + 1 {
        target.max_level = level(i + 1).ok_or_else(|| bad(i + 1, format!("unknown optional log level '{}'", a.show(i + 1))))?;
    }
    if a.len() > i + 2 {
        target.min_level = level(i + 2).ok_or_else(|| bad(i + 2, format!("unknown optional minimum log level '{}'", a.show(i + 2))))?;
    }
    if a.len() > i + 3 {
        return Err(bad(i + 3, format!("cannot handle unexpected argument '{}'", a.show(i + 3))));
    }
    Ok(target)
}

fn transport(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<LogTransport, Diagnostic> {
    let text = a.str(0);
    match text {
        "stdout" => return Ok(LogTransport::Fd(1)),
        "stderr" => return Ok(LogTransport::Fd(2)),
        _ => {}
    }
    if let Some(name) = text.strip_prefix("ring@") {
        return Ok(LogTransport::Ring(named(cx, NameKind::Ring, name, a.at(0))));
    }
    if let Some(name) = text.strip_prefix("backend@") {
        return Ok(LogTransport::Backend(named(cx, NameKind::Backend, name, a.at(0))));
    }
    let mut parsed = address::parse(text, Accept::LOG, &cx.env).map_err(|e| a.bad(0, format!("log : {e}")))?;
    if parsed.port == Port::None {
        parsed.port = Port::Fixed(SYSLOG);
    }
    let stream = ["tcp", "mptcp", "stream+", "uxst@"].iter().any(|p| text.starts_with(p));
    if let Host::Fd(fd) = &parsed.host {
        return Ok(LogTransport::Fd(*fd));
    }
    let Some(endpoint) = cx.resolve(&parsed, text, a.at(0), "log : ")? else {
        return Ok(LogTransport::Unknown(text.to_owned()));
    };
    Ok(if stream {
        own_ring(cx, text, endpoint, a)
    } else {
        LogTransport::Datagram(endpoint)
    })
}

/// A name that is looked up when all sections are known.
fn named(cx: &mut Reader<'_>, kind: NameKind, name: &str, span: Span) -> Arc<NameRef> {
    let name = Arc::new(NameRef {
        kind,
        name: name.into(),
        span,
        within: None,
        id: OnceLock::new(),
        acl: OnceLock::new(),
        keyed: OnceLock::new(),
        status: OnceLock::new(),
    });
    cx.deferred.push(name.clone());
    name
}

/// A stream target is a ring of its own with one server behind it.
fn own_ring(cx: &mut Reader<'_>, text: &str, to: Endpoint, a: &Args<'_>) -> LogTransport {
    let at = cx.rings.len() as u64;
    cx.rings.push(Ring {
        name: text.into(),
        span: a.line,
        servers: vec![Server {
            name: text.into(),
            span: a.line,
            address: Some(to),
            ..Server::default()
        }],
        implicit: true,
        ..Ring::default()
    });
    LogTransport::Ring(Arc::new(NameRef {
        kind: NameKind::Ring,
        name: text.into(),
        span: a.at(0),
        within: None,
        id: OnceLock::from(at),
        acl: OnceLock::new(),
        keyed: OnceLock::new(),
        status: OnceLock::new(),
    }))
}

/// `1,3-5:10`
fn sample(text: &str) -> Result<LogSample, String> {
    let Some((ranges, size)) = text.split_once(':') else {
        return Err("Missing sample size".to_owned());
    };
    let mut list = Vec::new();
    for part in ranges.split(',').filter(|p| !p.is_empty()) {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let range = low.parse().ok().zip(high.parse().ok());
        let (low, high): (u32, u32) = range
            .filter(|(l, h)| *l > 0 && l <= h)
            .ok_or_else(|| format!("wrong sample range '{part}'"))?;
        if list.iter().any(|(l, h)| low <= *h && *l <= high) {
            return Err("ranges are overlapping".to_owned());
        }
        list.push((low, high));
    }
    let highest = list.iter().map(|(_, h)| *h).max().ok_or("no sampling ranges given")?;
    let size: u32 = size
        .parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("wrong sample size '{size}' for sample range '{ranges}'"))?;
    if size < highest {
        return Err(format!(
            "sample size {size} should be greater or equal to {highest} the maximum of the high ranges limits"
        ));
    }
    Ok(LogSample::new(list, size))
}
