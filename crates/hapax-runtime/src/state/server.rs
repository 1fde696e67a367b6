//! Live side of a server.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hapax_balance::{Health, Outcome, SCALE};
use hapax_config::plan;
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;
use tokio::sync::Notify;

use super::{RateMeter, ServerCounters, Times};

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

#[derive(Debug)]
pub struct ServerState {
    pub admin: AtomicU32,
    oper: AtomicU8,
    /// Effective address; `None`: not resolved.
    pub address: Mutex<Option<Endpoint>>,
    /// Bumped when `address` changes, so that workers drop what they cached.
    pub address_epoch: AtomicU32,
    /// Weight as configured and as set at run time.
    pub iweight: AtomicU32,
    pub uweight: AtomicU32,
    pub maxconn: AtomicU32,
    pub cur_sess: AtomicU32,
    pub max_sess: AtomicU32,
    /// Streams waiting for this server.
    pub queue_cur: AtomicU32,
    pub queue_max: AtomicU32,
    /// Idle upstream connections, all workers.
    pub idle: AtomicU32,
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
    /// `set server check-port`; 0: as configured.
    pub check_port: AtomicU32,
    /// `set server check-addr`
    check_addr: Mutex<Option<Endpoint>>,
    /// Asks for the next check before its time.
    pub check_soon: Notify,
    /// Errors of the traffic in a row (`observe`).
    pub errors_in_row: AtomicU32,
    pub agent: Option<AgentState>,
    /// Milliseconds spent down before the current period.
    pub down_ms: AtomicI64,
    /// Servers that track this one.
    pub trackers: Vec<(ProxyId, ServerId)>,
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
        }
    }
}

impl ServerState {
    pub fn new(workers: usize, server: &plan::Server, trackers: Vec<(ProxyId, ServerId)>, now_ms: u64) -> Self {
        let admin = if server.disabled { Admin::CMAINT | Admin::FMAINT } else { 0 };
        let oper = if admin & Admin::MAINT == 0 { Oper::Running } else { Oper::Stopped };
        let health = server.check.as_ref().map_or(Health::new(1, 1), |c| Health::new(c.rise, c.fall));
        let zero = || AtomicU32::new(0);
        Self {
            admin: AtomicU32::new(admin),
            oper: AtomicU8::new(oper as u8),
            address: Mutex::new(server.address.clone()),
            address_epoch: zero(),
            iweight: AtomicU32::new(server.weight),
            uweight: AtomicU32::new(server.weight),
            maxconn: AtomicU32::new(server.maxconn),
            cur_sess: zero(),
            max_sess: zero(),
            queue_cur: zero(),
            queue_max: zero(),
            idle: zero(),
            counters: ServerCounters::new(workers),
            sess_rate: RateMeter::new(workers),
            times: Times::new(workers),
            last_change: AtomicU64::new(now_ms),
            last_session: AtomicU64::new(0),
            check: Mutex::new(CheckView::new(health)),
            check_enabled: AtomicBool::new(server.check.is_some()),
            check_port: zero(),
            check_addr: Mutex::new(None),
            check_soon: Notify::new(),
            errors_in_row: zero(),
            agent: server.agent.as_ref().map(AgentState::new),
            down_ms: AtomicI64::new(0),
            trackers,
        }
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
        self.uweight.load(Ordering::Relaxed) * SCALE
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
