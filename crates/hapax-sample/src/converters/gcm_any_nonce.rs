//! AES-GCM with a nonce of any length (NIST SP 800-38D, 7.1 and 7.2), which the TLS library's own interface leaves out: the
//! block cipher is the library's, in counter mode.

use aws_lc_rs::cipher::{AES_128, AES_192, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time;
use ghash::GHash;
use ghash::universal_hash::UniversalHash;

use super::aes::TAG_LEN;

const BLOCK: usize = 16;

/// Encrypts in place and gives the tag.
pub(super) fn seal(bits: usize, key: &[u8], nonce: &[u8], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG_LEN]> {
    let gcm = Gcm::new(bits, key, nonce)?;
    gcm.crypt(text)?;
    gcm.tag(aad, text)
}

/// The plain text, where the tag fits.
pub(super) fn open(bits: usize, key: &[u8], nonce: &[u8], aad: &[u8], mut text: Vec<u8>, tag: &[u8]) -> Option<Vec<u8>> {
    let gcm = Gcm::new(bits, key, nonce)?;
    constant_time::verify_slices_are_equal(&gcm.tag(aad, &text)?, tag).ok()?;
    gcm.crypt(&mut text)?;
    Some(text)
}

struct Gcm {
    cipher: EncryptingKey,
    hash: GHash,
    /// The block before the first counter.
    start: [u8; BLOCK],
}

impl Gcm {
    fn new(bits: usize, key: &[u8], nonce: &[u8]) -> Option<Self> {
        let algorithm = match bits {
            128 => &AES_128,
            192 => &AES_192,
            256 => &AES_256,
            _ => return None,
        };
        if nonce.is_empty() {
            return None;
        }
        let cipher = EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
        let mut subkey = [0; BLOCK];
        counter(&cipher, [0; BLOCK], &mut subkey)?;
        let hash = GHash::new(&subkey.into());
        let mut start = [0; BLOCK];
        if nonce.len() == 12 {
            start[..12].copy_from_slice(nonce);
            start[BLOCK - 1] = 1;
        } else {
            let mut of_nonce = hash.clone();
            of_nonce.update_padded(nonce);
            of_nonce.update(&[lengths(0, nonce.len()).into()]);
            start = of_nonce.finalize().into();
        }
        Some(Self { cipher, hash, start })
    }

    /// Both ways are the same.
    fn crypt(&self, mut text: &mut [u8]) -> Option<()> {
        let mut block = self.start;
        let mut count = u32::from_be_bytes([block[12], block[13], block[14], block[15]]).wrapping_add(1);
        while !text.is_empty() {
            block[12..].copy_from_slice(&count.to_be_bytes());
            // Only the last four bytes count: the library would carry into the others.
            let run = (u64::from(u32::MAX - count) + 1).saturating_mul(BLOCK as u64);
            let len = text.len().min(usize::try_from(run).unwrap_or(usize::MAX));
            let (now, rest) = text.split_at_mut(len);
            counter(&self.cipher, block, now)?;
            text = rest;
            count = 0;
        }
        Some(())
    }

    fn tag(&self, aad: &[u8], text: &[u8]) -> Option<[u8; TAG_LEN]> {
        let mut hash = self.hash.clone();
        hash.update_padded(aad);
        hash.update_padded(text);
        hash.update(&[lengths(aad.len(), text.len()).into()]);
        let mut tag: [u8; TAG_LEN] = hash.finalize().into();
        counter(&self.cipher, self.start, &mut tag)?;
        Some(tag)
    }
}

/// Both lengths in bits.
fn lengths(first: usize, second: usize) -> [u8; BLOCK] {
    ((first as u128 * 8) << 64 | (second as u128 * 8)).to_be_bytes()
}

/// Encrypts `text` with the key stream that starts at the block `from`.
fn counter(cipher: &EncryptingKey, from: [u8; BLOCK], text: &mut [u8]) -> Option<()> {
    cipher.less_safe_encrypt(text, EncryptionContext::Iv128(from.into())).ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let nibble = |b: u8| (b as char).to_digit(16).expect("hexadecimal") as u8;
        text.as_bytes().chunks(2).map(|p| nibble(p[0]) << 4 | nibble(p[1])).collect()
    }

    /// Test cases 4, 5 and 6 of the algorithm's submission to NIST: nonces of 12, 8 and 60 bytes.
    #[test]
    fn known_answers() {
        let key = hex("feffe9928665731c6d6a8f9467308308");
        let plain =
            hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        for (nonce, tag) in [
            ("cafebabefacedbaddecaf888", "5bc94fbc3221a5db94fae95ae7121a47"),
            ("cafebabefacedbad", "3612d2e79e3b0785561be14aaca2fccb"),
            (
                "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b",
                "619cc5aefffe0bfa462af43c1699d050",
            ),
        ] {
            let mut text = plain.clone();
            let made = seal(128, &key, &hex(nonce), &aad, &mut text).expect("sealed");
            assert_eq!(made.as_slice(), hex(tag), "{nonce}");
            assert_eq!(open(128, &key, &hex(nonce), &aad, text.clone(), &made), Some(plain.clone()));
            text[0] ^= 1;
            assert_eq!(open(128, &key, &hex(nonce), &aad, text, &made), None);
        }
    }
}
