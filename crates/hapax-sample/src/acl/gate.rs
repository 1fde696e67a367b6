//! Rules side by side that ask the same things: the questions are put once for all of them.
//!
//! A frontend of sixty rules on paths would look at the path sixty times, and find that none holds. A [`Gate`] merges the patterns of
//! such a run by what they are compared with, and tells which rule may hold next. It only ever passes over rules whose conditions
//! cannot hold: one that may is judged by its own condition as ever. Patterns changed at run time close the gate for good.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hapax_value::Value;
use smallvec::SmallVec;

use super::condition::Term;
use super::{Acl, Condition, Test, Verdict};
use crate::pattern::{Index, MatchMethod, Record, Spec, Store, Subject};
use crate::{Env, Iter};

/// Fewer tests are not worth it.
const FEW: usize = 6;

/// Where a rule stands in a run that has a gate.
#[derive(Clone, Debug)]
pub struct Gated {
    gate: Arc<Gate>,
    at: u32,
}

/// The questions of a run of rules.
#[derive(Debug)]
struct Gate {
    groups: Vec<Group>,
    /// Rules in the run.
    len: u32,
    valid: Arc<AtomicBool>,
}

/// What is asked once.
#[derive(Debug)]
struct Group {
    /// Whose test it is, and which: its expression is that of all.
    acl: Arc<Acl>,
    nth: usize,
    /// The rules that it is asked for, ascending.
    rules: Vec<u32>,
    /// `None`: the test as it is.
    merged: Option<Merged>,
}

#[derive(Debug)]
struct Merged {
    method: MatchMethod,
    store: Store,
    index: Index,
    /// Rules by entry, ascending.
    of: Vec<SmallVec<[u32; 2]>>,
}

impl Gated {
    /// How many rules can be passed over, this one included. Only where nothing is waited for.
    #[inline]
    pub fn skip(&self, env: &Env<'_>) -> usize {
        if !self.gate.valid.load(Ordering::Acquire) {
            return 0;
        }
        (self.gate.next(self.at, env) - self.at) as usize
    }
}

impl Gate {
    /// The first rule from there on that may hold.
    fn next(&self, from: u32, env: &Env<'_>) -> u32 {
        let mut best = self.len;
        for group in &self.groups {
            let Some(first) = group.rule_from(from).filter(|first| *first < best) else {
                continue;
            };
            best = group.next(first, from, env).map_or(best, |rule| best.min(rule));
            if best == from {
                break;
            }
        }
        best
    }
}

impl Group {
    /// The first rule from there on that the question is asked for.
    fn rule_from(&self, from: u32) -> Option<u32> {
        self.rules.get(self.rules.partition_point(|r| *r < from)).copied()
    }

    fn next(&self, first: u32, from: u32, env: &Env<'_>) -> Option<u32> {
        let test = self.acl.test(self.nth)?;
        let Some(merged) = &self.merged else {
            return (test.eval(env) == Verdict::Pass).then_some(first);
        };
        let mut found = None;
        let mut iter = Iter {
            each: true,
            ..Iter::default()
        };
        loop {
            iter.more = false;
            if let Ok(value) = &test.expr().eval_at(env, &mut iter) {
                merged.each(value, |entry| {
                    let rule = match entry {
                        None => Some(first),
                        Some(id) => merged.of[id as usize].iter().copied().find(|r| *r >= from),
                    };
                    found = match (found, rule) {
                        (Some(a), Some(b)) => Some(u32::min(a, b)),
                        (a, b) => a.or(b),
                    };
                });
            }
            if !iter.more {
                return found;
            }
        }
    }
}

impl Merged {
    fn each(&self, value: &Value<'_>, f: impl FnMut(Option<u32>)) {
        let subject = match value {
            Value::Str(bytes) if self.method.compares_text() => Some(Subject::Bytes(std::borrow::Cow::Borrowed(bytes))),
            _ => Subject::of(value, self.method),
        };
        if let Some(subject) = subject {
            self.index.each(&self.store, &subject, f);
        }
    }
}

/// Makes gates for the runs among rules with these conditions, in their order, once all that the configuration names is known.
pub fn gates(conditions: &[Option<Arc<Condition>>]) -> Vec<Option<Gated>> {
    let mut out = vec![None; conditions.len()];
    let mut start = 0;
    while start < conditions.len() {
        let mut maker = Maker::default();
        let mut end = start;
        while let Some(Some(condition)) = conditions.get(end)
            && let Some(terms) = openers(condition)
        {
            for term in terms {
                maker.add(term, (end - start) as u32);
            }
            end += 1;
        }
        if let Some(gate) = maker.finish((end - start) as u32) {
            let gate = Arc::new(gate);
            for (at, slot) in out[start..end].iter_mut().enumerate() {
                *slot = Some(Gated {
                    gate: Arc::clone(&gate),
                    at: at as u32,
                });
            }
        }
        start = end.max(start + 1);
    }
    out
}

