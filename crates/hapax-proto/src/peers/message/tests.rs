use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    hex.split(' ').map(|b| u8::from_str_radix(b, 16).expect(hex)).collect()
}

/// A table of strings with a server, a rate, numbers, a text and arrays.
fn table() -> Definition {
    let data = |number, elements, period| Data { number, elements, period };
    Definition {
        id: 3,
        name: "/tt".into(),
        key_type: 6,
        key_len: 21,
        data: vec![
            data(0, 1, 0),
            data(5, 1, 5000),
            data(6, 1, 0),
            data(13, 1, 0),
            data(19, 1, 0),
            data(22, 3, 0),
            data(24, 2, 10_000),
        ],
        expire: 60_000,
    }
}

/// As HAProxy 2.6 sends it.
const DEFINED: &str = "0a 82 19 03 03 2f 74 74 06 15 f1 f7 82 51 f0 97 1c 05 f8 a9 01 16 03 18 02 f0 e2 03";
const FIRST: &str = "0a 85 28 00 00 00 07 00 00 e0 99 03 2f 78 31 01 f8 8d 00 01 00 00 54 04 01 02 73 31 00 00 07 \
                     fa fc 81 c4 0a 00 00 f8 8d 00 01 00";
const SECOND: &str = "0a 85 25 00 00 00 0e 00 00 e0 d3 03 2f 78 32 01 fe 89 00 01 00 00 54 01 01 00 00 07 \
                      fa fc 81 c4 0a 00 00 fe 89 00 01 00";

#[test]
fn what_haproxy_sends() {
    let defined = bytes(DEFINED);
    let (message, taken) = split(&defined).expect("valid").expect("whole");
    assert_eq!((message, taken), (Message::Definition(table()), defined.len()));
    let mut out = Vec::new();
    definition(&table(), &mut out);
    assert_eq!(out, defined);
    for (hex, id, left, key, text) in [(FIRST, 7, 57_497, "/x1", Some("s1")), (SECOND, 14, 57_555, "/x2", None)] {
        let sent = bytes(hex);
        let Ok(Some((Message::Update(raw), taken))) = split(&sent) else {
            panic!("no update: {hex}");
        };
        assert_eq!(taken, sent.len());
        let got = update(raw, &table()).expect("valid");
        assert_eq!((got.id, got.left, &got.key[..]), (Some(id), Some(left), key.as_bytes()));
        assert_eq!(got.fields.len(), 10);
        let text = text.map(str::to_owned);
        assert_eq!(got.fields[4], Field::Text { id: 1, text });
        assert_eq!((&got.fields[0], &got.fields[7]), (&Field::Number(1), &Field::Number(7)));
        assert!(matches!(got.fields[9], Field::Rate([_, 1, 0])));
        let mut out = Vec::new();
        got.write(6, &mut out);
        assert_eq!(out, sent);
    }
}

#[test]
fn short_messages() {
    let all = [
        Control::ResyncRequest,
        Control::ResyncFinished,
        Control::ResyncPartial,
        Control::ResyncConfirm,
        Control::Heartbeat,
    ];
    for c in all {
        let mut out = Vec::new();
        control(c, &mut out);
        assert_eq!(split(&out), Ok(Some((Message::Control(c), 2))));
        assert_eq!(split(&out[..1]), Ok(None));
    }
    let mut out = Vec::new();
    ack(300, 7, &mut out);
    assert_eq!(split(&out), Ok(Some((Message::Ack { table: 300, update: 7 }, out.len()))));
    assert_eq!(split(&[1, 1]), Ok(Some((Message::Error(1), 2))));
    // What a later version may send is passed over.
    assert_eq!(split(&[10, 200, 2, 9, 9, 0]), Ok(Some((Message::Unknown, 5))));
}

#[test]
fn broken_messages() {
    let whole = bytes(FIRST);
    for n in 0..whole.len() {
        assert_eq!(split(&whole[..n]), Ok(None), "{n} bytes");
    }
    // A body that ends early is wrong, however it is cut.
    for n in 0..40 {
        let mut cut = vec![10, 133, n as u8];
        cut.extend_from_slice(&whole[3..3 + n]);
        let Ok(Some((Message::Update(raw), _))) = split(&cut) else {
            panic!("no update of {n} bytes");
        };
        assert_eq!(update(raw, &table()), Err(WireError::Truncated), "{n} bytes");
    }
    let mut long = vec![10, 128];
    encode(LONGEST + 1, &mut long);
    assert_eq!(split(&long), Err(WireError::TooLong));
    assert_eq!(split(&[&[10, 128][..], &[0xff; 12]].concat()), Err(WireError::TooLong));
    let mut unknown = Vec::new();
    definition(
        &Definition {
            data: vec![Data {
                number: KINDS,
                elements: 1,
                period: 0,
            }],
            ..table()
        },
        &mut unknown,
    );
    assert_eq!(split(&unknown), Err(WireError::UnknownData));
}
