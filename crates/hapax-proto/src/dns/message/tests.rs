//! Answers made by hand, and answers made of dust.

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::message_builder::MessageBuilder;
use domain::base::{Message, Name};
use domain::rdata::{A, Aaaa, Cname, Srv as SrvData};
use proptest::prelude::*;

use super::*;

type N = Name<Vec<u8>>;

fn name(text: &str) -> N {
    Name::vec_from_str(text).unwrap()
}

enum R {
    A(&'static str, &'static str),
    Aaaa(&'static str, &'static str),
    Cname(&'static str, &'static str),
    Srv(&'static str, u16, u16, u16, &'static str),
}

fn question(kind: Kind, name: &str) -> Question {
    Question {
        id: 7,
        kind,
        name: name.to_owned(),
    }
}

fn message(q: &Question, rcode: Rcode, answers: &[R], more: &[R]) -> Vec<u8> {
    let mut m = MessageBuilder::new_vec();
    m.header_mut().set_id(q.id);
    m.header_mut().set_qr(true);
    m.header_mut().set_rcode(rcode);
    let mut m = m.question();
    m.push((name(&q.name), q.kind.rtype(), Class::IN)).unwrap();
    let mut m = m.answer();
    let push = |m: &mut domain::base::message_builder::AnswerBuilder<Vec<u8>>, r: &R| match r {
        R::A(n, ip) => m.push((name(n), 30, A::new(ip.parse().unwrap()))),
        R::Aaaa(n, ip) => m.push((name(n), 30, Aaaa::new(ip.parse().unwrap()))),
        R::Cname(n, to) => m.push((name(n), 30, Cname::new(name(to)))),
        R::Srv(n, priority, weight, port, to) => m.push((name(n), 30, SrvData::new(*priority, *weight, *port, name(to)))),
    };
    for r in answers {
        push(&mut m, r).unwrap();
    }
    let mut m = m.additional();
    for r in more {
        match r {
            R::A(n, ip) => m.push((name(n), 30, A::new(ip.parse().unwrap()))),
            R::Aaaa(n, ip) => m.push((name(n), 30, Aaaa::new(ip.parse().unwrap()))),
            _ => Ok(()),
        }
        .unwrap();
    }
    m.finish()
}

fn ip(text: &str) -> Record {
    Record::Ip(text.parse().unwrap())
}

#[test]
fn questions_say_what_they_want() {
    let bytes = question(Kind::Aaaa, "App.Example.org.").encode(1232).unwrap();
    let m = Message::from_slice(&bytes).unwrap();
    let q = m.sole_question().unwrap();
    assert_eq!((m.header().id(), m.header().rd(), q.qtype()), (7, true, Rtype::AAAA));
    assert_eq!(shown(q.qname()), "app.example.org");
    assert_eq!(m.opt().unwrap().udp_payload_size(), 1232);
    for bad in ["", ".", "a..b", &"x".repeat(64), &"abcdefg.".repeat(40)] {
        assert_eq!(question(Kind::A, bad).encode(512), None, "{bad}");
    }
}

/// Records, and whether there is an alias.
type Told = Result<(Vec<Record>, bool), Fault>;

