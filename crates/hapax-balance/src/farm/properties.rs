//! What holds for every farm, asked of farms made by chance and of lists of what may happen to them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::hash::{HashFunction, spread};
use crate::warmup;

fn farm(algorithm: Algorithm, weights: &[u32]) -> Farm {
    placement::farm_of(algorithm, weights, 7)
}

/// How often each server is chosen in `n` picks of an idle farm.
fn count(f: &mut Farm, servers: usize, n: u32) -> Vec<u32> {
    let mut got = vec![0; servers];
    for _ in 0..n {
        if let Some(i) = f.pick(None, |_| Load::default(), None).server() {
            got[i] += 1;
        }
    }
    got
}

/// No weight of a farm that changes is as large.
const HEAVIEST: u32 = 20;

fn consistent() -> Algorithm {
    Algorithm::Hash(HashType {
        consistent: true,
        function: HashFunction::Sdbm,
        avalanche: true,
    })
}

proptest! {
    /// A cycle of `static-rr` gives each server exactly its weight. One of `roundrobin`, wherever it starts, is off by one at most, and
    /// no more than that where sixteen of them have passed.
    #[test]
    fn a_cycle_gives_each_its_weight(weights in vec(1u32..30, 1..9), skip in 0u32..200) {
        let total: u32 = weights.iter().sum();
        let mut fixed = farm(Algorithm::StaticRr, &weights);
        prop_assert_eq!(&count(&mut fixed, weights.len(), total), &weights);
        prop_assert_eq!(&count(&mut fixed, weights.len(), total), &weights);
        let mut live = farm(Algorithm::RoundRobin, &weights);
        for cycles in [1, SCALE] {
            count(&mut live, weights.len(), skip);
            let window = count(&mut live, weights.len(), total * cycles);
            let near = window.iter().zip(&weights).all(|(got, want)| got.abs_diff(want * cycles) <= 1);
            prop_assert!(near, "{:?} for {} times {:?}", window, cycles, weights);
        }
    }

    /// Weights that change at any moment count from then on. A server that got lighter may have carried along as much as its old weight
    /// and gives it back turn by turn; when that is over, nobody is ahead or behind by more than a turn in four cycles.
    #[test]
    fn turns_follow_weights_that_change(
        start in vec(0..HEAVIEST, 2..7),
        changes in vec((0usize..7, 0..HEAVIEST, 0u32..40), 1..12),
    ) {
        let mut weights = start;
        let mut f = farm(Algorithm::RoundRobin, &weights);
        for (at, weight, picks) in changes {
            let i = at % weights.len();
            weights[i] = weight;
            f.set(i, Member { weight: weight * SCALE, ..f.member(i) });
            count(&mut f, weights.len(), picks);
        }
        let total: u32 = weights.iter().sum();
        count(&mut f, weights.len(), total * HEAVIEST);
        let window = count(&mut f, weights.len(), total * 4);
        let near = window.iter().zip(&weights).all(|(got, want)| got.abs_diff(want * 4) <= 1);
        prop_assert!(near, "{:?} for four times {:?}", window, weights);
    }

    /// Streams come and go: whoever gets the next has no more of them, for its weight, than anybody else.
    #[test]
    fn the_least_loaded_is_chosen(weights in vec(1u32..10, 1..8), ops in vec((any::<bool>(), 0usize..8), 0..200)) {
        let mut f = farm(Algorithm::LeastConn, &weights);
        let mut streams = vec![0u32; weights.len()];
        for (comes, who) in ops {
            if !comes {
                let i = who % streams.len();
                streams[i] = streams[i].saturating_sub(1);
                f.touch(i);
                continue;
            }
            let load = |i: usize| Load { streams: streams[i], served: streams[i], ..Load::default() };
            let i = f.pick(None, load, None).server().expect("a server");
            let idle = streams.contains(&0);
            let cost = |j: usize| f64::from(streams[j] + 1) / f64::from(weights[j]);
            prop_assert!(!idle || streams[i] == 0, "an idle one is there: {:?}", streams);
            prop_assert!(idle || (0..streams.len()).all(|j| cost(i) <= cost(j) + 1e-2), "{} of {:?}, {:?}", i, streams, weights);
            streams[i] += 1;
            f.touch(i);
        }
    }

    /// Streams that stay: equal servers never differ by more than one.
    #[test]
    fn equal_servers_stay_within_one(servers in 1usize..12, n in 0usize..200) {
        let mut f = farm(Algorithm::LeastConn, &vec![1; servers]);
        let mut streams = vec![0u32; servers];
        for _ in 0..n {
            let load = |i: usize| Load { streams: streams[i], served: streams[i], ..Load::default() };
            let i = f.pick(None, load, None).server().expect("a server");
            streams[i] += 1;
            f.touch(i);
            let (least, most) = (streams.iter().min(), streams.iter().max());
            prop_assert!(most.zip(least).is_some_and(|(m, l)| m - l <= 1), "{:?}", streams);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// One server of `n` leaves a ring: its keys move, an `n`-th of all or thereabouts, and no other does. The same when it is back.
    #[test]
    fn who_leaves_a_ring_moves_an_nth(servers in 2usize..12, leaver in 0usize..12, seed in any::<u32>()) {
        let keys: Vec<u32> = (0..2000).map(|n| spread(seed.wrapping_add(n))).collect();
        let mut f = farm(consistent(), &vec![40; servers]);
        let gone = leaver % servers;
        let place = |f: &mut Farm| -> Vec<Option<usize>> {
            keys.iter().map(|k| f.pick(Some(*k), |_| Load::default(), None).server()).collect()
        };
        let before = place(&mut f);
        f.set(gone, Member { usable: false, ..f.member(gone) });
        let without = place(&mut f);
        let moved = before.iter().zip(&without).filter(|(b, w)| b != w).count();
        let own = before.iter().filter(|b| **b == Some(gone)).count();
        prop_assert_eq!(moved, own);
        prop_assert!(moved * servers * 10 <= keys.len() * 15, "{} of {} keys for one of {}", moved, keys.len(), servers);
        f.set(gone, Member { usable: true, ..f.member(gone) });
        prop_assert_eq!(place(&mut f), before);
    }

    /// A heavier server only draws keys, a lighter one only loses them.
    #[test]
    fn a_weight_only_moves_keys_of_its_server(weights in vec(1u32..40, 2..8), who in 0usize..8, weight in 0u32..40) {
        let keys: Vec<u32> = (0..1000).map(spread).collect();
        let mut f = farm(consistent(), &weights);
        let i = who % weights.len();
        let place = |f: &mut Farm| -> Vec<Option<usize>> {
            keys.iter().map(|k| f.pick(Some(*k), |_| Load::default(), None).server()).collect()
        };
        let before = place(&mut f);
        f.set(i, Member { weight: weight * SCALE, ..f.member(i) });
        for (was, is) in before.iter().zip(place(&mut f)) {
            let allowed = if weight >= weights[i] { is == Some(i) } else { *was == Some(i) };
            prop_assert!(*was == is || allowed, "{:?} to {:?} as {} went from {} to {}", was, is, i, weights[i], weight);
        }
    }

    /// A server that warms up gets its share of a moment and no more, and the whole of its weight in the end.
    #[test]
    fn a_slow_start_climbs_to_the_whole_share(weight in 1u32..20, slowstart in 1u64..120) {
        let mut last = 0;
        for elapsed in 0..=slowstart {
            let share = warmup::share(elapsed, slowstart);
            prop_assert!(share >= last && share >= 1);
            last = share;
            let mut f = farm(Algorithm::RoundRobin, &[weight, weight]);
            f.set(1, Member { weight: weight * share, ..f.member(1) });
            let rounds = SCALE + share;
            let got = count(&mut f, 2, rounds);
            prop_assert!(got[1].abs_diff(share) <= 1, "{} of {} at {} of {}", got[1], rounds, elapsed, slowstart);
        }
        prop_assert_eq!(last, SCALE);
    }
}
