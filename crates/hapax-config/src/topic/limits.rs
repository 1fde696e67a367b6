//! How much a proxy takes on: `maxconn`, `fullconn`, `backlog`, `retries`, `http-reuse` and their kin.

use hapax_diag::Diagnostic;

use super::Topic;
use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::{Misplaced, Sections};
use crate::plan::{Persist, RetryOn};
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "limits",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("maxconn", Sections::FRONT)
        .usage("<number>")
        .doc("Most connections of this frontend's clients; others wait in the kernel's queue.")
        .ok(&["maxconn 2000"])
        .bad(&["maxconn", "maxconn 1 2"])
        .set(|cx, a| {
            cx.proxy().proxy.maxconn = count(a)?;
            Ok(())
        }),
    Row::new("backlog", Sections::FRONT)
        .usage("<number>")
        .doc("Connections the kernel may hold before they are accepted.")
        .ok(&["backlog 1024"])
        .bad(&["backlog", "backlog 1 2"])
        .set(|cx, a| {
            cx.proxy().proxy.backlog = Some(count(a)?);
            Ok(())
        }),
    Row::new("fullconn", Sections::BACK)
        .usage("<number>")
        .doc("Connections of the backend at which its servers may reach their `maxconn` (see `minconn`).")
        .ok(&["fullconn 1000"])
        .bad(&["fullconn", "fullconn 1 2"])
        .set(|cx, a| {
            cx.proxy().proxy.fullconn = count(a)?;
            Ok(())
        }),
    Row::new("retries", Sections::BACK)
        .usage("<number>")
        .doc("Attempts made after a failed connection to a server; 3 by default.")
        .ok(&["retries 3"])
        .bad(&["retries", "retries 3 4"])
        .set(|cx, a| {
            if a.is_empty() {
                return Err(a.missing("'retries' expects an integer argument (dispatch counts for one)."));
            }
            a.at_most(1)?;
            cx.proxy().proxy.retries = number(a, 0);
            Ok(())
        }),
    Row::new("retry-on", Sections::BACK)
        .misplaced(Misplaced::Refused)
        .usage("<event>...")
        .shape(Shape::Words(1, 64))
        .doc("Failures after which a request is sent again.")
        .ok(&["retry-on conn-failure empty-response 503", "retry-on all-retryable-errors"])
        .bad(&["retry-on", "retry-on sometimes", "retry-on 200"])
        .set(retry_on),
    Row::new("http-reuse", Sections::BACK)
        .usage("{ never | safe | aggressive | always }")
        .doc("When an idle connection to a server may carry another client's request; `safe` by default.")
        .ok(&["http-reuse always"])
        .bad(&["http-reuse", "http-reuse sometimes"])
        .set(|cx, a| {
            let names = ["never", "safe", "aggressive", "always"];
            let modes = [Persist::Never, Persist::Safe, Persist::Aggressive, Persist::Always];
            let found = names.iter().position(|n| *n == a.str(0));
            let i = found.ok_or_else(|| a.bad(0, "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'."))?;
            a.at_most(1)?;
            cx.proxy().proxy.reuse = modes[i];
            Ok(())
        }),
];

/// As C reads numbers; what is below 0 counts as 0.
pub(super) fn number(a: &Args<'_>, i: usize) -> u32 {
    crate::units::lax_u32(a.str(i))
}

fn count(a: &Args<'_>) -> Result<u32, Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("'{}' expects an integer argument.", a.name)));
    }
    a.at_most(1)?;
    Ok(number(a, 0))
}

static RETRY_WORDS: &[(&str, RetryOn)] = &[
    ("none", RetryOn::empty()),
    ("conn-failure", RetryOn::CONN_FAILURE),
    ("empty-response", RetryOn::EMPTY_RESPONSE),
    ("junk-response", RetryOn::JUNK_RESPONSE),
    ("response-timeout", RetryOn::RESPONSE_TIMEOUT),
    ("0rtt-rejected", RetryOn::EARLY_REJECTED),
];

fn retry_on(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut on = RetryOn::empty();
    for (i, w) in a.words.iter().enumerate() {
        let word = RETRY_WORDS.iter().find(|(name, _)| *name == w.str()).map(|(_, bits)| *bits);
        let status = || w.str().parse().ok().map(RetryOn::status).filter(|s| !s.is_empty());
        let all = || (w.str() == "all-retryable-errors").then(RetryOn::all_retryable);
        match word.or_else(status).or_else(all) {
            Some(bits) => on |= bits,
            None => return Err(a.bad(i, format!("'retry-on': unknown keyword '{}'", w.text()))),
        }
    }
    if a.str(0) == "none" && a.len() > 1 {
        return Err(a.bad(1, "'retry-on' 'none' keyword only usable alone"));
    }
    cx.proxy().proxy.retry_on = on;
    Ok(())
}

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_front() {
        to.proxy.maxconn = from.proxy.maxconn;
        to.proxy.backlog = from.proxy.backlog;
    }
    if to.is_back() {
        to.proxy.fullconn = from.proxy.fullconn;
        to.proxy.retries = from.proxy.retries;
        to.proxy.retry_on = from.proxy.retry_on;
        to.proxy.reuse = from.proxy.reuse;
    }
}
