//! Handshakes with clients.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::task::Poll;

use hapax_config::plan::{BindTls, Certificate, Verify};
use hapax_proto::tls_hello::{Sniffed, client_hello};
use hapax_sample::TlsFacts;
use hapax_sample::fault::Fault;
use hapax_sample::fetches::chains::Anchors;
use hapax_sample::hello::HelloFacts;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::choice::{self, Choice};
use super::trust::SelfSigned;
use super::verdict::{self, Lenient};
use super::{facts, failure};
use crate::io::{Io, Raw};
use crate::timer::Deadline;

/// Sessions remembered per `bind` for resumption without tickets (`tune.ssl.cachesize` counts all of them together).
const SESSIONS: usize = 20_000;

/// Certificates by the names they are for.
#[derive(Debug)]
struct BySni {
    exact: HashMap<String, Shown>,
    /// By what follows `*.`.
    wild: HashMap<String, Shown>,
    default: Option<Shown>,
}

/// A certificate to show, for rustls and for expressions.
#[derive(Clone, Debug)]
struct Shown {
    key: Arc<CertifiedKey>,
    der: Arc<[u8]>,
    /// The name it was loaded by.
    name: Arc<str>,
}

/// What the connections of a `bind ... ssl` line have in common.
#[derive(Debug)]
pub(crate) struct BindTlsConfig {
    pub config: Arc<ServerConfig>,
    names: Arc<BySni>,
    /// The authorities of `ca-file`, where clients are asked for certificates.
    pub anchors: Option<Arc<Anchors>>,
}

impl BindTlsConfig {
    /// The certificate for a client that asks for this name: in DER, and the name it was loaded by.
    pub(crate) fn certificate(&self, name: Option<&str>) -> Option<(Arc<[u8]>, Arc<str>)> {
        self.names.shown(name).map(|s| (Arc::clone(&s.der), Arc::clone(&s.name)))
    }
}

impl BySni {
    fn shown(&self, name: Option<&str>) -> Option<&Shown> {
        let Some(name) = name else {
            return self.default.as_ref();
        };
        let found = self.exact.get(name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.wild.get(parent)
        });
        found.or(self.default.as_ref())
    }
}

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.shown(hello.server_name()).map(|s| Arc::clone(&s.key))
    }
}

/// The configuration of a `bind ... ssl` line; the error is in words for the user.
pub(super) fn config(tls: &BindTls) -> Result<BindTlsConfig, String> {
    let provider = choice::provider(Choice {
        ciphers: tls.ciphers.as_deref(),
        ciphersuites: tls.ciphersuites.as_deref(),
        curves: tls.curves.as_deref(),
    });
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&super::versions(tls.min_version, tls.max_version)?)
        .map_err(|e| e.to_string())?;
    let mut anchors = None;
    let builder = match (tls.verify, &tls.ca) {
        (Verify::None, _) => builder.with_no_client_auth(),
        (_, None) => return Err("'verify' needs a 'ca-file'".into()),
        (verify, Some(ca)) => {
            let roots = Arc::new(roots(ca)?);
            let v = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
            let v = if verify == Verify::Optional { v.allow_unauthenticated() } else { v };
            let v = if tls.no_ca_names { v.clear_root_hint_subjects() } else { v };
            let v = match &tls.crl {
                Some(pem) => v.with_crls(revoked(pem)?),
                None => v,
            };
            anchors = Some(Arc::new(anchors_of(ca)));
            builder.with_client_cert_verifier(Arc::new(Lenient {
                strict: v.build().map_err(|e| e.to_string())?,
                crt: tls.crt_ignore.clone(),
                ca: tls.ca_ignore.clone(),
                own: SelfSigned::of(ca),
            }))
        }
    };
    let mut by_sni = BySni {
        exact: HashMap::new(),
        wild: HashMap::new(),
        default: None,
    };
    for cert in &tls.certs {
        let shown = Shown {
            key: certified(cert)?,
            der: cert.chain.first().map_or_else(Arc::default, |d| d.as_slice().into()),
            name: cert.path.as_str().into(),
        };
        if by_sni.default.is_none() && !tls.strict_sni {
            by_sni.default = Some(shown.clone());
        }
        for name in &cert.names {
            let (map, name) = match name.strip_prefix("*.") {
                Some(parent) => (&mut by_sni.wild, parent),
                None => (&mut by_sni.exact, name.as_str()),
            };
            map.entry(name.to_ascii_lowercase()).or_insert_with(|| shown.clone());
        }
    }
    let names = Arc::new(by_sni);
    let mut config = builder.with_cert_resolver(Arc::clone(&names) as Arc<dyn ResolvesServerCert>);
    // Until HTTP/2 is here it is not offered to anyone.
    config.alpn_protocols = tls.alpn.iter().filter(|p| &***p != b"h2").cloned().collect();
    config.session_storage = match tls.sessions {
        Some(0) => Arc::new(rustls::server::NoServerSessionStorage {}),
        n => rustls::server::ServerSessionMemoryCache::new(n.unwrap_or(SESSIONS)),
    };
    if !tls.no_tickets {
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(|e| e.to_string())?;
    }
    config.send_tls13_tickets = usize::from(!tls.no_tickets);
    config.max_fragment_size = super::fragment_size(tls.most_in_record);
    config.ignore_client_order = !tls.prefer_client_ciphers;
    Ok(BindTlsConfig {
        config: Arc::new(config),
        names,
        anchors,
    })
}

