//! Following a table: who is to be told of changes asks for them here, as fast as it can pass them on.
//!
//! A follower is known by its number. What is told is an entry as it is now; that it changed twice meanwhile nobody learns. What
//! was told is told again after [`Table::rewind`], unless it was marked and confirmed.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use hapax_value::Millis;

use super::{Entry, Table};

/// Entries told of under one lock.
const AT_ONCE: usize = 16;
/// Entries looked at under one lock: those whose time is over are passed by.
const LOOKED_AT: usize = 64;

/// Rings when something changes after it was heard.
#[derive(Default)]
pub(super) struct Bell {
    rung: AtomicBool,
    ringer: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bell").field(&self.rung).finish()
    }
}

impl Bell {
    /// Called with the shard's lock held, after the change was written down: whoever hears the bell afterwards sees the change,
    /// and whoever looked before will hear it.
    pub(super) fn ring(&self) {
        if !self.rung.load(Ordering::Relaxed)
            && !self.rung.swap(true, Ordering::Relaxed)
            && let Some(ringer) = self.ringer.get()
        {
            ringer();
        }
    }
}

impl Table {
    /// Whom to wake when something changed; the first one stays.
    pub fn on_change(&self, ringer: Box<dyn Fn() + Send + Sync>) {
        let _ = self.bell.ringer.set(ringer);
    }

    /// Whoever looks for changes says so first, so that the next change wakes it.
    pub fn listen(&self) {
        self.bell.rung.store(false, Ordering::Relaxed);
    }

    /// Tells of entries that changed since the follower was told of them, at most so many. `shard` is where the last call
    /// stopped. `each` says whether it took the entry; one that it did not take ends the round. Gives how many it took.
    pub fn changes(&self, follower: usize, shard: &mut usize, most: usize, now: Millis, mut each: impl FnMut(&Entry<'_>) -> bool) -> usize {
        let (mut taken, mut quiet) = (0, 0);
        while taken < most && quiet < self.shards.len() {
            *shard %= self.shards.len();
            let room = AT_ONCE.min(most - taken);
            let mut entry = self.entry(self.lock(*shard), *shard, 0, now as u32);
            let (mut here, mut looked) = (0, 0);
            while here < room && looked < LOOKED_AT {
                let Some(slot) = entry.shard.next_change(follower) else { break };
                entry.slot = slot;
                looked += 1;
                if !entry.is_over() {
                    if !each(&entry) {
                        return taken + here;
                    }
                    here += 1;
                }
                entry.shard.told(follower, slot);
            }
            taken += here;
            quiet = if here == room || looked == LOOKED_AT { 0 } else { quiet + 1 };
            *shard += 1;
        }
        taken
    }

    /// The follower knows everything as it is now.
    pub fn skip_changes(&self, follower: usize) {
        self.each_shard(|s| s.skip_changes(follower));
    }

    /// Remembers what the follower was told of so far; see [`Self::confirm`].
    pub fn mark(&self, follower: usize) {
        self.each_shard(|s| s.mark_changes(follower));
    }

    /// What was told up to the mark need not be told again.
    pub fn confirm(&self, follower: usize) {
        self.each_shard(|s| s.confirm_changes(follower));
    }

    /// What was told and not confirmed is told again; `all`: everything that ever changed here.
    pub fn rewind(&self, follower: usize, all: bool) {
        self.each_shard(|s| s.rewind_changes(follower, all));
    }

    /// Changes so far, on a number that wraps around.
    pub fn change_count(&self) -> u32 {
        (0..self.shards.len()).fold(0, |sum, i| sum.wrapping_add(self.lock(i).changes()))
    }

    fn each_shard(&self, act: impl Fn(&mut super::Shard)) {
        (0..self.shards.len()).for_each(|i| act(&mut self.lock(i)));
    }
}

#[cfg(test)]
mod tests;
