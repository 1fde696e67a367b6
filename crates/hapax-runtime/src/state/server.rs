//! Live side of a server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};

use hapax_value::{Endpoint, Millis};

use super::ServerCounters;

/// Administrative bits, as `show servers state` prints them (management guide).
pub struct Admin;

impl Admin {
    pub const FMAINT: u32 = 0x01;
    pub const IMAINT: u32 = 0x02;
    pub const CMAINT: u32 = 0x04;
    pub const FDRAIN: u32 = 0x08;
    pub const IDRAIN: u32 = 0x10;
    pub const RMAINT: u32 = 0x20;
    pub const HMAINT: u32 = 0x40;
    pub const MAINT: u32 = Self::FMAINT | Self::IMAINT | Self::CMAINT | Self::RMAINT;
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
    /// Wall clock milliseconds of the last state change, and of the last session (0: never).
    pub last_change: AtomicU64,
    pub last_session: AtomicU64,
    /// Rise/fall counter as HAProxy shows it; status and duration of the last check.
    pub check: Mutex<CheckView>,
    /// Milliseconds spent down before the current period.
    pub down_ms: AtomicI64,
}

/// What the last check told.
#[derive(Clone, Debug, Default)]
pub struct CheckView {
    /// `L4OK`, `L7STS`, `INI`, ...
    pub status: &'static str,
    pub code: Option<u16>,
    pub duration_ms: Millis,
    pub text: String,
    pub health: u32,
}

impl ServerState {
    pub fn new(workers: usize, address: Option<Endpoint>, weight: u32, maxconn: u32, admin: u32, now_ms: u64) -> Self {
        let oper = if admin & Admin::MAINT == 0 { Oper::Running } else { Oper::Stopped };
        Self {
            admin: AtomicU32::new(admin),
            oper: AtomicU8::new(oper as u8),
            address: Mutex::new(address),
            address_epoch: AtomicU32::new(0),
            iweight: AtomicU32::new(weight),
            uweight: AtomicU32::new(weight),
            maxconn: AtomicU32::new(maxconn),
            cur_sess: AtomicU32::new(0),
            max_sess: AtomicU32::new(0),
            queue_cur: AtomicU32::new(0),
            queue_max: AtomicU32::new(0),
            idle: AtomicU32::new(0),
            counters: ServerCounters::new(workers),
            last_change: AtomicU64::new(now_ms),
            last_session: AtomicU64::new(0),
            check: Mutex::new(CheckView::default()),
            down_ms: AtomicI64::new(0),
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

    /// Takes connections that are bound to it (persistence), even when draining.
    pub fn is_up(&self) -> bool {
        self.admin.load(Ordering::Relaxed) & Admin::MAINT == 0 && self.oper() != Oper::Stopped
    }

    /// Takes new connections from the balancing algorithm.
    pub fn is_usable(&self) -> bool {
        self.is_up() && self.admin.load(Ordering::Relaxed) & Admin::DRAIN == 0 && self.uweight.load(Ordering::Relaxed) > 0
    }
}
