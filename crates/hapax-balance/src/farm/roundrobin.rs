//! `balance roundrobin`: weighted turns, smooth and exact over a cycle, with weights that may change while it runs.
//!
//! Each server has the position of the stream it takes next: the period of its weight after the one before, with the
//! remainder carried along. Whoever is due goes first; while nobody is, those who have had no turn yet come in, heaviest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Load, Member, View};

/// Due position, then the heavier, then the earlier in the file.
type Turn = (u64, Reverse<u32>, usize);

#[derive(Debug)]
pub(super) struct RoundRobin {
    pos: u64,
    total: u64,
    slots: Vec<Slot>,
    waiting: BinaryHeap<Reverse<Turn>>,
    /// Not served since the start: lightest first, taken from the end.
    fresh: Vec<usize>,
    /// Passed over in one pick; kept to reuse its space.
    passed: Vec<usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    weight: u32,
    due: u64,
    rest: u64,
}

impl RoundRobin {
    pub(super) fn new(n: usize) -> Self {
        Self {
            pos: 0,
            total: 0,
            slots: vec![Slot::default(); n],
            waiting: BinaryHeap::new(),
            fresh: Vec::new(),
            passed: Vec::new(),
        }
    }

    pub(super) fn rebuild(&mut self, members: &[Member], live: &[usize]) {
        self.total = live.iter().map(|&i| u64::from(members[i].weight)).sum();
        self.slots.resize(members.len(), Slot::default());
        let mut weights = vec![0; members.len()];
        for &i in live {
            weights[i] = members[i].weight;
        }
        let starting = self.pos == 0;
        self.waiting.clear();
        self.fresh.clear();
        for (i, weight) in weights.into_iter().enumerate() {
            let slot = &mut self.slots[i];
            if weight != 0 {
                if starting {
                    self.fresh.push(i);
                } else {
                    let period = self.total / u64::from(weight);
                    // Who comes in, or comes back heavier or lighter, waits one period at most; nobody is owed the past.
                    if slot.weight != weight {
                        slot.rest = 0;
                        slot.due = if slot.weight == 0 {
                            self.pos + period
                        } else {
                            slot.due.min(self.pos + period)
                        };
                    }
                    self.waiting.push(Reverse((slot.due, Reverse(weight), i)));
                }
            }
            slot.weight = weight;
        }
        let slots = &self.slots;
        self.fresh.sort_by_key(|&i| (slots[i].weight, Reverse(i)));
    }

    pub(super) fn pick(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        let mut spare = None;
        let mut picked = None;
        let mut k = self.fresh.len();
        loop {
            let is_due = self.waiting.peek().is_some_and(|t| t.0.0 <= self.pos);
            let (i, from_fresh) = if !is_due && k > 0 {
                k -= 1;
                (self.fresh[k], true)
            } else if let Some(Reverse((_, _, i))) = self.waiting.pop() {
                (i, false)
            } else {
                break;
            };
            let full = load(i).full;
            if !full && view.avoid != Some(i) {
                if from_fresh {
                    self.fresh.remove(k);
                    self.slots[i].due = self.pos;
                }
                picked = Some(i);
                break;
            }
            if !full {
                spare = Some(i);
            }
            if !from_fresh {
                self.passed.push(i);
            }
        }
        let picked = picked.or(spare);
        while let Some(i) = self.passed.pop() {
            if picked != Some(i) {
                self.wait(i);
            }
        }
        if let Some(i) = picked {
            self.serve(i);
        }
        picked
    }

    fn wait(&mut self, i: usize) {
        let s = self.slots[i];
        self.waiting.push(Reverse((s.due, Reverse(s.weight), i)));
    }

    /// Moves a server on by its period.
    fn serve(&mut self, i: usize) {
        if let Some(k) = self.fresh.iter().position(|&f| f == i) {
            self.fresh.remove(k);
            self.slots[i].due = self.pos;
        }
        let (pos, total) = (self.pos, self.total);
        let s = &mut self.slots[i];
        // A server that was full for a whole cycle starts from here: its share went to others.
        if s.due + total < pos {
            s.due = pos;
        }
        let weight = u64::from(s.weight.max(1));
        let span = total + s.rest;
        s.due += span / weight;
        s.rest = span % weight;
        self.pos += 1;
        self.wait(i);
    }
}
