//! `http-check expect` and `tcp-check expect`: what an answer must be.

use std::sync::Arc;

use hapax_balance::CheckStatus;
use hapax_diag::Diagnostic;
use hapax_sample::logformat::LogFormat;
use hapax_sample::regexp::Regexp;

use super::rules;
use super::script::{comment, fail, unhex, value};
use crate::args::Args;
use crate::plan::{Act, Expect, HeaderPattern, Pattern, StrMatch, StrMethod, Text};
use crate::reader::Reader;

const HTTP: &[&str] = &["string", "rstring", "string-lf", "status", "rstatus", "hdr", "fhdr"];
const TCP: &[&str] = &["string", "rstring", "string-lf", "binary", "rbinary", "binary-lf", "custom"];

pub(super) fn http(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let (expect, told) = read(cx, a, 0, HTTP)?;
    let own = rules(cx).own_http();
    let after_connect = own.request_at.is_none_or(|at| at < own.http.list.len()) && matches!(own.http.last(), Some(Act::Connect(_)));
    if after_connect {
        let at = own.http.list.len() + 1;
        return Err(fail(
            a,
            0,
            format!("unable to add http-check expect rule at step {at} (missing send rule)."),
        ));
    }
    own.http.push(told, Act::Expect(Box::new(expect)));
    Ok(())
}

pub(super) fn tcp(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let (expect, told) = read(cx, a, 1, TCP)?;
    rules(cx).own_tcp().push(told, Act::Expect(Box::new(expect)));
    Ok(())
}

/// An expectation while its words are read.
#[derive(Default)]
struct Draft {
    pattern: Option<Pattern>,
    negated: bool,
    min_recv: Option<usize>,
    ok: Option<CheckStatus>,
    error: Option<CheckStatus>,
    timeout: Option<CheckStatus>,
    on_success: Option<LogFormat>,
    on_error: Option<LogFormat>,
    code: Option<hapax_sample::expr::Expr>,
    comment: Option<Arc<str>>,
}

/// Reads an expectation from word `i` on, and its comment.
fn read(cx: &mut Reader<'_>, a: &Args<'_>, mut i: usize, words: &'static [&'static str]) -> Result<(Expect, Option<Arc<str>>), Diagnostic> {
    let mut d = Draft::default();
    let mut bang = false;
    while i < a.len() {
        let mut word = a.str(i);
        if word == "!" {
            bang = true;
            i += 1;
            continue;
        }
        // Nothing need stand between the mark and its pattern.
        if let Some(rest) = word.strip_prefix('!') {
            bang = true;
            word = rest;
        }
        if words.contains(&word) {
            if d.pattern.is_some() {
                return Err(fail(a, i, "only one pattern expected"));
            }
            if bang && word == "custom" {
                return Err(fail(a, i, "[!] not supported with 'custom'."));
            }
            let (pattern, used) = pattern(cx, a, i, word, words.contains(&"status"))?;
            d.pattern = Some(pattern);
            d.negated = std::mem::take(&mut bang);
            i += used;
            continue;
        }
        i += option(cx, a, i, word, bang, &mut d)?.ok_or_else(|| {
            let known = crate::shape::list(words);
            fail(
                a,
                i,
                format!("only supports min-recv, comment, on-success, on-error, status words, {known}, got '{word}'"),
            )
        })?;
    }
    let Some(pattern) = d.pattern else {
        return Err(a.missing(format!("'{}' : expects at least a matching pattern as arguments.", a.name)));
    };
    let expect = Expect {
        pattern,
        negated: d.negated,
        min_recv: d.min_recv,
        ok: d.ok,
        error: d.error,
        timeout: d.timeout,
        on_success: d.on_success,
        on_error: d.on_error,
        code: d.code,
    };
    Ok((expect, d.comment))
}

