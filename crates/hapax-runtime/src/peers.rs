//! Peers (manual, 11.2): processes that share stick tables, on the control thread.
//!
//! For each section there is one listener, one task for each peer that connects to it where it has not connected to us, and when the
//! process leaves, one that teaches its successor. What a session says and understands is [`link`]'s; here are sockets and clocks.

mod connect;
mod greet;
mod hand_over;
mod link;
mod rows;
mod talk;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hapax_config::plan::Peers;
use hapax_proto::peers::Resync;
use hapax_sys::listen::Listener;
use hapax_value::Millis;

pub use link::{Link, TableView};
pub use rows::shard_of;

use self::link::Reach;
use crate::state::{PeersState, Shared};
use crate::tls::TlsTables;

/// What the tasks of a section have in common.
pub(crate) struct Section {
    shared: Arc<Shared>,
    tls: Arc<TlsTables>,
    index: usize,
    start: Instant,
    wall_at_start: Millis,
    sessions: AtomicU64,
}

impl Section {
    fn conf(&self) -> &Peers {
        &self.shared.plan.peers[self.index]
    }

    fn state(&self) -> &PeersState {
        &self.shared.peers[self.index]
    }

    fn now(&self) -> Millis {
        self.start.elapsed().as_millis() as Millis
    }

    fn reach(&self) -> Reach<'_> {
        let now = self.now();
        Reach {
            shared: &self.shared,
            section: self.index,
            now,
            wall: self.wall_at_start + now,
        }
    }

    /// The moment of a time on the clock of sessions.
    fn moment(&self, at: Millis) -> tokio::time::Instant {
        (self.start + std::time::Duration::from_millis(at)).into()
    }

    fn next_number(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    /// The number under which a peer follows the tables.
    fn follower(&self, peer: usize) -> usize {
        peer - usize::from(peer > self.conf().local)
    }
}

/// The clock of sessions, as of the start of the process.
pub fn clock(shared: &Shared) -> Millis {
    shared.peers_start.elapsed().as_millis() as Millis
}

/// A moment as the runtime API shows it: `26/Nov/2026:10:22:50`.
pub fn date(wall_us: u64) -> String {
    let c = hapax_sys::clock::local((wall_us / 1_000_000) as i64);
    let month = crate::log::MONTHS.get(c.month as usize).copied().unwrap_or("Jan");
    format!("{:02}/{month}/{:04}:{:02}:{:02}:{:02}", c.day, c.year, c.hour, c.minute, c.second)
}

/// Starts every section on this thread, until the process ends. `replaces`: an older process is about to hand over what it knows.
pub(crate) fn start(shared: &Arc<Shared>, tls: &Arc<TlsTables>, listeners: Vec<(usize, Listener)>, replaces: bool) {
    let start = shared.peers_start;
    let wall_at_start = hapax_sys::clock::realtime_us() / 1000 - start.elapsed().as_millis() as u64;
    let mut listeners = listeners;
    for index in 0..shared.plan.peers.len() {
        let section = Rc::new(Section {
            shared: Arc::clone(shared),
            tls: Arc::clone(tls),
            index,
            start,
            wall_at_start,
            sessions: AtomicU64::new(1),
        });
        *section.state().resync() = Resync::new(replaces, section.now());
        let own: Vec<Listener> = listeners.extract_if(.., |(i, _)| *i == index).map(|(_, l)| l).collect();
        section.state().listens_on(&own);
        tokio::task::spawn_local(serve(section, own));
    }
}

async fn serve(section: Rc<Section>, listeners: Vec<Listener>) {
    let home = hand_over::home(&section, &listeners);
    let mut tasks = tokio::task::JoinSet::new();
    for listener in listeners {
        tasks.spawn_local(greet::listen(Rc::clone(&section), listener));
    }
    for (peer, _) in section.conf().remotes() {
        tasks.spawn_local(connect::keep(Rc::clone(&section), peer));
    }
    tasks.spawn_local(watch(Rc::clone(&section)));
    let mut stop = section.state().stopping();
    let _ = stop.wait_for(|stopped| *stopped).await;
    // Nobody listens here any more: whoever connects reaches the process that follows.
    tasks.shutdown().await;
    hand_over::run(&section, home).await;
    section.state().hand_over_is_done();
}

/// Looks after whom the section learns from, as time passes.
async fn watch(section: Rc<Section>) {
    loop {
        let next = section.state().resync().next_tick();
        let Some(at) = next else { return };
        // Somebody may begin or cease to teach meanwhile.
        tokio::time::sleep_until(section.moment(at.min(section.now() + 500))).await;
        section.state().resync().tick(section.now());
        section.state().changed.notify_waiters();
    }
}
