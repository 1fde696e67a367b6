//! `server` lines (manual, 5.2).

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use bitflags::bitflags;
use hapax_balance::{NodeKey, Start};
use hapax_diag::Span;
use hapax_sample::expr::Expr;
use hapax_sample::logformat::LogFormat;
use hapax_value::{Endpoint, Millis};

use super::Saved;
use super::bind::Verify;
use super::certs::{Certificate, PemFile};
use super::check::Check;
use super::copy_on_write::{CopyOnWrite, usual};
use super::{LogProto, Resolve, UseSource};
use crate::server::{CheckDraft, InitAddr};

bitflags! {
    /// Parts of a PROXY header, version 2.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct ProxyParts: u8 {
        const SSL        = 1 << 0;
        const SSL_CN     = 1 << 1;
        const SSL_CIPHER = 1 << 2;
        const SSL_SIG    = 1 << 3;
        const SSL_KEY    = 1 << 4;
        const AUTHORITY  = 1 << 5;
        const CRC32C     = 1 << 6;
        const UNIQUE_ID  = 1 << 7;
    }
}

/// `hash-key`: what places a server on the ring of a consistent hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HashKey {
    #[default]
    Id,
    Id32,
    Guid,
    Addr,
    AddrPort,
}

#[derive(Clone, Debug, Default)]
pub struct Server {
    pub name: Arc<str>,
    pub span: Span,
    /// Rules, other servers or expressions name it.
    pub referenced: bool,
    /// Its row of a state file.
    pub saved: Option<Box<Saved>>,
    pub id: u32,
    /// The line gives it.
    pub id_given: bool,
    pub guid: Option<Arc<str>>,
    /// `None`: the name was not resolved at load (`init-addr none`).
    pub address: Option<Endpoint>,
    /// The name as written, where it was one.
    pub hostname: Option<String>,
    /// What is looked up while the process runs.
    pub resolve: Option<Box<Resolve>>,
    /// The port as written; 0: none.
    pub port: u16,
    /// The port is the client's plus this (`host:+N`, or no port at all).
    pub port_offset: Option<i32>,
    pub weight: u32,
    pub backup: bool,
    pub disabled: bool,
    pub maxconn: u32,
    pub minconn: u32,
    pub maxqueue: u32,
    pub cookie: Option<Arc<[u8]>>,
    /// It is made of the address, and changes with it.
    pub cookie_made: bool,
    pub check: Option<CopyOnWrite<Check>>,
    /// `rise` and `fall`, whether or not the server is checked.
    pub rise: u32,
    pub fall: u32,
    pub track: Option<(u32, u32)>,
    /// Options of TLS, where the traffic or the checks speak it.
    pub tls: Option<Box<ServerTls>>,
    /// What `tls` would be if a step of the check asked for it; only while the configuration is read.
    pub spare_tls: Option<Box<ServerTls>>,
    /// The traffic speaks TLS (`ssl`); false where only the checks do.
    pub tls_for_traffic: bool,
    /// The runtime API may turn it on and off; and `no-ssl` was written.
    pub tls_possible: bool,
    pub tls_refused: bool,
    /// `udp@`: messages go there as datagrams.
    pub datagram: bool,
    /// What most lines do not speak of; read and written as if it were the server's own.
    pub rest: CopyOnWrite<ServerRest>,
}

impl Deref for Server {
    type Target = ServerRest;

