//! Addresses as `bind`, `server`, `log` and `source` lines write them (manual, 11).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use hapax_value::Endpoint;

/// Where a port may come from, and which families a place takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accept {
    /// A port may be given; where not, it is refused.
    pub port: bool,
    /// A port must be given.
    pub port_needed: bool,
    /// `80-90`
    pub range: bool,
    /// `+10`, `-10`: relative to another port.
    pub offset: bool,
    pub stream: bool,
    pub dgram: bool,
    /// `fd@`, `sockpair@`
    pub fd: bool,
}

impl Accept {
    /// Listening streams.
    pub const BIND: Self = Self {
        port: true,
        port_needed: true,
        range: true,
        offset: false,
        stream: true,
        dgram: false,
        fd: true,
    };
    /// A server's address.
    pub const SERVER: Self = Self {
        port: true,
        port_needed: false,
        range: false,
        offset: true,
        stream: true,
        dgram: true,
        fd: true,
    };
    /// `stats socket`
    pub const STATS_SOCKET: Self = Self { range: true, ..Self::BIND };
    /// A peer, a name server, `check addr`...
    pub const PLAIN: Self = Self {
        offset: false,
        fd: false,
        ..Self::SERVER
    };
    /// `log`
    pub const LOG: Self = Self { fd: true, ..Self::PLAIN };
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
    pub quic: bool,
}

struct Scheme {
    name: &'static str,
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
        family,
        kind,
        dgram,
        quic: false,
    }
}

const fn quic(name: &'static str, family: Family) -> Scheme {
    Scheme {
        quic: true,
        ..scheme(name, family, Kind::Ip, true)
    }
}

static SCHEMES: &[Scheme] = &[
    scheme("unix@", Family::Any, Kind::Unix, false),
    scheme("uxst@", Family::Any, Kind::Unix, false),
    scheme("uxdg@", Family::Any, Kind::Unix, true),
    scheme("abns@", Family::Any, Kind::Abns(false), false),
    scheme("abnsz@", Family::Any, Kind::Abns(true), false),
    scheme("ip@", Family::Any, Kind::Ip, false),
    scheme("ipv4@", Family::V4, Kind::Ip, false),
    scheme("ipv6@", Family::V6, Kind::Ip, false),
    scheme("tcp@", Family::Any, Kind::Ip, false),
    scheme("tcp4@", Family::V4, Kind::Ip, false),
    scheme("tcp6@", Family::V6, Kind::Ip, false),
    scheme("mptcp@", Family::Any, Kind::Ip, false),
    scheme("mptcp4@", Family::V4, Kind::Ip, false),
    scheme("mptcp6@", Family::V6, Kind::Ip, false),
    scheme("udp@", Family::Any, Kind::Ip, true),
    scheme("udp4@", Family::V4, Kind::Ip, true),
    scheme("udp6@", Family::V6, Kind::Ip, true),
    scheme("fd@", Family::Any, Kind::Fd, false),
    scheme("sockpair@", Family::Any, Kind::SockPair, false),
    scheme("rhttp@", Family::Any, Kind::Reverse, false),
    quic("quic4@", Family::V4),
    quic("quic6@", Family::V6),
    quic("quic+ip@", Family::Any),
    quic("quic+ipv4@", Family::V4),
    quic("quic+ipv6@", Family::V6),
];

