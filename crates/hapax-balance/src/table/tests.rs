use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn column(data: DataType) -> Column {
    Column {
        data,
        elements: 1,
        period: 1000,
    }
}

fn table(key: KeyType, size: usize, expire: Option<Millis>, columns: &[DataType]) -> Table {
    Table::new(Spec {
        key,
        size,
        expire,
        nopurge: false,
        columns: columns.iter().copied().map(column).collect(),
        seed: 7,
        followers: 0,
    })
}

fn key(n: u32) -> [u8; 4] {
    n.to_be_bytes()
}

#[test]
fn entries_live_until_their_time() {
    let t = table(KeyType::Integer, 10, Some(1000), &[DataType::Gpc0]);
    let now = u64::from(u32::MAX) - 500;
    t.obtain(&key(1), now).expect("room").add(DataType::Gpc0, 0, 5);
    assert_eq!(t.get(&key(1), now + 999).and_then(|e| e.get(DataType::Gpc0, 0)), Some(5));
    // Looking does not prolong, using does.
    t.get(&key(1), now + 999).expect("there").touch();
    assert_eq!(t.get(&key(1), now + 1998).map(|e| (e.expires_in(), e.idle())), Some((1, 999)));
    assert!(t.get(&key(1), now + 1999).is_none());
    assert_eq!(t.used(), 0);
}

#[test]
fn held_entries_stay() {
    let t = table(KeyType::Integer, 2, Some(100), &[]);
    let held = t.obtain(&key(1), 0).expect("room").hold();
    t.obtain(&key(2), 10);
    t.obtain(&key(3), 20);
    assert!(t.get(&key(1), 30).is_some() && t.get(&key(3), 30).is_some() && t.get(&key(2), 30).is_none());
    assert_eq!(t.sweep(1000, 100), 1);
    assert!(!t.by_handle(held, 1000).expect("held").remove());
    // Its time was over long ago.
    t.held(held, 1000).release();
    assert_eq!((t.used(), t.by_handle(held, 1000).is_none()), (0, true));
}

#[test]
fn full_tables() {
    let mut spec = table(KeyType::Integer, 2, Some(100), &[]).spec().clone();
    spec.nopurge = true;
    let t = Table::new(spec);
    assert!(t.obtain(&key(1), 0).is_some() && t.obtain(&key(2), 50).is_some());
    assert!(t.obtain(&key(3), 60).is_none());
    assert!(t.obtain(&key(2), 60).is_some());
    // What is over makes room all the same.
    assert!(t.obtain(&key(3), 120).is_some());
    let held = table(KeyType::Integer, 2, None, &[]);
    for n in 0..2 {
        held.obtain(&key(n), 0).expect("room").hold();
    }
    assert!(held.obtain(&key(9), 0).is_none());
}

#[test]
fn a_large_table_keeps_its_size_and_drops_the_old() {
    let t = table(KeyType::Ip, 4096, None, &[]);
    for n in 0..20_000_u32 {
        assert!(t.obtain(&key(n), u64::from(n)).is_some());
        assert!(t.used() <= 4096);
    }
    assert!(t.used() > 3500, "{}", t.used());
    let young = (19_000..20_000).filter(|n| t.get(&key(*n), 20_000).is_some()).count();
    assert!(young > 990, "{young}");
    assert!((0..10_000).all(|n| t.get(&key(n), 20_000).is_none()));
}

#[test]
fn long_keys_and_texts() {
    let t = table(KeyType::String(200), 100, None, &[DataType::ServerKey]);
    let long = "x".repeat(150);
    let id = t.text_id("srv1");
    t.obtain(long.as_bytes(), 0)
        .expect("room")
        .set(DataType::ServerKey, 0, u64::from(id));
    t.obtain(b"", 0).expect("room");
    let e = t.get(long.as_bytes(), 5).expect("there");
    assert_eq!(e.key(), long.as_bytes());
    let id = e.get(DataType::ServerKey, 0).expect("kept") as u32;
    drop(e);
    assert_eq!(t.text(id).as_deref(), Some("srv1"));
    assert_eq!((t.text_id("srv1"), t.text_id(""), t.text(0)), (id, 0, None));
    assert_eq!((t.text_id(&"y".repeat(1025)), t.text_id(&"y".repeat(1024)) > 0), (0, true));
    assert!(t.get(b"", 5).expect("there").remove());
    assert_eq!(t.used(), 1);
}

