//! Addresses as configuration words write them (manual, 2.9): prefixes, hosts, ports, ranges and offsets.
//!
//! Pure: names are not looked up and descriptors not opened; whoever needs them does that afterwards.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bitflags::bitflags;

bitflags! {
    /// What a keyword's address may be made of.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Allowed: u16 {
        /// A port may follow.
        const PORT = 1 << 0;
        /// A port must follow.
        const PORT_MANDATORY = 1 << 1;
        /// `80-90`
        const PORT_RANGE = 1 << 2;
        /// `+1`, `-1`: relative to the client's port.
        const PORT_OFFSET = 1 << 3;
        /// `fd@`, and `sockpair@` as a descriptor to listen on.
        const FD = 1 << 4;
        const STREAM = 1 << 5;
        const DGRAM = 1 << 6;
        /// Without a prefix, datagrams (`log`, `nameserver`, `dgram-bind`).
        const DEFAULT_DGRAM = 1 << 7;
        /// `rhttp@BACKEND/SERVER` (bind) or `rhttp@` (server).
        const RHTTP = 1 << 8;
        /// `stdout`, `stderr`, `ring@NAME`, `backend@NAME`.
        const LOG_TARGET = 1 << 9;
        /// `quic4@`, `quic6@`
        const QUIC = 1 << 10;

        const BIND = Self::PORT.bits() | Self::PORT_MANDATORY.bits() | Self::PORT_RANGE.bits() | Self::FD.bits()
            | Self::STREAM.bits() | Self::RHTTP.bits() | Self::QUIC.bits();
        const SERVER = Self::PORT.bits() | Self::PORT_OFFSET.bits() | Self::STREAM.bits() | Self::RHTTP.bits() | Self::QUIC.bits();
        const LOG = Self::PORT.bits() | Self::FD.bits() | Self::STREAM.bits() | Self::DGRAM.bits() | Self::DEFAULT_DGRAM.bits()
            | Self::LOG_TARGET.bits();
    }
}

/// How bytes travel, as a prefix or the keyword has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    Stream,
    Dgram,
    Quic,
    Mptcp,
}

/// Which families a host may turn out to be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4 or IPv6, whatever the text or the name gives.
    Ip,
    V4,
    V6,
    Unix,
    /// Linux' abstract namespace, padded or (`Abnsz`) zero-terminated.
    Abns,
    Abnsz,
    /// An inherited descriptor.
    Fd,
    Sockpair,
    Rhttp,
    /// `stdout`, `stderr`, `ring@`, `backend@`
    LogTarget,
}

/// What stands where the host does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    Ip(IpAddr),
    /// To be looked up; see [`may_be_name`].
    Name(Box<str>),
    /// A socket path, or a name in the abstract namespace.
    Path(Box<str>),
    Fd(i32),
    /// `BACKEND/SERVER`, or nothing.
    Rhttp(Box<str>),
    Stdout,
    Stderr,
    Ring(Box<str>),
    Backend(Box<str>),
}

/// The port part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ports {
    None,
    One(u16),
    /// Both ends are in it.
    Range(u16, u16),
    /// Added to the port the client connected to.
    Offset(i32),
}

/// An address as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parsed {
    pub family: Family,
    pub transport: Transport,
    pub host: Host,
    pub ports: Ports,
}

/// The longest socket path Linux takes, without its NUL.
pub const MAX_PATH: usize = 107;

/// Splits a list of addresses at its commas; one trailing comma is allowed, as in HAProxy.
pub fn split_list(text: &str) -> impl Iterator<Item = &str> {
    text.strip_suffix(',').unwrap_or(text).split(',')
}

