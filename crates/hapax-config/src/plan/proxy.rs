//! A frontend, a backend or both (manual, 4).

use std::net::SocketAddr;
use std::sync::Arc;

use bitflags::bitflags;
use hapax_balance::{HashType, Spill};
use hapax_diag::Span;
use hapax_rules::Rule;
use hapax_rules::errors::Pages;
use hapax_rules::filters::FilterSpec;
use hapax_rules::filters::compression::Settings;
use hapax_sample::acl::Condition;
use hapax_sample::acl::gate::Gated;
use hapax_sample::expr::Expr;
use hapax_sample::logformat::LogFormat;
use hapax_sample::{ProxyId, Setting};
use hapax_value::{Endpoint, Millis};

use super::{Balance, Bind, CopyOnWrite, LogFormats, LogTarget, MailAlerts, Script, Server, StickRule};
use super::{Cookie, Forwarded, HeaderNames};
use crate::server::ServerDraft;

bitflags! {
    /// What a proxy may do: `listen` is both.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct ProxyCaps: u8 {
        const FRONTEND = 1;
        const BACKEND  = 2;
    }

    /// `option X` words that are on or off. A word whose work is a value has a field of its own.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Options: u64 {
        const DONTLOGNULL        = 1 << 0;
        const LOGASAP            = 1 << 1;
        const REDISPATCH         = 1 << 2;
        const ABORTONCLOSE       = 1 << 3;
        const CHECKCACHE         = 1 << 4;
        const HTTP_BUFFER_REQUEST= 1 << 5;
        const HTTP_IGNORE_PROBES = 1 << 6;
        const HTTP_NO_DELAY      = 1 << 7;
        const HTTP_PRETEND_KA    = 1 << 8;
        const HTTP_USE_PROXY_HDR = 1 << 9;
        const LOG_SEPARATE_ERRORS= 1 << 10;
        const LOG_HEALTH_CHECKS  = 1 << 11;
        const NOLINGER           = 1 << 12;
        const PERSIST            = 1 << 13;
        const PREFER_LAST_SERVER = 1 << 14;
        const SOCKET_STATS       = 1 << 15;
        const SPLICE_AUTO        = 1 << 16;
        const SPLICE_REQUEST     = 1 << 17;
        const SPLICE_RESPONSE    = 1 << 18;
        const TCPKA              = 1 << 19;
        const CLITCPKA           = 1 << 20;
        const SRVTCPKA           = 1 << 21;
        const TCP_SMART_ACCEPT   = 1 << 22;
        const TCP_SMART_CONNECT  = 1 << 23;
        const TRANSPARENT        = 1 << 24;
        const ALLBACKUPS         = 1 << 25;
        const ACCEPT_INVALID_REQ = 1 << 26;
        const ACCEPT_INVALID_RES = 1 << 27;
        const DONTLOG_NORMAL     = 1 << 28;
        const CONTSTATS          = 1 << 29;
        const H1_CASE_BOGUS_CLI  = 1 << 30;
        const H1_CASE_BOGUS_SRV  = 1 << 31;
        const IDLE_CLOSE_RESPONSE= 1 << 32;
        const DISABLE_H2_UPGRADE = 1 << 33;
        const INDEPENDENT_STREAMS= 1 << 34;
        const HTTP_DROP_REQ_TRAILERS = 1 << 35;
        const HTTP_DROP_RES_TRAILERS = 1 << 36;
        /// `no option tcp-smart-accept`.
        const NO_SMART_ACCEPT    = 1 << 37;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Tcp,
    Http,
    Health,
    Log,
    Spop,
    Haterm,
}

/// Connection handling of HTTP (manual, `option http-keep-alive` and its rivals).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HttpMode {
    #[default]
    KeepAlive,
    ServerClose,
    Close,
}

/// `http-reuse`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Persist {
    Never,
    #[default]
    Safe,
    Aggressive,
    Always,
}

/// Timeouts in milliseconds; `None`: unset, which is for ever.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeouts {
    pub client: Option<Millis>,
    pub server: Option<Millis>,
    pub connect: Option<Millis>,
    pub check: Option<Millis>,
    pub queue: Option<Millis>,
    pub http_request: Option<Millis>,
    pub http_keep_alive: Option<Millis>,
    pub tunnel: Option<Millis>,
    pub client_fin: Option<Millis>,
    pub server_fin: Option<Millis>,
    pub client_hs: Option<Millis>,
    pub tarpit: Option<Millis>,
}

