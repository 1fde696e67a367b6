//! The further parts of a PROXY header, version 2: a type, a length, a value.

/// Types of the specification.
pub const ALPN: u8 = 0x01;
pub const AUTHORITY: u8 = 0x02;
pub const CRC32C: u8 = 0x03;
pub const NOOP: u8 = 0x04;
pub const UNIQUE_ID: u8 = 0x05;
pub const SSL: u8 = 0x20;
pub const SSL_VERSION: u8 = 0x21;
pub const SSL_CN: u8 = 0x22;
pub const SSL_CIPHER: u8 = 0x23;
pub const SSL_SIG_ALG: u8 = 0x24;
pub const SSL_KEY_ALG: u8 = 0x25;
pub const NETNS: u8 = 0x30;

/// Flags of the part on TLS: the client spoke it; it showed a certificate on this connection; in this session.
pub const CLIENT_SSL: u8 = 1;
pub const CLIENT_CERT_CONN: u8 = 2;
pub const CLIENT_CERT_SESS: u8 = 4;

/// The part on TLS begins with the flags and the verification's result; its own parts follow.
const SSL_HEAD: usize = 5;

/// Goes over a list; stops at what is not whole.
#[derive(Clone, Debug)]
pub struct Tlvs<'b>(&'b [u8]);

/// The parts in `bytes`.
pub fn all(bytes: &[u8]) -> Tlvs<'_> {
    Tlvs(bytes)
}

impl<'b> Iterator for Tlvs<'b> {
    type Item = (u8, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_at_checked(3)?;
        let len = usize::from(u16::from_be_bytes([head[1], head[2]]));
        let (value, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some((head[0], value))
    }
}

/// Values of that type in the order of the header; those of TLS are inside the part on TLS.
pub fn values(bytes: &[u8], kind: u8) -> impl Iterator<Item = &[u8]> {
    all(bytes).flat_map(move |(k, value)| {
        let inner = if k == SSL { value.get(SSL_HEAD..).unwrap_or_default() } else { &[] };
        let own = (k == kind).then_some(value);
        own.into_iter().chain(all(inner).filter(move |(k, _)| *k == kind).map(|(_, v)| v))
    })
}

pub(super) fn are_whole(bytes: &[u8]) -> bool {
    let mut parts = all(bytes);
    while parts.next().is_some() {}
    parts.0.is_empty()
}

/// Where the list that begins at `from` has a checksum, it is that of the whole header.
pub(super) fn checksum_holds(header: &[u8], from: usize) -> bool {
    let mut at = from;
    for (kind, value) in all(&header[from..]) {
        if kind == CRC32C {
            let Ok(told) = <[u8; 4]>::try_from(value) else { return false };
            let mut blank = header.to_vec();
            blank[at + 3..at + 7].fill(0);
            return crc32c(&blank) == u32::from_be_bytes(told);
        }
        at += 3 + value.len();
    }
    true
}

/// Appends a part. What is longer than a part may be is cut.
pub fn push(kind: u8, value: &[u8], out: &mut Vec<u8>) {
    let value = &value[..value.len().min(usize::from(u16::MAX))];
    out.push(kind);
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

/// Appends the part on TLS. `verified`: the client's certificate is good, or there is none to judge.
pub fn push_ssl(flags: u8, verified: bool, parts: &[u8], out: &mut Vec<u8>) {
    let mut value = vec![flags];
    value.extend_from_slice(&u32::from(!verified).to_be_bytes());
    value.extend_from_slice(parts);
    push(SSL, &value, out);
}

/// The Castagnoli checksum, bit by bit: a header is short.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, b| {
        (0..8).fold(crc ^ u32::from(*b), |c, _| (c >> 1) ^ (0x82f6_3b78 & 0u32.wrapping_sub(c & 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn values_are_found_inside_the_part_on_tls_too() {
        let (mut inner, mut list) = (Vec::new(), Vec::new());
        push(SSL_CN, b"me", &mut inner);
        push(0xe1, b"1", &mut list);
        push_ssl(CLIENT_SSL, true, &inner, &mut list);
        push(0xe1, b"2", &mut list);
        let of = |kind| values(&list, kind).collect::<Vec<_>>();
        assert_eq!(of(0xe1), [b"1", b"2"]);
        assert_eq!(of(SSL_CN), [b"me"]);
        assert_eq!(of(SSL)[0][..5], [1, 0, 0, 0, 0]);
        assert!(are_whole(&list) && !are_whole(&list[..list.len() - 1]));
        assert_eq!(values(&list, ALPN).count(), 0);
    }
}
