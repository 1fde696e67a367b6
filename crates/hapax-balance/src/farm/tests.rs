use super::*;

fn member(i: usize, weight: u32) -> Member {
    Member {
        id: i as u32 + 1,
        node: NodeKey::Id,
        weight: weight * SCALE,
        usable: true,
        backup: false,
    }
}

fn farm(algorithm: Algorithm, weights: &[u32]) -> Farm {
    let members = weights.iter().enumerate().map(|(i, &w)| member(i, w)).collect();
    Farm::new(algorithm, members, false, 7)
}

fn idle(_: usize) -> Load {
    Load::default()
}

/// The 1-based digits of `n` picks.
fn turns(f: &mut Farm, n: usize) -> String {
    (0..n)
        .map(|_| char::from(b'1' + f.pick(None, idle, None).server().expect("a server") as u8))
        .collect()
}

#[test]
fn turns_are_those_of_haproxy() {
    // As HAProxy answers one client's requests in a row.
    let cases: &[(Algorithm, &[u32], &str)] = &[
        (Algorithm::RoundRobin, &[1, 1, 1, 1], "123412341234"),
        (Algorithm::RoundRobin, &[1, 3], "222122212221"),
        (Algorithm::RoundRobin, &[1, 2, 3], "323132323132323132"),
        (Algorithm::RoundRobin, &[10, 20, 30], "323132323132323132"),
        (Algorithm::RoundRobin, &[5, 1, 1], "111211311121131112113"),
        (Algorithm::RoundRobin, &[3, 2], "1121211212"),
        (Algorithm::RoundRobin, &[2, 2, 5], "331323132331323132"),
        (Algorithm::RoundRobin, &[256, 128, 64, 3], "112131211213121121312112"),
        (Algorithm::RoundRobin, &[3, 5, 7], "323123321323321323123321323321"),
        (
            Algorithm::RoundRobin,
            &[7, 5, 3, 2, 1],
            "121321412312151324121321412312151324121321412312",
        ),
        (
            Algorithm::RoundRobin,
            &[4, 4, 6, 6, 1],
            "341342531423413423142341342531423413423142341342",
        ),
        (
            Algorithm::RoundRobin,
            &[1, 2, 5, 9],
            "443423443414324434434234434143244344342344341432",
        ),
        // 16 cycles are a window: equals come in another order in the next.
        (
            Algorithm::RoundRobin,
            &[2, 5, 5],
            "232323123232132323123232132323123232132323123232132323123232132323123232132323123232132323123232132323123232132323123232\
132323123232132323123232132323123232132323123232132323123232132323123232323231232321323231232321323231232321323231232321",
        ),
        (Algorithm::StaticRr, &[1, 3], "122212221222"),
        (Algorithm::StaticRr, &[1, 2, 3], "132323132323132323"),
        (Algorithm::StaticRr, &[10, 20, 30], "132323132323132323"),
        (Algorithm::StaticRr, &[5, 1, 1], "111211311121131112113"),
        (Algorithm::StaticRr, &[2, 2, 5], "132313233132313233"),
        (Algorithm::StaticRr, &[256, 128, 64, 3], "112121311212131121213112"),
        (Algorithm::StaticRr, &[7, 5, 3, 2, 1], "121231314212132145121231"),
        (Algorithm::LeastConn, &[1, 2, 3], "123123123"),
        (Algorithm::LeastConn, &[100, 1], "12121212"),
        (Algorithm::First, &[1, 2, 3], "111111"),
    ];
    for (algorithm, weights, want) in cases {
        assert_eq!(
            turns(&mut farm(*algorithm, weights), want.len()),
            *want,
            "{algorithm:?} {weights:?}"
        );
    }
}

