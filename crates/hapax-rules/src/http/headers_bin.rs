//! Many fields at once, as `req.hdrs_bin` writes them: `set-headers-bin`, `add-headers-bin`, `del-headers-bin`.
//!
//! Names and values are strings with a variable-length integer in front; an empty name and value (an empty name, for
//! `del-headers-bin`) end the list.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_proto::http::Head;
use hapax_sample::expr::Expr;
use hapax_value::Value;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "add-headers-bin",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Adds the fields of an encoded list; with `prefix`, only those whose name starts so.",
        ok: &["add-headers-bin var(txn.h)", "add-headers-bin var(txn.h) prefix x- if TRUE"],
        bad: &[
            "add-headers-bin",
            "add-headers-bin nofetch",
            "add-headers-bin var(txn.h) prefix",
            "add-headers-bin var(txn.h) x-",
        ],
        parse: |p| put(p, false),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-headers-bin",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Sets the fields of an encoded list, each replacing those of its name; with `prefix`, only those whose name starts so.",
        ok: &["set-headers-bin var(txn.h)", "set-headers-bin var(txn.h) prefix x- if TRUE"],
        bad: &["set-headers-bin", "set-headers-bin nofetch", "set-headers-bin var(txn.h) prefix"],
        parse: |p| put(p, true),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "del-headers-bin",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Removes the fields that an encoded list names: exactly, or as `-m` says (`str`, `beg`, `end`, `sub`).",
        ok: &["del-headers-bin var(txn.h)", "del-headers-bin var(txn.h) -m beg if TRUE"],
        bad: &[
            "del-headers-bin",
            "del-headers-bin var(txn.h) -m",
            "del-headers-bin var(txn.h) -m reg",
            "del-headers-bin var(txn.h) -m ip",
        ],
        parse: delete,
        ..ActionRow::BASE
    },
];

/// Reads a variable-length integer off the front; `None` where it is cut short or too large.
fn varint(bytes: &mut &[u8]) -> Option<usize> {
    let (first, mut rest) = bytes.split_first()?;
    let mut n = u64::from(*first);
    if n >= 240 {
        for shift in (4..60).step_by(7) {
            let (b, tail) = rest.split_first()?;
            n = n.checked_add(u64::from(*b) << shift)?;
            rest = tail;
            if *b < 128 {
                break;
            }
        }
    }
    *bytes = rest;
    usize::try_from(n).ok()
}

/// Reads a string off the front.
fn string<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = varint(bytes)?;
    let (s, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(s)
}

/// Reads the next name off the front, in lower case.
fn name(bytes: &mut &[u8]) -> Result<Vec<u8>, Flaw> {
    if bytes.is_empty() {
        return Err(Flaw::NoEnd);
    }
    string(bytes).map(<[u8]>::to_ascii_lowercase).ok_or(Flaw::Malformed)
}

/// Pseudo fields, and those that frame the message or belong to one connection: no list may touch them.
fn immutable(name: &[u8]) -> bool {
    matches!(
        name,
        [b':', ..]
            | b"expect"
            | b"trailer"
            | b"upgrade"
            | b"connection"
            | b"keep-alive"
            | b"content-length"
            | b"proxy-connection"
            | b"transfer-encoding"
            | b"proxy-authenticate"
            | b"proxy-authorization"
    )
}

/// What is wrong with a list.
enum Flaw {
    /// It stops where another name should come.
    NoEnd,
    /// A length says more than there is, or an empty name has a value.
    Malformed,
}

/// Evaluates the list and hands it to `edit`.
fn with_list(txn: &mut Txn<'_>, list: &Expr, ruleset: RuleSets, edit: impl FnOnce(&mut Head, &[u8]) -> Result<(), Flaw>) -> Effect {
    let mut bytes = std::mem::take(&mut txn.controls.scratch);
    let found = match list.eval(&txn.env()).ok().map(Value::into_bin) {
        Some(value) => {
            bytes.extend_from_slice(&value);
            true
        }
        None => false,
    };
    let done = match txn.head(ruleset) {
        Some(head) if found => edit(head, &bytes),
        _ => Ok(()),
    };
    bytes.clear();
    txn.controls.scratch = bytes;
    match done {
        Ok(()) => Effect::Continue,
        Err(Flaw::Malformed) => txn.failed_rewrite(),
        Err(Flaw::NoEnd) => Effect::Broken,
    }
}

