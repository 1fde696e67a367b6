//! Which certificate a client is shown: by the name that it asks for, and by the kind of key that it can check.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hapax_config::plan::{Certificate, CrtEntry};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, SignatureAlgorithm, SignatureScheme};

use super::version1;

thread_local! {
    static CHOSEN: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The certificate that the step of a handshake that was just driven has chosen, by its place. rustls tells nobody; see `verdict`.
pub(super) fn take_chosen() -> Option<usize> {
    CHOSEN.take()
}

/// Certificates by the names they are for.
#[derive(Debug, Default)]
pub(super) struct Names {
    all: Vec<Shown>,
    exact: HashMap<Box<str>, Vec<usize>>,
    /// By what follows `*.`.
    wild: HashMap<Box<str>, Vec<usize>>,
    /// For clients that ask for none of these names, or for none at all.
    default: Vec<usize>,
}

/// A certificate to show, for rustls and for expressions.
#[derive(Debug)]
pub(super) struct Shown {
    key: Arc<CertifiedKey>,
    pub der: Arc<[u8]>,
    /// The name it was loaded by.
    pub name: Arc<str>,
    /// Names within its `*.` that it is not for.
    not_for: Vec<Box<str>>,
    /// Its own settings, by their place.
    pub variant: Option<usize>,
}

impl Names {
    /// One more certificate: with what its line of a crt-list says of names, else under its own.
    pub(super) fn add(
        &mut self,
        cert: &Arc<Certificate>,
        entry: Option<&CrtEntry>,
        variant: Option<usize>,
        keys: &Mutex<Keys>,
    ) -> Result<(), String> {
        let key = Keys::certified(keys, cert)?;
        let filters = entry.map(|e| &e.filters[..]).filter(|f| !f.is_empty());
        let at = self.all.len();
        let names = filters.unwrap_or(&cert.names);
        for name in names.iter().filter(|n| !n.starts_with('!')) {
            if name == "*" {
                self.default.push(at);
                continue;
            }
            let (map, name) = match name.strip_prefix("*.") {
                Some(parent) => (&mut self.wild, parent),
                None => (&mut self.exact, name.as_str()),
            };
            map.entry(name.into()).or_default().push(at);
        }
        // The first one is the default, with its counterparts that have keys of other kinds.
        let stem = |name: &str| {
            name.rsplit_once('.')
                .filter(|(_, end)| matches!(*end, "rsa" | "ecdsa"))
                .map(|(stem, _)| stem.to_owned())
        };
        let first = self.all.first().and_then(|f| stem(&f.name));
        if at == 0 || first.is_some() && first == stem(&cert.path) && self.default.contains(&0) {
            self.default.push(at);
        }
        self.all.push(Shown {
            key,
            der: cert.chain.first().map_or_else(Arc::default, |d| d.as_slice().into()),
            name: cert.path.as_str().into(),
            not_for: names.iter().filter_map(|n| n.strip_prefix('!')).map(Into::into).collect(),
            variant,
        });
        Ok(())
    }

    /// `strict-sni`: who asks for no name that is known gets nothing.
    pub(super) fn be_strict(&mut self) {
        self.default.clear();
    }

    pub(super) fn at(&self, place: usize) -> Option<&Shown> {
        self.all.get(place)
    }

    /// The certificate for a client, by the name it asks for and the signatures it can check.
    pub(super) fn choose(&self, hello: &ClientHello<'_>) -> Option<usize> {
        let curves = takes_curves(hello.cipher_suites());
        let schemes = if curves { hello.signature_schemes() } else { &[] };
        let name = hello.server_name();
        let found = name.and_then(|name| {
            let exact = self.exact.get(name).and_then(|all| self.best(all.iter(), schemes));
            exact.or_else(|| {
                let (_, parent) = name.split_once('.')?;
                let for_it = |at: &&usize| !self.all[**at].not_for.iter().any(|n| **n == *name);
                self.best(self.wild.get(parent)?.iter().filter(for_it), schemes)
            })
        });
        found.or_else(|| self.best(self.default.iter(), schemes))
    }

    /// Elliptic curves where the client can, as HAProxy has it; else any other kind.
    fn best<'a>(&self, found: impl Iterator<Item = &'a usize> + Clone, schemes: &[SignatureScheme]) -> Option<usize> {
        let is_ecdsa = |at: usize| self.all[at].key.key.algorithm() == SignatureAlgorithm::ECDSA;
        let usable = |at: usize| self.all[at].key.key.choose_scheme(schemes).is_some();
        let mut first = None;
        let mut other = None;
        for &at in found {
            match is_ecdsa(at) {
                true if usable(at) => return Some(at),
                false if other.is_none() => other = Some(at),
                _ => {}
            }
            first = first.or(Some(at));
        }
        other.or(first)
    }
}

/// Whether a certificate of an elliptic curve goes with what a client offers, whichever version it comes to: suites of TLS 1.3 go with
/// any certificate, but nobody tells whether the client speaks that version.
fn takes_curves(offered: &[CipherSuite]) -> bool {
    let names = || offered.iter().filter_map(CipherSuite::as_str);
    names().any(|name| name.contains("_ECDSA_")) || !names().any(|name| name.contains("_RSA_"))
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let at = self.choose(&hello);
        CHOSEN.set(at);
        Some(Arc::clone(&self.all.get(at?)?.key))
    }
}

/// Keys as rustls wants them, of the certificates that are in use: thousands of lines may share one.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<String, (Weak<Certificate>, Arc<CertifiedKey>)>);

impl Keys {
    fn certified(keys: &Mutex<Self>, cert: &Arc<Certificate>) -> Result<Arc<CertifiedKey>, String> {
        let known = |all: &Self| {
            let (of, key) = all.0.get(&cert.path)?;
            Weak::ptr_eq(of, &Arc::downgrade(cert)).then(|| Arc::clone(key))
        };
        if let Some(key) = known(&keys.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(key);
        }
        let made = certified(cert)?;
        let mut all = keys.lock().unwrap_or_else(PoisonError::into_inner);
        all.0.insert(cert.path.clone(), (Arc::downgrade(cert), Arc::clone(&made)));
        Ok(made)
    }

    /// Forgets those that are no longer in use.
    pub(super) fn tidy(keys: &Mutex<Self>) {
        let mut all = keys.lock().unwrap_or_else(PoisonError::into_inner);
        all.0.retain(|_, (of, _)| of.strong_count() > 0);
    }
}

/// The error is in HAProxy's words.
pub(super) fn certified(cert: &Certificate) -> Result<Arc<CertifiedKey>, String> {
    let path = &cert.path;
    let key = cert.key.as_ref().ok_or_else(|| format!("No Private Key found in '{path}'."))?;
    let key =
        aws_lc_rs::sign::any_supported_type(key).map_err(|e| format!("unable to load SSL private key into SSL Context '{path}': {e}."))?;
    let chain = cert.chain.iter().map(|d| CertificateDer::from(d.clone())).collect();
    let certified = CertifiedKey::new(chain, key);
    let shown = cert.chain.first().and_then(|leaf| version1::public_key(leaf));
    let shown = shown.ok_or_else(|| format!("unable to load SSL certificate into SSL Context '{path}': it cannot be read."))?;
    match certified.key.public_key() {
        Some(own) if *own != *shown => Err(format!("inconsistencies between private key and certificate loaded '{path}'.")),
        _ => Ok(Arc::new(certified)),
    }
}
