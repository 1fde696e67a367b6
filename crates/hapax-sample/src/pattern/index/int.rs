//! Integers and ranges of them: single values in a table, ranges sorted by their low end with the highest end so far, so
//! that a look-up stops where no earlier range can reach.

use hashbrown::HashTable;

use super::super::parse::{self, Range};
use super::super::store::Store;

#[derive(Clone, Debug)]
pub(crate) struct IntIndex {
    version: bool,
    /// The first entry with this very value.
    singles: HashTable<(i64, u32)>,
    /// Entries with the value of an earlier one.
    shadowed: usize,
    /// Sorted by `low`.
    ranges: Vec<Span>,
    /// Ranges not sorted in yet: looked at one by one.
    tail: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    low: i64,
    high: i64,
    /// The greatest `high` from the first range to this one.
    reach: i64,
    id: u32,
}

impl IntIndex {
    pub(super) fn new(version: bool) -> Self {
        Self {
            version,
            singles: HashTable::new(),
            shadowed: 0,
            ranges: Vec::new(),
            tail: Vec::new(),
        }
    }

    pub(super) fn insert(&mut self, store: &Store, id: u32) -> Result<(), String> {
        match parse_key(self.version, store.key(id))? {
            Range {
                low: Some(low),
                high: Some(high),
            } if low == high => {
                if self.single(low).is_some() {
                    self.shadowed += 1;
                } else {
                    self.singles.insert_unique(hash(low), (low, id), |slot| hash(slot.0));
                }
            }
            Range { low, high } => self.tail.push(Span {
                low: low.unwrap_or(i64::MIN),
                high: high.unwrap_or(i64::MAX),
                reach: 0,
                id,
            }),
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, store: &Store, id: u32) {
        match parse_key(self.version, store.key(id)) {
            Ok(Range { low: Some(low), high }) if high == Some(low) => self.remove_single(store, low, id),
            _ => {
                self.tail.retain(|span| span.id != id);
                self.ranges.retain(|span| span.id != id);
                self.sort();
            }
        }
    }

    fn single(&self, n: i64) -> Option<u32> {
        self.singles.find(hash(n), |slot| slot.0 == n).map(|slot| slot.1)
    }

    fn remove_single(&mut self, store: &Store, n: i64, id: u32) {
        let Ok(mut found) = self.singles.find_entry(hash(n), |slot| *slot == (n, id)) else {
            self.shadowed = self.shadowed.saturating_sub(1);
            return;
        };
        let same = |key: &[u8]| parse_key(self.version, key).is_ok_and(|r| r.low == Some(n) && r.high == Some(n));
        let next = (self.shadowed > 0)
            .then(|| store.iter_from(id + 1).find(|(_, r)| same(r.key)))
            .flatten();
        match next {
            Some((next, _)) => {
                found.get_mut().1 = next;
                self.shadowed -= 1;
            }
            None => {
                found.remove();
            }
        }
    }

    pub(super) fn wants_finish(&self) -> bool {
        !self.tail.is_empty()
    }

    pub(super) fn finish(&mut self) {
        if !self.tail.is_empty() {
            self.ranges.append(&mut self.tail);
            self.sort();
        }
    }

    fn sort(&mut self) {
        self.ranges.sort_by_key(|span| (span.low, span.id));
        let mut reach = i64::MIN;
        for span in &mut self.ranges {
            reach = reach.max(span.high);
            span.reach = reach;
        }
    }

    pub(super) fn find(&self, n: i64) -> Option<u32> {
        let single = self.single(n);
        let starting = self.ranges.partition_point(|span| span.low <= n);
        let ranged = self.ranges[..starting]
            .iter()
            .rev()
            .take_while(|span| span.reach >= n)
            .filter(|span| span.high >= n)
            .map(|span| span.id)
            .min();
        let waiting = self.tail.iter().find(|span| span.low <= n && n <= span.high).map(|span| span.id);
        [single, ranged, waiting].into_iter().flatten().min()
    }

    pub(super) fn memory(&self) -> usize {
        self.singles.allocation_size() + self.ranges.capacity() * size_of::<Span>()
    }
}

fn hash(n: i64) -> u64 {
    let h = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (h ^ (h >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

fn parse_key(version: bool, key: &[u8]) -> Result<Range, String> {
    let text = String::from_utf8_lossy(key);
    if version {
        parse::version_range(&text)
    } else {
        parse::range(&text)
    }
}
