//! Walks through the life of a lookup.

use proptest::prelude::*;

use super::super::message::Record;
use super::*;

const POLICY: Policy = Policy {
    retries: 3,
    retry: 100,
    resolve: 1000,
};

fn answer() -> Answer {
    Answer {
        records: vec![Record::Ip([10, 0, 0, 1].into())],
        ..Answer::default()
    }
}

fn ask(kind: Kind) -> Progress {
    Progress::Ask(Ask { kind })
}

fn started(first: Kind, servers: u64) -> Lookup {
    let mut l = Lookup::new(first, Families::BOTH, 0);
    assert_eq!(l.at(0, POLICY), ask(first));
    l.asked(servers);
    l
}

fn no(l: &mut Lookup, from: u32, fault: Fault) -> Progress {
    l.hear(from, Event::Fault(fault), 1, POLICY)
}

#[test]
fn the_first_usable_answer_counts() {
    let mut l = started(Kind::A, 0b11);
    assert_eq!(no(&mut l, 0, Fault::Nx), Progress::Wait);
    let done = l.hear(1, Event::Answer(answer()), 5, POLICY);
    assert_eq!(done, Progress::Done(Status::Valid, Some(answer())));
    assert_eq!((l.last_valid, l.next()), (Some(5), 1005));
    // Too late.
    assert_eq!(l.hear(0, Event::Answer(answer()), 6, POLICY), Progress::Wait);
}

#[test]
fn after_a_no_the_other_family_is_asked() {
    let mut l = started(Kind::A, 1);
    let mut now = 0;
    for round in 0..3 {
        now += 1;
        assert_eq!(l.hear(0, Event::Fault(Fault::Nx), now, POLICY), ask(Kind::Aaaa), "{round}");
        l.asked(1);
        let then = l.hear(0, Event::Fault(Fault::Nx), now, POLICY);
        if round == 2 {
            assert_eq!(then, Progress::Done(Status::Nx, None));
        } else {
            // The next round waits for its time.
            let again = l.next();
            assert_eq!((then, again), (Progress::Wait, now + 100));
            assert_eq!(l.at(again - 1, POLICY), Progress::Wait);
            now = again;
            assert_eq!(l.at(now, POLICY), ask(Kind::A));
            l.asked(1);
        }
    }
}

#[test]
fn services_have_no_other_family_and_neither_has_a_choice_of_one() {
    let mut l = started(Kind::Srv, 1);
    assert_eq!(no(&mut l, 0, Fault::Refused), Progress::Wait);
    assert_eq!(l.at(100, POLICY), ask(Kind::Srv));
    let only = Families { v4: true, v6: false };
    let mut l = Lookup::new(Kind::Aaaa, only, 0);
    assert_eq!(l.at(0, POLICY), ask(Kind::A));
    l.asked(1);
    assert_eq!(no(&mut l, 0, Fault::Empty), Progress::Wait);
    assert_eq!(l.at(100, POLICY), ask(Kind::A));
}

#[test]
fn silence_repeats_the_question() {
    let mut l = started(Kind::A, 1);
    assert_eq!(l.at(99, POLICY), Progress::Wait);
    assert_eq!(l.at(100, POLICY), ask(Kind::A));
    l.asked(1);
    assert_eq!(l.at(200, POLICY), ask(Kind::A));
    l.asked(1);
    assert_eq!(l.at(300, POLICY), Progress::Done(Status::Timeout, None));
    assert_eq!(l.next(), 1300);
}

#[test]
fn a_no_and_silence_change_the_family() {
    let mut l = started(Kind::A, 0b11);
    assert_eq!(no(&mut l, 0, Fault::Nx), Progress::Wait);
    assert_eq!(l.at(100, POLICY), ask(Kind::Aaaa));
}

#[test]
fn nobody_to_ask_is_silence() {
    let mut l = started(Kind::A, 1);
    assert_eq!(l.hear(0, Event::Unsent, 1, POLICY), Progress::Wait);
    assert_eq!(l.at(100, POLICY), ask(Kind::A));
}

#[test]
fn hurrying_asks_before_the_time() {
    let mut l = started(Kind::A, 1);
    l.hear(0, Event::Answer(answer()), 5, POLICY);
    assert_eq!(l.at(10, POLICY), Progress::Wait);
    l.hurry(10);
    assert_eq!(l.at(10, POLICY), ask(Kind::A));
}

proptest! {
    /// Whatever servers do, a resolution ends within its rounds: two questions of `retry` each.
    #[test]
    fn every_resolution_ends(events in proptest::collection::vec((0_u32..3, 0_u8..5), 0..60)) {
        let mut l = started(Kind::A, 0b111);
        let (mut now, mut asked, mut done) = (0, 1, false);
        let mut events = events.into_iter();
        while !done {
            now += 7;
            let progress = match events.next() {
                Some((from, 0)) => l.hear(from, Event::Answer(answer()), now, POLICY),
                Some((from, 1)) => l.hear(from, Event::Fault(Fault::Nx), now, POLICY),
                Some((from, 2)) => l.hear(from, Event::Unsent, now, POLICY),
                Some((from, 3)) => l.hear(from, Event::Fault(Fault::Foreign), now, POLICY),
                _ => l.at(now, POLICY),
            };
            match progress {
                Progress::Wait => {}
                Progress::Ask(_) => {
                    asked += 1;
                    l.asked(0b111);
                }
                Progress::Done(..) => done = true,
            }
            prop_assert!(asked <= 6 && now <= 1100, "{asked} questions, {now} ms");
        }
        prop_assert_eq!(l.next(), now + 1000);
    }
}
