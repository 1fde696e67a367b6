//! Certificates and keys: PEM files in any order of their parts, directories of them, crt-lists, and bundles of authorities.

use std::collections::HashMap;
use std::sync::Arc;

use hapax_sample::Files;
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use crate::plan::Certificate;

mod crt_list;

pub use crt_list::Entry;

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertError {
    pub message: String,
    /// The file is not there, as opposed to wrong.
    pub missing: bool,
}

fn wrong(message: String) -> CertError {
    CertError { message, missing: false }
}

fn missing(message: String) -> CertError {
    CertError { message, missing: true }
}

/// Files already read, by path: ten thousand servers may name one.
#[derive(Debug, Default)]
pub struct CertStore {
    certs: HashMap<String, Result<Arc<Certificate>, CertError>>,
    bundles: HashMap<String, Result<Arc<[u8]>, CertError>>,
    /// Of crt-stores, by the names that lines refer to them by; those whose files are not there among them.
    named: HashMap<String, Result<Arc<Certificate>, CertError>>,
}

impl CertStore {
    /// The certificate that a crt-store has under that name.
    pub fn named(&self, name: &str) -> Option<Result<Arc<Certificate>, CertError>> {
        self.named.get(name).cloned()
    }

    /// A certificate of a crt-store, with a key of its own file where `key` names one, under all of its names.
    pub fn store(&mut self, names: Vec<String>, path: &str, key: Option<&str>, files: &dyn Files) -> Result<(), CertError> {
        let made = read_certificate(path, key, files).map(Arc::new);
        if made.as_ref().err().is_none_or(|e| e.missing) {
            for name in names {
                self.named.insert(name, made.clone());
            }
        }
        made.map(drop)
    }

    /// A file of certificates and their key, in any order; the key may stand in `<path>.key`.
    pub fn certificate(&mut self, path: &str, files: &dyn Files) -> Result<Arc<Certificate>, CertError> {
        if let Some(stored) = self.named.get(path) {
            return stored.clone();
        }
        if let Some(known) = self.certs.get(path) {
            return known.clone();
        }
        let made = read_certificate(path, None, files).map(Arc::new);
        self.certs.insert(path.to_owned(), made.clone());
        made
    }

    /// What `crt` names: one file, or every certificate of a directory in the order of their names.
    pub fn crt(&mut self, path: &str, files: &dyn Files) -> Result<Vec<Arc<Certificate>>, CertError> {
        let Ok(names) = files.list(path) else {
            return Ok(vec![self.certificate(path, files)?]);
        };
        let mut found = Vec::new();
        for name in names.iter().filter(|n| is_certificate_name(n)) {
            found.push(self.certificate(&join(path, name), files)?);
        }
        Ok(found)
    }

    /// Certificates of authorities (`ca-file`), as PEM text. `@system-ca` is the machine's own bundle.
    pub fn bundle(&mut self, path: &str, files: &dyn Files) -> Result<Arc<[u8]>, CertError> {
        if let Some(known) = self.bundles.get(path) {
            return known.clone();
        }
        let made = read_bundle(path, files);
        self.bundles.insert(path.to_owned(), made.clone());
        made
    }

    /// The entries of a `crt-list` file.
    pub fn crt_list(&mut self, path: &str, base: Option<&str>, files: &dyn Files) -> Result<Vec<Entry>, CertError> {
        crt_list::read(self, path, base, files)
    }
}

/// Files beside certificates that are not certificates, and hidden ones.
fn is_certificate_name(name: &str) -> bool {
    let beside = [".issuer", ".ocsp", ".sctl", ".key", ".dh"];
    !name.starts_with('.') && !beside.iter().any(|end| name.ends_with(end))
}

fn join(dir: &str, name: &str) -> String {
    format!("{}/{name}", dir.trim_end_matches('/'))
}

fn read_bundle(path: &str, files: &dyn Files) -> Result<Arc<[u8]>, CertError> {
    let candidates: &[&str] = if path == "@system-ca" {
        &[
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/cert.pem",
        ]
    } else {
        &[path]
    };
    let bytes = candidates
        .iter()
        .find_map(|p| files.read(p).ok())
        .ok_or_else(|| missing(format!("unable to load ca-file '{path}'")))?;
    if parts(&bytes, path)?.0.is_empty() {
        return Err(wrong(format!("unable to load ca-file '{path}': no certificate in it")));
    }
    Ok(bytes)
}

type Parts = (Vec<Vec<u8>>, Option<PrivateKeyDer<'static>>);

/// Certificates and the first key of a PEM text.
fn parts(bytes: &[u8], path: &str) -> Result<Parts, CertError> {
    let (mut chain, mut key) = (Vec::new(), None);
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
    Ok((chain, key))
}

fn read_certificate(path: &str, key_path: Option<&str>, files: &dyn Files) -> Result<Certificate, CertError> {
    let bytes = files
        .read(path)
        .map_err(|e| missing(format!("unable to stat SSL certificate from file '{path}' : {e}.")))?;
    let (chain, key) = parts(&bytes, path)?;
    if chain.is_empty() {
        return Err(wrong(format!("unable to load certificate chain from file '{path}'.")));
    }
    let key = match (key_path, key) {
        (Some(own), _) => key_of(own, files)?,
        (None, Some(key)) => key,
        (None, None) => key_beside(path, files)?,
    };
    let chain = leaf_first(chain);
    let names = names_of(&chain[0]).ok_or_else(|| wrong(format!("unable to load certificate from file '{path}'.")))?;
    Ok(Certificate {
        path: path.to_owned(),
        chain,
        key,
        names,
    })
}

fn key_of(path: &str, files: &dyn Files) -> Result<PrivateKeyDer<'static>, CertError> {
    let bytes = files
        .read(path)
        .map_err(|e| missing(format!("unable to load the private key from file '{path}' : {e}.")))?;
    parts(&bytes, path)?
        .1
        .ok_or_else(|| wrong(format!("No Private Key found in '{path}'.")))
}

fn key_beside(path: &str, files: &dyn Files) -> Result<PrivateKeyDer<'static>, CertError> {
    let none = || wrong(format!("No Private Key found in '{path}' or '{path}.key'."));
    let bytes = files.read(&format!("{path}.key")).map_err(|_| none())?;
    parts(&bytes, path)?.1.ok_or_else(none)
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
