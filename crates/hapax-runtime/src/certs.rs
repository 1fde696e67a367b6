//! The store of certificates while the process runs: what lines refer to by name, the changes that are being prepared, and how a change
//! reaches the listeners and servers that use what changed.
//!
//! Nobody who shakes hands comes here: they take settings that are made already, and a change puts others in their place.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hapax_config::plan::{BindTls, CertSource, Certificate, PemFile, ServerTls, Stored};

use crate::state::Shared;
use crate::tls::{Spec, TlsTables};

/// The store of a process.
#[derive(Debug, Default)]
pub struct Certs {
    state: Mutex<State>,
    tables: OnceLock<Arc<TlsTables>>,
}

/// What is in it, and at most one change of each kind that nobody has committed yet.
#[derive(Debug, Default)]
pub struct State {
    pub stored: Stored,
    pub cert: Option<Certificate>,
    pub authorities: Option<PemFile>,
    pub revocations: Option<PemFile>,
}

/// A thing in the store, by its kind and name.
#[derive(Clone, Copy, Debug)]
pub enum Thing<'a> {
    Cert(&'a str),
    Authorities(&'a str),
    Revocations(&'a str),
    List(&'a str),
}

impl Certs {
    pub(crate) fn new(stored: Stored) -> Self {
        Self {
            state: Mutex::new(State {
                stored,
                ..State::default()
            }),
            tables: OnceLock::new(),
        }
    }

    pub(crate) fn serve_with(&self, tables: &Arc<TlsTables>) {
        let _ = self.tables.set(Arc::clone(tables));
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Makes `next` the present state of the store. Every listener and server that uses `changed` starts its next handshake with it;
    /// where one cannot, nothing changes, and the error tells why.
    pub fn change_certs(&self, state: &mut State, next: Stored, changed: Thing<'_>) -> Result<(), String> {
        let uses = |spec: Spec<'_>| spec.uses(&next, changed) || spec.uses(&state.stored, changed);
        let mut added = Vec::new();
        for (proxy, _) in self.every_proxy() {
            for (_, server) in proxy.servers.iter().filter(|(_, s)| s.is_added()) {
                let conf = server.conf();
                if let Some(tls) = conf.tls.as_ref().filter(|tls| uses(Spec::Server(tls))) {
                    added.push((server, self.client_config_in(tls, &next)?));
                }
            }
        }
        if let Some(tables) = self.certs.tables.get() {
            tables.rebuild(&self.plan, &next, &uses).map_err(|e| e.reason)?;
        }
        for (server, config) in added {
            server.set_own_tls(config);
        }
        state.stored = next;
        Ok(())
    }

    /// Whether any line refers to a thing.
    pub fn uses_cert(&self, stored: &Stored, thing: Thing<'_>) -> bool {
        let listed = stored.lists.values().flat_map(|l| &l.entries).any(|e| match thing {
            Thing::Cert(name) => e.cert.path == name,
            _ => e.own.as_ref().is_some_and(|own| pem_of(own, thing)),
        });
        let added = || {
            self.every_proxy().any(|(proxy, _)| {
                let mut servers = proxy.servers.iter().filter(|(_, s)| s.is_added());
                servers.any(|(_, s)| s.conf().tls.as_ref().is_some_and(|tls| Spec::Server(tls).uses(stored, thing)))
            })
        };
        listed || crate::tls::specs(&self.plan).any(|spec| spec.uses(stored, thing)) || added()
    }

    /// What the TLS settings of a server that comes while running refer to becomes a part of the store, where it is not yet.
    pub fn adopt_certs(&self, tls: &ServerTls) {
        let mut state = self.certs.lock();
        let stored = &mut state.stored;
        if let Some(cert) = &tls.cert {
            stored.certs.entry(cert.path.as_str().into()).or_insert_with(|| Arc::clone(cert));
        }
        if let Some(file) = &tls.ca {
            stored
                .authorities
                .entry(Arc::clone(&file.path))
                .or_insert_with(|| Arc::clone(&file.pem));
        }
        if let Some(file) = &tls.crl {
            stored
                .revocations
                .entry(Arc::clone(&file.path))
                .or_insert_with(|| Arc::clone(&file.pem));
        }
    }
}

impl Spec<'_> {
    fn uses(self, stored: &Stored, thing: Thing<'_>) -> bool {
        let is = |file: &Option<PemFile>, name: &str| file.as_ref().is_some_and(|f| *f.path == *name);
        match (self, thing) {
            (Self::Bind(tls), Thing::List(name)) => tls.certs.iter().any(|c| matches!(c, CertSource::List(l) if **l == *name)),
            (Self::Bind(tls), Thing::Cert(name)) => stored.entries(tls).any(|(cert, _)| cert.path == name),
            (Self::Bind(tls), _) => {
                pem_of(tls, thing)
                    || stored
                        .entries(tls)
                        .any(|(_, e)| e.and_then(|e| e.own.as_ref()).is_some_and(|own| pem_of(own, thing)))
            }
            (Self::Server(tls), Thing::Cert(name)) => tls.cert.as_ref().is_some_and(|c| c.path == name),
            (Self::Server(tls), Thing::Authorities(name)) => is(&tls.ca, name),
            (Self::Server(tls), Thing::Revocations(name)) => is(&tls.crl, name),
            (Self::Server(_), Thing::List(_)) => false,
        }
    }
}

/// Whether options name this file.
fn pem_of(tls: &BindTls, thing: Thing<'_>) -> bool {
    let is = |file: &Option<PemFile>, name: &str| file.as_ref().is_some_and(|f| *f.path == *name);
    match thing {
        Thing::Authorities(name) => is(&tls.ca, name) || is(&tls.ca_verify, name),
        Thing::Revocations(name) => is(&tls.crl, name),
        Thing::Cert(_) | Thing::List(_) => false,
    }
}
