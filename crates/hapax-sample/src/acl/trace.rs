//! A condition evaluated with everything it looked at written down, for those who ask why a rule was taken or not.

use hapax_diag::Span;

use super::{Acl, Condition, Verdict};
use crate::Env;

/// What a condition came to, and by which of its tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub unless: bool,
    pub verdict: Verdict,
    /// Alternatives (`or`) in order, as far as they were looked at.
    pub suites: Vec<Vec<TermTrace>>,
}

/// One ACL of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermTrace {
    /// Empty: an anonymous one.
    pub acl: String,
    /// The first line of one that the configuration names.
    pub at: Option<Span>,
    pub not: bool,
    /// Of the term, its negation included.
    pub verdict: Verdict,
    pub tests: Vec<TestTrace>,
}

/// One line of an ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestTrace {
    pub expr: String,
    /// Its line.
    pub at: Span,
    /// The values compared, as text; where the last is the one that matched if the verdict is `Pass`.
    pub values: Vec<String>,
    pub verdict: Verdict,
}

impl Condition {
    /// Evaluates as [`eval`](Self::eval) does, looking at no more than it looks at.
    pub fn trace(&self, env: &Env<'_>) -> Trace {
        let mut found = Verdict::Fail;
        let mut suites = Vec::new();
        for suite in &self.suites {
            let mut all = Verdict::Pass;
            let mut terms = Vec::new();
            for term in suite {
                let traced = term.acl.trace(env, term.not);
                all = all.and(traced.verdict);
                terms.push(traced);
                if all == Verdict::Fail {
                    break;
                }
            }
            suites.push(terms);
            found = found.or(all);
            if found == Verdict::Pass {
                break;
            }
        }
        Trace {
            unless: self.unless,
            verdict: if self.unless { found.negate() } else { found },
            suites,
        }
    }
}

impl Acl {
    fn trace(&self, env: &Env<'_>, not: bool) -> TermTrace {
        let mut found = Verdict::Fail;
        let mut tests = Vec::new();
        for test in self.tests() {
            let traced = test.trace(env);
            found = found.or(traced.verdict);
            tests.push(traced);
            if found == Verdict::Pass {
                break;
            }
        }
        TermTrace {
            acl: self.name.to_string(),
            at: self.at,
            not,
            verdict: if not { found.negate() } else { found },
            tests,
        }
    }
}

impl super::Test {
    fn trace(&self, env: &Env<'_>) -> TestTrace {
        let mut values = Vec::new();
        let verdict = self.eval_with(env, |value| {
            let mut text = Vec::new();
            value.write_str(&mut text);
            values.push(String::from_utf8_lossy(&text).into_owned());
        });
        TestTrace {
            expr: self.text().to_owned(),
            at: self.at(),
            values,
            verdict,
        }
    }
}
