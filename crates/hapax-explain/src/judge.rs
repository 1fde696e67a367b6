//! Runs the cases of a suite and compares their reports with what is expected.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hapax_config::Plan;
use hapax_diag::Sources;

use crate::coverage::Coverage;
use crate::report::{Message, Report, Step};
use crate::suite::{Case, Expect, Suite};
use crate::walk::explain;

/// What became of a case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    pub name: String,
    /// What does not hold, one sentence each; none: the case has passed.
    pub failures: Vec<String>,
    /// `None`: the question could not be asked.
    pub report: Option<Report>,
}

impl CaseResult {
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Runs every case, and counts in `coverage` the rules that were looked at and taken.
pub fn run_suite(plan: &Plan, sources: &Sources, suite: &Suite, coverage: &mut Coverage) -> Vec<CaseResult> {
    suite.cases.iter().map(|case| run_case(plan, sources, case, coverage)).collect()
}

fn run_case(plan: &Plan, sources: &Sources, case: &Case, coverage: &mut Coverage) -> CaseResult {
    match explain(plan, sources, &case.request) {
        Ok(report) => {
            coverage.count(&report);
            CaseResult {
                name: case.name.clone(),
                failures: explained(compare(&case.expect, &report), &report),
                report: Some(report),
            }
        }
        Err(why) => CaseResult {
            name: case.name.clone(),
            failures: vec![why.0],
            report: None,
        },
    }
}

/// Failures, and behind them what led there: the outcome and the rules that were taken.
fn explained(mut failures: Vec<String>, report: &Report) -> Vec<String> {
    if failures.is_empty() {
        return failures;
    }
    let by = report.outcome.rule.as_deref().map(|r| format!(" [{r}]")).unwrap_or_default();
    let mut way = format!("it was {}{by}", report.outcome.text);
    for step in &report.steps {
        if let Step::Rule(rule) = step
            && rule.taken
        {
            let _ = write!(way, "\n  > {}  [{}]", rule.text, rule.place);
        }
    }
    failures.push(way);
    failures
}

/// Everything that is not as expected.
pub(crate) fn compare(expect: &Expect, report: &Report) -> Vec<String> {
    let mut out = Vec::new();
    let o = &report.outcome;
    let mut same = |what: &str, want: &Option<String>, got: Option<&str>| {
        if let Some(want) = want.as_deref()
            && Some(want) != got
        {
            out.push(format!("{what} is {}, not {want}", got.unwrap_or("none")));
        }
    };
    same("frontend", &expect.frontend, report.frontend.as_deref());
    same("backend", &expect.backend, o.backend.as_deref());
    same("server", &expect.server, o.server.as_deref());
    same("outcome", &expect.outcome, Some(o.kind));
    let status = o.response.as_ref().and_then(|r| r.status).map(|s| s.to_string());
    same("status", &expect.status.map(|s| s.to_string()), status.as_deref());
    same("body", &expect.body, o.response.as_ref().map(|r| r.body.as_str()));
    let sent = o.sent.as_ref();
    same("sent method", &expect.sent.method, sent.and_then(|s| s.method.as_deref()));
    same("sent uri", &expect.sent.uri, sent.and_then(|s| s.uri.as_deref()));
    if let Some(want) = &expect.servers {
        let mut got: Vec<&str> = o.candidates.iter().map(String::as_str).collect();
        if got.is_empty() {
            got.extend(o.server.as_deref());
        }
        let mut want: Vec<&str> = want.iter().map(String::as_str).collect();
        got.sort_unstable();
        want.sort_unstable();
        if got != want {
            out.push(format!("servers are {}, not {}", got.join(", "), want.join(", ")));
        }
    }
    if let Some(part) = &expect.body_contains
        && !o.response.as_ref().is_some_and(|r| r.body.contains(part.as_str()))
    {
        out.push(format!("the body does not contain \"{part}\""));
    }
    if let Some(want) = &expect.rule {
        let got = o.rule.as_deref().unwrap_or("none");
        if got != want && !got.ends_with(&format!(":{want}")) {
            out.push(format!("the rule that decides is {got}, not {want}"));
        }
    }
    for (name, want) in &expect.vars {
        match report.variables.get(name) {
            Some(got) if got == want => {}
            Some(got) => out.push(format!("{name} is \"{got}\", not \"{want}\"")),
            None => out.push(format!("{name} has no value, and not \"{want}\"")),
        }
    }
    for name in &expect.vars_absent {
        if let Some(got) = report.variables.get(name) {
            out.push(format!("{name} has a value: \"{got}\""));
        }
    }
    fields("response", o.response.as_ref(), &expect.headers, &expect.absent, &mut out);
    fields("sent request", sent, &expect.sent.headers, &expect.sent.absent, &mut out);
    out
}

fn fields(what: &str, message: Option<&Message>, present: &BTreeMap<String, String>, absent: &[String], out: &mut Vec<String>) {
    let Some(message) = message else {
        if !present.is_empty() || !absent.is_empty() {
            out.push(format!("there is no {what}"));
        }
        return;
    };
    for (name, want) in present {
        let got: Vec<&str> = message.values(name).collect();
        if !got.contains(&want.as_str()) {
            let got = if got.is_empty() {
                "not there".to_owned()
            } else {
                format!("\"{}\"", got.join("\", \""))
            };
            out.push(format!("{what}: {name} is {got}, not \"{want}\""));
        }
    }
    for name in absent {
        if let Some(got) = message.values(name).next() {
            out.push(format!("{what}: {name} is there: \"{got}\""));
        }
    }
}
