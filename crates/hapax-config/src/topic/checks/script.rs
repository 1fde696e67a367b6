//! The words of `http-check` and `tcp-check` lines.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::logformat::LogFormat;

use super::request;
use crate::args::Args;
use crate::codes;
use crate::reader::Reader;

fn fail(a: &Args<'_>, i: usize, message: impl std::fmt::Display) -> Diagnostic {
    a.bad(i, format!("'{}' : {message}.", a.name))
}

/// The word after word `i`, which needs one.
fn value<'w>(a: &Args<'w>, i: usize) -> Result<&'w [u8], Diagnostic> {
    if a.bytes(i + 1).is_empty() {
        return Err(fail(a, i, format!("'{}' expects a string as argument", a.show(i))));
    }
    Ok(a.bytes(i + 1))
}

/// A log-format string. What depends on anything is not sent: the text as written is.
fn format(cx: &mut Reader<'_>, a: &Args<'_>, i: usize) -> Result<(), Diagnostic> {
    LogFormat::compile_text(a.bytes(i), a.at(i), &mut cx.compile())?;
    if a.bytes(i).contains(&b'%') {
        let message = format!("'{}' is acted on in part: the format is sent as it is written", a.name);
        cx.diags.push(Diagnostic::warning(&codes::NOT_YET, message).at(a.at(i)));
    }
    Ok(())
}

pub(super) fn http_send(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let (mut headers, mut i) = (Vec::new(), 0);
    // Each line describes the whole of the request's headers and body.
    request(cx).body = Arc::default();
    while i < a.len() {
        let word = a.str(i);
        match word {
            "meth" => request(cx).method = value(a, i)?.into(),
            "ver" => request(cx).version = value(a, i)?.into(),
            "uri" | "uri-lf" => {
                let uri = value(a, i)?;
                if word == "uri-lf" {
                    format(cx, a, i + 1)?;
                }
                request(cx).uri = uri.into();
            }
            "body" | "body-lf" => {
                let body = value(a, i)?;
                if word == "body-lf" {
                    format(cx, a, i + 1)?;
                }
                request(cx).body = body.into();
            }
            "comment" => {
                value(a, i)?;
            }
            "hdr" => {
                if a.bytes(i + 1).is_empty() || a.bytes(i + 2).is_empty() {
                    return Err(fail(a, i, "'hdr' expects <name> and <value> as arguments"));
                }
                format(cx, a, i + 2)?;
                let name = a.bytes(i + 1).to_ascii_lowercase();
                if !matches!(&name[..], b"connection" | b"content-length" | b"transfer-encoding") {
                    headers.push((name.into(), a.arc_bytes(i + 2)));
                }
                i += 1;
            }
            _ => {
                let words = "'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf'";
                return Err(fail(a, i, format!("expects {words} but got '{word}' as argument")));
            }
        }
        i += 2;
    }
    request(cx).headers = headers;
    Ok(())
}

/// What an expectation looks for, and how it is negated.
struct Pattern {
    word: &'static str,
    at: usize,
    negated: bool,
}

pub(super) fn http_expect(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    const WORDS: &[&str] = &["string", "rstring", "string-lf", "status", "rstatus", "hdr", "fhdr"];
    let pattern = expect(cx, a, 0, WORDS)?;
    if pattern.word == "status" {
        let ranges = statuses(a, pattern.at)?;
        let request = request(cx);
        request.expect = ranges;
        request.expect_not = pattern.negated;
    }
    Ok(())
}

/// Reads an expectation from word `i` on.
fn expect(cx: &mut Reader<'_>, a: &Args<'_>, mut i: usize, words: &'static [&'static str]) -> Result<Pattern, Diagnostic> {
    let mut found: Option<Pattern> = None;
    let mut negated = false;
    while i < a.len() {
        let word = a.str(i);
        if word == "!" {
            negated = true;
            i += 1;
            continue;
        }
        if let Some(known) = words.iter().find(|w| **w == word) {
            if found.is_some() {
                return Err(fail(a, i, "only one pattern expected"));
            }
            let used = if matches!(word, "hdr" | "fhdr") {
                header(a, i)?
            } else {
                pattern_of(a, i)?;
                2
            };
            found = Some(Pattern {
                word: known,
                at: i + 1,
                negated,
            });
            i += used;
            continue;
        }
        i += option(cx, a, i, negated)?.ok_or_else(|| {
            let known = crate::shape::list(words);
            fail(
                a,
                i,
                format!("only supports min-recv, comment, on-success, on-error, status words, {known}, got '{word}'"),
            )
        })?;
    }
    found.ok_or_else(|| a.missing(format!("'{}' : expects at least a matching pattern as arguments.", a.name)))
}

