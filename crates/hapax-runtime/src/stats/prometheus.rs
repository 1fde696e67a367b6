//! `use-service prometheus-exporter`: the statistics in Prometheus' text format, under the names that dashboards know.
//!
//! One group of lines for each metric, over all objects; the parameters of the query choose among them.

mod names;

use std::fmt::Write as _;

use super::info::{ProcessFacts, info};
use super::{COLUMNS, Col, Filter, Kind, Row, Value, rows};
use crate::state::Shared;
use names::{How, METRICS, Metric, PROCESS, Type};

/// What a query asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted<'q> {
    /// Letters: `g`lobal, `f`rontend, `l`istener, `b`ackend, `s`erver, stick `t`able.
    scopes: String,
    no_maint: bool,
    describe: bool,
    only: Vec<&'q str>,
    never: Vec<&'q str>,
}

impl<'q> Wanted<'q> {
    /// `None`: a scope that nobody knows.
    fn parse(query: &'q str) -> Option<Self> {
        let mut w = Self {
            scopes: "gflbst".to_owned(),
            no_maint: false,
            describe: false,
            only: Vec::new(),
            never: Vec::new(),
        };
        let mut said = false;
        for part in query.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name {
                "scope" => {
                    // The first one takes the place of all.
                    if !std::mem::replace(&mut said, true) {
                        w.scopes.clear();
                    }
                    match value {
                        "" => w.scopes.clear(),
                        "*" | "%2A" | "%2a" => "gflbst".clone_into(&mut w.scopes),
                        "global" => w.scopes.push('g'),
                        "frontend" | "listener" | "backend" | "server" => w.scopes.push_str(&value[..1]),
                        "sticktable" => w.scopes.push('t'),
                        _ => return None,
                    }
                }
                "metrics" => {
                    for metric in value.split(',').filter(|m| !m.is_empty()) {
                        match metric.strip_prefix('-') {
                            Some(metric) => w.never.push(metric),
                            None => w.only.push(metric),
                        }
                    }
                }
                "no-maint" => w.no_maint = true,
                "desc-labels" => w.describe = true,
                // There are no others than those that are told anyway.
                _ => {}
            }
        }
        Some(w)
    }

    fn scope(&self, letter: char) -> bool {
        self.scopes.contains(letter)
    }

    fn metric(&self, name: &str) -> bool {
        !self.never.contains(&name) && (self.only.is_empty() || self.only.contains(&name))
    }
}

/// The document for a query; `None`: the query is not understood.
pub fn metrics(shared: &Shared, facts: &ProcessFacts, query: &str, now_us: u64) -> Option<String> {
    let wanted = Wanted::parse(query)?;
    let mut out = String::with_capacity(16_384);
    if wanted.scope('g') {
        process(shared, facts, &wanted, now_us, &mut out);
    }
    if "flbs".chars().any(|l| wanted.scope(l)) {
        let filter = Filter {
            no_maint: wanted.no_maint,
            ..Filter::default()
        };
        let mut all = Vec::new();
        rows::all(shared, &filter, now_us / 1000, |row| all.push(row));
        for (letter, kind) in [
            ('f', Kind::Frontend),
            ('l', Kind::Listener),
            ('b', Kind::Backend),
            ('s', Kind::Server),
        ] {
            if wanted.scope(letter) {
                objects(shared, &all, letter, kind, &wanted, &mut out);
            }
        }
    }
    if wanted.scope('t') {
        tables(shared, &wanted, &mut out);
    }
    Some(out)
}

fn head(out: &mut String, name: &str, doc: &str, kind: Type) {
    let kind = if kind == Type::Gauge { "gauge" } else { "counter" };
    let _ = write!(out, "# HELP {name} {doc}\n# TYPE {name} {kind}\n");
}

