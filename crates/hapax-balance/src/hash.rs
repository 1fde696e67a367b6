//! The hash functions of `hash-type` (manual, 4.2), as 32-bit numbers that must be the same as HAProxy's:
//! a farm that is moved from one to the other keeps each client on its server.

/// `hash-type consistent|map-based <function> [avalanche]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct HashType {
    pub consistent: bool,
    pub function: HashFunction,
    /// A last mixing step. Without one given, `consistent` with the default function has it.
    pub avalanche: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HashFunction {
    #[default]
    Sdbm,
    Djb2,
    Wt6,
    Crc32,
    /// The key's own decimal digits.
    None,
}

impl HashType {
    /// The number a key is placed by.
    pub fn hash(self, key: &[u8]) -> u32 {
        let h = self.function.hash(key);
        if self.avalanche { spread(h) } else { h }
    }

    /// The same for a key that is a number already, such as a source address.
    pub fn number(self, n: u32) -> u32 {
        if self.avalanche { spread(n) } else { n }
    }
}

impl HashFunction {
    pub fn hash(self, key: &[u8]) -> u32 {
        match self {
            Self::Sdbm => sdbm(key),
            Self::Djb2 => djb2(key),
            Self::Wt6 => wt6(key),
            Self::Crc32 => crc32(key),
            Self::None => digits(key),
        }
    }
}

fn sdbm(key: &[u8]) -> u32 {
    key.iter().fold(0u32, |h, &b| h.wrapping_mul(65_599).wrapping_add(u32::from(b)))
}

fn djb2(key: &[u8]) -> u32 {
    key.iter().fold(5381u32, |h, &b| h.wrapping_mul(33).wrapping_add(u32::from(b)))
}

/// Two registers turned by amounts that depend on what was read.
fn wt6(key: &[u8]) -> u32 {
    let (mut h0, mut h1) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut step0, mut step1) = (6u32, 18u32);
    for &b in key {
        // Bytes count as signed, which shows on non-ASCII keys.
        let t = i32::from(b.cast_signed()).cast_unsigned();
        h0 = !(h0 ^ t);
        h1 = !h1.wrapping_add(t);
        (h0, h1) = (h1.rotate_left(step0), h0.rotate_left(step1));
        let t = ((h0 >> 16) ^ h1) & 0xffff;
        step0 = t & 0x1f;
        step1 = t >> 11;
    }
    h0 ^ h1
}

/// The CRC of Ethernet and zip.
fn crc32(key: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &b in key {
        crc ^= u32::from(b);
        for _ in 0..8 {
            let low = crc & 1;
            crc >>= 1;
            if low == 1 {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}

/// Leading decimal digits, as far as they fit.
fn digits(key: &[u8]) -> u32 {
    key.iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0u64, |n, &b| n.wrapping_mul(10).wrapping_add(u64::from(b - b'0'))) as u32
}

/// Bob Jenkins' full avalanche over 32 bits, then a large odd multiplier that spreads the result around a ring.
pub fn spread(n: u32) -> u32 {
    let mut a = n;
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = (a ^ 0xc761_c23c) ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = (a ^ 0xb55a_4f09) ^ (a >> 16);
    a.wrapping_mul(3_221_225_473)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let cases: &[(HashFunction, &[u8], u32)] = &[
            (HashFunction::Crc32, b"123456789", 0xcbf4_3926),
            (HashFunction::Djb2, b"", 5381),
            (HashFunction::Djb2, b"a", 177_670),
            (HashFunction::Sdbm, b"a", 97),
            (HashFunction::Sdbm, b"ab", 97 * 65_599 + 98),
            (HashFunction::None, b"1234x", 1234),
        ];
        for (f, key, want) in cases {
            assert_eq!(f.hash(key), *want, "{f:?} {key:?}");
        }
    }

    #[test]
    fn avalanche_is_a_permutation_of_small_numbers() {
        let mut seen: Vec<u32> = (0..10_000).map(spread).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 10_000);
    }
}