    fn deref(&self) -> &ServerRest {
        &self.rest
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut ServerRest {
        &mut self.rest
    }
}

/// The settings that servers share with what they start from, as long as their own lines do not change one of them: there may be
/// very many servers.
#[derive(Clone, Debug)]
pub struct ServerRest {
    pub hash_key: HashKey,
    /// `init-state`
    pub init_state: Start,
    /// The line says so, with something other than `none`.
    pub init_state_given: bool,
    /// `init-addr`, for servers that start from this one.
    pub init_addr: Vec<InitAddr>,
    /// `stick` rules do not keep it.
    pub non_stick: bool,
    /// Options of checks that only count for servers that start from this one.
    pub unused_check: Option<Arc<CheckDraft>>,
    pub agent: Option<Agent>,
    pub observe: Observe,
    /// Errors in a row that are too many, and what they do.
    pub error_limit: u32,
    pub on_error: OnError,
    pub slowstart: Millis,
    /// The versions asked for, each a bit: 1 and 2, of which the second is sent; 0: none.
    pub send_proxy: u8,
    /// `proxy-v2-options` and its kin, `set-proxy-v2-tlv-fmt`: what else a header of version 2 carries.
    pub proxy_parts: ProxyParts,
    pub proxy_tlvs: Vec<(u8, Option<Arc<LogFormat>>)>,
    pub redir: Option<Arc<[u8]>>,
    /// `proto`: spoken without negotiation.
    pub proto: Option<String>,
    pub pool_max_conn: Option<u32>,
    /// `pool-low-conn`: idle connections kept beyond what is needed, and below which workers do not take them from each other.
    pub pool_low_conn: u32,
    /// `pool-conn-name`: what idle connections are told apart by, in place of the name that TLS asks for.
    pub pool_conn_name: Option<Arc<Expr>>,
    pub pool_purge_delay: Millis,
    /// Of a peer: the part of the keys that it gets; 0: all.
    pub shard: u32,
    pub source: Option<Endpoint>,
    /// First and last of the ports that its connections start from in turn.
    pub source_ports: Option<(u16, u16)>,
    /// `socks4`: the proxy that connections go through.
    pub socks4: Option<std::net::SocketAddr>,
    pub interface: Option<String>,
    pub use_source: Option<UseSource>,
    pub tfo: bool,
    pub log_proto: LogProto,
    /// `log-bufsize`
    pub log_bufsize: Option<usize>,
    /// TCP congestion control.
    pub cc: Option<Arc<str>>,
    pub tcp_ut: Option<Millis>,
    pub on_marked_down_shutdown: bool,
    pub on_marked_up_shutdown_backup: bool,
}

impl Default for ServerRest {
    fn default() -> Self {
        Self {
            hash_key: HashKey::Id,
            init_state: Start::Unset,
            init_state_given: false,
            init_addr: Vec::new(),
            non_stick: false,
            unused_check: None,
            agent: None,
            observe: Observe::default(),
            error_limit: 10,
            on_error: OnError::default(),
            slowstart: 0,
            send_proxy: 0,
            proxy_parts: ProxyParts::default(),
            proxy_tlvs: Vec::new(),
            redir: None,
            proto: None,
            pool_max_conn: None,
            pool_low_conn: 0,
            pool_conn_name: None,
            pool_purge_delay: 5000,
            shard: 0,
            source: None,
            source_ports: None,
            socks4: None,
            interface: None,
            use_source: None,
            tfo: false,
            log_proto: LogProto::default(),
            log_bufsize: None,
            cc: None,
            tcp_ut: None,
            on_marked_down_shutdown: false,
            on_marked_up_shutdown_backup: false,
        }
    }
}

usual!(ServerRest);

impl Server {
    /// Where its points on a ring start: as `hash-key` says, or by its id where that is not known.
    pub fn node_key(&self, address: Option<&Endpoint>) -> NodeKey {
        let socket = || match address {
            Some(Endpoint::Ip(at)) => Some(at),
            _ => None,
        };
        let made = match self.hash_key {
            HashKey::Id => None,
            HashKey::Id32 => Some(NodeKey::of_id(self.id)),
            HashKey::Guid => self.guid.as_deref().map(NodeKey::of_name),
            HashKey::Addr => socket().map(|at| NodeKey::of_address(at.ip(), None)),
            HashKey::AddrPort => socket().map(|at| NodeKey::of_address(at.ip(), Some(at.port()))),
        };
        made.unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default)]
pub struct ServerTls {
    pub verify: Verify,
    /// `verify` was written.
    pub verify_given: bool,
    /// `ca-file` was written, whether or not it could be read.
    pub ca_given: bool,
    pub ca: Option<PemFile>,
    pub verifyhost: Option<String>,
    pub sni: Option<Arc<Expr>>,
    /// `no-sni-auto`: without `sni`, no name is asked for.
    pub no_sni_auto: bool,
    pub alpn: Vec<Vec<u8>>,
    pub cert: Option<Arc<Certificate>>,
    pub min_version: Option<u16>,
    pub max_version: Option<u16>,
    pub ciphers: Option<String>,
    pub ciphersuites: Option<String>,
    pub curves: Option<String>,
    /// `crl-file`
    pub crl: Option<PemFile>,
    /// `no-tls-tickets`
    pub no_tickets: bool,
    /// `tune.ssl.hard-maxrecord`: most bytes in a record.
    pub most_in_record: Option<usize>,
    /// `no-ssl-reuse`
    pub no_reuse: bool,
}

impl ServerTls {
    /// No option of TLS was written.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let Self {
            verify,
            verify_given,
            ca_given,
            ca,
            verifyhost,
            sni,
            no_sni_auto: _,
            alpn,
            cert,
            min_version,
            max_version,
            ciphers,
            ciphersuites,
            curves,
            crl,
            no_tickets: _,
            most_in_record: _,
            no_reuse,
        } = self;
        let words = [verifyhost, ciphers, ciphersuites, curves];
        let given = [*verify_given, *ca_given, *no_reuse, *verify != Verify::default()];
        given == [false; 4]
            && words.iter().all(|w| w.is_none())
            && (ca.is_none() && crl.is_none() && sni.is_none() && cert.is_none())
            && (min_version.is_none() && max_version.is_none() && alpn.is_empty())
    }
}

/// `agent-check`: an agent on the server tells its state and weight.
#[derive(Clone, Debug, Default)]
pub struct Agent {
    pub port: u16,
    /// `agent-addr`, where it is not the server's.
    pub address: Option<Endpoint>,
    pub inter: Millis,
    /// `agent-send`
    pub send: Arc<[u8]>,
}

/// `observe`: which errors of the traffic count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Observe {
    #[default]
    Nothing,
    /// Of connections.
    Layer4,
    /// Of responses as well.
    Layer7,
}

/// `on-error`: what too many observed errors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnError {
    FastInter,
    /// Counts as a failed check.
    #[default]
    FailCheck,
    /// One more failed check, and the server is down.
    SuddenDeath,
    MarkDown,
}
