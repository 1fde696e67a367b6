//! A report as text, for a terminal.

use std::borrow::Cow;
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
                let _ = writeln!(out, "  * {text}{}", at(place.as_deref()));
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
    without_folder(out, report)
}

/// Places without the folder that all of them share, which would be said in every line.
fn without_folder(text: String, report: &Report) -> String {
    let places = report.steps.iter().filter_map(|step| match step {
        Step::Rule(rule) => Some(rule.place.as_str()),
        Step::Note { place, .. } => place.as_deref(),
        Step::Enter { .. } => None,
    });
    let folder = |place: &str| place.rfind('/').map_or(0, |slash| slash + 1);
    let Some(shared) = places.map(|p| &p[..folder(p)]).reduce(common) else {
        return text;
    };
    let shared = &shared[..folder(shared)];
    if shared.is_empty() {
        return text;
    }
    text.replace(&format!("[{shared}"), "[").replace(&format!("({shared}"), "(")
}

/// What two texts begin with.
fn common<'t>(a: &'t str, b: &str) -> &'t str {
    let len = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    // Not within a character.
    let end = (0..=len).rev().find(|end| a.is_char_boundary(*end)).unwrap_or(0);
    &a[..end]
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
            let _ = writeln!(out, "      {lead} {not}{name}: {verdict}{}", at(term.place.as_deref()));
            for sample in &term.samples {
                let values = match &sample.values[..] {
                    [] => "no value".to_owned(),
                    values => values.iter().map(|v| format!("\"{v}\"")).collect::<Vec<_>>().join(", "),
                };
                let verdict = if sample.matches { "matches" } else { "does not match" };
                let at = at(sample.place.as_deref());
                let _ = match sample.written.as_deref() {
                    Some(line) => writeln!(out, "          {}: {values} {verdict}{at}", short(line)),
                    None => writeln!(out, "          {} = {values} {verdict}{at}", sample.expression),
                };
            }
        }
    }
}

/// As much of a line as is read at a glance: lists of patterns may be long.
fn short(line: &str) -> Cow<'_, str> {
    const LIMIT: usize = 100;
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}...", &line[..end]).into(),
        None => line.into(),
    }
}

/// A place as it stands behind what is there.
fn at(place: Option<&str>) -> String {
    place.map(|p| format!("  [{p}]")).unwrap_or_default()
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
