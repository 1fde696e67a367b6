//! Rewrites by regular expression: `replace-header`, `replace-value`, `replace-path`, `replace-pathq`, `replace-uri`.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_proto::http::{Head, uri};
use hapax_sample::logformat::LogFormat;
use hapax_sample::regexp::{Regexp, Template};

use super::uri::{Part, no_gap, replace, uri_from_host};
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "replace-header",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Where the whole value of a field matches, the format takes its place; `\\1` quotes a group.",
        ok: &[
            "replace-header Cookie foo=([^;]*);(.*) foo=\\1;ip=%[src];\\2",
            "replace-header User-Agent curl foo if TRUE",
        ],
        bad: &[
            "replace-header",
            "replace-header a b",
            "replace-header a (b c",
            "replace-header a b c d",
        ],
        parse: |p| field(p, false),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "replace-value",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Where a value of a comma-separated field matches, the format takes its place; `\\1` quotes a group.",
        ok: &[
            "replace-value X-Forwarded-For ^192\\.168\\.(.*)$ 172.16.\\1",
            "replace-value Accept x y unless TRUE",
        ],
        bad: &["replace-value", "replace-value a b", "replace-value a (b c"],
        parse: |p| field(p, true),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "replace-path",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Where the path matches, the format takes its place; the query stays.",
        ok: &["replace-path (.*) /foo\\1", "replace-path /foo/(.*) /\\1 if TRUE"],
        bad: &["replace-path", "replace-path (.*)", "replace-path ( x", "replace-path a b c"],
        parse: |p| target(p, Part::Path),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "replace-pathq",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Where the path with its query matches, the format takes its place.",
        ok: &["replace-pathq ([^?]*)(\\?(.*))? \\1/foo\\2", "replace-pathq a b if TRUE"],
        bad: &["replace-pathq", "replace-pathq (.*)", "replace-pathq ( x"],
        parse: |p| target(p, Part::PathQuery),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "replace-uri",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Where the request target matches, the format takes its place.",
        ok: &["replace-uri ^http://(.*) https://\\1", "replace-uri a b if TRUE"],
        bad: &["replace-uri", "replace-uri (.*)", "replace-uri ( x"],
        parse: |p| target(p, Part::Uri),
        ..ActionRow::BASE
    },
];

/// The replacement: its template is made once where nothing in it varies.
#[derive(Debug)]
struct With {
    format: LogFormat,
    fixed: Option<Template>,
}

impl With {
    fn new(format: LogFormat) -> Self {
        let fixed = format.as_const().and_then(|text| Template::new(text).ok());
        Self { format, fixed }
    }

    /// Runs `edit` with the template for this message. A template that is none, or an edit that cannot be made (`false`), is a
    /// failed rewrite.
    fn apply(&self, txn: &mut Txn<'_>, edit: impl FnOnce(&mut Txn<'_>, &Template) -> bool) -> Effect {
        let done = if let Some(t) = &self.fixed {
            edit(txn, t)
        } else {
            let made = txn.with_text(|env, out| self.format.write(env, out), |_, text| Template::new(text));
            made.is_ok_and(|t| edit(txn, &t))
        };
        if done { Effect::Continue } else { txn.failed_rewrite() }
    }
}

/// What the template makes of `subject`, where the expression matches.
fn rewritten(subject: &[u8], regexp: &Regexp, with: &Template, out: &mut Vec<u8>) -> bool {
    let Some(groups) = regexp.groups_at(subject, 0) else { return false };
    with.write(subject, &groups, out);
    true
}

#[derive(Debug)]
struct ReplaceField {
    name: Box<[u8]>,
    regexp: Regexp,
    with: With,
    each: bool,
    ruleset: RuleSets,
}

impl Action for ReplaceField {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.controls.framing_edited |= super::header::FRAMING.contains(&&*self.name);
        self.with.apply(txn, |txn, template| {
            let mut out = std::mem::take(&mut txn.controls.scratch);
            let done = self.edit(txn, template, &mut out);
            out.clear();
            txn.controls.scratch = out;
            done
        })
    }
}

impl ReplaceField {
    /// `false`: a field would have grown beyond the room there is. Those before it are edited.
    fn edit(&self, txn: &mut Txn<'_>, template: &Template, out: &mut Vec<u8>) -> bool {
        let mut any = false;
        for i in 0..txn.head(self.ruleset).map_or(0, |h| h.field_count()) {
            let Some(head) = txn.head(self.ruleset) else { break };
            let field = head.fields()[i];
            if head.get(field.name) != &*self.name {
                continue;
            }
            out.clear();
            let value = head.get(field.value);
            let changed = if self.each {
                each_value(value, out, |part, out| rewritten(part, &self.regexp, template, out))
            } else {
                rewritten(value, &self.regexp, template, out)
            };
            if changed {
                super::header::one_line(out);
                let more = out.len().saturating_sub(value.len());
                if more > 0 && !txn.has_room(self.ruleset, more) {
                    return false;
                }
                if let Some(head) = txn.head(self.ruleset) {
                    head.set_value(i, out);
                }
                any = true;
            }
        }
        if any
            && *self.name == *b"host"
            && let Some(head) = txn.head(self.ruleset)
        {
            uri_from_host(head);
        }
        true
    }
}