/// What a status word may be.
fn outcomes(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "ok-status" => &["L7OK", "L7OKC", "L6OK", "L4OK"],
        "error-status" => &["L7OKC", "L7RSP", "L7STS", "L6RSP", "L4CON"],
        "tout-status" => &["L7TOUT", "L6TOUT", "L4TOUT"],
        _ => return None,
    })
}

/// An option of an expectation: how many words it took, or `None` where it is none.
fn option(cx: &mut Reader<'_>, a: &Args<'_>, i: usize, negated: bool) -> Result<Option<usize>, Diagnostic> {
    let word = a.str(i);
    let known = matches!(word, "min-recv" | "comment" | "on-success" | "on-error" | "status-code" | "custom");
    if !known && outcomes(word).is_none() {
        return Ok(None);
    }
    if negated {
        return Err(fail(a, i, format!("[!] not supported with '{word}'")));
    }
    if word == "custom" {
        return Ok(Some(1));
    }
    let text = value(a, i)?;
    match word {
        "min-recv" if !a.str(i + 1).parse::<i32>().is_ok_and(|n| n >= -1) => {
            return Err(fail(a, i + 1, "'min-recv' expects -1 or an integer from 0 to INT_MAX"));
        }
        "on-success" | "on-error" => {
            LogFormat::compile_text(text, a.at(i + 1), &mut cx.compile())?;
        }
        "status-code" => {
            let (_, next) = cx.expr(a, i + 1)?;
            return Ok(Some(next - i));
        }
        _ => {}
    }
    if let Some(outcomes) = outcomes(word).filter(|o| !o.contains(&a.str(i + 1))) {
        let list = crate::shape::list(outcomes);
        return Err(fail(
            a,
            i + 1,
            format!("'{word}' only supports {list} status (got '{}')", a.show(i + 1)),
        ));
    }
    Ok(Some(2))
}

fn pattern_of(a: &Args<'_>, i: usize) -> Result<(), Diagnostic> {
    let text = a.bytes(i + 1);
    let word = a.str(i);
    if text.is_empty() {
        return Err(fail(a, i, format!("'{word}' expects a <pattern> as argument")));
    }
    if word == "binary" && !is_hex(text) {
        return Err(fail(a, i + 1, "invalid binary string"));
    }
    if matches!(word, "rstring" | "rstatus" | "rbinary") {
        hapax_sample::regexp::Regexp::new(text, false).map_err(|e| fail(a, i + 1, format!("regex '{}' is invalid: {e}", a.show(i + 1))))?;
    }
    Ok(())
}

fn is_hex(text: &[u8]) -> bool {
    text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit)
}

/// `hdr name [-m <how>] <name> [value [-m <how>] <value>]`: how many words it took.
fn header(a: &Args<'_>, i: usize) -> Result<usize, Diagnostic> {
    let word = a.str(i);
    if !matches!(a.str(i + 1), "name" | "name-lf") {
        let message = format!("'{word}' expects at the name keyword as first argument followed by a pattern");
        return Err(fail(a, i, message));
    }
    let mut next = i + 2 + method(a, i + 2)?;
    if a.bytes(next).is_empty() {
        return Err(fail(
            a,
            i,
            format!("'{word}' expects at the name keyword as first argument followed by a pattern"),
        ));
    }
    next += 1;
    if matches!(a.str(next), "value" | "value-lf") {
        next += 1;
        next += method(a, next)?;
        if a.str(next) == "-m" || a.bytes(next).is_empty() {
            return Err(fail(a, i, format!("'{word}' expect a pattern with the value keyword")));
        }
        while a.str(next) == "full" {
            next += 1;
        }
        next += 1;
    }
    Ok(next - i)
}

