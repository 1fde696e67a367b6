//! NetScaler's Client IP insertion: a magic number that both sides agree on, a length, then the IP and TCP headers of the client's
//! last packet. Newer devices put a type (1) and a second length between.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest header that is taken: the lengths, an IP header and a TCP header with all options.
const MAX: usize = 12 + 60 + 60;

/// What is known from the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Read this many bytes more, and not one beyond.
    More(usize),
    Done(SocketAddr, SocketAddr),
    /// Another number stands where the magic one should.
    Magic,
    /// What follows is none of the forms.
    Protocol,
}

/// Looks at the bytes received so far.
pub fn parse(buf: &[u8], magic: u32) -> Parsed {
    let known = buf.len().min(4);
    if buf[..known] != magic.to_be_bytes()[..known] {
        return Parsed::Magic;
    }
    if buf.len() < 12 {
        return Parsed::More(12 - buf.len());
    }
    let long = u32::from_be_bytes([buf[4], buf[5], buf[6], buf[7]]) as usize;
    let (start, total) = match (buf[8] >> 4, &buf[8..12]) {
        (4 | 6, _) => (8, 8usize.saturating_add(long)),
        (_, [0, 1, a, b]) => (12, 12 + usize::from(u16::from_be_bytes([*a, *b]))),
        _ => return Parsed::Protocol,
    };
    if total > MAX {
        return Parsed::Protocol;
    }
    if buf.len() < total {
        return Parsed::More(total - buf.len());
    }
    match ends(&buf[start..total.max(start)]) {
        Some((from, to)) => Parsed::Done(from, to),
        None => Parsed::Protocol,
    }
}

fn ends(ip: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let four = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(ip.get(at..at + 4)?).ok()?));
    let sixteen = |at: usize| Some(Ipv6Addr::from(<[u8; 16]>::try_from(ip.get(at..at + 16)?).ok()?));
    let port = |at: usize| Some(u16::from_be_bytes(ip.get(at..at + 2)?.try_into().ok()?));
    let first = *ip.first()?;
    match first >> 4 {
        4 => {
            let tcp = usize::from(first & 0xf) * 4;
            let is_tcp = tcp >= 20 && *ip.get(9)? == 6;
            is_tcp.then_some(())?;
            Some(((four(12)?, port(tcp)?).into(), (four(16)?, port(tcp + 2)?).into()))
        }
        6 => {
            (*ip.get(6)? == 6).then_some(())?;
            Some(((sixteen(8)?, port(40)?).into(), (sixteen(24)?, port(42)?).into()))
        }
        _ => None,
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

    fn fed(bytes: &[u8]) -> (Parsed, usize) {
        let mut have = 0;
        loop {
            match parse(&bytes[..have], MAGIC) {
                Parsed::More(n) if have + n <= bytes.len() => have += n,
                other => return (other, have),
            }
        }
    }

    #[test]
    fn both_forms_and_families() {
        let four = Parsed::Done("192.0.2.1:12345".parse().unwrap(), "198.51.100.9:443".parse().unwrap());
        let six = Parsed::Done("[::1]:1".parse().unwrap(), "[::2]:2".parse().unwrap());
        for (mut bytes, want) in [
            (legacy(MAGIC, &v4(6)), &four),
            (standard(&v4(6)), &four),
            (legacy(MAGIC, &v6()), &six),
            (standard(&v6()), &six),
        ] {
            let len = bytes.len();
            bytes.extend_from_slice(b"GET /");
            let (got, taken) = fed(&bytes);
            assert_eq!((&got, taken), (want, len));
        }
    }

    #[test]
    fn what_it_is_not() {
        assert_eq!(fed(&legacy(7, &v4(6))).0, Parsed::Magic);
        assert_eq!(fed(b"\x12\x34GET / HTTP").0, Parsed::Magic);
        assert_eq!(fed(&legacy(MAGIC, &v4(17))).0, Parsed::Protocol);
        assert_eq!(fed(&legacy(MAGIC, &v4(6)[..22])).0, Parsed::Protocol);
        assert_eq!(fed(&legacy(MAGIC, &[0; 40])).0, Parsed::Protocol);
        let mut huge = legacy(MAGIC, &v4(6));
        huge[4] = 1;
        assert_eq!(fed(&huge).0, Parsed::Protocol);
    }
}
