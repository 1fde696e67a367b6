//! The two ends of a master and its worker: how a worker is started with the master's sockets, and how it finds them and tells that
//! it serves. A worker is this same program, started anew, so that nothing of the master's memory stays in it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use hapax_runtime::server::BoundListener;
use hapax_sys::rawfd::{self, Passed};

use crate::classic::options::Options;

/// Numbers of the sockets a worker inherits, and of the pipe it reports on.
const SOCKETS: &str = "HAPAX_WORKER_SOCKETS";
const READY: &str = "HAPAX_WORKER_READY";

/// A worker as its master sees it.
pub(super) struct Worker {
    child: Child,
    leaving: bool,
}

/// Starts a worker and waits until it serves.
pub(super) fn start(options: &Options, sockets: &[BoundListener]) -> Result<Worker, String> {
    let (read, write) = rawfd::pipe().map_err(|e| format!("Cannot create a pipe: {e}"))?;
    let mut passed = Vec::new();
    for s in sockets {
        passed.push(Passed::new(&s.socket).map_err(|e| format!("Cannot pass a socket: {e}"))?);
    }
    let ready = Passed::new(&write).map_err(|e| format!("Cannot pass a pipe: {e}"))?;
    let numbers: Vec<String> = passed.iter().map(|p| p.number().to_string()).collect();
    let program = std::env::current_exe().map_err(|e| format!("Cannot find the program: {e}"))?;
    let child = Command::new(program)
        .args(options.worker_args())
        .env(SOCKETS, numbers.join(","))
        .env(READY, ready.number().to_string())
        .env("HAPROXY_MWORKER", "1")
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| format!("Cannot start a worker: {e}"))?;
    drop((passed, ready, write));
    let mut worker = Worker { child, leaving: false };
    let mut byte = [0];
    if matches!(File::from(read).read(&mut byte), Ok(1)) {
        return Ok(worker);
    }
    // The end of the pipe: the worker is gone, and has said why.
    let status = worker.child.wait().map_err(|e| e.to_string())?;
    Err(format!("The worker ended before it was ready ({status})."))
}

impl Worker {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving
    }

    pub(super) fn leave(&mut self, signal: i32) {
        self.leaving = true;
        super::master::signal(self.child.id(), signal);
    }

    /// Exit code, or 128 and the signal, once it ended.
    pub(super) fn ended(&mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt;
        let status = self.child.try_wait().ok()??;
        Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
    }
}

/// In a worker: the sockets its master holds, and the pipe to report on.
pub(super) struct Inheritance {
    pub(super) sockets: Vec<OwnedFd>,
    ready: Option<OwnedFd>,
}

/// Takes what a master left; the variables are meant for this process alone.
pub(super) fn inheritance() -> Inheritance {
    let sockets = std::env::var(SOCKETS).unwrap_or_default();
    let numbers = sockets.split(',').filter_map(|n| n.parse().ok());
    let found = Inheritance {
        sockets: numbers.filter_map(|n| rawfd::take(n).ok()).collect(),
        ready: std::env::var(READY).ok().and_then(|n| rawfd::take(n.parse().ok()?).ok()),
    };
    hapax_sys::env::unset(SOCKETS);
    hapax_sys::env::unset(READY);
    found
}

impl Inheritance {
    /// Tells the master that connections are served.
    pub(super) fn ready(self) {
        if let Some(pipe) = self.ready {
            let _ = File::from(pipe).write_all(&[1]);
        }
    }
}
