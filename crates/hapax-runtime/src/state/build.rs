//! The shared state of a new run: everything at zero, servers as the configuration has them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, RwLock};

use hapax_config::Plan;
use hapax_config::plan::{Options, Proxy, ProxyCaps, Server, SwitchTarget};
use hapax_sample::{ProxyId, ServerId};

use super::{
    BackendCounters, BackendLive, Count, Events, FrontendCounters, ListenerCounters, ListenerState, Mailboxes, Origin, ProxyState,
    RateMeter, Roster, ServerState, Shared, Tables, Times,
};

/// Who tracks whom, by (proxy, server) of the tracked.
pub(super) type Trackers = HashMap<(u32, u32), Vec<(ProxyId, ServerId)>>;

fn trackers(plan: &Plan) -> Trackers {
    let mut all = Trackers::new();
    for (p, proxy) in plan.proxies.iter().enumerate() {
        for (s, server) in proxy.servers.iter().enumerate() {
            if let Some(tracked) = server.track {
                all.entry(tracked).or_default().push((ProxyId(p as u32), ServerId(s as u32)));
            }
        }
    }
    all
}

/// `fullconn` of every proxy: as written, or a tenth of what the frontends that lead to it may bring (manual, `fullconn`).
fn full_loads(plan: &Plan, maxconn: u32) -> Vec<u32> {
    let mut brought = vec![0u64; plan.proxies.len()];
    for (i, fe) in plan.proxies.iter().enumerate() {
        if !fe.caps.contains(ProxyCaps::FRONTEND) {
            continue;
        }
        // Names that are computed for each request are not counted.
        let fixed = fe.switching.iter().filter_map(|s| match &s.target {
            SwitchTarget::Fixed(p) => Some(p.0 as usize),
            SwitchTarget::Dynamic(_) => None,
        });
        let own = fe.caps.contains(ProxyCaps::BACKEND).then_some(i);
        let mut to: Vec<usize> = fixed.chain(fe.default_backend.map(|p| p.0 as usize).or(own)).collect();
        to.sort_unstable();
        to.dedup();
        let most = if fe.maxconn > 0 { fe.maxconn } else { maxconn };
        for b in to {
            brought[b] += u64::from(most);
        }
    }
    let load = |(p, sum): (&Proxy, u64)| {
        if p.fullconn > 0 {
            p.fullconn
        } else {
            (sum / 10).clamp(1, u64::from(u32::MAX)) as u32
        }
    };
    plan.proxies.iter().zip(brought).map(load).collect()
}

/// Where a proxy's settings stand.
#[derive(Clone, Copy)]
pub(super) enum Home<'a> {
    Plan(&'a Arc<Plan>, &'a Trackers),
    Own(&'a Arc<Proxy>),
}

/// Servers that `stick` rules may find, with their places.
fn sticking(proxy: &Proxy) -> impl Iterator<Item = (usize, &Server)> {
    let servers = if proxy.stick_rules.is_empty() {
        &[][..]
    } else {
        &proxy.servers[..]
    };
    servers.iter().enumerate()
}

/// A number that differs from run to run, and that nobody outside can tell.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

impl Shared {
    /// `started_us`: wall clock now; `maxconn`: as resolved from the configuration and the limits of the process.
    pub fn new(plan: Arc<Plan>, workers: usize, maxconn: u32, started_us: u64) -> Self {
        let limits = super::Limits::new(&plan.global);
        let compression = super::Compression::new(&plan.global, workers);
        let certs = crate::certs::Certs::new(plan.stored.clone());
        let trackers = trackers(&plan);
        let full = full_loads(&plan, maxconn);
        let proxy = |i| ProxyState::new(ProxyId(i as u32), Home::Plan(&plan, &trackers), full[i], workers, started_us);
        let proxies = Roster::new((0..plan.proxies.len()).map(proxy).collect());
        let backends = plan.proxies.iter().enumerate().filter(|(_, p)| p.caps.contains(ProxyCaps::BACKEND));
        let backends = backends.map(|(i, p)| (p.name.as_bytes().into(), ProxyId(i as u32))).collect();
        let tables = Tables::new(&plan, seed());
        let peers = super::PeersState::all(&plan, &tables);
        let logs = crate::log::Outlets::new(&plan);
        let shared = Self {
            backends,
            tables,
            sharers: super::shares::Sharers::default(),
            peers,
            peers_start: std::time::Instant::now(),
            resolvers: plan.resolvers.iter().map(super::ResolversState::new).collect(),
            plan,
            workers,
            proxies,
            started_us,
            maxconn: AtomicU32::new(maxconn),
            hard_maxconn: maxconn,
            limits,
            conns: AtomicU32::new(0),
            conns_max: AtomicU32::new(0),
            conns_total: AtomicU64::new(0),
            requests_total: AtomicU64::new(0),
            ssl_conns: AtomicU32::new(0),
            ssl_total: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            no_server_verify: AtomicBool::new(false),
            next_id: AtomicU64::new(0),
            next_session: AtomicU64::new(0),
            proc_vars: RwLock::default(),
            var_memory: AtomicU64::new(0),
            var_names: Mutex::default(),
            newcomers: super::Newcomers::default(),
            mail: Mailboxes::default(),
            events: Events::default(),
            alerts: super::Alerts::default(),
            conn_rate: RateMeter::new(workers),
            sess_rate: RateMeter::new(workers),
            certs,
            compression,
            logs,
            process: super::ProcessDoor::default(),
            ssl_rate: RateMeter::new(workers),
            ssl_keys: RateMeter::new(workers),
            ssl_server_keys: RateMeter::new(workers),
        };
        shared.inherit_states();
        if let Some(text) = &shared.plan.global.kept_counters {
            crate::stats::kept::load(&shared, &String::from_utf8_lossy(text));
        }
        shared
    }
}