/// Whether a resolver could ever know that name; anything else is a mistake in the text.
pub fn may_be_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Parses one address. The error is HAProxy's sentence about it, without the keyword.
pub fn parse(text: &str, allowed: Allowed) -> Result<Parsed, String> {
    if text.is_empty() {
        return Err(format!("'{text}' resolves to an empty address (environment variable missing?)"));
    }
    if allowed.contains(Allowed::LOG_TARGET)
        && let Some(host) = log_target(text)
    {
        return Ok(Parsed {
            family: Family::LogTarget,
            transport: Transport::Dgram,
            host,
            ports: Ports::None,
        });
    }
    let (family, forced, rest) = prefix(text);
    let default = if allowed.contains(Allowed::DEFAULT_DGRAM) {
        Transport::Dgram
    } else {
        Transport::Stream
    };
    let transport = forced.unwrap_or(default);
    let (host, ports) = match family {
        Family::Unix | Family::Abns | Family::Abnsz => {
            if rest.len() > MAX_PATH {
                return Err(format!("socket path '{text}' too long (max {MAX_PATH})"));
            }
            (Host::Path(rest.into()), Ports::None)
        }
        Family::Fd | Family::Sockpair => (descriptor(rest, text, family, allowed)?, Ports::None),
        Family::Rhttp | Family::LogTarget => (Host::Rhttp(rest.into()), Ports::None),
        Family::Ip | Family::V4 | Family::V6 => {
            let (host, port) = split_port(rest);
            let ports = parse_ports(port, text, allowed)?;
            (parse_host(host, family, text)?, ports)
        }
    };
    acceptable(family, transport, text, allowed)?;
    Ok(Parsed {
        family,
        transport,
        host,
        ports,
    })
}

/// Whether the keyword takes that kind of socket.
fn acceptable(family: Family, transport: Transport, text: &str, allowed: Allowed) -> Result<(), String> {
    let kind = match transport {
        Transport::Stream | Transport::Mptcp if !allowed.contains(Allowed::STREAM) => "stream",
        Transport::Dgram if !allowed.contains(Allowed::DGRAM) => "dgram",
        Transport::Quic if !allowed.contains(Allowed::QUIC) => "dgram",
        _ if family == Family::Rhttp && !allowed.contains(Allowed::RHTTP) => "reverse-http",
        _ => return Ok(()),
    };
    Err(format!("{kind}-type address not acceptable in '{text}'"))
}

fn log_target(text: &str) -> Option<Host> {
    Some(match text {
        "stdout" => Host::Stdout,
        "stderr" => Host::Stderr,
        _ => {
            if let Some(name) = text.strip_prefix("ring@") {
                Host::Ring(name.into())
            } else {
                Host::Backend(text.strip_prefix("backend@")?.into())
            }
        }
    })
}

/// Every whole prefix: its family, and the transport it forces.
const PREFIXES: &[(&str, Family, Option<Transport>)] = &[
    ("ip@", Family::Ip, None),
    ("ipv4@", Family::V4, None),
    ("ipv6@", Family::V6, None),
    ("unix@", Family::Unix, None),
    ("uxst@", Family::Unix, Some(Transport::Stream)),
    ("uxdg@", Family::Unix, Some(Transport::Dgram)),
    ("abns@", Family::Abns, None),
    ("abnsz@", Family::Abnsz, None),
    ("fd@", Family::Fd, None),
    ("sockpair@", Family::Sockpair, None),
    ("rhttp@", Family::Rhttp, None),
    ("tcp@", Family::Ip, Some(Transport::Stream)),
    ("tcp4@", Family::V4, Some(Transport::Stream)),
    ("tcp6@", Family::V6, Some(Transport::Stream)),
    ("udp@", Family::Ip, Some(Transport::Dgram)),
    ("udp4@", Family::V4, Some(Transport::Dgram)),
    ("udp6@", Family::V6, Some(Transport::Dgram)),
    ("mptcp@", Family::Ip, Some(Transport::Mptcp)),
    ("mptcp4@", Family::V4, Some(Transport::Mptcp)),
    ("mptcp6@", Family::V6, Some(Transport::Mptcp)),
    ("quic4@", Family::V4, Some(Transport::Quic)),
    ("quic6@", Family::V6, Some(Transport::Quic)),
];

/// Takes the prefixes off.
fn prefix(text: &str) -> (Family, Option<Transport>, &str) {
    let (mut forced, mut rest) = (None, text);
    for (word, transport) in [
        ("stream+", Transport::Stream),
        ("dgram+", Transport::Dgram),
        ("quic+", Transport::Quic),
    ] {
        if let Some(after) = rest.strip_prefix(word) {
            (forced, rest) = (Some(transport), after);
            break;
        }
    }
    for (word, family, transport) in PREFIXES {
        if let Some(after) = rest.strip_prefix(word) {
            return (*family, forced.or(*transport), after);
        }
    }
    let family = if rest.starts_with('/') { Family::Unix } else { Family::Ip };
    (family, forced, rest)
}

