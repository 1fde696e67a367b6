//! Accepts connections of one `bind` address on one worker, within the limits of `maxconn`.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use hapax_config::plan::{Bind, Mode, Options, Proxy, TcpKeepAlive};
use hapax_sample::ProxyId;
use hapax_sys::listen::Listener;
use hapax_value::Endpoint;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{UnixListener, UnixStream};

use crate::io::{Raw, Tcp};
use crate::session;
use crate::state::{ProxyState, RateMeter, raise};
use crate::timer::AtOneTime;
use crate::tls::BindSlot;
use crate::worker::Worker;

/// What all connections of a `bind` line have in common.
#[derive(Debug)]
pub(crate) struct ListenerFacts {
    pub proxy: ProxyId,
    pub bind: u32,
    pub id: u32,
    pub name: Arc<str>,
    pub tls: Option<BindSlot>,
    /// The address bound to, where it is one single address.
    pub local: Option<Endpoint>,
}

enum Socket {
    Tcp(AsyncFd<std::net::TcpListener>),
    Unix(UnixListener),
}

/// A client connection in the counters; gives its place back when dropped.
pub(crate) struct Slot {
    worker: Rc<Worker>,
    proxy: ProxyId,
    bind: u32,
}

impl ListenerFacts {
    pub(crate) fn new(worker: &Worker, proxy: ProxyId, index: usize, bind: &Bind, socket: &Listener) -> Self {
        let local = socket.local_addr();
        Self {
            proxy,
            bind: index as u32,
            id: bind.id,
            name: bind.name.clone().unwrap_or_else(|| Arc::from("")),
            tls: worker.tls.bind(proxy.0, index as u32).cloned(),
            local: local.filter(|a| !a.ip().is_unspecified()).map(Endpoint::Ip),
        }
    }
}

