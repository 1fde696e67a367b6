//! Addresses as `bind`, `server`, `log` and `source` lines write them (manual, 11).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use hapax_syntax::Environment;
use hapax_value::{Endpoint, leading_number};

use crate::keyword::Version;

/// Which descriptors of a parent a place takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Descriptors {
    #[default]
    None,
    /// `fd@` of a socket.
    Sockets,
    /// `fd@` of any file.
    Any,
}

/// Where a port may come from, and which families a place takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accept {
    /// A port must be given.
    pub port_needed: bool,
    /// `80-90`
    pub range: bool,
    /// `+10`, `-10`: relative to another port.
    pub offset: bool,
    pub dgram: bool,
    /// `quic4@`
    pub quic: bool,
    pub descriptors: Descriptors,
}

impl Accept {
    /// Listening streams.
    pub const BIND: Self = Self {
        port_needed: true,
        range: true,
        offset: false,
        dgram: false,
        quic: true,
        descriptors: Descriptors::Sockets,
    };
    /// A server's address.
    pub const SERVER: Self = Self {
        offset: true,
        ..Self::PLAIN
    };
    /// `stats socket`
    pub const STATS_SOCKET: Self = Self { quic: false, ..Self::BIND };
    /// A peer, `check addr`, `source`.
    pub const PLAIN: Self = Self {
        port_needed: false,
        range: false,
        offset: false,
        dgram: false,
        quic: false,
        descriptors: Descriptors::None,
    };
    /// A mail server, or a name server that is asked over TCP.
    pub const WITH_PORT: Self = Self {
        port_needed: true,
        ..Self::PLAIN
    };
    /// A name server.
    pub const NAMESERVER: Self = Self {
        dgram: true,
        ..Self::WITH_PORT
    };
    /// `log`
    pub const LOG: Self = Self {
        dgram: true,
        descriptors: Descriptors::Any,
        ..Self::PLAIN
    };
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    Ip(IpAddr),
    /// `*` or nothing.
    Any,
    /// To be looked up; `ipv4@` and `ipv6@` ask for one family.
    Name(String),
    Unix(String),
    Abstract(Arc<[u8]>, bool),
    Fd(i32),
    SockPair(i32),
    /// `rhttp@backend/server`
    Reverse(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    None,
    Fixed(u16),
    Range(u16, u16),
    Offset(i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Any,
    V4,
    V6,
}

/// An address as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub host: Host,
    pub port: Port,
    pub family: Family,
    /// `udp@`, `uxdg@`, `quic4@`: datagrams.
    pub dgram: bool,
    /// Streams are asked for by name: `tcp@`, `stream+ip@`.
    pub stream: bool,
    pub quic: bool,
}

#[derive(Clone, Copy)]
struct Scheme {
    name: &'static str,
    since: Version,
    family: Family,
    kind: Kind,
    dgram: bool,
    quic: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ip,
    Unix,
    Abns(bool),
    Fd,
    SockPair,
    Reverse,
}

const fn scheme(name: &'static str, family: Family, kind: Kind, dgram: bool) -> Scheme {
    Scheme {
        name,
        since: (0, 0),
        family,
        kind,
        dgram,
        quic: false,
    }
}

const fn newer(since: Version, of: Scheme) -> Scheme {
    Scheme { since, ..of }
}

const fn quic(since: Version, name: &'static str, family: Family) -> Scheme {
    Scheme {
        since,
        quic: true,
        ..scheme(name, family, Kind::Ip, true)
    }
}

static SCHEMES: &[Scheme] = &[
    scheme("unix@", Family::Any, Kind::Unix, false),
    scheme("uxst@", Family::Any, Kind::Unix, false),
    scheme("uxdg@", Family::Any, Kind::Unix, true),
    scheme("abns@", Family::Any, Kind::Abns(false), false),
    newer((3, 1), scheme("abnsz@", Family::Any, Kind::Abns(true), false)),
    scheme("ip@", Family::Any, Kind::Ip, false),
    scheme("ipv4@", Family::V4, Kind::Ip, false),
    scheme("ipv6@", Family::V6, Kind::Ip, false),
    scheme("tcp@", Family::Any, Kind::Ip, false),
    scheme("tcp4@", Family::V4, Kind::Ip, false),
    scheme("tcp6@", Family::V6, Kind::Ip, false),
    newer((3, 1), scheme("mptcp@", Family::Any, Kind::Ip, false)),
    newer((3, 1), scheme("mptcp4@", Family::V4, Kind::Ip, false)),
    newer((3, 1), scheme("mptcp6@", Family::V6, Kind::Ip, false)),
    scheme("udp@", Family::Any, Kind::Ip, true),
    scheme("udp4@", Family::V4, Kind::Ip, true),
    scheme("udp6@", Family::V6, Kind::Ip, true),
    scheme("fd@", Family::Any, Kind::Fd, false),
    scheme("sockpair@", Family::Any, Kind::SockPair, false),
    newer((2, 9), scheme("rhttp@", Family::Any, Kind::Reverse, false)),
    quic((2, 6), "quic4@", Family::V4),
    quic((2, 6), "quic6@", Family::V6),
    quic((2, 8), "quic+ip@", Family::Any),
    quic((2, 8), "quic+ipv4@", Family::V4),
    quic((2, 8), "quic+ipv6@", Family::V6),
];

/// The text with its variables: an address knows `$NAME` and `${NAME}` without quotes, and what is not set is nothing.
fn expand<'t>(text: &'t str, env: &Environment) -> Cow<'t, str> {
    let Some(first) = text.find('$') else { return Cow::Borrowed(text) };
    let mut out = text[..first].to_owned();
    let mut rest = &text[first..];
    while let Some(after) = rest.strip_prefix('$') {
        let after = after.strip_prefix('{').unwrap_or(after);
        let end = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(after.len());
        let (name, tail) = after.split_at(end);
        out.push_str(&String::from_utf8_lossy(env.get(name.as_bytes()).unwrap_or_default()));
        let tail = tail.strip_prefix('}').unwrap_or(tail);
        let next = tail.find('$').unwrap_or(tail.len());
        out.push_str(&tail[..next]);
        rest = &tail[next..];
    }
    Cow::Owned(out)
}

