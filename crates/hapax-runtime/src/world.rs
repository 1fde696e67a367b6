//! The live state as expressions see it.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLock};

use hapax_config::plan::{Proxy, ProxyCaps};
use hapax_sample::users::Userlist;
use hapax_sample::vars::Scope;
use hapax_sample::{Now, ProxyId, ServerId, Setting, TableAnswer, TableChange, TableRead, TcpFact, Track, TrackStart, Weight, World, Zone};
use hapax_value::Value;

use crate::state::{Conf, ServerState, Shared};

/// No zone changes its clocks but on a quarter of an hour; asking the C library takes a lock.
const ZONE_SLOT: i64 = 900;

/// The live state as the runtime API sees it, which is no worker.
pub fn outside(shared: &Arc<Shared>) -> Box<dyn World> {
    Box::new(LiveWorld::new(Arc::clone(shared), 0))
}

/// [`World`] over what the threads share, seen from one worker.
#[derive(Debug)]
pub(crate) struct LiveWorld {
    shared: Arc<Shared>,
    worker: usize,
    seed: Cell<u64>,
    /// The last quarter of an hour that was asked for, and its distance from UTC.
    zone: Cell<(i64, i32)>,
}

impl LiveWorld {
    pub(crate) fn new(shared: Arc<Shared>, worker: usize) -> Self {
        let seed = shared.started_us ^ (worker as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            shared,
            worker,
            seed: Cell::new(seed | 1),
            zone: Cell::new((i64::MIN, 0)),
        }
    }

    fn plan(&self, p: ProxyId) -> &Proxy {
        self.shared.conf(p)
    }

    fn server(&self, p: ProxyId, s: ServerId) -> &ServerState {
        &self.shared.proxy(p).servers[s.0 as usize]
    }

    fn usable(&self, p: ProxyId) -> impl Iterator<Item = &ServerState> {
        let all = self.shared.proxy(p).servers.iter().map(|(_, s)| s);
        all.filter(|s| s.is_usable())
    }
}

/// Wall clock milliseconds, as the rate meters are ticked with.
fn now_ms() -> u64 {
    hapax_sys::clock::realtime_us() / 1000
}

impl World for LiveWorld {
    fn buf_size(&self) -> usize {
        self.shared.plan.global.bufsize
    }

    fn proxy_name(&self, p: ProxyId) -> &str {
        &self.shared.conf(p).name
    }

