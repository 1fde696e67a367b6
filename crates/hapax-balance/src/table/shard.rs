//! One part of a table: entries in pages of 32-bit words, found by hash, in the order of their last use.
//!
//! An entry is a header, its key where keys are short and all as long, and its data. Pages are never moved, so that a growing
//! table never copies itself; entries that went are used again. Where somebody follows the table, the header has room for the
//! order of changes too ([`super::log`]).

use hashbrown::HashTable;

use super::key::KeyType;
use super::log::{self, Log};

/// No entry.
pub(super) const NONE: u32 = u32::MAX;

/// Words of the header: neighbours in the order of use, when the entry goes, who holds it.
const PREV: usize = 0;
const NEXT: usize = 1;
const EXPIRE: usize = 2;
const REFS: usize = 3;
pub(super) const HEADER: usize = 4;

/// Longest key that stands in the page.
const INLINE: usize = 64;

/// What all shards of a table agree on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// `None`: keys stand apart.
    key_bytes: Option<usize>,
    /// Words before the key.
    header: usize,
    data: usize,
    stride: usize,
    page_bits: u32,
    seed: u64,
    /// Who is told of changes.
    followers: usize,
}

impl Form {
    pub(super) fn new(key: KeyType, data_words: usize, page_bits: u32, seed: u64, followers: usize) -> Self {
        let key_bytes = key.fixed().filter(|n| *n <= INLINE);
        let header = HEADER + if followers > 0 { log::WORDS } else { 0 };
        let data = header + key_bytes.unwrap_or(0).div_ceil(4);
        Self {
            key_bytes,
            header,
            followers,
            data,
            stride: data + data_words,
            page_bits,
            seed,
        }
    }

    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        xxhash_rust::xxh3::xxh3_64_with_seed(key, self.seed)
    }
}

#[derive(Debug)]
pub(super) struct Shard {
    form: Form,
    index: HashTable<u32>,
    pages: Vec<Box<[u32]>>,
    /// By slot, where keys do not stand in the page.
    keys: Vec<Box<[u8]>>,
    free: u32,
    /// Slots that were ever used.
    made: u32,
    oldest: u32,
    newest: u32,
    /// Where somebody is told of changes.
    pub(super) log: Option<Box<Log>>,
}

/// Where a slot stands: its page, and its first word there.
fn place(form: Form, slot: u32) -> (usize, usize) {
    let within = slot & ((1 << form.page_bits) - 1);
    ((slot >> form.page_bits) as usize, within as usize * form.stride)
}

fn word(form: Form, pages: &[Box<[u32]>], slot: u32, i: usize) -> u32 {
    let (page, at) = place(form, slot);
    pages[page][at + i]
}

fn is_key(form: Form, pages: &[Box<[u32]>], keys: &[Box<[u8]>], slot: u32, key: &[u8]) -> bool {
    if form.key_bytes.is_none() {
        return &*keys[slot as usize] == key;
    }
    let (page, at) = place(form, slot);
    let words = &pages[page][at + form.header..at + form.data];
    key.chunks(4).zip(words).all(|(chunk, w)| padded(chunk) == *w)
}

fn padded(chunk: &[u8]) -> u32 {
    let mut all = [0; 4];
    all[..chunk.len()].copy_from_slice(chunk);
    u32::from_be_bytes(all)
}

