//! From the words of a line to a rule: finds the action's row, lets it read its arguments, then reads the condition.

use std::sync::{Arc, OnceLock};

use hapax_diag::{Code, Diagnostic, Severity, Span};
use hapax_sample::acl::{AclSet, Condition, Token};
use hapax_sample::expr::Expr;
use hapax_sample::logformat::LogFormat;
use hapax_sample::{Compile, NameKind, NameRef, Needs};
use hapax_value::Support;

use crate::site::{Side, Site};
use crate::{Action, Rule, RuleSets, codes, registry, since};

/// The words of one rule and what compiling them needs. An action takes the words it knows; what it leaves must be a condition.
pub struct ParseAction<'p, 'c> {
    /// The action's own word, as written.
    pub name: Token<'p>,
    /// Every word after the name.
    pub words: &'p [Token<'p>],
    pub pos: usize,
    /// Exactly one set.
    pub ruleset: RuleSets,
    /// Where the facts of this rule set exist.
    pub place: Needs,
    pub site: &'p mut Site,
    pub cx: &'p mut Compile<'c>,
}

/// Reads `ACTION [args]... [if|unless CONDITION]`: the words after the rule set's own (`http-request`, `tcp-request content`).
pub fn parse_rule(
    ruleset: RuleSets,
    words: &[Token<'_>],
    acls: &AclSet,
    site: &mut Site,
    cx: &mut Compile<'_>,
    at: Span,
) -> Result<Rule, Diagnostic> {
    let Some(name) = words.first() else {
        return Err(unknown(ruleset, "", site, cx).at(at));
    };
    let word = String::from_utf8_lossy(name.bytes).into_owned();
    let row = registry::find(ruleset, &word)
        .filter(|r| site.scripts || !r.is_scripted())
        .filter(|r| cx.knows(since::action(r.stem(), ruleset)))
        .ok_or_else(|| unknown(ruleset, &word, site, cx).at(name.span))?;
    if row.experimental && !site.experimental {
        let text = format!(
            "'{}' action is experimental, must be allowed via a global 'expose-experimental-directives'",
            row.stem()
        );
        return Err(Diagnostic::alert(&codes::EXPERIMENTAL, text).at(name.span));
    }
    tell_support(row.stem(), row.support, name.span, cx);
    parse_with(ruleset, words, acls, site, cx, at, row.name, row.parse)
}

/// Reads a rule whose row is known. `words[0]` is the action's own word.
#[allow(
    clippy::too_many_arguments,
    reason = "the parts of one rule and of its place; a struct would be taken apart at once"
)]
pub(crate) fn parse_with(
    ruleset: RuleSets,
    words: &[Token<'_>],
    acls: &AclSet,
    site: &mut Site,
    cx: &mut Compile<'_>,
    at: Span,
    row_name: &'static str,
    parse: impl FnOnce(&mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic>,
) -> Result<Rule, Diagnostic> {
    // An empty word ends the line, as it does for HAProxy.
    let end = words.iter().position(|w| w.bytes.is_empty()).unwrap_or(words.len());
    let words = &words[..end];
    let (name, rest) = words
        .split_first()
        .map_or((Token { bytes: b"", span: at }, words), |(n, r)| (*n, r));
    let word = text(name);
    let (kind, section) = (site.kind(), site.name.clone());
    site.rules += 1;
    let mut p = ParseAction {
        name,
        words: rest,
        pos: 0,
        ruleset,
        place: place(ruleset, site.side),
        site,
        cx,
    };
    let action = parse(&mut p).map_err(|d| {
        let d = d.or_at(name.span);
        if ruleset.intersects(RuleSets::HTTP_ANY) {
            let head = format!(
                "error detected in {kind} '{section}' while parsing '{} {word}' rule : ",
                ruleset.keyword()
            );
            return Diagnostic {
                message: head + d.message.trim_end_matches('.') + ".",
                ..d
            };
        }
        // Of TCP rules only those that HAProxy has no table for say whose mistake it is.
        if word == "capture" || word.starts_with("track-sc") {
            let message = format!("'{} {word}' : {}", ruleset.keyword(), d.message);
            return Diagnostic { message, ..d };
        }
        d
    })?;
    let (rest, here) = (&rest[p.pos.min(rest.len())..], p.place);
    let cond = match rest.first() {
        None => None,
        Some(w) if w.bytes == b"if" || w.bytes == b"unless" => {
            let cond =
                Condition::parse(rest, acls, cx).map_err(|d| in_condition(d, ruleset, &word, &text(*w), (kind, &section)).or_at(w.span))?;
            let set = (!ruleset.intersects(RuleSets::HTTP_ANY)).then(|| ruleset.keyword());
            if let Some(why) = cond.misplaced(here, set) {
                cx.diags
                    .push(Diagnostic::warning(&hapax_sample::codes::NEVER_MATCHES, why).at(w.span));
            }
            Some(cond)
        }
        Some(w) => {
            let (set, found) = (ruleset.keyword(), text(*w));
            let text = if ruleset.intersects(RuleSets::HTTP_ANY) {
                format!("'{set} {word}' expects either 'if' or 'unless' followed by a condition but found '{found}'.")
            } else {
                format!("'{set} {word}' only accepts 'if' or 'unless', in {kind} '{section}' (got '{found}')")
            };
            return Err(Diagnostic::alert(&codes::LEFTOVER, text).at(w.span).help(leftover(words, rest, *w)));
        }
    };
    Ok(Rule {
        name: row_name,
        action,
        cond,
        gate: None,
        span: at,
    })
}

/// What may have been meant by a word that is no condition: `rest` starts with it.
fn leftover(words: &[Token<'_>], rest: &[Token<'_>], word: Token<'_>) -> String {
    if let Some(near) = hapax_diag::suggest(&text(word), ["if", "unless"]) {
        return format!("did you mean '{near}'?");
    }
    let end = rest
        .iter()
        .position(|w| w.bytes == b"if" || w.bytes == b"unless")
        .unwrap_or(rest.len());
    let before = words
        .len()
        .checked_sub(rest.len() + 1)
        .filter(|at| *at > 0)
        .and_then(|at| words.get(at));
    let together: Vec<String> = before.into_iter().chain(&rest[..end]).map(|w| text(*w)).collect();
    format!("quote what is one argument: \"{}\"", together.join(" "))
}

fn in_condition(d: Diagnostic, ruleset: RuleSets, word: &str, how: &str, (kind, section): (&str, &str)) -> Diagnostic {
    let (set, why) = (ruleset.keyword(), d.message.trim_end_matches('.'));
    let message = if ruleset.intersects(RuleSets::HTTP_ANY) {
        format!("error detected while parsing an '{set} {word}' condition : {why}.")
    } else {
        format!("'{set} {word}' : error detected in {kind} '{section}' while parsing '{how}' condition : {why}")
    };
    Diagnostic { message, ..d }
}

/// The alert for a word that is no action here: it names those that are.
fn unknown(ruleset: RuleSets, word: &str, site: &Site, cx: &Compile<'_>) -> Diagnostic {
    let known = |n: &&str| cx.knows(since::action(n.trim_end_matches('*'), ruleset));
    let names: Vec<&str> = registry::names(ruleset).into_iter().filter(known).collect();
    let list: Vec<String> = names.iter().map(|n| format!("'{n}'")).collect();
    let list = list.join(", ");
    let set = ruleset.keyword();
    let missing = if word.is_empty() { " (missing argument)" } else { "" };
    let text = if ruleset.intersects(RuleSets::HTTP_ANY) {
        format!("'{set}' expects {list}, but got '{word}'{missing}.")
    } else {
        format!("'{set}' expects {list} in {} '{}' (got '{word}').", site.kind(), site.name)
    };
    let plain = if word.is_empty() {
        format!("'{set}' names no action")
    } else {
        format!("'{word}' is no action of '{set}'")
    };
    let d = Diagnostic::alert(&codes::UNKNOWN_ACTION, text).plainly(plain);
    if let Some((major, minor)) = registry::find(ruleset, word)
        .map(|r| since::action(r.stem(), ruleset))
        .filter(|s| !cx.knows(*s))
    {
        return d.help(format!("'{word}' exists here since version {major}.{minor}"));
    }
    let stems = names.into_iter().map(|n| n.trim_end_matches('*'));
    match hapax_diag::suggest(word.split('(').next().unwrap_or_default(), stems) {
        Some(near) => d.help(format!("did you mean '{near}'?")),
        None => d.help(format!("there are: {list}")),
    }
}

/// Says of a word that is not acted on (fully) that it is not.
pub(crate) fn tell_support(name: &str, support: Support, at: Span, cx: &mut Compile<'_>) {
    let (severity, text) = match support {
        Support::Full => return,
        Support::Partial(what) => (Severity::Warning, format!("'{name}' is only partly acted on: {what}")),
        Support::NotYet(what) => (Severity::Warning, format!("'{name}' is accepted but not acted on yet: {what}")),
        Support::NoEffect(why) => (Severity::Note, format!("'{name}' has no effect here: {why}")),
        Support::Refused(why) => (Severity::Alert, format!("'{name}' is not supported: {why}")),
    };
    cx.diags.push(Diagnostic::new(&codes::NOT_ACTED_ON, severity, text).at(at));
}

/// Where the facts of a rule set exist, in a section that may be a frontend, a backend, both, or the defaults of either.
pub fn place(ruleset: RuleSets, side: Side) -> Needs {
    let front = side.intersects(Side::FRONTEND | Side::DEFAULTS);
    let back = side.intersects(Side::BACKEND | Side::DEFAULTS);
    let pick = |fe: Needs, be: Needs| {
        let mut n = Needs::empty();
        n.set(fe, front);
        n.set(be, back);
        n
    };
    match ruleset {
        RuleSets::TCP_CONN | RuleSets::QUIC_INIT => Needs::FE_CONN,
        RuleSets::TCP_SESS => Needs::FE_SESS,
        RuleSets::TCP_REQ => pick(Needs::FE_CONTENT, Needs::BE_CONTENT),
        RuleSets::TCP_RES => pick(Needs::FE_RES, Needs::BE_RES),
        RuleSets::HTTP_REQ => pick(Needs::FE_HRQ_H, Needs::BE_HRQ_H),
        _ => pick(Needs::FE_HRS_H, Needs::BE_HRS_H),
    }
}

/// Takes the words one by one.
impl<'p> Iterator for ParseAction<'p, '_> {
    type Item = Token<'p>;

    fn next(&mut self) -> Option<Token<'p>> {
        let w = self.words.get(self.pos).copied()?;
        self.pos += 1;
        Some(w)
    }
}