/// Reads one address; the error is HAProxy's sentence.
pub fn parse(text: &str, accept: Accept, env: &Environment) -> Result<Address, String> {
    let expanded = expand(text, env);
    if expanded.is_empty() {
        return Err(format!("'{text}' resolves to an empty address (environment variable missing?)"));
    }
    let (rest, forced) = match (expanded.strip_prefix("stream+"), expanded.strip_prefix("dgram+")) {
        (Some(r), _) => (r, Some(false)),
        (_, Some(r)) => (r, Some(true)),
        _ => (&*expanded, None),
    };
    let known = |s: &&Scheme| env.facts.is_at_least(s.since);
    let found = SCHEMES.iter().filter(known).find_map(|s| rest.strip_prefix(s.name).map(|r| (s, r)));
    let plain = scheme("", Family::Any, if rest.starts_with('/') { Kind::Unix } else { Kind::Ip }, false);
    let (scheme, rest) = found.unwrap_or((&plain, rest));
    let dgram = forced.unwrap_or(scheme.dgram);
    let mut address = Address {
        stream: forced.map_or(scheme.name.contains("tcp") || scheme.name == "uxst@", |dgram| !dgram),
        host: Host::Any,
        port: Port::None,
        family: scheme.family,
        dgram,
        quic: scheme.quic,
    };
    match scheme.kind {
        Kind::Fd => {
            address.host = Host::Fd(descriptor(rest, text)?);
            if accept.descriptors == Descriptors::None {
                return Err(format!("a file descriptor is not acceptable here in '{text}'"));
            }
        }
        Kind::SockPair => address.host = Host::SockPair(descriptor(rest, text)?),
        Kind::Unix => address.host = Host::Unix(unix_path(rest, text)?),
        Kind::Abns(z) => address.host = Host::Abstract(Arc::from(rest.as_bytes()), z),
        Kind::Reverse => address.host = Host::Reverse(rest.to_owned()),
        Kind::Ip => read_ip(&mut address, rest, text, accept, env.facts.is_at_least((2, 9)))?,
    }
    if address.quic && !accept.quic {
        return Err(format!(
            "unsupported stream protocol for datagram address '{text}'; QUIC is not compiled in if this is what you were looking for."
        ));
    }
    if address.dgram && !accept.dgram && !address.quic {
        return Err(format!("dgram-type address not acceptable in '{text}'"));
    }
    Ok(address)
}

fn descriptor(rest: &str, text: &str) -> Result<i32, String> {
    rest.parse()
        .ok()
        .filter(|n| *n >= 0)
        .ok_or_else(|| format!("file descriptor '{rest}' is not a valid integer in '{text}'"))
}

/// Longest path of a UNIX socket, with room for the suffix of its temporary name.
const UNIX_MAX: usize = 97;