super::usual!(LogFormats);

#[derive(Clone, Debug, Default)]
pub struct Proxy {
    pub name: Arc<str>,
    pub span: Span,
    /// Rules or expressions name it.
    pub referenced: bool,
    /// `id`: given or counted from 1... as `show stat` tells (`iid`).
    pub iid: u32,
    /// An `id` line gives it.
    pub id_given: bool,
    pub caps: ProxyCaps,
    pub mode: Mode,
    pub disabled: bool,
    /// `be-unpublished`: rules do not switch to it until the runtime API says so.
    pub unpublished: bool,
    pub description: Option<String>,
    /// Of the frontend: `maxconn` (0: unset).
    pub maxconn: u32,
    pub backlog: Option<u32>,
    pub fullconn: u32,
    pub binds: Vec<Bind>,
    pub servers: Vec<Server>,
    /// What servers that come while running may start from: the state of the `default-server` lines without a name, and of those
    /// with each.
    pub default_server: Option<Arc<ServerDraft>>,
    pub named_servers: Vec<(Arc<str>, Arc<ServerDraft>)>,
    /// How its servers are checked.
    pub check_script: Arc<Script>,
    pub default_backend: Option<ProxyId>,
    /// The ACLs that have a name, each with its first line, those of its defaults section first.
    pub acls: Vec<(Arc<str>, Span)>,
    pub switching: Vec<SwitchRule>,
    /// `force-be-switch`: where one holds, backends that are disabled or not published may be chosen.
    pub force_switch: Vec<Arc<Condition>>,
    pub use_server: Vec<UseServer>,
    pub tcp_conn_rules: Vec<Rule>,
    pub tcp_sess_rules: Vec<Rule>,
    pub tcp_req_rules: Vec<Rule>,
    pub tcp_req_inspect_delay: Millis,
    pub tcp_res_rules: Vec<Rule>,
    pub tcp_res_inspect_delay: Millis,
    pub http_req_rules: Vec<Rule>,
    /// `redirect` lines: run after `http_req_rules`, whatever those came to short of an answer.
    pub redirects: Vec<Rule>,
    pub http_res_rules: Vec<Rule>,
    pub http_after_rules: Vec<Rule>,
    /// `filter`, in the order of the lines.
    pub filters: Vec<Arc<dyn FilterSpec>>,
    /// The number of the first of them among all filters of the configuration, which is what rules know them by.
    pub first_filter: u32,
    /// `filter-sequence`: which filters see requests, and responses, and in which order; `None`: all, as they stand.
    pub filter_order: [Option<Box<[u16]>>; 2],
    /// `compression`
    pub compression: Option<Arc<Settings>>,
    pub timeouts: Timeouts,
    pub options: Options,
    pub http_mode: HttpMode,
    pub reuse: Persist,
    /// `max-session-srv-conns`: idle connections to servers that a client has to itself.
    pub max_held: usize,
    /// `max-keep-alive-queue`; `None`: however long the queue is, the request waits in it for the server that answered last.
    pub keep_alive_queue: Option<u32>,
    pub retries: u32,
    /// `option redispatch N`: every Nth retry, -1: the last one (default); 0: off.
    pub redispatch: i32,
    pub balance: Balance,
    /// `dispatch`, `option transparent`: stands in for servers where a stream is bound to none. It has an address and nothing else; the
    /// unspecified one is the client's destination.
    pub direct: Option<Box<Server>>,
    pub hash_type: HashType,
    /// `hash-balance-factor` and `hash-preserve-affinity`
    pub spill: Spill,
    pub guid: Option<Arc<str>>,
    pub cookie: Option<Box<Cookie>>,
    /// `dynamic-cookie-key`
    pub dynamic_cookie_key: Option<Arc<[u8]>>,
    pub forwardfor: Option<super::ForwardFor>,
    /// `option originalto`
    pub originalto: Option<super::ForwardFor>,
    /// `option forwarded`
    pub forwarded: Option<Arc<Forwarded>>,
    /// `option http-restrict-req-hdr-names`
    pub header_names: HeaderNames,
    /// `retry-on`
    pub retry_on: RetryOn,
    pub log: Vec<LogTarget>,
    pub log_kind: LogKind,
    /// `log-steps`, a bit for each [`LogStep`](super::LogStep); 0: one line, at the end.
    pub log_steps: u8,
    pub formats: CopyOnWrite<LogFormats>,
    pub log_tag: Option<Arc<str>>,
    /// Header that carries `unique-id-format`.
    pub unique_id_header: Option<Arc<[u8]>>,
    /// `capture request header`: name and longest length, by slot.
    pub req_captures: Vec<(Arc<[u8]>, usize)>,
    pub res_captures: Vec<(Arc<[u8]>, usize)>,
    pub cookie_capture: Option<(Arc<[u8]>, usize)>,
    /// What is sent for an error status: `errorfile`, `errorloc*`, `http-error`, `errorfiles`.
    pub errors: Arc<Pages>,
    pub stick_rules: Vec<StickRule>,
    /// `force-persist` (true) and `ignore-persist`, in their order: the first that holds counts.
    /// `persist rdp-cookie`: the token that names a server.
    pub persist_rdp: Option<Arc<Expr>>,
    pub persist_rules: Vec<(bool, Arc<Condition>)>,
    pub stats: Option<Box<StatsUri>>,
    /// `http-send-name-header`
    pub send_name_header: Option<Arc<[u8]>>,
    /// `source`: where connections to servers start from, unless the server says otherwise.
    pub source: Option<Endpoint>,
    pub source_interface: Option<String>,
    pub use_source: Option<UseSource>,
    /// `clitcpka-*` and `srvtcpka-*`
    pub client_keepalive: TcpKeepAlive,
    pub server_keepalive: TcpKeepAlive,
    /// `rate-limit sessions`; 0: no limit.
    pub rate_limit: u32,
    /// `email-alert`
    pub mail_alerts: Option<Box<MailAlerts>>,
    pub monitor_uri: Option<Arc<[u8]>>,
    pub monitor_fail: Vec<Arc<Condition>>,
}

