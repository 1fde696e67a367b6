//! Runs a rule set over a transaction, from any rule on, until one of them decides or has to wait.

use hapax_sample::acl::Verdict;

use crate::{Effect, Rule, Txn, Wait, Woken};

/// What a rule set came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `Continue`: every rule was passed.
    pub effect: Effect,
    /// The rule that decided, or where to go on from after a `Wait`; the number of rules where none did.
    pub index: usize,
}

/// Runs `rules[from..]`. After an [`Effect::Wait`] call again with the outcome's index and [`Txn::woken`] set.
pub fn run(rules: &[Rule], from: usize, txn: &mut Txn<'_>) -> Outcome {
    if from == 0 && txn.woken == Woken::No {
        txn.controls.lenient = false;
    }
    txn.stream.waiting_rule = None;
    let mut index = from;
    while let Some(rule) = rules.get(index) {
        if let (Some(gate), Woken::No, true) = (&rule.gate, txn.woken, txn.no_more) {
            let skip = gate.skip(&txn.env());
            if skip > 0 {
                index += skip;
                continue;
            }
        }
        // An action that slept has passed its condition already, and what it did meanwhile may have changed it.
        if txn.woken == Woken::No {
            match rule.cond.as_ref().map_or(Verdict::Pass, |c| c.eval(&txn.env())) {
                Verdict::Pass => {}
                Verdict::Wait if !txn.no_more => {
                    txn.stream.waiting_rule = Some(rule.span);
                    return Outcome {
                        effect: Effect::Wait(Wait::More),
                        index,
                    };
                }
                Verdict::Fail | Verdict::Wait => {
                    index += 1;
                    continue;
                }
            }
        }
        let effect = rule.action.run(txn);
        txn.woken = Woken::No;
        if effect != Effect::Continue {
            match effect {
                // Nobody waits: the line is written at once.
                Effect::Wait(Wait::Log { .. }) => {}
                Effect::Wait(_) => txn.stream.waiting_rule = Some(rule.span),
                _ => txn.stream.last_rule = Some(rule.span),
            }
            return Outcome { effect, index };
        }
        index += 1;
    }
    Outcome {
        effect: Effect::Continue,
        index: rules.len(),
    }
}

#[cfg(test)]
mod tests;
