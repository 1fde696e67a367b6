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
            self.$inner.verify_tls12_signature(message, cert, dss)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &rustls::pki_types::CertificateDer<'_>,
            dss: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
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
mod trust;
mod upstream;
mod verdict;

use std::collections::HashMap;
use std::sync::Arc;

use hapax_config::Plan;
use rustls::ClientConfig;

pub(crate) use accept::{BindTlsConfig, accept};
pub(crate) use facts::server_facts;
pub(crate) use failure::{error_of, fault_of};
pub(crate) use upstream::{config as client_config, handshake};

/// The configurations of a plan, made once for all workers: (proxy, bind) and (proxy, server).
#[derive(Debug, Default)]
pub(crate) struct TlsTables {
    binds: HashMap<(u32, u32), Arc<BindTlsConfig>>,
    servers: HashMap<(u32, u32), Arc<ClientConfig>>,
    /// Of peers: by section, and by section and place in it.
    peer_binds: HashMap<usize, Arc<BindTlsConfig>>,
    peer_servers: HashMap<(usize, usize), Arc<ClientConfig>>,
    name_servers: HashMap<(usize, usize), Arc<ClientConfig>>,
    /// (ring, server) and (log-forward section, bind).
    ring_servers: HashMap<(u32, u32), Arc<ClientConfig>>,
    log_binds: HashMap<(u32, u32), Arc<BindTlsConfig>>,
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
        let mut t = Self::default();
        for (p, proxy) in plan.proxies.iter().enumerate() {
            for (b, bind) in proxy.binds.iter().enumerate() {
                if let Some(tls) = &bind.tls {
                    let config = accept::config(tls).map_err(|reason| TlsError {
                        place: format!("bind of '{}'", proxy.name),
                        reason,
                    })?;
                    t.binds.insert((p as u32, b as u32), Arc::new(config));
                }
            }
            for (s, server) in proxy.servers.iter().enumerate() {
                if let Some(tls) = &server.tls {
                    let place = || format!("server '{}/{}'", proxy.name, server.name);
                    let config = upstream::config(tls, no_verify).map_err(|reason| TlsError { place: place(), reason })?;
                    t.servers.insert((p as u32, s as u32), Arc::new(config));
                }
            }
        }
        for (i, section) in plan.peers.iter().enumerate() {
            if let Some(tls) = section.binds.first().and_then(|b| b.tls.as_ref()) {
                let place = || format!("bind of peers '{}'", section.name);
                let config = accept::config(tls).map_err(|reason| TlsError { place: place(), reason })?;
                t.peer_binds.insert(i, Arc::new(config));
            }
            for (p, peer) in section.peers.iter().enumerate() {
                if let Some(tls) = &peer.tls {
                    let place = || format!("peer '{}/{}'", section.name, peer.name);
                    let config = upstream::config(tls, no_verify).map_err(|reason| TlsError { place: place(), reason })?;
                    t.peer_servers.insert((i, p), Arc::new(config));
                }
            }
        }
        for (i, section) in plan.resolvers.iter().enumerate() {
            for (n, ns) in section.nameservers.iter().enumerate() {
                if let Some(tls) = ns.server.as_ref().and_then(|s| s.tls.as_ref()) {
                    let place = || format!("name server '{}/{}'", section.name, ns.name);
                    let config = upstream::config(tls, no_verify).map_err(|reason| TlsError { place: place(), reason })?;
                    t.name_servers.insert((i, n), Arc::new(config));
                }
            }
        }
        t.add_logs(plan, no_verify)?;
        Ok(t)
    }

    pub(crate) fn peer_bind(&self, section: usize) -> Option<&Arc<BindTlsConfig>> {
        self.peer_binds.get(&section)
    }

    pub(crate) fn name_server(&self, section: usize, server: usize) -> Option<&Arc<ClientConfig>> {
        self.name_servers.get(&(section, server))
    }

    pub(crate) fn peer_server(&self, section: usize, peer: usize) -> Option<&Arc<ClientConfig>> {
        self.peer_servers.get(&(section, peer))
    }

    /// Of the servers of rings and of the listeners for messages.
    fn add_logs(&mut self, plan: &Plan, no_verify: bool) -> Result<(), TlsError> {
        for (r, ring) in plan.rings.iter().enumerate() {
            for (s, server) in ring.servers.iter().enumerate() {
                let Some(tls) = server.tls.as_ref().filter(|_| server.tls_for_traffic) else {
                    continue;
                };
                let place = format!("server '{}/{}'", ring.name, server.name);
                let config = upstream::config(tls, no_verify).map_err(|reason| TlsError { place, reason })?;
                self.ring_servers.insert((r as u32, s as u32), Arc::new(config));
            }
        }
        for (f, forward) in plan.log_forwards.iter().enumerate() {
            for (b, bind) in forward.binds.iter().enumerate() {
                let Some(tls) = &bind.tls else { continue };
                let place = format!("bind of '{}'", forward.name);
                let config = accept::config(tls).map_err(|reason| TlsError { place, reason })?;
                self.log_binds.insert((f as u32, b as u32), Arc::new(config));
            }
        }
        Ok(())
    }

    pub(crate) fn ring_server(&self, ring: u32, server: u32) -> Option<&Arc<ClientConfig>> {
        self.ring_servers.get(&(ring, server))
    }

    pub(crate) fn log_bind(&self, forward: u32, bind: u32) -> Option<&Arc<BindTlsConfig>> {
        self.log_binds.get(&(forward, bind))
    }

    pub(crate) fn bind(&self, proxy: u32, bind: u32) -> Option<&Arc<BindTlsConfig>> {
        self.binds.get(&(proxy, bind))
    }

    pub(crate) fn server(&self, proxy: u32, server: u32) -> Option<&Arc<ClientConfig>> {
        self.servers.get(&(proxy, server))
    }
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
