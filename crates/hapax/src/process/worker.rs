//! The two ends of a master and its worker: how a worker is started with the master's sockets, and how it finds them and tells that
//! it serves. A worker is this same program, started anew, so that nothing of the master's memory stays in it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use hapax_config::plan::SocketLevel;
use hapax_runtime::server::BoundListener;
use hapax_sys::fdpass;
use hapax_sys::rawfd::{self, Passed};

use crate::classic::options::Options;

/// Numbers of the sockets a worker inherits, of the pipe it reports on, and of the socket its master hands it sessions through.
const SOCKETS: &str = "HAPAX_WORKER_SOCKETS";
const READY: &str = "HAPAX_WORKER_READY";
const LINK: &str = "HAPAX_WORKER_LINK";
/// There when another worker is about to leave.
const REPLACES: &str = "HAPAX_WORKER_REPLACES";

/// A worker as its master sees it.
pub(super) struct Worker {
    child: Child,
    leaving: bool,
    link: Arc<UnixStream>,
}

/// Starts a worker and waits until it serves.
///
/// `replaces`: another one will leave then.
pub(super) fn start(options: &Options, sockets: &[BoundListener], replaces: bool) -> Result<Worker, String> {
    let (read, write) = rawfd::pipe().map_err(|e| format!("Cannot create a pipe: {e}"))?;
    let mut passed = Vec::new();
    for s in sockets {
        passed.push(Passed::new(&s.socket).map_err(|e| format!("Cannot pass a socket: {e}"))?);
    }
    let (ours, theirs) = UnixStream::pair().map_err(|e| format!("Cannot create a socket pair: {e}"))?;
    let link = Passed::new(&theirs).map_err(|e| format!("Cannot pass a socket: {e}"))?;
    let ready = Passed::new(&write).map_err(|e| format!("Cannot pass a pipe: {e}"))?;
    let numbers: Vec<String> = passed.iter().map(|p| p.number().to_string()).collect();
    let program = std::env::current_exe().map_err(|e| format!("Cannot find the program: {e}"))?;
    let child = Command::new(program)
        .args(options.worker_args())
        .env(SOCKETS, numbers.join(","))
        .env(READY, ready.number().to_string())
        .env(LINK, link.number().to_string())
        .env("HAPROXY_MWORKER", "1")
        .env(REPLACES, if replaces { "1" } else { "" })
        .env_remove("NOTIFY_SOCKET")
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| format!("Cannot start a worker: {e}"))?;
    drop((passed, ready, write, link, theirs));
    let mut worker = Worker {
        child,
        leaving: false,
        link: Arc::new(ours),
    };
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

    /// Where sessions are handed to it.
    pub(super) fn link(&self) -> Arc<UnixStream> {
        Arc::clone(&self.link)
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
    /// Another worker is about to leave.
    pub(super) replaces: bool,
    /// Where the master hands sessions of its command line through.
    pub(super) link: Option<UnixStream>,
}

/// Takes what a master left; the variables are meant for this process alone.
pub(super) fn inheritance() -> Inheritance {
    let sockets = std::env::var(SOCKETS).unwrap_or_default();
    let numbers = sockets.split(',').filter_map(|n| n.parse().ok());
    let found = Inheritance {
        sockets: numbers.filter_map(|n| rawfd::take(n).ok()).collect(),
        ready: named(READY),
        replaces: std::env::var(REPLACES).is_ok_and(|v| !v.is_empty()),
        link: named(LINK).map(UnixStream::from),
    };
    hapax_sys::env::unset(SOCKETS);
    hapax_sys::env::unset(READY);
    hapax_sys::env::unset(LINK);
    hapax_sys::env::unset(REPLACES);
    found
}

fn named(variable: &str) -> Option<OwnedFd> {
    std::env::var(variable).ok().and_then(|n| rawfd::take(n.parse().ok()?).ok())
}

/// In a master: opens a session with the worker behind `link`. One byte says who talks: the level, and the modes that are on.
pub(super) fn hand_session(link: &UnixStream, level: SocketLevel, expert: bool, experimental: bool) -> std::io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    let level = match level {
        SocketLevel::User => 0,
        SocketLevel::Operator => 1,
        SocketLevel::Admin => 2,
    };
    let byte = level | u8::from(expert) << 2 | u8::from(experimental) << 3;
    fdpass::send(link, &[byte], &[theirs.as_fd()])?;
    Ok(ours)
}

/// What [`hand_session`]'s byte says: level, expert, experimental.
pub(super) fn who(byte: u8) -> (SocketLevel, bool, bool) {
    let level = match byte & 3 {
        0 => SocketLevel::User,
        1 => SocketLevel::Operator,
        _ => SocketLevel::Admin,
    };
    (level, byte & 4 != 0, byte & 8 != 0)
}

impl Inheritance {
    /// Tells the master that connections are served.
    pub(super) fn ready(self) {
        if let Some(pipe) = self.ready {
            // A worker without its master would hold the ports with nobody to reload or to stop it.
            if let Err(e) = hapax_sys::daemon::stop_with_parent() {
                tracing::warn!("a worker would outlive its master: {e}");
            }
            let _ = File::from(pipe).write_all(&[1]);
        }
    }
}
