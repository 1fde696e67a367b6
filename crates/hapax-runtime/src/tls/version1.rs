//! Certificates of X.509 version 1, which have no extensions: what `openssl x509 -req` makes unless told otherwise. The TLS library does
//! not read them; OpenSSL takes them for anything but an authority, and so does this.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};
use x509_parser::oid_registry::{OID_PKCS1_SHA1WITHRSA, Oid};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate, X509Version};

/// More certificates than any sensible chain has.
const LONGEST: usize = 8;

/// Whether this is one of them.
pub(super) fn is_one(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, x)| x.version() == X509Version::V1)
}

/// Whether this is a revocation list that the TLS library does not read either: of version 1, or signed with SHA-1.
pub(super) fn is_list(der: &[u8]) -> bool {
    CertificateRevocationList::from_der(der).is_ok_and(|(_, list)| list.version().is_none() || is_sha1(&list.signature_algorithm.algorithm))
}

fn is_sha1(algorithm: &Oid<'_>) -> bool {
    *algorithm == OID_PKCS1_SHA1WITHRSA
}

/// Revocation lists may be signed with SHA-1, as OpenSSL lets them: nobody but the authority has a say in what they hold, so there is
/// nothing to make a collision with.
fn signed_with_sha1(what: &[u8], signature: &[u8], by: &X509Certificate<'_>) -> bool {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY as SHA1, UnparsedPublicKey};
    let key = &by.public_key().subject_public_key.data;
    UnparsedPublicKey::new(&SHA1, key).verify(what, signature).is_ok()
}

/// What a chain is checked by.
pub(super) struct Judges<'a> {
    pub algorithms: WebPkiSupportedAlgorithms,
    /// Certificates that may stand between.
    pub between: &'a [CertificateDer<'a>],
    pub roots: &'a [CertificateDer<'static>],
    pub revoked: &'a [CertificateRevocationListDer<'static>],
}

impl Judges<'_> {
    /// Checks the chain from a leaf to one of the roots.
    pub(super) fn check(&self, leaf: &[u8], now: UnixTime) -> Result<(), CertificateError> {
        let now = now.as_secs() as i64;
        let mut own = read(leaf)?;
        in_time(&own, now)?;
        for depth in 0..LONGEST {
            let root = self.roots.iter().find_map(|r| self.issuer(&own, r));
            let is_root = root.is_some();
            let above = root.or_else(|| self.between.iter().find_map(|b| self.issuer(&own, b)));
            let above = above.ok_or(CertificateError::UnknownIssuer)?;
            in_time(&above, now)?;
            may_issue(&above, depth, is_root)?;
            self.revocation(&own, &above, now)?;
            if is_root {
                return Ok(());
            }
            own = above;
        }
        Err(CertificateError::UnknownIssuer)
    }

    /// The certificate, if it has signed this one.
    fn issuer<'d>(&self, of: &X509Certificate<'_>, der: &'d [u8]) -> Option<X509Certificate<'d>> {
        let (_, x) = X509Certificate::from_der(der).ok()?;
        let named = x.subject().as_raw() == of.issuer().as_raw();
        let signed = || {
            self.signed(
                &of.signature_algorithm.algorithm,
                of.tbs_certificate.as_ref(),
                &of.signature_value.data,
                &x,
            )
        };
        (named && signed()).then_some(x)
    }

    fn signed(&self, algorithm: &Oid<'_>, what: &[u8], signature: &[u8], by: &X509Certificate<'_>) -> bool {
        let oid = algorithm.as_bytes();
        let is = |id: &[u8]| matches!(id, [6, len, rest @ ..] if usize::from(*len) == oid.len() && rest.starts_with(oid));
        let fit = self.algorithms.all.iter().filter(|a| is(a.signature_alg_id().as_ref()));
        let key = &by.public_key().subject_public_key.data;
        fit.into_iter().any(|a| a.verify_signature(key, what, signature).is_ok())
    }

    /// Where there are revocation lists, there must be one of each issuer; whichever of them names a certificate is right.
    fn revocation(&self, of: &X509Certificate<'_>, issuer: &X509Certificate<'_>, now: i64) -> Result<(), CertificateError> {
        if self.revoked.is_empty() {
            return Ok(());
        }
        let mut told = Err(CertificateError::UnknownRevocationStatus);
        for der in self.revoked {
            let Ok((_, list)) = CertificateRevocationList::from_der(der) else {
                continue;
            };
            let of_issuer = list.issuer().as_raw() == issuer.subject().as_raw();
            if !of_issuer || !self.is_signed_list(&list, issuer) {
                continue;
            }
            if list.iter_revoked_certificates().any(|r| r.raw_serial() == of.raw_serial()) {
                return Err(CertificateError::Revoked);
            }
            // One that is about some certificates only does not clear the others.
            if list.extensions().iter().any(|e| e.critical) {
                continue;
            }
            if list.next_update().is_none_or(|at| at.timestamp() >= now) {
                told = Ok(());
            } else if told.is_err() {
                told = Err(CertificateError::ExpiredRevocationList);
            }
        }
        told
    }

    fn is_signed_list(&self, list: &CertificateRevocationList<'_>, by: &X509Certificate<'_>) -> bool {
        let (what, signature) = (list.tbs_cert_list.as_ref(), &list.signature_value.data);
        let algorithm = &list.signature_algorithm.algorithm;
        if is_sha1(algorithm) {
            signed_with_sha1(what, signature, by)
        } else {
            self.signed(algorithm, what, signature, by)
        }
    }
}

