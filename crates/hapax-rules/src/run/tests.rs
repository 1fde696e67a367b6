use super::*;
use crate::RuleSets;
use crate::kit::{Bench, Facts};

fn rules(lines: &[&str]) -> Vec<Rule> {
    let mut bench = Bench::new();
    lines.iter().map(|l| bench.rule(RuleSets::HTTP_REQ, l).expect(l)).collect()
}

#[test]
fn the_first_decision_counts() {
    for (lines, want, index) in [
        (&["allow if FALSE", "reject if TRUE", "allow"][..], Effect::Reject, 1),
        (&["allow unless TRUE", "reject unless FALSE"], Effect::Reject, 1),
        (&["set-var(txn.a) int(1)", "allow if FALSE"], Effect::Continue, 2),
        (&[], Effect::Continue, 0),
    ] {
        let outcome = run(&rules(lines), 0, &mut Facts::request("/", &[]).txn());
        assert_eq!((outcome.effect, outcome.index), (want, index), "{lines:?}");
    }
}

#[test]
fn a_run_goes_on_where_it_waited() {
    let rules = rules(&[
        "set-var(txn.n) int(1)",
        "pause 1s if { var(txn.n) -m int 1 }",
        "set-var(txn.n) int(2)",
        "reject",
    ]);
    let mut facts = Facts::request("/", &[]);
    let first = run(&rules, 0, &mut facts.txn());
    assert_eq!((first.effect, first.index), (Effect::Wait(Wait::Time(1000)), 1));
    facts.woken = Woken::Done;
    let second = run(&rules, first.index, &mut facts.txn());
    assert_eq!((second.effect, second.index), (Effect::Reject, 3));
}

#[test]
fn strict_mode_is_of_one_rule_set() {
    let mut facts = Facts::request("/", &[]);
    run(&rules(&["strict-mode off"]), 0, &mut facts.txn());
    assert!(facts.controls.lenient);
    run(&rules(&["allow"]), 0, &mut facts.txn());
    assert!(!facts.controls.lenient);
}
