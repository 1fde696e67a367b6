//! Consistent hashing: a server owns one point of a 32-bit ring per sixteenth of weight; a key goes to the nearest point, on
//! either side. Points depend on the server's id alone, so that a server's absence moves only its own keys.

use super::{Load, Member, View};
use crate::hash::spread;

/// Points are numbered within a server: the most a weight of 256 makes.
const POINTS: u32 = 4096;

#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Sorted by place.
    points: Vec<(u32, u32)>,
    next: usize,
}

impl Ring {
    pub(super) fn rebuild(&mut self, members: &[Member], live: &[usize]) {
        self.points.clear();
        for &i in live {
            let first = members[i].id.wrapping_mul(POINTS);
            let own = (0..members[i].weight.min(POINTS)).map(|n| (spread(first.wrapping_add(n)), i as u32));
            self.points.extend(own);
        }
        self.points.sort_unstable();
        self.next = 0;
    }

    pub(super) fn at(&self, key: u32) -> Option<usize> {
        let n = self.points.len();
        if n == 0 {
            return None;
        }
        let here = self.points.partition_point(|&(place, _)| place < key);
        let after = self.points[here % n];
        let before = self.points[(here + n - 1) % n];
        let nearer = if key.wrapping_sub(before.0) <= after.0.wrapping_sub(key) {
            before
        } else {
            after
        };
        Some(nearer.1 as usize)
    }

    /// A request without a key takes the next point of the ring.
    pub(super) fn turn(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        let n = self.points.len();
        let start = self.next;
        let mut last = start;
        let order = (0..n).map(|k| {
            last = (start + k) % n;
            self.points[last].1 as usize
        });
        let picked = view.first_of(order, load)?;
        self.next = (last + 1) % n;
        Some(picked)
    }
}
