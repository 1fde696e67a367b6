//! Live side of a server.

use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use hapax_balance::{Health, Outcome, SCALE};
use hapax_config::plan;
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;
use rustls::ClientConfig;
use tokio::sync::Notify;

use super::{Naming, RateMeter, ServerCounters, Times, raise};
use crate::upstream::need::Need;

/// Administrative bits, as `show servers state` prints them (management guide).
pub struct Admin;

impl Admin {
    /// Maintenance: asked for, inherited from the tracked server, from the configuration (a mark beside `FMAINT` that only
    /// says where it came from), for want of an address.
    pub const FMAINT: u32 = 0x01;
    pub const IMAINT: u32 = 0x02;
    pub const CMAINT: u32 = 0x04;
    pub const FDRAIN: u32 = 0x08;
    pub const IDRAIN: u32 = 0x10;
    pub const RMAINT: u32 = 0x20;
    /// The host name was set from the runtime API.
    pub const HMAINT: u32 = 0x40;
    pub const MAINT: u32 = Self::FMAINT | Self::IMAINT | Self::RMAINT;
    pub const DRAIN: u32 = Self::FDRAIN | Self::IDRAIN;
}

/// Operational state, as `show servers state` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Oper {
    Stopped = 0,
    Starting = 1,
    Running = 2,
    Stopping = 3,
}

/// Where a server's settings stand.
#[derive(Clone, Debug)]
pub enum Origin {
    /// In the configuration: proxy and server.
    Plan(Arc<hapax_config::Plan>, u32, u32),
    /// It came while running.
    Own(Arc<plan::Server>),
}

/// A server's settings, for as long as somebody looks at them.
#[derive(Clone, Debug)]
pub enum Conf<'a> {
    Lasting(&'a plan::Server),
    Kept(Arc<plan::Server>),
}

impl Deref for Conf<'_> {
    type Target = plan::Server;

    fn deref(&self) -> &plan::Server {
        match self {
            Self::Lasting(s) => s,
            Self::Kept(s) => s,
        }
    }
}

#[derive(Debug)]
pub struct ServerState {
    origin: Origin,
    /// Settings that took the place of the first ones: a new name, or another server in a place that was given up.
    later: ArcSwapOption<plan::Server>,
    replaced: AtomicBool,
    /// It came by `add server`: no line of the configuration is its own.
    added: AtomicBool,
    /// How to speak TLS to a server that came while running.
    tls: ArcSwapOption<ClientConfig>,
    /// The traffic speaks TLS: as configured, and as set at run time.
    speaks_tls: AtomicBool,
    tls_set: AtomicBool,
    /// Bumped when the place changes hands, so that checks of the former server end.
    pub tenure: AtomicU32,
    pub admin: AtomicU32,
    oper: AtomicU8,
    /// Effective address; `None`: not resolved.
    pub address: Mutex<Option<Endpoint>>,
    /// Which of the ports of its `source` is next.
    pub source_turn: AtomicU32,
    /// Bumped when `address` changes, so that workers drop what they cached.
    pub address_epoch: AtomicU32,
    /// The name it is looked up by; unset where nothing of it is.
    naming: Option<Box<Mutex<Naming>>>,
    /// `slowstart`: the share of its weight it has, in sixteenths, and percent of the time that is over.
    pub warmth: AtomicU32,
    pub warm_percent: AtomicU32,
    /// Weight as configured and as set at run time.
    pub iweight: AtomicU32,
    pub uweight: AtomicU32,
    pub maxconn: AtomicU32,
    /// `minconn`, beside `maxconn` because both are asked together.
    pub minconn: AtomicU32,
    pub cur_sess: AtomicU32,
    pub max_sess: AtomicU32,
    /// Streams waiting for this server.
    pub queue_cur: AtomicU32,
    pub queue_max: AtomicU32,
    /// Idle upstream connections, all workers.
    pub idle: AtomicU32,
    /// Those of them that have served more than one request, and so are known not to be closed after the first; and idle ones that
    /// are one client's alone.
    pub idle_safe: AtomicU32,
    pub idle_private: AtomicU32,
    pub need: Need,
    /// Some worker looks through the idle ones from time to time.
    pub reviewed: AtomicBool,
    pub counters: ServerCounters,
    pub sess_rate: RateMeter,
    pub times: Times,
    /// Wall clock milliseconds of the last state change, and of the last session (0: never).
    pub last_change: AtomicU64,
    pub last_session: AtomicU64,
    /// Rise and fall, and what the last check told.
    check: Mutex<CheckView>,
    /// `disable health` clears it; unset where no check is configured.
    pub check_enabled: AtomicBool,
    /// Came by `add server` and has not been out of maintenance yet: no check of it was ever paused.
    pub newborn: AtomicBool,
    /// `set server check-port`; 0: as configured.
    pub check_port: AtomicU32,
    /// `set server check-addr`
    check_addr: Mutex<Option<Endpoint>>,
    /// Asks for the next check before its time.
    pub check_soon: Notify,
    /// Errors of the traffic in a row (`observe`).
    pub errors_in_row: AtomicU32,
    agent: OnceLock<Box<AgentState>>,
    has_agent: AtomicBool,
    /// Milliseconds spent down before the current period.
    pub down_ms: AtomicI64,
    /// Servers that track this one.
    trackers: Mutex<Vec<(ProxyId, ServerId)>>,
}

