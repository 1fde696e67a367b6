//! Checks of clients' certificates: what may be wrong with them (`ca-ignore-err`, `crt-ignore-err`) is let pass and remembered.
//!
//! rustls tells a verifier nothing of the connection. A handshake is driven on one thread at a time, though, and a check is made
//! within one step of it: what a step found lies ready for whoever drives it.

use std::cell::Cell;
use std::sync::Arc;

use hapax_config::plan::Ignored;
use hapax_sample::Verdict;
use hapax_sample::fetches::chains;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DistinguishedName, Error, HandshakeKind, ServerConnection};

use super::trust::Trusted;

thread_local! {
    static FOUND: Cell<Option<Verdict>> = const { Cell::new(None) };
}

/// What the step that was just driven has found wrong with a certificate.
pub(super) fn take() -> Option<Verdict> {
    FOUND.take()
}

/// A verifier that lets pass what it is told to.
#[derive(Debug)]
pub(super) struct Lenient {
    pub strict: Arc<dyn ClientCertVerifier>,
    pub algorithms: WebPkiSupportedAlgorithms,
    pub crt: Ignored,
    pub ca: Ignored,
    pub trusted: Trusted,
}

impl Lenient {
    pub(super) fn lets_anything_pass(&self) -> bool {
        self.crt != Ignored::None || self.ca != Ignored::None
    }

    /// What is wrong with the certificate of a session that was resumed.
    pub(super) fn again(&self, conn: &ServerConnection) -> Option<Verdict> {
        let resumed = conn.handshake_kind() == Some(HandshakeKind::Resumed);
        let (own, above) = conn.peer_certificates().filter(|_| resumed)?.split_first()?;
        // It was let pass before; what counts is what is found.
        let _ = self.verify_client_cert(own, above, UnixTime::now());
        take()
    }
}

impl ClientCertVerifier for Lenient {
    fn offer_client_auth(&self) -> bool {
        self.strict.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.strict.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.strict.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let more = self.trusted.with(intermediates);
        let intermediates = more.as_deref().unwrap_or(intermediates);
        let checked = if self.trusted.checks(end_entity) {
            // Only the lists are asked here, where rustls can read the certificate: purposes and extensions are its to judge.
            let strict = if super::version1::is_one(end_entity) {
                Ok(ClientCertVerified::assertion())
            } else {
                self.strict.verify_client_cert(end_entity, intermediates, now)
            };
            let of_lists = || self.trusted.check_version1(end_entity, intermediates, self.algorithms, now);
            strict.and_then(|good| of_lists().map(|()| good).map_err(Error::InvalidCertificate))
        } else {
            self.strict.verify_client_cert(end_entity, intermediates, now)
        };
        let error = match checked {
            Err(Error::InvalidCertificate(error)) => error,
            Ok(_) if self.trusted.rootless() => CertificateError::UnknownIssuer,
            other => return other,
        };
        if self.trusted.trusts(end_entity, now) {
            return Ok(ClientCertVerified::assertion());
        }
        let verdict = judge(&error, end_entity, intermediates, now);
        FOUND.set(Some(verdict));
        let ignored = if verdict.depth == 0 { &self.crt } else { &self.ca };
        if ignored.has(verdict.code) {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(error))
        }
    }

    signatures_as!(strict);
}

/// OpenSSL's number for an error, and where in the chain it would have met it.
fn judge(error: &CertificateError, own: &CertificateDer<'_>, sent: &[CertificateDer<'_>], now: UnixTime) -> Verdict {
    let leaf = |code| Verdict { code, depth: 0 };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => expired(own, now, 10),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => expired(own, now, 9),
        CertificateError::Revoked => leaf(23),
        CertificateError::UnknownRevocationStatus => leaf(3),
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => leaf(12),
        CertificateError::BadSignature => leaf(7),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => leaf(26),
        CertificateError::UnhandledCriticalExtension => leaf(34),
        _ => unknown(own, sent),
    }
}

/// The client's own certificate is out of its time, else one above it.
fn expired(own: &CertificateDer<'_>, now: UnixTime, code: i32) -> Verdict {
    Verdict {
        code,
        depth: u32::from(chains::in_time(own, now.as_secs() as i64)),
    }
}

fn unknown(own: &CertificateDer<'_>, sent: &[CertificateDer<'_>]) -> Verdict {
    let sent: Vec<&[u8]> = sent.iter().map(AsRef::as_ref).collect();
    chains::without_root(own, &sent)
}