/// Weights, turns until the first change, then who gets what weight and how many turns follow; the turns by server, one word a
/// part: as HAProxy answered one client whose operator said `set server weight` meanwhile.
type Changing = (&'static [u32], usize, &'static [(usize, u32, usize)], &'static str);

#[test]
fn turns_with_weights_that_change_are_those_of_haproxy() {
    let cases: &[Changing] = &[
        (&[4, 4], 7, &[(0, 1, 40)], "1212121 2222122221222212222122221222212222122221"),
        (&[1, 9], 13, &[(0, 8, 30)], "2222222221222 212212121212121212122121212121"),
        // What the lighter one had carried along is given back over five of its turns.
        (
            &[14, 15],
            11,
            &[(0, 1, 60)],
            "22121212121 222222222222222122222222222222221222222222222222212222222222",
        ),
        (
            &[3, 1, 2],
            20,
            &[(1, 3, 9), (1, 0, 9), (1, 2, 30)],
            "13121313121313121313 123121321 311313113 132132113213211321321132132113",
        ),
        // Before anybody was chosen.
        (&[2, 3], 0, &[(1, 1, 12), (0, 7, 12)], " 111211211211 211111112111"),
        (
            &[3, 0, 2],
            40,
            &[(1, 1, 20), (0, 0, 20), (2, 0, 10), (0, 3, 30)],
            "1131311313113131131311313113131131311313 11321311321311321311 32332332332332332332 2222222222 \
             211121111121112111211121112111",
        ),
        // Past the ends of windows.
        (
            &[1, 1],
            16,
            &[(0, 0, 5), (0, 1, 12), (1, 0, 40), (1, 1, 9)],
            "1212121212121212 22222 212121212121 1111111111111111111111111111111111111111 121212121",
        ),
        (
            &[3, 8],
            13,
            &[(0, 8, 28), (0, 2, 28), (0, 5, 29), (1, 12, 39), (0, 15, 60)],
            "2221221222122 2121212121212121212121212121 2221222212222122221222212222 12212212122121221221212212122 \
             212212221221221222122122212212212221221 212121121212121121212121121212121121212111212121211212121211",
        ),
    ];
    for (weights, first, changes, want) in cases {
        let mut f = farm(Algorithm::RoundRobin, weights);
        let mut got = vec![turns(&mut f, *first)];
        for (i, weight, n) in *changes {
            f.set(
                *i,
                Member {
                    weight: weight * SCALE,
                    ..f.member(*i)
                },
            );
            got.push(turns(&mut f, *n));
        }
        assert_eq!(got.join(" "), *want, "{weights:?} {changes:?}");
    }
}

#[test]
fn a_new_server_has_no_past_at_the_place_of_another() {
    // After eleven turns the first of these carries 80 of its 224 along.
    let replaced = |place: usize| {
        let mut f = farm(Algorithm::RoundRobin, &[14, 15]);
        turns(&mut f, 11);
        let old = f.member(0);
        f.dismiss(0);
        f.admit(place, Member { weight: SCALE, ..old });
        turns(&mut f, 100)
    };
    assert_eq!(replaced(0), replaced(2).replace('3', "1"));
}

/// A small generator for operation lists: the lists are long, the seeds few and fixed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: u64) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n) as usize
    }
}

#[test]
fn turns_follow_weights_over_any_cycle() {
    let mut dice = Dice(1);
    for _ in 0..200 {
        let weights: Vec<u32> = (0..=dice.roll(8)).map(|_| 1 + dice.roll(40) as u32).collect();
        let cycle: u32 = weights.iter().sum();
        for algorithm in [Algorithm::RoundRobin, Algorithm::StaticRr] {
            let mut f = farm(algorithm, &weights);
            let mut got = vec![0; weights.len()];
            for _ in 0..cycle * 16 {
                got[f.pick(None, idle, None).server().expect("a server")] += 1;
            }
            let want: Vec<u32> = weights.iter().map(|w| w * 16).collect();
            // The map is exact; positions are whole numbers, so live turns may be one off at the cut.
            let slack = u32::from(algorithm == Algorithm::RoundRobin);
            let near = got.iter().zip(&want).all(|(g, w): (&u32, _)| g.abs_diff(*w) <= slack);
            assert!(near, "{algorithm:?} {weights:?}: {got:?}");
        }
    }
}