fn read(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    let parsed = X509Certificate::from_der(der);
    parsed.map(|(_, x)| x).map_err(|_| CertificateError::BadEncoding)
}

fn in_time(x: &X509Certificate<'_>, now: i64) -> Result<(), CertificateError> {
    let v = x.validity();
    if now < v.not_before.timestamp() {
        return Err(CertificateError::NotValidYet);
    }
    if now > v.not_after.timestamp() {
        return Err(CertificateError::Expired);
    }
    Ok(())
}

/// An authority, this far above the leaf. One that limits names is none here: what it means is not checked.
fn may_issue(x: &X509Certificate<'_>, depth: usize, is_root: bool) -> Result<(), CertificateError> {
    if x.version() == X509Version::V1 {
        return if is_root { Ok(()) } else { Err(CertificateError::InvalidPurpose) };
    }
    // One that cannot be read may limit names, too.
    if !matches!(x.name_constraints(), Ok(None)) {
        return Err(CertificateError::UnhandledCriticalExtension);
    }
    let constraints = x.basic_constraints().ok().flatten().map(|c| c.value);
    let deep = |most: u32| usize::try_from(most).is_ok_and(|most| depth <= most);
    match constraints {
        Some(c) if c.ca && c.path_len_constraint.is_none_or(deep) => Ok(()),
        _ => Err(CertificateError::InvalidPurpose),
    }
}

/// The schemes that may sign a handshake of TLS 1.3 (RFC 8446, 4.4.3).
const TLS13: [SignatureScheme; 7] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::ED25519,
];

/// Checks what the holder of a certificate has signed in a handshake. `first`: only the scheme's first algorithm counts (TLS 1.3).
pub(super) fn verify_signature(
    message: &[u8],
    certificate: &[u8],
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
    first: bool,
) -> Result<HandshakeSignatureValid, Error> {
    if first && !TLS13.contains(&dss.scheme) {
        return Err(Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme));
    }
    let x = read(certificate).map_err(Error::InvalidCertificate)?;
    let known = algorithms.mapping.iter().find(|(scheme, _)| *scheme == dss.scheme);
    let all = known.map_or(&[][..], |(_, all)| all);
    let all = if first { &all[..all.len().min(1)] } else { all };
    let key = &x.public_key().subject_public_key.data;
    if all.iter().any(|a| a.verify_signature(key, message, dss.signature()).is_ok()) {
        return Ok(HandshakeSignatureValid::assertion());
    }
    Err(Error::InvalidCertificate(CertificateError::BadSignature))
}

/// The public key of a certificate, as its holder's key tells it, too; `None`: it cannot be read.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    X509Certificate::from_der(certificate)
        .ok()
        .map(|(_, x)| x.tbs_certificate.subject_pki.raw)
}
