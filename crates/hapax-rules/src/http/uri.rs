//! The request line: `set-method`, `set-path`, `set-pathq`, `set-query`, `set-uri`; and the edits that other actions make of it.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_proto::http::{Head, uri};
use hapax_sample::logformat::LogFormat;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "set-method",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Gives the request another method.",
        ok: &["set-method POST", "set-method %[src] if TRUE"],
        bad: &["set-method", "set-method A B"],
        parse: |p| set(p, Part::Method),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-path",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Gives the request another path; scheme, authority and query stay.",
        ok: &["set-path /x%[src]", "set-path / if TRUE"],
        bad: &["set-path", "set-path /a /b"],
        parse: |p| set(p, Part::Path),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-pathq",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Gives the request another path and query; scheme and authority stay.",
        ok: &["set-pathq /x?y=%[src]", "set-pathq / if TRUE"],
        bad: &["set-pathq", "set-pathq /a /b"],
        parse: |p| set(p, Part::PathQuery),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-query",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Gives the request another query. A question mark that is there stays, even before an empty query.",
        ok: &["set-query a=%[src]", "set-query a if TRUE"],
        bad: &["set-query", "set-query a b"],
        parse: |p| set(p, Part::Query),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-uri",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Gives the request another target, whole. An absolute one sets the Host field too.",
        ok: &["set-uri http://h/%[src]", "set-uri / if TRUE"],
        bad: &["set-uri", "set-uri a b"],
        parse: |p| set(p, Part::Uri),
        ..ActionRow::BASE
    },
];

/// A part of the request line that actions replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Method,
    Path,
    PathQuery,
    Query,
    Uri,
}

#[derive(Debug)]
struct Set {
    part: Part,
    value: LogFormat,
}

impl Action for Set {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.with_text(
            |env, out| {
                self.value.write(env, out);
                no_gap(out);
            },
            |txn, value| {
                if !txn.has_room(RuleSets::HTTP_REQ, value.len()) {
                    return txn.failed_rewrite();
                }
                let done = txn.req.as_deref_mut().is_none_or(|head| replace(head, self.part, value));
                if done { Effect::Continue } else { txn.failed_rewrite() }
            },
        )
    }
}

fn set(p: &mut ParseAction<'_, '_>, part: Part) -> Result<Arc<dyn Action>, Diagnostic> {
    let what = "expects exactly 1 argument <format>";
    let word = p
        .next()
        .filter(|w| !w.bytes.is_empty())
        .ok_or_else(|| p.fail(&codes::MISSING_ARG, what))?;
    if !p.at_end() {
        p.pos += 1;
        return Err(p.bad(what));
    }
    let value = p.head_format(word.bytes, word.span)?;
    ParseAction::done(Set { part, value })
}

/// Nothing that a rule quotes may end the request line.
pub(crate) fn no_gap(value: &mut [u8]) {
    super::header::one_line(value);
}

/// Puts `value` in the place of a part of the request line; `false`: it can not stand there.
pub(crate) fn replace(head: &mut Head, part: Part, value: &[u8]) -> bool {
    match part {
        Part::Method => head.set_method(value),
        Part::Uri => {
            let authority = authority(value);
            if authority.is_some_and(<[u8]>::is_empty) {
                return false;
            }
            head.set_uri(value);
            if let Some(authority) = authority {
                name_host(head, authority);
            }
        }
        Part::Path | Part::PathQuery => {
            let old = head.uri();
            let start = old.len() - uri::split(old).pathq.unwrap_or(old).len();
            let end = if part == Part::PathQuery {
                old.len()
            } else {
                old[start..].iter().position(|b| *b == b'?').map_or(old.len(), |i| start + i)
            };
            let new = [&old[..start], value, &old[end..]].concat();
            head.set_uri(&new);
        }
        Part::Query => {
            let old = head.uri();
            let new = match old.iter().position(|b| *b == b'?') {
                Some(i) => [&old[..=i], value].concat(),
                None if value.is_empty() => return true,
                None => [old, b"?", value].concat(),
            };
            head.set_uri(&new);
        }
    }
    true
}

/// The authority of a target that has a place for one: all but paths and `*` do.
fn authority(target: &[u8]) -> Option<&[u8]> {
    if matches!(target.first(), None | Some(b'/' | b'*')) {
        return None;
    }
    let parts = uri::split(target);
    if !parts.scheme.is_empty() {
        return Some(parts.authority);
    }
    target.split(|b| matches!(b, b'/' | b'?' | b'#')).next()
}

/// After the target has changed: an authority in it is what `Host` must say.
fn name_host(head: &mut Head, authority: &[u8]) {
    if head.first(b"host").is_some_and(|h| h != authority) {
        set_in_place(head, b"host", authority);
    }
}

/// After `Host` has changed: an absolute target must name the same authority.
pub(crate) fn uri_from_host(head: &mut Head) {
    if let Some(host) = head.first(b"host").map(<[u8]>::to_vec) {
        name_authority(head, &host);
    }
}

/// The same, where a field was added behind those that were there.
pub(crate) fn uri_from_added_host(head: &mut Head) {
    if let Some(host) = head.values(b"host").last().map(<[u8]>::to_vec) {
        name_authority(head, &host);
    }
}

/// An absolute target names `host` from here on.
pub(crate) fn name_authority(head: &mut Head, host: &[u8]) {
    let old = head.uri();
    let target = uri::split(old);
    if target.scheme.is_empty() || target.authority == host {
        return;
    }
    let rest = target.pathq.map_or(old.len(), |p| old.len() - p.len());
    let new = [target.scheme, host, &old[rest..]].concat();
    head.set_uri(&new);
}

/// Gives the first field of that name another value and drops the others.
fn set_in_place(head: &mut Head, name: &[u8], value: &[u8]) {
    let mut places = head
        .iter()
        .enumerate()
        .filter(|(_, (n, _))| *n == name)
        .map(|(i, _)| i)
        .collect::<Vec<_>>()
        .into_iter();
    if let Some(first) = places.next() {
        head.set_value(first, value);
    }
    for i in places.rev() {
        head.remove_at(i);
    }
}

#[cfg(test)]
mod tests;