#[derive(Debug)]
struct Put {
    set: bool,
    list: Expr,
    prefix: Box<[u8]>,
    ruleset: RuleSets,
}

impl Action for Put {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        with_list(txn, &self.list, self.ruleset, |head, bytes| self.edit(head, bytes))
    }
}

impl Put {
    fn edit(&self, head: &mut Head, mut bytes: &[u8]) -> Result<(), Flaw> {
        loop {
            let name = name(&mut bytes)?;
            let mut value = string(&mut bytes).ok_or(Flaw::Malformed)?.to_vec();
            if name.is_empty() {
                return if value.is_empty() { Ok(()) } else { Err(Flaw::Malformed) };
            }
            if !name.starts_with(&self.prefix) || immutable(&name) {
                continue;
            }
            super::header::one_line(&mut value);
            if self.set {
                head.remove(&name);
            }
            head.add(&name, &value);
            if name == b"host" {
                super::uri::name_authority(head, &value);
            }
        }
    }
}

fn put(p: &mut ParseAction<'_, '_>, set: bool) -> Result<Arc<dyn Action>, Diagnostic> {
    let list = p.expr()?;
    let prefix = if p.take("prefix") {
        p.need("a prefix: <headers> prefix <pfx>")?.bytes.into()
    } else {
        Box::default()
    };
    let ruleset = p.ruleset;
    ParseAction::done(Put {
        set,
        list,
        prefix,
        ruleset,
    })
}

#[derive(Clone, Copy, Debug)]
enum Match {
    Is,
    Begins,
    Ends,
    Contains,
}

#[derive(Debug)]
struct Delete {
    list: Expr,
    by: Match,
    ruleset: RuleSets,
}

impl Action for Delete {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        with_list(txn, &self.list, self.ruleset, |head, mut bytes| {
            loop {
                let name = name(&mut bytes)?;
                if name.is_empty() {
                    return Ok(());
                }
                // What the list names may be a part of a name that it may not touch.
                let named = |n: &[u8]| match self.by {
                    Match::Is => n == name,
                    Match::Begins => n.starts_with(&name),
                    Match::Ends => n.ends_with(&name),
                    Match::Contains => memchr::memmem::find(n, &name).is_some(),
                };
                head.remove_if(|n, _| !immutable(n) && named(n));
            }
        })
    }
}

fn delete(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let list = p.expr()?;
    let mut by = Match::Is;
    if p.take("-m") {
        let word = p
            .next()
            .ok_or_else(|| p.fail(&codes::MISSING_ARG, "-m flag expects exactly 1 argument"))?;
        by = match word.bytes {
            b"str" => Match::Is,
            b"beg" => Match::Begins,
            b"end" => Match::Ends,
            b"sub" => Match::Contains,
            b"reg" => return Err(p.bad("-m reg is unsupported with del-headers-bin due to performance reasons")),
            _ => {
                let text = format!("-m with unsupported matching method '{}'", crate::parse::text(word));
                return Err(p.bad(text));
            }
        };
    }
    let ruleset = p.ruleset;
    ParseAction::done(Delete { list, by, ruleset })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_length() {
        for (bytes, want, left) in [
            (&[5_u8, 9][..], Some(5), 1),
            (&[239], Some(239), 0),
            (&[240, 0], Some(240), 0),
            (&[0xf1, 0x01, 7], Some(0xf1 + 16), 1),
            (&[0xf0, 0x80, 0x01], Some(240 + (0x80 << 4) + (1 << 11)), 0),
            (&[], None, 0),
            (&[0xf0], None, 1),
            (&[0xf0, 0x80], None, 2),
        ] {
            let mut rest = bytes;
            assert_eq!(varint(&mut rest), want, "{bytes:?}");
            assert_eq!(rest.len(), left, "{bytes:?}");
        }
    }
}
