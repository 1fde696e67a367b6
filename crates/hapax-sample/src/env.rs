//! What an expression may look at: plain data, borrowed for one evaluation.

mod stream;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use hapax_diag::{FileId, Span};
use hapax_proto::http::Head;
use hapax_value::{Endpoint, Millis};

use crate::fault::{Fault, TlsError};
use crate::hello::HelloFacts;
use crate::secrets::Secrets;
use crate::vars::Vars;
pub use stream::{Ends, LOG_SILENT, Overrides, StreamFacts, Timers, UniqueId};

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
    /// OpenSSL's name of the key exchange group; empty: none.
    pub curve: &'static str,
    /// What was found wrong with the client's certificate and let pass.
    pub verify: Verdict,
    /// The certificate we showed, DER, and the name it was loaded by.
    pub own_cert: Option<Arc<[u8]>>,
    pub own_name: Option<Arc<str>>,
    /// The certificates that the peer sent behind its own, DER.
    pub chain: Box<[Box<[u8]>]>,
    /// The authorities that clients' certificates are checked against.
    pub anchors: Option<Arc<crate::fetches::chains::Anchors>>,
    /// Kept where `tune.ssl.capture-buffer-size` says so.
    pub hello: Option<Box<HelloFacts>>,
    /// What broke the handshake.
    pub error: Option<TlsError>,
    /// Kept where `tune.ssl.keylog` or an expression asks for them.
    pub secrets: Option<Box<Secrets>>,
}

/// What the check of a client's certificate came to, by OpenSSL's numbers; 0: nothing is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub code: i32,
    /// Where in the chain: 0 is the client's own certificate.
    pub depth: u32,
}

/// One tracked stick-table entry (`track-sc*`). Whoever keeps it gives it back to the world at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Track {
    pub table: u32,
    /// As the world knows it.
    pub entry: u64,
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
    /// The number of the client's TCP socket, to ask the kernel about it.
    pub socket: Option<i32>,
    pub tracks: Vec<(u8, Track)>,
    /// A PROXY header came first, with these TLVs.
    pub proxy_tlvs: Option<Arc<[u8]>>,
    /// Why the connection came to nothing.
    pub fault: Fault,
    /// Requests so far, this one included.
    pub requests: u32,
    /// How often it strayed from the protocol and was let.
    pub glitches: u32,
}

impl SessionFacts {
    /// No connection: for expressions that see the process alone.
    pub fn nobody() -> Self {
        Self {
            id: 0,
            src: None,
            dst: None,
            real_src: None,
            real_dst: None,
            frontend: ProxyId(0),
            listener: 0,
            listener_id: 0,
            listener_name: Arc::from(""),
            accept_us: 0,
            tls: None,
            socket: None,
            tracks: Vec::new(),
            proxy_tlvs: None,
            fault: Fault::None,
            requests: 0,
            glitches: 0,
        }
    }
}

/// Body or layer-6 bytes at hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body<'a> {
    pub bytes: &'a [u8],
    /// No more will come.
    pub complete: bool,
    /// Length announced, where it was.
    pub announced: Option<u64>,
    /// What the end of a chunked body and its trailers count as, beside the bytes.
    pub beside: u64,
}

/// What `tune.bufsize` is where nothing else is said.
const DEFAULT_BUF_SIZE: usize = 16_384;