/// For each alternative a term without which it cannot hold, and before which nothing happens that is not steady.
fn openers(condition: &Condition) -> Option<Vec<&Term>> {
    if condition.unless {
        return None;
    }
    let opener = |suite: &'_ Vec<Term>| {
        let steady = suite.iter().take_while(|t| t.acl.tests().all(is_steady)).count();
        let usable = || suite[..steady].iter().enumerate().filter(|(_, t)| !t.not);
        let cheap = usable().find(|(_, t)| t.acl.tests().all(is_mergeable));
        cheap.or_else(|| usable().next()).map(|(i, _)| i)
    };
    condition.suites.iter().map(|suite| opener(suite).map(|i| &suite[i])).collect()
}

fn is_steady(test: &Test) -> bool {
    test.expr().is_plain() && test.expr().fetch().steady
}

/// Its patterns stand on its line, and are of a kind that can be put together.
fn is_mergeable(test: &Test) -> bool {
    let lists = test.patterns().specs();
    test.patterns().method().is_merged() && lists.into_iter().all(|(list, spec)| list.name().is_none() && spec.is_some())
}

/// What tests that can be merged have in common: the fetch, its arguments as written, and how it is compared.
type Likeness = (&'static str, String, Spec);

#[derive(Default)]
struct Maker {
    tests: usize,
    groups: Vec<Group>,
    /// By likeness: the place of the group, and entries by key.
    merged: HashMap<Likeness, (usize, HashMap<Vec<u8>, u32>)>,
    /// Groups of tests as they are.
    whole: HashMap<(*const Acl, usize), usize>,
    valid: Option<Arc<AtomicBool>>,
}

impl Maker {
    fn add(&mut self, term: &Term, rule: u32) {
        for (nth, test) in term.acl.tests().enumerate() {
            self.tests += 1;
            if !(is_mergeable(test) && self.merge(&term.acl, nth, test, rule)) {
                self.keep(&term.acl, nth, rule);
            }
        }
    }

    fn keep(&mut self, acl: &Arc<Acl>, nth: usize, rule: u32) {
        let place = *self.whole.entry((Arc::as_ptr(acl), nth)).or_insert_with(|| {
            self.groups.push(Group {
                acl: Arc::clone(acl),
                nth,
                rules: Vec::new(),
                merged: None,
            });
            self.groups.len() - 1
        });
        note(&mut self.groups[place].rules, rule);
    }

    /// `false`: one of its patterns cannot be put among others.
    fn merge(&mut self, acl: &Arc<Acl>, nth: usize, test: &Test, rule: u32) -> bool {
        let text = test.expr().text();
        let args = text.find('(').map_or("", |i| &text[i..]).to_owned();
        for (list, spec) in test.patterns().specs() {
            let Some(spec) = spec else { return false };
            let like = (test.expr().fetch().name, args.clone(), spec);
            let (place, known) = self.merged.entry(like).or_insert_with(|| {
                self.groups.push(Group {
                    acl: Arc::clone(acl),
                    nth,
                    rules: Vec::new(),
                    merged: Some(Merged {
                        method: spec.method,
                        store: Store::default(),
                        index: Index::new(spec),
                        of: Vec::new(),
                    }),
                });
                (self.groups.len() - 1, HashMap::new())
            });
            let group = &mut self.groups[*place];
            let Some(merged) = &mut group.merged else { return false };
            let mut good = true;
            list.for_each(None, |_, key, _| {
                good = good && merged.put(key, rule, known);
            });
            if !good {
                return false;
            }
            note(&mut group.rules, rule);
            list.watch(self.valid.get_or_insert_with(|| Arc::new(AtomicBool::new(true))));
        }
        true
    }

    fn finish(mut self, len: u32) -> Option<Gate> {
        self.groups.retain(|g| !g.rules.is_empty());
        if self.tests < FEW || self.groups.len() * 2 > self.tests {
            return None;
        }
        for merged in self.groups.iter_mut().filter_map(|g| g.merged.as_mut()) {
            merged.index.finish(&merged.store);
            merged.store.shrink();
        }
        // What is asked for most rules is asked first.
        self.groups.sort_by_key(|g| std::cmp::Reverse(g.rules.len()));
        Some(Gate {
            groups: self.groups,
            len,
            valid: self.valid.unwrap_or_else(|| Arc::new(AtomicBool::new(true))),
        })
    }
}

impl Merged {
    fn put(&mut self, key: &[u8], rule: u32, known: &mut HashMap<Vec<u8>, u32>) -> bool {
        let folded = if self.index.folds_case() {
            key.to_ascii_lowercase()
        } else {
            key.to_vec()
        };
        if let Some(id) = known.get(&folded) {
            note(&mut self.of[*id as usize], rule);
            return true;
        }
        let record = Record { line: 0, key, value: None };
        let Ok(id) = self.store.push(&record) else { return false };
        self.of.resize_with(id as usize + 1, SmallVec::new);
        // At run time no name is looked up: one that had to be is no pattern here.
        if self.index.insert(&mut self.store, id, &|_| None).is_err() {
            return false;
        }
        self.of[id as usize].push(rule);
        known.insert(folded, id);
        true
    }
}

/// Rules come in ascending order.
fn note<A: Extend<u32> + AsRef<[u32]>>(rules: &mut A, rule: u32) {
    if rules.as_ref().last() != Some(&rule) {
        rules.extend(Some(rule));
    }
}

#[cfg(test)]
mod tests;
