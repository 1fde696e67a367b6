//! Prefixes and suffixes: a table over whole keys, asked once per length that some key has. The subject is hashed once,
//! byte by byte, so that every length's hash comes for free.

use smallvec::SmallVec;

use super::super::store::Store;
use super::super::table::KeyTable;

#[derive(Clone, Debug)]
pub(crate) struct AffixIndex {
    icase: bool,
    table: KeyTable,
    lengths: Lengths,
}

/// The lengths that keys have, ascending, each with how many have it.
#[derive(Clone, Debug, Default)]
pub(super) struct Lengths(Vec<(u32, u32)>);

impl Lengths {
    pub(super) fn add(&mut self, len: usize) {
        match self.0.binary_search_by_key(&(len as u32), |&(l, _)| l) {
            Ok(at) => self.0[at].1 += 1,
            Err(at) => self.0.insert(at, (len as u32, 1)),
        }
    }

    pub(super) fn drop(&mut self, len: usize) {
        if let Ok(at) = self.0.binary_search_by_key(&(len as u32), |&(l, _)| l) {
            self.0[at].1 -= 1;
            if self.0[at].1 == 0 {
                self.0.remove(at);
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|&(len, _)| len as usize)
    }

    pub(super) fn has(&self, len: usize) -> bool {
        self.0.binary_search_by_key(&(len as u32), |&(l, _)| l).is_ok()
    }

    pub(super) fn longest(&self) -> usize {
        self.0.last().map_or(0, |&(len, _)| len as usize)
    }
}

/// A hash that grows by one byte at a time.
#[derive(Clone, Copy, Default)]
pub(super) struct Rolling(u64);

impl Rolling {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    pub(super) fn push(&mut self, b: u8) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(b)).wrapping_mul(Self::FACTOR);
    }

    pub(super) fn finish(self) -> u64 {
        let h = self.0 ^ (self.0 >> 32);
        h.wrapping_mul(Self::FACTOR) ^ (h >> 29)
    }
}

pub(super) fn fold(b: u8, icase: bool) -> u8 {
    if icase { b.to_ascii_lowercase() } else { b }
}

pub(super) fn hash_bytes<'b>(bytes: impl Iterator<Item = &'b u8>, icase: bool) -> u64 {
    let mut h = Rolling::default();
    for &b in bytes {
        h.push(fold(b, icase));
    }
    h.finish()
}

pub(super) fn same(a: &[u8], b: &[u8], icase: bool) -> bool {
    if icase { a.eq_ignore_ascii_case(b) } else { a == b }
}

/// Whether `text` begins with `key`.
pub(super) fn begins(key: &[u8], text: &[u8], icase: bool) -> bool {
    text.get(..key.len()).is_some_and(|t| same(key, t, icase))
}

/// Whether `text` ends with `key`.
pub(super) fn ends(key: &[u8], text: &[u8], icase: bool) -> bool {
    text.len()
        .checked_sub(key.len())
        .is_some_and(|from| same(key, &text[from..], icase))
}

/// Hash of a key: from its first byte for prefixes, from its last for suffixes.
fn hash_key<const PREFIX: bool>(key: &[u8], icase: bool) -> u64 {
    if PREFIX {
        hash_bytes(key.iter(), icase)
    } else {
        hash_bytes(key.iter().rev(), icase)
    }
}

impl AffixIndex {
    pub(super) fn new(icase: bool) -> Self {
        Self {
            icase,
            table: KeyTable::default(),
            lengths: Lengths::default(),
        }
    }

    pub(super) fn icase(&self) -> bool {
        self.icase
    }

    pub(super) fn insert<const PREFIX: bool>(&mut self, store: &Store, id: u32) {
        let (key, icase) = (store.key(id), self.icase);
        self.lengths.add(key.len());
        self.table.insert(
            id,
            hash_key::<PREFIX>(key, icase),
            |other| same(store.key(other), key, icase),
            |other| hash_key::<PREFIX>(store.key(other), icase),
        );
    }

    pub(super) fn remove<const PREFIX: bool>(&mut self, store: &Store, id: u32) {
        let (key, icase) = (store.key(id), self.icase);
        self.lengths.drop(key.len());
        self.table.remove(
            id,
            hash_key::<PREFIX>(key, icase),
            || store.iter_from(id + 1).find(|(_, r)| same(r.key, key, icase)).map(|(id, _)| id),
            |other| hash_key::<PREFIX>(store.key(other), icase),
        );
    }

    /// Hashes of every beginning (or end) of `bytes` that is as long as some key, the shortest first.
    fn hashes<'b>(&self, bytes: impl Iterator<Item = &'b u8>, len: usize) -> SmallVec<[(usize, u64); 24]> {
        let mut found = SmallVec::new();
        let mut bytes = bytes;
        let mut h = Rolling::default();
        let mut done = 0;
        for length in self.lengths.iter().take_while(|&l| l <= len) {
            for &b in bytes.by_ref().take(length - done) {
                h.push(fold(b, self.icase));
            }
            done = length;
            found.push((length, h.finish()));
        }
        found
    }

    /// The entry whose key is the longest beginning of `subject`.
    pub(super) fn find_longest(&self, store: &Store, subject: &[u8]) -> Option<u32> {
        let hashes = self.hashes(subject.iter(), subject.len());
        hashes
            .iter()
            .rev()
            .find_map(|&(len, hash)| self.table.find(hash, |id| same(store.key(id), &subject[..len], self.icase)))
    }

    /// Every entry whose key is a beginning (or an end) of `subject`.
    pub(super) fn each<const PREFIX: bool>(&self, store: &Store, subject: &[u8], mut f: impl FnMut(u32)) {
        let hashes = if PREFIX {
            self.hashes(subject.iter(), subject.len())
        } else {
            self.hashes(subject.iter().rev(), subject.len())
        };
        for (len, hash) in hashes {
            let part = if PREFIX { &subject[..len] } else { &subject[subject.len() - len..] };
            if let Some(id) = self.table.find(hash, |id| same(store.key(id), part, self.icase)) {
                f(id);
            }
        }
    }

    /// The first entry whose key is an end of `subject`.
    pub(super) fn find_first(&self, store: &Store, subject: &[u8]) -> Option<u32> {
        let hashes = self.hashes(subject.iter().rev(), subject.len());
        hashes
            .iter()
            .filter_map(|&(len, hash)| {
                let end = &subject[subject.len() - len..];
                self.table.find(hash, |id| same(store.key(id), end, self.icase))
            })
            .min()
    }

    pub(super) fn memory(&self) -> usize {
        self.table.memory()
    }
}
