//! `server` lines (manual, 5.2).

use std::sync::Arc;

use bitflags::bitflags;
use hapax_diag::Span;
use hapax_sample::logformat::LogFormat;
use hapax_value::{Endpoint, Millis};

use super::UseSource;
use super::bind::{Certificate, Verify};

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

#[derive(Clone, Debug, Default)]
pub struct Server {
    pub name: Arc<str>,
    pub span: Span,
    pub id: u32,
    /// `None`: the name was not resolved at load (`init-addr none`).
    pub address: Option<Endpoint>,
    /// The name as written, where it was one.
    pub hostname: Option<String>,
    /// The port is the client's plus this (`host:+N`, or no port at all).
    pub port_offset: Option<i32>,
    pub weight: u32,
    pub backup: bool,
    pub disabled: bool,
    pub maxconn: u32,
    pub minconn: u32,
    pub maxqueue: u32,
    pub cookie: Option<Arc<[u8]>>,
    /// `stick` rules do not keep it.
    pub non_stick: bool,
    pub check: Option<Check>,
    pub track: Option<(u32, u32)>,
    pub slowstart: Millis,
    /// 0: off, 1 or 2.
    pub send_proxy: u8,
    /// `proxy-v2-options` and its kin, `set-proxy-v2-tlv-fmt`: what else a header of version 2 carries.
    pub proxy_parts: ProxyParts,
    pub proxy_tlvs: Vec<(u8, Option<Arc<LogFormat>>)>,
    pub redir: Option<Arc<[u8]>>,
    /// Options of TLS, where the traffic or the checks speak it.
    pub tls: Option<Box<ServerTls>>,
    /// The traffic speaks TLS (`ssl`); false where only the checks do.
    pub tls_for_traffic: bool,
    /// `proto`: spoken without negotiation.
    pub proto: Option<String>,
    pub pool_max_conn: Option<u32>,
    pub pool_purge_delay: Millis,
    pub max_reuse: Option<u32>,
    pub source: Option<Endpoint>,
    pub interface: Option<String>,
    pub use_source: Option<UseSource>,
    pub tfo: bool,
    /// TCP congestion control.
    pub cc: Option<Arc<str>>,
    pub tcp_ut: Option<Millis>,
    pub on_marked_down_shutdown: bool,
    pub on_marked_up_shutdown_backup: bool,
}

#[derive(Clone, Debug, Default)]
pub struct ServerTls {
    pub verify: Verify,
    /// `verify` was written.
    pub verify_given: bool,
    /// `ca-file` was written, whether or not it could be read.
    pub ca_given: bool,
    pub ca: Option<Arc<[u8]>>,
    pub verifyhost: Option<String>,
    pub sni: Option<Arc<hapax_sample::expr::Expr>>,
    pub alpn: Vec<Vec<u8>>,
    pub cert: Option<Arc<Certificate>>,
    pub min_version: Option<u16>,
    pub max_version: Option<u16>,
    pub ciphers: Option<String>,
    pub ciphersuites: Option<String>,
}

/// Active checks of a server (manual, `check`).
#[derive(Clone, Debug, Default)]
pub struct Check {
    pub kind: CheckKind,
    pub inter: Millis,
    pub fastinter: Option<Millis>,
    pub downinter: Option<Millis>,
    pub rise: u32,
    pub fall: u32,
    /// `addr` and `port`, where they differ from the server's.
    pub address: Option<Endpoint>,
    pub port: Option<u16>,
    pub send_proxy: bool,
    pub tls: bool,
}

/// Which statuses pass an HTTP check.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ExpectStatus {
    /// From and to, both included; empty: 200 to 399.
    pub ranges: Vec<(u16, u16)>,
    /// These fail, and all others pass.
    pub negated: bool,
}

impl ExpectStatus {
    pub fn passes(&self, code: u16) -> bool {
        if self.ranges.is_empty() {
            return (200..400).contains(&code);
        }
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&code)) != self.negated
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum CheckKind {
    #[default]
    Tcp,
    /// `option httpchk`: method, URI, version, further header lines, and which statuses pass.
    Http {
        method: Vec<u8>,
        uri: Vec<u8>,
        version: Vec<u8>,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        body: Vec<u8>,
        expect: ExpectStatus,
    },
}
