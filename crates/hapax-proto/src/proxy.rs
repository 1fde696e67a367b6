//! The PROXY protocol, versions 1 (text) and 2 (binary): how one proxy tells the next whom it speaks for.
//!
//! [`parse`] says how many bytes may be read next without touching what follows the header, so that TLS or anything else can begin
//! right behind it. The addresses of version 2 are read; its further parts (TLVs) are skipped.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, with its end.
const MAX_LINE: usize = 107;

/// Source and destination of the connection spoken for; `None`: the header names none, the connection's own stand.
pub type Ends = Option<(SocketAddr, SocketAddr)>;

/// What is known from the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Read this many bytes more, and not one beyond.
    More(usize),
    Done(Ends),
    /// This is no PROXY header.
    Bad,
}

/// Looks at the bytes received so far.
pub fn parse(buf: &[u8]) -> Parsed {
    let n = buf.len().min(SIGNATURE.len());
    let (is_binary, is_text) = (buf[..n] == SIGNATURE[..n], buf[..n.min(6)] == b"PROXY "[..n.min(6)]);
    match (is_binary, is_text) {
        (false, false) => Parsed::Bad,
        // No header of either version is shorter.
        _ if n < SIGNATURE.len() => Parsed::More(SIGNATURE.len() - n),
        (true, _) => binary(buf),
        _ => text(buf),
    }
}

fn binary(buf: &[u8]) -> Parsed {
    if buf.len() < 16 {
        return Parsed::More(16 - buf.len());
    }
    let total = 16 + usize::from(u16::from_be_bytes([buf[14], buf[15]]));
    if buf[12] >> 4 != 2 {
        return Parsed::Bad;
    }
    if buf.len() < total {
        return Parsed::More(total - buf.len());
    }
    let body = &buf[16..total];
    match (buf[12] & 0xf, buf[13]) {
        (1, 0x11) => ends4(body).map_or(Parsed::Bad, |e| Parsed::Done(Some(e))),
        (1, 0x21) => ends6(body).map_or(Parsed::Bad, |e| Parsed::Done(Some(e))),
        // LOCAL: the sender speaks for itself (a health check); else a family without addresses of ours.
        (0 | 1, _) => Parsed::Done(None),
        _ => Parsed::Bad,
    }
}

fn ends4(b: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let ip = |at: usize| Some(IpAddr::from(<[u8; 4]>::try_from(b.get(at..at + 4)?).ok()?));
    Some(((ip(0)?, port(b, 8)?).into(), (ip(4)?, port(b, 10)?).into()))
}

fn ends6(b: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let ip = |at: usize| Some(IpAddr::from(<[u8; 16]>::try_from(b.get(at..at + 16)?).ok()?));
    Some(((ip(0)?, port(b, 32)?).into(), (ip(16)?, port(b, 34)?).into()))
}

fn port(b: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(b.get(at..at + 2)?.try_into().ok()?))
}

fn text(buf: &[u8]) -> Parsed {
    let Some(end) = buf.iter().position(|b| *b == b'\n') else {
        // The shortest line of each kind is safe to read as a whole; from there on, byte by byte.
        let shortest = match buf.get(6..10) {
            Some(b"TCP4") => 32,
            Some(b"TCP6") => 22,
            _ => 15,
        };
        return match buf.len() {
            n if n >= MAX_LINE => Parsed::Bad,
            n => Parsed::More(shortest.max(n + 1) - n),
        };
    };
    let line = std::str::from_utf8(&buf[..end]).ok().and_then(|l| l.strip_suffix('\r'));
    let Some(line) = line.filter(|_| end + 1 == buf.len()) else {
        return Parsed::Bad;
    };
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Parsed::Done(None),
        ["PROXY", "TCP4", from, to, sport, dport] => named::<Ipv4Addr>(from, to, sport, dport),
        ["PROXY", "TCP6", from, to, sport, dport] => named::<Ipv6Addr>(from, to, sport, dport),
        _ => Parsed::Bad,
    }
}

fn named<A: std::str::FromStr + Into<IpAddr>>(from: &str, to: &str, sport: &str, dport: &str) -> Parsed {
    let end = |ip: &str, port: &str| Some(SocketAddr::from((ip.parse::<A>().ok()?.into(), port.parse().ok()?)));
    match (end(from, sport), end(to, dport)) {
        (Some(f), Some(t)) => Parsed::Done(Some((f, t))),
        _ => Parsed::Bad,
    }
}

/// Appends a header of version 1 or 2. Ends of different families are both told as IPv6.
pub fn write(version: u8, ends: Ends, out: &mut Vec<u8>) {
    if version == 1 {
        write_text(ends, out);
    } else {
        write_binary(ends, out);
    }
}

fn write_text(ends: Ends, out: &mut Vec<u8>) {
    let line = match ends {
        None => "PROXY UNKNOWN\r\n".to_owned(),
        Some((SocketAddr::V4(f), SocketAddr::V4(t))) => format!("PROXY TCP4 {} {} {} {}\r\n", f.ip(), t.ip(), f.port(), t.port()),
        Some((f, t)) => format!("PROXY TCP6 {} {} {} {}\r\n", v6(f.ip()), v6(t.ip()), f.port(), t.port()),
    };
    out.extend_from_slice(line.as_bytes());
}

fn write_binary(ends: Ends, out: &mut Vec<u8>) {
    out.extend_from_slice(SIGNATURE);
    let Some((f, t)) = ends else {
        out.extend_from_slice(&[0x20, 0, 0, 0]);
        return;
    };
    if let (IpAddr::V4(a), IpAddr::V4(b)) = (f.ip(), t.ip()) {
        out.extend_from_slice(&[0x21, 0x11, 0, 12]);
        out.extend_from_slice(&a.octets());
        out.extend_from_slice(&b.octets());
    } else {
        out.extend_from_slice(&[0x21, 0x21, 0, 36]);
        out.extend_from_slice(&v6(f.ip()).octets());
        out.extend_from_slice(&v6(t.ip()).octets());
    }
    out.extend_from_slice(&f.port().to_be_bytes());
    out.extend_from_slice(&t.port().to_be_bytes());
}

fn v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(a) => a.to_ipv6_mapped(),
        IpAddr::V6(a) => a,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads as the parser asks, and answers what it made of it and how much it took.
    fn fed(bytes: &[u8]) -> (Parsed, usize) {
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
        for ends in [None, v4, v6] {
            for version in [1, 2] {
                let mut bytes = Vec::new();
                write(version, ends, &mut bytes);
                let header = bytes.len();
                bytes.extend_from_slice(b"GET / HTTP/1.1\r\n");
                assert_eq!(fed(&bytes), (Parsed::Done(ends), header), "{version} {ends:?}");
            }
        }
    }

    #[test]
    fn other_bytes_are_refused_early() {
        let long = format!("PROXY UNKNOWN {}", "x".repeat(120));
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
            b"PROXY TCP4 ::1 ::1 1111111 2\r\n______",
            b"PROXY TCP9 192.0.2.1 192.0.2.2 1 2\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c____________",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04____",
            long.as_bytes(),
        ] {
            assert_eq!(fed(bytes).0, Parsed::Bad, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn tlvs_are_skipped() {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend_from_slice(&[0x21, 0x11, 0, 15, 10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 0, 81, 3, 0, 0]);
        let want = Some(("10.0.0.1:80".parse().unwrap(), "10.0.0.2:81".parse().unwrap()));
        assert_eq!(fed(&bytes), (Parsed::Done(want), bytes.len()));
    }
}
