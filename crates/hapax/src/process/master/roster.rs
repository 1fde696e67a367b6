//! What the master knows of its processes, shared with the connections of its command line.

use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hapax_config::plan::SocketLevel;

use crate::process::worker;

/// A worker as the command line sees it.
#[derive(Clone, Debug)]
pub(in crate::process) struct Member {
    pub(in crate::process) pid: u32,
    pub(in crate::process) leaving: bool,
    pub(in crate::process) since: Instant,
    /// Reloads that it has outlived.
    pub(in crate::process) reloads: u32,
    /// Where sessions are handed to it.
    pub(in crate::process) link: Arc<UnixStream>,
}

#[derive(Debug)]
pub(in crate::process) struct Roster {
    pub(in crate::process) workers: Vec<Member>,
    pub(in crate::process) since: Instant,
    pub(in crate::process) reloads: u32,
    /// Reloads in a row that failed.
    pub(in crate::process) failed: u32,
    /// What was said while the last configuration was loaded.
    pub(in crate::process) startup_log: String,
}

#[derive(Clone, Debug)]
pub(in crate::process) struct Shared(Arc<Mutex<Roster>>);

impl Shared {
    pub(in crate::process) fn new() -> Self {
        Self(Arc::new(Mutex::new(Roster {
            workers: Vec::new(),
            since: Instant::now(),
            reloads: 0,
            failed: 0,
            startup_log: String::new(),
        })))
    }

    /// No holder of the lock can leave it half changed.
    pub(in crate::process) fn lock(&self) -> MutexGuard<'_, Roster> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session with a worker.
    pub(in crate::process) fn open(&self, pid: u32, level: SocketLevel, expert: bool, experimental: bool) -> std::io::Result<UnixStream> {
        let link = self.lock().workers.iter().find(|w| w.pid == pid).map(|w| Arc::clone(&w.link));
        let link = link.ok_or(std::io::ErrorKind::NotFound)?;
        worker::hand_session(&link, level, expert, experimental)
    }

    /// The process that `@1` (the worker that serves) or `@!PID` names.
    pub(in crate::process) fn find(&self, name: &str) -> Option<u32> {
        let roster = self.lock();
        match name.strip_prefix('!') {
            Some(pid) => {
                let pid = pid.parse().ok()?;
                roster.workers.iter().any(|w| w.pid == pid).then_some(pid)
            }
            None if name == "1" => roster.workers.iter().find(|w| !w.leaving).map(|w| w.pid),
            None => None,
        }
    }
}
