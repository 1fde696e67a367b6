//! Certificates, authorities and revocation lists by the names they were loaded by: what TLS lines refer to, and what the runtime API
//! changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls_pki_types::PrivateKeyDer;

use super::BindTls;
use crate::certs::Extra;

/// A certificate chain and its key, with what belongs to them.
#[derive(Debug, Default)]
pub struct Certificate {
    /// The name it is known by: its path, or what a crt-store calls it.
    pub path: String,
    /// DER, leaf first. Empty: there is only the name so far.
    pub chain: Vec<Vec<u8>>,
    /// DER, in PKCS#8, SEC1 or PKCS#1 form.
    pub key: Option<PrivateKeyDer<'static>>,
    /// Common name and subject alternative names; lower case, `*.` kept.
    pub names: Vec<String>,
    /// The OCSP response, DER: kept, and not sent, as nobody looks whether it is still of use.
    pub ocsp: Option<Vec<u8>>,
    /// The issuer, where it is no part of the chain, DER.
    pub issuer: Option<Vec<u8>>,
    /// Signed certificate timestamps: kept, and not sent, which the TLS library cannot.
    pub sctl: Option<Vec<u8>>,
    pub origin: Origin,
}

/// Where a certificate comes from, as far as the runtime API tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The runtime API made it.
    #[default]
    Made,
    /// A line named its file.
    Line,
    /// A list or store named its file, in these words.
    Listed(String),
}

impl Certificate {
    /// A copy, to be changed.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            path: self.path.clone(),
            chain: self.chain.clone(),
            key: self.key.as_ref().map(PrivateKeyDer::clone_key),
            names: self.names.clone(),
            ocsp: self.ocsp.clone(),
            issuer: self.issuer.clone(),
            sctl: self.sctl.clone(),
            origin: self.origin.clone(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chain.is_empty()
    }
}

/// What `crt` and `crt-list` name.
#[derive(Clone, Debug)]
pub enum CertSource {
    One(Arc<Certificate>),
    /// A crt-list or a directory, by its name in [`Stored::lists`].
    List(Arc<str>),
}

/// A file of PEM: authorities or revocation lists.
#[derive(Clone, Debug)]
pub struct PemFile {
    pub path: Arc<str>,
    pub pem: Arc<[u8]>,
}

/// The lines of a crt-list, or the certificates of a directory.
#[derive(Clone, Debug, Default)]
pub struct CrtList {
    pub entries: Vec<CrtEntry>,
    /// Lines read so far; the next one added has the number after it.
    pub lines: u32,
}

/// One line of a crt-list.
#[derive(Clone, Debug)]
pub struct CrtEntry {
    /// Its line; 0 in a directory.
    pub line: u32,
    pub cert: Arc<Certificate>,
    /// The options in brackets as words, and what they came to.
    pub options: Vec<String>,
    pub own: Option<Arc<BindTls>>,
    /// The names it is for, as they are written; those with `!` it is not for.
    pub filters: Vec<String>,
}

impl CrtEntry {
    pub fn plain(line: u32, cert: Arc<Certificate>) -> Self {
        Self {
            line,
            cert,
            options: Vec::new(),
            own: None,
            filters: Vec::new(),
        }
    }
}

/// Everything that TLS lines refer to, by name. What is in it never changes: another version takes its place.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    pub certs: BTreeMap<Arc<str>, Arc<Certificate>>,
    /// Bundles of authorities and revocation lists, as PEM.
    pub authorities: BTreeMap<Arc<str>, Arc<[u8]>>,
    pub revocations: BTreeMap<Arc<str>, Arc<[u8]>>,
    pub lists: BTreeMap<Arc<str>, Arc<CrtList>>,
    /// What completes the chains of those that come.
    pub extra: Arc<Extra>,
}

impl Stored {
    /// The present version of a certificate that a line was given.
    pub fn now<'a>(&'a self, cert: &'a Arc<Certificate>) -> &'a Arc<Certificate> {
        self.certs.get(cert.path.as_str()).unwrap_or(cert)
    }

    /// The same of authorities.
    pub fn authorities<'a>(&'a self, file: &'a PemFile) -> &'a [u8] {
        self.authorities.get(&file.path).unwrap_or(&file.pem)
    }

    /// The same of revocation lists.
    pub fn revocations<'a>(&'a self, file: &'a PemFile) -> &'a [u8] {
        self.revocations.get(&file.path).unwrap_or(&file.pem)
    }

    /// The certificates of a `bind` line in their order, each with what its line of a crt-list says.
    pub fn entries<'a>(&'a self, tls: &'a BindTls) -> impl Iterator<Item = (&'a Arc<Certificate>, Option<&'a CrtEntry>)> {
        tls.certs.iter().flat_map(move |source| {
            let (one, list) = match source {
                CertSource::One(cert) => (Some((self.now(cert), None)), None),
                CertSource::List(name) => (None, self.lists.get(name)),
            };
            let listed = list.into_iter().flat_map(|l| &l.entries).map(|e| (self.now(&e.cert), Some(e)));
            one.into_iter().chain(listed)
        })
    }
}
