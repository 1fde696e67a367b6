//! What is sent for an error status: `errorfile`, `errorloc`, `errorfiles`, `http-error`, and `http-errors` sections (manual, 4.2
//! and 12.4).

use std::sync::Arc;

use hapax_diag::{Diagnostic, Lead, Span};
use hapax_rules::errors::{Message, Pages, is_error_status};
use hapax_rules::reply::parse_errorfile;
use hapax_rules::{ParseAction, ReplySpec, RuleSets, place};

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::reader::Reader;

pub(super) static TOPIC: Topic = Topic {
    name: "errors",
    rows: ROWS,
    inherit,
};

/// A line of a proxy about error messages. They are applied in their order once every section is known: a later one wins.
#[derive(Clone, Debug)]
pub enum PendingErrors {
    One(u16, Message),
    /// `errorfiles`: a section whose messages are taken over.
    Section {
        name: Arc<str>,
        /// The statuses taken; empty: all.
        statuses: Vec<u16>,
        span: Span,
    },
}

static ROWS: &[Row] = &[
    Row::new("errorfile", Sections::PROXY.union(Sections::HTTP_ERRORS))
        .usage("<status> <file>")
        .doc("Sends the file, a whole HTTP response, for the status.")
        .ok(&["errorfile 503 sorry.http"])
        .bad(&["errorfile", "errorfile 503", "errorfile 299 x.http", "errorfile 503 a b"])
        .set(errorfile),
    Row::new("errorloc", Sections::PROXY)
        .usage("<status> <url>")
        .doc("Redirects to the address with status 302 instead of sending the status.")
        .ok(&["errorloc 503 http://sorry.example/"])
        .bad(&["errorloc", "errorloc 503", "errorloc 299 /"])
        .set(|cx, a| errorloc(cx, a, "302 Found")),
    Row::new("errorloc302", Sections::PROXY)
        .usage("<status> <url>")
        .doc("Redirects to the address with status 302 instead of sending the status.")
        .ok(&["errorloc302 503 http://sorry.example/"])
        .bad(&["errorloc302 503"])
        .set(|cx, a| errorloc(cx, a, "302 Found")),
    Row::new("errorloc303", Sections::PROXY)
        .usage("<status> <url>")
        .doc(
            "Redirects to the address with status 303, which makes a GET of any method, instead of sending \
the status.",
        )
        .ok(&["errorloc303 503 http://sorry.example/"])
        .bad(&["errorloc303 503"])
        .set(|cx, a| errorloc(cx, a, "303 See Other")),
    Row::new("errorfiles", Sections::PROXY)
        .usage("<section> [<status>...]")
        .doc("Takes messages over from an `http-errors` section: all of them, or those of the statuses given.")
        .ok(&["errorfiles site", "errorfiles site 403 503"])
        .bad(&["errorfiles", "errorfiles site 299"])
        .set(errorfiles),
    Row::new("http-error", Sections::PROXY)
        .usage(
            "status <status> [content-type <type>] [{ errorfile <file> | file <file> | string <text> | \
lf-string <format> | ... }] [hdr <name> <format>]*",
        )
        .doc("Describes the response sent for a status in the words of `http-request return`.")
        .ok(&["http-error status 503 content-type text/plain string sorry"])
        .bad(&[
            "http-error",
            "http-error content-type text/plain",
            "http-error status 299 string x",
            "http-error status 503 loudly",
        ])
        .set(http_error),
];

fn fail(a: &Args<'_>, i: usize, message: impl std::fmt::Display) -> Diagnostic {
    a.bad(i, format!("{} : {message}", a.name))
}

/// The status in the first word; messages exist for some only.
fn status(a: &Args<'_>, i: usize) -> Result<u16, Diagnostic> {
    let shown = a.show(i);
    let status = shown.parse().unwrap_or(0);
    if is_error_status(status) {
        return Ok(status);
    }
    Err(fail(a, i, format!("status code '{shown}' not handled.")))
}

/// Two words, the second of this kind.
fn pair(a: &Args<'_>, kind: &str) -> Result<(), Diagnostic> {
    if a.len() < 2 || a.bytes(0).is_empty() || a.bytes(1).is_empty() {
        return Err(a.missing(format!("{} : expects <status_code> and <{kind}> as arguments.", a.name)));
    }
    if a.len() > 2 {
        return Err(fail(a, 2, "expects exactly two arguments."));
    }
    Ok(())
}

fn set(cx: &mut Reader<'_>, status: u16, message: Message) {
    if cx.section().is_some_and(|s| s.bit == Sections::HTTP_ERRORS) {
        let name = cx.section_name();
        let i = section_index(cx, &name);
        cx.error_sections[i].1.set(status, message);
    } else {
        let pending = &mut cx.proxy().pending_errors;
        // The last one counts; there may be very many, handed from one `defaults` to the next.
        pending.retain(|p| !matches!(p, PendingErrors::One(other, _) if *other == status));
        pending.push(PendingErrors::One(status, message));
    }
}