#[test]
fn visiting_shows_all() {
    let t = table(KeyType::Integer, 1000, Some(100), &[]);
    for n in 0..500 {
        t.obtain(&key(n), u64::from(n / 250) * 50);
    }
    let (mut seen, mut from) = (Vec::new(), Some(Handle::from_bits(0)));
    while let Some(at) = from {
        from = t.visit(at, 7, 110, |e| seen.push(e.key()));
    }
    seen.sort();
    assert_eq!(seen.len(), 250, "those of time 0 are over");
    assert_eq!(seen[0], key(250));
    t.clear();
    assert_eq!(t.used(), 0);
}

/// What a table costs is known, and stated in docs/operations.md: bytes of an entry among a million.
#[test]
fn a_million_entries_are_compact() {
    let (count, rates): (&[_], &[_]) = (
        &[DataType::Gpc0],
        &[DataType::Gpc0, DataType::HttpReqRate, DataType::ConnCur, DataType::BytesOutRate],
    );
    let cases = [
        (KeyType::Ip, count, 0, 40),
        (KeyType::Ip, &rates[..2], 0, 50),
        (KeyType::Ip, &rates[..2], 2, 62),
        (KeyType::Ipv6, rates, 0, 82),
        (KeyType::String(32), &rates[..2], 0, 78),
    ];
    for (i, (kind, columns, followers, most)) in cases.into_iter().enumerate() {
        // The first one is as large as it says; a quarter costs the same for each.
        let scale = if i == 0 { 1 } else { 4 };
        let count = 1_000_000 / scale;
        let mut spec = table(kind, (1 << 20) / scale as usize, Some(60_000), columns).spec().clone();
        spec.followers = followers;
        let t = Table::new(spec);
        let mut bytes = [b'x'; 16];
        for n in 0..count {
            bytes[..4].copy_from_slice(&key(n));
            let whole = kind.fixed().unwrap_or(bytes.len());
            t.obtain(&bytes[..whole.min(16)], 5).expect("room").touch();
        }
        let each = t.memory().div_ceil(count as usize);
        assert!(
            each <= most,
            "{kind:?} with {columns:?}, followed by {followers}: {each} bytes for each entry"
        );
        assert!(
            each + 8 > most,
            "{kind:?} with {columns:?}, followed by {followers}: {each} bytes, and {most} are stated"
        );
    }
}

/// What may be done with a table.
#[derive(Clone, Debug)]
enum Op {
    Add(u8),
    Look(u8),
    Touch(u8),
    Hold(u8),
    Release(u8),
    Remove(u8),
    Wait(u16),
    Sweep,
}

fn op() -> impl Strategy<Value = Op> {
    let k = 0..12_u8;
    prop_oneof![
        4 => k.clone().prop_map(Op::Add),
        2 => k.clone().prop_map(Op::Look),
        2 => k.clone().prop_map(Op::Touch),
        2 => k.clone().prop_map(Op::Hold),
        2 => k.clone().prop_map(Op::Release),
        1 => k.prop_map(Op::Remove),
        3 => (0..80_u16).prop_map(Op::Wait),
        1 => Just(Op::Sweep),
    ]
}

/// The same, as simply as can be.
#[derive(Debug, Default)]
struct Model {
    /// By key: count, when it goes, handles.
    entries: HashMap<u8, (u64, u64, Vec<Handle>)>,
    /// Least recently used first.
    order: Vec<u8>,
}

