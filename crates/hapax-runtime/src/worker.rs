//! One worker: an OS thread with its own tokio runtime, timers, pools and sockets. Nothing in it is shared.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use hapax_config::Plan;
use hapax_config::plan::Options;
use hapax_sample::{Now, ProxyId, ServerId};
use hapax_sys::listen::Listener;
use hapax_value::Millis;
use slab::Slab;
use tokio::runtime::LocalOptions;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::listener::{self, ListenerFacts};
use crate::log::Logger;
use crate::server::{BoundListener, Owner, Tally};
use crate::state::{FrontendOrder, Parcel, SessionRow, Shared, Wish, WorkerCommand};
use crate::stream::StreamParts;
use crate::timer::Timers;
use crate::tls::TlsTables;
use crate::upstream::pool::{Pools, SharedIdle, Wanted};
use crate::world::LiveWorld;

/// Streams' memory kept for the next ones.
const KEPT_STREAMS: usize = 256;
const PURGE_EVERY: Duration = Duration::from_secs(1);
/// How long a connection is idle before a soft stop ends it: the next request of a busy client, already on its way, would be lost.
const STILL_BUSY_MS: Millis = 500;
/// How often a finishing worker looks for connections that have become idle.
const DRAIN_LOOK: Duration = Duration::from_millis(20);

/// What every task of a worker can reach.
pub(crate) struct Worker {
    pub id: usize,
    pub shared: Arc<Shared>,
    pub timers: Rc<Timers>,
    pub logger: RefCell<Logger>,
    pub pools: Pools,
    pub tls: Arc<TlsTables>,
    pub world: LiveWorld,
    /// Live client connections, for `show sess`, `shutdown session` and soft stop.
    pub sessions: RefCell<Slab<Rc<SessionEntry>>>,
    #[expect(clippy::vec_box, reason = "streams hold them boxed; moving a pointer is all there is to do")]
    parts: RefCell<Vec<Box<StreamParts>>>,
    /// The wall clock comes from the monotonic one: one reading gives both.
    wall_at_start_us: u64,
    /// Client connections accepted and not yet ended.
    pub slots: Cell<usize>,
    /// Tasks waiting for a connection slot.
    pub held_listeners: RefCell<Vec<Waker>>,
    /// Bodies are copied rather than spliced.
    pub no_splice: bool,
}

/// A live client connection as others may see and end it.
#[derive(Debug, Default)]
pub(crate) struct SessionEntry {
    pub id: u64,
    pub frontend: u32,
    pub src: Option<SocketAddr>,
    pub requests: Cell<u64>,
    /// Since when it is between two requests; 0: it is not.
    pub idle_since: Cell<Millis>,
    /// Asked to end.
    pub kill: Cell<bool>,
    pub waker: RefCell<Option<Waker>>,
    /// Backend and server of the stream under way.
    pub backend: Cell<Option<ProxyId>>,
    pub server: Cell<Option<u32>>,
    pub since_us: Cell<u64>,
}

/// What a worker is started with.
pub(crate) struct Start {
    pub id: usize,
    pub shared: Arc<Shared>,
    pub tls: Arc<TlsTables>,
    pub dropped: Arc<AtomicU64>,
    pub clock: Instant,
    pub no_splice: bool,
    pub sockets: Vec<BoundListener>,
    pub inbox: UnboundedReceiver<WorkerCommand>,
    pub tally: Arc<Tally>,
    /// Idle connections to servers that all workers may take.
    pub idle: Option<SharedIdle>,
}

/// The body of a worker thread: returns when the process stops and its last stream has ended.
pub(crate) fn run(start: Start) {
    let tally = Arc::clone(&start.tally);
    hapax_sys::alloc::keep_records();
    match tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build_local(LocalOptions::default())
    {
        Ok(runtime) => runtime.block_on(serve(start)),
        Err(e) => tracing::error!("a worker cannot start: {e}"),
    }
    tally.ended();
}

