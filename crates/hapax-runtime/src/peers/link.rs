//! What a session does, step by step and without a wire: it asks and teaches, tells of changes as they come, and learns.
//!
//! ```text
//!  quiet --(asked)--> teaching all --(everything sent)--> unconfirmed --(confirmed)--> quiet
//! ```
//! Changes are told while it is quiet and the other side is not our teacher. What waits to be written never exceeds a few times
//! [`ROOM`]: the rest stays in the tables, where it takes no memory.

use hapax_balance::table::Handle;
use hapax_proto::peers::{Control, Definition, Event, Session, Teacher, WireError};
use hapax_value::Millis;

use super::rows::{self, Mapping};
use crate::state::{PeersState, Shared};

/// Bytes that wait to be written, above which nothing more is added.
const ROOM: usize = 32 * 1024;
/// Slots of a table looked at in one step of teaching.
const STEP: u32 = 32;

/// Whom a session is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A peer, by its place in the section; it follows our tables under that number.
    Remote { peer: usize, follower: usize },
    /// The process that we replace.
    Old,
    /// The process that replaces us, and whether it was taught everything in a session before. Nobody else follows our tables any
    /// more, and there is always room for one that does.
    New { taught: bool },
}

/// The number under which the process that replaces us follows our tables.
pub(super) const SUCCESSOR: usize = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Teaching {
    Quiet,
    /// The table (by its place in the section) and the place in it.
    All(usize, Handle),
    Unconfirmed,
}

/// How far a table of the section is told.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// Where [`hapax_balance::table::Table::changes`] goes on.
    shard: usize,
    /// Number of the update that must be confirmed before what was marked is.
    mark: Option<u32>,
    acked: u32,
    remote_id: u64,
}

/// A shared table as tools are told of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableView {
    pub local_id: u64,
    pub remote_id: u64,
    /// Which kinds of data the other side keeps.
    pub remote_data: u64,
    pub last_acked: u32,
    pub last_pushed: u32,
    pub last_get: u32,
}

/// A session at work.
#[derive(Debug)]
pub struct Link {
    role: Role,
    pub(super) session: Session,
    /// The other side knows times of entries.
    timed: bool,
    teaching: Teaching,
    tables: Vec<Progress>,
    definitions: Vec<Definition>,
    learning: Option<Mapping>,
    turn: usize,
    /// Lessons that the other side ended.
    pub(super) confirms: u64,
    /// The new process has confirmed that it knows everything.
    pub(super) handed_over: bool,
}

/// What a link may reach.
#[derive(Clone, Copy)]
pub(super) struct Reach<'s> {
    pub(super) shared: &'s Shared,
    pub(super) section: usize,
    /// Milliseconds on the clock of sessions, and on that of tables.
    pub(super) now: Millis,
    pub(super) wall: Millis,
}

impl<'s> Reach<'s> {
    pub(super) fn state(&self) -> &'s PeersState {
        &self.shared.peers[self.section]
    }

    fn conf(&self) -> &'s hapax_config::plan::Peers {
        &self.shared.plan.peers[self.section]
    }

    fn table(&self, place: usize) -> Option<(&'s hapax_config::plan::StickTable, &'s crate::state::LiveTable, u32)> {
        let id = *self.conf().tables.get(place)?;
        Some((&self.shared.plan.tables[id as usize], self.shared.tables.get(id)?, id))
    }
}

impl Link {
    /// A session that was greeted; `minor`: the other side's version of the protocol.
    pub(super) fn start(role: Role, minor: u32, at: Reach<'_>) -> Self {
        let count = at.conf().tables.len();
        let definitions = (0..count)
            .filter_map(|i| at.table(i).map(|(conf, live, _)| rows::definition(conf, live, i as u64 + 1)))
            .collect();
        let mut link = Self {
            role,
            session: Session::new(at.now),
            timed: minor > 0,
            teaching: Teaching::Quiet,
            tables: vec![Progress::default(); count],
            definitions,
            learning: None,
            turn: 0,
            confirms: 0,
            handed_over: false,
        };
        match role {
            Role::Remote { peer, follower } => {
                for (_, live, _) in (0..count).filter_map(|i| at.table(i)) {
                    live.table.rewind(follower, false);
                }
                if at.state().resync().ask(peer) {
                    link.session.control(Control::ResyncRequest, at.now);
                }
            }
            Role::Old => at.state().resync().old_process(),
            Role::New { taught: false } => link.teach_all(at),
            Role::New { taught: true } => {
                link.handed_over = true;
                link.each_followed(at, |live, follower| live.table.rewind(follower, false));
            }
        }
        link
    }

