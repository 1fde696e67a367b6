//! Entries of one version of a list, packed: a million of them cost what their bytes cost and some twenty bytes each.
//!
//! A record is `line, key length, key, value length + 1 (0: no value), value`, the numbers in base 128. Records live in
//! chunks; an entry is the place of its record. Indexes refer to entries by number, which is also their order.

use xxhash_rust::xxh3::xxh3_64;

use super::table::KeyTable;

/// Bytes of a chunk; a longer record has one of its own.
const CHUNK: usize = 1 << 20;
const CHUNK_BITS: u32 = 20;
/// Place of a removed entry.
const DEAD: u32 = u32::MAX;
/// Wasted bytes worth a compaction.
const WASTE: usize = 1 << 20;

/// One entry as read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'s> {
    pub(crate) line: u32,
    pub(crate) key: &'s [u8],
    pub(crate) value: Option<&'s [u8]>,
}

/// The entries of one version.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    chunks: Vec<Vec<u8>>,
    /// Where each entry's record is: chunk number and offset.
    places: Vec<u32>,
    live: usize,
    wasted: usize,
    /// The first live entry of each key, once somebody asked for an entry by its key.
    keys: Option<KeyTable>,
}

fn put_number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn number_len(n: u64) -> usize {
    (64 - (n | 1).leading_zeros() as usize).div_ceil(7)
}

fn get_number(bytes: &[u8], at: &mut usize) -> u64 {
    let mut n = 0;
    let mut shift = 0;
    while let Some(&b) = bytes.get(*at) {
        *at += 1;
        n |= u64::from(b & 0x7f) << shift;
        if b < 0x80 {
            break;
        }
        shift += 7;
    }
    n
}

fn record_at(chunks: &[Vec<u8>], place: u32) -> Record<'_> {
    let bytes: &[u8] = chunks.get((place >> CHUNK_BITS) as usize).map_or(&[], Vec::as_slice);
    let mut at = place as usize & (CHUNK - 1);
    let line = get_number(bytes, &mut at) as u32;
    let key_len = get_number(bytes, &mut at) as usize;
    let key = bytes.get(at..at + key_len).unwrap_or_default();
    at += key_len;
    let value_len = get_number(bytes, &mut at) as usize;
    let value = value_len.checked_sub(1).map(|n| bytes.get(at..at + n).unwrap_or_default());
    Record { line, key, value }
}

fn record_len(r: &Record<'_>) -> usize {
    let value = r.value.map_or(1, |v| number_len(v.len() as u64 + 1) + v.len());
    number_len(u64::from(r.line)) + number_len(r.key.len() as u64) + r.key.len() + value
}