impl Shard {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            index: HashTable::new(),
            pages: Vec::new(),
            keys: Vec::new(),
            free: NONE,
            made: 0,
            oldest: NONE,
            newest: NONE,
            log: (form.followers > 0).then(|| Box::new(Log::new(form.followers))),
        }
    }

    /// Bytes of memory held.
    pub(super) fn memory(&self) -> usize {
        let pages = self.pages.iter().map(|p| p.len() * 4 + size_of::<Box<[u32]>>()).sum::<usize>();
        let keys = self.keys.iter().map(|k| k.len()).sum::<usize>() + self.keys.capacity() * size_of::<Box<[u8]>>();
        self.index.allocation_size() + pages + keys
    }

    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let Self {
            form, index, pages, keys, ..
        } = self;
        index.find(hash, |slot| is_key(*form, pages, keys, *slot, key)).copied()
    }

    /// A new entry of zeros; the key must not be there. It is the newest.
    pub(super) fn insert(&mut self, hash: u64, key: &[u8]) -> u32 {
        let slot = self.take_slot();
        let (page, at) = place(self.form, slot);
        let words = &mut self.pages[page][at..at + self.form.stride];
        words.fill(0);
        if self.form.key_bytes.is_some() {
            for (chunk, w) in key.chunks(4).zip(&mut words[self.form.header..]) {
                *w = padded(chunk);
            }
        } else if let Some(k) = self.keys.get_mut(slot as usize) {
            *k = key.into();
        } else {
            self.keys.push(key.into());
        }
        if self.log.is_some() {
            self.unlogged(slot);
        }
        self.link(slot);
        let Self {
            form, index, pages, keys, ..
        } = self;
        index.insert_unique(hash, slot, |slot| match form.key_bytes {
            None => form.hash(&keys[*slot as usize]),
            Some(n) => {
                let (page, at) = place(*form, *slot);
                let mut bytes = [0; INLINE];
                let words = &pages[page][at + form.header..at + form.data];
                words
                    .iter()
                    .zip(bytes.chunks_mut(4))
                    .for_each(|(w, b)| b.copy_from_slice(&w.to_be_bytes()));
                form.hash(&bytes[..n])
            }
        });
        slot
    }

    fn take_slot(&mut self) -> u32 {
        if self.free != NONE {
            let slot = self.free;
            self.free = self.get(slot, NEXT);
            return slot;
        }
        let slot = self.made;
        self.made += 1;
        if place(self.form, slot).0 == self.pages.len() {
            self.pages.push(vec![0; self.form.stride << self.form.page_bits].into_boxed_slice());
        }
        slot
    }

    /// Takes away an entry that nobody holds.
    pub(super) fn remove(&mut self, slot: u32) {
        let hash = self.form.hash(&self.key(slot));
        if let Ok(found) = self.index.find_entry(hash, |s| *s == slot) {
            found.remove();
        }
        self.unlink(slot);
        self.forget_change(slot);
        if let Some(k) = self.keys.get_mut(slot as usize) {
            *k = Box::default();
        }
        self.put(slot, NEXT, self.free);
        self.put(slot, PREV, slot);
        self.free = slot;
    }

    /// Whether the slot holds an entry.
    pub(super) fn is_live(&self, slot: u32) -> bool {
        // A freed slot is its own predecessor.
        slot < self.made && self.get(slot, PREV) != slot
    }

    pub(super) fn key(&self, slot: u32) -> Vec<u8> {
        let Some(n) = self.form.key_bytes else {
            return self.keys[slot as usize].to_vec();
        };
        let (page, at) = place(self.form, slot);
        let words = &self.pages[page][at + self.form.header..at + self.form.data];
        let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        bytes.truncate(n);
        bytes
    }

    pub(super) fn get(&self, slot: u32, i: usize) -> u32 {
        word(self.form, &self.pages, slot, i)
    }

    pub(super) fn put(&mut self, slot: u32, i: usize, value: u32) {
        let (page, at) = place(self.form, slot);
        self.pages[page][at + i] = value;
    }

    /// The data of an entry.
    pub(super) fn data(&self, slot: u32) -> &[u32] {
        let (page, at) = place(self.form, slot);
        &self.pages[page][at + self.form.data..at + self.form.stride]
    }

    pub(super) fn data_mut(&mut self, slot: u32) -> &mut [u32] {
        let (page, at) = place(self.form, slot);
        &mut self.pages[page][at + self.form.data..at + self.form.stride]
    }

    pub(super) fn refs(&self, slot: u32) -> u32 {
        self.get(slot, REFS)
    }

    /// One more holds the entry. Held entries stand outside the order of use.
    pub(super) fn hold(&mut self, slot: u32) {
        let refs = self.refs(slot);
        if refs == 0 {
            self.unlink(slot);
        }
        self.put(slot, REFS, refs + 1);
    }

    /// One less holds the entry; the last one leaves it as the newest.
    pub(super) fn release(&mut self, slot: u32) {
        match self.refs(slot) {
            0 => {}
            1 => {
                self.put(slot, REFS, 0);
                self.link(slot);
            }
            refs => self.put(slot, REFS, refs - 1),
        }
    }

    pub(super) fn expire(&self, slot: u32) -> u32 {
        self.get(slot, EXPIRE)
    }

    /// The entry is the newest from now on, and goes at `expire`.
    pub(super) fn renew(&mut self, slot: u32, expire: u32) {
        self.put(slot, EXPIRE, expire);
        if self.newest != slot && self.refs(slot) == 0 {
            self.unlink(slot);
            self.link(slot);
        }
    }

    fn link(&mut self, slot: u32) {
        self.put(slot, PREV, self.newest);
        self.put(slot, NEXT, NONE);
        match self.newest {
            NONE => self.oldest = slot,
            last => self.put(last, NEXT, slot),
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let (prev, next) = (self.get(slot, PREV), self.get(slot, NEXT));
        match prev {
            NONE => self.oldest = next,
            p => self.put(p, NEXT, next),
        }
        match next {
            NONE => self.newest = prev,
            n => self.put(n, PREV, prev),
        }
    }

    /// Takes away up to `most` entries that nobody holds, the oldest first; only those whose time is over at `now` where it is
    /// given.
    pub(super) fn purge(&mut self, most: usize, now: Option<u32>) -> usize {
        let mut gone = 0;
        while gone < most && self.oldest != NONE && now.is_none_or(|now| is_over(self.expire(self.oldest), now)) {
            self.remove(self.oldest);
            gone += 1;
        }
        gone
    }

    /// Slots that were ever used; not all of them live.
    pub(super) fn slots(&self) -> u32 {
        self.made
    }

    /// Gives the memory of an empty shard back. Changes are counted on.
    pub(super) fn shrink(&mut self) {
        if self.index.is_empty() {
            let log = self.log.take();
            *self = Self::new(self.form);
            self.log = log;
        }
    }
}

/// Whether a time is past, on a clock that wraps around.
pub(super) fn is_over(expire: u32, now: u32) -> bool {
    now.wrapping_sub(expire) < 1 << 31
}