async fn serve(start: Start) {
    let Start {
        sockets, mut inbox, tally, ..
    } = start;
    let logger = Logger::new(start.shared.plan.global.log_hostname.clone(), start.dropped);
    let pools = Pools::new(&start.shared.plan, start.idle, start.id);
    let worker = Worker::new(start.id, start.shared, logger, start.tls, start.clock, pools, start.no_splice);
    tokio::task::spawn_local(Rc::clone(&worker.timers).drive());
    tokio::task::spawn_local(purge(Rc::clone(&worker)));
    tokio::task::spawn_local(pace(Rc::clone(&worker)));
    let mut listeners = Listeners::default();
    for BoundListener { owner, socket } in sockets {
        let (proxy, bind) = match owner {
            Owner::Bind { proxy, bind } => (proxy, bind),
            Owner::LogStream { forward, bind } | Owner::LogDgram { forward, bind } => {
                let receiver = crate::log::receive::run(Rc::clone(&worker), forward, bind, socket);
                listeners.receivers.push(tokio::task::spawn_local(receiver));
                continue;
            }
            Owner::Stats(_) | Owner::Peers(..) => continue,
        };
        let conf = &worker.plan().proxies[proxy.0 as usize].binds[bind];
        let facts = Rc::new(ListenerFacts::new(&worker, proxy, bind, conf, &socket));
        if let Ok(spare) = socket.try_clone() {
            listeners.spares.push((Rc::clone(&facts), spare));
        }
        let task = tokio::task::spawn_local(listener::run(Rc::clone(&worker), facts, socket));
        listeners.tasks.push((proxy, task));
    }
    tally.ready();
    while let Some(command) = inbox.recv().await {
        if matches!(command, WorkerCommand::Finish) {
            break;
        }
        worker.obey(command, &mut listeners);
    }
    listeners.close(&worker).await;
    worker.soft_stop();
    while worker.slots.get() > 0 {
        tokio::select! {
            command = inbox.recv() => if let Some(command) = command { worker.obey(command, &mut listeners) },
            () = tokio::time::sleep(DRAIN_LOOK) => worker.soft_stop(),
        }
    }
}