impl ProxyState {
    /// `now_us`: wall clock.
    pub(super) fn new(id: ProxyId, home: Home<'_>, fullconn: u32, workers: usize, now_us: u64) -> Self {
        let (proxy, servers, own) = match home {
            Home::Plan(plan, trackers) => {
                let proxy = &plan.proxies[id.0 as usize];
                let server = |i| {
                    let own = trackers.get(&(id.0, i as u32)).cloned().unwrap_or_default();
                    ServerState::new(workers, Origin::Plan(Arc::clone(plan), id.0, i as u32), own, now_us / 1000)
                };
                (proxy, (0..proxy.servers.len()).map(server).collect(), None)
            }
            // Its servers come one by one.
            Home::Own(proxy) => (&**proxy, Vec::new(), Some(Arc::clone(proxy))),
        };
        let servers = Roster::new(servers);
        let zero = || AtomicU32::new(0);
        Self {
            id,
            own,
            fe: FrontendCounters::new(workers),
            be: BackendCounters::new(workers),
            fe_cur: zero(),
            fe_max: zero(),
            listeners: proxy.binds.iter().map(|_| zero()).collect(),
            binds: proxy
                .binds
                .iter()
                .map(|_| {
                    proxy
                        .options
                        .contains(Options::SOCKET_STATS)
                        .then(|| Box::new(ListenerState::new(workers)))
                })
                .collect(),
            http_begun: Count::new(workers),
            http_ended: Count::new(workers),
            be_cur: zero(),
            be_max: zero(),
            queue_cur: zero(),
            queue_max: zero(),
            maxconn: AtomicU32::new(proxy.maxconn),
            paused: AtomicBool::new(false),
            stopped: AtomicBool::new(proxy.disabled),
            published: AtomicBool::new(!proxy.disabled && !proxy.unpublished),
            conn_rate: RateMeter::new(workers),
            sess_rate: RateMeter::new(workers),
            req_rate: RateMeter::new(workers),
            be_sess_rate: RateMeter::new(workers),
            times: Times::new(workers),
            log_count: AtomicU64::new(0),
            be_last_change: AtomicU64::new(now_us / 1000),
            be_down_ms: AtomicU64::new(0),
            last_session: AtomicU64::new(0),
            live: BackendLive::new(proxy, &servers, fullconn, now_us ^ u64::from(id.0)),
            servers_by_name: sticking(proxy).map(|(i, s)| (s.name.as_ref().into(), i)).collect(),
            servers_by_id: sticking(proxy).map(|(i, s)| (s.id, i)).collect(),
            servers,
            cookies: super::DynamicCookies::new(proxy),
            waiting: super::WaitQueue::default(),
        }
    }
}

impl ListenerState {
    fn new(workers: usize) -> Self {
        Self {
            counters: ListenerCounters::new(workers),
            max: AtomicU32::new(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_load_is_a_tenth_of_what_may_come() {
        let proxy = |caps, maxconn, fullconn, default: Option<u32>| Proxy {
            caps,
            maxconn,
            fullconn,
            default_backend: default.map(ProxyId),
            ..Proxy::default()
        };
        let (fe, be) = (ProxyCaps::FRONTEND, ProxyCaps::BACKEND);
        let plan = Plan {
            proxies: vec![
                proxy(fe, 0, 0, Some(3)),
                proxy(fe, 500, 0, Some(3)),
                proxy(fe | be, 200, 0, None),
                proxy(be, 0, 0, None),
                proxy(be, 0, 0, None),
                proxy(be, 0, 77, None),
            ],
            ..Plan::default()
        };
        assert_eq!(full_loads(&plan, 1000)[2..], [20, 150, 1, 77]);
    }
}