const SIZE: usize = 6;
const LIFE: u64 = 100;

impl Model {
    fn forget(&mut self, now: u64) {
        self.entries.retain(|_, (_, until, held)| !held.is_empty() || now < *until);
        let entries = &self.entries;
        self.order.retain(|k| entries.contains_key(k));
    }

    fn renew(&mut self, k: u8, now: u64) {
        self.order.retain(|o| *o != k);
        self.order.push(k);
        self.entries.get_mut(&k).expect("there").1 = now + LIFE;
    }

    fn obtain(&mut self, k: u8, now: u64) -> bool {
        if self.entries.contains_key(&k) {
            return true;
        }
        if self.entries.len() >= SIZE {
            let Some(i) = self.order.iter().position(|o| self.entries[o].2.is_empty()) else {
                return false;
            };
            let old = self.order.remove(i);
            self.entries.remove(&old);
        }
        self.entries.insert(k, (0, 0, Vec::new()));
        self.renew(k, now);
        true
    }
}

proptest! {
    #[test]
    fn agrees_with_a_simple_one(ops in prop::collection::vec(op(), 1..200)) {
        let t = table(KeyType::Integer, SIZE, Some(LIFE), &[DataType::Gpc0]);
        let (mut m, mut now) = (Model::default(), u64::from(u32::MAX) - 2000);
        for op in ops {
            m.forget(now);
            match op {
                Op::Add(k) => {
                    let made = m.obtain(k, now);
                    let mut e = t.obtain(&key(k.into()), now);
                    prop_assert_eq!(e.is_some(), made);
                    if let Some(e) = &mut e {
                        let want = { let c = m.entries.get_mut(&k).expect("there"); c.0 += 3; c.0 };
                        prop_assert_eq!(e.add(DataType::Gpc0, 0, 3), Some(want));
                        e.touch();
                        m.renew(k, now);
                    }
                }
                Op::Look(k) => {
                    let got = t.get(&key(k.into()), now).and_then(|e| e.get(DataType::Gpc0, 0));
                    prop_assert_eq!(got, m.entries.get(&k).map(|c| c.0));
                }
                Op::Touch(k) => {
                    if let Some(mut e) = t.get(&key(k.into()), now) {
                        e.touch();
                        m.renew(k, now);
                    }
                }
                Op::Hold(k) => {
                    let made = m.obtain(k, now);
                    if let Some(mut e) = t.obtain(&key(k.into()), now) {
                        prop_assert!(made);
                        e.touch();
                        m.renew(k, now);
                        m.entries.get_mut(&k).expect("there").2.push(e.hold());
                    }
                }
                Op::Release(k) => {
                    if let Some((h, last)) = m.entries.get_mut(&k).and_then(|c| Some((c.2.pop()?, c.2.is_empty()))) {
                        let mut e = t.held(h, now);
                        e.touch();
                        e.release();
                        m.renew(k, now);
                        prop_assert_eq!(t.by_handle(h, now).map_or(0, |e| e.refs()) == 0, last);
                    }
                }
                Op::Remove(k) => {
                    let may = m.entries.get(&k).is_some_and(|c| c.2.is_empty());
                    let gone = t.get(&key(k.into()), now).is_some_and(Entry::remove);
                    prop_assert_eq!(gone, may);
                    if may {
                        m.entries.remove(&k);
                        m.order.retain(|o| *o != k);
                    }
                }
                Op::Wait(ms) => now += u64::from(ms),
                Op::Sweep => { t.sweep(now, 100); }
            }
            prop_assert!(t.used() <= SIZE);
        }
        m.forget(now);
        t.sweep(now, 100);
        let mut seen = 0;
        let mut from = Some(Handle::from_bits(0));
        while let Some(at) = from {
            from = t.visit(at, 3, now, |_| seen += 1);
        }
        prop_assert_eq!(seen, m.entries.len());
    }
}
