//! Who waits for a server, in what order: by class, then by time of arrival with an offset (manual, `set-priority-class` and
//! `set-priority-offset`).

use std::collections::BTreeMap;

/// A place in a queue, to leave it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    class: i32,
    at_ms: i64,
    order: u64,
}

/// A priority queue of `T`.
#[derive(Debug)]
pub struct Queue<T> {
    waiting: BTreeMap<Place, T>,
    next: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            next: 0,
        }
    }
}

impl<T> Queue<T> {
    /// A lower class goes first; within one, who came first, `offset_ms` later.
    pub fn push(&mut self, class: i32, now_ms: u64, offset_ms: i32, item: T) -> Place {
        let place = Place {
            class,
            at_ms: now_ms.cast_signed() + i64::from(offset_ms),
            order: self.next,
        };
        self.next += 1;
        self.waiting.insert(place, item);
        place
    }

    /// As [`push`](Self::push), for an item that remembers its place.
    pub fn push_with(&mut self, class: i32, now_ms: u64, offset_ms: i32, make: impl FnOnce(Place) -> T) -> T
    where
        T: Clone,
    {
        let place = Place {
            class,
            at_ms: now_ms.cast_signed() + i64::from(offset_ms),
            order: self.next,
        };
        self.next += 1;
        let item = make(place);
        self.waiting.insert(place, item.clone());
        item
    }

    pub fn pop(&mut self) -> Option<T> {
        self.waiting.pop_first().map(|(_, t)| t)
    }

    /// The place of who would go first.
    pub fn first(&self) -> Option<Place> {
        self.waiting.first_key_value().map(|(p, _)| *p)
    }

    /// Leaves before its turn; `None`: it had its turn already.
    pub fn remove(&mut self, place: Place) -> Option<T> {
        self.waiting.remove(&place)
    }

    /// How many go before `place`.
    pub fn ahead_of(&self, place: Place) -> usize {
        self.waiting.range(..place).count()
    }

    /// Who goes first, first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.waiting.values()
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let mut q = Queue::default();
        let arrivals = [
            (0, 100, 0, 'a'),
            (0, 101, 0, 'b'),
            (0, 102, -50, 'c'),
            (-1, 200, 0, 'd'),
            (1, 1, 0, 'e'),
            (0, 101, 0, 'f'),
        ];
        for (class, now, offset, name) in arrivals {
            q.push(class, now, offset, name);
        }
        let out: String = std::iter::from_fn(|| q.pop()).collect();
        assert_eq!(out, "dcabfe");
    }

    #[test]
    fn leaving() {
        let mut q = Queue::default();
        let a = q.push(0, 1, 0, 'a');
        let b = q.push(0, 2, 0, 'b');
        assert_eq!(q.ahead_of(b), 1);
        assert_eq!(q.remove(a), Some('a'));
        assert_eq!((q.remove(a), q.ahead_of(b), q.len()), (None, 0, 1));
        assert_eq!(q.first(), Some(b));
        assert_eq!((q.pop(), q.is_empty()), (Some('b'), true));
    }

    proptest::proptest! {
        /// Against a list that is sorted at every turn: arrivals, departures and turns in any order.
        #[test]
        fn as_a_sorted_list_would(ops in proptest::collection::vec((0u8..4, -2i32..3, 0u64..50, -20i32..20), 0..200)) {
            let mut q = Queue::default();
            let mut model: Vec<(Place, usize)> = Vec::new();
            let mut now = 0;
            for (n, (op, class, after, offset)) in ops.into_iter().enumerate() {
                now += after;
                model.sort_unstable();
                match op {
                    0 | 1 => {
                        let place = q.push(class, now, offset, n);
                        model.push((place, n));
                    }
                    2 if !model.is_empty() => {
                        let (place, item) = model.remove(after as usize % model.len());
                        proptest::prop_assert_eq!(q.remove(place), Some(item));
                        proptest::prop_assert_eq!(q.remove(place), None);
                    }
                    _ => {
                        let want = (!model.is_empty()).then(|| model.remove(0).1);
                        proptest::prop_assert_eq!(q.pop(), want);
                    }
                }
                proptest::prop_assert_eq!(q.len(), model.len());
            }
        }
    }
}
