//! The PROXY protocol, versions 1 (text) and 2 (binary): how one proxy tells the next whom it speaks for.
//!
//! [`parse`] reads a header from what is there at the first look: as with HAProxy, it has to come in one piece. It says how long the
//! header is, so that TLS or anything else can begin right behind it. What version 2 carries beside the addresses is a list of TLVs ([`tlv`]). NetScaler's header for the same
//! purpose is in [`netscaler`].

pub mod netscaler;
pub mod tlv;
mod write;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub use write::{write_v1, write_v2};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Less than this is no beginning of a line of version 1.
const MIN_LINE: usize = 9;
/// How long names of hosts and identifiers may be.
const MAX_AUTHORITY: usize = 255;
const MAX_UNIQUE_ID: usize = 128;

/// Source and destination of the connection spoken for; `None`: the header names none, the connection's own stand.
pub type Ends = Option<(SocketAddr, SocketAddr)>;

/// What the bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<'b> {
    /// A header, and how long it is.
    Done(Header<'b>, usize),
    /// No header; the ends where they could be read nevertheless.
    Bad(Why, Ends),
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
    /// The end is missing.
    Short,
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

/// Reads the header that `buf` begins with.
pub fn parse(buf: &[u8]) -> Parsed<'_> {
    let why = match buf {
        [b'P', b'R', b'O', b'X', b'Y', b' ', ..] if buf.len() >= MIN_LINE => return text(buf),
        _ if buf.len() < 16 => Why::Short,
        _ if buf.starts_with(SIGNATURE) && buf[12] >> 4 == 2 => return binary(buf),
        _ => Why::Other,
    };
    Parsed::Bad(why, None)
}

fn binary(buf: &[u8]) -> Parsed<'_> {
    let total = 16 + usize::from(u16::from_be_bytes([buf[14], buf[15]]));
    let Some(header) = buf.get(..total) else {
        return Parsed::Bad(Why::Short, None);
    };
    let body = &header[16..];
    let (size, ends) = match (buf[12] & 0xf, buf[13]) {
        // LOCAL: the sender speaks for itself (a health check).
        (0, _) => return Parsed::Done(Header::default(), total),
        (1, 0x11) => (12, ends4(body)),
        (1, 0x21) => (36, ends6(body)),
        // No address, or one that is none of TCP: the specification lets the connection's own stand.
        (1, 0) => (0, None),
        (1, 0x12) => (12, None),
        (1, 0x22) => (36, None),
        (1, 0x31 | 0x32) => (216, None),
        // Another command, or no such address.
        _ => return Parsed::Bad(Why::Invalid, None),
    };
    let Some(tlvs) = body.get(size..) else {
        return Parsed::Bad(Why::Invalid, None);
    };
    let fits = |(kind, value): (u8, &[u8])| match kind {
        tlv::AUTHORITY => value.len() <= MAX_AUTHORITY,
        tlv::UNIQUE_ID => value.len() <= MAX_UNIQUE_ID,
        _ => true,
    };
    if !(tlv::are_whole(tlvs) && tlv::all(tlvs).all(fits) && tlv::checksum_holds(header, 16 + size)) {
        return Parsed::Bad(Why::Invalid, ends);
    }
    Parsed::Done(Header { ends, tlvs }, total)
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

/// A line of version 1, from `PROXY ` on.
fn text(buf: &[u8]) -> Parsed<'_> {
    let bad = |why| Parsed::Bad(why, None);
    let kind = &buf[6..];
    let begins = |word: &[u8]| kind.starts_with(word) || word.starts_with(kind);
    if begins(b"UNKNOWN\r\n") {
        return match kind.len() {
            9.. => Parsed::Done(Header::default(), 15),
            _ => bad(Why::Short),
        };
    }
    if !(begins(b"TCP4 ") || begins(b"TCP6 ")) {
        return bad(Why::Protocol);
    }
    let Some(end) = buf.iter().position(|b| *b == b'\r') else {
        let odd = |b: &u8| !matches!(b, b'0'..=b'9' | b'.' | b' ');
        // Of IPv4, the addresses are looked at before the end has come.
        let addresses = kind.get(5..).unwrap_or_default().splitn(3, |b| *b == b' ').take(2);
        let wrong = kind.starts_with(b"TCP4") && addresses.flatten().any(odd);
        return bad(if wrong { Why::Invalid } else { Why::Short });
    };
    let words: Vec<&str> = std::str::from_utf8(&buf[..end]).unwrap_or_default().split(' ').collect();
    let ends = match words[..] {
        [_, "TCP4", from, to, sport, dport] => named::<Ipv4Addr>(from, to, sport, dport),
        [_, "TCP6", from, to, sport, dport] => named::<Ipv6Addr>(from, to, sport, dport),
        _ => None,
    };
    match (ends, buf.get(end + 1)) {
        (Some(_), None) => bad(Why::Short),
        (Some(_), Some(b'\n')) => Parsed::Done(Header::of(ends), end + 2),
        _ => bad(Why::Invalid),
    }
}

