//! The PROXY protocol, versions 1 (text) and 2 (binary): how one proxy tells the next whom it speaks for.
//!
//! [`parse`] says how many bytes may be read next without touching what follows the header, so that TLS or anything else can begin
//! right behind it. What version 2 carries beside the addresses is a list of TLVs ([`tlv`]). NetScaler's header for the same
//! purpose is in [`netscaler`].

pub mod netscaler;
pub mod tlv;
mod write;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub use write::{write_v1, write_v2};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, with its end.
const MAX_LINE: usize = 107;

/// Source and destination of the connection spoken for; `None`: the header names none, the connection's own stand.
pub type Ends = Option<(SocketAddr, SocketAddr)>;

/// What is known from the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'b> {
    /// Read this many bytes more, and not one beyond.
    More(usize),
    Done(Header<'b>),
    Bad(Why),
}

/// A whole header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Header<'b> {
    pub ends: Ends,
    /// The TLVs as they stand, each whole.
    pub tlvs: &'b [u8],
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// They do not begin like one.
    Other,
    Invalid,
    /// It speaks of a protocol that is not known.
    Protocol,
}

impl Header<'_> {
    fn of(ends: Ends) -> Self {
        Self { ends, tlvs: &[] }
    }
}

/// Looks at the bytes received so far.
pub fn parse(buf: &[u8]) -> Parsed<'_> {
    let n = buf.len().min(SIGNATURE.len());
    let (is_binary, is_text) = (buf[..n] == SIGNATURE[..n], buf[..n.min(6)] == b"PROXY "[..n.min(6)]);
    match (is_binary, is_text) {
        (false, false) => Parsed::Bad(Why::Other),
        // No header of either version is shorter.
        _ if n < SIGNATURE.len() => Parsed::More(SIGNATURE.len() - n),
        (true, _) => binary(buf),
        _ => text(buf),
    }
}

fn binary(buf: &[u8]) -> Parsed<'_> {
    if buf.len() < 16 {
        return Parsed::More(16 - buf.len());
    }
    let total = 16 + usize::from(u16::from_be_bytes([buf[14], buf[15]]));
    // Version 2, and LOCAL or PROXY.
    let local = buf[12] == 0x20;
    if !(local || buf[12] == 0x21) {
        return Parsed::Bad(Why::Invalid);
    }
    if buf.len() < total {
        return Parsed::More(total - buf.len());
    }
    let body = &buf[16..total];
    if local {
        // The sender speaks for itself (a health check).
        return Parsed::Done(Header::default());
    }
    let (size, ends) = match buf[13] {
        0x11 => (12, ends4(body)),
        0x21 => (36, ends6(body)),
        // Of UNIX sockets only the sizes of their names are known here.
        0x31 => (216, None),
        // No address, or of a family that is none of ours: the connection's own stand, and so do the TLVs.
        _ => (0, None),
    };
    let Some(tlvs) = body.get(size..) else {
        return Parsed::Bad(Why::Invalid);
    };
    let known = matches!(buf[13], 0 | 0x11 | 0x21 | 0x31);
    if known && !(tlv::are_whole(tlvs) && tlv::checksum_holds(&buf[..total], 16 + size)) {
        return Parsed::Bad(Why::Invalid);
    }
    Parsed::Done(Header {
        ends,
        tlvs: if known { tlvs } else { &[] },
    })
}

fn ends4(b: &[u8]) -> Ends {
    let ip = |at: usize| Some(IpAddr::from(<[u8; 4]>::try_from(b.get(at..at + 4)?).ok()?));
    Some(((ip(0)?, port(b, 8)?).into(), (ip(4)?, port(b, 10)?).into()))
}

fn ends6(b: &[u8]) -> Ends {
    let ip = |at: usize| Some(IpAddr::from(<[u8; 16]>::try_from(b.get(at..at + 16)?).ok()?));
    Some(((ip(0)?, port(b, 32)?).into(), (ip(16)?, port(b, 34)?).into()))
}

fn port(b: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(b.get(at..at + 2)?.try_into().ok()?))
}

