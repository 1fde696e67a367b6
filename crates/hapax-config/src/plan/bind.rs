//! `bind` lines (manual, 5.1), one entry per address and port.

use std::net::SocketAddr;
use std::sync::Arc;

use hapax_diag::Span;
use hapax_value::{Endpoint, Millis};

use super::certs::{CertSource, PemFile};

/// What to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindAddress {
    At(Endpoint),
    /// `fd@N`: inherited.
    Fd(i32),
}

impl Default for BindAddress {
    fn default() -> Self {
        Self::At(Endpoint::Ip(SocketAddr::from(([0, 0, 0, 0], 0))))
    }
}

#[derive(Clone, Debug, Default)]
pub struct Bind {
    pub address: BindAddress,
    pub span: Span,
    /// `id`: given or counted from 1 within the proxy.
    pub id: u32,
    pub name: Option<Arc<str>>,
    /// `guid-prefix`, and with the place of the address on its line the name that a stats-file knows it by.
    pub guid_prefix: Option<Arc<str>>,
    pub guid: Option<Arc<str>>,
    pub maxconn: Option<u32>,
    pub backlog: Option<u32>,
    pub interface: Option<String>,
    /// TCP congestion control.
    pub cc: Option<Arc<str>>,
    /// `tcp-ss`: 0 no, 1 from the IP header on, 2 from the Ethernet header on.
    pub save_syn: u8,
    pub mode: Option<u32>,
    pub user: Option<String>,
    pub group: Option<String>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub mss: Option<i32>,
    pub tcp_ut: Option<Millis>,
    pub tfo: bool,
    pub v6only: bool,
    pub transparent: bool,
    pub defer_accept: bool,
    pub accept_proxy: bool,
    pub accept_netscaler_cip: Option<u32>,
    /// `proto`: spoken without negotiation.
    pub proto: Option<String>,
    pub tls: Option<Box<BindTls>>,
}

/// `ssl` and its options on a `bind` line. Files were read through the `Files` door: contents, not paths.
#[derive(Clone, Debug, Default)]
pub struct BindTls {
    /// Certificates in order; the first is the default one.
    pub certs: Vec<CertSource>,
    pub strict_sni: bool,
    /// `no-strict-sni` was written, whatever the defaults say.
    pub lax_sni: bool,
    pub alpn: Vec<Vec<u8>>,
    /// `alpn` or `no-alpn` was written; without it, `mode http` offers `h2,http/1.1`.
    pub alpn_given: bool,
    /// 0x0303 for TLS 1.2, 0x0304 for 1.3.
    pub min_version: Option<u16>,
    pub max_version: Option<u16>,
    pub ciphers: Option<String>,
    pub ciphersuites: Option<String>,
    pub curves: Option<String>,
    pub ca: Option<PemFile>,
    /// `ca-verify-file`: trusted as those of `ca-file` are, and not told to clients.
    pub ca_verify: Option<PemFile>,
    pub verify: Verify,
    /// `verify` was written.
    pub verify_given: bool,
    pub no_tickets: bool,
    /// `tune.ssl.cachesize`: sessions kept for resumption without tickets.
    pub sessions: Option<usize>,
    /// `tune.ssl.hard-maxrecord`: most bytes in a record.
    pub most_in_record: Option<usize>,
    /// `crl-file`
    pub crl: Option<PemFile>,
    pub no_ca_names: bool,
    pub prefer_client_ciphers: bool,
    /// `crt-ignore-err` and `ca-ignore-err`: what may be wrong with a client's certificate, and with those above it.
    pub crt_ignore: Ignored,
    pub ca_ignore: Ignored,
}

/// Errors of certificates, by OpenSSL's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ignored {
    #[default]
    None,
    All,
    These(Vec<i32>),
}

impl Ignored {
    pub fn has(&self, code: i32) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(codes) => codes.contains(&code),
        }
    }
}

/// `verify none|optional|required`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Verify {
    #[default]
    None,
    Optional,
    Required,
}
