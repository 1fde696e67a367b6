//! The live farm of a backend: where the choice of a server meets the servers' states.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hapax_balance::{Affinity, Algorithm, Choice, Farm, Load, Member, NodeKey, warmup};
use hapax_config::plan::{Balance, HashKey, Mode, Options, Proxy};
use hapax_sample::ServerId;
use hapax_sys::clock;

use super::touched::Touched;
use super::{ProxyState, Roster, ServerState};

/// The farm of one backend, and what of the plan the choice needs.
#[derive(Debug)]
pub struct BackendLive {
    farm: Mutex<Farm>,
    /// `balance sticky`: usable servers, the one that is stuck to first, those that came up later behind.
    sticky: Option<Mutex<Vec<usize>>>,
    /// Servers whose loads the farm is to look at again, where it orders them by load.
    touched: Option<Touched>,
    fullconn: u32,
    /// Weights may change while servers are up.
    dynamic: bool,
    /// Whether a queue is full is asked.
    spill_queues: bool,
    /// How often servers were chosen of late is asked.
    rates: bool,
    /// Usable servers now: actives and backups. Kept here so that nobody takes the lock to count.
    pub act: AtomicU32,
    pub bck: AtomicU32,
}

impl BackendLive {
    pub fn new(proxy: &Proxy, servers: &Roster<ServerState>, fullconn: u32, seed: u64) -> Self {
        let members = servers.iter().map(|(_, s)| member(s)).collect();
        let farm = Farm::new(algorithm(proxy), members, proxy.options.contains(Options::ALLBACKUPS), seed).spilling(proxy.spill);
        let (act, bck) = count(&farm);
        let able = servers.iter().filter(|(_, s)| may_stick(&member(s))).map(|(i, _)| i);
        let sticky = matches!(proxy.balance, Balance::Sticky).then(|| Mutex::new(able.collect()));
        let touched = farm.orders_by_load().then(|| Touched::new(servers.fixed()));
        Self {
            touched,
            farm: Mutex::new(farm),
            sticky,
            fullconn,
            dynamic: hapax_config::dynamic::takes_servers(proxy),
            rates: matches!(proxy.balance, Balance::Random(2..)),
            spill_queues: proxy.spill.affinity == Affinity::MaxQueue,
            act: AtomicU32::new(act),
            bck: AtomicU32::new(bck),
        }
    }

    /// Chooses a server of `proxy` (whose farm this is). `key`: the place of the request's key.
    pub fn pick(&self, proxy: &ProxyState, key: Option<u32>, avoid: Option<usize>) -> Choice {
        if let Some(order) = &self.sticky {
            let first = order.lock().unwrap_or_else(PoisonError::into_inner).first().copied();
            if let Some(i) = first {
                return Choice::Server(i);
            }
        }
        let streams = proxy.be_cur.load(Ordering::Relaxed);
        let now_ms = if self.rates { clock::realtime_us() / 1000 } else { 0 };
        let load = |i: usize| {
            let server = &proxy.servers[i];
            let rate = if self.rates { server.sess_rate.read(now_ms) } else { 0 };
            Load {
                rate,
                ..self.load(server, streams)
            }
        };
        let mut farm = self.lock();
        if let Some(touched) = &self.touched {
            touched.take(proxy.servers.places(), |i| farm.touch(i));
        }
        farm.pick(key, load, avoid)
    }

    /// To be told after every change of what a server bears or takes.
    pub fn touch(&self, i: usize) {
        if let Some(touched) = &self.touched {
            touched.mark(i);
        }
    }

    /// Weights may change while servers are up (manual, 4.2 `balance`).
    pub fn is_dynamic(&self) -> bool {
        self.dynamic
    }

    /// The load from which servers may have all of their `maxconn`.
    pub fn fullconn(&self) -> u32 {
        self.fullconn
    }

    /// The most streams a server may have now: `minconn` lets the limit grow with the backend's load up to `fullconn`.
    pub fn dynamic_maxconn(&self, server: &ServerState, backend_streams: u32) -> u32 {
        let max = server.maxconn.load(Ordering::Relaxed);
        let warm = server.warm_percent.load(Ordering::Relaxed);
        if warm < 100 {
            return warmup::limit(self.usual_maxconn(server, max, backend_streams), warm);
        }
        self.usual_maxconn(server, max, backend_streams)
    }

