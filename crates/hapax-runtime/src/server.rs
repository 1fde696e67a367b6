//! The running server as the process sees it: started once with its sockets, then told to finish, to stop, or to pause.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hapax_balance::notice::level;
use hapax_config::Plan;
use hapax_config::plan::ProxyCaps;
use hapax_sample::{Now, ProxyId};
use hapax_sys::listen::Listener;

use crate::control::ControlThread;
use crate::log::{DEFAULT_TAG, RingFiles, SharedLogger};
use crate::state::{FrontendOrder, Grade, Shared, Terminal, WorkerCommand};
use crate::tls::TlsTables;
use crate::upstream::pool;
use crate::worker::{self, Start};
use crate::world::LiveWorld;

/// Whom a listening socket belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// `bind` number `bind` of a proxy.
    Bind {
        proxy: ProxyId,
        bind: usize,
    },
    /// `bind` and `dgram-bind` lines of a `log-forward` section.
    LogStream {
        forward: usize,
        bind: usize,
    },
    LogDgram {
        forward: usize,
        bind: usize,
    },
    /// `stats socket` number N of the global section.
    Stats(usize),
    /// The listener of a `peers` section; one that has a port range has several.
    Peers(usize, usize),
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
    /// An older process is about to hand over its stick tables.
    pub replaces: bool,
    /// Where changes of servers and proxies are shown beside the log, if anywhere.
    pub terminal: Option<Terminal>,
    /// Of [`open_backing_files`](crate::log::open_backing_files).
    pub ring_files: RingFiles,
}