#[test]
fn nobody_gets_what_may_not_be_picked() {
    let hash = |consistent| {
        Algorithm::Hash(HashType {
            consistent,
            ..HashType::default()
        })
    };
    let algorithms = [
        Algorithm::RoundRobin,
        Algorithm::StaticRr,
        Algorithm::LeastConn,
        Algorithm::First,
        Algorithm::Random(2),
        hash(false),
        hash(true),
    ];
    for algorithm in algorithms {
        let mut dice = Dice(3);
        let mut f = Farm::new(
            algorithm,
            (0..6)
                .map(|i| Member {
                    backup: i > 3,
                    ..member(i, 1)
                })
                .collect(),
            false,
            5,
        );
        let mut full = [false; 6];
        for _ in 0..3000 {
            let i = dice.roll(6);
            match dice.roll(6) {
                0 => f.set(
                    i,
                    Member {
                        usable: dice.roll(3) > 0,
                        ..f.member(i)
                    },
                ),
                1 => f.set(
                    i,
                    Member {
                        weight: dice.roll(300) as u32,
                        ..f.member(i)
                    },
                ),
                2 => {
                    full[i] = dice.roll(3) == 0;
                    f.touch(i);
                }
                _ => check_pick(&mut f, full, dice.roll(6), dice.roll(1 << 20) as u32),
            }
        }
    }
}

fn check_pick(f: &mut Farm, full: [bool; 6], avoid: usize, key: u32) {
    let keyed = f.queues_on_server();
    let may = |m: &Member| m.usable && m.weight > 0;
    let actives = f.members().filter(|m| !m.backup && may(m)).count();
    let load = |i: usize| Load {
        streams: u32::from(full[i]) * 10,
        full: full[i],
        ..Load::default()
    };
    match f.pick(keyed.then_some(key), load, Some(avoid)) {
        Choice::Server(i) => {
            let m = f.member(i);
            assert!(may(&m), "picked an unusable server");
            assert!(!m.backup || actives == 0, "picked a backup while an active is there");
            assert!(keyed || !full[i], "picked a full server");
            let others = (0..6).any(|j| j != avoid && may(&f.member(j)) && !f.member(j).backup && !full[j]);
            assert!(keyed || i != avoid || !others, "picked the one to avoid: {:?}", f.tables);
        }
        Choice::Full => assert!(full.iter().any(|&x| x)),
        Choice::NoServer => assert!(!f.members().any(may)),
    }
}

#[test]
fn who_is_avoided_when_its_turn_has_come_loses_it() {
    let mut f = farm(Algorithm::RoundRobin, &[1, 1, 1, 1]);
    let idle = |_: usize| Load::default();
    // The first in line was named by a cookie, and failed: it is not first in line for whoever comes next.
    assert_eq!(f.pick(None, idle, Some(0)), Choice::Server(1));
    assert_eq!(turns(&mut f, 5), "34123");
    // One whose turn is still to come keeps it.
    assert_eq!(f.pick(None, idle, Some(0)), Choice::Server(3));
    assert_eq!(turns(&mut f, 3), "123");
}