fn named<A: std::str::FromStr + Into<IpAddr>>(from: &str, to: &str, sport: &str, dport: &str) -> Ends {
    let end = |ip: &str, port: &str| {
        let port = Some(port).filter(|p| p.bytes().all(|b| b.is_ascii_digit()))?;
        Some(SocketAddr::from((ip.parse::<A>().ok()?.into(), port.parse().ok()?)))
    };
    Some((end(from, sport)?, end(to, dport)?))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let wire = parse(&bytes);
            assert_eq!(wire, Parsed::Done(Header::of(ends), header), "{ends:?}");
            for (tlvs, checksum) in [(&tlvs[..], false), (&tlvs[..], true), (&[][..], false)] {
                let mut bytes = Vec::new();
                // The first of them is nine bytes long.
                let (first, rest) = tlvs.split_at(tlvs.len().min(9));
                write_v2(ends, (first, rest), checksum, &mut bytes);
                let header = bytes.len();
                for n in 0..header {
                    assert_eq!(parse(&bytes[..n]), Parsed::Bad(Why::Short, None), "{n} of {header}");
                }
                bytes.extend_from_slice(b"GET / HTTP/1.1\r\n");
                let Parsed::Done(got, taken) = parse(&bytes) else {
                    panic!("{ends:?}")
                };
                assert_eq!((got.ends, taken), (ends, header));
                assert!(got.tlvs.starts_with(first) && got.tlvs.ends_with(rest), "{ends:?}");
                if checksum {
                    bytes[header - 1] ^= 1;
                    assert_eq!(parse(&bytes), Parsed::Bad(Why::Invalid, ends));
                }
            }
        }
    }

    #[test]
    fn what_is_no_header() {
        let short = [
            &b"PROXY TC"[..],
            b"GET / HTTP/1.1\r",
            b"PROXY TCP",
            b"PROXY UNKNOWN\r",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 x",
            b"PROXY TCP6 x",
        ];
        for bytes in short {
            assert_eq!(parse(bytes), Parsed::Bad(Why::Short, None), "{}", bytes.escape_ascii());
        }
        for (bytes, why) in [
            (&b"GET / HTTP/1.1\r\n"[..], Why::Other),
            (b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c____________", Why::Other),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", Why::Invalid),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 +2\r\n", Why::Invalid),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", Why::Invalid),
            (b"PROXY TCP4 192.0.2.1x", Why::Invalid),
            (b"PROXY TCP4 ::1 ::1 1111111 2\r\n______", Why::Invalid),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rx", Why::Invalid),
            (b"PROXY TCP9 192.0.2.1 192.0.2.2 1 2\r\n", Why::Protocol),
            (b"PROXY TCP4\r\n", Why::Protocol),
            (b"PROXY UNKNOWN 192.0.2.1\r\n", Why::Protocol),
            (b"\r\n\r\n\0\r\nQUIT\n\x22\x11\0\x0c____________", Why::Invalid),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04____", Why::Invalid),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x13\0\x0c____________", Why::Invalid),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x10\0\x00", Why::Invalid),
        ] {
            assert_eq!(parse(bytes), Parsed::Bad(why, None), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn tlvs_that_do_not_fit_leave_the_ends_known() {
        let names = |kind, len| {
            let mut out = Vec::new();
            tlv::push(kind, &vec![b'x'; len], &mut out);
            out
        };
        for (tlvs, good) in [
            // A TLV that would go on behind the header, and half of one.
            (b"\x02\0\x02x".to_vec(), false),
            (b"\x02\0".to_vec(), false),
            (names(tlv::AUTHORITY, 255), true),
            (names(tlv::AUTHORITY, 256), false),
            (names(tlv::UNIQUE_ID, 128), true),
            (names(tlv::UNIQUE_ID, 129), false),
            (names(tlv::NOOP, 1000), true),
        ] {
            let mut bytes = b"\r\n\r\n\0\r\nQUIT\n\x21\x11".to_vec();
            bytes.extend_from_slice(&(12 + tlvs.len() as u16).to_be_bytes());
            bytes.extend_from_slice(&[192, 0, 2, 1, 192, 0, 2, 2, 0, 1, 0, 2]);
            bytes.extend_from_slice(&tlvs);
            let ends: Ends = Some(("192.0.2.1:1".parse().unwrap(), "192.0.2.2:2".parse().unwrap()));
            let want = if good {
                Parsed::Done(Header { ends, tlvs: &tlvs }, bytes.len())
            } else {
                Parsed::Bad(Why::Invalid, ends)
            };
            assert_eq!(parse(&bytes), want, "{}", tlvs.escape_ascii());
        }
    }
}