fn method(a: &Args<'_>, i: usize) -> Result<usize, Diagnostic> {
    if a.str(i) != "-m" {
        return Ok(0);
    }
    if matches!(a.str(i + 1), "str" | "beg" | "end" | "sub" | "reg") {
        return Ok(2);
    }
    let message = format!("'-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got '{}')", a.show(i + 1));
    Err(fail(a, i, message))
}

/// `200,300-399`
fn statuses(a: &Args<'_>, i: usize) -> Result<Vec<(u16, u16)>, Diagnostic> {
    let text = a.show(i);
    if let Some(c) = text.chars().find(|c| !(c.is_ascii_digit() || matches!(c, ',' | '-'))) {
        return Err(fail(a, i, format!("invalid character '{c}' in the list of status codes")));
    }
    let range = |part: &str| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high) = (low.parse().ok()?, high.parse().ok()?);
        (low <= high).then_some((low, high))
    };
    text.split(',')
        .map(|part| range(part).ok_or_else(|| fail(a, i, format!("invalid range of status codes '{part}'"))))
        .collect()
}

pub(super) fn http_step(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    const WORDS: &str = "'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect'";
    step(cx, a, WORDS)
}

pub(super) fn tcp_step(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    const WORDS: &str = "'comment', 'connect', 'send', 'send-binary', 'expect'";
    const PATTERNS: &[&str] = &["string", "rstring", "string-lf", "binary", "rbinary", "binary-lf"];
    match a.str(0) {
        "send" | "send-lf" | "send-binary" | "send-binary-lf" => {
            let data = value(a, 0)?;
            if a.str(0) == "send-binary" && !is_hex(data) {
                return Err(fail(a, 1, format!("'{}' invalid binary string", a.show(1))));
            }
            if a.str(0).ends_with("-lf") {
                LogFormat::compile_text(data, a.at(1), &mut cx.compile())?;
            }
            match a.str(2) {
                "" => Ok(()),
                "comment" => value(a, 2).map(drop),
                other => Err(fail(a, 2, format!("expects 'comment' but got '{other}' as argument"))),
            }
        }
        "expect" => expect(cx, a, 1, PATTERNS).map(drop),
        _ => step(cx, a, WORDS),
    }
}

/// The steps that both kinds of checks have.
fn step(cx: &mut Reader<'_>, a: &Args<'_>, words: &str) -> Result<(), Diagnostic> {
    match a.str(0) {
        "connect" => connect(cx, a),
        "comment" => value(a, 0).map(drop),
        word if word.starts_with("set-var(") || word.starts_with("set-var-fmt(") => {
            if word.starts_with("set-var(") {
                cx.expr(a, 1).map(drop)
            } else {
                value(a, 0).map(drop)
            }
        }
        word if word.starts_with("unset-var(") => a.at_most(1),
        other => Err(a.bad(
            0,
            format!(
                "'{}' only supports {words}, 'set-var', 'set-var-fmt' or 'unset-var' (got '{other}').",
                a.name
            ),
        )),
    }
}

fn connect(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut i = 1;
    while i < a.len() {
        i += match a.str(i) {
            "default" | "send-proxy" | "via-socks4" | "ssl" | "linger" => 1,
            "addr" | "proto" | "comment" | "sni" | "alpn" => {
                value(a, i)?;
                2
            }
            "port" => {
                let port = std::str::from_utf8(value(a, i)?).unwrap_or("");
                if port.bytes().all(|b| b.is_ascii_digit()) {
                    if !port.parse::<u16>().is_ok_and(|p| p > 0) {
                        let message = format!("expects a valid TCP port (from range 1 to 65535) or a sample expression, got {port}");
                        return Err(fail(a, i + 1, message));
                    }
                    2
                } else {
                    cx.expr(a, i + 1)?.1 - i
                }
            }
            other => {
                let words = "'comment', 'port', 'addr', 'send-proxy', 'via-socks4', 'ssl', 'sni', 'alpn', 'linger' or 'default'";
                return Err(fail(a, i, format!("expects {words} but got '{other}' as argument")));
            }
        };
    }
    Ok(())
}
