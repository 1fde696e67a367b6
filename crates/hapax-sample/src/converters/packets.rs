//! Headers of Ethernet, IP and TCP, as `fc_saved_syn` gives them.

use std::net::{Ipv4Addr, Ipv6Addr};

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Converter, Env, Sampled};

/// Reads something of a packet; `None` where the packet is too short or is no such packet.
type Read = fn(&[u8]) -> Option<Value<'static>>;

const fn reads(name: &'static str, to: Type, doc: &'static str, ok: &'static [&'static str], eval: super::Eval) -> Converter {
    Converter::new(name, Type::Bin, to, doc, eval).cases(ok, &["bin(00),eth.hdr(1)", "bin(00),tcp.win(1)"])
}

fn with(value: Value<'_>, read: Read) -> Sampled<'_> {
    read(&arg::bytes(value)?).ok_or(Absent::Never)
}

macro_rules! integers {
    ($( $name:literal, $doc:literal, $read:expr; )*) => {
        &[$( reads($name, Type::Sint, $doc, &[concat!("bin(00),", $name)], |_, v, _| {
            let read: fn(&[u8]) -> Option<i64> = $read;
            read(&arg::bytes(v)?).map(Value::Int).ok_or(Absent::Never)
        }) ),*]
    };
}

pub(super) static INTEGERS: &[Converter] = integers! {
    "eth.proto", "The protocol that an Ethernet frame carries, after any VLAN tags.", |b| {
        let (end, _) = ethernet(b)?;
        u16_at(b, end - 2)
    };
    "eth.vlan", "The last VLAN number of an Ethernet frame; none without one.", |b| ethernet(b)?.1;
    "ip.df", "1 when the packet may not be fragmented, which is always so for IPv6.", |b| match version(b)? {
        4 => u8_at(b, 6).map(|flags| flags >> 6 & 1),
        _ => Some(1),
    };
    "ip.proto", "The number of the transport protocol of an IP packet.", |b| match version(b)? {
        4 => u8_at(b, 9),
        _ => Some(ip(b)?.1),
    };
    "ip.tos", "The type of service of an IPv4 packet, the traffic class of an IPv6 one.", tos;
    "ip.ttl", "The time to live of an IPv4 packet, the hop limit of an IPv6 one.", ttl;
    "ip.ver", "The version of an IP packet, 4 or 6.", |b| u8_at(b, 0).map(|first| first >> 4);
    "tcp.dst", "The destination port of a TCP header.", |b| u16_at(tcp_header(b)?, 2);
    "tcp.flags", "The flags of a TCP header, from FIN (1) to CWR (128).", |b| u8_at(tcp_header(b)?, 13);
    "tcp.options.mss", "The maximum segment size announced in a TCP header, 0 without one.", |b| {
        let option = option(b, 2).ok()?;
        Some(option.map_or(0, |data| leading(data, 2)))
    };
    "tcp.options.sack", "1 when a TCP header permits selective acknowledgements.", |b| Some(i64::from(option(b, 4).ok()?.is_some()));
    "tcp.options.tsopt", "1 when a TCP header has a timestamp.", |b| Some(i64::from(option(b, 8).ok()?.is_some()));
    "tcp.options.tsval", "The sender's timestamp of a TCP header, 0 without one.", |b| {
        let option = option(b, 8).ok()?;
        Some(option.map_or(0, |data| leading(data, 4)))
    };
    "tcp.options.wscale", "The window scale of a TCP header, 0 without one.", |b| {
        let option = option(b, 3).ok()?;
        Some(option.map_or(0, |data| leading(data, 1)))
    };
    "tcp.options.wsopt", "1 when a TCP header has a window scale.", |b| Some(i64::from(option(b, 3).ok()?.is_some()));
    "tcp.seq", "The sequence number of a TCP header.", |b| u32_at(tcp_header(b)?, 4);
    "tcp.src", "The source port of a TCP header.", |b| u16_at(tcp_header(b)?, 0);
    "tcp.win", "The window of a TCP header, not scaled.", |b| u16_at(tcp_header(b)?, 14);
};

pub(super) static ROWS: &[Converter] = &[
    reads(
        "eth.data",
        Type::Bin,
        "What an Ethernet frame carries.",
        &["bin(00),eth.data"],
        |_, v, _| with(v, |b| part(b, ethernet(b)?.0, b.len())),
    ),
    reads(
        "eth.dst",
        Type::Bin,
        "The destination of an Ethernet frame.",
        &["bin(00),eth.dst"],
        |_, v, _| with(v, |b| part(b, 0, 6)),
    ),
    reads(
        "eth.src",
        Type::Bin,
        "The source of an Ethernet frame.",
        &["bin(00),eth.src"],
        |_, v, _| with(v, |b| part(b, 6, 12)),
    ),
    reads(
        "eth.hdr",
        Type::Bin,
        "The header of an Ethernet frame with its VLAN tags.",
        &["bin(00),eth.hdr"],
        |_, v, _| with(v, |b| part(b, 0, ethernet(b)?.0)),
    ),
    reads(
        "ip.data",
        Type::Bin,
        "What an IP packet carries, after options and extensions.",
        &["bin(00),ip.data"],
        |_, v, _| with(v, |b| part(b, ip(b)?.0, b.len())),
    ),
    reads(
        "ip.hdr",
        Type::Bin,
        "The header of an IP packet with its options or extensions.",
        &["bin(00),ip.hdr"],
        |_, v, _| with(v, |b| part(b, 0, ip(b)?.0)),
    ),
    reads(
        "ip.src",
        Type::Addr,
        "The source address of an IP packet.",
        &["bin(00),ip.src"],
        |_, v, _| with(v, |b| address(b, 12, 8)),
    ),
    reads(
        "ip.dst",
        Type::Addr,
        "The destination address of an IP packet.",
        &["bin(00),ip.dst"],
        |_, v, _| with(v, |b| address(b, 16, 24)),
    ),
    Converter::new(
        "ip.fp",
        Type::Bin,
        Type::Bin,
        "A fingerprint of the sender of a SYN packet: eight bytes out of the IP and TCP headers. The argument adds the time \
         to live (1), the kinds of TCP options (2) and the source address (4).",
        fingerprint,
    )
    .args(&[ArgKind::Sint], 0)
    .cases(&["bin(00),ip.fp", "bin(00),ip.fp(5)"], &["bin(00),ip.fp(x)"]),
    reads(
        "tcp.options_list",
        Type::Bin,
        "The kinds of the options of a TCP header, in order.",
        &["bin(00),tcp.options_list"],
        |_, v, _| with(v, |b| Some(Value::Bin(Options::of(b)?.kinds().into()))),
    ),
];

fn part(b: &[u8], start: usize, end: usize) -> Option<Value<'static>> {
    b.get(start..end).map(|part| Value::Bin(part.to_vec().into()))
}

