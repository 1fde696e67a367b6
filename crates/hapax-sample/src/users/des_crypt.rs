//! The oldest hashes of crypt(3): DES with a salt in its expansion, 25 times over nothing, and the longer form of BSD/OS (`_`).

/// The hash of a password with the salt and count that another hash begins with; `None`: it is none of this kind.
pub(super) fn hash(password: &[u8], like: &str) -> Option<String> {
    let text = like.as_bytes();
    let (head, salt, count, key) = match text {
        [b'_', ..] if text.len() == 20 => {
            let (count, salt) = (number(&text[1..5])?, number(&text[5..9])?);
            (&like[..9], salt, count, folded_key(password))
        }
        _ if text.len() == 13 => (&like[..2], number(&text[..2])?, 25, key_of(password)),
        _ => return None,
    };
    let keys = schedule(key);
    let block = (0..count).fold(0, |block, _| encrypt(block, &keys, salt));
    let mut out = head.to_owned();
    for i in 0..11 {
        let six = (u128::from(block) << 2 >> (60 - 6 * i)) & 63;
        out.push(char::from(ALPHABET[six as usize]));
    }
    Some(out)
}

/// Whether a text looks like a hash of this kind.
pub(super) fn is_hash(text: &str) -> bool {
    let rest = match text.len() {
        13 => text,
        20 => text.strip_prefix('_').unwrap_or("_"),
        _ => "_",
    };
    rest.bytes().all(|b| ALPHABET.contains(&b))
}

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Six bits for each character, the lowest first.
fn number(text: &[u8]) -> Option<u32> {
    text.iter().rev().try_fold(0, |n, c| {
        let digit = ALPHABET.iter().position(|a| a == c)? as u32;
        Some(n << 6 | digit)
    })
}

/// Seven bits of each of the first eight characters, and a parity bit that nobody looks at.
fn key_of(text: &[u8]) -> u64 {
    (0..8).fold(0, |key, i| key << 8 | u64::from(text.get(i).copied().unwrap_or(0) << 1))
}

/// All characters: each eight of them are added to the key as it encrypts itself.
fn folded_key(password: &[u8]) -> u64 {
    let mut key = key_of(password);
    for part in password.chunks(8).skip(1) {
        key = encrypt(key, &schedule(key), 0) ^ key_of(part);
    }
    key
}

/// The bits of `value`, of which there are `width`, that `table` names from 1 at the left.
fn permuted(value: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |out, at| out << 1 | (value >> (width - u32::from(*at)) & 1))
}

fn schedule(key: u64) -> [u64; 16] {
    const HALF: u64 = (1 << 28) - 1;
    let chosen = permuted(key, 64, &PC1);
    let (mut c, mut d) = (chosen >> 28, chosen & HALF);
    std::array::from_fn(|round| {
        let n = if matches!(round, 0 | 1 | 8 | 15) { 1 } else { 2 };
        c = (c << n | c >> (28 - n)) & HALF;
        d = (d << n | d >> (28 - n)) & HALF;
        permuted(c << 28 | d, 56, &PC2)
    })
}

fn encrypt(block: u64, keys: &[u64; 16], salt: u32) -> u64 {
    let start = permuted(block, 64, &initial());
    let (mut left, mut right) = ((start >> 32) as u32, start as u32);
    for key in keys {
        (left, right) = (right, left ^ mixed(right, *key, salt));
    }
    let end = u64::from(right) << 32 | u64::from(left);
    // The last permutation is the first one turned round.
    let initial = initial();
    (0..64).fold(0, |out, i| out | (end >> (63 - i) & 1) << (64 - u32::from(initial[i as usize])))
}

fn initial() -> [u8; 64] {
    const ROWS: [u8; 8] = [58, 60, 62, 64, 57, 59, 61, 63];
    std::array::from_fn(|i| ROWS[i / 8] - 8 * (i % 8) as u8)
}

/// The function of a round. Each bit of the salt swaps two bits of the expansion.
fn mixed(right: u32, key: u64, salt: u32) -> u32 {
    let expansion: [u8; 48] = std::array::from_fn(|i| ((4 * (i / 6) + i % 6 + 31) % 32 + 1) as u8);
    let mut wide = permuted(u64::from(right), 32, &expansion);
    for bit in (0..24).filter(|b| salt >> b & 1 == 1) {
        let (a, b) = (47 - bit, 23 - bit);
        let differ = (wide >> a ^ wide >> b) & 1;
        wide ^= differ << a | differ << b;
    }
    wide ^= key;
    let boxed = SBOXES.iter().enumerate().fold(0, |out, (i, sbox)| {
        let six = (wide >> (42 - 6 * i)) & 63;
        let row = (six >> 4 & 2) | (six & 1);
        let column = six >> 1 & 15;
        out << 4 | u64::from(sbox[(row * 16 + column) as usize])
    });
    permuted(boxed, 32, &P) as u32
}

static PC1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63, 55, 47, 39, 31, 23, 15,
    7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
static PC2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48,
    44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
static P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
static SBOXES: [[u8; 64]; 8] = [
    [
        14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8, 4, 1, 14, 8, 13, 6, 2,
        11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13,
    ],
    [
        15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5, 0, 14, 7, 11, 10, 4,
        13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9,
    ],
    [
        10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1, 13, 6, 4, 9, 8, 15, 3,
        0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12,
    ],
    [
        7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9, 10, 6, 9, 0, 12, 11, 7,
        13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14,
    ],
    [
        2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6, 4, 2, 1, 11, 10, 13, 7,
        8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3,
    ],
    [
        12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8, 9, 14, 15, 5, 2, 8, 12,
        3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13,
    ],
    [
        4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6, 1, 4, 11, 13, 12, 3, 7,
        14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12,
    ],
    [
        13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2, 7, 11, 4, 1, 9, 12, 14,
        2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_the_system_makes_them() {
        for (password, like) in [
            ("", "zZO7u0HfQST3A"),
            ("a much longer secret", "_6C/.yaiuBxtC3GPHcE."),
            ("Hello world!", "rlHTYWy7fl2Xg"),
        ] {
            assert_eq!(hash(password.as_bytes(), like).as_deref(), Some(like), "{password}");
        }
        assert!(!is_hash("secret") && !is_hash("abNANd1rDfi$c") && !is_hash("xJ9..rasmz0.F/jqjWck"));
        assert_eq!(hash(b"x", "short"), None);
    }
}
