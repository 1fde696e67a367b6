//! `balance leastconn`: the least streams for its weight; equals take turns, so that slow starts and idle farms stay even.

use super::{Load, SCALE, View};

/// A weight of 256, in the farm's unit.
const HEAVIEST: u64 = 256 * SCALE as u64;

#[derive(Debug, Default)]
pub(super) struct LeastConn {
    /// Where the next tie is broken from.
    next: usize,
}

impl LeastConn {
    pub(super) fn pick(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        let split = view.live.partition_point(|&i| i < self.next);
        let (before, after) = view.live.split_at(split);
        let mut best: Option<(u64, usize)> = None;
        let mut spare = None;
        for &i in after.iter().chain(before) {
            let l = load(i);
            if l.full {
                continue;
            }
            if view.avoid == Some(i) {
                spare = Some(i);
                continue;
            }
            let key = pressure(l.streams, view.members[i].weight);
            if best.is_none_or(|(k, _)| key < k) {
                best = Some((key, i));
                if key == 0 {
                    break;
                }
            }
        }
        let picked = best.map(|(_, i)| i).or(spare)?;
        self.next = picked + 1;
        Some(picked)
    }
}

/// Idle servers are equal whatever their weight; busy ones compare by what one stream more would mean to them.
fn pressure(streams: u32, weight: u32) -> u64 {
    if streams == 0 {
        0
    } else {
        (u64::from(streams) + 1) * HEAVIEST / u64::from(weight.max(1))
    }
}
