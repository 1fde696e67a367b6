//! Stick tables: what is known of a key, for a while after it was last heard of (manual, 11.1).
//!
//! A table is cut into shards by the hash of the key, each under its own lock, which is held for the few steps of one look-up:
//! threads rarely meet. Time is passed in, in milliseconds. Entries that somebody tracks stay; of the others the oldest make room
//! in a full table. No step looks at more than a few entries, except those of the runtime API.

mod data;
mod freq;
mod key;
mod log;
mod shard;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hapax_value::Millis;

mod changes;

use changes::Bell;
pub use data::{Column, DataType, Layout, Shape};
pub use key::{Key, KeyType};
use shard::{Form, Shard, is_over};

/// Entries of a shard's page, as a power of two.
const PAGE_BITS: u32 = 8;
/// Fewest entries for which a shard of its own is worth it, and most shards, as powers of two.
const SHARD_BITS: u32 = 6;
const MOST_SHARDS_BITS: u32 = 6;
/// Texts that a dictionary holds, and their longest; those beyond are not kept.
const MOST_TEXTS: usize = 1 << 16;
const LONGEST_TEXT: usize = 1024;

/// What a table is told when it is made.
#[derive(Clone, Debug)]
pub struct Spec {
    pub key: KeyType,
    /// Most entries.
    pub size: usize,
    /// Lifetime of an entry since its last use; `None`: for ever.
    pub expire: Option<Millis>,
    /// A full table refuses new entries instead of dropping old ones.
    pub nopurge: bool,
    pub columns: Vec<Column>,
    /// Where hashes start, so that nobody outside can tell them.
    pub seed: u64,
    /// How many are told of changes ([`Table::changes`]); none: changes cost nothing.
    pub followers: usize,
}

/// A table.
#[derive(Debug)]
pub struct Table {
    spec: Spec,
    layout: Layout,
    form: Form,
    shards: Box<[Mutex<Shard>]>,
    used: AtomicUsize,
    texts: Mutex<Texts>,
    bell: Bell,
}

/// A held entry: it stays until it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle(u64);

impl Handle {
    /// For tools that print it, and for those who read it back.
    pub fn to_bits(self) -> u64 {
        self.0
    }

    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    fn new(shard: usize, slot: u32) -> Self {
        Self((shard as u64) << 32 | u64::from(slot))
    }

    fn shard(self) -> usize {
        (self.0 >> 32) as usize
    }

    fn slot(self) -> u32 {
        self.0 as u32
    }
}

/// The texts that entries name by number.
#[derive(Debug, Default)]
struct Texts {
    all: Vec<Arc<str>>,
    by_text: HashMap<Arc<str>, u32>,
}

/// An entry while its shard is locked.
#[derive(Debug)]
pub struct Entry<'t> {
    table: &'t Table,
    shard: MutexGuard<'t, Shard>,
    at: usize,
    slot: u32,
    now: u32,
}

impl Table {
    pub fn new(spec: Spec) -> Self {
        let layout = Layout::new(&spec.columns);
        let bits = spec.size.max(1).ilog2().saturating_sub(SHARD_BITS).min(MOST_SHARDS_BITS);
        let page_bits = (spec.size >> bits).max(1).next_power_of_two().ilog2().min(PAGE_BITS);
        let form = Form::new(spec.key, layout.words(), page_bits, spec.seed, spec.followers);
        Self {
            shards: (0..1 << bits).map(|_| Mutex::new(Shard::new(form))).collect(),
            form,
            layout,
            spec,
            used: AtomicUsize::new(0),
            texts: Mutex::default(),
            bell: Bell::default(),
        }
    }

    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Entries now, those whose time is over and that were not swept yet among them.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes of memory held by the entries.
    pub fn memory(&self) -> usize {
        (0..self.shards.len()).map(|i| self.lock(i).memory()).sum()
    }

