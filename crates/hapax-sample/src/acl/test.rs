//! One line of an ACL: an expression, a matching method, and what to match.

use std::borrow::Cow;

use hapax_diag::{Diagnostic, Span};
use hapax_value::{Method, Value};

use super::words::criterion;
use super::{Token, Verdict};
use crate::codes;
use crate::expr::{self, Expr};
use crate::pattern::{MatchMethod, PatternFlags, PatternSet, int_with_operator, is_int_operator};
use crate::{Absent, Compile, Env, Iter, Needs, registry};

/// The criterion whose patterns are methods, not texts.
const METHOD: &str = "method";

/// An expression and the patterns it is compared with.
#[derive(Debug)]
pub(super) struct Test {
    /// Where it stands.
    at: Span,
    keyword: &'static str,
    expr: Expr,
    patterns: PatternSet,
}

impl Test {
    /// Compiles `CRITERION [flags] [patterns]...`; `near` is the place where no word stands.
    pub(super) fn compile(words: &[Token<'_>], near: Span, cx: &mut Compile<'_>) -> Result<Self, Diagnostic> {
        let Some((first, rest)) = words.split_first() else {
            return Err(Diagnostic::alert(&codes::ACL, "missing fetch method in ACL expression ''").at(near));
        };
        let (text, rest) = with_converters(first.bytes, rest);
        let criterion = Token {
            bytes: &text,
            span: first.span,
        };
        let (expr, implied) = compile_criterion(criterion, cx)?;
        let mut reader = PatternReader {
            criterion: *first,
            version: is_version(&expr),
            expr: &expr,
            implied,
            set: None,
            flags: PatternFlags::default(),
            operator: None,
        };
        let patterns = reader.read(rest, cx)?;
        let at = first.span;
        let keyword = super::words::criterion(expr::word(&text)).map_or(expr.fetch().name, |c| c.name);
        Ok(Self {
            at,
            keyword,
            expr,
            patterns,
        })
    }

    pub(super) fn needs(&self) -> Needs {
        self.expr.needs()
    }

    pub(super) fn at(&self) -> Span {
        self.at
    }

    /// Its word, as written.
    pub(super) fn keyword(&self) -> &'static str {
        self.keyword
    }

    /// It looks at the bytes of a connection, which a proxy that speaks HTTP does not keep.
    pub(super) fn reads_bytes(&self) -> bool {
        self.expr.fetch().reads_bytes()
    }

    pub(super) fn expr(&self) -> &Expr {
        &self.expr
    }

    pub(super) fn patterns(&self) -> &PatternSet {
        &self.patterns
    }

    /// The expression, as written.
    pub(super) fn text(&self) -> &str {
        self.expr.text()
    }

    /// Tries every occurrence until one matches.
    pub(super) fn eval(&self, env: &Env<'_>) -> Verdict {
        self.eval_with(env, |_| ())
    }

    /// The same, showing each value to `seen` before it is compared.
    pub(super) fn eval_with(&self, env: &Env<'_>, mut seen: impl FnMut(&Value<'_>)) -> Verdict {
        let mut iter = Iter {
            each: true,
            ..Iter::default()
        };
        let mut open = false;
        loop {
            iter.more = false;
            match &self.expr.eval_at(env, &mut iter) {
                Ok(value) => {
                    seen(value);
                    if self.patterns.matches(value) {
                        return Verdict::Pass;
                    }
                    open |= iter.may_change;
                }
                Err(Absent::NotYet) => open = true,
                Err(Absent::Never) => open |= iter.may_change,
            }
            if !iter.more {
                break;
            }
        }
        if open && !env.no_more { Verdict::Wait } else { Verdict::Fail }
    }
}

/// The criterion with the converters that stand behind it in words of their own, and the words after those.
fn with_converters<'t, 'w>(first: &'t [u8], words: &'w [Token<'t>]) -> (Cow<'t, [u8]>, &'w [Token<'t>]) {
    let is_converter = |w: &Token<'_>| {
        let name = w.bytes.split(|b| matches!(b, b'(' | b',')).next().unwrap_or_default();
        std::str::from_utf8(name).is_ok_and(|n| registry::converter(n).is_some())
    };
    let (more, rest) = words.split_at(words.iter().take_while(|w| is_converter(w)).count());
    let mut text = Cow::Borrowed(first);
    for word in more {
        let text = text.to_mut();
        if text.last() != Some(&b',') {
            text.push(b',');
        }
        text.extend_from_slice(word.bytes);
    }
    (text, rest)
}

