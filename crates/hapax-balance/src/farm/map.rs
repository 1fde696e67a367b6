//! The weighted map of `static-rr` and of map-based hashing: as many slots as the weights add up to after reduction, filled so
//! that the slots of a heavy server are apart. A key's slot is its remainder, which must be the slot HAProxy would take.

use super::{Load, Member, View};

#[derive(Debug, Default)]
pub(super) struct Map {
    slots: Vec<u32>,
    next: usize,
}

impl Map {
    pub(super) fn rebuild(&mut self, members: &[Member], order: &[usize], live: &[usize]) {
        // The reduction looks at every weight, so that a server going down does not change the scale of the others.
        let unit = order.iter().map(|&i| members[i].weight).filter(|&w| w > 0).fold(0, gcd).max(1);
        let weights: Vec<i64> = live.iter().map(|&i| i64::from(members[i].weight.div_ceil(unit))).collect();
        let total: i64 = weights.iter().sum();
        let mut score = vec![0i64; live.len()];
        self.slots.clear();
        self.slots.reserve(total as usize);
        for _ in 0..total {
            // Earlier servers win over equal ones, and scores within one turn of the map count as equal.
            let mut best = (0, i64::MIN);
            for (j, w) in weights.iter().enumerate() {
                score[j] += w;
                let turn = (score[j] + total) / total;
                if turn > best.1 {
                    best = (j, turn);
                }
            }
            score[best.0] -= total;
            self.slots.push(live[best.0] as u32);
        }
    }

    pub(super) fn at(&self, key: u32) -> Option<usize> {
        let n = self.slots.len();
        (n > 0).then(|| self.slots[key as usize % n] as usize)
    }

    pub(super) fn turn(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        let n = self.slots.len();
        // Of a map that got smaller the turns begin anew.
        let start = if self.next < n { self.next } else { 0 };
        let mut last = start;
        let order = (0..n).map(|k| {
            last = (start + k) % n;
            self.slots[last] as usize
        });
        let picked = view.first_of(order, load)?;
        self.next = last + 1;
        Some(picked)
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