    fn server_name(&self, p: ProxyId, s: ServerId) -> Cow<'_, str> {
        match self.server(p, s).conf() {
            Conf::Lasting(conf) => Cow::Borrowed(&conf.name),
            Conf::Kept(conf) => Cow::Owned(conf.name.to_string()),
        }
    }

    fn nbsrv(&self, p: ProxyId) -> i64 {
        self.usable(p).count() as i64
    }

    fn server_is_up(&self, p: ProxyId, s: ServerId) -> bool {
        self.shared.proxy(p).servers[s.0 as usize].is_up()
    }

    fn fe_conn(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).fe_cur.load(Ordering::Relaxed))
    }

    fn be_conn(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).be_cur.load(Ordering::Relaxed))
    }

    fn srv_conn(&self, p: ProxyId, s: ServerId) -> i64 {
        i64::from(self.shared.proxy(p).servers[s.0 as usize].cur_sess.load(Ordering::Relaxed))
    }

    fn queue(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).waiting.len())
    }

    fn fe_sess_rate(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).sess_rate.read(now_ms()))
    }

    fn fe_req_rate(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).req_rate.read(now_ms()))
    }

    fn be_sess_rate(&self, p: ProxyId) -> i64 {
        i64::from(self.shared.proxy(p).be_sess_rate.read(now_ms()))
    }

    fn srv_sess_rate(&self, p: ProxyId, s: ServerId) -> i64 {
        i64::from(self.server(p, s).sess_rate.read(now_ms()))
    }

    fn srv_queue(&self, p: ProxyId, s: ServerId) -> i64 {
        i64::from(self.server(p, s).queue_cur.load(Ordering::Relaxed))
    }

    fn srv_conn_free(&self, p: ProxyId, s: ServerId) -> i64 {
        let server = self.server(p, s);
        match server.maxconn.load(Ordering::Relaxed) {
            0 => -1,
            max => i64::from(max.saturating_sub(server.cur_sess.load(Ordering::Relaxed))),
        }
    }

    fn be_conn_free(&self, p: ProxyId) -> i64 {
        let mut free = 0;
        for server in self.usable(p) {
            match server.maxconn.load(Ordering::Relaxed) {
                // One without a limit makes the farm one without a limit.
                0 => return -1,
                max => free += i64::from(max.saturating_sub(server.cur_sess.load(Ordering::Relaxed))),
            }
        }
        free
    }

    fn connslots(&self, p: ProxyId) -> i64 {
        let mut slots = 0;
        for server in self.usable(p) {
            let conf = server.conf();
            let max = server.maxconn.load(Ordering::Relaxed);
            if max == 0 || conf.maxqueue == 0 {
                return -1;
            }
            slots += i64::from(max.saturating_sub(server.cur_sess.load(Ordering::Relaxed)));
            slots += i64::from(conf.maxqueue.saturating_sub(server.queue_cur.load(Ordering::Relaxed)));
        }
        slots
    }

    fn srv_weight(&self, p: ProxyId, s: ServerId, which: Weight) -> i64 {
        let server = self.server(p, s);
        i64::from(match which {
            Weight::Initial => server.iweight.load(Ordering::Relaxed),
            Weight::Effective | Weight::User => server.uweight.load(Ordering::Relaxed),
        })
    }

    fn proxy_number(&self, p: ProxyId) -> i64 {
        i64::from(self.plan(p).iid)
    }

    fn server_number(&self, p: ProxyId, s: ServerId) -> i64 {
        i64::from(self.server(p, s).conf().id)
    }

    fn setting(&self, p: ProxyId, which: Setting) -> Option<i64> {
        self.plan(p).setting(which)
    }

    fn default_backend(&self, p: ProxyId) -> Option<&str> {
        self.plan(p).default_backend.map(|b| self.proxy_name(b))
    }

    fn frontend_named(&self, name: &[u8]) -> Option<ProxyId> {
        let proxies = &self.shared.plan.proxies;
        let at = proxies
            .iter()
            .position(|p| p.caps.contains(ProxyCaps::FRONTEND) && p.name.as_bytes() == name)?;
        Some(ProxyId(at as u32))
    }

    fn backend_named(&self, name: &[u8]) -> Option<ProxyId> {
        self.shared.backend_named(name)
    }

    fn server_named(&self, backend: ProxyId, name: &[u8]) -> Option<ServerId> {
        let servers = &self.shared.proxy(backend).servers;
        let at = servers.position(|s| s.conf().name.as_bytes() == name)?;
        Some(ServerId(at as u32))
    }

    fn act_conn(&self) -> i64 {
        i64::from(self.shared.conns.load(Ordering::Relaxed))
    }

    fn hostname(&self) -> &str {
        hapax_sys::host::name()
    }

    fn pid(&self) -> i64 {
        i64::from(std::process::id())
    }

    fn uptime(&self) -> i64 {
        (hapax_sys::clock::realtime_us().saturating_sub(self.shared.started_us) / 1_000_000) as i64
    }

    fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Relaxed) || self.shared.leaving.load(Ordering::Relaxed)
    }

    fn thread(&self) -> i64 {
        self.worker as i64
    }

    fn tcp_info(&self, socket: i32, what: TcpFact) -> Option<i64> {
        let info = hapax_sys::sockopt::tcp_info_of(socket).ok()?;
        Some(i64::from(match what {
            TcpFact::Rtt => info.rtt_us,
            TcpFact::RttVar => info.rttvar_us,
            TcpFact::Unacked => info.unacked,
            TcpFact::Sacked => info.sacked,
            TcpFact::Lost => info.lost,
            TcpFact::Retrans => info.retrans,
            TcpFact::Fackets => info.fackets,
            TcpFact::Reordering => info.reordering,
        }))
    }

    fn saved_syn(&self, socket: i32) -> Option<Vec<u8>> {
        hapax_sys::sockopt::saved_syn(socket).ok().filter(|p| !p.is_empty())
    }

    fn is_local(&self, ip: std::net::IpAddr) -> bool {
        // An address that a socket can be bound to is this machine's own.
        ip.is_loopback() || std::net::UdpSocket::bind((ip, 0)).is_ok()
    }

    fn listener_conn(&self, p: ProxyId, listener: u32) -> i64 {
        let all = &self.shared.proxy(p).listeners;
        all.get(listener as usize).map_or(0, |n| i64::from(n.load(Ordering::Relaxed)))
    }

    fn var_name(&self, id: u32) -> Option<String> {
        let names = self.shared.var_names.lock().ok()?;
        names.as_ref().unwrap_or(&self.shared.plan.vars).name(id).map(str::to_owned)
    }

    fn jwe_allowed(&self, alg: &str, enc: &str) -> bool {
        let global = &self.shared.plan.global;
        global.jwe_algs.allows(alg) && global.jwe_encs.allows(enc)
    }

    fn log_count(&self, p: ProxyId) -> i64 {
        self.shared.proxy(p).log_count.load(Ordering::Relaxed) as i64
    }

    fn file_name(&self, file: hapax_sample::FileId) -> &str {
        self.shared.plan.file_names.get(file.0 as usize).map_or("-", String::as_str)
    }

    fn tracked(&self, entry: &Track, table: Option<u32>, what: TableRead, now: Now) -> TableAnswer {
        self.shared.tables.tracked(*entry, table, what, now.wall_us / 1000)
    }

    fn looked_up(&self, table: u32, key: Value<'_>, what: TableRead, now: Now) -> TableAnswer {
        self.shared.tables.looked_up(table, key, what, now.wall_us / 1000)
    }

    fn track_key(&self, entry: &Track) -> Option<Value<'static>> {
        self.shared.tables.key(*entry)
    }

    fn table_used(&self, table: u32) -> i64 {
        self.shared.tables.get(table).map_or(0, |t| t.table.used() as i64)
    }

    fn table_free(&self, table: u32) -> i64 {
        let free = |t: &crate::state::LiveTable| t.table.spec().size.saturating_sub(t.table.used());
        self.shared.tables.get(table).map_or(0, |t| free(t) as i64)
    }

    fn track(&self, table: u32, key: Value<'_>, start: TrackStart, now: Now) -> Option<Track> {
        self.shared.tables.track(table, key, start, now.wall_us / 1000)
    }

    fn update(&self, entry: &Track, change: TableChange, now: Now) {
        self.shared.tables.update(*entry, change, now.wall_us / 1000);
    }

    fn zone_at(&self, time: i64) -> Zone {
        let slot = time.div_euclid(ZONE_SLOT);
        let (known, offset) = self.zone.get();
        if slot == known {
            return Zone { offset, ..Zone::default() };
        }
        let offset = hapax_sys::clock::local(time).offset;
        self.zone.set((slot, offset));
        Zone { offset, ..Zone::default() }
    }

    fn capture_len(&self, frontend: ProxyId, request: bool, slot: usize) -> Option<usize> {
        let proxy = &self.shared.plan.proxies[frontend.0 as usize];
        let slots = if request { &proxy.req_captures } else { &proxy.res_captures };
        slots.get(slot).map(|s| s.1)
    }

    fn userlist(&self, id: u32) -> Option<&Userlist> {
        self.shared.plan.userlists.get(id as usize)
    }

    fn proc_vars(&self) -> &RwLock<Scope> {
        &self.shared.proc_vars
    }

    fn var_memory(&self) -> &std::sync::atomic::AtomicU64 {
        &self.shared.var_memory
    }

    fn random(&self) -> u64 {
        // xorshift64*: fast, and good enough for what `rand` promises.
        let mut x = self.seed.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.seed.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
