//! What an expression may look at: plain data, borrowed for one evaluation.

use std::sync::Arc;

use hapax_proto::http::Head;
use hapax_value::{Endpoint, Millis};

use crate::vars::Vars;

/// Index of a proxy (frontend, backend or listen) in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProxyId(pub u32);

/// Index of a server within its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId(pub u32);

/// The two clocks, as the caller read them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Now {
    /// Wall clock, microseconds since the epoch.
    pub wall_us: u64,
    /// Monotonic clock, milliseconds since some start.
    pub mono_ms: Millis,
}

/// What a TLS handshake told (manual, 7.3.4).
#[derive(Clone, Debug, Default)]
pub struct TlsFacts {
    pub sni: Option<Box<str>>,
    pub alpn: Option<Box<[u8]>>,
    /// `TLSv1.2`, `TLSv1.3`.
    pub version: &'static str,
    /// OpenSSL's name of the cipher suite.
    pub cipher: &'static str,
    /// Symmetric key bits.
    pub key_bits: u32,
    pub resumed: bool,
    /// Early data came before the handshake was over.
    pub handshaking: bool,
    /// Client certificate, DER.
    pub client_cert: Option<Box<[u8]>>,
    /// The certificate we showed, DER.
    pub own_cert: Option<Arc<[u8]>>,
}

/// One tracked stick-table entry (`track-sc*`).
#[derive(Clone, Debug)]
pub struct Track {
    pub table: u32,
    pub key: Box<[u8]>,
}

/// What is known of a client connection.
#[derive(Clone, Debug)]
pub struct SessionFacts {
    /// Unique within the process.
    pub id: u64,
    /// As rules and PROXY headers have set them; `real_*` is what the socket said.
    pub src: Option<Endpoint>,
    pub dst: Option<Endpoint>,
    pub real_src: Option<Endpoint>,
    pub real_dst: Option<Endpoint>,
    pub frontend: ProxyId,
    /// Index of the `bind` line in its proxy, its `id`, and its `name` (empty: none).
    pub listener: u32,
    pub listener_id: u32,
    pub listener_name: Arc<str>,
    pub accept_us: u64,
    /// Boxed: plain connections pay a pointer.
    pub tls: Option<Box<TlsFacts>>,
    pub tracks: Vec<(u8, Track)>,
}

/// What is known of one stream (an HTTP transaction, or a TCP session).
#[derive(Clone, Debug, Default)]
pub struct StreamFacts {
    pub id: u64,
    /// Wall clock when the stream began (first byte of the request, or accept), microseconds since the epoch.
    pub start_us: u64,
    /// As `set-src` and `set-dst` of content and HTTP rules made them for this stream alone; see [`Env::src`].
    pub src: Option<Endpoint>,
    pub dst: Option<Endpoint>,
    /// Stick-table entries tracked by content and HTTP rules, beside those of the connection; see [`Env::track`].
    pub tracks: Vec<(u8, Track)>,
    pub backend: Option<ProxyId>,
    pub server: Option<ServerId>,
    pub retries: u32,
    pub redispatched: bool,
    /// `capture request|response` slots; `None`: nothing captured.
    pub req_captures: Vec<Option<Box<[u8]>>>,
    pub res_captures: Vec<Option<Box<[u8]>>>,
    pub cookie_capture_req: Option<Box<[u8]>>,
    pub cookie_capture_res: Option<Box<[u8]>>,
    pub unique_id: Option<Box<[u8]>>,
    /// The request line as received, for logs.
    pub request_line: Vec<u8>,
    /// Status sent to the client; 0 before.
    pub status: u16,
    /// Who answered or failed and when, HAProxy's two letters, and the two cookie letters.
    pub termination: [u8; 2],
    pub cookie_flags: [u8; 2],
    /// Milliseconds, -1 where the step was not reached: handshake, idle, request, queue, connect, response, data, total.
    pub timers: Timers,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// The request as logged by `%r` and the fetches that outlive it, kept when something asks for it.
    /// Set by `set-log-level`: 0 (`emerg`) to 7 (`debug`), or [`LOG_SILENT`].
    pub log_level: Option<u8>,
    pub priority_class: i32,
    pub priority_offset: i32,
}

/// The level of `set-log-level silent`: the stream is not logged.
pub const LOG_SILENT: u8 = 8;

/// HAProxy's timers in milliseconds (manual, 8.4).
#[derive(Clone, Copy, Debug, Default)]
pub struct Timers {
    pub handshake: i64,
    pub idle: i64,
    pub request: i64,
    pub queue: i64,
    pub connect: i64,
    pub response: i64,
    pub data: i64,
    pub total: i64,
    pub active: i64,
}

/// Body or layer-6 bytes at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body<'a> {
    pub bytes: &'a [u8],
    /// No more will come.
    pub complete: bool,
    /// Length announced, where it was.
    pub announced: Option<u64>,
}

