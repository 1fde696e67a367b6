//! What belongs to a certificate beside its own file: its key, an OCSP response, its issuer, timestamps, and the rest of its chain.

use std::sync::Arc;

use hapax_sample::Files;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Beside, CertError, missing, pem, wrong};
use crate::plan::Certificate;

/// `ssl-load-extra-files` and its kin.
#[derive(Clone, Debug)]
pub struct Extra {
    pub key: bool,
    pub ocsp: bool,
    pub issuer: bool,
    pub sctl: bool,
    pub bundle: bool,
    /// `ssl-load-extra-del-ext`: `.crt` goes before another ending comes.
    pub replaces_ending: bool,
    /// `ssl-skip-self-issued-ca`
    pub skip_roots: bool,
    /// `issuers-chain-path`: certificates that complete chains.
    pub issuers: Vec<Arc<[u8]>>,
}

impl Default for Extra {
    fn default() -> Self {
        Self {
            key: true,
            ocsp: true,
            issuer: true,
            sctl: true,
            bundle: true,
            replaces_ending: false,
            skip_roots: false,
            issuers: Vec::new(),
        }
    }
}

impl Extra {
    /// `all` or `none`.
    pub fn set_all(&mut self, on: bool) {
        (self.key, self.ocsp, self.issuer, self.sctl, self.bundle) = (on, on, on, on, on);
    }

    /// The files in a folder of issuers, which need not all be certificates.
    pub fn read_issuers(&mut self, folder: &str, files: &dyn Files) -> Result<(), String> {
        for name in files.list(folder)? {
            let Ok(bytes) = files.read(&super::join(folder, &name)) else {
                continue;
            };
            let Ok(parts) = pem::parts(&bytes, &name) else { continue };
            self.issuers.extend(parts.chain.into_iter().map(Arc::from));
        }
        Ok(())
    }

    fn beside(&self, path: &str, ending: &str) -> String {
        let stem = if self.replaces_ending {
            path.strip_suffix(".crt").unwrap_or(path)
        } else {
            path
        };
        format!("{stem}.{ending}")
    }

    /// Reads a certificate and what belongs to it.
    pub(super) fn read(&self, path: &str, named: Beside<'_>, files: &dyn Files) -> Result<Certificate, CertError> {
        let bytes = files
            .read(path)
            .map_err(|e| missing(format!("unable to stat SSL certificate from file '{path}' : {e}.")))?;
        let mut cert = Certificate {
            path: path.to_owned(),
            ..Certificate::default()
        };
        cert.set_pem(pem::parts(&bytes, path)?)?;
        if let Some(own) = named.key {
            cert.key = Some(key_of(own, files)?);
        } else if cert.key.is_none() {
            cert.key = Some(self.key_beside(path, files)?);
        }
        let optional = |wanted: bool, named: Option<&str>, ending: &str| match named {
            Some(own) => files
                .read(own)
                .map(Some)
                .map_err(|e| missing(format!("unable to load '{own}' : {e}."))),
            None if wanted => Ok(files.read(&self.beside(path, ending)).ok()),
            None => Ok(None),
        };
        cert.sctl = optional(self.sctl, named.sctl, "sctl")?.map(|b| b.to_vec());
        cert.ocsp = optional(self.ocsp, named.ocsp, "ocsp")?
            .map(|b| b.to_vec())
            .filter(|b| !b.is_empty());
        if let Some(bytes) = optional(self.issuer, named.issuer, "issuer")? {
            cert.issuer = pem::parts(&bytes, path)?.chain.into_iter().next();
        }
        self.complete(&mut cert);
        Ok(cert)
    }

    fn key_beside(&self, path: &str, files: &dyn Files) -> Result<rustls_pki_types::PrivateKeyDer<'static>, CertError> {
        let beside = self.beside(path, "key");
        let none = || wrong(format!("No Private Key found in '{path}' or '{beside}'."));
        if !self.key {
            return Err(wrong(format!("No Private Key found in '{path}'.")));
        }
        let bytes = files.read(&beside).map_err(|_| none())?;
        pem::parts(&bytes, path)?.key.ok_or_else(none)
    }

    /// A leaf alone gets its issuers, as far as they are known; a root at the end is left out where that is wished.
    pub fn complete(&self, cert: &mut Certificate) {
        if cert.chain.len() == 1 {
            while let Some(issuer) = cert.chain.last().and_then(|last| self.issuer_of(last)) {
                if cert.chain.iter().any(|c| **c == **issuer) {
                    break;
                }
                cert.chain.push(issuer.to_vec());
            }
        }
        if self.skip_roots && cert.chain.len() > 1 {
            let mut first = true;
            cert.chain
                .retain(|c| std::mem::take(&mut first) || !hapax_sample::fetches::chains::is_self_issued(c));
        }
    }

    fn issuer_of(&self, der: &[u8]) -> Option<&Arc<[u8]>> {
        if self.issuers.is_empty() {
            return None;
        }
        let (_, cert) = X509Certificate::from_der(der).ok()?;
        self.issuers.iter().find(|i| {
            X509Certificate::from_der(i).is_ok_and(|(_, i)| i.subject().as_raw() == cert.issuer().as_raw() && cert.verify_key_ids(&i))
        })
    }
}

/// Whether the identifiers of keys in two certificates, where both have them, fit together.
trait KeyIds {
    fn verify_key_ids(&self, issuer: &X509Certificate<'_>) -> bool;
}

impl KeyIds for X509Certificate<'_> {
    fn verify_key_ids(&self, issuer: &X509Certificate<'_>) -> bool {
        use x509_parser::extensions::ParsedExtension;
        let wanted = self.iter_extensions().find_map(|e| match e.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => id.key_identifier.as_ref().map(|k| k.0),
            _ => None,
        });
        let own = issuer.iter_extensions().find_map(|e| match e.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
            _ => None,
        });
        wanted.zip(own).is_none_or(|(a, b)| a == b)
    }
}

fn key_of(path: &str, files: &dyn Files) -> Result<rustls_pki_types::PrivateKeyDer<'static>, CertError> {
    let bytes = files
        .read(path)
        .map_err(|e| missing(format!("unable to load the private key from file '{path}' : {e}.")))?;
    pem::parts(&bytes, path)?
        .key
        .ok_or_else(|| wrong(format!("No Private Key found in '{path}'.")))
}
