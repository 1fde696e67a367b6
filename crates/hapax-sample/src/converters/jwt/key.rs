//! Algorithms of RFC 7518 and the keys that verify their signatures.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use base64::Engine as _;
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

use super::super::encodings::BASE64;

/// An `alg` of RFC 7518, section 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
    Ps256,
    Ps384,
    Ps512,
    None,
}

impl Algorithm {
    pub(super) fn parse(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"HS256" => Self::Hs256,
            b"HS384" => Self::Hs384,
            b"HS512" => Self::Hs512,
            b"RS256" => Self::Rs256,
            b"RS384" => Self::Rs384,
            b"RS512" => Self::Rs512,
            b"ES256" => Self::Es256,
            b"ES384" => Self::Es384,
            b"ES512" => Self::Es512,
            b"PS256" => Self::Ps256,
            b"PS384" => Self::Ps384,
            b"PS512" => Self::Ps512,
            b"none" => Self::None,
            _ => return None,
        })
    }

    /// Both sides know the same secret.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Hs256 | Self::Hs384 | Self::Hs512)
    }

    /// The length of a signature, where every key has the same.
    pub(super) fn signature_len(self) -> Option<usize> {
        match self {
            Self::Es256 => Some(64),
            Self::Es384 => Some(96),
            Self::Es512 => Some(132),
            _ => None,
        }
    }

    pub(super) fn verify_secret(self, secret: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let algorithm = match self {
            Self::Hs256 => hmac::HMAC_SHA256,
            Self::Hs384 => hmac::HMAC_SHA384,
            Self::Hs512 => hmac::HMAC_SHA512,
            _ => return false,
        };
        hmac::verify(&hmac::Key::new(algorithm, secret), message, signature).is_ok()
    }

    fn by_key(self) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Self::Es256 => &ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &ECDSA_P521_SHA512_FIXED,
            Self::Hs256 | Self::Hs384 | Self::Hs512 | Self::None => return None,
        })
    }
}

/// The bits of a subject's public key: an RSA key in PKCS#1, or a point on a curve.
#[derive(Debug)]
pub(crate) struct PublicKey(Vec<u8>);

/// The first block of PEM with one of these labels.
fn pem_block(text: &str, labels: &[&'static str]) -> Option<(&'static str, Vec<u8>)> {
    labels.iter().find_map(|label| {
        let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let body: String = body.split_ascii_whitespace().collect();
        Some((*label, BASE64.decode(body).ok()?))
    })
}

impl PublicKey {
    /// From a PEM file: a public key (PKCS#1 or SPKI), or a certificate.
    pub(super) fn from_pem(pem: &[u8], certificate: bool) -> Result<Self, String> {
        let labels: &[&'static str] = if certificate {
            &["CERTIFICATE"]
        } else {
            &["PUBLIC KEY", "RSA PUBLIC KEY"]
        };
        let text = String::from_utf8_lossy(pem);
        let (label, der) = pem_block(&text, labels).ok_or_else(|| format!("no {} in PEM", labels.join(" or ")))?;
        let bits = |spki: &SubjectPublicKeyInfo<'_>| spki.subject_public_key.data.to_vec();
        match label {
            "RSA PUBLIC KEY" => Ok(Self(der)),
            "PUBLIC KEY" => SubjectPublicKeyInfo::from_der(&der)
                .map(|(_, spki)| Self(bits(&spki)))
                .map_err(|e| format!("bad public key: {e}")),
            _ => X509Certificate::from_der(&der)
                .map(|(_, cert)| Self(bits(cert.public_key())))
                .map_err(|e| format!("bad certificate: {e}")),
        }
    }

    pub(super) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        algorithm
            .by_key()
            .is_some_and(|by| UnparsedPublicKey::new(by, &self.0).verify(message, signature).is_ok())
    }
}