/// What HAProxy 3.5 did with streams that come (`+`) and the answers to some of them (their numbers), servers named A, B, C...
#[test]
fn who_is_full_when_its_turn_has_come_loses_it() {
    type Case = (&'static [(u32, u32)], &'static str, &'static str);
    let cases: [Case; 4] = [
        (&[(1, 1), (1, 0), (1, 0)], "++++ 0 ++++++", "ABCBCABCBC"),
        (&[(1, 1), (1, 0), (1, 0)], "+++++++ 0 ++++++", "ABCBCBCABCBCB"),
        (&[(3, 2), (1, 0), (2, 0)], "++++++++++ 0 + 1 ++++++++", "ACABCCBCCBACCBCCBCC"),
        (&[(1, 0), (1, 0), (10, 0), (5, 1)], "+++++++ 3 ++", "CCDCACCCC"),
    ];
    for (servers, script, want) in cases {
        let weights: Vec<u32> = servers.iter().map(|(weight, _)| *weight).collect();
        let mut f = farm(Algorithm::RoundRobin, &weights);
        let mut streams = vec![0; servers.len()];
        let mut picks = Vec::new();
        for step in script.split_whitespace().flat_map(|word| match word.parse::<usize>() {
            Ok(answered) => vec![Some(answered)],
            Err(_) => vec![None; word.len()],
        }) {
            if let Some(answered) = step {
                let server: usize = picks[answered];
                streams[server] -= 1;
                continue;
            }
            let load = |i: usize| Load {
                full: servers[i].1 > 0 && streams[i] >= servers[i].1,
                ..Load::default()
            };
            let picked = f.pick(None, load, None).server().expect("a server");
            streams[picked] += 1;
            picks.push(picked);
        }
        let picked: String = picks.iter().map(|i| char::from(b'A' + *i as u8)).collect();
        assert_eq!(picked, want, "{script}");
    }
}

#[test]
fn turns_of_a_map_go_on_where_it_changes_unless_it_gets_too_small() {
    let mut f = farm(Algorithm::StaticRr, &[1, 1, 1]);
    let one = f.member(0).weight;
    let weigh = |f: &mut Farm, i, weight| f.set(i, Member { weight, ..f.member(i) });
    weigh(&mut f, 2, 0);
    assert_eq!(turns(&mut f, 2), "12");
    weigh(&mut f, 2, one);
    assert_eq!(turns(&mut f, 3), "312");
    weigh(&mut f, 0, 0);
    assert_eq!(turns(&mut f, 2), "23");
}

#[test]
fn backups_stand_in() {
    let mk = |all| {
        let ms = (0..4)
            .map(|i| Member {
                backup: i > 1,
                usable: i > 1,
                ..member(i, 1)
            })
            .collect();
        Farm::new(Algorithm::RoundRobin, ms, all, 1)
    };
    assert_eq!(turns(&mut mk(false), 4), "3333");
    assert_eq!(turns(&mut mk(true), 4), "3434");
}

#[test]
fn least_loaded_for_its_weight_wins() {
    let mut f = farm(Algorithm::LeastConn, &[1, 2, 4]);
    let loads = |l: [u32; 3]| {
        move |i: usize| Load {
            streams: l[i],
            full: false,
            ..Load::default()
        }
    };
    let cases = [([1, 1, 1], 2), ([1, 3, 9], 0), ([5, 0, 1], 1), ([3, 5, 20], 1), ([9, 9, 9], 2)];
    for (l, want) in cases {
        (0..3).for_each(|i| f.touch(i));
        assert_eq!(f.pick(None, loads(l), None), Choice::Server(want), "{l:?}");
    }
}

#[test]
fn random_follows_weights_and_load() {
    let mut f = farm(Algorithm::Random(1), &[1, 3]);
    let mut n = [0; 2];
    for _ in 0..8000 {
        n[f.pick(None, idle, None).server().expect("a server")] += 1;
    }
    assert!((1800..2200).contains(&n[0]), "{n:?}");
    let mut f = farm(Algorithm::Random(2), &[1, 1]);
    let busy = |i: usize| Load {
        streams: u32::from(i == 0) * 9,
        full: false,
        ..Load::default()
    };
    let on_busy = (0..1000).filter(|_| f.pick(None, busy, None) == Choice::Server(0)).count();
    assert!(
        (180..320).contains(&on_busy),
        "both draws hit the busy one a quarter of the time: {on_busy}"
    );
}

/// Where nobody is busy, who was chosen least of late for its weight is: turns, but for what the draws miss.
#[test]
fn random_evens_out_who_was_chosen() {
    let weights = [4, 2, 1, 1];
    let mut f = farm(Algorithm::Random(2), &weights);
    let mut chosen = [0; 4];
    for _ in 0..800 {
        let load = |i: usize| Load {
            rate: chosen[i],
            ..Load::default()
        };
        chosen[f.pick(None, load, None).server().expect("a server")] += 1;
    }
    for (got, weight) in chosen.iter().zip(weights) {
        assert!(got.abs_diff(weight * 100) <= 10, "{chosen:?}");
    }
}

#[test]
fn a_server_that_leaves_a_ring_moves_only_its_own_keys() {
    let mut f = farm(
        Algorithm::Hash(HashType {
            consistent: true,
            ..HashType::default()
        }),
        &[1, 1, 1, 1, 1],
    );
    let keys: Vec<u32> = (0..5000).map(spread_key).collect();
    let before: Vec<Choice> = keys.iter().map(|&k| f.pick(Some(k), idle, None)).collect();
    f.set(
        2,
        Member {
            usable: false,
            ..f.member(2)
        },
    );
    for (k, was) in keys.iter().zip(before) {
        let now = f.pick(Some(*k), idle, None);
        assert!(now == was || was == Choice::Server(2), "{k}: {was:?} -> {now:?}");
        assert_ne!(now, Choice::Server(2));
    }
}

fn spread_key(n: u32) -> u32 {
    crate::spread(n)
}

#[test]
fn a_farm_without_servers_says_so() {
    let mut f = farm(Algorithm::RoundRobin, &[0, 0]);
    assert!(f.is_empty());
    assert_eq!(f.pick(None, idle, None), Choice::NoServer);
    let i = 2;
    f.admit(i, member(2, 1));
    assert_eq!(f.pick(None, idle, None), Choice::Server(i));
}

#[test]
fn who_left_counts_no_more_and_its_place_may_be_anothers() {
    for consistent in [false, true] {
        let hash = HashType {
            consistent,
            ..HashType::default()
        };
        let picks = |f: &mut Farm| -> Vec<u32> {
            let at = |f: &mut Farm, k: u32| f.pick(Some(spread_key(k)), idle, None).server().map(|i| f.member(i).id);
            (0..500).filter_map(|k| at(f, k)).collect()
        };
        let mut changed = Farm::new(Algorithm::Hash(hash), vec![member(1, 3), member(2, 5), member(3, 4)], false, 1);
        changed.dismiss(1);
        changed.admit(1, member(9, 2));
        let mut fresh = Farm::new(Algorithm::Hash(hash), vec![member(1, 3), member(3, 4), member(9, 2)], false, 1);
        assert_eq!(picks(&mut changed), picks(&mut fresh), "consistent: {consistent}");
        assert_eq!(changed.members().map(|m| m.id).collect::<Vec<_>>(), [2, 4, 10]);
    }
}

/// Streams that stay where they are placed, and how many of them each server may have at the most.
#[test]
fn bounded_loads_stay_within_their_bound() {
    let hash = HashType {
        consistent: true,
        ..HashType::default()
    };
    for (factor, weights) in [
        (101, &[1, 1, 1][..]),
        (125, &[10, 3, 7, 1]),
        (150, &[1, 2, 3]),
        (300, &[1, 1, 1, 1]),
    ] {
        let spill = Spill {
            factor,
            ..Spill::default()
        };
        let mut f = farm(Algorithm::Hash(hash), weights).spilling(spill);
        let total: u32 = weights.iter().sum();
        let mut served = vec![0u32; weights.len()];
        for n in 1..=200u32 {
            let busy = |i: usize| Load {
                streams: served[i],
                served: served[i],
                ..Load::default()
            };
            let i = f.pick(Some(spread_key(n % 3)), busy, None).server().expect("a server");
            served[i] += 1;
            // The share of its weight, one more for what is left of the division, and never none at all.
            let most = n * factor * weights[i] / (100 * total) + 2;
            assert!(served[i] <= most, "{factor} {weights:?}: {served:?}");
        }
    }
}

#[test]
fn a_key_passes_full_servers_by_where_it_may() {
    let hash = HashType {
        consistent: true,
        ..HashType::default()
    };
    let with = |affinity| {
        let spill = Spill {
            affinity,
            ..Spill::default()
        };
        farm(Algorithm::Hash(hash), &[1, 1, 1]).spilling(spill)
    };
    let key = Some(spread_key(7));
    let own = with(Affinity::Always).pick(key, idle, None).server().expect("a server");
    let full = |i: usize| Load {
        full: i == own,
        ..Load::default()
    };
    let queue_full = |i: usize| Load {
        full: i == own,
        queue_full: i == own,
        ..Load::default()
    };
    let all = |_| Load {
        full: true,
        queue_full: true,
        ..Load::default()
    };
    assert_eq!(with(Affinity::Always).pick(key, queue_full, None), Choice::Server(own));
    assert_ne!(with(Affinity::MaxConn).pick(key, full, None), Choice::Server(own));
    assert_eq!(with(Affinity::MaxQueue).pick(key, full, None), Choice::Server(own));
    assert_ne!(with(Affinity::MaxQueue).pick(key, queue_full, None), Choice::Server(own));
    // Nobody has room: it waits somewhere all the same.
    assert!(with(Affinity::MaxConn).pick(key, all, None).server().is_some());
    assert_ne!(with(Affinity::Always).pick(key, idle, Some(own)), Choice::Server(own));
}