/// The expression of a criterion and the method it implies, if any.
fn compile_criterion(word: Token<'_>, cx: &mut Compile<'_>) -> Result<(Expr, Option<MatchMethod>), Diagnostic> {
    let name = expr::word(word.bytes);
    let derived = criterion(name).and_then(|c| Some((registry::fetch(c.fetch)?, c.method)));
    let Some((fetch, method)) = derived else {
        let shown = String::from_utf8_lossy(word.bytes);
        let expr = Expr::compile(word.bytes, word.span, cx).map_err(|d| Diagnostic {
            message: format!("{} in ACL expression '{shown}'", d.message),
            ..d
        })?;
        let method = MatchMethod::default_for(expr.out());
        return Ok((expr, method));
    };
    let (expr, used) = Expr::compile_with(fetch, word.bytes, word.span, cx).map_err(|d| Diagnostic {
        message: d
            .message
            .replacen(&format!("fetch method '{name}'"), &format!("ACL keyword '{name}'"), 1),
        ..d
    })?;
    if used < word.bytes.len() {
        let rest = String::from_utf8_lossy(&word.bytes[used..]);
        let message = format!("ACL keyword '{name}' : unexpected text '{rest}' after its arguments");
        return Err(Diagnostic::alert(&codes::ACL, message).at(word.span));
    }
    // A converter makes something else of the sample: what the keyword implies no longer holds.
    let method = if expr.is_plain() {
        Some(method)
    } else {
        MatchMethod::default_for(expr.out())
    };
    Ok((expr, method))
}

/// TLS versions are written `major.minor`.
fn is_version(expr: &Expr) -> bool {
    expr.is_plain() && matches!(expr.fetch().name, "req.ssl_ver" | "req_ssl_ver")
}

/// Reads flags and patterns into a set.
struct PatternReader<'r, 't> {
    criterion: Token<'t>,
    expr: &'r Expr,
    version: bool,
    implied: Option<MatchMethod>,
    set: Option<PatternSet>,
    flags: PatternFlags,
    operator: Option<&'t str>,
}

