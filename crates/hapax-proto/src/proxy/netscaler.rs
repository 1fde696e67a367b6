//! NetScaler's Client IP insertion: a magic number that both sides agree on, a length, then the IP and TCP headers of the client's
//! last packet. Newer devices put a type and a second length between.
//!
//! As HAProxy does, the header is read from what is there at the first look: it has to come in one piece.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// The smallest TCP header.
const TCP: usize = 20;

/// What the bytes are.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The client's address, the one it spoke to, and how long the header says that it is. The end may not have come yet.
    Done(SocketAddr, SocketAddr, usize),
    /// Less came than a header has.
    Short,
    /// Another number stands where the magic one should.
    Magic,
    /// What follows is none of the forms.
    Protocol,
}

/// Reads the header that `buf` begins with.
pub fn parse(buf: &[u8], magic: u32) -> Parsed {
    if buf.len() < 12 {
        return Parsed::Short;
    }
    if buf[..4] != magic.to_be_bytes() {
        return Parsed::Magic;
    }
    let (start, long) = match (buf[8] >> 4, buf[8]) {
        (4 | 6, _) => (8, u32::from_be_bytes([buf[4], buf[5], buf[6], buf[7]]) as usize),
        (_, 0) => (12, usize::from(u16::from_be_bytes([buf[10], buf[11]]))),
        _ => return Parsed::Protocol,
    };
    if start == 12 && buf.len() < 20 {
        return Parsed::Short;
    }
    let ip = &buf[start..];
    let (tcp, protocol) = match ip[0] >> 4 {
        4 => (usize::from(ip[0] & 0xf) * 4, 9),
        6 => (40, 6),
        _ => return Parsed::Protocol,
    };
    // A length of the IP header that no such header has is no place for ports.
    if tcp < 20 {
        return Parsed::Protocol;
    }
    if buf.len() < tcp + TCP {
        return Parsed::Short;
    }
    if ip[protocol] != 6 {
        return Parsed::Protocol;
    }
    if buf.len() < long {
        return Parsed::Short;
    }
    match ends(ip, tcp) {
        Some((from, to)) => Parsed::Done(from, to, start + long),
        None => Parsed::Short,
    }
}

/// The addresses of an IP header with the ports behind it at `tcp`.
fn ends(ip: &[u8], tcp: usize) -> Option<(SocketAddr, SocketAddr)> {
    let four = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(ip.get(at..at + 4)?).ok()?));
    let sixteen = |at: usize| Some(Ipv6Addr::from(<[u8; 16]>::try_from(ip.get(at..at + 16)?).ok()?));
    let port = |at: usize| Some(u16::from_be_bytes(ip.get(at..at + 2)?.try_into().ok()?));
    let (from, to) = (port(tcp)?, port(tcp + 2)?);
    if ip[0] >> 4 == 4 {
        Some(((four(12)?, from).into(), (four(16)?, to).into()))
    } else {
        Some(((sixteen(8)?, from).into(), (sixteen(24)?, to).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: u32 = 0x1234_abcd;

    fn v4(protocol: u8) -> Vec<u8> {
        let mut p = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 198, 51, 100, 9];
        p.extend_from_slice(&[0x30, 0x39, 0x01, 0xbb]);
        p.resize(40, 0);
        p
    }

    fn v6() -> Vec<u8> {
        let mut p = vec![0x60, 0, 0, 0, 0, 20, 6, 64];
        for last in [1, 2] {
            p.extend_from_slice(&[0; 15]);
            p.push(last);
        }
        p.extend_from_slice(&[0, 1, 0, 2]);
        p.resize(60, 0);
        p
    }

    fn legacy(magic: u32, ip: &[u8]) -> Vec<u8> {
        [&magic.to_be_bytes()[..], &(ip.len() as u32).to_be_bytes(), ip].concat()
    }

    fn standard(ip: &[u8]) -> Vec<u8> {
        let all = (12 + ip.len()) as u32;
        [
            &MAGIC.to_be_bytes()[..],
            &all.to_be_bytes(),
            &[0, 1],
            &(ip.len() as u16).to_be_bytes(),
            ip,
        ]
        .concat()
    }

    #[test]
    fn both_forms_and_families() {
        let at = |from: &str, to: &str, len| Parsed::Done(from.parse().unwrap(), to.parse().unwrap(), len);
        for (mut bytes, from, to) in [
            (legacy(MAGIC, &v4(6)), "192.0.2.1:12345", "198.51.100.9:443"),
            (standard(&v4(6)), "192.0.2.1:12345", "198.51.100.9:443"),
            (legacy(MAGIC, &v6()), "[::1]:1", "[::2]:2"),
            (standard(&v6()), "[::1]:1", "[::2]:2"),
        ] {
            let len = bytes.len();
            bytes.extend_from_slice(b"GET /");
            assert_eq!(parse(&bytes, MAGIC), at(from, to, len));
        }
    }

    #[test]
    fn the_type_and_the_length_of_all_are_not_looked_at() {
        let mut bytes = standard(&v4(6));
        bytes[4..8].fill(0xff);
        bytes[9] = 77;
        assert!(matches!(parse(&bytes, MAGIC), Parsed::Done(_, _, 52)));
    }

    #[test]
    fn it_has_to_come_in_one_piece() {
        for (bytes, enough) in [
            (legacy(MAGIC, &v4(6)), 40),
            (standard(&v4(6)), 40),
            (legacy(MAGIC, &v6()), 60),
            (standard(&v6()), 60),
        ] {
            for n in 0..enough {
                assert_eq!(parse(&bytes[..n], MAGIC), Parsed::Short, "{n} of {}", bytes.len());
            }
            // The addresses are read though the end is still on its way.
            let len = bytes.len();
            assert!(matches!(parse(&bytes[..enough], MAGIC), Parsed::Done(_, _, n) if n == len));
        }
        let mut long = legacy(MAGIC, &v4(6));
        long[6] = 1;
        assert_eq!(parse(&long, MAGIC), Parsed::Short);
    }

    #[test]
    fn what_it_is_not() {
        assert_eq!(parse(&legacy(7, &v4(6)), MAGIC), Parsed::Magic);
        assert_eq!(parse(b"\x12\x34GET / HTTP", MAGIC), Parsed::Magic);
        assert_eq!(parse(b"\x12\x34GET / HT", MAGIC), Parsed::Short);
        assert_eq!(parse(&legacy(MAGIC, &v4(17)), MAGIC), Parsed::Protocol);
        assert_eq!(parse(&legacy(MAGIC, &v4(6)[..22]), MAGIC), Parsed::Short);
        assert_eq!(parse(&legacy(MAGIC, &[0x75; 40]), MAGIC), Parsed::Protocol);
        let mut stunted = v4(6);
        stunted[0] = 0x44;
        assert_eq!(parse(&standard(&stunted), MAGIC), Parsed::Protocol);
    }
}
