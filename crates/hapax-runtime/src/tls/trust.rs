//! Checks of servers' certificates as OpenSSL makes them, where the library's own are stricter.
//!
//! A certificate that signed itself and stands in the `ca-file` is good as it is, whether or not it may sign others. Names are checked
//! only where one was asked for, and the common name counts, too.

use std::sync::Arc;

use hapax_sample::fetches::chains;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error};

/// Certificates of a `ca-file` that signed themselves.
#[derive(Debug)]
pub(super) struct SelfSigned(Vec<CertificateDer<'static>>);

impl SelfSigned {
    /// Of a PEM file that was found good.
    pub(super) fn of(pem: &[u8]) -> Self {
        use rustls::pki_types::pem::PemObject;
        let all = CertificateDer::pem_slice_iter(pem).flatten();
        Self(all.filter(|d| chains::is_self_issued(d)).collect())
    }

    pub(super) fn trusts(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
        self.0.iter().any(|d| d == certificate) && chains::in_time(certificate, now.as_secs() as i64)
    }
}

/// `verify required` of a `server` line.
#[derive(Debug)]
pub(super) struct OfServers {
    pub strict: Arc<dyn ServerCertVerifier>,
    pub own: SelfSigned,
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
        let error = match self.strict.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            Err(Error::InvalidCertificate(error)) => error,
            other => return other,
        };
        let misnamed = matches!(
            error,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        );
        // Names are looked at last: all else is well.
        let good = if misnamed {
            is_nobody(name) || common_name(end_entity, name)
        } else {
            self.own.trusts(end_entity, now) && (is_nobody(name) || named(end_entity, name) || common_name(end_entity, name))
        };
        if good {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(error))
        }
    }

    signatures_as!(strict);
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