impl<'t> PatternReader<'_, 't> {
    fn fail(message: impl Into<String>, at: Span) -> Diagnostic {
        Diagnostic::alert(&codes::ACL, message).at(at)
    }

    fn read(&mut self, words: &[Token<'t>], cx: &mut Compile<'_>) -> Result<PatternSet, Diagnostic> {
        let mut i = 0;
        let mut ended = false;
        let mut chosen = false;
        while let Some(word) = words.get(i).copied().filter(|w| w.bytes.first() == Some(&b'-')) {
            let next = words.get(i + 1).copied();
            i += 1;
            match word.bytes {
                b"-i" => self.flags.icase = true,
                b"-n" => self.flags.no_dns = true,
                b"-M" => self.flags.map_file = true,
                b"--" => {
                    ended = true;
                    break;
                }
                b"-u" => {
                    self.flags.id = Some(Self::id(next, word.span, cx)?);
                    i += 1;
                }
                b"-m" => {
                    self.choose(next, word.span, chosen, cx)?;
                    chosen = true;
                    i += 1;
                }
                b"-f" => {
                    let file = next.ok_or_else(|| Self::fail("'-f' expects a file name", word.span))?;
                    i += 1;
                    let flags = self.flags;
                    let set = self.set(word.span)?;
                    set.add_file(file.text(), flags, cx.refs, cx.files)
                        .map_err(|e| Self::fail(e, file.span))?;
                }
                _ => {
                    let shown = word.text();
                    let message = format!("'{shown}' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'");
                    return Err(Self::fail(message, word.span));
                }
            }
        }
        let patterns = &words[i..];
        let at = self.criterion.span;
        let flags = self.flags_for(patterns.first(), chosen);
        let method = self.set(at)?.method();
        if !chosen && !self.expr.is_plain() {
            self.overwrite(method, at, cx);
        }
        let keyword = criterion(expr::word(self.criterion.bytes)).map_or(self.expr.fetch().name, |c| c.name);
        self.set(at)?
            .open(flags, keyword, cx.refs, cx.files)
            .map_err(|e| Self::fail(e, at))?;
        if method.takes_no_pattern() {
            return self.take(at);
        }
        for word in patterns {
            self.pattern(*word, method, self.flags_for(Some(word), chosen), cx)?;
        }
        let set = self.take(at)?;
        // HAProxy wonders only where nothing at all follows the word.
        if set.is_empty() && !ended && words.is_empty() {
            cx.diags.push(no_pattern(self.criterion));
        }
        Ok(set)
    }

    fn pattern(&mut self, word: Token<'t>, method: MatchMethod, flags: PatternFlags, cx: &mut Compile<'_>) -> Result<(), Diagnostic> {
        let numeric = matches!(method, MatchMethod::Int | MatchMethod::Len);
        if numeric && is_int_operator(word.text()) {
            self.operator = Some(word.text());
            return Ok(());
        }
        let at = word.span;
        let range = match self.operator.filter(|_| numeric) {
            None => None,
            Some(op) if self.version => version_range(op, word.text()),
            Some(op) => Some(int_with_operator(op, word.text()).map_err(|e| Self::fail(e, at))?),
        };
        let text = range.as_deref().map_or(word.bytes, str::as_bytes);
        self.set(at)?.add(text, flags, cx.refs, cx.files).map_err(|e| Self::fail(e, at))
    }

    fn id(word: Option<Token<'_>>, at: Span, cx: &Compile<'_>) -> Result<u32, Diagnostic> {
        let id = word
            .and_then(|w| unique_id(w.text()))
            .ok_or_else(|| Self::fail("the argument of -u must be an integer", at))?;
        if cx.refs.has_id(id) {
            return Err(Self::fail("the id is already used", at));
        }
        Ok(id)
    }

    fn choose(&mut self, word: Option<Token<'_>>, at: Span, again: bool, cx: &mut Compile<'_>) -> Result<(), Diagnostic> {
        if again {
            return Err(Self::fail(
                "only one explicit matching method can be defined with '-m' parameter",
                at,
            ));
        }
        if self.set.is_some() {
            let message = "'-m' must only be specified before patterns and files in parsing ACL expression";
            return Err(Self::fail(message, at));
        }
        let name = word.map(Token::text).unwrap_or_default();
        let Some(method) = MatchMethod::parse(name) else {
            let known = MatchMethod::ALL.map(MatchMethod::name);
            let d = Self::fail(format!("unknown matching method '{name}' when parsing ACL expression"), at);
            return Err(d.help(format!("the methods are {}", known.join(", "))));
        };
        if method != MatchMethod::Found && !self.expr.out().casts_to(method.takes()) {
            let keyword = self.expr.fetch().name;
            return Err(Self::fail(
                format!("matching method '{name}' cannot be used with fetch keyword '{keyword}'"),
                at,
            ));
        }
        self.overwrite(method, at, cx);
        self.implied = Some(method);
        Ok(())
    }

    /// Wonders about another method than the one that the criterion's word has in itself.
    fn overwrite(&self, method: MatchMethod, at: Span, cx: &mut Compile<'_>) {
        let insists = |c: &&super::words::Criterion| c.insists() && (c.method != method || c.name == METHOD);
        if let Some(c) = criterion(expr::word(self.criterion.bytes)).filter(insists) {
            let message = format!(
                "original matching method '{}' was overwritten and will not be applied as expected.",
                c.name
            );
            cx.diags.push(Diagnostic::warning(&codes::NEVER_MATCHES, message).at(at));
        }
    }

    /// The flags as they hold for a pattern: a method that HTTP defines is itself in its own case only.
    fn flags_for(&self, pattern: Option<&Token<'_>>, chosen: bool) -> PatternFlags {
        let by_name = !chosen && self.expr.is_plain() && self.expr.fetch().name == METHOD;
        let defined = |p: &Token<'_>| !matches!(Method::from_bytes(&p.bytes.to_ascii_uppercase()), Method::Other(_));
        PatternFlags {
            icase: self.flags.icase && !(by_name && pattern.is_some_and(defined)),
            ..self.flags
        }
    }

    /// The set, made with the method known by now.
    fn set(&mut self, at: Span) -> Result<&mut PatternSet, Diagnostic> {
        if self.set.is_none() {
            let Some(method) = self.implied else {
                let keyword = self.expr.text();
                return Err(Self::fail(
                    format!("matching method must be specified first (using '-m') when using a sample fetch of this type ('{keyword}')"),
                    at,
                ));
            };
            let set = PatternSet::new(method);
            self.set = Some(if self.version { set.of_versions() } else { set });
        }
        self.set.as_mut().ok_or_else(|| Self::fail("no matching method", at))
    }

    fn take(&mut self, at: Span) -> Result<PatternSet, Diagnostic> {
        self.set(at)?;
        self.set.take().ok_or_else(|| Self::fail("no matching method", at))
    }
}

/// A number as C reads it, of which the lower 32 bits count.
fn unique_id(text: &str) -> Option<u32> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| hapax_value::parse_int(text.as_bytes())).flatten().map(|n| n as u32)
}

/// `gt 3.1` and its like as a range of versions.
fn version_range(op: &str, text: &str) -> Option<String> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
    Some(match op {
        "ge" => format!("{major}.{minor}:"),
        "gt" => format!("{major}.{}:", minor + 1),
        "le" => format!(":{major}.{minor}"),
        "lt" if minor == 0 => format!(":{}.65535", major.checked_sub(1)?),
        "lt" => format!(":{major}.{}", minor - 1),
        _ => text.to_owned(),
    })
}

fn no_pattern(criterion: Token<'_>) -> Diagnostic {
    let shown = criterion.text();
    let message = format!(
        "parsing acl keyword '{shown}' :\n  no pattern to match against were provided, so this ACL will never match.\n  If this \
         is what you intended, please add '--' to get rid of this warning.\n  If you intended to match only for existence, please \
         use '-m found'.\n  If you wanted to force an int to match as a bool, please use '-m bool'.\n"
    );
    Diagnostic::warning(&codes::NEVER_MATCHES, message).at(criterion.span)
}