    /// The tables of the section, in their order.
    pub fn views(&self) -> Vec<TableView> {
        let view = |(i, p): (usize, &Progress)| {
            let theirs = self.session.theirs().find(|(d, _)| p.remote_id > 0 && d.id == p.remote_id);
            let local_id = i as u64 + 1;
            TableView {
                local_id,
                remote_id: p.remote_id,
                remote_data: theirs.map_or(0, |(d, _)| d.data.iter().fold(0, |all, one| all | 1 << one.number)),
                last_acked: p.acked,
                last_pushed: self.session.sent(local_id),
                last_get: theirs.map_or(0, |(_, got)| got),
            }
        };
        self.tables.iter().enumerate().map(view).collect()
    }

    /// Which of them was sent last, and which came last, by their place.
    pub fn current(&self) -> (Option<usize>, Option<usize>) {
        let (ours, theirs) = self.session.current();
        let came = theirs.and_then(|id| self.tables.iter().position(|p| p.remote_id == id));
        (ours.and_then(|id| usize::try_from(id).ok()?.checked_sub(1)), came)
    }

    /// Texts that were sent, by number.
    pub fn sent_texts(&self) -> Vec<(u64, String)> {
        self.session.texts().0.all().zip(1..).map(|(t, n)| (n, t.to_owned())).collect()
    }

    /// The text that came under a number.
    pub fn text_heard(&self, number: u64) -> Option<&str> {
        self.session.texts().1.get(number)
    }

    fn teacher(&self) -> Option<Teacher> {
        match self.role {
            Role::Remote { peer, .. } => Some(Teacher::Peer(peer)),
            Role::Old => Some(Teacher::Old),
            Role::New { .. } => None,
        }
    }

    fn follower(&self) -> Option<usize> {
        match self.role {
            Role::Remote { follower, .. } => Some(follower),
            Role::New { .. } => Some(SUCCESSOR),
            Role::Old => None,
        }
    }

    /// The section may have begun to look for a teacher since.
    pub(super) fn ask(&mut self, at: Reach<'_>) {
        if let Role::Remote { peer, .. } = self.role
            && at.state().resync().ask(peer)
        {
            self.session.control(Control::ResyncRequest, at.now);
        }
    }

    /// Takes bytes from the wire and does what they ask for.
    pub(super) fn receive(&mut self, bytes: &[u8], at: Reach<'_>) -> Result<(), WireError> {
        self.session.feed(bytes, at.now);
        while let Some(event) = self.session.next_event()? {
            match event {
                Event::Control(c) => self.control(c, at),
                Event::Table(d) => self.learning = self.map(&d, at),
                Event::Update(update) => {
                    if let Some(mapping) = &self.learning
                        && let Some(live) = at.shared.tables.get(mapping.table)
                    {
                        let conf = &at.shared.plan.tables[mapping.table as usize];
                        let also = conf.write_to.as_ref().and_then(|n| at.shared.tables.get(*n.id.get()? as u32));
                        mapping.learn(live, &update, also, at.wall);
                    }
                }
                Event::Confirmed { table, update } => self.confirmed(table, update, at),
                Event::Failed => return Err(WireError::GivenUp),
            }
        }
        self.session.confirm(at.now);
        Ok(())
    }

    fn control(&mut self, what: Control, at: Reach<'_>) {
        match what {
            Control::ResyncRequest => self.teach_all(at),
            Control::ResyncFinished | Control::ResyncPartial => {
                if let Some(who) = self.teacher() {
                    at.state().resync().taught(who, what == Control::ResyncFinished, at.now);
                }
                self.confirms += 1;
                self.session.control(Control::ResyncConfirm, at.now);
            }
            Control::ResyncConfirm => {
                if self.teaching == Teaching::Unconfirmed {
                    self.teaching = Teaching::Quiet;
                    self.handed_over = matches!(self.role, Role::New { .. });
                    for (p, id) in self.tables.iter_mut().zip(1..) {
                        p.acked = self.session.sent(id);
                    }
                    self.each_followed(at, |live, follower| {
                        live.table.mark(follower);
                        live.table.confirm(follower);
                    });
                }
            }
            Control::Heartbeat => {}
        }
    }

    /// Everything is sent, and what changes from now on is told afterwards.
    fn teach_all(&mut self, at: Reach<'_>) {
        self.teaching = Teaching::All(0, Handle::from_bits(0));
        for p in &mut self.tables {
            p.mark = None;
        }
        self.each_followed(at, |live, follower| live.table.skip_changes(follower));
    }

    fn each_followed(&self, at: Reach<'_>, act: impl Fn(&crate::state::LiveTable, usize)) {
        let Some(follower) = self.follower() else { return };
        (0..self.tables.len())
            .filter_map(|i| at.table(i))
            .for_each(|(_, live, _)| act(live, follower));
    }