/// What a status word may be.
fn outcomes(word: &str) -> Option<&'static [(&'static str, CheckStatus)]> {
    use CheckStatus::{L4Con, L4Ok, L4Timeout, L6Ok, L6Rsp, L6Timeout, L7Ok, L7OkCond, L7Rsp, L7Status, L7Timeout};
    Some(match word {
        "ok-status" => &[("L7OK", L7Ok), ("L7OKC", L7OkCond), ("L6OK", L6Ok), ("L4OK", L4Ok)],
        "error-status" => &[
            ("L7OKC", L7OkCond),
            ("L7RSP", L7Rsp),
            ("L7STS", L7Status),
            ("L6RSP", L6Rsp),
            ("L4CON", L4Con),
        ],
        "tout-status" => &[("L7TOUT", L7Timeout), ("L6TOUT", L6Timeout), ("L4TOUT", L4Timeout)],
        _ => return None,
    })
}

/// An option of an expectation: how many words it took, or `None` where it is none.
fn option(cx: &mut Reader<'_>, a: &Args<'_>, i: usize, word: &str, bang: bool, d: &mut Draft) -> Result<Option<usize>, Diagnostic> {
    let known = matches!(word, "min-recv" | "comment" | "on-success" | "on-error" | "status-code");
    let outcomes = outcomes(word);
    if !known && outcomes.is_none() {
        return Ok(None);
    }
    if bang {
        return Err(fail(a, i, format!("[!] not supported with '{word}'")));
    }
    let text = value(a, i)?;
    if let Some(outcomes) = outcomes {
        let Some((_, status)) = outcomes.iter().find(|(name, _)| *name == a.str(i + 1)) else {
            let names: Vec<&str> = outcomes.iter().map(|(name, _)| *name).collect();
            let list = crate::shape::list(&names);
            let message = format!("'{word}' only supports {list} status (got '{}')", a.show(i + 1));
            return Err(fail(a, i + 1, message));
        };
        let to = match word {
            "ok-status" => &mut d.ok,
            "error-status" => &mut d.error,
            _ => &mut d.timeout,
        };
        *to = Some(*status);
        return Ok(Some(2));
    }
    match word {
        "min-recv" => {
            let n = a.str(i + 1).parse::<i32>().ok().filter(|n| *n >= -1);
            let n = n.ok_or_else(|| fail(a, i + 1, "'min-recv' expects -1 or an integer from 0 to INT_MAX"))?;
            d.min_recv = usize::try_from(n).ok();
        }
        "on-success" => d.on_success = Some(cx.check_format(text, a.at(i + 1))?),
        "on-error" => d.on_error = Some(cx.check_format(text, a.at(i + 1))?),
        "comment" => d.comment = Some(comment(a, i)?),
        _ => {
            let (expr, next) = cx.expr(a, i + 1)?;
            d.code = Some(expr);
            return Ok(Some(next - i));
        }
    }
    Ok(Some(2))
}

/// The pattern that starts with the word at `i`, and how many words it took.
fn pattern(cx: &mut Reader<'_>, a: &Args<'_>, i: usize, word: &str, http: bool) -> Result<(Pattern, usize), Diagnostic> {
    if matches!(word, "hdr" | "fhdr") {
        let (header, used) = header(cx, a, i, word == "fhdr")?;
        return Ok((Pattern::Header(Box::new(header)), used));
    }
    if word == "custom" {
        return Ok((Pattern::Anything, 1));
    }
    let text = a.bytes(i + 1);
    if text.is_empty() {
        return Err(fail(a, i, format!("'{word}' expects a <pattern> as argument")));
    }
    let made = match word {
        "string" if http => Pattern::Body(text.into()),
        "string" => Pattern::String(text.into()),
        "rstring" if http => Pattern::BodyRegex(regex(a, i + 1, false)?),
        "rstring" => Pattern::Regex(regex(a, i + 1, false)?),
        "rbinary" => Pattern::BinaryRegex(regex(a, i + 1, false)?),
        "rstatus" => Pattern::StatusRegex(regex(a, i + 1, false)?),
        "string-lf" if http => Pattern::BodyFormat(cx.check_format(text, a.at(i + 1))?),
        "string-lf" => Pattern::Format(cx.check_format(text, a.at(i + 1))?),
        "binary-lf" => Pattern::BinaryFormat(cx.check_format(text, a.at(i + 1))?),
        "binary" => {
            let bytes = unhex(text).ok_or_else(|| fail(a, i + 1, "invalid binary string"))?;
            Pattern::Binary(bytes.into())
        }
        _ => Pattern::Status(statuses(a, i + 1)?),
    };
    Ok((made, 2))
}

