//! `if` and `unless`: ACLs side by side must all match, `or` parts the alternatives (manual, 7.2).

use std::sync::Arc;

use hapax_diag::{Diagnostic, suggest};

use super::{Acl, AclSet, Test, Token, Verdict, predefined};
use crate::codes;
use crate::{Compile, Env, Needs};

/// `if|unless` over ACL names, anonymous ACLs, `!`, `or`, `||`.
#[derive(Debug)]
pub struct Condition {
    pub(super) unless: bool,
    /// One of these must hold.
    pub(super) suites: Vec<Vec<Term>>,
}

/// An ACL, maybe negated.
#[derive(Debug)]
pub(super) struct Term {
    pub(super) not: bool,
    pub(super) acl: Arc<Acl>,
}

impl Condition {
    /// `words` starts at `if` or `unless`.
    pub fn parse(words: &[Token<'_>], acls: &AclSet, cx: &mut Compile<'_>) -> Result<Arc<Self>, Diagnostic> {
        let unless = match words.first().map(|w| w.bytes) {
            Some(b"if") => false,
            Some(b"unless") => true,
            _ => {
                return Err(Diagnostic::alert(
                    &codes::CONDITION,
                    "conditions must start with either 'if' or 'unless'",
                ));
            }
        };
        let mut suites = Vec::new();
        let mut suite = Vec::new();
        let mut not = false;
        let mut i = 1;
        while let Some(word) = words.get(i).copied() {
            i += 1;
            let mut text = word.text();
            if text.eq_ignore_ascii_case("or") || text == "||" {
                suites.extend((!suite.is_empty()).then(|| std::mem::take(&mut suite)));
                not = false;
                continue;
            }
            while let Some(rest) = text.strip_prefix('!') {
                not = !not;
                text = rest;
            }
            // A lone `!` negates the next word.
            if text.is_empty() {
                continue;
            }
            let acl = if text == "{" {
                let len = words[i..]
                    .iter()
                    .position(|w| w.bytes == b"}")
                    .ok_or_else(|| Diagnostic::alert(&codes::CONDITION, "missing closing '}' in condition").at(word.span))?;
                let acl = Acl::new("");
                acl.push(Test::compile(&words[i..i + len], word.span, cx)?);
                i += len + 1;
                Arc::new(acl)
            } else {
                named(text, word, acls, cx)?
            };
            suite.push(Term { not, acl });
            not = false;
        }
        suites.extend((!suite.is_empty()).then_some(suite));
        Ok(Arc::new(Self { unless, suites }))
    }

    pub fn eval(&self, env: &Env<'_>) -> Verdict {
        let mut found = Verdict::Fail;
        for suite in &self.suites {
            let mut all = Verdict::Pass;
            for term in suite {
                let one = term.acl.eval(env);
                all = all.and(if term.not { one.negate() } else { one });
                if all == Verdict::Fail {
                    break;
                }
            }
            found = found.or(all);
            if found == Verdict::Pass {
                break;
            }
        }
        if self.unless { found.negate() } else { found }
    }

    /// It looks at the bytes of a connection.
    pub fn reads_bytes(&self) -> bool {
        self.terms().any(|t| t.acl.tests().any(Test::reads_bytes))
    }

    /// Facts that every evaluation may need.
    pub fn needs(&self) -> Needs {
        self.terms().fold(Needs::empty(), |n, t| n | t.acl.needs())
    }

    /// What has nothing to look at where only `place` exists, in HAProxy's words: worth a warning. An ACL that can never match
    /// comes first, else one of whose tests cannot. `set` is the name of a TCP rule set, which HAProxy tells too.
    pub fn misplaced(&self, place: Needs, set: Option<&str>) -> Option<String> {
        let rule = place.rule_name();
        let within = set.map(|s| format!(" in '{s}'")).unwrap_or_default();
        let because = |t: &Term, never: bool| {
            let keyword = t.acl.tests().find(|test| !test.needs().intersects(place))?.keyword();
            let name = &t.acl.name;
            Some(match (never, name.is_empty()) {
                (true, true) => {
                    format!(
                        "anonymous acl will never match{within} because it uses keyword '{keyword}' which is incompatible with '{rule}'"
                    )
                }
                (true, false) => {
                    format!("acl '{name}' will never match{within} because it only involves keywords that are incompatible with '{rule}'")
                }
                (false, true) => format!("anonymous acl involves keyword '{keyword}' which is incompatible with '{rule}'"),
                (false, false) => {
                    let word = if set.is_some() { "keyword" } else { "keywords" };
                    format!("acl '{name}' involves {word} '{keyword}' which is incompatible with '{rule}'")
                }
            })
        };
        let never = self.terms().find(|t| !t.acl.needs().intersects(place));
        let why = never
            .and_then(|t| because(t, true))
            .or_else(|| self.terms().find_map(|t| because(t, false)))?;
        Some(if set.is_some() { why } else { why + "." })
    }

    fn terms(&self) -> impl Iterator<Item = &Term> {
        self.suites.iter().flatten()
    }
}

/// An ACL of the proxy, or one that every proxy has.
pub(super) fn named(name: &str, word: Token<'_>, acls: &AclSet, cx: &mut Compile<'_>) -> Result<Arc<Acl>, Diagnostic> {
    if let Some(acl) = acls.get(name) {
        return Ok(acl);
    }
    if let Some(words) = predefined::words(name) {
        let tokens: Vec<Token<'_>> = words
            .split(' ')
            .map(|w| Token {
                bytes: w.as_bytes(),
                span: word.span,
            })
            .collect();
        let acl = Acl::new(name);
        acl.push(Test::compile(&tokens, word.span, cx)?);
        return Ok(Arc::new(acl));
    }
    let mut d = Diagnostic::alert(&codes::CONDITION, format!("no such ACL : '{name}'")).at(word.span);
    if acls.broken.contains(name) {
        d.standing = hapax_diag::Standing::Follows;
        return Err(d);
    }
    if name.starts_with('{') || name.ends_with('}') {
        return Err(d.help("blanks stand around braces: { path /x }"));
    }
    let mut known: Vec<&str> = acls.by_name.keys().map(AsRef::as_ref).collect();
    for predefined in predefined::names() {
        known.push(predefined);
    }
    Err(match suggest(name, known) {
        Some(near) => d.help(format!("did you mean '{near}'?")),
        None => d,
    })
}