/// Live state outside the message: counters, server states, tables, process variables. Offline questions use a still life.
pub trait World {
    fn proxy_name(&self, p: ProxyId) -> &str;
    fn server_name(&self, p: ProxyId, s: ServerId) -> std::borrow::Cow<'_, str>;
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
    /// Bytes that variables of all scopes take, counted where a limit asks for it.
    fn var_memory(&self) -> &AtomicU64 {
        static NOBODY_COUNTS: AtomicU64 = AtomicU64::new(0);
        &NOBODY_COUNTS
    }
    /// A uniformly random number.
    fn random(&self) -> u64;
    /// How long a capture slot of a frontend may be; `None`: there is no such slot.
    fn capture_len(&self, frontend: ProxyId, request: bool, slot: usize) -> Option<usize> {
        let _ = (frontend, request, slot);
        None
    }
    /// A user list, by its index in the plan.
    fn userlist(&self, id: u32) -> Option<&crate::users::Userlist> {
        let _ = id;
        None
    }
    /// The number that statistics and logs know a proxy or server by (`id`).
    fn proxy_number(&self, p: ProxyId) -> i64 {
        i64::from(p.0) + 1
    }
    fn server_number(&self, p: ProxyId, s: ServerId) -> i64 {
        let _ = p;
        i64::from(s.0) + 1
    }
    /// Current connections of the process, of one `bind` line.
    fn act_conn(&self) -> i64 {
        0
    }
    fn listener_conn(&self, p: ProxyId, listener: u32) -> i64 {
        let _ = (p, listener);
        0
    }
    /// Connections that a backend's usable servers may still take; with queues, its slots; -1 where one has no limit.
    fn be_conn_free(&self, p: ProxyId) -> i64 {
        let _ = p;
        -1
    }
    fn connslots(&self, p: ProxyId) -> i64 {
        let _ = p;
        -1
    }
    fn srv_conn_free(&self, p: ProxyId, s: ServerId) -> i64 {
        let _ = (p, s);
        -1
    }
    fn srv_sess_rate(&self, p: ProxyId, s: ServerId) -> i64 {
        let _ = (p, s);
        0
    }
    /// A server's weight as the load balancer sees it, as configured, and as set by the runtime API.
    fn srv_weight(&self, p: ProxyId, s: ServerId, which: Weight) -> i64 {
        let _ = (p, s, which);
        1
    }
    /// A proxy's timeout in milliseconds, or another of its settings; `None`: not set.
    fn setting(&self, p: ProxyId, which: Setting) -> Option<i64> {
        let _ = (p, which);
        None
    }
    /// The name of a frontend's default backend.
    fn default_backend(&self, p: ProxyId) -> Option<&str> {
        let _ = p;
        None
    }
    #[allow(clippy::unnecessary_literal_bound, reason = "others have it from the system")]
    fn hostname(&self) -> &str {
        "localhost"
    }
    fn pid(&self) -> i64 {
        0
    }
    /// Seconds since the process started.
    fn uptime(&self) -> i64 {
        0
    }
    /// Number of the thread that asks, from 0.
    fn thread(&self) -> i64 {
        0
    }
    /// Lines that a frontend has logged so far.
    fn log_count(&self, p: ProxyId) -> i64 {
        let _ = p;
        0
    }
    /// Whether an address belongs to this machine.
    fn is_local(&self, ip: std::net::IpAddr) -> bool {
        ip.is_loopback()
    }
    /// Data of a tracked entry, or of the entry of its key in another table.
    fn tracked(&self, entry: &Track, table: Option<u32>, what: TableRead, now: Now) -> TableAnswer {
        let _ = (entry, table, what, now);
        TableAnswer::NoEntry
    }
    /// Data of the entry of a key.
    fn looked_up(&self, table: u32, key: hapax_value::Value<'_>, what: TableRead, now: Now) -> TableAnswer {
        let _ = (table, key, what, now);
        TableAnswer::NoEntry
    }
    /// The key of a tracked entry.
    fn track_key(&self, entry: &Track) -> Option<hapax_value::Value<'static>> {
        let _ = entry;
        None
    }
    /// Entries in use, and free ones, of a table.
    fn table_used(&self, table: u32) -> i64 {
        let _ = table;
        0
    }
    fn table_free(&self, table: u32) -> i64 {
        let _ = table;
        0
    }
    /// Looks a key up in a stick table, making an entry where there is none, and counts what tracking counts.
    /// `None`: the key is none for the table, or the table is full.
    fn track(&self, table: u32, key: hapax_value::Value<'_>, start: TrackStart, now: Now) -> Option<Track> {
        let _ = (table, key, start, now);
        None
    }
    /// Changes the general-purpose data of a tracked entry; data that its table does not store is passed over.
    fn update(&self, entry: &Track, change: TableChange, now: Now) {
        let _ = (entry, change, now);
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
    /// What the kernel knows of a TCP connection, by the number of its socket; times in microseconds.
    fn tcp_info(&self, _socket: i32, _what: TcpFact) -> Option<i64> {
        None
    }
    /// Whether encrypted tokens of this key management and this content encryption are decrypted.
    fn jwe_allowed(&self, _alg: &str, _enc: &str) -> bool {
        true
    }
    /// The packet that opened a client's connection, where the kernel has kept it. It gives it away once.
    fn saved_syn(&self, _socket: i32) -> Option<Vec<u8>> {
        None
    }
    /// The name behind the number of a variable, without its scope.
    fn var_name(&self, _id: u32) -> Option<String> {
        None
    }
    /// The name of a configuration file, as the command line has it.
    #[allow(clippy::unnecessary_literal_bound, reason = "others have it from the plan")]
    fn file_name(&self, _file: FileId) -> &str {
        "-"
    }
    /// An expression asked an ACL by its name: the first line of it, and whether it matched.
    fn asked_acl(&self, _at: Span, _matched: bool) {}
    /// The size of buffers (`tune.bufsize`): no converter makes more of a value.
    fn buf_size(&self) -> usize {
        DEFAULT_BUF_SIZE
    }
    /// Takes a line of the `debug` converter for a sink (`buf0`, `stderr`, ...).
    fn debug(&self, _sink: &str, _line: &[u8]) {}
}

