//! Two processes without a wire: what one writes is handed to the other in pieces, or lost when the session breaks.

use std::sync::Arc;

use hapax_balance::table::{Column, DataType, KeyType};
use hapax_config::Plan;
use hapax_config::plan::{Peers, Server, StickTable};
use hapax_proto::peers::Resync;
use proptest::prelude::*;

use super::*;

fn table(name: &str, columns: &[DataType]) -> StickTable {
    StickTable {
        name: name.into(),
        span: Peers::default().span,
        key: KeyType::Integer,
        size: 1000,
        expire: Some(60_000),
        nopurge: false,
        recv_only: false,
        columns: columns
            .iter()
            .map(|data| Column {
                data: *data,
                elements: 1,
                period: 1000,
            })
            .collect(),
        brates_factor: 1,
        server_address: false,
        write_to: None,
        peers: None,
        peers_id: Some(0),
        peer_name: name.into(),
    }
}

/// The process of that place, of as many.
fn process(local: usize, count: usize, columns: &[DataType]) -> Shared {
    let peer = |i: usize| Server {
        name: format!("p{i}").into(),
        ..Server::default()
    };
    let section = Peers {
        name: "p".into(),
        peers: (0..count).map(peer).collect(),
        local,
        tables: vec![0, 1],
        ..Peers::default()
    };
    let mut plan = Plan {
        peers: vec![section],
        tables: vec![table("t", columns), table("u", &[DataType::Gpt0])],
        ..Plan::default()
    };
    plan.global.peers_updates_at_once = 7;
    Shared::new(Arc::new(plan), 1, 100, 1_000_000)
}

fn reach(shared: &Shared, now: u64) -> Reach<'_> {
    Reach {
        shared,
        section: 0,
        now,
        wall: 1_000_000 + now,
    }
}

/// Nobody is to be learned from.
fn settle(shared: &Shared) {
    let mut resync = shared.peers[0].resync();
    *resync = Resync::new(false, 0);
    resync.tick(10_000);
}

fn set(shared: &Shared, id: u32, key: u32, value: u64) {
    let live = shared.tables.get(id).expect("there");
    let mut entry = live.table.obtain(&key.to_be_bytes(), 1_000_000).expect("room");
    let data = if id == 0 { DataType::Gpc0 } else { DataType::Gpt0 };
    entry.set(data, 0, value);
    entry.touch();
}

/// Keys and values.
fn all(shared: &Shared, id: u32) -> Vec<(u32, u64)> {
    let data = if id == 0 { DataType::Gpc0 } else { DataType::Gpt0 };
    let mut out = Vec::new();
    let mut from = Some(Handle::from_bits(0));
    while let Some(at) = from {
        from = shared.tables.get(id).expect("there").table.visit(at, 100, 1_000_000, |e| {
            let key = u32::from_be_bytes(e.key().try_into().expect("four bytes"));
            out.push((key, e.get(data, 0).expect("kept")));
        });
    }
    out.sort_unstable();
    out
}

fn remote(peer: usize) -> Role {
    Role::Remote { peer, follower: 0 }
}

/// Two ends of one session, and what is under way from each.
struct Pair {
    ends: [Link; 2],
    wires: [Vec<u8>; 2],
}

impl Pair {
    fn new(shared: [&Shared; 2], now: u64) -> Self {
        Self {
            ends: [
                Link::start(remote(1), 1, reach(shared[0], now)),
                Link::start(remote(0), 1, reach(shared[1], now)),
            ],
            wires: [Vec::new(), Vec::new()],
        }
    }

    /// One end writes what it can, and at most so many bytes of it arrive. `true`: something moved.
    fn step(&mut self, shared: [&Shared; 2], from: usize, bytes: usize, now: u64) -> bool {
        let mut out = Vec::new();
        let end = &mut self.ends[from];
        end.ask(reach(shared[from], now));
        while end.session.waiting() == 0 && end.fill(reach(shared[from], now)) {}
        end.session.take_output(&mut out);
        let wire = &mut self.wires[from];
        wire.extend(out);
        let n = bytes.min(wire.len());
        let arrived: Vec<u8> = wire.drain(..n).collect();
        self.ends[1 - from].receive(&arrived, reach(shared[1 - from], now)).expect("valid");
        n > 0
    }