impl<'p> ParseAction<'p, '_> {
    pub fn peek(&self) -> Option<Token<'p>> {
        self.words.get(self.pos).copied()
    }

    /// Whether a condition or the end of the line comes next.
    pub fn at_end(&self) -> bool {
        self.peek().is_none_or(|w| w.bytes == b"if" || w.bytes == b"unless")
    }

    /// Takes the next word where it is `word`.
    pub fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|w| w.bytes == word.as_bytes());
        self.pos += usize::from(found);
        found
    }

    /// The action's word as text.
    pub fn word(&self) -> String {
        String::from_utf8_lossy(self.name.bytes).into_owned()
    }

    /// Where the next word stands, or the last one where none is left.
    pub fn span(&self) -> Span {
        self.peek().or(self.words.last().copied()).unwrap_or(self.name).span
    }

    /// Where the word just taken stands.
    pub fn last_span(&self) -> Span {
        self.pos.checked_sub(1).and_then(|i| self.words.get(i)).unwrap_or(&self.name).span
    }

    /// The next word; where there is none, an alert that `what` is expected.
    pub fn need(&mut self, what: &str) -> Result<Token<'p>, Diagnostic> {
        let span = self.span();
        self.next()
            .filter(|w| !w.bytes.is_empty())
            .ok_or_else(|| self.fail(&codes::MISSING_ARG, format!("expects {what}")).at(span))
    }

    /// Like [`need`](Self::need), as text.
    pub fn need_text(&mut self, what: &str) -> Result<String, Diagnostic> {
        Ok(text(self.need(what)?))
    }

    /// An alert of the action; [`parse_rule`] puts before it whose it is.
    pub fn fail(&self, code: &'static Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::alert(code, message.into())
    }

    /// An alert about the word just taken.
    pub fn bad(&self, message: impl Into<String>) -> Diagnostic {
        self.fail(&codes::BAD_ARG, message).at(self.last_span())
    }

    /// A warning about the word just taken: the rule stands.
    pub fn warn(&mut self, message: impl Into<String>) {
        let d = Diagnostic::warning(&codes::IGNORED_ARG, message).at(self.last_span());
        self.cx.diags.push(d);
    }

    /// An expression, whose converters may stand in words of their own; its facts must exist here.
    pub fn expr(&mut self) -> Result<Expr, Diagnostic> {
        self.expr_at(self.place)
    }

    fn criterion(&mut self) -> Result<Token<'p>, Diagnostic> {
        let span = self.span();
        let word = self.next().filter(|w| !w.bytes.is_empty());
        word.ok_or_else(|| self.fail(&codes::MISSING_ARG, "missing fetch method").at(span))
    }

    /// Like [`expr`](Self::expr), for an action that takes one word only.
    pub fn expr_word(&mut self, place: Needs) -> Result<Expr, Diagnostic> {
        let word = self.criterion()?;
        self.compiled(word.bytes, word.span, place)
    }

    /// Like [`expr`](Self::expr), for an action whose expressions are judged by another place than its rule set's.
    pub fn expr_at(&mut self, place: Needs) -> Result<Expr, Diagnostic> {
        let first = self.criterion()?;
        let mut text = first.bytes.to_vec();
        while let Some(more) = self.peek().filter(|w| is_converter(w.bytes)) {
            self.pos += 1;
            if text.last() != Some(&b',') {
                text.push(b',');
            }
            text.extend_from_slice(more.bytes);
        }
        self.compiled(&text, first.span, place)
    }

    fn compiled(&mut self, text: &[u8], at: Span, place: Needs) -> Result<Expr, Diagnostic> {
        let expr = Expr::compile(text, at, self.cx)?;
        if expr.needs().intersects(place) {
            return Ok(expr);
        }
        let why = format!(
            "fetch method '{}' extracts information from '{}', none of which is available here",
            String::from_utf8_lossy(text),
            expr.fetch().source()
        );
        Err(self.fail(&codes::WRONG_PLACE, why).at(at))
    }

    /// A log-format string whose text is neither logged nor put into a head.
    pub fn format(&mut self, what: &str) -> Result<LogFormat, Diagnostic> {
        let word = self.need(what)?;
        self.text_format(word.bytes, word.span)
    }

    /// A log-format string whose text goes into a message head.
    pub fn http_format(&mut self, what: &str) -> Result<LogFormat, Diagnostic> {
        let word = self
            .next()
            .ok_or_else(|| self.fail(&codes::MISSING_ARG, format!("expects {what}")).at(self.span()))?;
        self.head_format(word.bytes, word.span)
    }

    pub(crate) fn text_format(&mut self, text: &[u8], at: Span) -> Result<LogFormat, Diagnostic> {
        let format = LogFormat::compile_text(text, at, self.cx)?;
        self.placed(format, at)
    }

    pub(crate) fn head_format(&mut self, text: &[u8], at: Span) -> Result<LogFormat, Diagnostic> {
        let format = LogFormat::compile_http(text, at, self.cx)?;
        self.placed(format, at)
    }

    /// The format, where all that it quotes exists here.
    fn placed(&self, format: LogFormat, at: Span) -> Result<LogFormat, Diagnostic> {
        match format.misplaced(self.place) {
            None => Ok(format),
            Some(why) => Err(self.fail(&codes::WRONG_PLACE, why).at(at)),
        }
    }

    /// A name that is resolved once the whole configuration is read.
    pub fn defer(&mut self, kind: NameKind, word: Token<'_>) -> Arc<NameRef> {
        let name = Arc::new(NameRef {
            kind,
            name: text(word).into(),
            span: word.span,
            within: self.cx.within.clone(),
            id: OnceLock::new(),
            acl: OnceLock::new(),
            keyed: OnceLock::new(),
            status: OnceLock::new(),
        });
        self.cx.deferred.push(name.clone());
        name
    }

    /// What stands in parentheses glued to the name: `set-var(txn.x)` has `txn.x`. `None`: no parentheses, or not closed.
    pub fn glued(&self, row_stem: &str) -> Option<&'p str> {
        let name = std::str::from_utf8(self.name.bytes).ok()?;
        name.strip_prefix(row_stem)?.strip_prefix('(')?.strip_suffix(')')
    }

    /// Ready to be the answer of a row's `parse`.
    pub fn done<A: Action + 'static>(action: A) -> Result<Arc<dyn Action>, Diagnostic> {
        Ok(Arc::new(action))
    }
}

/// Whether a word goes on with the expression before it.
fn is_converter(word: &[u8]) -> bool {
    let name = word.split(|b| matches!(b, b'(' | b',')).next().unwrap_or_default();
    std::str::from_utf8(name).is_ok_and(|n| hapax_sample::registry::converter(n).is_some())
}

/// A word as text; bytes that are no UTF-8 become U+FFFD.
pub(crate) fn text(word: Token<'_>) -> String {
    String::from_utf8_lossy(word.bytes).into_owned()
}
