use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use crate::table::{Column, DataType, KeyType, Spec, Table};

fn table(size: usize, followers: usize) -> Table {
    Table::new(Spec {
        key: KeyType::Integer,
        size,
        expire: Some(1000),
        nopurge: false,
        columns: vec![Column {
            data: DataType::Gpc0,
            elements: 1,
            period: 0,
        }],
        seed: 3,
        followers,
    })
}

fn use_key(t: &Table, key: u32, value: u64) {
    let mut e = t.obtain(&key.to_be_bytes(), 0).expect("room");
    e.set(DataType::Gpc0, 0, value);
    e.touch();
}

/// What one follower has heard of.
#[derive(Debug, Default)]
struct Heard {
    shard: usize,
    values: HashMap<Vec<u8>, u64>,
    /// What the other side has, should the connection break now.
    confirmed: HashMap<Vec<u8>, u64>,
    marked: Option<HashMap<Vec<u8>, u64>>,
}

impl Heard {
    fn hear(&mut self, t: &Table, follower: usize, most: usize) -> usize {
        let Self { shard, values, .. } = self;
        t.changes(follower, shard, most, 0, |e| {
            values.insert(e.key(), e.get(DataType::Gpc0, 0).expect("kept"));
            true
        })
    }
}

#[test]
fn what_changed_is_told_once() {
    let t = table(10_000, 2);
    (0..1000).for_each(|k| use_key(&t, k, 1));
    (0..10).for_each(|_| use_key(&t, 7, 2));
    let mut one = Heard::default();
    assert_eq!(one.hear(&t, 0, 300), 300);
    assert_eq!(one.hear(&t, 0, 10_000), 700);
    assert_eq!((one.values.len(), one.hear(&t, 0, 10)), (1000, 0));
    // The other one has a place of its own.
    t.skip_changes(1);
    use_key(&t, 7, 3);
    let mut two = Heard::default();
    assert_eq!((two.hear(&t, 1, 10), two.values[&7_u32.to_be_bytes()[..]]), (1, 3));
    assert_eq!(one.hear(&t, 0, 10), 1);
    // What changes again before anyone hears of it is one change.
    assert_eq!(t.change_count(), 1002);
}

#[test]
fn what_nobody_took_is_told_again() {
    let t = table(100, 1);
    (0..5).for_each(|k| use_key(&t, k, 1));
    let mut shard = 0;
    assert_eq!(t.changes(0, &mut shard, 10, 0, |_| false), 0);
    assert_eq!(t.changes(0, &mut shard, 10, 0, |_| true), 5);
}

#[test]
fn learning_is_no_change() {
    let t = table(100, 1);
    t.obtain(&1_u32.to_be_bytes(), 0).expect("room").learned(Some(10));
    assert_eq!(t.changes(0, &mut 0, 10, 0, |_| true), 0);
    // Of what is over nobody is told.
    use_key(&t, 2, 1);
    assert_eq!(t.changes(0, &mut 0, 10, 5000, |_| true), 0);
}

#[test]
fn the_bell_rings_once_until_somebody_listens() {
    let t = table(100, 1);
    let rung = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&rung);
    t.on_change(Box::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
    }));
    (0..3).for_each(|k| use_key(&t, k, 1));
    assert_eq!(rung.load(Ordering::Relaxed), 1);
    t.listen();
    (0..3).for_each(|k| use_key(&t, k, 1));
    assert_eq!(rung.load(Ordering::Relaxed), 2);
}

#[derive(Clone, Debug)]
enum Op {
    Use(u32),
    Remove(u32),
    Hear(usize, usize),
    Mark(usize),
    Confirm(usize),
    Break(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0..200_u32;
    prop_oneof![
        6 => key.clone().prop_map(Op::Use),
        1 => key.prop_map(Op::Remove),
        3 => (0..2_usize, 1..40_usize).prop_map(|(f, n)| Op::Hear(f, n)),
        1 => (0..2_usize).prop_map(Op::Mark),
        1 => (0..2_usize).prop_map(Op::Confirm),
        1 => (0..2_usize).prop_map(Op::Break),
    ]
}

proptest! {
    /// Whatever breaks in between: in the end each follower knows every entry as it was changed last.
    #[test]
    fn everybody_hears_of_everything(ops in prop::collection::vec(op(), 1..300)) {
        let t = table(128, 2);
        let mut heard = [Heard::default(), Heard::default()];
        for (n, op) in ops.into_iter().enumerate() {
            match op {
                Op::Use(k) => use_key(&t, k, n as u64),
                Op::Remove(k) => { t.get(&k.to_be_bytes(), 0).map(crate::table::Entry::remove); }
                Op::Hear(f, most) => { heard[f].hear(&t, f, most); }
                Op::Mark(f) => {
                    t.mark(f);
                    heard[f].marked = Some(heard[f].values.clone());
                }
                Op::Confirm(f) => if let Some(marked) = heard[f].marked.take() {
                    t.confirm(f);
                    heard[f].confirmed = marked;
                },
                Op::Break(f) => {
                    t.rewind(f, false);
                    heard[f].values = heard[f].confirmed.clone();
                    heard[f].marked = None;
                }
            }
        }
        let mut now = HashMap::new();
        let mut from = Some(crate::table::Handle::from_bits(0));
        while let Some(at) = from {
            from = t.visit(at, 50, 0, |e| { now.insert(e.key(), e.get(DataType::Gpc0, 0).expect("kept")); });
        }
        for (f, h) in heard.iter_mut().enumerate() {
            while h.hear(&t, f, 1000) > 0 {}
            for (key, value) in &now {
                prop_assert_eq!(h.values.get(key), Some(value), "follower {}", f);
            }
        }
    }
}