    fn until_quiet(&mut self, shared: [&Shared; 2], now: u64) {
        while self.step(shared, 0, 1000, now) | self.step(shared, 1, 1000, now) {}
    }
}

#[test]
fn the_newcomer_asks_and_is_taught() {
    let (old, new) = (process(0, 2, &[DataType::Gpc0]), process(1, 2, &[DataType::Gpc0]));
    settle(&old);
    (0..500).for_each(|k| set(&old, 0, k, u64::from(k) + 1));
    set(&old, 1, 7, 8);
    let shared = [&old, &new];
    let mut pair = Pair::new(shared, 20_000);
    pair.until_quiet(shared, 20_000);
    assert_eq!((all(&new, 0), all(&new, 1)), (all(&old, 0), vec![(7, 8)]));
    assert!(new.peers[0].resync().is_done());
    // Their time goes on from where it was; what changes begins anew.
    let left = |shared: &Shared, key: u32| {
        let live = shared.tables.get(0).expect("there");
        live.table.get(&key.to_be_bytes(), 1_020_000).map(|e| e.expires_in())
    };
    assert_eq!(left(&new, 3), Some(40_000));
    // What was taught is not told again, not even after a break.
    let mut again = Pair::new(shared, 20_000);
    assert!(!again.step(shared, 0, 1000, 20_000));
    set(&old, 0, 3, 9);
    again.until_quiet(shared, 20_000);
    assert_eq!(left(&new, 3), Some(60_000));
}

#[test]
fn who_does_not_know_everything_says_so() {
    let (a, b) = (process(0, 2, &[DataType::Gpc0]), process(1, 2, &[DataType::Gpc0]));
    set(&a, 0, 1, 1);
    let shared = [&a, &b];
    let mut pair = Pair::new(shared, 0);
    pair.until_quiet(shared, 0);
    // It was taught, and goes on looking for somebody better.
    assert_eq!(all(&b, 0), [(1, 1)]);
    assert!(!b.peers[0].resync().is_done());
    b.peers[0].resync().tick(5000);
    assert!(b.peers[0].resync().is_done());
}

#[test]
fn a_successor_is_taught_and_told_what_changes_late() {
    let (old, new) = (process(0, 1, &[DataType::Gpc0]), process(0, 1, &[DataType::Gpc0]));
    *new.peers[0].resync() = Resync::new(true, 0);
    settle(&old);
    (0..300).for_each(|k| set(&old, 0, k, 1));
    let shared = [&old, &new];
    let pair = |taught| Pair {
        ends: [
            Link::start(Role::New { taught }, 1, reach(&old, 0)),
            Link::start(Role::Old, 1, reach(&new, 0)),
        ],
        wires: [Vec::new(), Vec::new()],
    };
    let mut first = pair(false);
    // While it is taught, too.
    first.step(shared, 0, 500, 0);
    set(&old, 0, 7, 2);
    assert!(!first.ends[0].is_told());
    first.until_quiet(shared, 0);
    assert!(first.ends[0].is_told() && new.peers[0].resync().is_done());
    assert_eq!(all(&new, 0), all(&old, 0));
    // What the new one counts itself is not told over again.
    set(&new, 0, 5, 50);
    set(&old, 0, 6, 60);
    set(&old, 1, 6, 61);
    first.until_quiet(shared, 0);
    assert!(first.ends[0].is_told());
    let value = |table, key| all(&new, table).into_iter().find(|(k, _)| *k == key).map(|(_, v)| v);
    assert_eq!((value(0, 5), value(0, 6), value(1, 6)), (Some(50), Some(60), Some(61)));
    // The session breaks before the next change has arrived.
    set(&old, 0, 8, 80);
    first.ends[0].fill(reach(&old, 0));
    assert!(!first.ends[0].is_told());
    let mut second = pair(true);
    second.until_quiet(shared, 0);
    assert!(second.ends[0].is_told());
    assert_eq!((value(0, 5), value(0, 8)), (Some(50), Some(80)));
}

