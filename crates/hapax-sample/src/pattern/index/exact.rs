//! Equal strings. With case, the store's own table of keys does it; without, a table over the folded keys.

use xxhash_rust::xxh3::Xxh3Default;

use super::super::store::Store;
use super::super::table::KeyTable;

#[derive(Clone, Debug)]
pub(crate) struct ExactIndex {
    /// Only when case is ignored.
    folded: Option<KeyTable>,
}

fn hash_folded(key: &[u8]) -> u64 {
    let mut hasher = Xxh3Default::new();
    let mut block = [0u8; 64];
    for part in key.chunks(block.len()) {
        for (to, from) in block.iter_mut().zip(part) {
            *to = from.to_ascii_lowercase();
        }
        hasher.update(&block[..part.len()]);
    }
    hasher.digest()
}

impl ExactIndex {
    pub(super) fn new(icase: bool) -> Self {
        Self {
            folded: icase.then(KeyTable::default),
        }
    }

    pub(super) fn icase(&self) -> bool {
        self.folded.is_some()
    }

    pub(super) fn insert(&mut self, store: &mut Store, id: u32) {
        let Some(table) = &mut self.folded else {
            store.need_keys();
            return;
        };
        let key = store.key(id);
        table.insert(
            id,
            hash_folded(key),
            |other| store.key(other).eq_ignore_ascii_case(key),
            |other| hash_folded(store.key(other)),
        );
    }

    pub(super) fn remove(&mut self, store: &Store, id: u32) {
        let Some(table) = &mut self.folded else { return };
        let key = store.key(id);
        table.remove(
            id,
            hash_folded(key),
            || {
                store
                    .iter_from(id + 1)
                    .find(|(_, r)| r.key.eq_ignore_ascii_case(key))
                    .map(|(id, _)| id)
            },
            |other| hash_folded(store.key(other)),
        );
    }

    pub(super) fn find(&self, store: &Store, subject: &[u8]) -> Option<u32> {
        match &self.folded {
            None => store.find(subject),
            Some(table) => table.find(hash_folded(subject), |id| store.key(id).eq_ignore_ascii_case(subject)),
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.folded.as_ref().map_or(0, KeyTable::memory)
    }
}
