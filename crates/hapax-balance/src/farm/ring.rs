//! Consistent hashing: a server owns one point of a 32-bit ring per sixteenth of weight; a key goes to the nearest point, on
//! either side, and from there onwards where that server may not have it. Points depend on the server alone, so that its absence
//! moves only its own keys.

use std::net::IpAddr;

use xxhash_rust::xxh32::xxh32;

use super::{Affinity, Load, Member, NodeKey, Spill, View};
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
            let first = members[i].node.first_point(members[i].id);
            let own = (0..members[i].weight.min(POINTS)).map(|n| (spread(first.wrapping_add(n)), i as u32));
            self.points.extend(own);
        }
        self.points.sort_unstable();
        self.next = 0;
    }

    /// The server of a key; another where that one is to be avoided or has enough.
    pub(super) fn at(&self, key: u32, view: &View<'_>, load: &impl Fn(usize) -> Load, spill: Spill) -> Option<usize> {
        let n = self.points.len();
        if n == 0 {
            return None;
        }
        let nearest = self.nearest(key);
        let server = |k: usize| self.points[(nearest + k) % n].1 as usize;
        if view.avoid.is_none() && !spill.any() {
            return Some(server(0));
        }
        let bounds = Bounds::of(view, load, spill);
        let fits = |i: &usize| view.avoid != Some(*i) && bounds.allow(*i, view, load);
        // Where nobody fits, the walk has come around: the last point before the key's own.
        (0..n).map(server).find(fits).or_else(|| Some(server(n - 1)))
    }

    fn nearest(&self, key: u32) -> usize {
        let n = self.points.len();
        let here = self.points.partition_point(|&(place, _)| place < key);
        let (after, before) = (here % n, (here + n - 1) % n);
        if key.wrapping_sub(self.points[before].0) <= self.points[after].0.wrapping_sub(key) {
            before
        } else {
            after
        }
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

impl NodeKey {
    /// By all 32 bits of an `id` (`id32`), which count as an address.
    pub fn of_id(id: u32) -> Self {
        Self::of_address(std::net::Ipv4Addr::from_bits(id).into(), None)
    }

    /// By a name (`guid`).
    pub fn of_name(name: &str) -> Self {
        Self::Number(xxh32(name.as_bytes(), 0))
    }

    /// By an address, with or without its port.
    pub fn of_address(ip: IpAddr, port: Option<u16>) -> Self {
        let port = port.map_or(0, |p| spread(p.into()));
        Self::Number(match ip {
            IpAddr::V4(a) => spread(port.wrapping_add(u32::from_ne_bytes(a.octets()))),
            IpAddr::V6(a) => xxh32(&a.octets(), port),
        })
    }

    /// The number of a server's first point.
    fn first_point(self, id: u32) -> u32 {
        match self {
            Self::Id => id.wrapping_mul(POINTS),
            Self::Number(n) => n,
        }
    }
}

/// What servers may have, while one stream is placed.
pub(super) struct Bounds {
    affinity: Affinity,
    /// Streams to share among all, the new one with them; `None`: no bound.
    slots: Option<u64>,
    weights: u64,
}

impl Bounds {
    pub(super) fn of(view: &View<'_>, load: &impl Fn(usize) -> Load, spill: Spill) -> Self {
        let served: u64 = if spill.factor == 0 {
            0
        } else {
            view.live.iter().map(|&i| u64::from(load(i).served)).sum()
        };
        Self {
            affinity: spill.affinity,
            slots: (spill.factor > 0).then(|| ((served + 1) * u64::from(spill.factor)).div_ceil(100)),
            weights: view.live.iter().map(|&i| u64::from(view.members[i].weight)).sum(),
        }
    }

    /// Whether server `i` may have one more.
    pub(super) fn allow(&self, i: usize, view: &View<'_>, load: &impl Fn(usize) -> Load) -> bool {
        let now = load(i);
        let skipped = match self.affinity {
            Affinity::Always => false,
            Affinity::MaxConn => now.full,
            Affinity::MaxQueue => now.queue_full,
        };
        !skipped && self.slots.is_none_or(|slots| u64::from(now.served) < self.share(slots, i, view))
    }

    /// A server's share of the slots: what is due up to it less what is due before it, so that the shares add up; at least one.
    fn share(&self, slots: u64, i: usize, view: &View<'_>) -> u64 {
        let before: u64 = view
            .live
            .iter()
            .take_while(|&&j| j != i)
            .map(|&j| u64::from(view.members[j].weight))
            .sum();
        let due = |weight: u64| weight * slots / self.weights.max(1);
        (due(before + u64::from(view.members[i].weight)) - due(before)).max(1)
    }
}
