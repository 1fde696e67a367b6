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
type Turn = (i64, Reverse<i64>, u64, usize);

#[derive(Debug)]
pub(super) struct RoundRobin {
    pos: i64,
    /// The window, as positions: one of as many as the weights added up to when it began.
    begin: i64,
    end: i64,
    total: i64,
    slots: Vec<Slot>,
    waiting: BinaryHeap<Reverse<Turn>>,
    /// Lightest first, taken from the end.
    fresh: Vec<usize>,
    next: Vec<usize>,
    /// In one pick; kept to reuse its space.
    looked_at: Vec<usize>,
    /// How many have queued up so far.
    queued: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    weight: i64,
    due: i64,
    rest: i64,
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
            begin: 0,
            end: 0,
            total: 0,
            slots: vec![Slot::default(); n],
            waiting: BinaryHeap::new(),
            fresh: Vec::new(),
            next: Vec::new(),
            looked_at: Vec::new(),
            queued: 0,
        }
    }

    pub(super) fn rebuild(&mut self, members: &[Member], live: &[usize]) {
        self.slots.resize(members.len(), Slot::default());
        let mut weights = vec![0; members.len()];
        for &i in live {
            weights[i] = i64::from(members[i].weight);
        }
        if self.queued == 0 {
            self.start(&weights);
        } else {
            for (i, weight) in weights.into_iter().enumerate() {
                self.reweigh(i, weight);
            }
        }
        self.line_up();
    }

    /// All who are there at the start are fresh in the first window.
    fn start(&mut self, weights: &[i64]) {
        self.total = weights.iter().sum();
        self.end = self.total;
        for (slot, &weight) in self.slots.iter_mut().zip(weights) {
            (slot.weight, slot.order) = (weight, self.queued);
            slot.line = if weight > 0 { Line::Fresh } else { Line::None };
            self.queued += 1;
        }
    }

    /// Who comes in, or gets heavier or lighter, is due when its share of what is left of the window has passed. What it had carried
    /// along it keeps. The lists are to be made anew before the next pick.
    pub(super) fn reweigh(&mut self, i: usize, weight: i64) {
        let Some(slot) = self.slots.get_mut(i).filter(|s| s.weight != weight) else {
            return;
        };
        self.total += weight - slot.weight;
        slot.weight = weight;
        if weight == 0 {
            slot.line = Line::None;
            return;
        }
        let left = self.total - (self.pos - self.begin);
        slot.due = self.pos + left.div_euclid(weight);
        self.queue(i);
    }

    /// Whoever comes to this place has no past.
    pub(super) fn vacate(&mut self, i: usize) {
        self.reweigh(i, 0);
        if let Some(slot) = self.slots.get_mut(i) {
            *slot = Slot::default();
        }
    }

    /// Makes the lists anew, from where each server stands.
    fn line_up(&mut self) {
        self.waiting.clear();
        self.fresh.clear();
        self.next.clear();
        for i in 0..self.slots.len() {
            match self.slots[i].line {
                Line::None => {}
                Line::Fresh => self.fresh.push(i),
                Line::Next => self.next.push(i),
                Line::Waiting => self.waiting.push(Reverse(self.turn(i))),
            }
        }
        self.sort_fresh();
    }

    fn sort_fresh(&mut self) {
        let slots = &self.slots;
        self.fresh.sort_unstable_by_key(|&i| (slots[i].weight, Reverse(slots[i].order)));
    }

    /// Whoever is looked at has its turn and moves on, even one that is full or to be avoided: it is passed over once, not first in
    /// line for the next.
    pub(super) fn pick(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        let fits = |i: usize| view.avoid != Some(i) && !load(i).full;
        let mut picked = self.first_in_line(&fits);
        // Those who wait for the next window have their turn where nobody of this one may be chosen.
        if picked.is_none() && !self.next.is_empty() {
            self.renew();
            picked = self.first_in_line(&fits);
        }
        let spare = || view.avoid.filter(|i| self.looked_at.contains(i) && !load(*i).full);
        let picked = picked.or_else(spare);
        while let Some(i) = self.looked_at.pop() {
            self.wait(i);
        }
        picked
    }

    /// The first of this window who may be chosen. Those looked at are out of their line until they queue up again.
    fn first_in_line(&mut self, fits: &impl Fn(usize) -> bool) -> Option<usize> {
        loop {
            let is_due = self.waiting.peek().is_some_and(|t| t.0.0 <= self.pos);
            let fresh = if is_due { None } else { self.fresh.pop() };
            let i = match fresh {
                Some(i) => i,
                None => self.waiting.pop()?.0.3,
            };
            self.move_on(i);
            self.looked_at.push(i);
            if fits(i) {
                return Some(i);
            }
        }
    }

    /// Begins another window: who was not due before the end of the last one is fresh.
    fn renew(&mut self) {
        self.pos = self.pos.max(self.end);
        self.begin = self.pos;
        self.end = self.pos + self.total;
        for &i in &self.next {
            self.slots[i].line = Line::Fresh;
        }
        self.fresh.append(&mut self.next);
        self.sort_fresh();
    }

    fn turn(&self, i: usize) -> Turn {
        let s = self.slots[i];
        (s.due, Reverse(s.weight - s.rest), s.order, i)
    }

    /// Queues up, in a list.
    fn wait(&mut self, i: usize) {
        self.queue(i);
        match self.slots[i].line {
            Line::Waiting => self.waiting.push(Reverse(self.turn(i))),
            _ => self.next.push(i),
        }
    }

    /// Queues up: what is not due before the window ends, or would end if it had begun with the weights of now, is for the next.
    fn queue(&mut self, i: usize) {
        let end = self.end.min(self.begin + self.total);
        let slot = &mut self.slots[i];
        slot.order = self.queued;
        slot.line = if slot.due < end { Line::Waiting } else { Line::Next };
        self.queued += 1;
    }

    /// Moves a server on by its period.
    fn move_on(&mut self, i: usize) {
        let (pos, total) = (self.pos, self.total);
        let s = &mut self.slots[i];
        if s.line == Line::Fresh {
            (s.due, s.rest) = (pos, 0);
        }
        // A server that was full for a whole cycle starts from here: its share went to others.
        if s.due + total < pos {
            s.due = pos;
        }
        // One that got lighter has more to give back than a period can take, and does so over several.
        s.due += total / s.weight;
        s.rest += total % s.weight;
        if s.rest >= s.weight {
            s.rest -= s.weight;
            s.due += 1;
        }
        self.pos += 1;
    }
}
