//! What an answer means for an expectation: a function of what has come, without a socket.

use hapax_balance::CheckStatus;
use hapax_config::plan::{Expect, HeaderPattern, Pattern, StrMatch, StrMethod, Text};
use hapax_proto::checks::Reply;
use hapax_proto::http::Head;
use hapax_sample::Env;
use hapax_sample::logformat::LogFormat;

use super::answer::Answer;
use super::request;

/// What has come, and what formats may look at.
pub(super) struct Seen<'a> {
    /// Everything since the last step that sent something.
    pub bytes: &'a [u8],
    pub closed: bool,
    /// Of HTTP checks.
    pub answer: Option<&'a Answer>,
    pub env: &'a Env<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// More must come.
    More,
    Pass {
        code: Option<u16>,
        info: Option<String>,
    },
    Fail {
        status: CheckStatus,
        code: Option<u16>,
        /// `None`: the words of the pattern.
        info: Option<String>,
    },
    /// The connection ended before it said anything.
    Empty,
}

/// Whether a pattern was found in what has come.
enum Found {
    Yes,
    No,
    /// Too little to tell.
    TooShort,
}

impl From<bool> for Found {
    fn from(found: bool) -> Self {
        if found { Self::Yes } else { Self::No }
    }
}

pub(super) fn judge(e: &Expect, seen: &Seen<'_>) -> Judgement {
    if let Pattern::Reply(read) = e.pattern {
        return reply(e, read(seen.bytes, seen.closed), seen);
    }
    if let Some(answer) = seen.answer {
        return http(e, answer, seen);
    }
    if (seen.closed || !seen.bytes.is_empty())
        && let Some(words) = unusable(&e.pattern, seen.env)
    {
        return useless(words);
    }
    if seen.bytes.is_empty() && seen.closed {
        // What must not come did not, and who has words for a failure has them for this one.
        if e.negated || e.on_error.is_some() {
            return conclude(e, false, CheckStatus::L7Rsp, seen);
        }
        return Judgement::Empty;
    }
    let have = seen.bytes.len();
    if !seen.closed && (have == 0 || e.min_recv.is_some_and(|n| have < n)) {
        return Judgement::More;
    }
    match raw(&e.pattern, seen) {
        Found::TooShort | Found::No if !seen.closed && e.min_recv.is_none() => Judgement::More,
        Found::TooShort if !seen.closed => Judgement::More,
        found => conclude(e, matches!(found, Found::Yes), CheckStatus::L7Rsp, seen),
    }
}

fn useless(words: &str) -> Judgement {
    Judgement::Fail {
        status: CheckStatus::L7Rsp,
        code: None,
        info: Some(words.to_owned()),
    }
}