#[test]
fn tables_that_differ() {
    // The other side keeps something else beside, and not all of ours.
    let (a, b) = (
        process(0, 2, &[DataType::Gpc0, DataType::ConnCnt]),
        process(1, 2, &[DataType::Gpt0, DataType::Gpc0]),
    );
    settle(&a);
    set(&a, 0, 1, 5);
    let shared = [&a, &b];
    Pair::new(shared, 0).until_quiet(shared, 0);
    assert_eq!(all(&b, 0), [(1, 5)]);
}

/// However much there is to say, only so much waits.
#[test]
fn little_waits() {
    let (a, b) = (process(0, 2, &[DataType::Gpc0]), process(1, 2, &[DataType::Gpc0]));
    settle(&a);
    (0..1000).for_each(|k| set(&a, 0, k, u64::MAX));
    let mut link = Link::start(remote(1), 1, reach(&a, 0));
    let mut teaching = Link::start(remote(1), 1, reach(&a, 0));
    teaching.teach_all(reach(&a, 0));
    for l in [&mut link, &mut teaching] {
        for _ in 0..1000 {
            l.fill(reach(&a, 0));
        }
        assert!(l.session.waiting() < 2 * ROOM, "{}", l.session.waiting());
    }
    drop(b);
}

#[derive(Clone, Debug)]
enum Op {
    Set(usize, u32, u32),
    Step(usize, usize),
    Break,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..2_usize, 0..2_u32, 0..30_u32).prop_map(|(who, table, key)| Op::Set(who, table, key)),
        5 => (0..2_usize, 1..200_usize).prop_map(|(who, bytes)| Op::Step(who, bytes)),
        1 => Just(Op::Break),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes, a session ends at worst.
    #[test]
    fn wrong_bytes_are_an_error_at_worst(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let (a, b) = (process(0, 2, &[DataType::Gpc0, DataType::ServerKey]), process(1, 2, &[DataType::Gpc0, DataType::ServerKey]));
        settle(&a);
        (0..50).for_each(|k| set(&a, k % 2, k, u64::from(k)));
        let mut teacher = Link::start(remote(1), 1, reach(&a, 0));
        teacher.teach_all(reach(&a, 0));
        while teacher.teaching != Teaching::Unconfirmed {
            teacher.fill(reach(&a, 0));
        }
        let mut bytes = Vec::new();
        teacher.session.take_output(&mut bytes);
        for (at, byte) in flips {
            *at.get_mut(&mut bytes) = byte;
        }
        let _ = Link::start(remote(0), 1, reach(&b, 0)).receive(&bytes, reach(&b, 0));
    }

    /// Whenever the session breaks and whatever is lost with it: in the end both know what each of them has changed.
    #[test]
    fn both_end_up_with_everything(ops in prop::collection::vec(op(), 1..150)) {
        let (a, b) = (process(0, 2, &[DataType::Gpc0]), process(1, 2, &[DataType::Gpc0]));
        settle(&a);
        settle(&b);
        let shared = [&a, &b];
        let mut pair = Pair::new(shared, 0);
        for (n, op) in ops.into_iter().enumerate() {
            match op {
                // Each has keys of its own: what both change at once is nobody's to decide.
                Op::Set(who, table, key) => set(shared[who], table, key + 100 * who as u32, n as u64),
                Op::Step(who, bytes) => { pair.step(shared, who, bytes, 0); }
                Op::Break => pair = Pair::new(shared, 0),
            }
        }
        pair.until_quiet(shared, 0);
        for table in 0..2 {
            prop_assert_eq!(all(&a, table), all(&b, table));
        }
    }
}
