//! `balance roundrobin`: weighted turns, smooth and exact over a cycle, with weights that may change while it runs; the turns are
//! those of HAProxy.
//!
//! Each server has the position of the stream it takes next: the period of its weight after the one before, with the
//! remainder carried along. Whoever is due goes first; while nobody is, those who are fresh come in, heaviest first. Positions are
//! counted in windows of as many as the weights add up to: who is not due before the end of one is fresh in the next.
//!
//! ```text
//!   fresh --served--> waiting --served--> waiting ... --not due in this window--> next --its end--> fresh
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Load, Member, View};

/// Due position, then what is left of the weight without the remainder, the most first, then who came first.
type Turn = (u64, Reverse<u64>, u64, usize);

#[derive(Debug)]
pub(super) struct RoundRobin {
    pos: u64,
    /// The end of the window.
    end: u64,
    total: u64,
    slots: Vec<Slot>,
    waiting: BinaryHeap<Reverse<Turn>>,
    /// Lightest first, taken from the end.
    fresh: Vec<usize>,
    next: Vec<usize>,
    /// Passed over in one pick; kept to reuse its space.
    passed: Vec<usize>,
    /// How many have queued up so far.
    queued: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    weight: u32,
    due: u64,
    rest: u64,
    /// When it queued up, as a number.
    order: u64,
    line: Line,
}

/// Where a server stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    #[default]
    None,
    Fresh,
    Waiting,
    Next,
}

impl RoundRobin {
    pub(super) fn new(n: usize) -> Self {
        Self {
            pos: 0,
            end: 0,
            total: 0,
            slots: vec![Slot::default(); n],
            waiting: BinaryHeap::new(),
            fresh: Vec::new(),
            next: Vec::new(),
            passed: Vec::new(),
            queued: 0,
        }
    }

    pub(super) fn rebuild(&mut self, members: &[Member], live: &[usize]) {
        self.total = live.iter().map(|&i| u64::from(members[i].weight)).sum();
        self.slots.resize(members.len(), Slot::default());
        let starting = self.pos == 0;
        if starting {
            self.end = self.total;
        }
        let mut weights = vec![0; members.len()];
        for &i in live {
            weights[i] = members[i].weight;
        }
        self.waiting.clear();
        self.fresh.clear();
        self.next.clear();
        for (i, weight) in weights.into_iter().enumerate() {
            let old = self.slots[i];
            let slot = &mut self.slots[i];
            slot.weight = weight;
            if weight == 0 {
                slot.line = Line::None;
                continue;
            }
            if starting {
                (slot.line, slot.order) = (Line::Fresh, i as u64);
            } else if old.weight != weight {
                // Who comes in, or comes back heavier or lighter, waits one period at most; nobody is owed the past.
                let latest = self.pos + self.total / u64::from(weight);
                slot.rest = 0;
                slot.due = if old.weight == 0 { latest } else { old.due.min(latest) };
                if old.line != Line::Fresh {
                    slot.line = if slot.due < self.end { Line::Waiting } else { Line::Next };
                    slot.order = self.queued;
                    self.queued += 1;
                }
            }
            match self.slots[i].line {
                Line::None => {}
                Line::Fresh => self.fresh.push(i),
                Line::Next => self.next.push(i),
                Line::Waiting => self.waiting.push(Reverse(self.turn(i))),
            }
        }
        self.queued = self.queued.max(self.slots.len() as u64);
        self.sort_fresh();
    }

    fn sort_fresh(&mut self) {
        let slots = &self.slots;
        self.fresh.sort_unstable_by_key(|&i| (slots[i].weight, Reverse(slots[i].order)));
    }

    pub(super) fn pick(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        if self.pos >= self.end || (self.waiting.is_empty() && self.fresh.is_empty()) {
            self.renew();
        }
        let fits = |i: usize| view.avoid != Some(i) && !load(i).full;
        let mut spare = None;
        let mut picked = None;
        let mut k = self.fresh.len();
        loop {
            let is_due = self.waiting.peek().is_some_and(|t| t.0.0 <= self.pos);
            let (i, from_fresh) = if !is_due && k > 0 {
                k -= 1;
                (self.fresh[k], true)
            } else if let Some(Reverse((.., i))) = self.waiting.pop() {
                (i, false)
            } else {
                break;
            };
            if fits(i) {
                picked = Some(i);
                break;
            }
            if !load(i).full {
                spare = Some(i);
            }
            if !from_fresh {
                self.passed.push(i);
            }
        }
        let picked = picked.or_else(|| self.next.iter().copied().find(|i| fits(*i))).or(spare);
        let picked = picked.or_else(|| self.next.iter().copied().find(|i| !load(*i).full));
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

    /// Begins another window: who is left of the last one is fresh still.
    fn renew(&mut self) {
        // Where nobody is due in this one any more, it is over.
        if self.waiting.is_empty() && self.fresh.is_empty() {
            self.pos = self.pos.max(self.end);
        }
        self.end = self.pos.max(self.end) + self.total.max(1);
        for &i in &self.next {
            self.slots[i].line = Line::Fresh;
        }
        self.fresh.append(&mut self.next);
        self.sort_fresh();
    }

    fn turn(&self, i: usize) -> Turn {
        let s = self.slots[i];
        (s.due, Reverse(u64::from(s.weight).saturating_sub(s.rest)), s.order, i)
    }

    /// Queues up.
    fn wait(&mut self, i: usize) {
        let slot = &mut self.slots[i];
        slot.order = self.queued;
        self.queued += 1;
        if slot.due < self.end {
            slot.line = Line::Waiting;
            self.waiting.push(Reverse(self.turn(i)));
        } else {
            slot.line = Line::Next;
            self.next.push(i);
        }
    }

    /// Moves a server on by its period.
    fn serve(&mut self, i: usize) {
        let (pos, total, line) = (self.pos, self.total, self.slots[i].line);
        match line {
            Line::Fresh => self.fresh.retain(|f| *f != i),
            Line::Next => self.next.retain(|n| *n != i),
            Line::None | Line::Waiting => {}
        }
        let s = &mut self.slots[i];
        if line == Line::Fresh {
            (s.due, s.rest) = (pos, 0);
        }
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