/// Closes idle connections that nobody needs any more, at the pace of each server.
async fn pace(worker: Rc<Worker>) {
    let pools = &worker.pools;
    loop {
        let news = pools.news.notified();
        match pools.next_round() {
            None => news.await,
            Some(at) => {
                let wait = Duration::from_millis(at.saturating_sub(worker.now_ms()));
                tokio::select! {
                    () = news => continue,
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
        pools.look_through(worker.now_ms(), |p, s| {
            (worker.shared.server(p, s), worker.shared.server_conf(p, s).pool_purge_delay)
        });
    }
}

/// Idle upstream connections that their servers have closed are closed once a second, and table entries whose time is over go.
async fn purge(worker: Rc<Worker>) {
    loop {
        tokio::time::sleep(PURGE_EVERY).await;
        worker.pools.cull(|p, s| worker.shared.server(p, s));
        // One worker is enough for what all share.
        while worker.id == 0 && worker.shared.tables.sweep(worker.now().wall_us / 1000) {
            tokio::task::yield_now().await;
        }
    }
}

/// The accept loops of a worker.
#[derive(Default)]
pub(crate) struct Listeners {
    tasks: Vec<(ProxyId, JoinHandle<()>)>,
    /// Of `log-forward` sections.
    receivers: Vec<JoinHandle<()>>,
    /// Another descriptor of each socket, for the last look into its queue.
    spares: Vec<(Rc<ListenerFacts>, Listener)>,
}

impl Listeners {
    /// Takes what the kernel has accepted already, then lets go of every socket: closing one resets the connections in its queue.
    async fn close(&mut self, worker: &Rc<Worker>) {
        for task in self.tasks.drain(..).map(|(_, t)| t).chain(self.receivers.drain(..)) {
            task.abort();
            // Aborted or not: what counts is that its socket is gone.
            let _ = task.await;
        }
        for (facts, spare) in self.spares.drain(..) {
            listener::last_call(worker, &facts, &spare);
        }
    }

    fn stop(&mut self, which: impl Fn(ProxyId) -> bool) {
        self.tasks.retain(|(p, task)| {
            if which(*p) {
                task.abort();
            }
            !which(*p)
        });
        self.spares.retain(|(facts, _)| !which(facts.proxy));
    }
}

impl SessionEntry {
    fn row(&self) -> SessionRow {
        SessionRow {
            id: self.id,
            src: self.src,
            src_text: self.src.is_none().then(|| "unix:1".to_owned()),
            frontend: ProxyId(self.frontend),
            backend: self.backend.get(),
            server: self.server.get().map(ServerId),
            started_us: self.since_us.get(),
            requests: self.requests.get(),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Ends the connection at its next wait.
    pub(crate) fn end(&self) {
        self.kill.set(true);
        if let Some(w) = self.waker.borrow().as_ref() {
            w.wake_by_ref();
        }
    }
}

impl Worker {
    pub(crate) fn new(
        id: usize,
        shared: Arc<Shared>,
        logger: Logger,
        tls: Arc<TlsTables>,
        start: Instant,
        pools: Pools,
        no_splice: bool,
    ) -> Rc<Self> {
        let wall_at_start_us = hapax_sys::clock::realtime_us() - start.elapsed().as_micros() as u64;
        Rc::new(Self {
            id,
            timers: Timers::new(start),
            logger: RefCell::new(logger),
            pools,
            tls,
            world: LiveWorld::new(Arc::clone(&shared), id),
            sessions: RefCell::default(),
            parts: RefCell::default(),
            wall_at_start_us,
            slots: Cell::new(0),
            held_listeners: RefCell::default(),
            no_splice,
            shared,
        })
    }

    fn obey(&self, command: WorkerCommand, listeners: &mut Listeners) {
        let sessions = self.sessions.borrow();
        let each = || sessions.iter().map(|(_, s)| s);
        match command {
            WorkerCommand::EndServerSessions { proxy, server, .. } => {
                each()
                    .filter(|s| s.backend.get() == Some(proxy) && s.server.get() == Some(server.0))
                    .for_each(|s| s.end());
            }
            WorkerCommand::EndBackupSessions { proxy } => {
                let backup = |i: u32| self.shared.server_conf(proxy, ServerId(i)).backup;
                each()
                    .filter(|s| s.backend.get() == Some(proxy) && s.server.get().is_some_and(backup))
                    .for_each(|s| s.end());
            }
            WorkerCommand::EndSession { id } => each().filter(|s| s.id == id).for_each(|s| s.end()),
            WorkerCommand::DropIdle { proxy, server } => {
                self.pools.drop_idle(proxy, server, self.shared.server(proxy, server));
            }
            WorkerCommand::LendIdle(wish) => self.lend(&wish),
            WorkerCommand::KeepIdle { proxy, server, parcel } => self.keep(proxy, server, &parcel),
            WorkerCommand::ListSessions { reply } => {
                // Whoever asked may have gone.
                let _ = reply.send(each().map(|s| s.row()).collect());
            }
            WorkerCommand::Sockets { reply } => {
                let copies = listeners.spares.iter().map(|(_, s)| s.as_fd().try_clone_to_owned());
                // Whoever asked may have gone.
                let _ = reply.send(copies.filter_map(Result::ok).collect());
            }
            WorkerCommand::Frontend {
                proxy,
                order: FrontendOrder::Stop,
            } => listeners.stop(|p| p == proxy),
            WorkerCommand::Frontend { .. } | WorkerCommand::LimitsChanged => {
                drop(sessions);
                self.slot_freed();
            }
            WorkerCommand::Finish => {}
        }
    }

    /// `check-reuse-pool`: an idle connection for a health check.
    fn lend(&self, wish: &Wish) {
        wish.parcel.fill(|| {
            let conf = self.shared.server_conf(wish.proxy, wish.server);
            self.pools.take(&Wanted {
                proxy: wish.proxy,
                server: wish.server,
                state: self.shared.server(wish.proxy, wish.server),
                key: wish.key,
                served: wish.served,
                // To `http-reuse`, a check is the first request of a client.
                first: true,
                low: conf.pool_low_conn,
            })
        });
        // The check may have lost its patience.
        let _ = wish.looked.send(());
    }

    /// A health check gives its connection back, or leaves its own.
    fn keep(&self, proxy: ProxyId, server: ServerId, parcel: &Parcel) {
        let Some(mut up) = parcel.open() else { return };
        if up.io.change_worker() && !self.stopping() {
            let state = self.shared.server(proxy, server);
            let conf = self.shared.server_conf(proxy, server);
            let used = state.need.used() + 1;
            self.pools.put((proxy, server), &conf, state, used, up, self.now_ms());
        } else {
            up.close();
        }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.shared.plan
    }

    /// Both clocks, read once.
    pub(crate) fn now(&self) -> Now {
        let us = self.timers.now_us();
        Now {
            wall_us: self.wall_at_start_us + us,
            mono_ms: us / 1000 + 1,
        }
    }

    /// Milliseconds, as [`Timers::now`] counts them.
    pub(crate) fn now_ms(&self) -> Millis {
        self.timers.now()
    }

    pub(crate) fn stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn take_parts(&self) -> Box<StreamParts> {
        self.parts.borrow_mut().pop().unwrap_or_default()
    }

    pub(crate) fn give_parts(&self, mut parts: Box<StreamParts>) {
        let mut kept = self.parts.borrow_mut();
        if kept.len() < KEPT_STREAMS {
            parts.clear(&self.world);
            kept.push(parts);
        }
    }

    /// Ends connections that have been idle for a while, and lets the others end after a response that says so.
    pub(crate) fn soft_stop(&self) {
        for (_, s) in self.sessions.borrow().iter() {
            // `option idle-close-on-response`: it ends with its next response, or by its timeout.
            let waits = self.plan().proxies[s.frontend as usize]
                .options
                .contains(Options::IDLE_CLOSE_RESPONSE);
            let since = s.idle_since.get();
            if since != 0 && self.now_ms() >= since + STILL_BUSY_MS && !waits {
                s.end();
            }
        }
        self.pools.clear();
    }

    /// A client connection has ended: listeners held back by `maxconn` may go on.
    pub(crate) fn slot_freed(&self) {
        for w in self.held_listeners.borrow_mut().drain(..) {
            w.wake();
        }
    }
}
