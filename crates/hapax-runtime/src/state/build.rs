//! The shared state of a new run: everything at zero, servers as the configuration has them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

use hapax_config::Plan;
use hapax_config::plan::Proxy;
use hapax_sample::ProxyId;

use super::{Admin, BackendCounters, BackendLive, FrontendCounters, ProxyState, ServerState, Shared};

impl Shared {
    /// `started_us`: wall clock now; `maxconn`: as resolved from the configuration and the limits of the process.
    pub fn new(plan: Arc<Plan>, workers: usize, maxconn: u32, started_us: u64) -> Self {
        let proxy = |(i, p)| ProxyState::new(ProxyId(i as u32), p, workers, started_us);
        let proxies = plan.proxies.iter().enumerate().map(proxy).collect();
        Self {
            plan,
            workers,
            proxies,
            started_us,
            maxconn,
            conns: AtomicU32::new(0),
            conns_max: AtomicU32::new(0),
            conns_total: AtomicU64::new(0),
            requests_total: AtomicU64::new(0),
            ssl_conns: AtomicU32::new(0),
            ssl_total: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            next_id: AtomicU64::new(0),
        }
    }
}

impl ProxyState {
    fn new(id: ProxyId, proxy: &Proxy, workers: usize, started_us: u64) -> Self {
        let server = |s: &hapax_config::plan::Server| {
            let admin = if s.disabled { Admin::CMAINT } else { 0 };
            Arc::new(ServerState::new(
                workers,
                s.address.clone(),
                s.weight,
                s.maxconn,
                admin,
                started_us / 1000,
            ))
        };
        let servers: Vec<_> = proxy.servers.iter().map(server).collect();
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
            live: BackendLive::new(proxy, &servers, started_us ^ u64::from(id.0)),
            servers,
        }
    }
}
