//! Integers and ranges of them: single values in a map, ranges sorted by their low end with the highest end so far, so
//! that a look-up stops where no earlier range can reach.

use std::collections::BTreeMap;

use super::super::parse::{self, Range};
use super::super::store::Store;

#[derive(Clone, Debug)]
pub(crate) struct IntIndex {
    version: bool,
    /// Every entry with this very value, in order.
    singles: BTreeMap<i64, Ids>,
    /// Sorted by `low`.
    ranges: Vec<Span>,
    /// Ranges not sorted in yet: looked at one by one.
    tail: Vec<Span>,
}

/// Most values have one entry.
#[derive(Clone, Debug)]
enum Ids {
    One(u32),
    Many(Vec<u32>),
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
            singles: BTreeMap::new(),
            ranges: Vec::new(),
            tail: Vec::new(),
        }
    }

    fn parse(&self, key: &[u8]) -> Result<Range, String> {
        let text = String::from_utf8_lossy(key);
        if self.version {
            parse::version_range(&text)
        } else {
            parse::range(&text)
        }
    }

    pub(super) fn insert(&mut self, store: &Store, id: u32) -> Result<(), String> {
        match self.parse(store.key(id))? {
            Range {
                low: Some(low),
                high: Some(high),
            } if low == high => {
                self.singles
                    .entry(low)
                    .and_modify(|ids| {
                        let mut all = ids.as_slice().to_vec();
                        all.push(id);
                        *ids = Ids::Many(all);
                    })
                    .or_insert(Ids::One(id));
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
        match self.parse(store.key(id)) {
            Ok(Range { low: Some(low), high }) if high == Some(low) => {
                let rest: Vec<u32> = match self.singles.get(&low) {
                    Some(ids) => ids.as_slice().iter().copied().filter(|&other| other != id).collect(),
                    None => return,
                };
                match rest.as_slice() {
                    [] => {
                        self.singles.remove(&low);
                    }
                    [one] => {
                        self.singles.insert(low, Ids::One(*one));
                    }
                    _ => {
                        self.singles.insert(low, Ids::Many(rest));
                    }
                }
            }
            _ => {
                self.tail.retain(|span| span.id != id);
                self.ranges.retain(|span| span.id != id);
                self.sort();
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
        let single = self.singles.get(&n).and_then(|ids| ids.as_slice().first().copied());
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
        // A B-tree node is about two thirds full.
        self.singles.len() * size_of::<(i64, Ids)>() * 3 / 2 + self.ranges.capacity() * size_of::<Span>()
    }
}

impl Ids {
    fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(all) => all,
        }
    }
}
