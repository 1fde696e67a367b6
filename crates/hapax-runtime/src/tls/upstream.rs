//! Handshakes with servers.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Poll};

use hapax_config::plan::{ServerTls, Stored, Verify};
use hapax_sample::TlsFacts;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, Tls12Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::choice::{self, Choice};
use super::facts;
use super::keylog::{Gathered, Keep};
use super::names::certified;
use super::trust::{OfServers, Trusted};
use super::version1;
use crate::io::{Io, Raw};
use crate::timer::Deadline;

/// `verify none`: any certificate will do, as long as the server holds its key.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if version1::is_one(cert) {
            return version1::verify_signature(message, cert, dss, &self.0, false);
        }
        verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if version1::is_one(cert) {
            return version1::verify_signature(message, cert, dss, &self.0, true);
        }
        verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// The configuration of a `server ... ssl` line; the error is in words for the user.
pub(crate) fn config(tls: &ServerTls, stored: &Stored, no_verify: bool, keep: Keep) -> Result<ClientConfig, String> {
    let provider: Arc<CryptoProvider> = choice::provider(Choice {
        ciphers: tls.ciphers.as_deref(),
        ciphersuites: tls.ciphersuites.as_deref(),
        curves: tls.curves.as_deref(),
    });
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&super::versions(tls.min_version, tls.max_version)?)
        .map_err(|e| e.to_string())?;
    let verify = if no_verify { Verify::None } else { tls.verify };
    let builder = match (verify, &tls.ca) {
        (Verify::None, _) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(algorithms))),
        (_, None) => return Err("'verify required' needs a 'ca-file'".into()),
        (_, Some(ca)) => {
            let mut trusted = Trusted::of(std::iter::once(stored.authorities(ca)))?;
            let roots = Arc::new(trusted.roots()?);
            let v = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
            let v = match &tls.crl {
                Some(file) => v.with_crls(trusted.revoke(stored.revocations(file))?),
                None => v,
            };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(OfServers {
                strict: v.build().map_err(|e| e.to_string())?,
                algorithms,
                trusted,
            }))
        }
    };
    let mut config = match &tls.cert {
        None => builder.with_no_client_auth(),
        Some(cert) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified(stored.now(cert))?))),
    };
    config.alpn_protocols = tls.alpn.iter().filter(|p| &***p != b"h2").cloned().collect();
    if tls.no_reuse {
        config.resumption = Resumption::disabled();
    } else if tls.no_tickets {
        config.resumption = config.resumption.tls12_resumption(Tls12Resumption::SessionIdOnly);
    }
    config.max_fragment_size = super::fragment_size(tls.most_in_record);
    // Where no name is asked for, rustls is given an address, which is never sent as one.
    config.enable_sni = tls.sni.is_some() || tls.verifyhost.is_some() || !tls.no_sni_auto;
    if let Some(log) = keep.log() {
        config.key_log = log;
    }
    Ok(config)
}

/// Shakes hands until `deadline` passes, or `aborted` says that nobody waits for it any more (`Interrupted`). `name`: what is asked
/// for and checked; without one nothing is asked for. What the handshake told comes with the connection.
pub(crate) async fn handshake(
    config: &Arc<ClientConfig>,
    name: Option<&str>,
    raw: Raw,
    keep: Keep,
    deadline: &Deadline,
    mut aborted: impl FnMut(&mut Context<'_>) -> bool,
) -> io::Result<(Io, Arc<TlsFacts>)> {
    let wanted = match name.map(|n| ServerName::try_from(n.to_owned())) {
        Some(Ok(n)) => n,
        // rustls always wants a name; an address is never sent as one.
        _ => ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    };
    let mut connecting = Box::pin(TlsConnector::from(Arc::clone(config)).connect(wanted, raw));
    let mut secrets = Gathered::new(keep);
    let stream = std::future::poll_fn(|cx| {
        if let Poll::Ready(r) = secrets.during(|| connecting.as_mut().poll(cx)) {
            return Poll::Ready(r);
        }
        if deadline.expired(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if aborted(cx) {
            return Poll::Ready(Err(io::ErrorKind::Interrupted.into()));
        }
        Poll::Pending
    })
    .await?;
    let facts = TlsFacts {
        secrets: secrets.done(),
        ..facts::of_server(&stream, name)
    };
    Ok((Io::Client(Box::new(stream)), Arc::new(facts)))
}
