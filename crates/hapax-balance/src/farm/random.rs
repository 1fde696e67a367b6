//! `balance random(N)`: N draws by weight, and the least loaded of them; among equals, who was chosen least of late.

use super::ring::Bounds;
use super::{Affinity, Load, Member, Spill, View};

#[derive(Debug)]
pub(super) struct Random {
    draws: u32,
    state: u64,
    /// Running totals of the weights, in the order of the live members.
    upto: Vec<u64>,
}

impl Random {
    pub(super) fn new(draws: u32, seed: u64) -> Self {
        Self {
            draws: draws.max(1),
            state: seed | 1,
            upto: Vec::new(),
        }
    }

    pub(super) fn rebuild(&mut self, members: &[Member], live: &[usize]) {
        let mut sum = 0;
        self.upto.clear();
        self.upto.extend(live.iter().map(|&i| {
            sum += u64::from(members[i].weight);
            sum
        }));
    }

    pub(super) fn pick(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load, spill: Spill) -> Option<usize> {
        let by_load = Spill {
            affinity: Affinity::Always,
            ..spill
        };
        let bounds = by_load.any().then(|| Bounds::of(view, load, by_load));
        let mut best: Option<(usize, Load)> = None;
        // A draw of the avoided server, or of one that has enough, does not count; but there is an end to bad luck.
        let mut left = self.draws + 4;
        let mut drawn = 0;
        while drawn < self.draws && left > 0 {
            left -= 1;
            let i = self.draw(view)?;
            if view.avoid == Some(i) || bounds.as_ref().is_some_and(|b| !b.allow(i, view, load)) {
                continue;
            }
            drawn += 1;
            let l = load(i);
            let per_weight = |n: u32, of: usize| u64::from(n) * u64::from(view.members[of].weight);
            let lighter = |(b, bl): (usize, Load)| {
                let (mine, best) = (per_weight(l.streams, b), per_weight(bl.streams, i));
                mine < best || mine == best && per_weight(l.rate, b) < per_weight(bl.rate, i)
            };
            if best.is_none_or(lighter) {
                best = Some((i, l));
            }
        }
        match best {
            Some((i, l)) if !l.full => Some(i),
            Some(_) => view.first_of(view.live.iter().copied(), load),
            None => view.first_of(view.live.iter().copied().filter(|&i| view.avoid != Some(i)), load),
        }
    }

    fn draw(&mut self, view: &View<'_>) -> Option<usize> {
        let total = *self.upto.last()?;
        // xorshift64*: cheap, and nobody's secret depends on it.
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let r = ((self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) * total) >> 32;
        Some(view.live[self.upto.partition_point(|&u| u <= r)])
    }
}
