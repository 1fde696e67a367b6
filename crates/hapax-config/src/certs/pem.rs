//! PEM texts: their parts, the names in certificates, and how to write them.

use std::fmt::Write as _;

use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateRevocationListDer, PrivateKeyDer};
use rustls_pki_types::{PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use super::{CertError, wrong};
use crate::plan::Certificate;

/// What there may be in a text.
#[derive(Debug, Default)]
pub struct Parts {
    /// Certificates in their order.
    pub chain: Vec<Vec<u8>>,
    /// The first key.
    pub key: Option<PrivateKeyDer<'static>>,
}

/// Certificates and the first key of a PEM text.
pub fn parts(bytes: &[u8], path: &str) -> Result<Parts, CertError> {
    let Parts { mut chain, mut key } = Parts::default();
    for part in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        let (kind, der) = part.map_err(|e| wrong(format!("unable to load certificate from file '{path}': {e}")))?;
        match kind {
            SectionKind::Certificate => chain.push(der),
            SectionKind::PrivateKey if key.is_none() => key = Some(PrivatePkcs8KeyDer::from(der).into()),
            SectionKind::RsaPrivateKey if key.is_none() => key = Some(PrivatePkcs1KeyDer::from(der).into()),
            SectionKind::EcPrivateKey if key.is_none() => key = Some(PrivateSec1KeyDer::from(der).into()),
            _ => {}
        }
    }
    Ok(Parts { chain, key })
}

/// The revocation lists in a PEM text, in DER.
pub fn revocation_lists(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lists = CertificateRevocationListDer::pem_slice_iter(bytes).flatten();
    lists.map(|der| der.as_ref().to_vec()).collect()
}

impl Certificate {
    /// Takes over the chain of a PEM text, and its key where it has one; the text must have a chain.
    pub fn set_pem(&mut self, parts: Parts) -> Result<(), CertError> {
        let path = &self.path;
        if parts.chain.is_empty() {
            return Err(wrong(format!("unable to load certificate chain from file '{path}'.")));
        }
        let chain = leaf_first(parts.chain);
        self.names = names_of(&chain[0]).ok_or_else(|| wrong(format!("unable to load certificate from file '{path}'.")))?;
        self.chain = chain;
        if parts.key.is_some() {
            self.key = parts.key;
        }
        Ok(())
    }

    /// The key, the leaf and what follows it, as PEM.
    pub fn to_pem(&self) -> String {
        let mut out = String::new();
        match &self.key {
            Some(PrivateKeyDer::Pkcs1(k)) => write(&mut out, "RSA PRIVATE KEY", k.secret_pkcs1_der()),
            Some(PrivateKeyDer::Sec1(k)) => write(&mut out, "EC PRIVATE KEY", k.secret_sec1_der()),
            Some(PrivateKeyDer::Pkcs8(k)) => write(&mut out, "PRIVATE KEY", k.secret_pkcs8_der()),
            _ => {}
        }
        for der in &self.chain {
            write(&mut out, "CERTIFICATE", der);
        }
        out
    }
}

/// Writes a part of a PEM text (RFC 7468).
pub fn write(out: &mut String, label: &str, der: &[u8]) {
    let text = base64(der);
    let _ = writeln!(out, "-----BEGIN {label}-----");
    for line in text.as_bytes().chunks(64) {
        out.push_str(std::str::from_utf8(line).unwrap_or_default());
        out.push('\n');
    }
    let _ = writeln!(out, "-----END {label}-----");
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let all = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let digit = DIGITS[(all >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// The certificate that is no issuer of the others comes first; files may hold them in any order.
fn leaf_first(mut chain: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if chain.len() > 1
        && is_authority(&chain[0])
        && let Some(leaf) = chain.iter().position(|c| !is_authority(c))
    {
        chain[..=leaf].rotate_right(1);
    }
    chain
}

fn is_authority(der: &[u8]) -> bool {
    x509_parser::parse_x509_certificate(der).is_ok_and(|(_, c)| c.is_ca())
}

/// Common name and DNS names, in lower case.
fn names_of(der: &[u8]) -> Option<Vec<String>> {
    let (_, cert) = x509_parser::parse_x509_certificate(der).ok()?;
    let mut names: Vec<String> = Vec::new();
    let alternative = cert.subject_alternative_name().ok().flatten();
    for name in alternative.iter().flat_map(|san| &san.value.general_names) {
        if let x509_parser::extensions::GeneralName::DNSName(dns) = name {
            names.push(dns.to_ascii_lowercase());
        }
    }
    for cn in cert.subject().iter_common_name().filter_map(|cn| cn.as_str().ok()) {
        let cn = cn.to_ascii_lowercase();
        if !names.contains(&cn) {
            names.push(cn);
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for len in [0, 1, 2, 3, 47, 48, 49, 200] {
            let der: Vec<u8> = (0..len).map(|n| n as u8).collect();
            let mut text = String::new();
            write(&mut text, "CERTIFICATE", &der);
            assert!(text.lines().all(|l| l.len() <= 64));
            assert_eq!(parts(text.as_bytes(), "x").unwrap().chain, [der]);
        }
    }
}
