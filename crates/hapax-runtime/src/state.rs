//! What the threads share: per proxy and per server, live states and counters.
//!
//! Counters that only grow are kept per worker and summed on read ([`Count`]); gauges that gate traffic are single atomics.

mod alerts;
mod backend;
mod build;
mod checks;
mod compression;
mod cookies;
mod counters;
mod dynamic;
mod events;
mod lending;
mod lifecycle;
mod limits;
mod mailbox;
mod names;
mod ops;
mod peers;
mod queue;
mod rates;
mod restore;
mod roster;
mod server;
mod shares;
mod touched;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

use hapax_config::Plan;
use hapax_config::plan::{self, Proxy, ProxyCaps};
use hapax_sample::ProxyId;
use hapax_sample::vars::{Scope, VarNames};

pub(crate) use alerts::Alert;
pub use alerts::Alerts;
pub use backend::BackendLive;
pub use compression::Compression;
pub use cookies::DynamicCookies;
pub(crate) use counters::count_front;
pub use counters::{BackendCounters, Count, FrontendCounters, ListenerCounters, ServerCounters};
pub use dynamic::{Kept, Newcomers, News};
pub use events::{EventSink, Events, Grade, ProcessDoor, Terminal};
pub(crate) use hapax_config::tables::Event;
pub use hapax_config::tables::{LiveTable, Tables};
pub(crate) use lending::{Parcel, Wish};
pub use limits::Limits;
pub use mailbox::{FrontendOrder, Mailboxes, SessionRow, WorkerCommand};
pub use names::{Asked, NameServerCounters, Naming, ResolversState, Updater};
pub use ops::Wanted;
pub use peers::{PeerState, PeerView, PeersState};
pub use queue::{Ticket, WaitQueue};
pub use rates::{Average, RateMeter, Times};
pub use roster::Roster;
pub use server::{Admin, AgentState, CheckView, Conf, Oper, Origin, ServerState};

/// The running process, as every worker and the runtime API see it.
#[derive(Debug)]
pub struct Shared {
    pub plan: Arc<Plan>,
    pub workers: usize,
    pub proxies: Roster<ProxyState>,
    /// Backends by name, for `use_backend` with a format.
    backends: HashMap<Box<[u8]>, ProxyId>,
    /// Wall clock at start, microseconds since the epoch.
    pub started_us: u64,
    /// `set maxconn global` changes it, up to `hard_maxconn`.
    pub maxconn: AtomicU32,
    pub hard_maxconn: u32,
    /// Rates that the process may not pass.
    pub limits: Limits,
    /// Client connections now; against `maxconn`.
    pub conns: AtomicU32,
    pub conns_max: AtomicU32,
    pub conns_total: AtomicU64,
    pub requests_total: AtomicU64,
    pub ssl_conns: AtomicU32,
    pub ssl_total: AtomicU64,
    /// `-dV`: certificates of servers are not checked.
    pub no_server_verify: AtomicBool,
    /// SIGUSR1 was received: no new connections, no keep-alive.
    pub stopping: AtomicBool,
    /// SIGUSR1 was received, and `grace` is not over.
    pub leaving: AtomicBool,
    /// The number of the next stream.
    pub next_id: AtomicU64,
    /// The number of the next connection, which is no stream's.
    pub next_session: AtomicU64,
    /// Variables of the whole process (`proc.x`).
    pub proc_vars: RwLock<Scope>,
    /// Bytes that variables take, counted where `tune.vars.global-max-size` or `proc-max-size` limits them.
    pub var_memory: AtomicU64,
    /// Names of variables, those that the runtime API has added after the configuration's.
    pub var_names: Mutex<Option<VarNames>>,
    pub tables: Tables,
    pub(crate) sharers: shares::Sharers,
    /// Live sides of the `resolvers` sections.
    pub resolvers: Vec<ResolversState>,
    /// Servers that the control thread is to look after.
    pub newcomers: Newcomers,
    pub peers: Vec<PeersState>,
    /// Where the clock of peers starts.
    pub peers_start: Instant,
    /// Letters to the workers.
    pub mail: Mailboxes,
    /// Where state changes are told.
    pub events: Events,
    /// Where those are told that are mailed.
    pub alerts: Alerts,
    /// Client connections and sessions of the whole process per second, and of TLS.
    pub conn_rate: RateMeter,
    pub sess_rate: RateMeter,
    pub ssl_rate: RateMeter,
    /// Full TLS handshakes with clients and with servers.
    pub ssl_keys: RateMeter,
    pub ssl_server_keys: RateMeter,
    pub compression: Compression,
    pub certs: crate::certs::Certs,
    pub logs: crate::log::Outlets,
    /// The facts of `show info` that only the process knows.
    pub process: ProcessDoor,
}

/// What a `bind` line counts for itself.
#[derive(Debug)]
pub struct ListenerState {
    pub counters: ListenerCounters,
    /// The most connections at once.
    pub max: AtomicU32,
}