/// How TCP keep-alive probes are sent; `None`: as the system does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct TcpKeepAlive {
    pub count: Option<u32>,
    /// Seconds.
    pub idle: Option<u32>,
    pub interval: Option<u32>,
}

/// `usesrc`: whose address connections to servers come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseSource {
    /// The client's, with its port or with any.
    Client,
    ClientIp,
    Address(SocketAddr),
    /// The address in a request header, by occurrence (negative: from the end).
    Header(Arc<[u8]>, i32),
}

/// `use_backend NAME if ...`
#[derive(Clone, Debug)]
pub struct SwitchRule {
    pub target: SwitchTarget,
    pub cond: Option<Arc<Condition>>,
    /// As that of a rule.
    pub gate: Option<Gated>,
    pub span: Span,
}

/// `use-server`
#[derive(Clone, Debug)]
pub struct UseServer {
    pub target: ServerTarget,
    pub cond: Option<Arc<Condition>>,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ServerTarget {
    /// Index of the server.
    Fixed(usize),
    /// A log-format string that gives a server's name.
    Dynamic(LogFormat),
}

#[derive(Clone, Debug)]
pub enum SwitchTarget {
    Fixed(ProxyId),
    /// A log-format string that gives a backend's name.
    Dynamic(LogFormat),
}

impl Proxy {
    /// `source`: where connections to a server start from, by its own line or the proxy's.
    #[must_use]
    pub fn source_to(&self, server: &Server) -> Option<SocketAddr> {
        [&server.source, &self.source].into_iter().flatten().find_map(|e| match e {
            Endpoint::Ip(a) => Some(*a),
            _ => None,
        })
    }