/// Copies a comma-separated value to `out`, letting `edit` replace each of its values; commas inside quotes separate nothing.
/// Tells whether any was replaced.
fn each_value(value: &[u8], out: &mut Vec<u8>, mut edit: impl FnMut(&[u8], &mut Vec<u8>) -> bool) -> bool {
    let mut any = false;
    let mut start = 0;
    while start <= value.len() {
        let end = value_end(&value[start..]) + start;
        let piece = &value[start..end];
        // What takes a value's place takes that of the white space around it too.
        if edit(piece.trim_ascii(), out) {
            any = true;
        } else {
            out.extend_from_slice(piece);
        }
        if end < value.len() {
            out.push(b',');
        }
        start = end + 1;
    }
    any
}

/// Where the first value ends: at a comma outside quotes, or at the end.
fn value_end(value: &[u8]) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (i, b) in value.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return i,
            _ => {}
        }
    }
    value.len()
}

fn field(p: &mut ParseAction<'_, '_>, each: bool) -> Result<Arc<dyn Action>, Diagnostic> {
    if p.words.len() < p.pos + 3 {
        return Err(p.fail(&codes::MISSING_ARG, "expects exactly 3 arguments"));
    }
    let name = p.need("exactly 3 arguments")?.bytes.to_ascii_lowercase().into();
    let regexp = regexp(p)?;
    let with = With::new(p.http_format("exactly 3 arguments")?);
    let ruleset = p.ruleset;
    ParseAction::done(ReplaceField {
        name,
        regexp,
        with,
        each,
        ruleset,
    })
}

fn regexp(p: &mut ParseAction<'_, '_>) -> Result<Regexp, Diagnostic> {
    let word = p.need("a regular expression")?;
    Regexp::new(word.bytes, false).map_err(|e| p.bad(e))
}

#[derive(Debug)]
struct ReplaceTarget {
    part: Part,
    regexp: Regexp,
    with: With,
}

impl Action for ReplaceTarget {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        // The expression is cheaper to ask than the format is to write.
        let matches = txn.req.as_deref().is_some_and(|h| self.regexp.is_match(self.subject(h)));
        if !matches {
            return Effect::Continue;
        }
        self.with.apply(txn, |txn, template| {
            let mut out = std::mem::take(&mut txn.controls.scratch);
            let mut done = true;
            if let Some(head) = txn.req.as_deref()
                && rewritten(self.subject(head), &self.regexp, template, &mut out)
            {
                no_gap(&mut out);
                let more = out.len().saturating_sub(self.subject(head).len());
                done = txn.has_room(RuleSets::HTTP_REQ, more) && txn.req.as_deref_mut().is_none_or(|head| replace(head, self.part, &out));
            }
            out.clear();
            txn.controls.scratch = out;
            done
        })
    }
}

impl ReplaceTarget {
    fn subject<'h>(&self, head: &'h Head) -> &'h [u8] {
        match self.part {
            Part::Path => uri::split(head.uri()).path().unwrap_or_default(),
            Part::PathQuery => uri::split(head.uri()).pathq.unwrap_or_default(),
            _ => head.uri(),
        }
    }
}

fn target(p: &mut ParseAction<'_, '_>, part: Part) -> Result<Arc<dyn Action>, Diagnostic> {
    let forms = "expects exactly 2 arguments <match-regex> and <replace-format>";
    if p.words.len() < p.pos + 2 {
        return Err(p.fail(&codes::MISSING_ARG, forms));
    }
    let regexp = regexp(p).map_err(|d| Diagnostic {
        message: format!("failed to parse the regex : {}", d.message),
        ..d
    })?;
    let with = With::new(p.http_format("exactly 2 arguments")?);
    if !p.at_end() {
        p.pos += 1;
        return Err(p.bad(forms));
    }
    ParseAction::done(ReplaceTarget { part, regexp, with })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_between_commas_are_replaced_one_by_one() {
        let regexp = Regexp::new(b"^192\\.168\\.(.*)$", false).expect("regexp");
        let with = Template::new(b"172.16.\\1").expect("template");
        for (value, want) in [
            ("192.168.10.1, 192.168.13.24, 10.0.0.37", "172.16.10.1,172.16.13.24, 10.0.0.37"),
            ("10.0.0.1", "10.0.0.1"),
            (" 192.168.1.1 ,x ,y", "172.16.1.1,x ,y"),
            ("\"a,192.168.0.1\",192.168.0.2", "\"a,192.168.0.1\",172.16.0.2"),
            ("", ""),
            (",,192.168.7.7,", ",,172.16.7.7,"),
        ] {
            let mut out = Vec::new();
            each_value(value.as_bytes(), &mut out, |part, out| rewritten(part, &regexp, &with, out));
            assert_eq!(String::from_utf8_lossy(&out), want, "{value}");
        }
    }
}