/// Live side of a proxy.
#[derive(Debug)]
pub struct ProxyState {
    pub id: ProxyId,
    /// The settings of a backend that came while running.
    own: Option<Arc<Proxy>>,
    pub fe: FrontendCounters,
    pub be: BackendCounters,
    /// Client connections of the frontend now, and the most there were.
    pub fe_cur: AtomicU32,
    pub fe_max: AtomicU32,
    /// Client connections of each `bind` line now.
    pub listeners: Box<[AtomicU32]>,
    /// What each counts for itself (`option socket-stats`).
    pub binds: Box<[Option<Box<ListenerState>>]>,
    /// HTTP streams that began, and that ended: never cleared, so that the difference is how many there are.
    pub http_begun: Count,
    pub http_ended: Count,
    /// Streams of the backend now, and the most there were.
    pub be_cur: AtomicU32,
    pub be_max: AtomicU32,
    /// Streams waiting in the backend's queue, and the most there were.
    /// Who waits for any server; those who insist on one stand in its queue.
    pub queue_cur: AtomicU32,
    pub queue_max: AtomicU32,
    /// `set maxconn frontend`; starts as configured (0: unset).
    pub maxconn: AtomicU32,
    /// `disable frontend` and soft stop.
    pub paused: AtomicBool,
    pub stopped: AtomicBool,
    /// `unpublish backend` clears it: rules do not switch to it.
    pub published: AtomicBool,
    /// Rates of the frontend: connections, sessions, HTTP requests; of the backend: sessions.
    pub conn_rate: RateMeter,
    pub sess_rate: RateMeter,
    pub req_rate: RateMeter,
    pub be_sess_rate: RateMeter,
    pub times: Times,
    /// Lines logged so far, or that would have been but for `dontlog-normal`.
    pub log_count: AtomicU64,
    /// Of the backend: wall clock milliseconds of the last change between usable and not, milliseconds without any usable
    /// server before that, and wall clock milliseconds of the last session (0: never).
    pub be_last_change: AtomicU64,
    pub be_down_ms: AtomicU64,
    pub last_session: AtomicU64,
    pub servers: Roster<ServerState>,
    /// Where `stick` rules look the configuration's servers up; empty where there are none.
    servers_by_name: HashMap<Box<str>, usize>,
    servers_by_id: HashMap<u32, usize>,
    /// What cookies are made for them.
    pub cookies: DynamicCookies,
    /// Streams that wait for one of them.
    pub waiting: WaitQueue,
    /// Who of them takes the next stream.
    pub live: BackendLive,
}

impl ProxyState {
    /// What a `bind` line counts for itself, if it does.
    pub fn own_counters(&self, bind: u32) -> Option<&ListenerState> {
        self.binds.get(bind as usize)?.as_deref()
    }
}

impl Shared {
    /// The backend (or listen) of that name.
    pub fn backend_named(&self, name: &[u8]) -> Option<ProxyId> {
        let found = self.backends.get(name).copied();
        if !self.proxies.is_changed() {
            return found;
        }
        let fits = |p: &Proxy| p.caps.contains(ProxyCaps::BACKEND) && p.name.as_bytes() == name;
        self.every_proxy().find(|(_, p)| fits(p)).map(|(state, _)| state.id)
    }

    pub fn proxy(&self, id: ProxyId) -> &ProxyState {
        &self.proxies[id.0 as usize]
    }

    /// The settings of a proxy.
    pub fn conf(&self, id: ProxyId) -> &Proxy {
        match self.plan.proxies.get(id.0 as usize) {
            Some(conf) => conf,
            None => self.proxy(id).own.as_deref().unwrap_or_else(|| &self.plan.proxies[0]),
        }
    }

    /// Every proxy with its settings.
    pub fn every_proxy(&self) -> impl Iterator<Item = (&ProxyState, &Proxy)> {
        self.proxies.iter().map(|(i, state)| (state, self.conf(ProxyId(i as u32))))
    }

    pub fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

impl ProxyState {
    /// The server of that name, for `stick` rules.
    pub fn server_named(&self, name: &str) -> Option<usize> {
        let found = self.servers_by_name.get(name).copied();
        found
            .filter(|&i| !self.servers.is_changed() || *self.servers[i].conf().name == *name)
            .or_else(|| self.late_server(|s| *s.name == *name))
    }

    /// The server of that number, for the same.
    pub fn server_numbered(&self, id: u32) -> Option<usize> {
        let found = self.servers_by_id.get(&id).copied();
        found
            .filter(|&i| !self.servers.is_changed() || self.servers[i].conf().id == id)
            .or_else(|| self.late_server(|s| s.id == id))
    }

    /// Looks where the tables of the start cannot know: servers that came later.
    fn late_server(&self, fits: impl Fn(&plan::Server) -> bool) -> Option<usize> {
        let listed = || self.servers.position(|s| fits(&s.conf()));
        self.servers.is_changed().then(listed).flatten()
    }
}

/// Raises a high-water mark.
pub fn raise(max: &AtomicU32, now: u32) {
    if now > max.load(Ordering::Relaxed) {
        max.fetch_max(now, Ordering::Relaxed);
    }
}