/// Reads one address; the error is HAProxy's sentence.
pub fn parse(text: &str, accept: Accept) -> Result<Address, String> {
    if text.is_empty() {
        return Err(format!("'{text}' resolves to an empty address (environment variable missing?)"));
    }
    let (rest, forced) = match (text.strip_prefix("stream+"), text.strip_prefix("dgram+")) {
        (Some(r), _) => (r, Some(false)),
        (_, Some(r)) => (r, Some(true)),
        _ => (text, None),
    };
    let found = SCHEMES.iter().find_map(|s| rest.strip_prefix(s.name).map(|r| (s, r)));
    let plain = scheme("", Family::Any, if rest.starts_with('/') { Kind::Unix } else { Kind::Ip }, false);
    let (scheme, rest) = found.unwrap_or((&plain, rest));
    let dgram = forced.unwrap_or(scheme.dgram);
    let mut address = Address {
        host: Host::Any,
        port: Port::None,
        family: scheme.family,
        dgram,
        quic: scheme.quic,
    };
    match scheme.kind {
        Kind::Fd | Kind::SockPair if !accept.fd => return Err(format!("a file descriptor is not acceptable here in '{text}'")),
        Kind::Fd => address.host = Host::Fd(descriptor(rest, text)?),
        Kind::SockPair => address.host = Host::SockPair(descriptor(rest, text)?),
        Kind::Unix => address.host = Host::Unix(unix_path(rest, text)?),
        Kind::Abns(z) => address.host = Host::Abstract(Arc::from(rest.as_bytes()), z),
        Kind::Reverse => address.host = Host::Reverse(rest.to_owned()),
        Kind::Ip => read_ip(&mut address, rest, text, accept)?,
    }
    let stream_ok = accept.stream || address.quic;
    if !address.dgram && !stream_ok {
        return Err(format!("stream-type address not acceptable in '{text}'"));
    }
    if address.dgram && !accept.dgram && !address.quic {
        return Err(format!("dgram-type address not acceptable in '{text}'"));
    }
    Ok(address)
}

fn descriptor(rest: &str, text: &str) -> Result<i32, String> {
    rest.parse()
        .map_err(|_| format!("file descriptor '{rest}' is not a valid integer in '{text}'"))
}

/// Longest path of a UNIX socket, with room for the suffix of its temporary name.
const UNIX_MAX: usize = 97;

fn unix_path(rest: &str, text: &str) -> Result<String, String> {
    if rest.len() > UNIX_MAX {
        return Err(format!("socket path '{text}' too long (max {UNIX_MAX})"));
    }
    Ok(rest.to_owned())
}

fn read_ip(address: &mut Address, rest: &str, text: &str, accept: Accept) -> Result<(), String> {
    let (host, port) = match rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        Some((h, tail)) => (h, tail.strip_prefix(':')),
        None => match rest.rsplit_once(':') {
            Some((h, p)) => (h, Some(p)),
            None => (rest, None),
        },
    };
    address.port = read_port(port, text, accept)?;
    address.host = if host.is_empty() || host == "*" {
        Host::Any
    } else if let Ok(v4) = host.parse::<Ipv4Addr>() {
        Host::Ip(IpAddr::V4(v4))
    } else if let Ok(v6) = host.parse::<Ipv6Addr>() {
        Host::Ip(IpAddr::V6(v6))
    } else {
        Host::Name(host.to_owned())
    };
    Ok(())
}

fn read_port(port: Option<&str>, text: &str, accept: Accept) -> Result<Port, String> {
    let Some(p) = port.filter(|p| !p.is_empty()) else {
        return if accept.port_needed {
            Err(format!("missing port specification in '{text}'"))
        } else {
            Ok(Port::None)
        };
    };
    if !accept.port {
        return Err(format!("port specification not permitted here in '{text}'"));
    }
    let number = |digits: &str| -> Result<u32, String> {
        match digits.bytes().find(|b| !b.is_ascii_digit()) {
            Some(c) => Err(format!(
                "invalid character '{}' in port number '{digits}' in '{text}'",
                char::from(c)
            )),
            None => digits.parse().map_err(|_| format!("invalid port '{digits}'")),
        }
    };
    let bounded = |digits: &str| -> Result<u16, String> {
        u16::try_from(number(digits)?)
            .ok()
            .filter(|n| *n > 0 || !accept.port_needed)
            .ok_or_else(|| format!("invalid port '{digits}'"))
    };
    if let Some(offset) = p.strip_prefix('+').or_else(|| p.strip_prefix('-')) {
        if !accept.offset {
            return Err(format!("port offset not permitted here in '{text}'"));
        }
        let n = number(offset)? as i32;
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