/// Live state outside the message: counters, server states, tables, process variables. Offline questions use a still life.
pub trait World {
    fn proxy_name(&self, p: ProxyId) -> &str;
    fn server_name(&self, p: ProxyId, s: ServerId) -> &str;
    /// Usable servers of a backend.
    fn nbsrv(&self, p: ProxyId) -> i64;
    fn server_is_up(&self, p: ProxyId, s: ServerId) -> bool;
    /// Current sessions of a proxy as a frontend, as a backend, of a server.
    fn fe_conn(&self, p: ProxyId) -> i64;
    fn be_conn(&self, p: ProxyId) -> i64;
    fn srv_conn(&self, p: ProxyId, s: ServerId) -> i64;
    fn queue(&self, p: ProxyId) -> i64;
    fn fe_sess_rate(&self, p: ProxyId) -> i64;
    fn fe_req_rate(&self, p: ProxyId) -> i64;
    fn be_sess_rate(&self, p: ProxyId) -> i64;
    /// Process-wide variables.
    fn proc_vars(&self) -> &std::sync::RwLock<crate::vars::Scope>;
    /// A uniformly random number.
    fn random(&self) -> u64;
    /// A user list, by its index in the plan.
    fn userlist(&self, id: u32) -> Option<&crate::users::Userlist> {
        let _ = id;
        None
    }
    /// Looks a key up in a stick table, making an entry where there is none, and counts what tracking counts.
    /// `None`: there is no such table, or the key is none for it.
    fn track(&self, table: u32, key: hapax_value::Value<'_>) -> Option<Track> {
        let _ = (table, key);
        None
    }
    /// Changes the general-purpose data of a tracked entry; data that its table does not store is passed over.
    fn update(&self, entry: &Track, change: TableChange) {
        let _ = (entry, change);
    }
    /// The proxy of that name that listens.
    fn frontend_named(&self, _name: &[u8]) -> Option<ProxyId> {
        None
    }
    /// The proxy of that name that has servers.
    fn backend_named(&self, _name: &[u8]) -> Option<ProxyId> {
        None
    }
    fn server_named(&self, _backend: ProxyId, _name: &[u8]) -> Option<ServerId> {
        None
    }
    /// Requests that wait for this server alone.
    fn srv_queue(&self, _p: ProxyId, _s: ServerId) -> i64 {
        0
    }
    /// The local time zone at an instant, in seconds since the epoch.
    fn zone_at(&self, _time: i64) -> Zone {
        Zone::default()
    }
    /// The process finishes what it has and takes no more.
    fn is_stopping(&self) -> bool {
        false
    }
    /// Takes a line of the `debug` converter for a sink (`buf0`, `stderr`, ...).
    fn debug(&self, _sink: &str, _line: &[u8]) {}
}

/// What `sc-*` rules do to a stick-table entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableChange {
    /// `gpc0` or `gpc1` plus one, and its rate.
    IncGpc01(u8),
    /// `gpc(idx)` plus so many, and its rate.
    AddGpc(u8, u32),
    /// `gpt0` to this.
    SetGpt0(u32),
    /// `gpt(idx)` to this.
    SetGpt(u8, u32),
}

/// How far local time is from UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Seconds east of Greenwich.
    pub offset: i32,
    pub abbreviation: std::borrow::Cow<'static, str>,
}

impl Default for Zone {
    fn default() -> Self {
        Self {
            offset: 0,
            abbreviation: "UTC".into(),
        }
    }
}

/// Everything one evaluation may look at.
pub struct Env<'a> {
    pub now: Now,
    pub sess: &'a SessionFacts,
    pub stream: &'a StreamFacts,
    pub req: Option<&'a Head>,
    pub res: Option<&'a Head>,
    pub req_body: Body<'a>,
    pub res_body: Body<'a>,
    /// Undecoded bytes of the direction a `tcp-*` content rule looks at.
    pub payload: Option<Body<'a>>,
    /// Nothing more will come or be waited for: conditions take [`Absent::NotYet`](crate::Absent) as "no" instead of waiting.
    /// Always so in HTTP rule sets and logs.
    pub no_more: bool,
    pub vars: &'a Vars,
    pub world: &'a dyn World,
}

impl Env<'_> {
    /// The client's address as rules and PROXY headers have left it for this stream (`src`).
    pub fn src(&self) -> Option<&Endpoint> {
        self.stream.src.as_ref().or(self.sess.src.as_ref())
    }

    /// What the sticky counter of that number tracks: the stream's entry, else the connection's.
    pub fn track(&self, sc: u8) -> Option<&Track> {
        let of = |tracks: &'_ [(u8, Track)]| tracks.iter().position(|(n, _)| *n == sc);
        match of(&self.stream.tracks) {
            Some(i) => Some(&self.stream.tracks[i].1),
            None => of(&self.sess.tracks).map(|i| &self.sess.tracks[i].1),
        }
    }

    /// The address the client reached, likewise (`dst`).
    pub fn dst(&self) -> Option<&Endpoint> {
        self.stream.dst.as_ref().or(self.sess.dst.as_ref())
    }
}
