//! Keys that unwrap the key of a token's content (RFC 7518, section 4): secrets, RSA and elliptic curves.

use std::fmt;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use base64::Engine as _;
use serde_json::Value as Json;

use super::super::encodings::{BASE64, BASE64URL};
use super::cipher::{Encryption, gcm_open, unwrap_key};

/// What the converter was given to decrypt with.
pub(crate) enum Key {
    Secret(Vec<u8>),
    Rsa(Box<(OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey)>),
    Ec(Box<PrivateKey>),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are not shown.
        f.write_str("Key")
    }
}

fn field(object: &Json, name: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(object.get(name)?.as_str()?).ok()
}

/// One DER element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let len = content.len();
    match len {
        0..0x80 => out.push(len as u8),
        0x80..0x100 => out.extend_from_slice(&[0x81, len as u8]),
        _ => out.extend_from_slice(&[0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend_from_slice(content);
    out
}

const INTEGER: u8 = 2;
const OCTETS: u8 = 4;
const SEQUENCE: u8 = 0x30;

/// A number as DER has it: never negative.
fn der_number(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|&b| b != 0).unwrap_or(bytes.len());
    let digits = bytes.get(start..).unwrap_or_default();
    let padded = if digits.first().is_none_or(|b| b & 0x80 != 0) {
        [&[0], digits].concat()
    } else {
        digits.to_vec()
    };
    der(INTEGER, &padded)
}

/// PKCS#8 around a PKCS#1 key.
fn pkcs8(pkcs1: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: [u8; 15] = [0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    der(SEQUENCE, &[der_number(&[0]), RSA_ENCRYPTION.to_vec(), der(OCTETS, pkcs1)].concat())
}

fn rsa(pkcs8: &[u8]) -> Option<Key> {
    let key = || PrivateDecryptingKey::from_pkcs8(pkcs8).ok();
    let oaep = OaepPrivateDecryptingKey::new(key()?).ok()?;
    Some(Key::Rsa(Box::new((oaep, Pkcs1PrivateDecryptingKey::new(key()?).ok()?))))
}

fn curve(name: &str) -> Option<&'static agreement::Algorithm> {
    match name {
        "P-256" => Some(&ECDH_P256),
        "P-384" => Some(&ECDH_P384),
        "P-521" => Some(&ECDH_P521),
        _ => None,
    }
}

impl Key {
    /// A JSON Web Key (RFC 7517).
    pub(super) fn from_jwk(text: &[u8]) -> Option<Self> {
        let jwk: Json = serde_json::from_slice(text).ok()?;
        match jwk.get("kty")?.as_str()? {
            "oct" => field(&jwk, "k").map(Self::Secret),
            "RSA" => {
                let numbers: Option<Vec<Vec<u8>>> = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
                    .iter()
                    .map(|name| field(&jwk, name).map(|n| der_number(&n)))
                    .collect();
                let pkcs1 = der(SEQUENCE, &[der_number(&[0]), numbers?.concat()].concat());
                rsa(&pkcs8(&pkcs1))
            }
            "EC" => {
                let key = PrivateKey::from_private_key(curve(jwk.get("crv")?.as_str()?)?, &field(&jwk, "d")?);
                key.ok().map(|key| Self::Ec(Box::new(key)))
            }
            _ => None,
        }
    }

    /// The private key of a PEM file.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(pem);
        let block = |label: &str| {
            let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
            let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
            BASE64.decode(body.split_ascii_whitespace().collect::<String>()).ok()
        };
        let ec = |der: &[u8]| {
            let curves = [&ECDH_P256, &ECDH_P384, &ECDH_P521];
            let key = curves.iter().find_map(|curve| PrivateKey::from_private_key_der(curve, der).ok())?;
            Some(Self::Ec(Box::new(key)))
        };
        block("PRIVATE KEY")
            .and_then(|der| rsa(&der).or_else(|| ec(&der)))
            .or_else(|| rsa(&pkcs8(&block("RSA PRIVATE KEY")?)))
            .or_else(|| ec(&block("EC PRIVATE KEY")?))
            .ok_or_else(|| "no private key that can be used".to_owned())
    }

    /// The key of the content, as the header says it was protected.
    pub(super) fn unwrap(&self, header: &Json, wrapped: &[u8], encryption: Encryption) -> Option<Vec<u8>> {
        let algorithm = header.get("alg")?.as_str()?;
        let aes_len = |name: &str| match name {
            "A128" => Some(16),
            "A192" => Some(24),
            "A256" => Some(32),
            _ => None,
        };
        match self {
            Self::Secret(secret) => {
                if algorithm == "dir" {
                    return wrapped.is_empty().then(|| secret.clone());
                }
                if let Some(name) = algorithm.strip_suffix("GCMKW") {
                    let fits = aes_len(name)? == secret.len();
                    let (iv, tag) = (field(header, "iv")?, field(header, "tag")?);
                    return fits.then(|| gcm_open(secret, &iv, &[], wrapped.to_vec(), &tag)).flatten();
                }
                let fits = aes_len(algorithm.strip_suffix("KW")?)? == secret.len();
                fits.then(|| unwrap_key(secret, wrapped)).flatten()
            }
            Self::Rsa(keys) => {
                let (key, old) = &**keys;
                if algorithm == "RSA1_5" {
                    let mut out = vec![0; old.min_output_size()];
                    let plain = old.decrypt(wrapped, &mut out).ok().map(|p| p.to_vec());
                    // Whether the padding was right must not show (RFC 7516, section 11.5): any other key fails later, as all do.
                    return plain.filter(|key| key.len() == encryption.key_len()).or_else(|| {
                        let mut other = vec![0; encryption.key_len()];
                        aws_lc_rs::rand::fill(&mut other).ok()?;
                        Some(other)
                    });
                }
                let oaep = match algorithm {
                    "RSA-OAEP" => &OAEP_SHA1_MGF1SHA1,
                    "RSA-OAEP-256" => &OAEP_SHA256_MGF1SHA256,
                    _ => return None,
                };
                let mut out = vec![0; key.min_output_size()];
                let plain = key.decrypt(oaep, wrapped, &mut out, None).ok()?;
                Some(plain.to_vec())
            }
            Self::Ec(key) => match algorithm.strip_prefix("ECDH-ES")? {
                "" => agreed(key, header, header.get("enc")?.as_str()?, encryption.key_len()),
                name => {
                    let len = aes_len(name.strip_prefix('+')?.strip_suffix("KW")?)?;
                    unwrap_key(&agreed(key, header, algorithm, len)?, wrapped)
                }
            },
        }
    }
}