    fn map(&mut self, theirs: &Definition, at: Reach<'_>) -> Option<Mapping> {
        let find = |i: &usize| at.table(*i).is_some_and(|(conf, ..)| *conf.peer_name == *theirs.name);
        let place = (0..self.tables.len()).find(find)?;
        self.tables[place].remote_id = theirs.id;
        let (conf, live, id) = at.table(place)?;
        Mapping::new(id, conf, live, theirs)
    }

    fn confirmed(&mut self, table: u64, update: u32, at: Reach<'_>) {
        let Some(place) = usize::try_from(table).ok().and_then(|t| t.checked_sub(1)) else {
            return;
        };
        let (follower, Some(p)) = (self.follower(), self.tables.get_mut(place)) else {
            return;
        };
        p.acked = update;
        let reached = p.mark.is_some_and(|mark| update.wrapping_sub(mark).cast_signed() >= 0);
        if reached && let (Some(follower), Some((_, live, _))) = (follower, at.table(place)) {
            p.mark = None;
            live.table.confirm(follower);
        }
    }

    /// Adds to what waits to be written, as far as there is room; `true`: there may be more.
    pub(super) fn fill(&mut self, at: Reach<'_>) -> bool {
        match self.teaching {
            Teaching::All(place, from) => {
                self.teach(place, from, at);
                true
            }
            Teaching::Unconfirmed => false,
            Teaching::Quiet => self.tell(at),
        }
    }

    fn teach(&mut self, mut place: usize, mut from: Handle, at: Reach<'_>) {
        while self.session.waiting() < ROOM {
            let Some((_, live, _)) = at.table(place) else {
                let last = if at.state().resync().is_done() {
                    Control::ResyncFinished
                } else {
                    Control::ResyncPartial
                };
                self.session.control(last, at.now);
                self.teaching = Teaching::Unconfirmed;
                return;
            };
            let definition = &self.definitions[place];
            self.session.table(definition, at.now);
            let timed = self.timed && live.table.spec().expire.is_some();
            let part = self.part(at);
            let (session, key_type) = (&mut self.session, definition.key_type);
            let next = live.table.visit(from, STEP, at.wall, |entry| {
                let key = entry.key();
                if part.is_none_or(|n| rows::shard_of(live, &key) == n) {
                    let left = timed.then(|| entry.expires_in());
                    session.update(key_type, key, left, rows::fields(live, entry), at.now);
                }
            });
            (place, from) = next.map_or((place + 1, Handle::from_bits(0)), |next| (place, next));
            self.teaching = Teaching::All(place, from);
        }
    }

    /// The process that replaces us knows everything, and has said so.
    pub(super) fn is_told(&self) -> bool {
        let acked = |(p, id): (&Progress, u64)| p.acked == self.session.sent(id);
        self.handed_over && self.session.waiting() == 0 && self.tables.iter().zip(1..).all(acked)
    }

    /// The part of the keys that the other side gets; `None`: all.
    fn part(&self, at: Reach<'_>) -> Option<u32> {
        let Role::Remote { peer, .. } = self.role else { return None };
        Some(at.conf().peers[peer].shard).filter(|shard| *shard > 0)
    }

    /// Tells of changes, one table after the other.
    fn tell(&mut self, at: Reach<'_>) -> bool {
        let Some(follower) = self.follower() else { return false };
        if self.teacher().is_some_and(|t| at.state().resync().is_teacher(t)) {
            return false;
        }
        let most = at.shared.plan.global.peers_updates_at_once.max(1) as usize;
        let part = self.part(at);
        let mut more = false;
        for _ in 0..self.tables.len() {
            let place = self.turn % self.tables.len();
            self.turn += 1;
            let Some((_, live, _)) = at.table(place) else { continue };
            let (definition, p, session) = (&self.definitions[place], &mut self.tables[place], &mut self.session);
            let told = live.table.changes(follower, &mut p.shard, most, at.wall, |entry| {
                if session.waiting() >= ROOM {
                    return false;
                }
                let key = entry.key();
                if part.is_none_or(|n| rows::shard_of(live, &key) == n) {
                    session.table(definition, at.now);
                    session.update(definition.key_type, key, None, rows::fields(live, entry), at.now);
                }
                true
            });
            if told > 0 && p.mark.is_none() {
                let sent = session.sent(definition.id);
                live.table.mark(follower);
                if p.acked == sent {
                    // Nothing of it was for this peer.
                    live.table.confirm(follower);
                } else {
                    p.mark = Some(sent);
                }
            }
            more |= told > 0;
            if session.waiting() >= ROOM {
                return true;
            }
        }
        more
    }
}

#[cfg(test)]
mod tests;