/// Why nothing can be looked for: a format that makes no text, or no hexadecimal digits.
fn unusable(pattern: &Pattern, env: &Env<'_>) -> Option<&'static str> {
    const EMPTY: &str = "log-format string evaluated to an empty string";
    const NO_DIGITS: &str = "Failed to parse hexastring resulting of eval of a log-format string";
    let empty = |m: &StrMatch| matches!(m, StrMatch::Text(_, text @ Text::Format(_)) if request::text(text, env).is_empty());
    match pattern {
        Pattern::Format(f) | Pattern::BodyFormat(f) => written(f, env).is_empty().then_some(EMPTY),
        Pattern::BinaryFormat(f) => match written(f, env) {
            text if text.is_empty() => Some(EMPTY),
            text => unhex(&text).is_none().then_some(NO_DIGITS),
        },
        Pattern::Header(h) => (empty(&h.name) || h.value.as_ref().is_some_and(empty)).then_some(EMPTY),
        _ => None,
    }
}

fn reply(e: &Expect, reply: Reply, seen: &Seen<'_>) -> Judgement {
    match reply {
        Reply::More if !seen.closed => Judgement::More,
        Reply::More if seen.bytes.is_empty() => Judgement::Empty,
        Reply::More => Judgement::Fail {
            status: CheckStatus::L7Rsp,
            code: None,
            info: Some(String::new()),
        },
        Reply::Good(code, info) => Judgement::Pass {
            code: (code > 0).then_some(code),
            info,
        },
        Reply::Invalid(info) => Judgement::Fail {
            status: e.error.unwrap_or(CheckStatus::L7Rsp),
            code: None,
            info: Some(info.unwrap_or_default()),
        },
        Reply::Refused(code, info) => Judgement::Fail {
            status: e.error.unwrap_or(CheckStatus::L7Status),
            code: Some(code),
            info: Some(info.unwrap_or_default()),
        },
    }
}

fn raw(pattern: &Pattern, seen: &Seen<'_>) -> Found {
    let has = |needle: &[u8]| {
        if seen.bytes.len() < needle.len() {
            Found::TooShort
        } else {
            contains(seen.bytes, needle).into()
        }
    };
    match pattern {
        Pattern::String(text) | Pattern::Binary(text) => has(text),
        Pattern::Regex(r) => r.is_match(seen.bytes).into(),
        Pattern::BinaryRegex(r) => r.is_match(hex(seen.bytes).as_bytes()).into(),
        Pattern::Format(f) => has(&written(f, seen.env)),
        Pattern::BinaryFormat(f) => unhex(&written(f, seen.env)).map_or(Found::No, |b| has(&b)),
        Pattern::Anything => Found::Yes,
        _ => Found::No,
    }
}

fn http(e: &Expect, answer: &Answer, seen: &Seen<'_>) -> Judgement {
    let Some(head) = answer.head.as_deref() else {
        if answer.bad || seen.closed {
            // No answer at all: the connection is at fault.
            return Judgement::Fail {
                status: CheckStatus::SockErr,
                code: None,
                info: Some(String::new()),
            };
        }
        return Judgement::More;
    };
    if answer.bad {
        return Judgement::Fail {
            status: CheckStatus::L7Rsp,
            code: None,
            info: said(e.on_error.as_ref(), seen.env),
        };
    }
    if let Some(words) = unusable(&e.pattern, seen.env) {
        return useless(words);
    }
    let status = head.status;
    let found = match &e.pattern {
        Pattern::Status(ranges) => ranges.iter().any(|(low, high)| (*low..=*high).contains(&status)),
        Pattern::StatusRegex(r) => r.is_match(status.to_string().as_bytes()),
        Pattern::Header(h) => header(h, head, seen.env),
        pattern => {
            let found = body(pattern, &answer.body, seen.env);
            let all = answer.complete || seen.closed;
            let enough = e.min_recv.is_some_and(|n| answer.body.len() >= n);
            if !all && !enough && (!found || e.min_recv.is_some()) {
                return Judgement::More;
            }
            // Where nothing came, not even the absence of something can be told.
            let found = if answer.body.is_empty() { e.negated } else { found };
            return conclude(e, found, CheckStatus::L7Rsp, seen);
        }
    };
    conclude(e, found, CheckStatus::L7Status, seen)
}

fn body(pattern: &Pattern, bytes: &[u8], env: &Env<'_>) -> bool {
    match pattern {
        Pattern::Body(text) => contains(bytes, text),
        Pattern::BodyRegex(r) => r.is_match(bytes),
        Pattern::BodyFormat(f) => contains(bytes, &written(f, env)),
        _ => false,
    }
}

fn header(h: &HeaderPattern, head: &Head, env: &Env<'_>) -> bool {
    let whole = |value: &[u8]| h.value.as_ref().is_none_or(|m| matches(m, value, false, env));
    head.iter().filter(|(name, _)| matches(&h.name, name, true, env)).any(|(_, value)| {
        if h.full || h.value.is_none() {
            return whole(value);
        }
        value.split(|b| *b == b',').any(|part| whole(part.trim_ascii()))
    })
}

fn matches(m: &StrMatch, have: &[u8], icase: bool, env: &Env<'_>) -> bool {
    let (method, want) = match m {
        StrMatch::Regex(r) => return r.is_match(have),
        StrMatch::Text(method, text) => (method, request::text(text, env)),
    };
    // No text at all is found nowhere.
    if want.is_empty() {
        return false;
    }
    let (have, want) = if icase {
        (have.to_ascii_lowercase(), want.to_ascii_lowercase())
    } else {
        (have.to_vec(), want.into_owned())
    };
    match method {
        StrMethod::Exact => have == want,
        StrMethod::Begins => have.starts_with(&want),
        StrMethod::Ends => have.ends_with(&want),
        StrMethod::Contains => contains(&have, &want),
    }
}

fn conclude(e: &Expect, found: bool, status: CheckStatus, seen: &Seen<'_>) -> Judgement {
    let code = e.code.as_ref().and_then(|c| {
        let mut out = Vec::new();
        let made = c.eval_str(seen.env, &mut out);
        // What is no number counts as 0.
        let number = || std::str::from_utf8(&out).ok()?.trim().parse::<i64>().ok();
        made.then(|| number().unwrap_or(0) as u16)
    });
    if found != e.negated {
        return Judgement::Pass {
            code,
            info: said(e.on_success.as_ref(), seen.env),
        };
    }
    Judgement::Fail {
        status: e.error.unwrap_or(status),
        code,
        info: said(e.on_error.as_ref(), seen.env),
    }
}

/// What the failure of a pattern is told with, where the line gives no words of its own.
pub(super) fn tcp_words(e: &Expect, step: u32) -> String {
    let what = if e.negated {
        "matched unwanted content"
    } else {
        "did not match content"
    };
    format!("TCPCHK {what}{} at step {step}", pattern_words(&e.pattern))
}

/// A pattern as those words call it, with the blank before it that all but one of them have.
fn pattern_words(pattern: &Pattern) -> String {
    let fixed = match pattern {
        Pattern::String(text) | Pattern::Body(text) => return format!(" '{}'", String::from_utf8_lossy(text)),
        Pattern::Binary(_) => " (binary)",
        Pattern::Regex(_) | Pattern::BodyRegex(_) | Pattern::StatusRegex(_) => " (regex)",
        Pattern::BinaryRegex(_) => " (binary regex)",
        Pattern::Format(_) | Pattern::BodyFormat(_) => " (log-format string)",
        Pattern::BinaryFormat(_) => " (log-format binary)",
        Pattern::Status(_) => "(status codes)",
        Pattern::Header(_) => " (header pattern)",
        _ => " (custom function)",
    };
    fixed.to_owned()
}

/// The same for HTTP: the answer's reason where it is the head that is at fault.
pub(super) fn http_words(e: &Expect, answer: Option<&Answer>, step: u32) -> String {
    if answer.is_some_and(|a| a.bad) {
        // Never what was forbidden: there is no telling.
        return format!("TCPCHK did not match content{} at step {step}", pattern_words(&e.pattern));
    }
    match &e.pattern {
        Pattern::Body(_) | Pattern::BodyRegex(_) | Pattern::BodyFormat(_) => {
            let empty = answer.is_none_or(|a| a.body.is_empty());
            let fixed = match (empty, e.negated) {
                (true, _) => "HTTP content check could not find a response body",
                (false, true) => "HTTP check matched unwanted content",
                (false, false) => "HTTP content check did not match",
            };
            fixed.to_owned()
        }
        _ => match answer.and_then(|a| a.head.as_deref()).map(Head::reason) {
            Some(reason) if !reason.is_empty() => String::from_utf8_lossy(reason).into_owned(),
            _ => tcp_words(e, step),
        },
    }
}

/// What the pattern of a step is called where waiting for it took too long.
pub(super) fn pattern_name(pattern: &Pattern) -> String {
    match pattern {
        Pattern::String(text) => format!("expect string '{}'", String::from_utf8_lossy(text)),
        Pattern::Binary(bytes) => format!("expect binary '{}'", hex(bytes)),
        Pattern::Regex(_) => "expect regex".to_owned(),
        Pattern::BinaryRegex(_) => "expect binary regex".to_owned(),
        Pattern::Format(_) => "expect log-format string".to_owned(),
        Pattern::BinaryFormat(_) => "expect log-format binary".to_owned(),
        _ => "expect custom function".to_owned(),
    }
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(hay, needle).is_some()
}

/// The words that a line gives for how it ends.
fn said(words: Option<&LogFormat>, env: &Env<'_>) -> Option<String> {
    words.map(|f| String::from_utf8_lossy(&written(f, env)).into_owned())
}

fn written(f: &LogFormat, env: &Env<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    f.write(env, &mut out);
    out
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        let _ = write!(out, "{b:02X}");
    }
    out
}

/// Bytes of hexadecimal digits; `None`: they are none.
pub(super) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    text.chunks(2).map(|p| Some(digit(p[0])? << 4 | digit(*p.get(1)?)?)).collect()
}
