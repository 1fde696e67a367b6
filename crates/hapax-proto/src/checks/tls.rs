//! The start of a handshake, for servers whose TLS is only asked whether it is there (`option ssl-hello-chk`).

use std::ops::RangeInclusive;

use super::Reply;

/// Suites that servers of any age know at least one of: those of SSL 3.0 and the AES ones of TLS 1.0.
const SUITES: [RangeInclusive<u16>; 2] = [0x0001..=0x001b, 0x002f..=0x003a];
/// What the random holds after its time: nothing is kept secret here, and a server's log can tell who asked.
const MARK: &[u8; 28] = b"HAPROXYSSLCHK\nHAPROXYSSLCHK\n";
/// The head of a record.
const RECORD: usize = 5;

/// A `ClientHello` of SSL 3.0 whose random starts with `seconds`, as it was the custom. Whoever speaks TLS answers it, be it
/// with an alert.
pub fn client_hello(seconds: u32) -> Vec<u8> {
    let suites: Vec<u8> = SUITES.into_iter().flatten().flat_map(u16::to_be_bytes).collect();
    let mut hello = vec![3, 0];
    hello.extend_from_slice(&seconds.to_be_bytes());
    hello.extend_from_slice(MARK);
    hello.push(0);
    hello.extend_from_slice(&(suites.len() as u16).to_be_bytes());
    hello.extend_from_slice(&suites);
    hello.extend_from_slice(&[1, 0]);
    let len = hello.len() as u32;
    let mut out = vec![0x16, 3, 0];
    out.extend_from_slice(&(len as u16 + 4).to_be_bytes());
    out.push(1);
    out.extend_from_slice(&len.to_be_bytes()[1..]);
    out.extend_from_slice(&hello);
    out
}

/// Reads what a server answers: a record of a handshake, or an alert.
pub fn read(b: &[u8], closed: bool) -> Reply {
    match b {
        _ if b.is_empty() || (b.len() < RECORD && !closed) => Reply::More,
        [0x15 | 0x16, ..] => Reply::Good(0, None),
        _ => Reply::Invalid(None),
    }
}

#[cfg(test)]
mod tests {
    use super::{Reply, read};

    #[test]
    fn answers() {
        let good = Reply::Good(0, None);
        assert_eq!(read(b"\x16\x03\x01\0\x04", false), good);
        assert_eq!(read(b"\x15\x03\0\0\x02\x02\x28", false), good);
        assert_eq!(read(b"\x16\x03", false), Reply::More);
        assert_eq!(read(b"\x16", true), good);
        assert_eq!(read(b"", true), Reply::More);
        assert_eq!(read(b"HTTP/1.0 400 Bad", false), Reply::Invalid(None));
        assert_eq!(read(b"\x17\x03\x01\0\x04", false), Reply::Invalid(None));
    }

    #[test]
    fn lengths_fit() {
        let h = super::client_hello(1);
        assert_eq!(usize::from(u16::from_be_bytes([h[3], h[4]])), h.len() - 5);
        assert_eq!(usize::from(u16::from_be_bytes([h[7], h[8]])), h.len() - 9);
    }
}
