//! A hash table of entry numbers that keeps the first entry of each key and remembers how many others there are.

use hashbrown::HashTable;

/// Entry numbers by some key that the caller can compute again from a number. Part of each hash is kept too, so that a key
/// that is not there hardly ever costs a look at another's.
#[derive(Clone, Debug, Default)]
pub(in crate::pattern) struct KeyTable {
    first: HashTable<Slot>,
    /// Entries with the key of an earlier one.
    shadowed: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    id: u32,
    /// Bits of the hash that the table itself does not look at.
    tag: u32,
}

fn tag(hash: u64) -> u32 {
    (hash >> 25) as u32
}

impl KeyTable {
    pub(in crate::pattern) fn with_capacity(n: usize) -> Self {
        Self {
            first: HashTable::with_capacity(n),
            shadowed: 0,
        }
    }

    pub(in crate::pattern) fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        self.first.find(hash, |slot| slot.tag == tag && same(slot.id)).map(|slot| slot.id)
    }

    /// Adds the highest number so far; `same` tells whether a number has the new one's key.
    pub(in crate::pattern) fn insert(&mut self, id: u32, hash: u64, same: impl Fn(u32) -> bool, rehash: impl Fn(u32) -> u64) {
        if self.find(hash, same).is_some() {
            self.shadowed += 1;
        } else {
            self.first
                .insert_unique(hash, Slot { id, tag: tag(hash) }, |other| rehash(other.id));
        }
    }

    /// Removes a number; `next` finds the next one with the same key.
    pub(in crate::pattern) fn remove(&mut self, id: u32, hash: u64, next: impl FnOnce() -> Option<u32>, rehash: impl Fn(u32) -> u64) {
        match self.first.find_entry(hash, |slot| slot.id == id) {
            Ok(found) => {
                found.remove();
                if self.shadowed > 0
                    && let Some(next) = next()
                {
                    self.shadowed -= 1;
                    let slot = Slot { id: next, tag: tag(hash) };
                    self.first.insert_unique(hash, slot, |other| rehash(other.id));
                }
            }
            Err(_) => self.shadowed = self.shadowed.saturating_sub(1),
        }
    }

    /// Some keys have several entries.
    pub(in crate::pattern) fn has_shadowed(&self) -> bool {
        self.shadowed > 0
    }

    pub(in crate::pattern) fn memory(&self) -> usize {
        self.first.allocation_size()
    }
}
