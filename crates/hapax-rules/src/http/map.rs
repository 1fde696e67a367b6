//! Lists changed by messages: `set-map`, `del-map`, `add-acl`, `del-acl`.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::logformat::LogFormat;
use hapax_sample::pattern::{LaterList, ListError, PatternList};

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "set-map*",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Gives a key of a map a value, adding the entry where there is none. A list that nothing loads is left alone.",
        ok: &["set-map(/a.map) %[src] x", "set-map(virt@m) k v if TRUE"],
        bad: &[
            "set-map(/a.map) k",
            "set-map(/a.map)",
            "set-map k",
            "set-map(/a.map k v",
            "set-map(/a.map) k v w",
        ],
        parse: |p| parse(p, Change::Set),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "del-map*",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Removes a key from a map.",
        ok: &["del-map(/a.map) %[src]", "del-map(virt@m) k if TRUE"],
        bad: &["del-map(/a.map)", "del-map", "del-map(/a.map) k v"],
        parse: |p| parse(p, Change::Delete),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "add-acl*",
        rulesets: RuleSets::HTTP_REQ.union(RuleSets::HTTP_RES),
        doc: "Adds a key to an ACL file's list, unless it is there.",
        ok: &["add-acl(/a.lst) %[src]", "add-acl(virt@l) k if TRUE"],
        bad: &["add-acl(/a.lst)", "add-acl", "add-acl(/a.lst) k v"],
        parse: |p| parse(p, Change::Add),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "del-acl*",
        rulesets: RuleSets::HTTP_REQ.union(RuleSets::HTTP_RES).union(RuleSets::HTTP_AFTER),
        doc: "Removes a key from an ACL file's list.",
        ok: &["del-acl(/a.lst) %[src]", "del-acl(virt@l) k if TRUE", "del-acl k"],
        bad: &["del-acl(/a.lst)", "del-acl"],
        parse: |p| parse(p, Change::Delete),
        ..ActionRow::BASE
    },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Set,
    Add,
    Delete,
}

#[derive(Debug)]
struct ChangeList {
    change: Change,
    list: Arc<LaterList>,
    key: LogFormat,
    value: Option<LogFormat>,
}

impl Action for ChangeList {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let Some(list) = self.list.get() else { return Effect::Continue };
        let mut value = Vec::new();
        if let Some(fmt) = &self.value {
            fmt.write(&txn.env(), &mut value);
        }
        // An entry that the list cannot take is no reason to stop a message.
        let _ = txn.with_text(|env, out| self.key.write(env, out), |_, key| self.change.apply(list, key, &value));
        Effect::Continue
    }
}

impl Change {
    fn apply(self, list: &PatternList, key: &[u8], value: &[u8]) -> Result<(), ListError> {
        match self {
            Self::Set => match list.set(key, value) {
                Err(ListError::NotFound) => list.add(None, key, Some(value)),
                done => done,
            },
            Self::Add => list.add_missing(key),
            Self::Delete => list.delete(key),
        }
    }
}

fn parse(p: &mut ParseAction<'_, '_>, change: Change) -> Result<Arc<dyn Action>, Diagnostic> {
    let name = p.word();
    let stem = &name[..name.find('(').unwrap_or(name.len())];
    let file = if name == stem {
        p.warn(format!(
            "'{stem}' names no file between parentheses, so it changes nothing: '{stem}(<file>)'"
        ));
        Some("")
    } else {
        p.glued(stem)
    };
    let Some(file) = file else {
        return Err(p.fail(
            &codes::BAD_ARG,
            format!("expects the name of a file between parentheses: '{stem}(<file>)'"),
        ));
    };
    let needed = if change == Change::Set { 2 } else { 1 };
    if p.words.len() < p.pos + needed {
        return Err(p.fail(&codes::MISSING_ARG, format!("expects exactly {needed} arguments")));
    }
    let key = p.format("a key")?;
    let value = if change == Change::Set { Some(p.format("a value")?) } else { None };
    let list = p.cx.refs.later(file);
    ParseAction::done(ChangeList { change, list, key, value })
}