    /// The same but for `slowstart`.
    fn usual_maxconn(&self, server: &ServerState, max: u32, backend_streams: u32) -> u32 {
        let min = server.minconn.load(Ordering::Relaxed);
        if max == 0 || min == 0 || min >= max || self.fullconn == 0 || backend_streams >= self.fullconn {
            return max;
        }
        let scaled = u64::from(max) * u64::from(backend_streams) / u64::from(self.fullconn);
        min.max(scaled as u32)
    }

    /// Tells the farm that a server's state or weight has changed; [`ProxyState::server_changed`] tells those who wait as well.
    fn server_changed(&self, i: usize, server: &ServerState) {
        self.touch(i);
        let mut farm = self.lock();
        farm.set(i, member(server));
        let (act, bck) = count(&farm);
        if let Some(order) = &self.sticky {
            let mut order = order.lock().unwrap_or_else(PoisonError::into_inner);
            if !may_stick(&member(server)) {
                order.retain(|s| *s != i);
            } else if !order.contains(&i) {
                order.push(i);
            }
        }
        self.act.store(act, Ordering::Relaxed);
        self.bck.store(bck, Ordering::Relaxed);
    }

    /// A server comes in, at a place that is new or was given up.
    pub fn admit(&self, i: usize, server: &ServerState) {
        self.lock().admit(i, member(server));
        self.server_changed(i, server);
    }

    /// A server goes for good.
    pub fn dismiss(&self, i: usize, server: &ServerState) {
        self.server_changed(i, server);
        self.lock().dismiss(i);
    }

    /// Usable servers: actives and backups.
    pub fn usable(&self) -> (u32, u32) {
        (self.act.load(Ordering::Relaxed), self.bck.load(Ordering::Relaxed))
    }

    fn load(&self, server: &ServerState, backend_streams: u32) -> Load {
        let queued = server.queue_cur.load(Ordering::Relaxed);
        let served = server.cur_sess.load(Ordering::Relaxed);
        let max = self.dynamic_maxconn(server, backend_streams);
        let grows = server.minconn.load(Ordering::Relaxed) > 0 || server.warm_percent.load(Ordering::Relaxed) < 100;
        Load {
            streams: served.saturating_add(queued),
            served,
            rate: 0,
            full: max > 0 && (queued > 0 || served >= max),
            elastic: max > 0 && grows,
            queue_full: self.spill_queues && max > 0 && server.queue_is_full(queued),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Farm> {
        // A farm is consistent between its calls; a panic elsewhere must not stop the choice of servers.
        self.farm.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProxyState {
    /// A server's state or weight has changed: the farm and the streams that wait are told.
    pub fn server_changed(&self, s: ServerId) {
        let i = s.0 as usize;
        self.live.server_changed(i, &self.servers[i]);
        self.waiting.look_again();
    }
}

fn algorithm(proxy: &Proxy) -> Algorithm {
    match &proxy.balance {
        // A sticky choice is not the farm's.
        Balance::RoundRobin | Balance::Sticky => Algorithm::RoundRobin,
        Balance::StaticRr => Algorithm::StaticRr,
        Balance::LeastConn => Algorithm::LeastConn,
        Balance::First => Algorithm::First,
        // The load of servers that are sent messages is not known: one draw is as good as many.
        Balance::Random(_) if proxy.mode == Mode::Log => Algorithm::Random(1),
        Balance::Random(n) => Algorithm::Random(*n),
        _ => Algorithm::Hash(proxy.hash_type),
    }
}

fn member(s: &ServerState) -> Member {
    let conf = s.conf();
    Member {
        id: conf.id,
        node: if conf.hash_key == HashKey::Id {
            NodeKey::Id
        } else {
            conf.node_key(s.endpoint().as_ref())
        },
        weight: s.effective_weight(),
        usable: s.is_usable(),
        backup: conf.backup,
    }
}

/// Whether a sticky choice may fall on it.
fn may_stick(m: &Member) -> bool {
    m.usable && m.weight > 0 && !m.backup
}

fn count(farm: &Farm) -> (u32, u32) {
    let usable = |backup: bool| {
        let it = farm.members();
        it.filter(|m| m.usable && m.weight > 0 && m.backup == backup).count() as u32
    };
    (usable(false), usable(true))
}
