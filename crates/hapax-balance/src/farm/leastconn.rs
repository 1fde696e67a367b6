//! `balance leastconn`: the least streams for its weight; equals take turns, so that slow starts and idle farms stay even.
//!
//! The choice costs the logarithm of the number of servers: a tree keeps the least of what each pair of servers bears, and whoever
//! knows that a server's load has changed tells so ([`LeastConn::touch`]), so that only that one is looked at again.

use super::{Load, Member, SCALE, View};

/// A weight of 256, in the farm's unit.
const HEAVIEST: u64 = 256 * SCALE as u64;

/// What nobody bears: of those who take no more.
const NOBODY: u64 = u64::MAX;

#[derive(Debug, Default)]
pub(super) struct LeastConn {
    /// Where the next tie is broken from.
    next: usize,
    /// What the live servers bear, in the second half; before it, the lesser of each two, up to the least of all at 1.
    tree: Vec<u64>,
    /// Of each member, its place among the live ones.
    places: Vec<Option<u32>>,
    /// Members to look at again.
    touched: Vec<usize>,
    /// All of them are to be looked at.
    unread: bool,
}

impl LeastConn {
    pub(super) fn rebuild(&mut self, members: &[Member], live: &[usize]) {
        self.places.clear();
        self.places.resize(members.len(), None);
        for (place, &i) in live.iter().enumerate() {
            self.places[i] = Some(place as u32);
        }
        self.tree.clear();
        self.tree.resize(2 * live.len().next_power_of_two(), NOBODY);
        self.unread = true;
    }

    /// A member's load is not what it was.
    pub(super) fn touch(&mut self, member: usize) {
        if self.unread {
            return;
        }
        if self.touched.len() >= self.places.len() {
            self.unread = true;
            return;
        }
        self.touched.push(member);
    }

    pub(super) fn pick(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        self.read(view, load);
        let avoided = view.avoid.and_then(|i| self.places.get(i).copied().flatten());
        let avoided = avoided.map(|place| place as usize);
        let spare = avoided.map(|place| self.put(place, NOBODY));
        let picked = self.least(view, load);
        if let (Some(place), Some(bears)) = (avoided, spare) {
            self.put(place, bears);
        }
        let spare = avoided.filter(|&place| spare != Some(NOBODY) && !load(view.live[place]).full);
        let place = picked.or(spare)?;
        self.next = place + 1;
        Some(view.live[place])
    }

    /// Looks at those whose load has changed.
    fn read(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) {
        if std::mem::take(&mut self.unread) {
            self.touched.clear();
            self.touched.extend_from_slice(view.live);
        }
        let mut again = 0;
        for k in 0..self.touched.len() {
            let i = self.touched[k];
            let Some(place) = self.places.get(i).copied().flatten() else {
                continue;
            };
            let now = load(i);
            self.put(place as usize, pressure(now, view.members[i].weight));
            if now.full && now.elastic {
                // Nobody tells when its limit grows.
                self.touched[again] = i;
                again += 1;
            }
        }
        self.touched.truncate(again);
    }

    /// The place of the least loaded who takes one more.
    fn least(&mut self, view: &View<'_>, load: &impl Fn(usize) -> Load) -> Option<usize> {
        loop {
            let least = self.tree[1];
            if least == NOBODY {
                return None;
            }
            let place = self.first(self.next, least).or_else(|| self.first(0, least))?;
            let i = view.live[place];
            if !load(i).full {
                return Some(place);
            }
            // Its limit has moved, or its load has not been told of yet.
            self.put(place, NOBODY);
            self.touched.push(i);
        }
    }

    /// Sets what the server at a place bears, and gives back what it did.
    fn put(&mut self, place: usize, bears: u64) -> u64 {
        let mut at = place + self.tree.len() / 2;
        let before = std::mem::replace(&mut self.tree[at], bears);
        while at > 1 {
            at /= 2;
            let least = self.tree[2 * at].min(self.tree[2 * at + 1]);
            if std::mem::replace(&mut self.tree[at], least) == least {
                break;
            }
        }
        before
    }