fn u8_at(b: &[u8], at: usize) -> Option<i64> {
    b.get(at).map(|&n| i64::from(n))
}

fn u16_at(b: &[u8], at: usize) -> Option<i64> {
    b.get(at..at + 2)?.try_into().ok().map(|n| i64::from(u16::from_be_bytes(n)))
}

fn u32_at(b: &[u8], at: usize) -> Option<i64> {
    b.get(at..at + 4)?.try_into().ok().map(|n| i64::from(u32::from_be_bytes(n)))
}

/// The number that so many bytes are; those that are not there count as 0.
fn leading(b: &[u8], len: usize) -> i64 {
    (0..len).fold(0, |n, at| n << 8 | u8_at(b, at).unwrap_or(0))
}

/// Where an Ethernet header ends, and its last VLAN number.
fn ethernet(b: &[u8]) -> Option<(usize, Option<i64>)> {
    let mut at = 12;
    let mut vlan = None;
    while u16_at(b, at)? == 0x8100 {
        vlan = Some(u16_at(b, at + 2)? & 0xfff);
        at += 4;
    }
    Some((at + 2, vlan.filter(|&n| n != 0)))
}

fn version(b: &[u8]) -> Option<u8> {
    match b.first()? >> 4 {
        version @ (4 | 6) => Some(version),
        _ => None,
    }
}

/// Where an IP header ends with its options or extensions, and what protocol follows.
fn ip(b: &[u8]) -> Option<(usize, i64)> {
    const TCP: i64 = 6;
    const UDP: i64 = 17;
    if version(b)? == 4 {
        let len = usize::from(b.first()? & 15) * 4;
        return (b.len() >= len && len > 0).then_some((len, u8_at(b, 9)?));
    }
    let mut len = 40;
    let mut next = u8_at(b, 6)?;
    while next != TCP && next != UDP {
        next = u8_at(b, len)?;
        len += usize::try_from(u8_at(b, len + 1)?).ok()? * 8 + 8;
    }
    (b.len() >= len).then_some((len, next))
}

fn tos(b: &[u8]) -> Option<i64> {
    match version(b)? {
        4 => u8_at(b, 1),
        _ => u16_at(b, 0).map(|n| n >> 4 & 0xff),
    }
}

/// The fixed part of an IP header, and whether it is one of version 4.
fn ip_header(b: &[u8]) -> Option<(&[u8], bool)> {
    let v4 = version(b)? == 4;
    Some((b.get(..if v4 { 20 } else { 40 })?, v4))
}

fn ttl(b: &[u8]) -> Option<i64> {
    let (b, v4) = ip_header(b)?;
    u8_at(b, if v4 { 8 } else { 7 })
}