/// Live side of `agent-check`.
#[derive(Debug)]
pub struct AgentState {
    view: Mutex<CheckView>,
    /// `disable agent` clears it.
    pub enabled: AtomicBool,
    /// Address (`None`: the server's), port and text as set at run time.
    target: Mutex<(Option<Endpoint>, u16, Arc<[u8]>)>,
}

impl Origin {
    fn server(&self) -> &plan::Server {
        match self {
            Self::Plan(plan, p, s) => &plan.proxies[*p as usize].servers[*s as usize],
            Self::Own(s) => s,
        }
    }
}

impl AgentState {
    fn new(agent: &plan::Agent) -> Self {
        Self {
            view: Mutex::new(CheckView::new(Health::new(1, 1))),
            enabled: AtomicBool::new(true),
            target: Mutex::new((agent.address.clone(), agent.port, Arc::clone(&agent.send))),
        }
    }

    pub fn view(&self) -> MutexGuard<'_, CheckView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `enable agent`, `disable agent`
    pub fn enable(&self, on: bool) {
        self.enabled.store(on, Ordering::Relaxed);
    }

    /// Address, port and text.
    pub fn target(&self) -> MutexGuard<'_, (Option<Endpoint>, u16, Arc<[u8]>)> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is asked, and what it said last is not that the server is down.
    pub fn says_up(&self) -> bool {
        !self.enabled.load(Ordering::Relaxed) || self.view().health.is_up()
    }
}

/// What checks have told.
#[derive(Clone, Debug)]
pub struct CheckView {
    pub health: Health,
    pub last: Outcome,
    /// A check is under way.
    pub running: bool,
    /// What `set server ... health` said last, up or down.
    pub forced: Option<bool>,
    /// It said up during the maintenance that goes on.
    pub forced_in_maint: bool,
}

impl CheckView {
    fn new(health: Health) -> Self {
        Self {
            health,
            last: Outcome {
                status: hapax_balance::CheckStatus::Init,
                ..Outcome::default()
            },
            running: false,
            forced: None,
            forced_in_maint: false,
        }
    }
}

impl ServerState {
    pub fn new(workers: usize, origin: Origin, trackers: Vec<(ProxyId, ServerId)>, now_ms: u64) -> Self {
        let server = origin.server();
        let mut admin = if server.disabled { Admin::CMAINT | Admin::FMAINT } else { 0 };
        if server.hostname.is_some() && server.address.is_none() {
            // A name without an address yet.
            admin |= Admin::RMAINT;
        }
        let up = admin & Admin::MAINT == 0 && server.init_state.is_up();
        let oper = if up { Oper::Running } else { Oper::Stopped };
        let mut health = server.check.as_ref().map_or(Health::new(1, 1), |c| Health::new(c.rise, c.fall));
        health.start(server.init_state);
        let zero = || AtomicU32::new(0);
        let agent = OnceLock::new();
        if let Some(a) = &server.agent {
            // Nobody else can have filled it.
            let _ = agent.set(Box::new(AgentState::new(a)));
        }
        Self {
            added: AtomicBool::new(matches!(origin, Origin::Own(_))),
            later: ArcSwapOption::empty(),
            replaced: AtomicBool::new(false),
            tls: ArcSwapOption::empty(),
            speaks_tls: AtomicBool::new(server.tls_for_traffic),
            tls_set: AtomicBool::new(false),
            tenure: zero(),
            admin: AtomicU32::new(admin),
            oper: AtomicU8::new(oper as u8),
            address: Mutex::new(server.address.clone()),
            source_turn: zero(),
            address_epoch: zero(),
            naming: server.resolve.is_some().then(|| Box::new(Mutex::new(Naming::new(server)))),
            warmth: AtomicU32::new(SCALE),
            warm_percent: AtomicU32::new(100),
            iweight: AtomicU32::new(server.weight),
            uweight: AtomicU32::new(server.weight),
            maxconn: AtomicU32::new(server.maxconn),
            minconn: AtomicU32::new(server.minconn),
            cur_sess: zero(),
            max_sess: zero(),
            queue_cur: zero(),
            queue_max: zero(),
            idle: zero(),
            idle_safe: zero(),
            idle_private: zero(),
            need: Need::default(),
            reviewed: AtomicBool::new(false),
            counters: ServerCounters::new(workers),
            sess_rate: RateMeter::new(workers),
            times: Times::new(workers),
            last_change: AtomicU64::new(now_ms),
            last_session: AtomicU64::new(0),
            check: Mutex::new(CheckView::new(health)),
            check_enabled: AtomicBool::new(server.check.is_some()),
            newborn: AtomicBool::new(false),
            check_port: zero(),
            check_addr: Mutex::new(None),
            check_soon: Notify::new(),
            errors_in_row: zero(),
            has_agent: AtomicBool::new(server.agent.is_some()),
            agent,
            down_ms: AtomicI64::new(0),
            trackers: Mutex::new(trackers),
            origin,
        }
        .restored(now_ms)
    }

