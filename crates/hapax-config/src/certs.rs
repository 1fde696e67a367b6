//! Certificates and keys: PEM files in any order of their parts, directories of them, crt-lists, and bundles of authorities.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hapax_sample::Files;
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};

use crate::plan::{Certificate, CrtEntry, CrtList, Origin, PemFile, Stored};

pub mod crt_list;
mod extra;
pub mod pem;

pub use extra::Extra;

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
    revocations: HashMap<String, Result<Arc<[u8]>, CertError>>,
    lists: BTreeMap<Arc<str>, Arc<CrtList>>,
    /// Of crt-stores, by the names that lines refer to them by; those whose files are not there among them.
    named: HashMap<String, Result<Arc<Certificate>, CertError>>,
    /// Which files beside a certificate belong to it.
    pub extra: Extra,
}

impl CertStore {
    /// The certificate that a crt-store has under that name.
    pub fn named(&self, name: &str) -> Option<Result<Arc<Certificate>, CertError>> {
        self.named.get(name).cloned()
    }

    /// Forgets what was read: the same names mean other files from here on.
    pub fn forget(&mut self) {
        let extra = std::mem::take(&mut self.extra);
        *self = Self { extra, ..Self::default() };
    }

    /// A certificate of a crt-store, with a key of its own file where `key` names one, under all of its names; the first is its own.
    pub fn store(&mut self, names: Vec<String>, file: &str, path: &str, beside: Beside<'_>, files: &dyn Files) -> Result<(), CertError> {
        let made = self.extra.read(path, beside, files).map(|read| {
            Arc::new(Certificate {
                path: names.first().cloned().unwrap_or_default(),
                origin: Origin::Listed(file.to_owned()),
                ..read
            })
        });
        if made.as_ref().err().is_none_or(|e| e.missing) {
            for name in names {
                self.named.insert(name, made.clone());
            }
        }
        made.map(drop)
    }

    /// A file of certificates and their key, in any order; the key may stand in a file beside it.
    pub fn certificate(&mut self, path: &str, files: &dyn Files) -> Result<Arc<Certificate>, CertError> {
        self.certificate_of(path, Origin::Listed(path.to_owned()), Beside::default(), files)
    }

    fn certificate_of(&mut self, path: &str, origin: Origin, beside: Beside<'_>, files: &dyn Files) -> Result<Arc<Certificate>, CertError> {
        if let Some(stored) = self.named.get(path) {
            return stored.clone();
        }
        if let Some(known) = self.certs.get(path) {
            return known.clone();
        }
        let made = self
            .extra
            .read(path, beside, files)
            .map(|read| Arc::new(Certificate { origin, ..read }));
        self.certs.insert(path.to_owned(), made.clone());
        made
    }

    /// The certificates of one name: a file, or, where it is not there, one for each kind of key (`<name>.rsa`, `<name>.ecdsa`).
    pub fn bundle_of(&mut self, path: &str, beside: Beside<'_>, files: &dyn Files) -> Result<Vec<Arc<Certificate>>, CertError> {
        let single = match self.certificate_of(path, Origin::Line, beside, files) {
            Err(e) if e.missing && self.extra.bundle => e,
            other => return other.map(|cert| vec![cert]),
        };
        let mut found = Vec::new();
        for kind in ["rsa", "ecdsa"] {
            match self.certificate_of(&format!("{path}.{kind}"), Origin::Line, beside, files) {
                Ok(cert) => found.push(cert),
                Err(e) if e.missing => {}
                Err(e) => return Err(e),
            }
        }
        if found.is_empty() { Err(single) } else { Ok(found) }
    }

    /// What `crt` names where that is a directory: a list of every certificate in it, in the order of their names.
    pub fn directory(&mut self, path: &str, files: &dyn Files) -> Option<Result<Arc<str>, CertError>> {
        let names = files.list(path).ok()?;
        let path = path.trim_end_matches('/');
        if let Some((known, _)) = self.lists.get_key_value(path) {
            return Some(Ok(Arc::clone(known)));
        }
        let mut list = CrtList::default();
        for name in names.iter().filter(|n| is_certificate_name(n)) {
            match self.certificate_of(&join(path, name), Origin::Line, Beside::default(), files) {
                Ok(cert) => list.entries.push(CrtEntry::plain(0, cert)),
                Err(e) => return Some(Err(e)),
            }
        }
        Some(Ok(self.add_list(path, list)))
    }

    /// A crt-list that was read already.
    pub fn list(&self, name: &str) -> Option<Arc<str>> {
        self.lists.get_key_value(name).map(|(name, _)| Arc::clone(name))
    }

    pub fn add_list(&mut self, name: &str, list: CrtList) -> Arc<str> {
        let name: Arc<str> = Arc::from(name);
        self.lists.insert(Arc::clone(&name), Arc::new(list));
        name
    }

    /// One more line for a list that grows line by line.
    pub fn extend_list(&mut self, name: &Arc<str>, entry: CrtEntry) {
        let list = Arc::make_mut(self.lists.entry(Arc::clone(name)).or_default());
        list.lines += 1;
        list.entries.push(CrtEntry { line: list.lines, ..entry });
    }

    /// Certificates of authorities (`ca-file`), as PEM text. `@system-ca` is the machine's own bundle.
    pub fn authorities(&mut self, path: &str, files: &dyn Files) -> Result<PemFile, CertError> {
        let known = self.bundles.get(path).cloned();
        let made = known.unwrap_or_else(|| read_bundle(path, files));
        self.bundles.insert(path.to_owned(), made.clone());
        made.map(|pem| PemFile { path: path.into(), pem })
    }

    /// Revocation lists (`crl-file`), as PEM text.
    pub fn revocations(&mut self, path: &str, files: &dyn Files) -> Result<PemFile, CertError> {
        let known = self.revocations.get(path).cloned();
        let made = known.unwrap_or_else(|| read_revocations(path, files));
        self.revocations.insert(path.to_owned(), made.clone());
        made.map(|pem| PemFile { path: path.into(), pem })
    }

    /// Everything that could be read.
    pub fn stored(&self) -> Stored {
        let certs = self.certs.values().chain(self.named.values()).flatten();
        let pem = |all: &HashMap<String, Result<Arc<[u8]>, CertError>>| {
            let good = all
                .iter()
                .filter_map(|(name, pem)| Some((Arc::from(name.as_str()), Arc::clone(pem.as_ref().ok()?))));
            good.collect()
        };
        Stored {
            certs: certs.map(|c| (Arc::from(c.path.as_str()), Arc::clone(c))).collect(),
            authorities: pem(&self.bundles),
            revocations: pem(&self.revocations),
            lists: self.lists.clone(),
            extra: Arc::new(self.extra.clone()),
        }
    }
}

/// Files that a line names for parts of a certificate; those it does not name are looked for beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    pub key: Option<&'a str>,
    pub ocsp: Option<&'a str>,
    pub issuer: Option<&'a str>,
    pub sctl: Option<&'a str>,
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
    if pem::parts(&bytes, path)?.chain.is_empty() {
        return Err(wrong(format!("unable to load ca-file '{path}': no certificate in it")));
    }
    Ok(bytes)
}

fn read_revocations(path: &str, files: &dyn Files) -> Result<Arc<[u8]>, CertError> {
    let unable = |why: &str| format!("unable to load CRL file '{path}': {why}");
    let bytes = files.read(path).map_err(|why| missing(unable(&why)))?;
    if CertificateRevocationListDer::pem_slice_iter(&bytes).flatten().next().is_none() {
        return Err(wrong(unable("there is no list in it")));
    }
    Ok(bytes)
}