fn descriptor(rest: &str, text: &str, family: Family, allowed: Allowed) -> Result<Host, String> {
    let fd = rest
        .parse()
        .ok()
        .filter(|n: &i32| *n >= 0)
        .ok_or_else(|| format!("file descriptor '{rest}' is not a valid integer in '{text}'"))?;
    if family == Family::Fd && !allowed.contains(Allowed::FD) {
        return Err(format!("a file descriptor is not acceptable here in '{text}'"));
    }
    Ok(Host::Fd(fd))
}

/// Splits at the last colon, unless a bracket closes after it: `::1:80` is host `::1` and port 80.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rfind([':', ']']) {
        Some(at) if text.as_bytes()[at] == b':' => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    }
}

fn parse_host(host: &str, family: Family, text: &str) -> Result<Host, String> {
    if host.is_empty() || host == "*" {
        return Ok(Host::Ip(match family {
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
            _ => Ipv4Addr::UNSPECIFIED.into(),
        }));
    }
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    match (bracketed.unwrap_or(host).parse::<IpAddr>(), family) {
        (Ok(IpAddr::V6(_)), Family::V4) | (Ok(IpAddr::V4(_)), Family::V6) => Err(format!("invalid address: '{host}' in '{text}'")),
        (Ok(ip), _) => Ok(Host::Ip(ip)),
        (Err(_), _) => Ok(Host::Name(host.into())),
    }
}

fn parse_ports(port: Option<&str>, text: &str, allowed: Allowed) -> Result<Ports, String> {
    let Some(port) = port.filter(|p| !p.is_empty()) else {
        if allowed.contains(Allowed::PORT_MANDATORY) {
            return Err(format!("missing port specification in '{text}'"));
        }
        return Ok(Ports::None);
    };
    if !allowed.contains(Allowed::PORT) {
        return Err(format!("port specification not permitted here in '{text}'"));
    }
    match port.as_bytes()[0] {
        b'0'..=b'9' => range(port, text, allowed),
        sign @ (b'+' | b'-') => {
            if !allowed.contains(Allowed::PORT_OFFSET) {
                return Err(format!("port offset not permitted here in '{text}'"));
            }
            let offset = number(&port[1..], text)? as i32;
            Ok(Ports::Offset(if sign == b'-' { -offset } else { offset }))
        }
        _ => Err(bad_port(port, port, text)),
    }
}

fn range(port: &str, text: &str, allowed: Allowed) -> Result<Ports, String> {
    let (low, high) = match port.split_once('-') {
        Some((l, h)) => (l, Some(h)),
        None => (port, None),
    };
    if high.is_some() && !allowed.contains(Allowed::PORT_RANGE) {
        return Err(format!("port range not permitted here in '{text}'"));
    }
    // A port that must be there is one that can be listened on.
    let least = u16::from(allowed.contains(Allowed::PORT_MANDATORY));
    let one = |p: &str| {
        let n = number(p, text)?;
        u16::try_from(n)
            .ok()
            .filter(|n| *n >= least && !p.is_empty())
            .ok_or_else(|| format!("invalid port '{p}'"))
    };
    let first = one(low)?;
    let Some(high) = high else {
        return Ok(Ports::One(first));
    };
    let last = one(high)?;
    if first > last {
        return Err(format!("invalid port range '{first}-{last}'"));
    }
    Ok(Ports::Range(first, last))
}

/// A run of digits; too many of them are a number too large for any port.
fn number(digits: &str, text: &str) -> Result<u32, String> {
    if let Some(at) = digits.find(|c: char| !c.is_ascii_digit()) {
        return Err(bad_port(&digits[at..], digits, text));
    }
    let large = i32::MAX as u32;
    Ok(match digits {
        "" => 0,
        _ => digits.parse().unwrap_or(large).min(large),
    })
}

fn bad_port(at: &str, port: &str, text: &str) -> String {
    let c = at.chars().next().unwrap_or('?');
    format!("invalid character '{c}' in port number '{port}' in '{text}'")
}

#[cfg(test)]
mod tests;
