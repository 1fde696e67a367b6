//! Header fields: `set-header`, `add-header`, `del-header`.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_proto::http::Head;
use hapax_sample::logformat::LogFormat;
use hapax_sample::regexp::Regexp;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "add-header",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Adds a field at the end, beside any of the same name.",
        ok: &["add-header X-Src %[src]", "add-header x \"a b\" if TRUE"],
        bad: &["add-header", "add-header X", "add-header X a b"],
        parse: |p| edit(p, false),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-header",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Removes the fields of that name, then adds one. The value is made before they are removed and may quote them.",
        ok: &["set-header X-Src %[src]", "set-header x y unless FALSE"],
        bad: &["set-header", "set-header X", "set-header X a b", "set-header X \"\""],
        parse: |p| edit(p, true),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "del-header",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Removes every field whose name matches: exactly, or as `-m` says (`str`, `beg`, `end`, `sub`, `reg`).",
        ok: &[
            "del-header Server",
            "del-header x- -m beg if TRUE",
            "del-header -id -m end",
            "del-header ^x-.*$ -m reg",
            "del-header a -m str",
        ],
        bad: &["del-header", "del-header x -m", "del-header x -m ip", "del-header x y"],
        parse: delete,
        ..ActionRow::BASE
    },
];

#[derive(Debug)]
struct Edit {
    set: bool,
    frames: bool,
    /// Lower case.
    name: Box<[u8]>,
    value: Content,
    ruleset: RuleSets,
}

#[derive(Debug)]
enum Content {
    Made(LogFormat),
    /// Nothing in it varies: the whole line.
    Fixed(Box<[u8]>),
}

impl Content {
    fn new(name: &[u8], format: LogFormat) -> Self {
        let Some(text) = format.as_const() else {
            return Self::Made(format);
        };
        let mut value = text.to_vec();
        one_line(&mut value);
        Self::Fixed([name, b": ", &value, b"\r\n"].concat().into())
    }
}

impl Action for Edit {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        match &self.value {
            Content::Fixed(line) => self.apply(txn, line.len(), |head| head.add_line(line, self.name.len())),
            Content::Made(format) => txn.with_text(
                |env, out| {
                    format.write(env, out);
                    one_line(out);
                },
                |txn, value| self.apply(txn, self.name.len() + value.len() + LINE, |head| head.add(&self.name, value)),
            ),
        }
    }
}

impl Edit {
    /// `add` adds a field of `len` bytes on the wire.
    fn apply(&self, txn: &mut Txn<'_>, len: usize, add: impl FnOnce(&mut Head)) -> Effect {
        if !txn.has_room(self.ruleset, len) {
            return txn.failed_rewrite();
        }
        txn.controls.framing_edited |= self.frames;
        if let Some(head) = txn.head(self.ruleset) {
            if self.set {
                head.remove(&self.name);
            }
            add(head);
            if *self.name == *b"host" {
                super::uri::uri_from_added_host(head);
            }
        }
        Effect::Continue
    }
}

/// Fields that say where a message or its connection ends.
pub(crate) const FRAMING: [&[u8]; 3] = [b"connection", b"content-length", b"transfer-encoding"];

/// What a field takes beside its name and value.
const LINE: usize = 4;

/// Nothing that a rule quotes from a message may start another line or end the head.
pub(crate) fn one_line(value: &mut [u8]) {
    while let Some(i) = memchr::memchr3(b'\r', b'\n', 0, value) {
        value[i] = b' ';
    }
}

fn edit(p: &mut ParseAction<'_, '_>, set: bool) -> Result<Arc<dyn Action>, Diagnostic> {
    let name = name(p, "exactly 2 arguments")?;
    let value = Content::new(&name, p.http_format("exactly 2 arguments")?);
    let ruleset = p.ruleset;
    let frames = FRAMING.contains(&&*name);
    ParseAction::done(Edit {
        set,
        frames,
        name,
        value,
        ruleset,
    })
}

/// A field's name in lower case. A character that no name can have is told, not refused.
pub(crate) fn name(p: &mut ParseAction<'_, '_>, what: &str) -> Result<Box<[u8]>, Diagnostic> {
    let word = p.need(what)?;
    let body = word.bytes.strip_prefix(b":").unwrap_or(word.bytes);
    if let Some(c) = body.iter().find(|c| !is_token(**c)) {
        let name = crate::parse::text(word);
        p.warn(format!("header name '{name}' contains forbidden character '{}'.", char::from(*c)));
    }
    Ok(word.bytes.to_ascii_lowercase().into())
}

fn is_token(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c)
}

#[derive(Debug)]
enum Names {
    Is(Box<[u8]>),
    Begins(Box<[u8]>),
    Ends(Box<[u8]>),
    Contains(Box<memchr::memmem::Finder<'static>>),
    Matches(Regexp),
}

impl Names {
    fn has(&self, name: &[u8]) -> bool {
        match self {
            Self::Is(n) => **n == *name,
            Self::Begins(n) => name.starts_with(n),
            Self::Ends(n) => name.ends_with(n),
            Self::Contains(n) => n.find(name).is_some(),
            Self::Matches(r) => r.is_match(name),
        }
    }
}

#[derive(Debug)]
struct Delete {
    names: Names,
    frames: bool,
    ruleset: RuleSets,
}

impl Action for Delete {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.controls.framing_edited |= self.frames;
        if let Some(head) = txn.head(self.ruleset) {
            match &self.names {
                Names::Is(n) => head.remove(n),
                names => head.remove_if(|name, _| names.has(name)),
            };
        }
        Effect::Continue
    }
}

fn delete(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let word = p.need("at least 1 argument")?;
    let name: Box<[u8]> = word.bytes.to_ascii_lowercase().into();
    let mut names = Names::Is(name.clone());
    if p.take("-m") {
        let method = p
            .next()
            .ok_or_else(|| p.fail(&codes::MISSING_ARG, "-m flag expects exactly 1 argument"))?;
        names = match method.bytes {
            b"str" => Names::Is(name),
            b"beg" => Names::Begins(name),
            b"end" => Names::Ends(name),
            b"sub" => Names::Contains(Box::new(memchr::memmem::Finder::new(&name).into_owned())),
            b"reg" => Names::Matches(Regexp::new(word.bytes, false).map_err(|e| p.bad(e))?),
            _ => {
                let text = format!("-m with unsupported matching method '{}'", crate::parse::text(method));
                return Err(p.bad(text));
            }
        };
    }
    let ruleset = p.ruleset;
    let frames = FRAMING.iter().any(|name| names.has(name));
    ParseAction::done(Delete { names, frames, ruleset })
}

#[cfg(test)]
mod tests;
