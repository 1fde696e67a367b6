//! What the connections of a `bind ... ssl` line have in common.

use std::sync::{Arc, Mutex};

use hapax_config::plan::{BindTls, Stored, Verify};
use hapax_sample::fetches::chains::Anchors;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};

use super::choice::{self, Choice};
use super::keylog::Keep;
use super::names::{Keys, Names};
use super::trust::{self, Trusted};
use super::verdict::Lenient;

/// Sessions remembered per `bind` for resumption without tickets (`tune.ssl.cachesize` counts all of them together).
const SESSIONS: usize = 20_000;

/// What the connections of a `bind ... ssl` line have in common.
#[derive(Debug)]
pub(crate) struct BindTlsConfig {
    pub base: Settings,
    /// Of certificates with options of their own.
    variants: Vec<Settings>,
    names: Arc<Names>,
}

/// Settings of handshakes.
#[derive(Debug)]
pub(crate) struct Settings {
    pub config: Arc<ServerConfig>,
    /// For clients that offer application protocols of which none is ours: it is left open which is spoken, where the library
    /// would refuse them.
    unnamed: Arc<ServerConfig>,
    /// The authorities of `ca-file`, where clients are asked for certificates.
    pub anchors: Option<Arc<Anchors>>,
    /// Where something may be wrong with them: what that is must be found again when a session is resumed.
    pub(super) lenient: Option<Arc<Lenient>>,
}

impl Settings {
    fn new(config: ServerConfig, anchors: Option<Arc<Anchors>>, lenient: Option<Arc<Lenient>>) -> Self {
        let mut unnamed = config.clone();
        unnamed.alpn_protocols.clear();
        Self {
            config: Arc::new(config),
            unnamed: Arc::new(unnamed),
            anchors,
            lenient,
        }
    }

    fn of_hello(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        let ours = &self.config.alpn_protocols;
        let agrees = hello.alpn().is_none_or(|mut theirs| theirs.any(|t| ours.iter().any(|o| o == t)));
        Arc::clone(if agrees { &self.config } else { &self.unnamed })
    }
}

impl BindTlsConfig {
    /// By what hands are shaken with a client that says this.
    pub(super) fn of_hello(&self, hello: &ClientHello<'_>) -> Arc<ServerConfig> {
        let settings = if self.variants.is_empty() {
            &self.base
        } else {
            self.settings(self.names.choose(hello))
        };
        settings.of_hello(hello)
    }

    /// The certificate at a place: in DER, and the name it was loaded by.
    pub(super) fn certificate(&self, place: Option<usize>) -> Option<(Arc<[u8]>, Arc<str>)> {
        let shown = self.names.at(place?)?;
        Some((Arc::clone(&shown.der), Arc::clone(&shown.name)))
    }

    pub(super) fn settings(&self, place: Option<usize>) -> &Settings {
        let variant = place.and_then(|p| self.names.at(p)?.variant);
        variant.and_then(|v| self.variants.get(v)).unwrap_or(&self.base)
    }
}

/// The configuration of a `bind ... ssl` line; the error is in words for the user.
pub(super) fn config(tls: &BindTls, stored: &Stored, keys: &Mutex<Keys>, keep: Keep) -> Result<BindTlsConfig, String> {
    let mut names = Names::default();
    let mut own: Vec<&Arc<BindTls>> = Vec::new();
    for (cert, entry) in stored.entries(tls).filter(|(cert, _)| !cert.is_empty()) {
        let variant = entry.and_then(|e| e.own.as_ref()).map(|options| {
            let known = own.iter().position(|o| Arc::ptr_eq(o, options));
            known.unwrap_or_else(|| {
                own.push(options);
                own.len() - 1
            })
        });
        names.add(cert, entry, variant, keys)?;
    }
    if tls.strict_sni {
        names.be_strict();
    }
    let names = Arc::new(names);
    let variants: Result<Vec<_>, String> = own.iter().map(|own| settings(&merged(tls, own), stored, &names, keep)).collect();
    Ok(BindTlsConfig {
        base: settings(tls, stored, &names, keep)?,
        variants: variants?,
        names,
    })
}

/// The settings of a line where those of one of its certificates say otherwise.
fn merged(line: &BindTls, own: &BindTls) -> BindTls {
    let verify = if own.verify_given { own.verify } else { line.verify };
    let alpn = if own.alpn_given { &own.alpn } else { &line.alpn };
    BindTls {
        certs: Vec::new(),
        alpn: alpn.clone(),
        min_version: own.min_version.or(line.min_version),
        max_version: own.max_version.or(line.max_version),
        ciphers: own.ciphers.clone().or_else(|| line.ciphers.clone()),
        ciphersuites: own.ciphersuites.clone().or_else(|| line.ciphersuites.clone()),
        curves: own.curves.clone().or_else(|| line.curves.clone()),
        ca: own.ca.clone().or_else(|| line.ca.clone()),
        ca_verify: own.ca_verify.clone().or_else(|| line.ca_verify.clone()),
        crl: own.crl.clone().or_else(|| line.crl.clone()),
        verify,
        no_ca_names: own.no_ca_names || line.no_ca_names,
        ..line.clone()
    }
}

fn settings(tls: &BindTls, stored: &Stored, names: &Arc<Names>, keep: Keep) -> Result<Settings, String> {
    let provider = choice::provider(Choice {
        ciphers: tls.ciphers.as_deref(),
        ciphersuites: tls.ciphersuites.as_deref(),
        curves: tls.curves.as_deref(),
    });
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&super::versions(tls.min_version, tls.max_version)?)
        .map_err(|e| e.to_string())?;
    let (mut anchors, mut lenient) = (None, None);
    let builder = match tls.verify {
        Verify::None => builder.with_no_client_auth(),
        verify => {
            let mut trusted = Trusted::of([&tls.ca_verify, &tls.ca].into_iter().flatten().map(|f| stored.authorities(f)))?;
            let roots = Arc::new(trusted.roots()?);
            let v = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
            let v = if verify == Verify::Optional { v.allow_unauthenticated() } else { v };
            let v = v.clear_root_hint_subjects();
            let v = match &tls.ca {
                Some(ca) if !tls.no_ca_names => v.add_root_hint_subjects(trust::subjects(stored.authorities(ca))),
                _ => v,
            };
            let v = match &tls.crl {
                Some(file) => v.with_crls(trusted.revoke(stored.revocations(file))?),
                None => v,
            };
            anchors = Some(Arc::new(trusted.anchors()));
            let verifier = Arc::new(Lenient {
                strict: v.build().map_err(|e| e.to_string())?,
                algorithms: provider.signature_verification_algorithms,
                crt: tls.crt_ignore.clone(),
                ca: tls.ca_ignore.clone(),
                trusted,
            });
            lenient = verifier.lets_anything_pass().then(|| Arc::clone(&verifier));
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_cert_resolver(Arc::clone(names) as Arc<dyn ResolvesServerCert>);
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
    if let Some(log) = keep.log() {
        config.key_log = log;
    }
    Ok(Settings::new(config, anchors, lenient))
}