fn regex(a: &Args<'_>, i: usize, icase: bool) -> Result<Regexp, Diagnostic> {
    Regexp::without_groups(a.bytes(i), icase).map_err(|e| fail(a, i, e))
}

/// How a text is compared: `-m <how>`.
#[derive(Clone, Copy)]
enum How {
    Text(StrMethod),
    Regex,
}

/// `hdr name [-m <how>] <name> [value [-m <how>] <value>]`, and how many words it took.
fn header(cx: &mut Reader<'_>, a: &Args<'_>, i: usize, full: bool) -> Result<(HeaderPattern, usize), Diagnostic> {
    let word = a.str(i).trim_start_matches('!');
    let unnamed = || format!("'{word}' expects at the name keyword as first argument followed by a pattern");
    if !matches!(a.str(i + 1), "name" | "name-lf") {
        return Err(fail(a, i, unnamed()));
    }
    let (how, used) = method(a, i + 2)?;
    let mut next = i + 2 + used;
    if a.bytes(next).is_empty() {
        return Err(fail(a, i, unnamed()));
    }
    let name = str_match(cx, a, next, how, a.str(i + 1) == "name-lf", true)?;
    next += 1;
    let mut value = None;
    if matches!(a.str(next), "value" | "value-lf") {
        let formatted = a.str(next) == "value-lf";
        let (how, used) = method(a, next + 1)?;
        next += 1 + used;
        if a.str(next) == "-m" || a.bytes(next).is_empty() {
            return Err(fail(a, i, format!("'{word}' expect a pattern with the value keyword")));
        }
        value = Some(str_match(cx, a, next, how, formatted, false)?);
        next += 1;
    }
    Ok((HeaderPattern { name, value, full }, next - i))
}

fn str_match(cx: &mut Reader<'_>, a: &Args<'_>, i: usize, how: How, formatted: bool, icase: bool) -> Result<StrMatch, Diagnostic> {
    match how {
        How::Regex if formatted => Err(fail(a, i, "log-format strings cannot be matched as a regex")),
        How::Regex => Ok(StrMatch::Regex(regex(a, i, icase)?)),
        How::Text(method) if formatted => {
            let made = cx.check_format(a.bytes(i), a.at(i))?;
            Ok(StrMatch::Text(method, Text::Format(Arc::new(made))))
        }
        How::Text(method) => Ok(StrMatch::Text(method, Text::Fixed(a.bytes(i).into()))),
    }
}

fn method(a: &Args<'_>, i: usize) -> Result<(How, usize), Diagnostic> {
    if a.str(i) != "-m" {
        return Ok((How::Text(StrMethod::Exact), 0));
    }
    let how = match a.str(i + 1) {
        "str" => How::Text(StrMethod::Exact),
        "beg" => How::Text(StrMethod::Begins),
        "end" => How::Text(StrMethod::Ends),
        "sub" => How::Text(StrMethod::Contains),
        "reg" => How::Regex,
        _ => {
            let message = format!("'-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got '{}')", a.show(i + 1));
            return Err(fail(a, i, message));
        }
    };
    Ok((how, 2))
}

/// `200,300-399`
fn statuses(a: &Args<'_>, i: usize) -> Result<Vec<(u16, u16)>, Diagnostic> {
    let text = a.show(i);
    if let Some(c) = text.chars().find(|c| !(c.is_ascii_digit() || matches!(c, ',' | '-'))) {
        return Err(fail(a, i, format!("invalid character '{c}' in the list of status codes")));
    }
    let range = |part: &str| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        // A number that is not there is 0.
        let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
        let (low, high): (u16, u16) = (number(low)?, number(high)?);
        (low <= high).then_some((low, high))
    };
    text.split(',')
        .map(|part| range(part).ok_or_else(|| fail(a, i, format!("invalid range of status codes '{part}'"))))
        .collect()
}