fn section_index(cx: &mut Reader<'_>, name: &Arc<str>) -> usize {
    let known = cx.error_sections.iter().rposition(|(n, _)| n == name);
    known.unwrap_or_else(|| {
        cx.error_sections.push((name.clone(), Pages::default()));
        cx.error_sections.len() - 1
    })
}

fn errorfile(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    pair(a, "file")?;
    let status = status(a, 0)?;
    let name = a.show(1);
    let raw = cx.files.read(&name).map_err(|why| {
        let message = format!("{} : error opening file '{name}'.", a.name);
        Diagnostic::alert(&codes::MISSING_FILE, message).at(a.at(1)).help(why).missing()
    })?;
    let page = parse_errorfile(&raw).map_err(|why| fail(a, 1, format!("'{name}': {why}")))?;
    set(cx, status, Message::Page(Arc::new(page)));
    Ok(())
}

fn errorloc(cx: &mut Reader<'_>, a: &Args<'_>, line: &str) -> Result<(), Diagnostic> {
    pair(a, "url")?;
    let status = status(a, 0)?;
    let text = format!(
        "HTTP/1.1 {line}\r\nCache-Control: no-cache\r\nContent-length: 0\r\nLocation: {}\r\n\r\n",
        a.show(1)
    );
    let page = parse_errorfile(text.as_bytes()).map_err(|why| fail(a, 1, format!("invalid error message: {why}")))?;
    set(cx, status, Message::Page(Arc::new(page)));
    Ok(())
}

fn errorfiles(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.bytes(0).is_empty() {
        return Err(a.missing("errorfiles : expects <name> as argument."));
    }
    let statuses = (1..a.len()).map(|i| status(a, i)).collect::<Result<_, _>>()?;
    cx.proxy().pending_errors.push(PendingErrors::Section {
        name: a.arc_str(0),
        statuses,
        span: a.at(0),
    });
    Ok(())
}

fn http_error(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.str(0) != "status" {
        return Err(a.missing("http-error : expects at least a <status> as arguments."));
    }
    let words = a.tokens(0);
    let mut site = cx.proxy().site.clone();
    let side = site.side;
    let mut p = ParseAction {
        name: words[0],
        words: &words,
        pos: 0,
        ruleset: RuleSets::HTTP_RES,
        place: place(RuleSets::HTTP_REQ, side) | place(RuleSets::HTTP_RES, side),
        site: &mut site,
        cx: &mut cx.compile(),
    };
    let spec = ReplySpec::parse(&mut p, 200).map_err(|d| Diagnostic {
        message: format!("http-error : {}", d.message),
        ..d
    })?;
    let used = p.pos;
    if !is_error_status(spec.status) {
        return Err(a.bad(1, format!("http-error: status code '{}' not handled.", spec.status)));
    }
    if used < a.len() {
        return Err(fail(a, used, format!("unknown keyword '{}'.", a.show(used))));
    }
    let status = spec.status;
    set(cx, status, Message::Spec(Arc::new(spec)));
    Ok(())
}

fn inherit(to: &mut Draft, from: &Draft) {
    to.pending_errors.clone_from(&from.pending_errors);
}

/// Hands the messages of `http-errors` sections over to the proxies that ask for them. Called after the last line.
pub(crate) fn resolve(cx: &mut Reader<'_>) {
    let named: Vec<Arc<str>> = cx
        .started
        .iter()
        .filter(|s| s.row.bit == Sections::HTTP_ERRORS)
        .map(|s| s.name.clone())
        .collect();
    for name in named {
        section_index(cx, &name);
    }
    for draft in &mut cx.proxies {
        for pending in std::mem::take(&mut draft.pending_errors) {
            let errors = Arc::make_mut(&mut draft.proxy.errors);
            let (name, statuses, span) = match pending {
                PendingErrors::One(status, message) => {
                    errors.set(status, message);
                    continue;
                }
                PendingErrors::Section { name, statuses, span } => (name, statuses, span),
            };
            let Some((_, pages)) = cx.error_sections.iter().find(|(n, _)| *n == name) else {
                let message = format!(
                    "proxy '{}': unknown http-errors section '{name}' (at {}:{}).",
                    draft.proxy.name, cx.file_names[span.file.0 as usize], span.line
                );
                cx.diags
                    .push(Diagnostic::alert(&codes::UNKNOWN_PROXY, message).at(span).lead(Lead::Bare));
                continue;
            };
            for status in hapax_rules::errors::statuses() {
                let taken = statuses.is_empty() || statuses.contains(&status);
                if let Some(message) = pages.own(status).filter(|_| taken) {
                    errors.set(status, message.clone());
                }
            }
        }
    }
}
