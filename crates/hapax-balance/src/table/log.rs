//! The order in which entries of a shard were changed here, for those who are told of changes (peers).
//!
//! Every change numbers its entry anew and puts it at the end of a list, so an entry that changes often stands there once, and the
//! list is never longer than the shard. Each follower has a place in it: what stands behind that place is news to it. An entry that
//! leaves its place in the list takes nobody along: whoever stood there stands at the one before it. A follower remembers which
//! numbers the other side has confirmed, and goes back to them when it has to begin again.

use super::shard::{HEADER, NONE, Shard};

/// Words of an entry's header for this: its number, and its neighbours in the list.
pub(super) const WORDS: usize = 3;
const SEQ: usize = HEADER;
const PREV: usize = HEADER + 1;
const NEXT: usize = HEADER + 2;

#[derive(Debug)]
pub(super) struct Log {
    oldest: u32,
    newest: u32,
    /// Number of the last change.
    seq: u32,
    followers: Box<[Follower]>,
}

#[derive(Clone, Copy, Debug)]
struct Follower {
    /// The entry it was told of last; none: it begins with the oldest.
    at: u32,
    /// Changes up to this number are confirmed, and those that will be when the confirmation under way comes.
    confirmed: u32,
    marked: u32,
}

impl Log {
    pub(super) fn new(followers: usize) -> Self {
        let start = Follower {
            at: NONE,
            confirmed: 0,
            marked: 0,
        };
        Self {
            oldest: NONE,
            newest: NONE,
            seq: 0,
            followers: vec![start; followers].into(),
        }
    }
}

impl Shard {
    /// A new entry is not in the list.
    pub(super) fn unlogged(&mut self, slot: u32) {
        self.put(slot, PREV, slot);
    }

    /// The entry has changed: it is the newest in the list.
    pub(super) fn log_change(&mut self, slot: u32) {
        // The newest one that nobody was told of yet is where it belongs.
        if self
            .log
            .as_ref()
            .is_some_and(|l| l.newest == slot && l.followers.iter().all(|f| f.at != slot))
        {
            return;
        }
        self.forget_change(slot);
        let Some(log) = self.log.as_mut() else { return };
        log.seq = log.seq.wrapping_add(1);
        let (seq, last) = (log.seq, log.newest);
        log.newest = slot;
        if last == NONE {
            log.oldest = slot;
        } else {
            self.put(last, NEXT, slot);
        }
        self.put(slot, SEQ, seq);
        self.put(slot, PREV, last);
        self.put(slot, NEXT, NONE);
    }

    /// Takes the entry out of the list.
    pub(super) fn forget_change(&mut self, slot: u32) {
        if self.log.is_none() {
            return;
        }
        let (prev, next) = (self.get(slot, PREV), self.get(slot, NEXT));
        if prev == slot {
            return;
        }
        if prev != NONE {
            self.put(prev, NEXT, next);
        }
        if next != NONE {
            self.put(next, PREV, prev);
        }
        self.put(slot, PREV, slot);
        let Some(log) = self.log.as_mut() else { return };
        if prev == NONE {
            log.oldest = next;
        }
        if next == NONE {
            log.newest = prev;
        }
        for f in log.followers.iter_mut().filter(|f| f.at == slot) {
            f.at = prev;
        }
    }

    /// The next entry that the follower was not told of.
    pub(super) fn next_change(&self, follower: usize) -> Option<u32> {
        let log = self.log.as_ref()?;
        let next = match log.followers.get(follower)?.at {
            NONE => log.oldest,
            at => self.get(at, NEXT),
        };
        (next != NONE).then_some(next)
    }

    /// The follower was told of that entry, and of all before it.
    pub(super) fn told(&mut self, follower: usize, slot: u32) {
        if let Some(f) = self.follower(follower) {
            f.at = slot;
        }
    }

    fn follower(&mut self, follower: usize) -> Option<&mut Follower> {
        self.log.as_mut()?.followers.get_mut(follower)
    }

    /// The follower needs not be told of what is in the list now.
    pub(super) fn skip_changes(&mut self, follower: usize) {
        let Some(newest) = self.log.as_ref().map(|l| l.newest) else {
            return;
        };
        self.told(follower, newest);
    }

    /// Remembers where the follower is, until [`Self::confirm_changes`].
    pub(super) fn mark_changes(&mut self, follower: usize) {
        let at = self.log.as_ref().and_then(|l| l.followers.get(follower)).map_or(NONE, |f| f.at);
        if at == NONE {
            return;
        }
        let seq = self.get(at, SEQ);
        if let Some(f) = self.follower(follower) {
            f.marked = seq;
        }
    }

    /// What was marked has arrived.
    pub(super) fn confirm_changes(&mut self, follower: usize) {
        if let Some(f) = self.follower(follower) {
            f.confirmed = f.marked;
        }
    }

    /// Back to what was confirmed; `all`: to the beginning.
    pub(super) fn rewind_changes(&mut self, follower: usize, all: bool) {
        let Some(log) = self.log.as_ref() else { return };
        let Some(confirmed) = log.followers.get(follower).map(|f| f.confirmed) else {
            return;
        };
        let mut at = if all { NONE } else { log.newest };
        while at != NONE && self.get(at, SEQ).wrapping_sub(confirmed).cast_signed() > 0 {
            at = self.get(at, PREV);
        }
        if let Some(f) = self.follower(follower) {
            f.at = at;
            f.marked = confirmed;
        }
    }

    /// Number of the last change.
    pub(super) fn changes(&self) -> u32 {
        self.log.as_ref().map_or(0, |l| l.seq)
    }
}
