//! Runs rule sets as `hapax_rules::run` does, and writes down what every rule looked at and did.

use hapax_diag::{Sources, Span};
use hapax_rules::{Effect, Rule, Txn, Wait, Woken};
use hapax_sample::acl::{Condition, TermTrace, TestTrace, Trace, Verdict};
use hapax_sample::vars::VarNames;

use crate::edits::Before;
use crate::report::{ConditionReport, RuleReport, SampleReport, Step, TestReport};

/// What reports quote.
#[derive(Clone, Copy)]
pub(crate) struct Book<'b> {
    pub sources: &'b Sources,
    pub names: &'b VarNames,
}

impl Book<'_> {
    /// `file:line`
    pub(crate) fn place(&self, span: Span) -> String {
        format!("{}:{}", self.sources.name(span.file), span.line)
    }

    /// What stands behind the name in an `acl` line.
    fn criterion(&self, span: Span) -> String {
        let line = self.line(span);
        let after = |text: &str| text.split_once([' ', '\t']).map(|(_, rest)| rest.trim_start().to_owned());
        after(&line).and_then(|rest| after(&rest)).unwrap_or_default()
    }

    /// The line as written.
    pub(crate) fn line(&self, span: Span) -> String {
        let source = self.sources.get(span.file);
        let line = source.and_then(|s| s.bytes.split(|b| *b == b'\n').nth((span.line as usize).checked_sub(1)?));
        String::from_utf8_lossy(line.unwrap_or_default()).trim().to_owned()
    }
}

/// A rule set and where it stands.
pub(crate) struct Set<'r> {
    pub name: &'static str,
    pub proxy: &'r str,
    pub rules: &'r [Rule],
}

/// Runs a set; gives what it came to, and the span of the rule that decided.
pub(crate) fn run(set: &Set<'_>, txn: &mut Txn<'_>, book: Book<'_>, steps: &mut Vec<Step>) -> (Effect, Option<Span>) {
    if set.rules.is_empty() {
        return (Effect::Continue, None);
    }
    steps.push(Step::Enter {
        set: set.name,
        proxy: set.proxy.to_owned(),
    });
    txn.controls.lenient = false;
    for rule in set.rules {
        let (verdict, condition) = judge(rule.cond.as_deref(), txn, book);
        let mut report = RuleReport {
            set: set.name,
            proxy: set.proxy.to_owned(),
            place: book.place(rule.span),
            text: book.line(rule.span),
            condition,
            taken: verdict == Verdict::Pass,
            effect: None,
            edits: Vec::new(),
        };
        if verdict != Verdict::Pass {
            steps.push(Step::Rule(report));
            continue;
        }
        let before = Before::of(txn);
        let mut effect = rule.action.run(txn);
        // Offline, whatever a rule waits for has happened.
        if let Effect::Wait(wait) = &effect {
            report.effect = Some(waits(wait));
            txn.woken = Woken::Done;
            effect = rule.action.run(txn);
            txn.woken = Woken::No;
        }
        report.edits = before.changes(txn, book.names);
        if let Some(text) = told(&effect) {
            report.effect = Some(text);
        }
        steps.push(Step::Rule(report));
        match effect {
            // A header that the offline request has not sent, or a wait that never ends: nothing more can be known.
            Effect::Continue | Effect::Wait(_) | Effect::ExpectProxy | Effect::ExpectNetscalerCip => {}
            effect => return (effect, Some(rule.span)),
        }
    }
    (Effect::Continue, None)
}

/// Evaluates a condition; offline, what is not known yet never will be.
pub(crate) fn judge(cond: Option<&Condition>, txn: &Txn<'_>, book: Book<'_>) -> (Verdict, Option<ConditionReport>) {
    let Some(cond) = cond else { return (Verdict::Pass, None) };
    let trace = cond.trace(&txn.env());
    for term in trace.suites.iter().flatten() {
        if let Some(at) = term.at {
            txn.world.asked_acl(at, (term.verdict == Verdict::Pass) != term.not);
        }
    }
    let verdict = trace.verdict;
    (verdict, Some(condition(trace, book)))
}

/// Whether a condition holds, where nobody is told why.
pub(crate) fn holds(cond: &Condition, txn: &Txn<'_>, book: Book<'_>) -> bool {
    judge(Some(cond), txn, book).0 == Verdict::Pass
}

fn condition(trace: Trace, book: Book<'_>) -> ConditionReport {
    let sample = |t: TestTrace, acl: Option<Span>| SampleReport {
        expression: t.expr,
        // Only where the line is another than the ACL's first.
        place: acl.filter(|at| at.line != t.at.line).map(|_| book.place(t.at)),
        written: acl.map(|_| book.criterion(t.at)),
        values: t.values,
        matches: t.verdict == Verdict::Pass,
    };
    let term = |t: TermTrace| TestReport {
        acl: (!t.acl.is_empty()).then_some(t.acl),
        place: t.at.map(|at| book.place(at)),
        negated: t.not,
        holds: t.verdict == Verdict::Pass,
        samples: t.tests.into_iter().map(|test| sample(test, t.at)).collect(),
    };
    ConditionReport {
        unless: trace.unless,
        holds: trace.verdict == Verdict::Pass,
        alternatives: trace.suites.into_iter().map(|s| s.into_iter().map(term).collect()).collect(),
    }
}

fn waits(wait: &Wait) -> String {
    match wait {
        Wait::More => "waits for more data".into(),
        Wait::Body { time, at_least: 0, .. } => format!("waits for the whole body, at most {time} ms"),
        Wait::Body { time, at_least, .. } => format!("waits for {at_least} bytes of the body, at most {time} ms"),
        Wait::Time(ms) => format!("waits {ms} ms"),
        Wait::Handshake => "waits for the handshake".into(),
        Wait::Lookup(l) => format!("resolves {}", String::from_utf8_lossy(&l.host)),
        Wait::Cache { .. } => "asks the cache, which has nothing".into(),
        Wait::Spoe { group, .. } => format!("sends the group {group} to its agents"),
        Wait::Log { .. } => "logs".into(),
    }
}

fn told(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Continue | Effect::Wait(_) => return None,
        Effect::Accept => "ends the rule set".into(),
        Effect::Return(r) => format!("answers {}", r.status),
        Effect::Deny(r) => format!("denies with {}", r.status),
        Effect::Tarpit(r) => format!("tarpits, then answers {}", r.status),
        Effect::Reject => "closes the connection".into(),
        Effect::Close => "closes the connection to the server".into(),
        Effect::SilentDrop(_) => "drops the connection silently".into(),
        Effect::Service(_) => "hands the request to a service".into(),
        Effect::SendRetry => "sends a Retry packet".into(),
        Effect::ExpectProxy => "expects a PROXY header".into(),
        Effect::ExpectNetscalerCip => "expects a NetScaler header".into(),
        Effect::SwitchToHttp(_) => "switches to HTTP".into(),
        Effect::Fail | Effect::Broken => "fails: internal error".into(),
        Effect::Late => "has waited in vain".into(),
        Effect::Invalid => "finds the request invalid".into(),
    })
}
