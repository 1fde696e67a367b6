//! A report as text, for a terminal.

use std::fmt::Write as _;

use crate::report::{ConditionReport, Message, Report, RuleReport, Step};

/// The report in lines. `all`: rules that were not taken too.
pub fn render(report: &Report, all: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", report.request);
    if let Some(fe) = &report.frontend {
        let bind = report.bind.as_deref().map(|b| format!(" at {b}")).unwrap_or_default();
        let _ = writeln!(out, "frontend {fe}{bind}");
    }
    for step in &report.steps {
        match step {
            Step::Enter { set, proxy } => {
                let _ = writeln!(out, "\n{set} of {proxy}");
            }
            Step::Rule(rule) if rule.taken || all => self::rule(&mut out, rule),
            Step::Rule(_) => {}
            Step::Note { text, place } => {
                let place = place.as_deref().map(|p| format!("  [{p}]")).unwrap_or_default();
                let _ = writeln!(out, "  * {text}{place}");
            }
        }
    }
    let o = &report.outcome;
    let by = o.rule.as_deref().map(|r| format!(" [{r}]")).unwrap_or_default();
    let _ = writeln!(out, "\n=> {}{by}", o.text);
    if let Some(algorithm) = &o.balance {
        let key = o.balance_key.as_deref().map(|k| format!(" of \"{k}\"")).unwrap_or_default();
        let _ = writeln!(out, "   balance {algorithm}{key}");
    }
    if let Some(sent) = &o.sent {
        message(&mut out, "request to the server", sent);
    }
    if let Some(response) = &o.response {
        message(&mut out, "response to the client", response);
    }
    out
}

fn rule(out: &mut String, rule: &RuleReport) {
    let mark = if rule.taken { '>' } else { '-' };
    let _ = writeln!(out, "  {mark} {}  [{}]", rule.text, rule.place);
    if let Some(condition) = &rule.condition {
        self::condition(out, condition);
    }
    for edit in &rule.edits {
        let _ = writeln!(out, "      {edit}");
    }
    if let Some(effect) = &rule.effect {
        let _ = writeln!(out, "      => {effect}");
    }
}

fn condition(out: &mut String, condition: &ConditionReport) {
    for (i, alternative) in condition.alternatives.iter().enumerate() {
        let lead = if i == 0 {
            if condition.unless { "unless" } else { "if" }
        } else {
            "or"
        };
        for (j, term) in alternative.iter().enumerate() {
            let lead = if j == 0 { lead } else { "and" };
            let not = if term.negated { "not " } else { "" };
            let name = term.acl.clone().unwrap_or_else(|| {
                let asked: Vec<&str> = term.samples.iter().map(|s| &*s.expression).collect();
                format!("{{ {} }}", asked.join(", "))
            });
            let verdict = if term.holds { "yes" } else { "no" };
            let _ = writeln!(out, "      {lead} {not}{name}: {verdict}");
            for sample in &term.samples {
                let values = match &sample.values[..] {
                    [] => "no value".to_owned(),
                    values => values.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join(", "),
                };
                let verdict = if sample.matches { "matches" } else { "does not match" };
                let _ = writeln!(out, "          {} = {values} {verdict}", sample.expression);
            }
        }
    }
}

fn message(out: &mut String, title: &str, m: &Message) {
    let _ = writeln!(out, "\n{title}");
    match (&m.method, m.status) {
        (Some(method), _) => {
            let _ = writeln!(out, "    {method} {}", m.uri.as_deref().unwrap_or_default());
        }
        (None, Some(status)) => {
            let _ = writeln!(out, "    {status} {}", m.reason.as_deref().unwrap_or_default());
        }
        (None, None) => {}
    }
    for (name, value) in &m.headers {
        let _ = writeln!(out, "    {name}: {value}");
    }
    if !m.body.is_empty() {
        let _ = writeln!(out, "\n    {}", m.body.trim_end().replace('\n', "\n    "));
    }
}
