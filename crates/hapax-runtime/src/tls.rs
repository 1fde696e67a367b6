//! TLS by rustls: server configurations per `bind`, client configurations per `server`, and what a handshake told.

/// The methods of a certificate verifier that are about signatures, left to the verifier it is built on.
macro_rules! signatures_as {
    ($inner:ident) => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &rustls::pki_types::CertificateDer<'_>,
            dss: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            if crate::tls::version1::is_one(cert) {
                return crate::tls::version1::verify_signature(message, cert, dss, &self.algorithms, false);
            }
            self.$inner.verify_tls12_signature(message, cert, dss)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &rustls::pki_types::CertificateDer<'_>,
            dss: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            if crate::tls::version1::is_one(cert) {
                return crate::tls::version1::verify_signature(message, cert, dss, &self.algorithms, true);
            }
            self.$inner.verify_tls13_signature(message, cert, dss)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            self.$inner.supported_verify_schemes()
        }
    };
}

mod accept;
mod choice;
mod facts;
mod failure;
mod keylog;
mod line;
mod names;
mod place;
mod trust;
mod upstream;
mod verdict;
mod version1;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use hapax_config::Plan;
use hapax_config::plan::Stored;
use rustls::ClientConfig;

pub(crate) use accept::{Kept, accept, accept_plainly};
pub(crate) use facts::of_server as facts_of;
pub(crate) use failure::{error_of, fault_of};
pub(crate) use keylog::Keep;
pub(crate) use line::BindTlsConfig;
use names::Keys;
pub(crate) use place::Spec;
use place::{Place, places};
pub(crate) use upstream::{config as client_config, handshake};

/// The settings of a listener, and those of a server. Handshakes take what is there when they start; a new version takes its place.
pub(crate) type BindSlot = Arc<ArcSwap<BindTlsConfig>>;
pub(crate) type ClientSlot = Arc<ArcSwap<ClientConfig>>;

/// The configurations of a plan, made once for all workers.
#[derive(Debug, Default)]
pub(crate) struct TlsTables {
    binds: HashMap<Place, BindSlot>,
    clients: HashMap<Place, ClientSlot>,
    keys: Mutex<Keys>,
    /// `-dV`: certificates of servers are not checked.
    no_verify: bool,
}

/// A TLS setting that rustls refuses.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {reason}")]
pub(crate) struct TlsError {
    pub place: String,
    pub reason: String,
}

impl TlsTables {
    /// `no_verify` (`-dV`): certificates of servers are not checked.
    pub(crate) fn new(plan: &Plan, no_verify: bool) -> Result<Self, TlsError> {
        let mut t = Self {
            no_verify,
            ..Self::default()
        };
        for (place, spec) in places(plan) {
            match t.made(place, spec, plan, &plan.stored)? {
                Made::Bind(config) => drop(t.binds.insert(place, Arc::new(ArcSwap::new(config)))),
                Made::Client(config) => drop(t.clients.insert(place, Arc::new(ArcSwap::new(config)))),
            }
        }
        Ok(t)
    }

    fn made(&self, place: Place, spec: Spec<'_>, plan: &Plan, stored: &Stored) -> Result<Made, TlsError> {
        let keep = Keep::of(plan);
        let made = match spec {
            Spec::Bind(tls) => line::config(tls, stored, &self.keys, keep).map(|c| Made::Bind(Arc::new(c))),
            Spec::Server(tls) => upstream::config(tls, stored, self.no_verify, keep).map(|c| Made::Client(Arc::new(c))),
        };
        made.map_err(|reason| TlsError {
            place: place.text(plan),
            reason,
        })
    }

    /// Puts new versions in place wherever `changed` says that a line sees another state of the store: all of them or none.
    pub(crate) fn rebuild(&self, plan: &Plan, stored: &Stored, changed: &dyn Fn(Spec<'_>) -> bool) -> Result<(), TlsError> {
        Keys::tidy(&self.keys);
        let mut all = Vec::new();
        for (place, spec) in places(plan).filter(|(_, spec)| changed(*spec)) {
            all.push((place, self.made(place, spec, plan, stored)?));
        }
        for (place, made) in all {
            match made {
                Made::Bind(config) => {
                    if let Some(slot) = self.binds.get(&place) {
                        slot.store(config);
                    }
                }
                Made::Client(config) => {
                    if let Some(slot) = self.clients.get(&place) {
                        slot.store(config);
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn peer_bind(&self, section: usize) -> Option<&BindSlot> {
        self.binds.get(&Place::PeerBind(section))
    }

    pub(crate) fn name_server(&self, section: usize, server: usize) -> Option<&ClientSlot> {
        self.clients.get(&Place::NameServer(section, server))
    }

    pub(crate) fn peer_server(&self, section: usize, peer: usize) -> Option<&ClientSlot> {
        self.clients.get(&Place::Peer(section, peer))
    }

    pub(crate) fn ring_server(&self, ring: u32, server: u32) -> Option<&ClientSlot> {
        self.clients.get(&Place::RingServer(ring, server))
    }

    pub(crate) fn log_bind(&self, forward: u32, bind: u32) -> Option<&BindSlot> {
        self.binds.get(&Place::LogBind(forward, bind))
    }

    pub(crate) fn bind(&self, proxy: u32, bind: u32) -> Option<&BindSlot> {
        self.binds.get(&Place::Bind(proxy, bind))
    }

    pub(crate) fn server(&self, proxy: u32, server: u32) -> Option<&ClientSlot> {
        self.clients.get(&Place::Server(proxy, server))
    }
}

enum Made {
    Bind(Arc<BindTlsConfig>),
    Client(Arc<ClientConfig>),
}

/// The TLS settings of every line of a plan.
pub(crate) fn specs(plan: &Plan) -> impl Iterator<Item = Spec<'_>> {
    places(plan).map(|(_, spec)| spec)
}

/// The protocol versions between two OpenSSL-style numbers; both open: TLS 1.2 and 1.3.
fn versions(min: Option<u16>, max: Option<u16>) -> Result<Vec<&'static rustls::SupportedProtocolVersion>, String> {
    let (min, max) = (min.unwrap_or(0x0303), max.unwrap_or(0x0304));
    let list: Vec<_> = [(0x0303, &rustls::version::TLS12), (0x0304, &rustls::version::TLS13)]
        .into_iter()
        .filter(|(n, _)| (min..=max).contains(n))
        .map(|(_, v)| v)
        .collect();
    if list.is_empty() {
        Err("no TLS version is left: TLS 1.2 and 1.3 are the ones there are".into())
    } else {
        Ok(list)
    }
}

/// What rustls calls the size of a fragment: that of a record, with the five bytes before it. It knows none below 32.
fn fragment_size(most_in_record: Option<usize>) -> Option<usize> {
    most_in_record.map(|n| (n + 5).max(32))
}