fn process(shared: &Shared, facts: &ProcessFacts, wanted: &Wanted<'_>, now_us: u64, out: &mut String) {
    let all = info(shared, facts, false, now_us);
    let described = shared.plan.global.description.as_deref().filter(|_| wanted.describe);
    for (suffix, kind, line) in PROCESS {
        let name = format!("haproxy_process_{suffix}");
        let Some(found) = all.iter().find(|i| i.name == *line).filter(|_| wanted.metric(&name)) else {
            continue;
        };
        let mut labels = Labels::default();
        if let Value::Str(text) = &found.value {
            let label = if *suffix == "build_info" { "version" } else { suffix };
            if text.is_empty() {
                continue;
            }
            labels.add(label, text);
        }
        if let Some(text) = described {
            labels.add("desc", text);
        }
        head(out, &name, found.doc, *kind);
        match &found.value {
            Value::Str(_) => labels.line(out, &name, "1"),
            value => {
                let mut text = String::new();
                value.write(&mut text);
                labels.line(out, &name, &text);
            }
        }
    }
}

/// `{name="value",...}`
#[derive(Clone, Default)]
struct Labels(String);

impl Labels {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(name);
        self.0.push_str("=\"");
        for c in value.chars() {
            match c {
                '"' | '\\' => {
                    self.0.push('\\');
                    self.0.push(c);
                }
                '\n' => self.0.push_str("\\n"),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }

    fn with(&self, name: &str, value: &str) -> Self {
        let mut more = self.clone();
        more.add(name, value);
        more
    }

    fn line(&self, out: &mut String, name: &str, value: &str) {
        let end = if self.0.is_empty() { "" } else { "}" };
        let _ = writeln!(out, "{name}{}{end} {value}", self.0);
    }
}

/// The states of frontends, listeners and backends, and of servers.
const STATES: [&str; 2] = ["DOWN", "UP"];
const SERVER_STATES: [&str; 5] = ["DOWN", "UP", "MAINT", "DRAIN", "NOLB"];

/// The results of checks that have lines of their own.
const RESULTS: [&str; 16] = [
    "HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP", "L7OK", "L7OKC", "L7STS", "PROCERR",
    "PROCTOUT", "PROCOK",
];

const CLASSES: [(&str, Col); 6] = [
    ("1xx", Col::Hrsp1xx),
    ("2xx", Col::Hrsp2xx),
    ("3xx", Col::Hrsp3xx),
    ("4xx", Col::Hrsp4xx),
    ("5xx", Col::Hrsp5xx),
    ("other", Col::HrspOther),
];

fn objects(shared: &Shared, all: &[Row<'_>], letter: char, kind: Kind, wanted: &Wanted<'_>, out: &mut String) {
    let scope = kind.word().to_ascii_lowercase();
    for metric in METRICS.iter().filter(|m| m.scopes.contains(letter)) {
        let name = format!("haproxy_{scope}_{}", metric.name);
        if !wanted.metric(&name) {
            continue;
        }
        let mut lines = String::new();
        for row in all.iter().filter(|r| r.kind == kind) {
            object(shared, all, row, metric, &name, wanted, &mut lines);
        }
        if !lines.is_empty() {
            head(out, &name, COLUMNS[metric.col as usize].1, metric.kind);
            out.push_str(&lines);
        }
    }
}

fn object(shared: &Shared, all: &[Row<'_>], row: &Row<'_>, metric: &Metric, name: &str, wanted: &Wanted<'_>, out: &mut String) {
    let conf = shared.conf(row.proxy);
    let mut labels = Labels::default();
    labels.add("proxy", &conf.name);
    match row.kind {
        Kind::Server => labels.add("server", &text(row, Col::Svname)),
        Kind::Listener => labels.add("listener", &text(row, Col::Svname)),
        Kind::Frontend | Kind::Backend => {}
    }
    if let Some(text) = conf.description.as_deref().filter(|_| wanted.describe) {
        labels.add("desc", text);
    }
    let checked = row.get(Col::CheckStatus).is_some();
    let one_of = |states: &[&str], label: &str, is: &str, out: &mut String| {
        for state in states {
            labels.with(label, state).line(out, name, if *state == is { "1" } else { "0" });
        }
    };
    match metric.how {
        How::Plain => labels.line(out, name, &number(row, metric.col)),
        How::Millis => labels.line(out, name, &seconds(row, metric.col)),
        How::Checked if checked => labels.line(out, name, &number(row, metric.col)),
        How::CheckedMillis if checked => labels.line(out, name, &seconds(row, metric.col)),
        How::CheckStatus if checked => one_of(&RESULTS, "state", text(row, metric.col).trim_start_matches("* "), out),
        How::Checked | How::CheckedMillis | How::CheckStatus => {}
        How::Status if row.kind == Kind::Server => one_of(&SERVER_STATES, "state", server_state(row), out),
        How::Status => {
            let up = matches!(&*text(row, Col::Status), "OPEN" | "UP" | "FULL" | "WAITING");
            one_of(&STATES, "state", if up { "UP" } else { "DOWN" }, out);
        }
        How::Responses => {
            for (class, col) in CLASSES {
                if row.get(col).is_some() || conf.mode == hapax_config::plan::Mode::Http {
                    labels.with("code", class).line(out, name, &number(row, col));
                }
            }
        }
        How::Servers | How::Checks => {
            let servers: Vec<_> = all.iter().filter(|r| r.kind == Kind::Server && r.proxy == row.proxy).collect();
            let states: &[&str] = if metric.how == How::Servers { &SERVER_STATES } else { &RESULTS };
            for state in states {
                let is = |r: &&&Row<'_>| match metric.how {
                    How::Servers => server_state(r) == *state,
                    _ => text(r, Col::CheckStatus).trim_start_matches("* ") == *state,
                };
                let count = servers.iter().filter(is).count();
                labels.with("state", state).line(out, name, &count.to_string());
            }
        }
    }
}

/// The state of a server without what else its column tells.
fn server_state(row: &Row<'_>) -> &'static str {
    let status = text(row, Col::Status);
    let starts = |word: &str| status.starts_with(word);
    match () {
        () if starts("MAINT") => "MAINT",
        () if starts("DRAIN") => "DRAIN",
        () if starts("NOLB") => "NOLB",
        () if starts("DOWN") => "DOWN",
        () => "UP",
    }
}

fn text(row: &Row<'_>, col: Col) -> String {
    let mut text = String::new();
    if let Some(value) = row.get(col) {
        value.write(&mut text);
    }
    text
}

fn number(row: &Row<'_>, col: Col) -> String {
    match row.get(col) {
        Some(Value::Str(_)) | None => "NaN".to_owned(),
        Some(_) => text(row, col),
    }
}

fn seconds(row: &Row<'_>, col: Col) -> String {
    number(row, col).parse::<f64>().map_or("NaN".to_owned(), |ms| {
        if ms.is_nan() {
            "NaN".to_owned()
        } else {
            format!("{:.6}", ms / 1000.0)
        }
    })
}

fn tables(shared: &Shared, wanted: &Wanted<'_>, out: &mut String) {
    for (suffix, doc) in [("size", "Most entries of the table"), ("used", "Entries of the table")] {
        let name = format!("haproxy_sticktable_{suffix}");
        if shared.plan.tables.is_empty() || !wanted.metric(&name) {
            continue;
        }
        head(out, &name, doc, Type::Gauge);
        for (table, live) in shared.plan.tables.iter().zip(shared.tables.all()) {
            let mut labels = Labels::default();
            labels.add("name", &table.name);
            labels.add("type", table.key.name());
            let value = if suffix == "size" { table.size } else { live.table.used() as u64 };
            labels.line(out, &name, &value.to_string());
        }
    }
}

#[cfg(test)]
mod tests;