/// Accepts until the task is aborted.
pub(crate) async fn run(worker: Rc<Worker>, facts: Rc<ListenerFacts>, socket: Listener) {
    if let Listener::Tcp(l) = &socket {
        // Accepted connections inherit them: that many system calls less for each of them.
        let _ = hapax_sys::sockopt::set_nodelay(l, true);
        prepare(&worker, &facts, l);
    }
    let socket = match socket {
        Listener::Tcp(l) => watch(l).map(Socket::Tcp),
        Listener::Unix(l) => UnixListener::from_std(l).map(Socket::Unix),
        Listener::Udp(_) => Err(io::ErrorKind::Unsupported.into()),
    };
    let Ok(socket) = socket else {
        tracing::error!("a listening socket cannot be polled");
        return;
    };
    let plan = Arc::clone(&worker.shared.plan);
    let proxy = &plan.proxies[facts.proxy.0 as usize];
    loop {
        wait_for_room(&worker, facts.proxy, proxy).await;
        let Some(accepted) = accept_unless_paused(&worker, facts.proxy, &socket).await else {
            continue;
        };
        match accepted {
            Ok((raw, from)) => {
                let slot = Slot::take(&worker, &facts);
                serve(&worker, &facts, raw, from, slot);
                others_first().await;
            }
            Err(e) if is_of_one_connection(&e) => {}
            Err(e) => {
                // Out of descriptors or memory: the connection stays in the kernel's queue for a while.
                tracing::warn!("accept: {e}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn serve(worker: &Rc<Worker>, facts: &Rc<ListenerFacts>, raw: Raw, from: Option<SocketAddr>, slot: Slot) {
    let session = session::run(Rc::clone(worker), Rc::clone(facts), raw, from, slot);
    tokio::task::spawn_local(AtOneTime::new(&worker.timers, session));
}

/// Lets what is ready run before more is accepted: a connection is served while all of it is in the caches, and those that are
/// open already do not wait for a crowd at the door.
async fn others_first() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[expect(deprecated, reason = "sound here: a listener owns its descriptor, whose number does not change")]
fn watch(l: std::net::TcpListener) -> io::Result<AsyncFd<std::net::TcpListener>> {
    AsyncFd::with_interest(l, Interest::READABLE)
}

/// Options of the connections to come, by `tune.*`, `option clitcpka`, `option tcp-smart-accept` and `cc`.
fn prepare(worker: &Worker, facts: &ListenerFacts, socket: &std::net::TcpListener) {
    use hapax_sys::sockopt;
    let proxy = &worker.plan().proxies[facts.proxy.0 as usize];
    let b = worker.plan().global.client_buffers;
    let mut failed = sockopt::set_buffers(socket, b.receive, b.send, b.unsent).err();
    // A request that is answered at once needs no acknowledgement of its own.
    let with_answer = if proxy.mode == Mode::Http {
        !proxy.options.contains(Options::NO_SMART_ACCEPT)
    } else {
        proxy.options.contains(Options::TCP_SMART_ACCEPT)
    };
    failed = sockopt::set_quickack(socket, !with_answer).err().or(failed);
    if proxy.options.contains(Options::CLITCPKA) {
        failed = sockopt_keepalive(socket, proxy.client_keepalive).err().or(failed);
    }
    let save = proxy.binds[facts.bind as usize].save_syn;
    if save > 0 {
        failed = sockopt::set_save_syn(socket, save).err().or(failed);
    }
    if let Some(name) = &proxy.binds[facts.bind as usize].cc {
        failed = sockopt::set_congestion(socket, name).err().or(failed);
    }
    if let Some(e) = failed {
        tracing::warn!(proxy = %proxy.name, "a socket option of the listener was refused: {e}");
    }
}

/// TCP keep-alive with what the configuration says of it.
pub(crate) fn sockopt_keepalive(socket: impl AsFd, k: TcpKeepAlive) -> io::Result<()> {
    let seconds = |n: Option<u32>| n.map(|n| Duration::from_secs(u64::from(n)));
    hapax_sys::sockopt::set_keepalive(socket, seconds(k.idle), seconds(k.interval), k.count)
}

/// The next connection; `None` where the frontend was paused meanwhile: then the connection stays in the kernel's queue.
async fn accept_unless_paused(worker: &Worker, id: ProxyId, socket: &Socket) -> Option<io::Result<(Raw, Option<SocketAddr>)>> {
    let state = worker.shared.proxy(id);
    let accepting = accept(socket);
    tokio::pin!(accepting);
    std::future::poll_fn(|cx| {
        if state.paused.load(Ordering::Relaxed) {
            return Poll::Ready(None);
        }
        accepting.as_mut().poll(cx).map(Some)
    })
    .await
}

async fn accept(socket: &Socket) -> io::Result<(Raw, Option<SocketAddr>)> {
    match socket {
        Socket::Tcp(l) => {
            let (s, from) = l.async_io(Interest::READABLE, hapax_sys::listen::accept).await?;
            Ok((Raw::Tcp(Tcp::Fresh(s)), Some(from)))
        }
        Socket::Unix(l) => Ok((Raw::Unix(l.accept().await?.0), None)),
    }
}

/// Serves the connections that wait in a socket's queue; the caller closes it next.
pub(crate) fn last_call(worker: &Rc<Worker>, facts: &Rc<ListenerFacts>, socket: &Listener) {
    loop {
        let accepted = match socket {
            Listener::Tcp(l) => hapax_sys::listen::accept(l).map(|(s, from)| (Raw::Tcp(Tcp::Fresh(s)), Some(from))),
            Listener::Unix(l) => l.accept().and_then(|(s, _)| {
                s.set_nonblocking(true)?;
                Ok((Raw::Unix(UnixStream::from_std(s)?), None))
            }),
            Listener::Udp(_) => return,
        };
        let (raw, from) = match accepted {
            Ok(a) => a,
            Err(e) if is_of_one_connection(&e) => continue,
            Err(_) => return,
        };
        let slot = Slot::take(worker, facts);
        serve(worker, facts, raw, from, slot);
    }
}

/// The peer was gone before it was accepted: nothing is wrong here.
fn is_of_one_connection(e: &io::Error) -> bool {
    matches!(
        e.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// Holds the listener back while the process or the frontend has as many connections as it may have.
async fn wait_for_room(worker: &Worker, id: ProxyId, proxy: &Proxy) {
    let state = worker.shared.proxy(id);
    let mut patience = None;
    std::future::poll_fn(|cx| {
        let paused = state.paused.load(Ordering::Relaxed);
        if !paused && has_room(worker, state, proxy) {
            return Poll::Ready(());
        }
        worker.held_listeners.borrow_mut().push(cx.waker().clone());
        // Another worker may free the slot: look again now and then.
        let sleep = patience.insert(Box::pin(tokio::time::sleep(Duration::from_millis(20))));
        let _ = sleep.as_mut().poll(cx);
        Poll::Pending
    })
    .await;
}

fn has_room(worker: &Worker, state: &ProxyState, proxy: &Proxy) -> bool {
    if !within_rates(worker, state, proxy) {
        return false;
    }
    let max = state.maxconn.load(Ordering::Relaxed);
    worker.shared.conns.load(Ordering::Relaxed) < worker.shared.maxconn.load(Ordering::Relaxed)
        && (max == 0 || state.fe_cur.load(Ordering::Relaxed) < max)
}

/// `rate-limit sessions`, `maxconnrate`, `maxsessrate`, `maxsslrate`: `set rate-limit`: without them no clock is read.
fn within_rates(worker: &Worker, state: &ProxyState, proxy: &Proxy) -> bool {
    let rates = &worker.shared.limits;
    let [conns, sessions, tls] = [&rates.conns, &rates.sessions, &rates.tls].map(|r| r.load(Ordering::Relaxed));
    if proxy.rate_limit | conns | sessions | tls == 0 {
        return true;
    }
    let now = worker.now().wall_us / 1000;
    let below = |limit: u32, meter: &RateMeter| limit == 0 || meter.read(now) < limit;
    let shared = &worker.shared;
    // A connection becomes a session a moment later: counted when it is accepted, none slips through.
    below(proxy.rate_limit, &state.conn_rate)
        && below(conns, &shared.conn_rate)
        && below(sessions, &shared.conn_rate)
        && below(tls, &shared.ssl_rate)
}

impl Slot {
    fn take(worker: &Rc<Worker>, facts: &ListenerFacts) -> Self {
        let proxy = facts.proxy;
        let shared = &worker.shared;
        let now = shared.conns.fetch_add(1, Ordering::Relaxed) + 1;
        raise(&shared.conns_max, now);
        shared.conns_total.fetch_add(1, Ordering::Relaxed);
        let state = shared.proxy(proxy);
        raise(&state.fe_max, state.fe_cur.fetch_add(1, Ordering::Relaxed) + 1);
        let here = state.listeners[facts.bind as usize].fetch_add(1, Ordering::Relaxed) + 1;
        state.fe.conn_tot.inc(worker.id);
        if let Some(own) = state.own_counters(facts.bind) {
            own.counters.conn_tot.inc(worker.id);
            raise(&own.max, here);
        }
        let wall_ms = worker.now().wall_us / 1000;
        state.conn_rate.tick(worker.id, wall_ms);
        shared.conn_rate.tick(worker.id, wall_ms);
        worker.slots.set(worker.slots.get() + 1);
        if facts.tls.is_some() {
            shared.ssl_conns.fetch_add(1, Ordering::Relaxed);
        }
        Self {
            worker: Rc::clone(worker),
            proxy,
            bind: facts.bind,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let state = self.worker.shared.proxy(self.proxy);
        state.fe_cur.fetch_sub(1, Ordering::Relaxed);
        state.listeners[self.bind as usize].fetch_sub(1, Ordering::Relaxed);
        self.worker.shared.conns.fetch_sub(1, Ordering::Relaxed);
        if self.worker.tls.bind(self.proxy.0, self.bind).is_some() {
            self.worker.shared.ssl_conns.fetch_sub(1, Ordering::Relaxed);
        }
        self.worker.slots.set(self.worker.slots.get() - 1);
        self.worker.slot_freed();
    }
}

/// The address the client reached.
pub(crate) fn destination(facts: &ListenerFacts, raw: &Raw) -> Option<Endpoint> {
    match raw {
        Raw::Tcp(s) => facts.local.clone().or_else(|| s.local_addr().ok().map(unmapped).map(Endpoint::Ip)),
        Raw::Unix(_) => None,
    }
}

/// An IPv4 client of an IPv6 socket is an IPv4 client.
pub(crate) fn unmapped(a: SocketAddr) -> SocketAddr {
    match a {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(ip) => SocketAddr::from((ip, v6.port())),
            None => a,
        },
        SocketAddr::V4(_) => a,
    }
}
