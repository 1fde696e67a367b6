//! The hash functions of `hash-type` (manual, 4.2), as 32-bit numbers that must be the same as HAProxy's:
//! a farm that is moved from one to the other keeps each client on its server.

pub use hapax_value::hash::spread;
use hapax_value::hash::{crc32, djb2, sdbm, wt6};

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

/// Leading decimal digits, as far as they fit.
fn digits(key: &[u8]) -> u32 {
    key.iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0u64, |n, &b| n.wrapping_mul(10).wrapping_add(u64::from(b - b'0'))) as u32
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
