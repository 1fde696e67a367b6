//! The shared state of a new run: everything at zero, servers as the configuration has them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, RwLock};

use hapax_config::Plan;
use hapax_config::plan::{Proxy, ProxyCaps};
use hapax_sample::{ProxyId, ServerId};

use super::{BackendCounters, BackendLive, Events, FrontendCounters, Mailboxes, ProxyState, RateMeter, ServerState, Shared, Times};

/// Who tracks whom, by (proxy, server) of the tracked.
type Trackers = HashMap<(u32, u32), Vec<(ProxyId, ServerId)>>;

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

impl Shared {
    /// `started_us`: wall clock now; `maxconn`: as resolved from the configuration and the limits of the process.
    pub fn new(plan: Arc<Plan>, workers: usize, maxconn: u32, started_us: u64) -> Self {
        let trackers = trackers(&plan);
        let proxy = |(i, p)| ProxyState::new(ProxyId(i as u32), p, &trackers, workers, started_us);
        let proxies = plan.proxies.iter().enumerate().map(proxy).collect();
        let backends = plan.proxies.iter().enumerate().filter(|(_, p)| p.caps.contains(ProxyCaps::BACKEND));
        let backends = backends.map(|(i, p)| (p.name.as_bytes().into(), ProxyId(i as u32))).collect();
        Self {
            backends,
            plan,
            workers,
            proxies,
            started_us,
            maxconn: AtomicU32::new(maxconn),
            hard_maxconn: maxconn,
            conns: AtomicU32::new(0),
            conns_max: AtomicU32::new(0),
            conns_total: AtomicU64::new(0),
            requests_total: AtomicU64::new(0),
            ssl_conns: AtomicU32::new(0),
            ssl_total: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            next_id: AtomicU64::new(0),
            proc_vars: RwLock::default(),
            mail: Mailboxes::default(),
            events: Events::default(),
            conn_rate: RateMeter::new(workers),
            sess_rate: RateMeter::new(workers),
            ssl_rate: RateMeter::new(workers),
        }
    }
}

impl ProxyState {
    fn new(id: ProxyId, proxy: &Proxy, trackers: &Trackers, workers: usize, started_us: u64) -> Self {
        let server = |(i, s)| {
            let own = trackers.get(&(id.0, i as u32)).cloned().unwrap_or_default();
            Arc::new(ServerState::new(workers, s, own, started_us / 1000))
        };
        let servers: Vec<_> = proxy.servers.iter().enumerate().map(server).collect();
        let zero = || AtomicU32::new(0);
        Self {
            id,
            fe: FrontendCounters::new(workers),
            be: BackendCounters::new(workers),
            fe_cur: zero(),
            fe_max: zero(),
            be_cur: zero(),
            be_max: zero(),
            queue_cur: zero(),
            queue_max: zero(),
            maxconn: AtomicU32::new(proxy.maxconn),
            paused: AtomicBool::new(false),
            stopped: AtomicBool::new(proxy.disabled),
            conn_rate: RateMeter::new(workers),
            sess_rate: RateMeter::new(workers),
            req_rate: RateMeter::new(workers),
            be_sess_rate: RateMeter::new(workers),
            times: Times::new(workers),
            be_last_change: AtomicU64::new(started_us / 1000),
            be_down_ms: AtomicU64::new(0),
            last_session: AtomicU64::new(0),
            live: BackendLive::new(proxy, &servers, started_us ^ u64::from(id.0)),
            servers,
            waiting: super::WaitQueue::default(),
        }
    }
}
