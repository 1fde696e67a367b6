use proptest::prelude::*;

use super::super::Data;
use super::*;

fn definition(id: u64) -> Definition {
    Definition {
        id,
        name: format!("t{id}"),
        key_type: 6,
        key_len: 21,
        data: vec![
            Data {
                number: 2,
                elements: 1,
                period: 0,
            },
            Data {
                number: 19,
                elements: 1,
                period: 0,
            },
        ],
        expire: 1000,
    }
}

fn fields(n: u64, text: &str) -> Vec<Field> {
    let text = Some(text.to_owned());
    vec![Field::Number(n), Field::Text { id: 0, text }]
}

/// Hands what one has written to the other, in pieces of that size.
fn carry(from: &mut Session, to: &mut Session, piece: usize, now: u64) -> Vec<Event> {
    let mut events = Vec::new();
    let mut out = Vec::new();
    from.take_output(&mut out);
    for bytes in out.chunks(piece) {
        to.feed(bytes, now);
        while let Some(event) = to.next_event().expect("valid") {
            events.push(event);
        }
    }
    events
}

#[test]
fn updates_are_numbered_and_confirmed() {
    let (mut a, mut b) = (Session::new(0), Session::new(0));
    for (table, key) in [(1, "x"), (1, "y"), (2, "z"), (1, "x")] {
        a.table(&definition(table), 0);
        a.update(6, key.as_bytes().to_vec(), None, fields(7, "s1"), 0);
    }
    let events = carry(&mut a, &mut b, 3, 0);
    let numbers: Vec<Option<u32>> = events
        .iter()
        .filter_map(|e| if let Event::Update(u) = e { Some(u.id) } else { None })
        .collect();
    // After another table the number is said again.
    assert_eq!(numbers, [Some(1), None, Some(1), Some(3)]);
    let tables = events.iter().filter(|e| matches!(e, Event::Table(_))).count();
    assert_eq!(tables, 3);
    let Some(Event::Update(last)) = events.last() else {
        panic!("no update")
    };
    assert_eq!(
        last.fields[1],
        Field::Text {
            id: 1,
            text: Some("s1".into())
        }
    );
    b.confirm(0);
    b.confirm(0);
    let mut confirmed = carry(&mut b, &mut a, 100, 0);
    confirmed.sort_by_key(|e| format!("{e:?}"));
    assert_eq!(
        confirmed,
        [Event::Confirmed { table: 1, update: 3 }, Event::Confirmed { table: 2, update: 1 }]
    );
    assert_eq!((a.sent(1), a.sent(9)), (3, 0));
}

#[test]
fn silence() {
    let (mut a, mut b) = (Session::new(0), Session::new(0));
    assert!(a.tick(2999) && a.waiting() == 0);
    assert_eq!(a.next_tick(), 3000);
    assert!(a.tick(3000));
    assert_eq!(carry(&mut a, &mut b, 10, 3000), []);
    assert_eq!((a.beats, b.beats), ((1, 0), (0, 1)));
    assert!(b.tick(7999) && !b.tick(8000));
    assert!(!a.tick(5000), "nothing came");
}

#[test]
fn what_may_not_be_said() {
    let mut a = Session::new(0);
    a.feed(&[10, 128, 5, 0, 0, 0, 1, 0], 0);
    assert_eq!(a.next_event(), Err(WireError::NoTable));
    let mut b = Session::new(0);
    // A table that was never told of is passed over; so is what a later version may say.
    b.feed(&[10, 131, 1, 9, 0, 9, 1, 0], 0);
    assert_eq!(b.next_event(), Ok(Some(Event::Failed)));
    let mut c = Session::new(0);
    let mut many = Session::new(0);
    for id in 0..=MOST_TABLES as u64 {
        many.table(&definition(id), 0);
    }
    let mut out = Vec::new();
    many.take_output(&mut out);
    c.feed(&out, 0);
    let last = loop {
        match c.next_event() {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert_eq!(last, Err(WireError::TooLong));
}

proptest! {
    /// However the bytes are cut, what was sent is what comes, in its order.
    #[test]
    fn pieces_make_no_difference(
        sent in prop::collection::vec((0..3_u64, "[a-z]{0,5}", any::<u64>(), "[a-c]{0,2}", any::<Option<u32>>()), 0..60),
        piece in 1..50_usize,
    ) {
        let (mut a, mut b) = (Session::new(0), Session::new(0));
        for (table, key, n, text, left) in &sent {
            a.table(&definition(*table), 0);
            a.update(6, key.clone().into_bytes(), *left, fields(*n, text), 0);
        }
        let mut table = None;
        let mut got = Vec::new();
        for event in carry(&mut a, &mut b, piece, 0) {
            match event {
                Event::Table(d) => table = Some(d.id),
                Event::Update(u) => got.push((table.expect("told"), u)),
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert_eq!(got.len(), sent.len());
        for ((id, update), (table, key, n, text, left)) in got.iter().zip(&sent) {
            prop_assert_eq!((id, &update.key[..], &update.left), (table, key.as_bytes(), left));
            let want = Some(text.clone()).filter(|t| !t.is_empty());
            prop_assert_eq!(&update.fields[0], &Field::Number(*n));
            let Field::Text { text, .. } = &update.fields[1] else { panic!("no text") };
            prop_assert_eq!(text, &want);
        }
    }

    /// Nothing that comes is worse than an error.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut a = Session::new(0);
        a.feed(&bytes, 0);
        while let Ok(Some(_)) = a.next_event() {}
    }
}