/// What the kernel counts and measures of a TCP connection (`TCP_INFO`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpFact {
    Rtt,
    RttVar,
    Unacked,
    Sacked,
    Lost,
    Retrans,
    Fackets,
    Reordering,
}

/// Which of a server's weights is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// What the load balancer uses now.
    Effective,
    Initial,
    User,
}

/// Settings of a proxy that expressions may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    TimeoutClient,
    TimeoutServer,
    TimeoutConnect,
    TimeoutQueue,
    TimeoutTarpit,
    TimeoutTunnel,
    Retries,
}

/// What a stick table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableAnswer {
    Value(i64),
    /// The table has no entry of the key.
    NoEntry,
    /// The key is none for the table, or the table does not keep such data.
    Nothing,
}

impl TableAnswer {
    /// The number; what no entry tells is 0.
    pub fn number(self) -> Option<i64> {
        match self {
            Self::Value(n) => Some(n),
            Self::NoEntry => Some(0),
            Self::Nothing => None,
        }
    }
}

/// What an entry has missed when it begins to be tracked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackStart {
    /// A request was received.
    pub request: bool,
    /// Status of the response that was received; 0: none yet.
    pub status: u16,
}

/// What is asked of a stick-table entry. Reads named after a change make it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableRead {
    BytesInRate,
    BytesOutRate,
    KbytesIn,
    KbytesOut,
    ConnCnt,
    ConnCur,
    ConnRate,
    GlitchCnt,
    GlitchRate,
    HttpErrCnt,
    HttpErrRate,
    HttpFailCnt,
    HttpFailRate,
    HttpReqCnt,
    HttpReqRate,
    SessCnt,
    SessRate,
    /// `gpc0` and `gpc1`, or the first two of the array.
    Gpc01(u8),
    Gpc01Rate(u8),
    ClearGpc01(u8),
    IncGpc01(u8),
    /// `gpt0`, or the first of the array.
    Gpt0,
    /// Elements of the arrays.
    Gpc(u8),
    GpcRate(u8),
    Gpt(u8),
    /// The old value; 0 afterwards.
    ClearGpc(u8),
    /// The new value.
    IncGpc(u8),
    /// Counts a connection, then tells their number.
    UpdateConnCnt,
    Trackers,
    /// Milliseconds until the entry goes, and since it was last used.
    Expire,
    Idle,
    ServerId,
    /// 1 where there is an entry.
    Exists,
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

    /// Whose backend settings hold: the backend's, or before one is chosen the frontend's own.
    pub fn backend(&self) -> Option<ProxyId> {
        self.stream.backend.or(self.stream.begun.then_some(self.sess.frontend))
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