/// Counts workers that are ready, and workers that have ended.
#[derive(Debug, Default)]
pub struct Tally {
    count: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Tally {
    pub fn ready(&self) {
        self.count.lock().unwrap_or_else(PoisonError::into_inner).0 += 1;
        self.changed.notify_all();
    }

    pub fn ended(&self) {
        self.count.lock().unwrap_or_else(PoisonError::into_inner).1 += 1;
        self.changed.notify_all();
    }

    fn wait(&self, patience: Duration, enough: impl Fn((usize, usize)) -> bool) -> bool {
        let guard = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(guard, patience, |c| !enough(*c));
        enough(*waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// A handle of the workers. Dropping it leaves them running; the process ends when `main` returns.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    control: ControlThread,
    stats: Vec<(usize, Listener)>,
    tally: Arc<Tally>,
    dropped: Arc<AtomicU64>,
}

impl Server {
    /// Starts the workers and returns when every one of them accepts connections.
    pub fn start(plan: Arc<Plan>, listeners: Vec<BoundListener>, options: &StartOptions) -> io::Result<Self> {
        let threads = options.threads.max(1);
        let start = Instant::now();
        let tls = Arc::new(TlsTables::new(&plan, options.no_server_verify).map_err(io::Error::other)?);
        let shared = Arc::new(Shared::new(plan, threads, options.maxconn, hapax_sys::clock::realtime_us()));
        shared.no_server_verify.store(options.no_server_verify, Ordering::Relaxed);
        shared.certs.serve_with(&tls);
        set_start_vars(&shared);
        shared.logs.back(&options.ring_files);
        let dropped = Arc::new(AtomicU64::new(0));
        connect_events(&shared, &dropped);
        if let Some(terminal) = options.terminal {
            shared.events.show_on(terminal);
        }
        let (stats, binds): (Vec<_>, Vec<_>) = listeners.into_iter().partition(|l| matches!(l.owner, Owner::Stats(_)));
        let (peers, binds): (Vec<_>, Vec<_>) = binds.into_iter().partition(|l| matches!(l.owner, Owner::Peers(..)));
        let tally = Arc::new(Tally::default());
        let idle = pool::share(&shared.plan, threads);
        for (id, sockets) in share(binds, threads)?.into_iter().enumerate() {
            let inbox = shared.mail.open();
            let start = Start {
                id,
                shared: Arc::clone(&shared),
                tls: Arc::clone(&tls),
                dropped: Arc::clone(&dropped),
                clock: start,
                no_splice: options.no_splice,
                sockets,
                inbox,
                tally: Arc::clone(&tally),
                idle: idle.clone(),
            };
            std::thread::Builder::new()
                .name(format!("worker/{}", id + 1))
                .spawn(move || worker::run(start))?;
        }
        let of_server = {
            let tls = Arc::clone(&tls);
            Arc::new(move |p, s| tls.server(p, s).map(|slot| slot.load_full()))
        };
        let control = ControlThread::start(Arc::clone(&shared), of_server)?;
        let (for_names, tls_of_names) = (Arc::clone(&shared), Arc::clone(&tls));
        control.spawn(move || crate::resolve::run(for_names, tls_of_names));
        if !shared.peers.is_empty() {
            let owned = |l: BoundListener| {
                if let Owner::Peers(section, _) = l.owner {
                    Some((section, l.socket))
                } else {
                    None
                }
            };
            let peers: Vec<_> = peers.into_iter().filter_map(owned).collect();
            let (shared, tls, replaces) = (Arc::clone(&shared), Arc::clone(&tls), options.replaces);
            control.spawn(move || {
                crate::peers::start(&shared, &tls, peers, replaces);
                std::future::ready(())
            });
        }
        for forwarder in shared.logs.forwarders(&shared.plan, &tls) {
            control.spawn(move || forwarder.run());
        }
        if !tally.wait(Duration::from_secs(30), |(ready, _)| ready == threads) {
            return Err(io::Error::other("a worker did not start"));
        }
        let stats = stats
            .into_iter()
            .filter_map(|l| if let Owner::Stats(n) = l.owner { Some((n, l.socket)) } else { None })
            .collect();
        Ok(Self {
            shared,
            control,
            stats,
            tally,
            dropped,
        })
    }

    /// The live state, for the runtime API.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Where the runtime API is served.
    pub fn control(&self) -> &ControlThread {
        &self.control
    }

    /// Log messages that were dropped, counting on.
    pub fn dropped_logs(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.dropped)
    }

    /// Listening sockets of `stats socket` lines, by their number: whoever serves them takes them.
    pub fn take_stats(&mut self) -> Vec<(usize, Listener)> {
        std::mem::take(&mut self.stats)
    }

    /// SIGUSR1 while `grace` lasts: rules may tell that this process stops soon, and all else goes on.
    pub fn announce_stop(&self, grace: Duration) {
        self.shared.leaving.store(true, Ordering::Relaxed);
        let text = format!("Scheduling a soft-stop in {} ms.", grace.as_millis());
        self.shared.events.print(Grade::Notice, &text);
        self.shared.events.tell_all(level::WARNING, &text);
    }

    /// `grace` is over.
    pub fn grace_over(&self) {
        let text = "Grace period expired, proceeding with soft-stop now.";
        self.shared.events.print(Grade::Notice, text);
        self.shared.events.tell_all(level::NOTICE, text);
    }

    /// SIGUSR1: listeners close at once, idle keep-alive connections close, streams in flight go on.
    pub fn finish(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.tell_stop();
        self.shared.mail.broadcast(&WorkerCommand::Finish);
        self.shared.peers.iter().for_each(crate::state::PeersState::stop);
    }

    /// SIGTTOU and SIGTTIN: an older process lets go of its ports, or takes them again.
    pub fn pause(&mut self, paused: bool) {
        let order = if paused { FrontendOrder::Pause } else { FrontendOrder::Resume };
        for (p, conf) in self.shared.every_proxy() {
            let changes = p.paused.swap(paused, Ordering::Relaxed) != paused;
            let listens = conf.caps.contains(ProxyCaps::FRONTEND) && !conf.disabled && !p.stopped.load(Ordering::Relaxed);
            if changes && listens {
                self.shared.tell_order(p.id, order);
            }
            self.shared.mail.broadcast(&WorkerCommand::Frontend { proxy: p.id, order });
        }
    }

    /// Waits until the last stream ended after [`finish`](Self::finish); `false` when `patience` was over first.
    pub fn drained(&self, patience: Duration) -> bool {
        self.tally.wait(patience, |(ready, ended)| ended >= ready) && self.handed_over(patience)
    }

    /// Waits until who follows knows what is in the stick tables.
    fn handed_over(&self, patience: Duration) -> bool {
        self.shared.peers.iter().for_each(crate::state::PeersState::drain);
        let done = || self.shared.peers.iter().all(crate::state::PeersState::is_handed_over);
        if !done() {
            std::thread::sleep(patience.min(Duration::from_millis(10)));
        }
        done()
    }

    /// `hard-stop-after` is over: what still runs is about to be cut.
    pub fn tell_hard_stop(&self) {
        self.shared.tell_hard_stop();
    }

    /// SIGHUP
    pub fn tell_states(&self) {
        self.shared.tell_states();
    }
}

/// Variables that the configuration sets, before anyone looks at them.
fn set_start_vars(shared: &Arc<Shared>) {
    if shared.plan.global.start_vars.is_empty() {
        return;
    }
    let world = LiveWorld::new(Arc::clone(shared), 0);
    let now = Now {
        wall_us: hapax_sys::clock::realtime_us(),
        mono_ms: 0,
    };
    for var in &shared.plan.global.start_vars {
        var.set(now, &world);
    }
}

/// State changes go to the log of the proxy they are about.
fn connect_events(shared: &Arc<Shared>, dropped: &Arc<AtomicU64>) {
    let logger = SharedLogger::new(shared.plan.global.log_hostname.clone(), Arc::clone(dropped));
    // What is shared holds the way out, which must not hold it in turn.
    let shared_by = Arc::downgrade(shared);
    shared.events.connect(Box::new(move |proxy, level, text| {
        let Some(shared) = shared_by.upgrade() else { return };
        let proxy = proxy.map(|p| shared.conf(p));
        let own = proxy.and_then(|p| p.log_tag.as_deref());
        let tag = own.or(shared.plan.global.log_tag.as_deref()).unwrap_or(DEFAULT_TAG);
        logger.send(
            &shared,
            proxy.map_or(&shared.plan.global.log, |p| &p.log),
            tag,
            level,
            text.as_bytes(),
        );
        tracing::info!(proxy = proxy.map_or("", |p| &p.name), "{text}");
    }));
}

/// Sockets of each worker: of those that were bound once per worker one each, of the others a duplicate each.
fn share(binds: Vec<BoundListener>, threads: usize) -> io::Result<Vec<Vec<BoundListener>>> {
    let mut all: Vec<Vec<BoundListener>> = (0..threads).map(|_| Vec::new()).collect();
    let mut rest = binds.into_iter().peekable();
    while let Some(first) = rest.next() {
        let owner = first.owner;
        let mut sockets = vec![first.socket];
        while let Some(next) = rest.next_if(|l| l.owner == owner) {
            sockets.push(next.socket);
        }
        for (i, worker) in all.iter_mut().enumerate() {
            let socket = sockets[i % sockets.len()].try_clone()?;
            worker.push(BoundListener { owner, socket });
        }
    }
    Ok(all)
}