/// The names of the authorities in a PEM file that was found good.
fn anchors_of(pem: &[u8]) -> Anchors {
    use rustls::pki_types::pem::PemObject;
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem).flatten().collect();
    Anchors::of(all.iter().map(AsRef::as_ref))
}

pub(super) fn certified(cert: &Certificate) -> Result<Arc<CertifiedKey>, String> {
    let key = aws_lc_rs::sign::any_supported_type(&cert.key).map_err(|e| format!("{}: {e}", cert.path))?;
    let chain = cert.chain.iter().map(|d| CertificateDer::from(d.clone())).collect();
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(Arc::new(certified)),
        Err(e) => Err(format!("{}: {e}", cert.path)),
    }
}

/// Revocation lists in PEM.
pub(super) fn revoked(pem: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    use rustls::pki_types::pem::PemObject;
    let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(pem).collect();
    lists.map_err(|e| format!("revocation lists: {e}"))
}

pub(super) fn roots(pem: &[u8]) -> Result<RootCertStore, String> {
    use rustls::pki_types::pem::PemObject;
    let mut store = RootCertStore::empty();
    for cert in CertificateDer::pem_slice_iter(pem) {
        let cert = cert.map_err(|e| e.to_string())?;
        store.add(cert).map_err(|e| e.to_string())?;
    }
    if store.is_empty() {
        Err("no certificate in the CA file".into())
    } else {
        Ok(store)
    }
}

/// A handshake that failed, and what is known of it all the same.
#[derive(Debug)]
pub(crate) struct Failed {
    pub fault: Fault,
    pub facts: Box<TlsFacts>,
}

/// Shakes hands until `deadline` passes. `keep`: bytes of the hello's lists that are kept for expressions.
pub(crate) async fn accept(bind: &BindTlsConfig, mut raw: Raw, keep: usize, deadline: &Deadline) -> Result<(Io, Box<TlsFacts>), Failed> {
    let hello = if keep > 0 {
        look_at_hello(&mut raw, keep, deadline).await
    } else {
        None
    };
    let handshake = TlsAcceptor::from(Arc::clone(&bind.config)).accept(raw);
    // The future is large and short-lived: out of the session's own.
    let mut handshake = Box::pin(handshake);
    let mut found = None;
    let shaken = std::future::poll_fn(|cx| {
        let step = handshake.as_mut().poll(cx);
        found = verdict::take().or(found);
        match step {
            Poll::Ready(r) => Poll::Ready(r),
            Poll::Pending if deadline.expired(cx) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    match shaken {
        Ok(stream) => {
            let facts = facts::of_client(&stream, bind);
            let facts = Box::new(TlsFacts {
                hello,
                verify: found.unwrap_or_default(),
                ..facts
            });
            Ok((Io::Server(Box::new(stream)), facts))
        }
        Err(e) => Err(Failed {
            fault: failure::fault_of_client(&e, found),
            facts: Box::new(TlsFacts {
                hello,
                verify: found.unwrap_or_default(),
                error: failure::error_of(&e),
                ..TlsFacts::default()
            }),
        }),
    }
}

/// Looks at the client's hello and leaves it where it is; `None`: it is none, is too long, or did not come in time.
async fn look_at_hello(raw: &mut Raw, keep: usize, deadline: &Deadline) -> Option<Box<HelloFacts>> {
    let mut bytes = vec![0; HELLO_MAX];
    std::future::poll_fn(|cx| {
        let seen = raw.poll_peek(cx, &mut bytes, |bytes| match client_hello(bytes) {
            Sniffed::Found(hello) => Some(Some(Box::new(HelloFacts::keep(&hello, keep)))),
            Sniffed::More if bytes.len() < HELLO_MAX => None,
            Sniffed::More | Sniffed::Other => Some(None),
        });
        match seen {
            Poll::Ready(r) => Poll::Ready(r.ok().flatten().flatten()),
            Poll::Pending if deadline.expired(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// No hello in one record is longer than one.
const HELLO_MAX: usize = 16 * 1024 + 5;