/// The key that both sides agree on, by the header's ephemeral key (RFC 7518, section 4.6).
fn agreed(key: &PrivateKey, header: &Json, purpose: &str, len: usize) -> Option<Vec<u8>> {
    let peer = header.get("epk")?;
    let curve = curve(peer.get("crv")?.as_str()?)?;
    let point = [&[4][..], &field(peer, "x")?, &field(peer, "y")?].concat();
    let party = |name: &str| match header.get(name) {
        Some(_) => field(header, name),
        None => Some(Vec::new()),
    };
    let (apu, apv) = (party("apu")?, party("apv")?);
    let derive = |secret: &[u8]| {
        let mut out = Vec::new();
        for round in 1u32.. {
            let mut hash = Context::new(&SHA256);
            hash.update(&round.to_be_bytes());
            hash.update(secret);
            for part in [purpose.as_bytes(), &apu, &apv] {
                hash.update(&(part.len() as u32).to_be_bytes());
                hash.update(part);
            }
            hash.update(&(len as u32 * 8).to_be_bytes());
            out.extend_from_slice(hash.finish().as_ref());
            if out.len() >= len {
                break;
            }
        }
        out.truncate(len);
        Ok(out)
    };
    agreement::agree(key, UnparsedPublicKey::new(curve, point), (), derive).ok()
}
