//! A hash table of entry numbers that keeps the first entry of each key and remembers how many others there are.

use hashbrown::HashTable;

/// Entry numbers by some key that the caller can compute again from a number.
#[derive(Clone, Debug, Default)]
pub(in crate::pattern) struct KeyTable {
    first: HashTable<u32>,
    /// Entries with the key of an earlier one.
    shadowed: usize,
}

impl KeyTable {
    pub(in crate::pattern) fn with_capacity(n: usize) -> Self {
        Self {
            first: HashTable::with_capacity(n),
            shadowed: 0,
        }
    }

    pub(in crate::pattern) fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        self.first.find(hash, |&id| same(id)).copied()
    }

    /// Adds the highest number so far; `same` tells whether a number has the new one's key.
    pub(in crate::pattern) fn insert(&mut self, id: u32, hash: u64, same: impl Fn(u32) -> bool, rehash: impl Fn(u32) -> u64) {
        if self.find(hash, same).is_some() {
            self.shadowed += 1;
        } else {
            self.first.insert_unique(hash, id, |&other| rehash(other));
        }
    }

    /// Removes a number; `next` finds the next one with the same key.
    pub(in crate::pattern) fn remove(&mut self, id: u32, hash: u64, next: impl FnOnce() -> Option<u32>, rehash: impl Fn(u32) -> u64) {
        match self.first.find_entry(hash, |&other| other == id) {
            Ok(found) => {
                found.remove();
                if self.shadowed > 0
                    && let Some(next) = next()
                {
                    self.shadowed -= 1;
                    self.first.insert_unique(hash, next, |&other| rehash(other));
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
