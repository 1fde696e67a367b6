//! The one door through which commands see and change the process.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use hapax_config::plan::SocketLevel;
use hapax_runtime::state::Shared;
use hapax_runtime::stats::ProcessFacts;
use hapax_sample::Files;

/// What commands may reach.
pub trait Control: Send + Sync {
    /// Counters, servers, patterns and the plan.
    fn shared(&self) -> &Arc<Shared>;
    fn facts(&self) -> ProcessFacts;
    /// The sockets that are served: address and level.
    fn sockets(&self) -> Vec<(String, SocketLevel)>;
    /// What was said while the process started.
    fn startup_logs(&self) -> String;
    /// Wall clock, microseconds since the epoch.
    fn now_us(&self) -> u64;
    /// The files that options of new servers name.
    fn files(&self) -> &dyn Files;

    /// Sends the listening sockets over a connection of the stats socket, to a successor that asked for them.
    fn hand_over(&self, socket: UnixStream, sockets: Vec<OwnedFd>) {
        let _ = (socket, sockets);
    }

    fn now_ms(&self) -> u64 {
        self.now_us() / 1000
    }
}

/// The door to a running process.
pub struct Live {
    pub shared: Arc<Shared>,
    /// Asked at each use.
    pub facts: Box<dyn Fn() -> ProcessFacts + Send + Sync>,
    pub startup_logs: String,
    pub files: Box<dyn Files + Send + Sync>,
    /// Sends descriptors and waits for the other side; called on the control thread, so it must not block that one.
    pub hand_over: fn(UnixStream, Vec<OwnedFd>),
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live")
    }
}

impl Control for Live {
    fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn facts(&self) -> ProcessFacts {
        (self.facts)()
    }

    fn sockets(&self) -> Vec<(String, SocketLevel)> {
        let all = self.shared.plan.global.stats_sockets.iter();
        all.map(|s| (crate::serve::address_text(&s.bind.address), s.level)).collect()
    }

    fn hand_over(&self, socket: UnixStream, sockets: Vec<OwnedFd>) {
        (self.hand_over)(socket, sockets);
    }

    fn files(&self) -> &dyn Files {
        &*self.files
    }

    fn startup_logs(&self) -> String {
        self.startup_logs.clone()
    }

    fn now_us(&self) -> u64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |d| d.as_micros() as u64)
    }
}