    /// One more connection idles; `safe`: it has served more than one request.
    pub(crate) fn idle_come(&self, safe: bool) {
        self.idle.fetch_add(1, Ordering::Relaxed);
        if safe {
            self.idle_safe.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many connections are idle no more; `safe`: how many of them had served more than one request.
    pub(crate) fn idle_gone(&self, n: u32, safe: u32) {
        self.idle.fetch_sub(n, Ordering::Relaxed);
        if safe > 0 {
            self.idle_safe.fetch_sub(safe, Ordering::Relaxed);
        }
    }

    /// As its row of a state file says, where that still fits the configuration.
    fn restored(self, now_ms: u64) -> Self {
        let conf = self.conf();
        if let Some(saved) = conf.saved.as_deref() {
            super::restore::restore(&self, &conf, saved, now_ms);
        }
        drop(conf);
        self
    }

    /// Makes another server of a place that was given up: everything as a new one has it.
    pub fn let_to(&self, server: Arc<plan::Server>, now_ms: u64) {
        let mut fresh = Self::new(0, Origin::Own(Arc::clone(&server)), Vec::new(), now_ms);
        self.tenure.fetch_add(1, Ordering::Relaxed);
        self.added.store(true, Ordering::Relaxed);
        if let (Some(old), Some(new)) = (self.agent.get(), fresh.agent.get()) {
            *old.view() = new.view().clone();
            *old.target() = new.target().clone();
            old.enabled.store(true, Ordering::Relaxed);
        } else if let Some(new) = fresh.agent.take() {
            // It was empty: only one thread changes servers.
            let _ = self.agent.set(new);
        }
        self.has_agent.store(server.agent.is_some(), Ordering::Relaxed);
        *self.check() = fresh.check().clone();
        self.address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&server.address);
        self.set_check_address(None);
        for (to, from) in [
            (&self.admin, &fresh.admin),
            (&self.warmth, &fresh.warmth),
            (&self.warm_percent, &fresh.warm_percent),
            (&self.iweight, &fresh.iweight),
            (&self.uweight, &fresh.uweight),
            (&self.maxconn, &fresh.maxconn),
            (&self.minconn, &fresh.minconn),
            (&self.max_sess, &fresh.max_sess),
            (&self.queue_max, &fresh.queue_max),
            (&self.check_port, &fresh.check_port),
            (&self.errors_in_row, &fresh.errors_in_row),
        ] {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.set_oper(fresh.oper());
        self.address_epoch.fetch_add(1, Ordering::Relaxed);
        self.check_enabled.store(server.check.is_some(), Ordering::Relaxed);
        self.counters.clear();
        self.sess_rate.clear_max();
        self.times.clear_max();
        self.last_change.store(now_ms, Ordering::Relaxed);
        self.last_session.store(0, Ordering::Relaxed);
        self.down_ms.store(0, Ordering::Relaxed);
        self.tls.store(None);
        self.speaks_tls.store(server.tls_for_traffic, Ordering::Relaxed);
        self.tls_set.store(false, Ordering::Relaxed);
        self.replace(server);
    }

    /// Other settings from now on.
    pub fn replace(&self, server: Arc<plan::Server>) {
        self.later.store(Some(server));
        self.replaced.store(true, Ordering::Release);
    }

    /// `maxqueue`: no more than so many wait for this server.
    pub fn queue_is_full(&self, queued: u32) -> bool {
        let most = self.conf().maxqueue;
        most > 0 && queued >= most
    }

    /// The settings, as the configuration or the runtime API gave them.
    pub fn conf(&self) -> Conf<'_> {
        if self.replaced.load(Ordering::Acquire)
            && let Some(later) = self.later.load_full()
        {
            return Conf::Kept(later);
        }
        Conf::Lasting(self.origin.server())
    }

    /// Came by `add server`.
    pub fn is_added(&self) -> bool {
        self.added.load(Ordering::Relaxed)
    }

    /// The traffic speaks TLS.
    pub fn speaks_tls(&self) -> bool {
        self.speaks_tls.load(Ordering::Relaxed)
    }

    /// 1: it does, 0: it does not, -1: its line says that it must not.
    pub fn tls_number(&self) -> i8 {
        match self.speaks_tls() {
            true => 1,
            false if self.conf().tls_refused && !self.tls_set.load(Ordering::Relaxed) => -1,
            false => 0,
        }
    }

    /// `set server ... ssl`, a state file.
    pub fn set_tls(&self, on: bool) {
        self.speaks_tls.store(on, Ordering::Relaxed);
        self.tls_set.store(true, Ordering::Relaxed);
        // Connections of the other kind are not used again.
        self.address_epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// How to speak TLS to it, where it came while running.
    pub fn own_tls(&self) -> Option<Arc<ClientConfig>> {
        self.tls.load_full()
    }

    pub fn set_own_tls(&self, config: Arc<ClientConfig>) {
        self.tls.store(Some(config));
    }

    pub fn agent(&self) -> Option<&AgentState> {
        let agent = self.has_agent.load(Ordering::Relaxed).then(|| self.agent.get()).flatten();
        agent.map(|a| &**a)
    }

    /// Servers that track this one, in the order they are told: the last that came is the first.
    pub fn trackers(&self) -> Vec<(ProxyId, ServerId)> {
        self.tracking().iter().rev().copied().collect()
    }

    /// The same, to be changed.
    pub fn tracking(&self) -> MutexGuard<'_, Vec<(ProxyId, ServerId)>> {
        self.trackers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session was counted, so that there are `now` of them.
    pub fn count_session(&self, now: u32) {
        raise(&self.max_sess, now);
    }

    pub fn oper(&self) -> Oper {
        match self.oper.load(Ordering::Relaxed) {
            0 => Oper::Stopped,
            1 => Oper::Starting,
            2 => Oper::Running,
            _ => Oper::Stopping,
        }
    }

    pub fn set_oper(&self, oper: Oper) {
        self.oper.store(oper as u8, Ordering::Relaxed);
    }

    pub fn admin(&self) -> u32 {
        self.admin.load(Ordering::Relaxed)
    }

    pub fn in_maintenance(&self) -> bool {
        self.admin() & Admin::MAINT != 0
    }

    /// Takes connections that are bound to it (persistence), even when draining.
    pub fn is_up(&self) -> bool {
        !self.in_maintenance() && self.oper() != Oper::Stopped
    }

    /// Takes new connections from the balancing algorithm.
    pub fn is_usable(&self) -> bool {
        let open = !matches!(self.oper(), Oper::Stopped | Oper::Stopping);
        open && self.admin() & (Admin::MAINT | Admin::DRAIN) == 0 && self.uweight.load(Ordering::Relaxed) > 0
    }

    /// The weight in the farm's unit.
    pub fn effective_weight(&self) -> u32 {
        self.uweight.load(Ordering::Relaxed) * self.warmth.load(Ordering::Relaxed)
    }

    /// Percent of its weight that `slowstart` allows so far, while it does.
    pub fn throttle(&self) -> Option<u32> {
        let starting = self.oper() == Oper::Starting && self.is_usable();
        starting.then(|| self.warmth.load(Ordering::Relaxed) * 100 / SCALE)
    }

    pub fn check(&self) -> MutexGuard<'_, CheckView> {
        // The view is plain data: a panic while it was held leaves nothing half done.
        self.check.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where checks go, as set at run time.
    pub fn check_address(&self) -> Option<Endpoint> {
        self.check_addr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_check_address(&self, to: Option<Endpoint>) {
        *self.check_addr.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }

    /// The name it is looked up by, where that happens while the process runs.
    pub fn naming(&self) -> Option<MutexGuard<'_, Naming>> {
        // A place that changed hands has no name to look up.
        let naming = self.naming.as_ref().filter(|_| !self.is_added());
        Some(naming?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A copy of the effective address.
    pub fn endpoint(&self) -> Option<Endpoint> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Milliseconds spent down until now.
    pub fn downtime_ms(&self, now_ms: u64) -> u64 {
        let before = self.down_ms.load(Ordering::Relaxed).max(0).cast_unsigned();
        if self.oper() == Oper::Stopped {
            before + now_ms.saturating_sub(self.last_change.load(Ordering::Relaxed))
        } else {
            before
        }
    }
}