fn unix_path(rest: &str, text: &str) -> Result<String, String> {
    if rest.len() > UNIX_MAX {
        return Err(format!("socket path '{text}' too long (max {UNIX_MAX})"));
    }
    Ok(rest.to_owned())
}

/// `strict`: a port is digits and nothing behind them.
fn read_ip(address: &mut Address, rest: &str, text: &str, accept: Accept, strict: bool) -> Result<(), String> {
    let (host, port) = match rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        Some((h, tail)) => (h, tail.strip_prefix(':')),
        None => match rest.rsplit_once(':') {
            Some((h, p)) => (h, Some(p)),
            None => (rest, None),
        },
    };
    address.port = read_port(port, text, accept, strict)?;
    address.host = if host.is_empty() || host == "*" {
        Host::Any
    } else if let (Ok(v4), Family::Any | Family::V4) = (host.parse::<Ipv4Addr>(), address.family) {
        Host::Ip(IpAddr::V4(v4))
    } else if let (Ok(v6), Family::Any | Family::V6) = (host.parse::<Ipv6Addr>(), address.family) {
        Host::Ip(IpAddr::V6(v6))
    } else {
        Host::Name(host.to_owned())
    };
    Ok(())
}

fn read_port(port: Option<&str>, text: &str, accept: Accept, strict: bool) -> Result<Port, String> {
    let Some(p) = port.filter(|p| !p.is_empty()) else {
        return if accept.port_needed {
            Err(format!("missing port specification in '{text}'"))
        } else {
            Ok(Port::None)
        };
    };
    let only_digits = |port: &str| match port.chars().find(|c| !c.is_ascii_digit()) {
        Some(c) if strict => Err(format!("invalid character '{c}' in port number '{port}' in '{text}'")),
        _ => Ok(()),
    };
    let bounded = |digits: &str| -> Result<u16, String> {
        only_digits(digits)?;
        u16::try_from(leading_number(digits))
            .ok()
            .filter(|n| *n > 0 || !accept.port_needed)
            .ok_or_else(|| format!("invalid port '{digits}'"))
    };
    if let Some(offset) = p.strip_prefix('+').or_else(|| p.strip_prefix('-')) {
        if !accept.offset {
            return Err(format!("port offset not permitted here in '{text}'"));
        }
        only_digits(offset)?;
        let n = i32::try_from(leading_number(offset)).unwrap_or(i32::MAX);
        return Ok(Port::Offset(if p.starts_with('-') { -n } else { n }));
    }
    if !p.starts_with(|c: char| c.is_ascii_digit()) {
        let c = p.chars().next().unwrap_or('?');
        return Err(format!("invalid character '{c}' in port number '{p}' in '{text}'"));
    }
    let Some((low, high)) = p.split_once('-') else {
        return bounded(p).map(Port::Fixed);
    };
    if !accept.range {
        return Err(format!("port range not permitted here in '{text}'"));
    }
    let (low, high) = (bounded(low)?, bounded(high)?);
    if low > high {
        return Err(format!("invalid port range '{low}-{high}'"));
    }
    Ok(Port::Range(low, high))
}

impl Address {
    /// The addresses to listen on or to send to: one for each port of a range.
    pub fn ports(&self) -> std::ops::RangeInclusive<u16> {
        match self.port {
            Port::Fixed(p) => p..=p,
            Port::Range(a, b) => a..=b,
            Port::None | Port::Offset(_) => 0..=0,
        }
    }

    /// The wildcard address of the family asked for.
    pub fn any(&self) -> IpAddr {
        match self.family {
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            _ => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }
    }

    /// The address of the family asked for among those a name has.
    pub fn choose(&self, found: &[IpAddr]) -> Option<IpAddr> {
        found.iter().copied().find(|ip| match self.family {
            Family::Any => true,
            Family::V4 => ip.is_ipv4(),
            Family::V6 => ip.is_ipv6(),
        })
    }

    /// As an endpoint, with `ip` where the host is a name.
    pub fn endpoint(&self, ip: Option<IpAddr>) -> Option<Endpoint> {
        let port = *self.ports().start();
        Some(match &self.host {
            Host::Ip(ip) => Endpoint::Ip(SocketAddr::new(*ip, port)),
            Host::Any => Endpoint::Ip(SocketAddr::new(self.any(), port)),
            Host::Name(_) => Endpoint::Ip(SocketAddr::new(ip?, port)),
            Host::Unix(path) => Endpoint::Unix(Arc::from(path.as_str())),
            Host::Abstract(name, z) => Endpoint::Abstract(name.clone(), *z),
            Host::Fd(_) | Host::SockPair(_) | Host::Reverse(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests;