impl Store {
    /// Numbers given so far; some may be dead.
    pub(crate) fn end(&self) -> u32 {
        self.places.len() as u32
    }

    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// The entry of a number, unless it was removed.
    pub(crate) fn get(&self, id: u32) -> Option<Record<'_>> {
        match self.places.get(id as usize) {
            None | Some(&DEAD) => None,
            Some(&place) => Some(record_at(&self.chunks, place)),
        }
    }

    /// The key of an entry that an index knows to be alive.
    pub(crate) fn key(&self, id: u32) -> &[u8] {
        self.get(id).map_or(&[], |r| r.key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, Record<'_>)> {
        self.iter_from(0)
    }

    pub(crate) fn iter_from(&self, first: u32) -> impl Iterator<Item = (u32, Record<'_>)> {
        (first..self.end()).filter_map(|id| self.get(id).map(|r| (id, r)))
    }

    fn write(&mut self, r: &Record<'_>) -> Result<u32, TooLarge> {
        let need = record_len(r);
        if self.chunks.last().is_none_or(|c| c.len() + need > CHUNK) {
            // The first chunks grow as needed: most lists are short.
            let size = if self.chunks.is_empty() { need } else { need.max(CHUNK) };
            if self.chunks.len() + 1 >= (DEAD >> CHUNK_BITS) as usize {
                return Err(TooLarge);
            }
            self.chunks.push(Vec::with_capacity(size));
        }
        let chunk = (self.chunks.len() - 1) as u32;
        let Some(out) = self.chunks.last_mut() else { return Err(TooLarge) };
        let place = chunk << CHUNK_BITS | out.len() as u32;
        put_number(out, u64::from(r.line));
        put_number(out, r.key.len() as u64);
        out.extend_from_slice(r.key);
        put_number(out, r.value.map_or(0, |v| v.len() as u64 + 1));
        out.extend_from_slice(r.value.unwrap_or_default());
        Ok(place)
    }

    pub(crate) fn push(&mut self, r: &Record<'_>) -> Result<u32, TooLarge> {
        if self.places.len() >= DEAD as usize {
            return Err(TooLarge);
        }
        let place = self.write(r)?;
        let id = self.end();
        self.places.push(place);
        self.live += 1;
        if let Some(mut keys) = self.keys.take() {
            self.index_key(&mut keys, id);
            self.keys = Some(keys);
        }
        Ok(id)
    }

    fn index_key(&self, keys: &mut KeyTable, id: u32) {
        let key = self.key(id);
        keys.insert(id, xxh3_64(key), |other| self.key(other) == key, |other| xxh3_64(self.key(other)));
    }

    /// Makes [`Self::find`] quick from now on.
    pub(crate) fn need_keys(&mut self) {
        if self.keys.is_some() {
            return;
        }
        let mut keys = KeyTable::with_capacity(self.live);
        for (id, _) in self.iter() {
            self.index_key(&mut keys, id);
        }
        self.keys = Some(keys);
    }

    /// The first entry with this key.
    pub(crate) fn find(&self, key: &[u8]) -> Option<u32> {
        match &self.keys {
            Some(keys) => keys.find(xxh3_64(key), |id| self.key(id) == key),
            None => self.iter().find(|(_, r)| r.key == key).map(|(id, _)| id),
        }
    }

    /// All entries with this key.
    pub(crate) fn find_all(&mut self, key: &[u8]) -> Vec<u32> {
        self.need_keys();
        let alone = self.keys.as_ref().is_some_and(|keys| !keys.has_shadowed());
        match self.find(key) {
            None => Vec::new(),
            Some(first) if alone => vec![first],
            Some(first) => self.iter_from(first).filter(|(_, r)| r.key == key).map(|(id, _)| id).collect(),
        }
    }

    /// Forgets an entry; its key must still be readable by the indexes when they are told, so they are told first.
    pub(crate) fn remove(&mut self, id: u32) {
        let mut keys = self.keys.take();
        let len = self.get(id).map(|r| {
            if let Some(keys) = &mut keys {
                let next = || self.iter_from(id + 1).find(|(_, other)| other.key == r.key).map(|(id, _)| id);
                keys.remove(id, xxh3_64(r.key), next, |other| xxh3_64(self.key(other)));
            }
            record_len(&r)
        });
        self.keys = keys;
        let Some(len) = len else { return };
        if let Some(place) = self.places.get_mut(id as usize) {
            *place = DEAD;
        }
        self.live -= 1;
        self.wasted += len;
    }

    pub(crate) fn set_value(&mut self, id: u32, value: &[u8]) -> Result<(), TooLarge> {
        let Some(old) = self.get(id) else { return Ok(()) };
        let len = record_len(&old);
        let (line, key) = (old.line, old.key.to_vec());
        let place = self.write(&Record {
            line,
            key: &key,
            value: Some(value),
        })?;
        if let Some(slot) = self.places.get_mut(id as usize) {
            *slot = place;
        }
        self.wasted += len;
        Ok(())
    }

    /// More is wasted than used: worth rewriting (numbers change, so indexes are rebuilt by the caller).
    pub(crate) fn wants_compaction(&self) -> bool {
        let used: usize = self.chunks.iter().map(Vec::len).sum();
        self.wasted > WASTE && self.wasted > used / 2
    }

    /// Gives back what loading reserved too much.
    pub(crate) fn shrink(&mut self) {
        self.places.shrink_to_fit();
        if let Some(last) = self.chunks.last_mut() {
            last.shrink_to_fit();
        }
        self.chunks.shrink_to_fit();
    }

    /// Bytes held, for the benchmark and `show` commands.
    pub(crate) fn memory(&self) -> usize {
        self.chunks.iter().map(Vec::capacity).sum::<usize>()
            + self.places.capacity() * size_of::<u32>()
            + self.keys.as_ref().map_or(0, KeyTable::memory)
    }
}

/// More than four gigabytes of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;