#[test]
fn answers_are_what_belongs_to_the_name() {
    let q = question(Kind::A, "a.test");
    let read = |answers: &[R]| q.decode(&message(&q, Rcode::NOERROR, answers, &[])).map(|a| (a.records, a.alias));
    let cases: Vec<(Vec<R>, Told)> = vec![
        (vec![R::A("a.test", "10.0.0.1")], Ok((vec![ip("10.0.0.1")], false))),
        // Twice the same is once.
        (
            vec![R::A("A.TEST", "10.0.0.1"), R::A("a.test", "10.0.0.1"), R::A("a.test", "10.0.0.2")],
            Ok((vec![ip("10.0.0.1"), ip("10.0.0.2")], false)),
        ),
        (
            vec![
                R::Cname("a.test", "b.test"),
                R::Cname("b.test", "c.test"),
                R::A("c.test", "10.0.0.3"),
            ],
            Ok((vec![ip("10.0.0.3")], true)),
        ),
        // In any order.
        (
            vec![R::A("b.test", "10.0.0.3"), R::Cname("a.test", "b.test")],
            Ok((vec![ip("10.0.0.3")], true)),
        ),
        (vec![], Err(Fault::Empty)),
        (vec![R::Aaaa("a.test", "::1")], Err(Fault::Empty)),
        (vec![R::A("other.test", "10.0.0.1")], Err(Fault::Alias)),
        (vec![R::Cname("a.test", "b.test")], Err(Fault::Alias)),
        // In a circle.
        (
            vec![
                R::Cname("a.test", "b.test"),
                R::Cname("b.test", "a.test"),
                R::A("a.test", "10.0.0.1"),
            ],
            Err(Fault::Alias),
        ),
    ];
    for (answers, want) in cases {
        assert_eq!(read(&answers), want);
    }
}

#[test]
fn services_and_what_comes_along() {
    let q = question(Kind::Srv, "_http._tcp.test");
    let bytes = message(
        &q,
        Rcode::NOERROR,
        &[R::Srv("_http._tcp.test", 1, 20, 8080, "H1.test")],
        &[R::A("h1.test", "10.0.0.1"), R::Aaaa("h1.test", "fd00::1")],
    );
    let answer = q.decode(&bytes).unwrap();
    let srv = Srv {
        priority: 1,
        weight: 20,
        port: 8080,
        target: "h1.test".to_owned(),
    };
    assert_eq!(answer.records, [Record::Srv(srv)]);
    assert_eq!(
        answer.additional,
        [
            ("h1.test".to_owned(), "10.0.0.1".parse().unwrap()),
            ("h1.test".to_owned(), "fd00::1".parse().unwrap())
        ]
    );
}

#[test]
fn refusals() {
    let q = question(Kind::A, "a.test");
    for (rcode, want) in [
        (Rcode::NXDOMAIN, Fault::Nx),
        (Rcode::REFUSED, Fault::Refused),
        (Rcode::SERVFAIL, Fault::Other),
        (Rcode::FORMERR, Fault::Other),
    ] {
        assert_eq!(q.decode(&message(&q, rcode, &[], &[])), Err(want));
    }
    let good = message(&q, Rcode::NOERROR, &[R::A("a.test", "10.0.0.1")], &[]);
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        q.decode(&bytes)
    };
    // Another id; no answer at all; cut; another question.
    assert_eq!(with(1, 8), Err(Fault::Foreign));
    assert_eq!(with(2, 0x01), Err(Fault::Invalid));
    assert_eq!(with(2, 0x86), Err(Fault::Truncated));
    assert_eq!(with(13, b'z'), Err(Fault::Foreign));
    for n in 0..good.len() {
        assert!(q.decode(&good[..n]).is_err(), "cut at {n}");
    }
}

proptest! {
    /// Whatever comes, reading ends, and what it gives is bounded.
    #[test]
    fn dust_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600), kind in 0..3) {
        let kind = [Kind::A, Kind::Aaaa, Kind::Srv][kind as usize];
        let _ = question(kind, "a.test").decode(&bytes);
    }

    /// The same of answers that were almost right.
    #[test]
    fn damage_is_survived(at in proptest::collection::vec((0_usize..400, any::<u8>()), 1..8)) {
        let q = question(Kind::Srv, "_http._tcp.test");
        let mut bytes = message(
            &q,
            Rcode::NOERROR,
            &[
                R::Srv("_http._tcp.test", 1, 20, 8080, "h1.test"),
                R::Srv("_http._tcp.test", 1, 20, 8080, "h2.test"),
                R::Cname("x.test", "y.test"),
            ],
            &[R::A("h1.test", "10.0.0.1")],
        );
        for (i, value) in at {
            let n = bytes.len();
            bytes[i % n] = value;
        }
        if let Ok(answer) = q.decode(&bytes) {
            prop_assert!(!answer.records.is_empty() && answer.records.len() <= 3);
        }
    }
}