    fn lock(&self, i: usize) -> MutexGuard<'_, Shard> {
        // Each step leaves a shard whole, so that a panic elsewhere does no harm to it.
        self.shards[i].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hash, and the shard that its upper bits choose: the lower ones choose within it.
    fn place(&self, key: &[u8]) -> (u64, usize) {
        let hash = self.form.hash(key);
        (hash, (hash >> 40) as usize & (self.shards.len() - 1))
    }

    fn expire_at(&self, now: u32) -> u32 {
        now.wrapping_add(self.spec.expire.unwrap_or(0) as u32)
    }

    fn entry<'t>(&'t self, shard: MutexGuard<'t, Shard>, at: usize, slot: u32, now: u32) -> Entry<'t> {
        Entry {
            table: self,
            shard,
            at,
            slot,
            now,
        }
    }

    /// The entry of a key, where there is one whose time is not over.
    pub fn get(&self, key: &[u8], now: Millis) -> Option<Entry<'_>> {
        let (hash, at) = self.place(key);
        let mut shard = self.lock(at);
        let slot = self.live(&mut shard, hash, key, now as u32)?;
        Some(self.entry(shard, at, slot, now as u32))
    }

    /// Finds an entry; one whose time is over goes instead.
    fn live(&self, shard: &mut Shard, hash: u64, key: &[u8], now: u32) -> Option<u32> {
        let slot = shard.find(hash, key)?;
        if self.spec.expire.is_some() && shard.refs(slot) == 0 && is_over(shard.expire(slot), now) {
            shard.remove(slot);
            self.used.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(slot)
    }

    /// The entry of a key, a new one where there is none; `None`: the table is full, and nothing in it may go.
    pub fn obtain(&self, key: &[u8], now: Millis) -> Option<Entry<'_>> {
        let (hash, at) = self.place(key);
        let mut shard = self.lock(at);
        if let Some(slot) = self.live(&mut shard, hash, key, now as u32) {
            return Some(self.entry(shard, at, slot, now as u32));
        }
        if self.used.load(Ordering::Relaxed) >= self.spec.size {
            self.make_room(&mut shard, now as u32);
        }
        if self.used.load(Ordering::Relaxed) >= self.spec.size {
            drop(shard);
            (0..self.shards.len()).any(|i| self.make_room(&mut self.lock(i), now as u32));
            shard = self.lock(at);
            // Another thread may have made it while the lock was open.
            if let Some(slot) = self.live(&mut shard, hash, key, now as u32) {
                return Some(self.entry(shard, at, slot, now as u32));
            }
        }
        let room = |used| (used < self.spec.size).then_some(used + 1);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).ok()?;
        let slot = shard.insert(hash, key);
        let mut entry = self.entry(shard, at, slot, now as u32);
        entry.renew();
        Some(entry)
    }

    /// Drops what is over, else the oldest; `true`: something went.
    fn make_room(&self, shard: &mut Shard, now: u32) -> bool {
        let some = (self.spec.size >> 8) / self.shards.len() + 1;
        let mut gone = if self.spec.expire.is_some() {
            shard.purge(some, Some(now))
        } else {
            0
        };
        if gone == 0 && !self.spec.nopurge {
            gone = shard.purge(some, None);
        }
        self.used.fetch_sub(gone, Ordering::Relaxed);
        gone > 0
    }

    /// A held entry.
    pub fn held(&self, handle: Handle, now: Millis) -> Entry<'_> {
        let at = handle.shard() & (self.shards.len() - 1);
        self.entry(self.lock(at), at, handle.slot(), now as u32)
    }

    /// The entry of a handle that may be of any time; `None`: there is none any more.
    pub fn by_handle(&self, handle: Handle, now: Millis) -> Option<Entry<'_>> {
        let at = handle.shard();
        if at >= self.shards.len() {
            return None;
        }
        let shard = self.lock(at);
        let live = shard.is_live(handle.slot());
        live.then(|| self.entry(shard, at, handle.slot(), now as u32))
    }

    /// Takes away entries whose time is over: at most so many of each shard. Gives how many went.
    pub fn sweep(&self, now: Millis, most: usize) -> usize {
        if self.spec.expire.is_none() {
            return 0;
        }
        let gone = (0..self.shards.len()).map(|i| self.lock(i).purge(most, Some(now as u32))).sum();
        self.used.fetch_sub(gone, Ordering::Relaxed);
        gone
    }

    /// Shows entries from a place on, at most about so many, and gives the place to go on at; `None`: that was all.
    /// What comes or goes meanwhile may be shown or not.
    pub fn visit(&self, from: Handle, most: u32, now: Millis, mut each: impl FnMut(&mut Entry<'_>)) -> Option<Handle> {
        let at = from.shard();
        if at >= self.shards.len() {
            return None;
        }
        let mut entry = self.entry(self.lock(at), at, from.slot(), now as u32);
        let end = entry.shard.slots();
        let stop = end.min(from.slot().saturating_add(most));
        while entry.slot < stop {
            let shown = entry.shard.is_live(entry.slot) && !entry.is_over();
            if shown {
                each(&mut entry);
            }
            entry.slot += 1;
        }
        let next = if stop < end {
            Handle::new(at, stop)
        } else {
            Handle::new(at + 1, 0)
        };
        (next.shard() < self.shards.len()).then_some(next)
    }

    /// Takes away every entry that nobody holds.
    pub fn clear(&self) {
        for i in 0..self.shards.len() {
            let mut shard = self.lock(i);
            for slot in 0..shard.slots() {
                if shard.is_live(slot) && shard.refs(slot) == 0 {
                    shard.remove(slot);
                    self.used.fetch_sub(1, Ordering::Relaxed);
                }
            }
            shard.shrink();
        }
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a text in the dictionary; 0: none, and none can be added.
    pub fn text_id(&self, text: &str) -> u32 {
        if text.is_empty() || text.len() > LONGEST_TEXT {
            return 0;
        }
        let mut texts = self.texts();
        if let Some(id) = texts.by_text.get(text) {
            return *id;
        }
        if texts.all.len() >= MOST_TEXTS {
            return 0;
        }
        let text: Arc<str> = text.into();
        texts.all.push(Arc::clone(&text));
        let id = texts.all.len() as u32;
        texts.by_text.insert(text, id);
        id
    }

    /// The text of a number.
    pub fn text(&self, id: u32) -> Option<Arc<str>> {
        self.texts().all.get((id as usize).checked_sub(1)?).cloned()
    }
}

impl Entry<'_> {
    pub fn key(&self) -> Vec<u8> {
        self.shard.key(self.slot)
    }

    pub fn handle(&self) -> Handle {
        Handle::new(self.at, self.slot)
    }

    /// Who holds it.
    pub fn refs(&self) -> u32 {
        self.shard.refs(self.slot)
    }

    fn is_over(&self) -> bool {
        self.table.spec.expire.is_some() && self.refs() == 0 && is_over(self.shard.expire(self.slot), self.now)
    }

    /// Holds the entry until [`Entry::release`].
    pub fn hold(&mut self) -> Handle {
        self.shard.hold(self.slot);
        self.handle()
    }

    /// Lets a held entry go; one whose time was over while it was held is gone at once.
    pub fn release(mut self) {
        self.shard.release(self.slot);
        if self.is_over() {
            self.remove();
        }
    }

    /// Takes the entry away unless it is held; `true`: it is gone.
    pub fn remove(mut self) -> bool {
        if self.refs() > 0 {
            return false;
        }
        self.shard.remove(self.slot);
        self.table.used.fetch_sub(1, Ordering::Relaxed);
        true
    }

    /// Milliseconds until the entry goes; 0 where it never does.
    pub fn expires_in(&self) -> u32 {
        let expire = self.shard.expire(self.slot);
        if self.table.spec.expire.is_none() || is_over(expire, self.now) {
            return 0;
        }
        expire.wrapping_sub(self.now)
    }

    /// Milliseconds since the entry was last used, where the table has a lifetime.
    pub fn idle(&self) -> u32 {
        let life = self.table.spec.expire.unwrap_or(0) as u32;
        life.saturating_sub(self.expires_in())
    }

    fn renew(&mut self) {
        let expire = self.table.expire_at(self.now);
        self.shard.renew(self.slot, expire);
    }

    /// The entry was used: its lifetime starts anew, and those who are told of updates will be told of this one.
    pub fn touch(&mut self) {
        self.renew();
        if self.table.spec.followers > 0 {
            self.shard.log_change(self.slot);
            self.table.bell.ring();
        }
    }

    /// The entry was learned from elsewhere, where it has so many milliseconds left.
    pub fn learned(&mut self, left: Option<u32>) {
        self.renew();
        if let (Some(left), Some(life)) = (left, self.table.spec.expire) {
            let expire = self.now.wrapping_add(left.min(life as u32));
            self.shard.renew(self.slot, expire);
        }
    }

    /// The value now; `None`: not kept in this table, or no such element.
    pub fn get(&self, data: DataType, element: usize) -> Option<u64> {
        let at = self.table.layout.find(data, element)?;
        let w = &self.shard.data(self.slot)[at..];
        Some(match data.shape() {
            Shape::Word | Shape::Text => u64::from(w[0]),
            Shape::Long => u64::from(w[0]) | u64::from(w[1]) << 32,
            Shape::Rate => u64::from(freq::read([w[0], w[1], w[2]], self.now, self.table.layout.period(data))),
        })
    }

    /// A rate as it is kept: milliseconds since its period began, the count of the period, and that of the one before.
    pub fn rate(&self, data: DataType, element: usize) -> Option<[u32; 3]> {
        let at = self.table.layout.find(data, element)?;
        let w = &self.shard.data(self.slot)[at..];
        (data.shape() == Shape::Rate).then(|| [self.now.wrapping_sub(w[0]), w[1], w[2]])
    }

    /// Sets a rate as [`Entry::rate`] gives it.
    pub fn set_rate(&mut self, data: DataType, element: usize, rate: [u32; 3]) {
        if data.shape() == Shape::Rate
            && let Some(at) = self.table.layout.find(data, element)
        {
            let w = [self.now.wrapping_sub(rate[0]), rate[1], rate[2]];
            self.shard.data_mut(self.slot)[at..at + 3].copy_from_slice(&w);
        }
    }

    /// Counts so many events. Gives the new value, of a rate the count of its period; `None`: not kept.
    pub fn add(&mut self, data: DataType, element: usize, n: u64) -> Option<u64> {
        let at = self.table.layout.find(data, element)?;
        let (now, period) = (self.now, self.table.layout.period(data));
        let w = &mut self.shard.data_mut(self.slot)[at..];
        Some(match data.shape() {
            Shape::Word | Shape::Text => {
                w[0] = w[0].wrapping_add(n as u32);
                u64::from(w[0])
            }
            Shape::Long => {
                let sum = (u64::from(w[0]) | u64::from(w[1]) << 32).wrapping_add(n);
                (w[0], w[1]) = (sum as u32, (sum >> 32) as u32);
                sum
            }
            Shape::Rate => {
                let mut rate = [w[0], w[1], w[2]];
                freq::add(&mut rate, now, period, n.min(u64::from(u32::MAX)) as u32);
                w[..3].copy_from_slice(&rate);
                u64::from(rate[1])
            }
        })
    }

    /// Sets a value; `None`: not kept.
    pub fn set(&mut self, data: DataType, element: usize, value: u64) -> Option<()> {
        let at = self.table.layout.find(data, element)?;
        let now = self.now;
        let w = &mut self.shard.data_mut(self.slot)[at..];
        match data.shape() {
            Shape::Word | Shape::Text => w[0] = value as u32,
            Shape::Long => (w[0], w[1]) = (value as u32, (value >> 32) as u32),
            Shape::Rate => {
                let mut rate = [w[0], w[1], w[2]];
                freq::set(&mut rate, now, value as u32);
                w[..3].copy_from_slice(&rate);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
