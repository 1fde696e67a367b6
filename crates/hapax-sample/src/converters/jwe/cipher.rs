//! What encrypts the content of a token (RFC 7518, section 5), and unwrapping of AES keys (RFC 3394).

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::cipher::{AES_128, AES_192, AES_256, Algorithm, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::super::aes::{cbc_decrypt, gcm_key};

/// An `enc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// AES-GCM with a key of so many bytes.
    Gcm(usize),
    /// AES-CBC and HMAC, with two keys of so many bytes each.
    CbcHmac(usize),
}

pub(super) fn aes(key_len: usize) -> Option<&'static Algorithm> {
    match key_len {
        16 => Some(&AES_128),
        24 => Some(&AES_192),
        32 => Some(&AES_256),
        _ => None,
    }
}

/// Opens AES-GCM.
pub(super) fn gcm_open(key: &[u8], iv: &[u8], aad: &[u8], mut text: Vec<u8>, tag: &[u8]) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE_LEN] = iv.try_into().ok()?;
    let opener = gcm_key(key.len() * 8, key)?;
    text.extend_from_slice(tag);
    let len = opener
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut text)
        .ok()?
        .len();
    text.truncate(len);
    Some(text)
}

impl Encryption {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "A128GCM" => Self::Gcm(16),
            "A192GCM" => Self::Gcm(24),
            "A256GCM" => Self::Gcm(32),
            "A128CBC-HS256" => Self::CbcHmac(16),
            "A192CBC-HS384" => Self::CbcHmac(24),
            "A256CBC-HS512" => Self::CbcHmac(32),
            _ => return None,
        })
    }

    /// Bytes of the content's key.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Gcm(len) => len,
            Self::CbcHmac(len) => 2 * len,
        }
    }

    /// Checks and decrypts the content.
    pub(super) fn open(self, key: &[u8], iv: &[u8], aad: &[u8], text: Vec<u8>, tag: &[u8]) -> Option<Vec<u8>> {
        if key.len() != self.key_len() {
            return None;
        }
        let Self::CbcHmac(len) = self else {
            return (tag.len() == 16).then(|| gcm_open(key, iv, aad, text, tag)).flatten();
        };
        let (mac_key, cipher_key) = key.split_at(len);
        let algorithm = match len {
            16 => hmac::HMAC_SHA256,
            24 => hmac::HMAC_SHA384,
            _ => hmac::HMAC_SHA512,
        };
        let mut mac = hmac::Context::with_key(&hmac::Key::new(algorithm, mac_key));
        mac.update(aad);
        mac.update(iv);
        mac.update(&text);
        mac.update(&(aad.len() as u64 * 8).to_be_bytes());
        verify_slices_are_equal(mac.sign().as_ref().get(..len)?, tag).ok()?;
        let key = UnboundCipherKey::new(aes(len)?, cipher_key).ok()?;
        cbc_decrypt(key, FixedLength::try_from(iv).ok()?, text)
    }
}

/// The key inside a wrapped one (RFC 3394).
pub(super) fn unwrap_key(wrapping: &[u8], wrapped: &[u8]) -> Option<Vec<u8>> {
    const CHECK: [u8; 8] = [0xa6; 8];
    let key = UnboundCipherKey::new(aes(wrapping.len())?, wrapping).ok()?;
    let cipher = DecryptingKey::ecb(key).ok()?;
    let (first, rest) = wrapped.split_first_chunk::<8>()?;
    if rest.len() < 16 || rest.len() % 8 != 0 {
        return None;
    }
    let mut check = *first;
    let mut blocks = rest.to_vec();
    let count = blocks.len() / 8;
    for step in (1..=6 * count).rev() {
        let block = blocks.chunks_exact_mut(8).nth((step - 1) % count)?;
        let mixed = u64::from_be_bytes(check) ^ step as u64;
        let mut both = [0; 16];
        both[..8].copy_from_slice(&mixed.to_be_bytes());
        both[8..].copy_from_slice(block);
        cipher.decrypt(&mut both, DecryptionContext::None).ok()?;
        check.copy_from_slice(&both[..8]);
        block.copy_from_slice(&both[8..]);
    }
    verify_slices_are_equal(&check, &CHECK).ok().map(|()| blocks)
}
