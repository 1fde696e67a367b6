//! The MD5-based hash of crypt(3) (`$1$`), of which old password files are full.

use md5::{Digest, Md5};

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MAGIC: &str = "$1$";
const ROUNDS: usize = 1000;

/// The hash of `password` with the salt of `setting`, a hash or its beginning up to the salt.
pub(super) fn hash(password: &[u8], setting: &str) -> String {
    let rest = setting.strip_prefix(MAGIC).unwrap_or(setting);
    let salt = rest.split('$').next().unwrap_or_default();
    let salt = salt.get(..salt.len().min(8)).unwrap_or_default();
    let digest = digest(password, salt.as_bytes());
    let mut out = format!("{MAGIC}{salt}$");
    for [a, b, c] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        encode(
            &mut out,
            u32::from(digest[a]) << 16 | u32::from(digest[b]) << 8 | u32::from(digest[c]),
            4,
        );
    }
    encode(&mut out, u32::from(digest[11]), 2);
    out
}

/// Six bits a letter, the lowest first.
fn encode(out: &mut String, mut bits: u32, letters: usize) {
    for _ in 0..letters {
        out.push(char::from(ALPHABET[(bits & 63) as usize]));
        bits >>= 6;
    }
}

fn digest(password: &[u8], salt: &[u8]) -> [u8; 16] {
    let inner: [u8; 16] = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize()
        .into();
    let mut first = Md5::new();
    first.update(password);
    first.update(MAGIC);
    first.update(salt);
    for chunk in (0..password.len()).step_by(16) {
        first.update(&inner[..(password.len() - chunk).min(16)]);
    }
    // One byte for each bit of the length: a zero, or the password's first.
    let mut bits = password.len();
    while bits > 0 {
        first.update(if bits & 1 == 1 { &[0][..] } else { &password[..1] });
        bits >>= 1;
    }
    let mut digest: [u8; 16] = first.finalize().into();
    for round in 0..ROUNDS {
        let mut md5 = Md5::new();
        if round % 2 == 1 {
            md5.update(password);
        } else {
            md5.update(digest);
        }
        if round % 3 != 0 {
            md5.update(salt);
        }
        if round % 7 != 0 {
            md5.update(password);
        }
        if round % 2 == 1 {
            md5.update(digest);
        } else {
            md5.update(password);
        }
        digest = md5.finalize().into();
    }
    digest
}