    /// Its rule sets by their names, in the order in which a stream comes to them.
    pub fn rule_sets(&self) -> [(&'static str, &[Rule]); 8] {
        [
            ("tcp-request connection", &self.tcp_conn_rules),
            ("tcp-request session", &self.tcp_sess_rules),
            ("tcp-request content", &self.tcp_req_rules),
            ("http-request", &self.http_req_rules),
            ("redirect", &self.redirects),
            ("tcp-response content", &self.tcp_res_rules),
            ("http-response", &self.http_res_rules),
            ("http-after-response", &self.http_after_rules),
        ]
    }

    /// A setting as expressions ask for it (`be_server_timeout`, ...); `None`: there is none, or it is not this side's.
    pub fn setting(&self, which: Setting) -> Option<i64> {
        let t = &self.timeouts;
        let sides = [
            Setting::TimeoutServer,
            Setting::TimeoutConnect,
            Setting::TimeoutQueue,
            Setting::TimeoutTunnel,
        ];
        if !self.caps.contains(ProxyCaps::BACKEND) {
            if which == Setting::Retries {
                return Some(3);
            }
            if sides.contains(&which) {
                return None;
            }
        }
        let ms = match which {
            Setting::TimeoutClient => t.client,
            Setting::TimeoutServer => t.server,
            Setting::TimeoutConnect => t.connect,
            Setting::TimeoutQueue => t.queue.or(t.connect),
            Setting::TimeoutTarpit => t.tarpit.or(t.connect),
            Setting::TimeoutTunnel => t.tunnel,
            Setting::Retries => Some(u64::from(self.retries)),
        };
        ms.map(|ms| ms as i64)
    }

    /// The cookie of a server at `address`, where those of the backend are made of addresses (`cookie ... dynamic`).
    pub fn cookie_of(&self, address: Option<&Endpoint>) -> Option<Arc<[u8]>> {
        let key = self.dynamic_cookie_key.as_deref()?;
        let Some(Endpoint::Ip(address)) = address else { return None };
        let asked = self.cookie.as_ref().is_some_and(|c| c.dynamic);
        asked.then(|| hapax_balance::dynamic_cookie(key, *address).into_bytes().into())
    }
}

bitflags! {
    /// Failures after which a request is sent again.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct RetryOn: u32 {
        const CONN_FAILURE     = 1 << 0;
        const EMPTY_RESPONSE   = 1 << 1;
        const JUNK_RESPONSE    = 1 << 2;
        const RESPONSE_TIMEOUT = 1 << 3;
        const EARLY_REJECTED   = 1 << 4;
        const S401 = 1 << 5;
        const S403 = 1 << 6;
        const S404 = 1 << 7;
        const S408 = 1 << 8;
        const S421 = 1 << 9;
        const S425 = 1 << 10;
        const S429 = 1 << 11;
        const S500 = 1 << 12;
        const S501 = 1 << 13;
        const S502 = 1 << 14;
        const S503 = 1 << 15;
        const S504 = 1 << 16;
    }
}

impl Default for RetryOn {
    fn default() -> Self {
        Self::CONN_FAILURE
    }
}

impl RetryOn {
    /// Those for which the request must be kept until the response is there.
    pub fn after_sending(self) -> bool {
        !Self::CONN_FAILURE.contains(self)
    }

    /// The bit of a status; empty: no retry is made for it.
    pub fn status(code: u16) -> Self {
        match code {
            401 => Self::S401,
            403 => Self::S403,
            404 => Self::S404,
            408 => Self::S408,
            421 => Self::S421,
            425 => Self::S425,
            429 => Self::S429,
            500 => Self::S500,
            501 => Self::S501,
            502 => Self::S502,
            503 => Self::S503,
            504 => Self::S504,
            _ => Self::empty(),
        }
    }

    /// `retry-on all-retryable-errors`
    pub fn all_retryable() -> Self {
        Self::CONN_FAILURE
            | Self::EMPTY_RESPONSE
            | Self::JUNK_RESPONSE
            | Self::RESPONSE_TIMEOUT
            | Self::EARLY_REJECTED
            | Self::S500
            | Self::S502
            | Self::S503
            | Self::S504
    }
}

/// The format of the traffic log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogKind {
    #[default]
    Default,
    Tcp,
    TcpClf,
    Http,
    HttpClf,
    Https,
    Custom,
}

/// `stats enable` and its neighbours.
#[derive(Clone, Debug, Default)]
pub struct StatsUri {
    pub uri: Arc<[u8]>,
    pub refresh: Option<u32>,
    /// `user:password`
    pub auth: Vec<String>,
    pub realm: Option<String>,
    pub hide_version: bool,
    pub show_legends: bool,
    pub show_desc: Option<String>,
    pub show_node: Option<String>,
    pub show_modules: bool,
    pub scope: Vec<String>,
    pub admin: Vec<StatsAdmin>,
    pub http_request: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub struct StatsAdmin {
    pub cond: Arc<Condition>,
}
