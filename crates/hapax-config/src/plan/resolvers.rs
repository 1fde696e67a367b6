//! `resolvers` and `mailers` sections, and what a server wants of the former (manual, 5.3 and 12.3).

use std::net::SocketAddr;
use std::sync::Arc;

use hapax_balance::names::Wish;
use hapax_value::{Endpoint, Millis};

use super::Server;

/// A `resolvers` section.
#[derive(Clone, Debug)]
pub struct Resolvers {
    pub name: Arc<str>,
    pub nameservers: Vec<NameServer>,
    /// `resolve_retries`
    pub retries: u32,
    pub timeout_resolve: Millis,
    pub timeout_retry: Millis,
    pub hold: Hold,
    /// `accepted_payload_size`
    pub payload: u16,
}

impl Resolvers {
    pub fn new(name: Arc<str>) -> Self {
        Self {
            name,
            nameservers: Vec::new(),
            retries: 3,
            timeout_resolve: 1000,
            timeout_retry: 1000,
            hold: Hold::default(),
            payload: 512,
        }
    }
}

#[derive(Clone, Debug)]
pub struct NameServer {
    pub name: Arc<str>,
    pub address: SocketAddr,
    /// `tcp@`: asked over TCP only.
    pub tcp: bool,
    /// How connections to it are made, where the line says so: TLS, source, and the proxy before it.
    pub server: Option<Box<Server>>,
}

/// How long what was good before outweighs an answer of each kind, and how long good answers last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    pub nx: Millis,
    pub refused: Millis,
    pub timeout: Millis,
    pub other: Millis,
    pub valid: Millis,
    pub obsolete: Millis,
}

impl Default for Hold {
    fn default() -> Self {
        Self {
            nx: 30_000,
            refused: 30_000,
            timeout: 30_000,
            other: 30_000,
            valid: 10_000,
            obsolete: 0,
        }
    }
}

/// What of a server is looked up while the process runs: `resolvers` and its neighbours.
#[derive(Clone, Debug, Default)]
pub struct Resolve {
    /// Its section, by name and by index.
    pub name: Arc<str>,
    pub section: u32,
    pub wish: Wish,
    /// `resolve-opts ignore-weight`
    pub ignore_weight: bool,
    /// The name is that of a service, whose places have hosts and ports of their own.
    pub service: bool,
}

/// A `mailers` section.
#[derive(Clone, Debug)]
pub struct Mailers {
    pub name: Arc<str>,
    pub mailers: Vec<Mailer>,
    /// `timeout mail`
    pub timeout: Millis,
}

#[derive(Clone, Debug)]
pub struct Mailer {
    pub name: Arc<str>,
    pub address: Endpoint,
}

/// `email-alert` lines of a proxy, complete.
#[derive(Clone, Debug)]
pub struct MailAlerts {
    /// Index of the `mailers` section.
    pub mailers: u32,
    pub from: Arc<str>,
    pub to: Arc<str>,
    /// `None`: the machine's own name.
    pub myhostname: Option<Arc<str>>,
    /// The least severe syslog level that is mailed.
    pub level: u8,
}
