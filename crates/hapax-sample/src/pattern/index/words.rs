//! Whole words between delimiters (`dir`, `dom`): the table of keys without their outer delimiters is asked from every
//! beginning of a word to every end that is as far as some key is long.

use super::super::store::Store;
use super::super::table::KeyTable;
use super::affix::{Lengths, Rolling, fold, hash_bytes, same};

#[derive(Clone, Debug)]
pub(crate) struct WordIndex {
    delimiters: &'static [u8],
    icase: bool,
    table: KeyTable,
    lengths: Lengths,
}

fn trim<'k>(mut key: &'k [u8], delimiters: &[u8]) -> &'k [u8] {
    while let [first, rest @ ..] = key
        && delimiters.contains(first)
    {
        key = rest;
    }
    while let [rest @ .., last] = key
        && delimiters.contains(last)
    {
        key = rest;
    }
    key
}

impl WordIndex {
    pub(super) fn new(delimiters: &'static [u8], icase: bool) -> Self {
        Self {
            delimiters,
            icase,
            table: KeyTable::default(),
            lengths: Lengths::default(),
        }
    }

    pub(super) fn insert(&mut self, store: &Store, id: u32) {
        let (delimiters, icase) = (self.delimiters, self.icase);
        let word = |id| trim(store.key(id), delimiters);
        let new = word(id);
        // A key made of delimiters only matches nothing.
        if new.is_empty() {
            return;
        }
        self.lengths.add(new.len());
        self.table.insert(
            id,
            hash_bytes(new.iter(), icase),
            |other| same(word(other), new, icase),
            |other| hash_bytes(word(other).iter(), icase),
        );
    }

    pub(super) fn remove(&mut self, store: &Store, id: u32) {
        let (delimiters, icase) = (self.delimiters, self.icase);
        let word = |id| trim(store.key(id), delimiters);
        let gone = word(id);
        if gone.is_empty() {
            return;
        }
        self.lengths.drop(gone.len());
        self.table.remove(
            id,
            hash_bytes(gone.iter(), icase),
            || {
                store
                    .iter_from(id + 1)
                    .find(|(_, r)| same(trim(r.key, delimiters), gone, icase))
                    .map(|(id, _)| id)
            },
            |other| hash_bytes(word(other).iter(), icase),
        );
    }

    /// The first entry that is a run of words of `subject`.
    pub(super) fn find(&self, store: &Store, subject: &[u8]) -> Option<u32> {
        let mut best: Option<u32> = None;
        let mut at_start = true;
        for (start, b) in subject.iter().enumerate() {
            let delimiter = self.delimiters.contains(b);
            if at_start && !delimiter {
                let found = self.find_from(store, &subject[start..]);
                best = match (best, found) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
            at_start = delimiter;
        }
        best
    }

    fn find_from(&self, store: &Store, rest: &[u8]) -> Option<u32> {
        let mut best: Option<u32> = None;
        let mut h = Rolling::default();
        for (at, &b) in rest.iter().enumerate().take(self.lengths.longest()) {
            h.push(fold(b, self.icase));
            let len = at + 1;
            let at_end = rest.get(len).is_none_or(|next| self.delimiters.contains(next));
            if at_end && self.lengths.has(len) {
                let hit = self.table.find(h.finish(), |id| {
                    same(trim(store.key(id), self.delimiters), &rest[..len], self.icase)
                });
                if let Some(id) = hit {
                    best = Some(best.map_or(id, |b| b.min(id)));
                }
            }
        }
        best
    }

    pub(super) fn memory(&self) -> usize {
        self.table.memory()
    }
}
