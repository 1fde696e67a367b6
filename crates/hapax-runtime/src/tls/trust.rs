//! Checks of servers' certificates as OpenSSL makes them, where the library's own are stricter.
//!
//! A certificate that signed itself and stands in the `ca-file` is good as it is, whether or not it may sign others. Names are checked
//! only where one was asked for, and the common name counts, too.

use std::sync::Arc;

use super::version1;

use hapax_sample::fetches::chains::{self, Anchors};
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, IpAddr, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DistinguishedName, Error, RootCertStore};

/// The certificates of a `ca-file`. Those that signed themselves are where a chain may end; the others only help it along.
#[derive(Debug, Default)]
pub(super) struct Trusted {
    roots: Vec<CertificateDer<'static>>,
    between: Vec<CertificateDer<'static>>,
    /// `crl-file`
    revoked: Vec<CertificateRevocationListDer<'static>>,
    /// They are asked here, since the TLS library cannot read all of them.
    asked_here: bool,
}

impl Trusted {
    pub(super) fn of<'p>(files: impl Iterator<Item = &'p [u8]>) -> Result<Self, String> {
        let mut trusted = Self::default();
        for pem in files {
            for der in certificates(pem) {
                let der = der?;
                let kind = if chains::is_self_issued(&der) {
                    &mut trusted.roots
                } else {
                    &mut trusted.between
                };
                kind.push(der);
            }
        }
        if trusted.roots.is_empty() && trusted.between.is_empty() {
            return Err("'verify' needs a 'ca-file'".into());
        }
        Ok(trusted)
    }

    /// What rustls takes for roots; where there is none, what [`Self::rootless`] keeps from being used.
    pub(super) fn roots(&self) -> Result<RootCertStore, String> {
        let mut store = RootCertStore::empty();
        let all = if self.rootless() { &self.between } else { &self.roots };
        for der in all {
            store.add(der.clone()).map_err(|e| e.to_string())?;
        }
        Ok(store)
    }

    /// No chain can end here.
    pub(super) fn rootless(&self) -> bool {
        self.roots.is_empty()
    }

    /// What was sent, and what helps it along.
    pub(super) fn with<'a>(&'a self, sent: &[CertificateDer<'a>]) -> Option<Vec<CertificateDer<'a>>> {
        let ours = self.between.iter().map(|c| CertificateDer::from(c.as_ref()));
        (!self.between.is_empty()).then(|| sent.iter().cloned().chain(ours).collect())
    }

    /// Takes revocation lists in; those that rustls is to ask.
    pub(super) fn revoke(&mut self, pem: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
        use rustls::pki_types::pem::PemObject;
        let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(pem).collect();
        self.revoked = lists.map_err(|e| format!("revocation lists: {e}"))?;
        self.asked_here = self.revoked.iter().any(|der| version1::is_list(der));
        Ok(if self.asked_here { Vec::new() } else { self.revoked.clone() })
    }

    /// The certificate is to be checked here, whether or not rustls is content with it.
    pub(super) fn checks(&self, leaf: &CertificateDer<'_>) -> bool {
        self.asked_here || version1::is_one(leaf)
    }

    /// The check of a chain with certificates or revocation lists of version 1.
    pub(super) fn check_version1(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        algorithms: WebPkiSupportedAlgorithms,
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        let judges = version1::Judges {
            algorithms,
            between: above,
            roots: &self.roots,
            revoked: &self.revoked,
        };
        judges.check(leaf, now)
    }

    pub(super) fn anchors(&self) -> Anchors {
        Anchors::of(self.roots.iter().chain(&self.between).map(AsRef::as_ref))
    }

    /// It signed itself and stands in the file.
    pub(super) fn trusts(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
        self.roots.iter().any(|d| d == certificate) && chains::in_time(certificate, now.as_secs() as i64)
    }
}

fn certificates(pem: &[u8]) -> impl Iterator<Item = Result<CertificateDer<'static>, String>> {
    use rustls::pki_types::pem::PemObject;
    CertificateDer::pem_slice_iter(pem).map(|der| der.map_err(|e| e.to_string()))
}

/// The subjects of the certificates in a file, for clients to choose theirs by.
pub(super) fn subjects(pem: &[u8]) -> Vec<DistinguishedName> {
    let subject = |der: CertificateDer<'_>| chains::subject(&der).map(DistinguishedName::from);
    certificates(pem).flatten().filter_map(subject).collect()
}

/// `verify required` of a `server` line.
#[derive(Debug)]
pub(super) struct OfServers {
    pub strict: Arc<dyn ServerCertVerifier>,
    pub algorithms: WebPkiSupportedAlgorithms,
    pub trusted: Trusted,
}

impl ServerCertVerifier for OfServers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let more = self.trusted.with(intermediates);
        let above = more.as_deref().unwrap_or(intermediates);
        if self.trusted.checks(end_entity) {
            let strict = if version1::is_one(end_entity) {
                Ok(())
            } else {
                // Only the lists are asked here: purposes and extensions are rustls' to judge, names are looked at below.
                match self.strict.verify_server_cert(end_entity, above, name, ocsp, now) {
                    Err(Error::InvalidCertificate(e)) if !is_misnamed(&e) => Err(e),
                    Ok(_) | Err(Error::InvalidCertificate(_)) => Ok(()),
                    Err(other) => return Err(other),
                }
            };
            let checked = strict.and_then(|()| self.trusted.check_version1(end_entity, above, self.algorithms, now));
            let checked = checked.or_else(|e| if self.trusted.trusts(end_entity, now) { Ok(()) } else { Err(e) });
            return match checked {
                Err(e) => Err(Error::InvalidCertificate(e)),
                Ok(()) if is_nobody(name) || named(end_entity, name) || common_name(end_entity, name) => {
                    Ok(ServerCertVerified::assertion())
                }
                Ok(()) => Err(Error::InvalidCertificate(CertificateError::NotValidForName)),
            };
        }
        let error = match self.strict.verify_server_cert(end_entity, above, name, ocsp, now) {
            _ if self.trusted.rootless() => CertificateError::UnknownIssuer,
            Err(Error::InvalidCertificate(error)) => error,
            other => return other,
        };
        // Names are looked at last: all else is well.
        let good = if is_misnamed(&error) {
            is_nobody(name) || common_name(end_entity, name)
        } else {
            self.trusted.trusts(end_entity, now) && (is_nobody(name) || named(end_entity, name) || common_name(end_entity, name))
        };
        if good {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(error))
        }
    }

    signatures_as!(strict);
}

fn is_misnamed(error: &CertificateError) -> bool {
    matches!(
        error,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    )
}

/// The name that stands for none: see [`super::upstream::handshake`].
fn is_nobody(name: &ServerName<'_>) -> bool {
    matches!(name, ServerName::IpAddress(IpAddr::V4(a)) if a.as_ref() == &[0; 4])
}

fn named(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    ParsedCertificate::try_from(certificate).is_ok_and(|c| verify_server_name(&c, name).is_ok())
}

fn common_name(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    matches!(name, ServerName::DnsName(name) if chains::has_common_name(certificate, name.as_ref()))
}
