//! Settings of a stream: `set-log-level`, `set-nice`, `set-priority-class`, `set-priority-offset`, `set-retries`.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::LOG_SILENT;
use hapax_value::Support;

use crate::amount::{Amount, c_integer};
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Side, Txn, codes};

const REQUEST: RuleSets = RuleSets::TCP_REQ.union(RuleSets::HTTP_REQ);
const CONTENT: RuleSets = REQUEST.union(RuleSets::TCP_RES).union(RuleSets::HTTP_RES);

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "set-log-level",
        rulesets: CONTENT.union(RuleSets::HTTP_AFTER),
        doc: "The syslog level that the stream is logged with, or `silent` for no log.",
        ok: &["set-log-level silent", "set-log-level err if TRUE"],
        bad: &["set-log-level", "set-log-level loud"],
        parse: set_log_level,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-nice",
        rulesets: CONTENT,
        doc: "How willingly the stream lets others go first, from -1024 to 1024.",
        ok: &["set-nice 10", "set-nice -2000 if TRUE"],
        bad: &["set-nice"],
        support: Support::NoEffect("tasks of one thread take turns; there is no scheduler to be nice to"),
        parse: set_nice,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-priority-class",
        rulesets: REQUEST,
        doc: "The class, from -2047 (first) to 2047 (last), that the stream waits in where it has to queue.",
        ok: &["set-priority-class int(5)", "set-priority-class int(-1) if TRUE"],
        bad: &["set-priority-class", "set-priority-class 5"],
        parse: |p| set_priority(p, 2047, |txn, n| txn.stream.priority_class = n),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-priority-offset",
        rulesets: REQUEST,
        doc: "Milliseconds, from -524287 to 524287, by which the stream seems to have queued later than it did.",
        ok: &["set-priority-offset int(5)", "set-priority-offset int(-1) if TRUE"],
        bad: &["set-priority-offset", "set-priority-offset 5"],
        parse: |p| set_priority(p, 524_287, |txn, n| txn.stream.priority_offset = n),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-retries",
        rulesets: REQUEST,
        doc: "How often this stream may try again to connect, from 0 to 100. Backends only, and no defaults section.",
        ok: &["set-retries 3", "set-retries int(3) if TRUE"],
        bad: &["set-retries", "set-retries 101", "set-retries -1"],
        parse: set_retries,
        ..ActionRow::BASE
    },
];

/// HAProxy's names of the syslog levels, by number.
const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

#[derive(Debug)]
struct SetLogLevel(u8);

impl Action for SetLogLevel {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.stream.log_level = Some(self.0);
        Effect::Continue
    }
}

fn set_log_level(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let forms = "expects exactly 1 argument (log level name or 'silent')";
    let word = p.next().ok_or_else(|| p.fail(&codes::MISSING_ARG, forms))?;
    let level = match word.bytes {
        b"silent" => Some(LOG_SILENT),
        name => LEVELS.iter().position(|l| l.as_bytes() == name).map(|i| i as u8),
    };
    let level = level.ok_or_else(|| p.bad(forms))?;
    ParseAction::done(SetLogLevel(level))
}

#[derive(Debug)]
struct SetNice(i32);

impl Action for SetNice {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.controls.nice = Some(self.0);
        Effect::Continue
    }
}

fn set_nice(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let word = p
        .next()
        .ok_or_else(|| p.fail(&codes::MISSING_ARG, "expects exactly 1 argument (integer value)"))?;
    let n = c_integer(word.bytes).unwrap_or(0).clamp(-1024, 1024);
    ParseAction::done(SetNice(n as i32))
}

struct SetPriority {
    value: Amount,
    limit: i64,
    set: fn(&mut Txn<'_>, i32),
}

impl std::fmt::Debug for SetPriority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetPriority")
            .field("value", &self.value)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Action for SetPriority {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if let Some(n) = self.value.get(&txn.env()) {
            (self.set)(txn, n.clamp(-self.limit, self.limit) as i32);
        }
        Effect::Continue
    }
}

fn set_priority(p: &mut ParseAction<'_, '_>, limit: i64, set: fn(&mut Txn<'_>, i32)) -> Result<Arc<dyn Action>, Diagnostic> {
    let value = Amount::Of(p.expr()?);
    ParseAction::done(SetPriority { value, limit, set })
}

#[derive(Debug)]
struct SetRetries(Amount);

impl Action for SetRetries {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if let Some(n) = self.0.get(&txn.env()).filter(|n| (0..=100).contains(n)) {
            txn.stream.set.retries = Some(n as u32);
        }
        Effect::Continue
    }
}

fn set_retries(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let keyword = p.word();
    if p.peek().is_none() {
        let text = "expects exactly 1 argument (an expression or an integer between 1 and 100)";
        return Err(p.fail(&codes::MISSING_ARG, text));
    }
    if p.site.side.contains(Side::DEFAULTS) {
        return Err(p.fail(&codes::WRONG_PLACE, format!("'{keyword}' is not allowed in 'defaults' sections")));
    }
    if !p.site.side.contains(Side::BACKEND) {
        return Err(p.fail(
            &codes::WRONG_PLACE,
            format!("'{keyword}' only available in backend or listen section"),
        ));
    }
    let value = Amount::integer(p)?;
    if matches!(value, Amount::Fixed(n) if !(0..=100).contains(&n)) {
        return Err(p.bad("expects an expression or an integer between 1 and 100"));
    }
    ParseAction::done(SetRetries(value))
}