fn address(b: &[u8], v4: usize, v6: usize) -> Option<Value<'static>> {
    let (b, is_v4) = ip_header(b)?;
    if is_v4 {
        let octets: [u8; 4] = b.get(v4..v4 + 4)?.try_into().ok()?;
        return Some(Value::V4(Ipv4Addr::from(octets)));
    }
    let octets: [u8; 16] = b.get(v6..v6 + 16)?.try_into().ok()?;
    Some(Value::V6(Ipv6Addr::from(octets)))
}

/// The options of a TCP header, each with all that follows its kind and length: a value is read in the size that its kind
/// has, whatever length is written there.
struct Options<'b> {
    rest: &'b [u8],
}

/// The fixed part of a TCP header.
fn tcp_header(b: &[u8]) -> Option<&[u8]> {
    b.get(..20)
}

/// The length of a TCP header that is all there.
fn tcp_len(b: &[u8]) -> Option<usize> {
    let len = usize::from(*b.get(12)? >> 4) * 4;
    (len >= 20 && b.len() >= len).then_some(len)
}

impl<'b> Options<'b> {
    fn of(b: &'b [u8]) -> Option<Self> {
        Some(Self {
            rest: b.get(20..tcp_len(b)?)?,
        })
    }
}

impl Options<'_> {
    /// Their kinds in order; one that is cut off is the last.
    fn kinds(mut self) -> Vec<u8> {
        let mut kinds: Vec<u8> = self.by_ref().map(|(kind, _)| kind).collect();
        kinds.extend(self.rest.first().filter(|kind| **kind != 0));
        kinds
    }
}

impl<'b> Iterator for Options<'b> {
    type Item = (u8, &'b [u8]);

    fn next(&mut self) -> Option<(u8, &'b [u8])> {
        const END: u8 = 0;
        const NOTHING: u8 = 1;
        match *self.rest {
            [] | [END, ..] => None,
            [NOTHING, ref rest @ ..] => {
                self.rest = rest;
                Some((NOTHING, &[]))
            }
            [kind, len, ..] => {
                let after = self.rest.get(usize::from(len)..).filter(|_| len >= 2)?;
                let data = self.rest.get(2..)?;
                self.rest = after;
                Some((kind, data))
            }
            [_] => None,
        }
    }
}

/// The bytes are no whole TCP header.
struct NoHeader;

/// What follows an option of that kind in a TCP header, if it has one.
fn option(b: &[u8], wanted: u8) -> Result<Option<&[u8]>, NoHeader> {
    let mut options = Options::of(b).ok_or(NoHeader)?;
    Ok(options.find(|(kind, _)| *kind == wanted).map(|(_, data)| data))
}

fn fingerprint<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let mode = arg::int(args, 0).unwrap_or(0);
    let packet = arg::bytes(value)?;
    fingerprint_of(&packet, mode).map(|fp| Value::Bin(fp.into())).ok_or(Absent::Never)
}

fn fingerprint_of(b: &[u8], mode: i64) -> Option<Vec<u8>> {
    let v6 = version(b)? == 6;
    let (ip_len, _) = ip(b)?;
    let total = if v6 { 40 + u16_at(b, 4)? } else { u16_at(b, 2)? };
    let extended = if v6 { !matches!(b.get(6)?, 6 | 17) } else { ip_len != 20 };
    let unfragmented = v6 || b.get(6)? & 0x40 != 0;
    let ttl = ttl(b)? as u8;
    let distance: u8 = match ttl {
        0..=32 => 0,
        33..=64 => 1,
        65..=128 => 2,
        _ => 3,
    };
    let tcp = b.get(ip_len..)?;
    let tcp_len = tcp_len(tcp)?;
    let data = usize::try_from(total).ok()?.checked_sub(ip_len)?.checked_sub(tcp_len)?;
    let bit = |set: bool, place: u8| u8::from(set) << place;
    let mut out = vec![
        tos(b)? as u8,
        bit(v6, 7) | bit(unfragmented, 6) | distance << 4 | bit(extended, 3) | bit(data > 0, 2) | tcp.get(13)? >> 6,
    ];
    let (mut mss, mut scale, mut present) = (0, 0, 0u8);
    let mut kinds = Vec::new();
    for (kind, data) in Options::of(tcp)? {
        kinds.push(kind);
        match kind {
            2 => mss = leading(data, 2),
            3 => scale = leading(data, 1).min(14) as u8 + 1,
            _ => {}
        }
        if kind >= 2 {
            present |= 1 << (kind - 2).min(7);
        }
    }
    out.push((tcp_len << 2) as u8 | scale);
    out.extend_from_slice(tcp.get(14..16)?);
    out.extend_from_slice(&(mss as u16).to_be_bytes());
    out.push(present);
    if mode & 1 != 0 {
        out.push(ttl);
    }
    if mode & 2 != 0 {
        out.extend_from_slice(&kinds);
    }
    if mode & 4 != 0 {
        out.extend_from_slice(if v6 { b.get(8..24)? } else { b.get(12..16)? });
    }
    Some(out)
}
