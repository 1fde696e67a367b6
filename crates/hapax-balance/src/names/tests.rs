//! Names, addresses, places.

use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|t| ip(t)).collect()
}

#[test]
fn what_is_not_repeated_is_forgotten_in_time() {
    let mut known = Known::default();
    let eq = |a: &u8, b: &u8| a == b;
    assert!(known.hear([1, 2], 100, 50, eq).is_empty());
    assert!(known.hear([2, 3], 149, 50, eq).is_empty());
    assert_eq!(known.iter().copied().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(known.hear([3], 150, 50, eq), [1]);
    assert_eq!(known.hear([], 400, 50, eq), [2, 3]);
    // Without a hold time, at once.
    known.hear([7], 500, 0, eq);
    assert_eq!(known.hear([8], 501, 0, eq), [7]);
    known.turn();
    assert_eq!(known.expire(501, 0), [8]);
    assert!(known.is_empty());
}

#[test]
fn nets() {
    let has = |net: &str, bits, a: &str| Net { address: ip(net), bits }.has(ip(a));
    for (net, bits, address, want) in [
        ("10.0.0.0", 8, "10.9.9.9", true),
        ("10.0.0.0", 8, "11.0.0.1", false),
        ("10.1.16.0", 20, "10.1.31.255", true),
        ("10.1.16.0", 20, "10.1.32.0", false),
        ("0.0.0.0", 0, "1.2.3.4", true),
        ("1.2.3.4", 32, "1.2.3.4", true),
        ("1.2.3.4", 32, "1.2.3.5", false),
        ("fd00::", 8, "fd12::1", true),
        ("fd00::", 8, "1.2.3.4", false),
    ] {
        assert_eq!(has(net, bits, address), want, "{net}/{bits} {address}");
    }
}

#[test]
fn servers_choose_addresses() {
    let all = ips(&["10.0.0.1", "10.0.0.2", "fd00::1", "192.168.0.1"]);
    let v4 = Wish {
        v4_first: true,
        ..Wish::default()
    };
    let near = Wish {
        nets: vec![Net {
            address: ip("192.168.0.0"),
            bits: 16,
        }],
        ..v4.clone()
    };
    let shared = Wish {
        shared: true,
        ..v4.clone()
    };
    let choose = |wish: &Wish, current: Option<&str>, taken: &[&str]| {
        let taken = ips(taken);
        pick(all.iter().copied(), current.map(ip), |a| taken.contains(&a), wish)
    };
    let cases = [
        (&v4, None, &[][..], Some("10.0.0.1")),
        (&v4, None, &["10.0.0.1"][..], Some("10.0.0.2")),
        (&v4, Some("10.0.0.2"), &[][..], Some("10.0.0.2")),
        // What it has is not among them any more.
        (&v4, Some("10.0.0.9"), &[][..], Some("10.0.0.1")),
        (&Wish::default(), Some("10.0.0.2"), &[][..], Some("fd00::1")),
        (&near, Some("10.0.0.2"), &[][..], Some("192.168.0.1")),
        (&near, None, &["192.168.0.1"][..], Some("10.0.0.1")),
        (&v4, None, &["10.0.0.1", "10.0.0.2", "192.168.0.1"][..], Some("fd00::1")),
        (&v4, None, &["10.0.0.1", "10.0.0.2", "192.168.0.1", "fd00::1"][..], None),
        (
            &shared,
            None,
            &["10.0.0.1", "10.0.0.2", "192.168.0.1", "fd00::1"][..],
            Some("10.0.0.1"),
        ),
        (&shared, None, &["10.0.0.1"][..], Some("10.0.0.2")),
    ];
    for (wish, current, taken, want) in cases {
        assert_eq!(choose(wish, current, taken), want.map(ip), "{wish:?} {current:?} {taken:?}");
    }
}

fn place(host: &str, port: u16, weight: u16) -> Place {
    Place {
        host: host.to_owned(),
        port,
        weight,
    }
}

fn known(places: &[Place]) -> Known<Place> {
    let mut k = Known::default();
    k.hear(places.iter().cloned(), 1, 0, Place::is_same);
    k
}

#[test]
fn places_go_to_servers_in_their_order() {
    // By rank, the places are those of b.x, c.x, a.x.
    let (a, b, c) = (place("a.x", 1, 10), place("b.x", 1, 0), place("c.x", 2, 300));
    let mut free = VecDeque::from([0, 1]);
    assert_eq!(
        settle(&known(&[a.clone(), b.clone(), c.clone()]), &[], &[None, None], &mut free),
        [Move::Take(0, b.clone()), Move::Take(1, c.clone())]
    );
    assert!(free.is_empty());
    // One server waits; another loses its place, and waits behind it.
    let held = [Some(a.clone()), Some(b.clone()), None];
    let heavier = place("a.x", 1, 20);
    let mut free = VecDeque::from([2]);
    assert_eq!(
        settle(&known(&[heavier.clone(), c.clone()]), &[b], &held, &mut free),
        [Move::Leave(1), Move::Take(2, c), Move::Stay(0, heavier)]
    );
    assert_eq!(free, [1]);
}

#[test]
fn names_have_an_order_of_their_own() {
    let in_order = |mut all: Vec<IpAddr>| {
        all.sort_by_key(rank);
        all
    };
    let v4 = [
        "10.0.0.4",
        "172.16.0.1",
        "10.0.0.7",
        "10.0.0.1",
        "192.168.3.4",
        "8.8.8.8",
        "10.0.0.2",
        "1.1.1.1",
    ];
    let mut mixed = ips(&v4);
    mixed.sort();
    assert_eq!(in_order(mixed), ips(&v4));
    let v6 = ["2001:db8::6", "2001:db8::1", "2001:db8::7", "2001:db8::2", "2001:db8::3"];
    let mut mixed = ips(&v6);
    mixed.sort();
    assert_eq!(in_order(mixed), ips(&v6));
    let mut hosts = ["a.x", "b.x", "c.x", "d.x", "e.x", "f.x", "n1", "n2", "www.example.com"].map(|h| place(h, 1, 1));
    hosts.sort_by_key(Place::rank);
    assert_eq!(
        hosts.map(|p| p.host),
        ["f.x", "b.x", "e.x", "n1", "d.x", "n2", "c.x", "www.example.com", "a.x"]
    );
}

#[test]
fn weights_of_records_are_those_of_servers() {
    for (record, server) in [(0, 0), (1, 1), (40, 1), (256, 1), (257, 2), (5120, 20), (65535, 256)] {
        assert_eq!(place("a", 1, record).server_weight(), server);
    }
}

#[test]
fn bad_news_counts_after_the_hold_time() {
    assert!(!has_lapsed(5, None, 1000, 1004), "a new name has its time, too");
    assert!(has_lapsed(5, None, 1000, 1005));
    assert!(!has_lapsed(5, Some(100), 50, 149));
    assert!(has_lapsed(5, Some(100), 50, 150));
}

proptest! {
    /// However places come and go, no two servers have the same one, none has one that is gone, and none stays empty while a place is
    /// free.
    #[test]
    fn places_are_settled(rounds in proptest::collection::vec(proptest::collection::btree_set((0_u16..6, 0_u16..2), 0..8), 1..12)) {
        let mut k = Known::default();
        let mut held: Vec<Option<Place>> = vec![None; 4];
        let mut free: VecDeque<usize> = (0..4).collect();
        for (n, round) in rounds.into_iter().enumerate() {
            let now = n as Millis * 10;
            let mut gone = k.hear(round.iter().map(|(h, p)| place(&format!("h{h}"), *p, *h)), now, 25, Place::is_same);
            // Servers that leave are free for the next answer, as after a real one.
            for _ in 0..2 {
                for m in settle(&k, &std::mem::take(&mut gone), &held, &mut free) {
                    match m {
                        Move::Leave(i) => held[i] = None,
                        Move::Take(i, p) | Move::Stay(i, p) => held[i] = Some(p),
                    }
                }
            }
            let have: Vec<&Place> = held.iter().flatten().collect();
            for (i, a) in have.iter().enumerate() {
                prop_assert!(k.iter().any(|p| p == *a));
                prop_assert!(have[i + 1..].iter().all(|b| !a.is_same(b)));
            }
            prop_assert_eq!(have.len(), k.iter().count().min(4));
        }
    }
}
