//! The numbers of the peers protocol and of SPOP.
//!
//! Numbers of one to ten bytes: those below 240 are a byte of their own; others begin with four ones, and seven bits follow at a
//! time, each byte but the last with its upper bit set.

/// Appends a number.
pub fn encode(mut n: u64, out: &mut Vec<u8>) {
    if n < 0xf0 {
        out.push(n as u8);
        return;
    }
    out.push(n as u8 | 0xf0);
    n = (n - 0xf0) >> 4;
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n = (n - 0x80) >> 7;
    }
    out.push(n as u8);
}

/// Takes a number off the front; `None`: it is not whole, or larger than a number can be.
pub fn decode(from: &mut &[u8]) -> Option<u64> {
    let (first, mut rest) = from.split_first()?;
    let mut n = u64::from(*first);
    if n >= 0xf0 {
        let mut shift = 4;
        loop {
            let (next, tail) = rest.split_first()?;
            rest = tail;
            let part = u64::from(*next);
            if shift > 60 || part << shift >> shift != part {
                return None;
            }
            n = n.checked_add(part << shift)?;
            if part < 0x80 {
                break;
            }
            shift += 7;
        }
    }
    *from = rest;
    Some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases: &[(u64, &[u8])] = &[
            (0, &[0]),
            (239, &[239]),
            (240, &[0xf0, 0]),
            (2287, &[0xff, 0x7f]),
            (2288, &[0xf0, 0x80, 0]),
            (0x1234, &[0xf4, 0x94, 0x01]),
            (264_431, &[0xff, 0xff, 0x7f]),
            (264_432, &[0xf0, 0x80, 0x80, 0]),
        ];
        for (n, bytes) in cases {
            let mut out = Vec::new();
            encode(*n, &mut out);
            assert_eq!(out, *bytes, "{n}");
            let mut from = &out[..];
            assert_eq!((decode(&mut from), from.len()), (Some(*n), 0));
        }
    }

    #[test]
    fn every_size_comes_back() {
        for bits in 0..64 {
            for n in [1_u64 << bits, (1 << bits) - 1, u64::MAX >> bits] {
                let mut out = Vec::new();
                encode(n, &mut out);
                assert!(out.len() <= 10);
                assert_eq!(decode(&mut &out[..]), Some(n));
                // One that is cut is none.
                assert_eq!(decode(&mut &out[..out.len() - 1]), None);
            }
        }
        assert_eq!(decode(&mut &[0xff; 12][..]), None);
    }
}