    /// The first place, from one onwards, whose server bears no more than that.
    fn first(&self, from: usize, most: u64) -> Option<usize> {
        let half = self.tree.len() / 2;
        if from >= half {
            return None;
        }
        let mut at = from + half;
        while self.tree[at] > most {
            // What lies to the right of all that has been looked at.
            while at % 2 == 1 {
                at /= 2;
            }
            if at == 0 {
                return None;
            }
            at += 1;
        }
        while at < half {
            at *= 2;
            if self.tree[at] > most {
                at += 1;
            }
        }
        Some(at - half)
    }
}

/// Idle servers are equal whatever their weight; busy ones compare by what one stream more would mean to them.
fn pressure(load: Load, weight: u32) -> u64 {
    if load.full {
        NOBODY
    } else if load.streams == 0 {
        0
    } else {
        (u64::from(load.streams) + 1) * HEAVIEST / u64::from(weight.max(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::*;
    use super::pressure;

    /// What a server does beside being chosen.
    #[derive(Clone, Copy, Debug)]
    enum Op {
        Leaves(usize),
        Limit(usize, u32, bool),
        Weight(usize, u32),
        Usable(usize, bool),
        Pick(Option<usize>),
    }

    fn ops() -> impl Strategy<Value = Op> {
        let who = 0usize..11;
        prop_oneof![
            2 => who.clone().prop_map(Op::Leaves),
            1 => (who.clone(), 0u32..4, any::<bool>()).prop_map(|(i, n, e)| Op::Limit(i, n, e)),
            1 => (who.clone(), 0u32..5).prop_map(|(i, n)| Op::Weight(i, n)),
            1 => (who.clone(), any::<bool>()).prop_map(|(i, u)| Op::Usable(i, u)),
            6 => Just(Op::Pick(None)),
            1 => who.prop_map(|i| Op::Pick(Some(i))),
        ]
    }

    /// By looking at every server: the least loaded, the first of them from `next` on.
    fn by_walking(f: &Farm, next: usize, load: impl Fn(usize) -> Load, avoid: Option<usize>) -> Option<usize> {
        let live = &f.live[..];
        let cost = |place: &usize| pressure(load(live[*place]), f.members[live[*place]].weight);
        let able = |place: &usize| !load(live[*place]).full;
        let places = (next..live.len()).chain(0..next.min(live.len())).filter(able);
        let others = places.clone().filter(|p| avoid != Some(live[*p]));
        others.min_by_key(cost).or_else(|| places.min_by_key(cost))
    }

    proptest! {
        /// The tree gives whom a walk over all servers gives, whatever comes and goes.
        #[test]
        fn the_tree_finds_whom_a_walk_finds(weights in vec(1u32..5, 2..11), ops in vec(ops(), 1..120)) {
            let n = weights.len();
            let mut f = placement::farm_of(Algorithm::LeastConn, &weights, 1);
            let mut streams = vec![0u32; n];
            // The most streams (0: no limit), and whether that is told of when it changes.
            let mut limits = vec![(0u32, false); n];
            let mut next = 0;
            for op in ops {
                match op {
                    Op::Leaves(i) if i < n => {
                        streams[i] = streams[i].saturating_sub(1);
                        f.touch(i);
                    }
                    Op::Limit(i, limit, elastic) if i < n => {
                        if !(elastic && limits[i].1) {
                            f.touch(i);
                        }
                        limits[i] = (limit, elastic);
                    }
                    Op::Weight(i, w) if i < n => f.set(i, Member { weight: w * SCALE, ..f.member(i) }),
                    Op::Usable(i, usable) if i < n => f.set(i, Member { usable, ..f.member(i) }),
                    Op::Pick(avoid) => {
                        let load = |i: usize| Load {
                            streams: streams[i],
                            served: streams[i],
                            full: limits[i].0 > 0 && streams[i] >= limits[i].0,
                            elastic: limits[i].1,
                            ..Load::default()
                        };
                        let got = f.pick(None, load, avoid).server();
                        if f.live.len() > 1 {
                            let want = by_walking(&f, next, load, avoid);
                            prop_assert_eq!(got, want.map(|place| f.live[place]), "{:?} {:?}", streams, limits);
                            next = want.map_or(next, |place| place + 1);
                        }
                        if let Some(i) = got {
                            streams[i] += 1;
                            f.touch(i);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}
