//! Live side of a `peers` section: whom it learns from, and a session with each peer at most.

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hapax_config::Plan;
use hapax_config::plan::Peers;
use hapax_proto::peers::Resync;
use hapax_sys::listen::Listener;
use hapax_value::Millis;
use tokio::sync::{Notify, watch};

use super::Tables;
use crate::peers::Link;

/// A section.
#[derive(Debug)]
pub struct PeersState {
    resync: Mutex<Resync>,
    /// By their place in the section.
    pub peers: Vec<PeerState>,
    /// Rings when a table of the section changes.
    pub(crate) changed: Arc<Notify>,
    /// The process is to leave.
    stop: watch::Sender<bool>,
    /// Its last stream has ended: nothing will change any more.
    drained: AtomicBool,
    handed_over: AtomicBool,
    /// Other descriptors of the sockets it listens on, for a successor that asks for them.
    spares: Mutex<Vec<Listener>>,
}

/// A peer.
#[derive(Debug, Default)]
pub struct PeerState {
    view: Mutex<PeerView>,
    session: Mutex<Option<Live>>,
    /// A session has begun or ended.
    pub(crate) turned: Notify,
}

/// A session and its number: who holds an older one has been replaced.
#[derive(Debug)]
struct Live {
    number: u64,
    end: Arc<Notify>,
    link: Link,
}

/// What tools are told of a peer. Times are on the clock of sessions.
#[derive(Clone, Debug)]
pub struct PeerView {
    /// How the last attempt ended, in a word.
    pub status: &'static str,
    pub connected: bool,
    /// The other side has connected.
    pub incoming: bool,
    pub ends: Option<(SocketAddr, SocketAddr)>,
    pub last_handshake: Option<Millis>,
    pub reconnect: Option<Millis>,
    pub heartbeat: Option<Millis>,
    pub new_conn: u64,
    pub sent_beats: u64,
    pub got_beats: u64,
    /// Sessions that ended for silence.
    pub silences: u64,
    pub wrong: u64,
    /// Sessions that another one replaced.
    pub collisions: u64,
    pub confirms: u64,
}

impl Default for PeerView {
    fn default() -> Self {
        Self {
            status: "NONE",
            connected: false,
            incoming: false,
            ends: None,
            last_handshake: None,
            reconnect: None,
            heartbeat: None,
            new_conn: 0,
            sent_beats: 0,
            got_beats: 0,
            silences: 0,
            wrong: 0,
            collisions: 0,
            confirms: 0,
        }
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is held is whole between its steps.
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PeersState {
    pub fn all(plan: &Plan, tables: &Tables) -> Vec<Self> {
        plan.peers.iter().map(|p| Self::new(p, tables)).collect()
    }

    fn new(conf: &Peers, tables: &Tables) -> Self {
        let changed = Arc::new(Notify::new());
        for live in conf.tables.iter().filter_map(|t| tables.get(*t)) {
            let bell = Arc::clone(&changed);
            live.table.on_change(Box::new(move || bell.notify_waiters()));
        }
        Self {
            resync: Mutex::new(Resync::new(false, 0)),
            peers: conf.peers.iter().map(|_| PeerState::default()).collect(),
            changed,
            stop: watch::Sender::new(false),
            drained: AtomicBool::new(false),
            handed_over: AtomicBool::new(false),
            spares: Mutex::default(),
        }
    }

    pub fn resync(&self) -> MutexGuard<'_, Resync> {
        lock(&self.resync)
    }

    pub(crate) fn listens_on(&self, sockets: &[Listener]) {
        // One that cannot be copied is bound anew by whoever follows.
        *lock(&self.spares) = sockets.iter().filter_map(|s| s.try_clone().ok()).collect();
    }

    /// Copies of the sockets it listens on.
    pub fn sockets(&self) -> Vec<OwnedFd> {
        let spares = lock(&self.spares);
        spares.iter().filter_map(|s| s.as_fd().try_clone_to_owned().ok()).collect()
    }

    pub(crate) fn stop(&self) {
        // Whoever connects from now on must reach the process that follows.
        lock(&self.spares).clear();
        self.stop.send_replace(true);
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// The process has nothing left to do but to hand over.
    pub(crate) fn drain(&self) {
        if !self.drained.swap(true, Ordering::Relaxed) {
            self.changed.notify_waiters();
        }
    }

    pub(crate) fn is_drained(&self) -> bool {
        self.drained.load(Ordering::Relaxed)
    }

    pub(crate) fn hand_over_is_done(&self) {
        self.handed_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_handed_over(&self) -> bool {
        self.handed_over.load(Ordering::Relaxed)
    }
}

impl PeerState {
    pub fn view(&self) -> MutexGuard<'_, PeerView> {
        lock(&self.view)
    }

    /// Looks at the session, where there is one.
    pub fn look<R>(&self, see: impl FnOnce(&Link) -> R) -> Option<R> {
        lock(&self.session).as_ref().map(|l| see(&l.link))
    }

    pub(crate) fn has_session(&self) -> bool {
        lock(&self.session).is_some()
    }

    /// A new session, of that number; the one before is told to end.
    pub(crate) fn begin(&self, number: u64, end: Arc<Notify>, link: Link) {
        let mut session = lock(&self.session);
        if let Some(old) = session.replace(Live { number, end, link }) {
            old.end.notify_one();
            self.view().collisions += 1;
        }
        drop(session);
        self.turned.notify_waiters();
    }

    /// Does something with the session of that number; `None`: it was replaced.
    pub(crate) fn with<R>(&self, number: u64, act: impl FnOnce(&mut Link) -> R) -> Option<R> {
        let mut session = lock(&self.session);
        let live = session.as_mut().filter(|l| l.number == number)?;
        Some(act(&mut live.link))
    }

    /// The session of that number is over; `false`: it was replaced before.
    pub(crate) fn finish(&self, number: u64) -> bool {
        let mut session = lock(&self.session);
        let own = session.as_ref().is_some_and(|l| l.number == number);
        if own {
            *session = None;
        }
        drop(session);
        self.turned.notify_waiters();
        own
    }
}