fn text(buf: &[u8]) -> Parsed<'_> {
    let Some(end) = buf.iter().position(|b| *b == b'\n') else {
        // The shortest line of each kind is safe to read as a whole; from there on, byte by byte.
        let shortest = match buf.get(6..10) {
            Some(b"TCP4") => 32,
            Some(b"TCP6") => 22,
            _ => 15,
        };
        return match buf.len() {
            n if n >= MAX_LINE => Parsed::Bad(Why::Invalid),
            n => Parsed::More(shortest.max(n + 1) - n),
        };
    };
    let line = std::str::from_utf8(&buf[..end]).ok().and_then(|l| l.strip_suffix('\r'));
    let Some(line) = line.filter(|_| end + 1 == buf.len()) else {
        return Parsed::Bad(Why::Invalid);
    };
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN"] => Parsed::Done(Header::default()),
        ["PROXY", "TCP4", from, to, sport, dport] => named::<Ipv4Addr>(from, to, sport, dport),
        ["PROXY", "TCP6", from, to, sport, dport] => named::<Ipv6Addr>(from, to, sport, dport),
        ["PROXY", "TCP4" | "TCP6", ..] => Parsed::Bad(Why::Invalid),
        _ => Parsed::Bad(Why::Protocol),
    }
}

fn named<A: std::str::FromStr + Into<IpAddr>>(from: &str, to: &str, sport: &str, dport: &str) -> Parsed<'static> {
    let end = |ip: &str, port: &str| Some(SocketAddr::from((ip.parse::<A>().ok()?.into(), port.parse().ok()?)));
    match (end(from, sport), end(to, dport)) {
        (Some(f), Some(t)) => Parsed::Done(Header::of(Some((f, t)))),
        _ => Parsed::Bad(Why::Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads as the parser asks, and answers what it made of it and how much it took.
    fn fed(bytes: &[u8]) -> (Parsed<'_>, usize) {
        let mut have = 0;
        loop {
            match parse(&bytes[..have]) {
                Parsed::More(n) if have + n <= bytes.len() => have += n,
                other => return (other, have),
            }
        }
    }

    #[test]
    fn what_is_written_is_read_and_not_a_byte_more() {
        let v4: Ends = Some(("192.0.2.1:1".parse().unwrap(), "198.51.100.22:65535".parse().unwrap()));
        let v6: Ends = Some(("[2001:db8::1]:1".parse().unwrap(), "[::1]:443".parse().unwrap()));
        let mut tlvs = Vec::new();
        tlv::push(tlv::AUTHORITY, b"a.test", &mut tlvs);
        tlv::push(0xe0, b"", &mut tlvs);
        for ends in [None, v4, v6] {
            let mut bytes = Vec::new();
            write_v1(ends, &mut bytes);
            let header = bytes.len();
            bytes.extend_from_slice(b"GET / HTTP/1.1\r\n");
            assert_eq!(fed(&bytes), (Parsed::Done(Header::of(ends)), header), "{ends:?}");
            for (tlvs, checksum) in [(&tlvs[..], false), (&tlvs[..], true), (&[][..], false)] {
                let mut bytes = Vec::new();
                // The first of them is nine bytes long.
                let (first, rest) = tlvs.split_at(tlvs.len().min(9));
                write_v2(ends, (first, rest), checksum, &mut bytes);
                let header = bytes.len();
                bytes.extend_from_slice(b"GET / HTTP/1.1\r\n");
                let (Parsed::Done(got), taken) = fed(&bytes) else {
                    panic!("{ends:?}")
                };
                assert_eq!((got.ends, taken), (ends, header));
                assert!(got.tlvs.starts_with(first) && got.tlvs.ends_with(rest), "{ends:?}");
                if checksum {
                    bytes[header - 1] ^= 1;
                    bytes[20] ^= 1;
                    assert_eq!(fed(&bytes).0, Parsed::Bad(Why::Invalid));
                }
            }
        }
    }

    #[test]
    fn other_bytes_are_refused_early() {
        let long = format!("PROXY UNKNOWN {}", "x".repeat(120));
        for (bytes, why) in [
            (&b"GET / HTTP/1.1\r\n"[..], Why::Other),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", Why::Invalid),
            (b"PROXY TCP4 ::1 ::1 1111111 2\r\n______", Why::Invalid),
            (b"PROXY TCP9 192.0.2.1 192.0.2.2 1 2\r\n", Why::Protocol),
            (b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c____________", Why::Invalid),
            (b"\r\n\r\n\0\r\nQUIT\n\x22\x11\0\x0c____________", Why::Invalid),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04____", Why::Invalid),
            // A TLV that would go on behind the header, and half of one.
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x10____________\x02\0\x02x", Why::Invalid),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0e____________\x02\0", Why::Invalid),
            (long.as_bytes(), Why::Invalid),
        ] {
            assert_eq!(fed(bytes).0, Parsed::Bad(why), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
