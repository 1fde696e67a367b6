//! How much a proxy takes on: `maxconn`, `fullconn`, `backlog`, `retries`, `http-reuse` and their kin.

use hapax_diag::Diagnostic;

use super::Topic;
use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::{Misplaced, Sections};
use crate::plan::Persist;
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
        .bad(&["retries"])
        .set(|cx, a| {
            if a.is_empty() {
                return Err(a.missing("'retries' expects an integer argument (dispatch counts for one)."));
            }
            cx.proxy().proxy.retries = number(a, 0);
            Ok(())
        }),
    Row::new("retry-on", Sections::BACK)
        .misplaced(Misplaced::Refused)
        .usage("<event>...")
        .shape(Shape::Words(1, 64))
        .doc("Failures after which a request is sent again.")
        .partial("only failed connections are retried")
        .ok(&["retry-on conn-failure empty-response 503", "retry-on all-retryable-errors"])
        .bad(&["retry-on", "retry-on sometimes", "retry-on 200"])
        .set(|_, a| check_retry_on(a)),
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

/// As C reads numbers: digits as far as they go, 0 where there are none.
pub(super) fn number(a: &Args<'_>, i: usize) -> u32 {
    let digits: String = a.str(i).chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

fn count(a: &Args<'_>) -> Result<u32, Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("'{}' expects an integer argument.", a.name)));
    }
    a.at_most(1)?;
    Ok(number(a, 0))
}

static RETRY_WORDS: &[&str] = &[
    "none",
    "conn-failure",
    "empty-response",
    "junk-response",
    "response-timeout",
    "0rtt-rejected",
    "all-retryable-errors",
];

static RETRY_STATUSES: &[&str] = &["401", "403", "404", "408", "421", "425", "429", "500", "501", "502", "503", "504"];

fn check_retry_on(a: &Args<'_>) -> Result<(), Diagnostic> {
    for (i, w) in a.words.iter().enumerate() {
        if !RETRY_WORDS.contains(&w.str()) && !RETRY_STATUSES.contains(&w.str()) {
            return Err(a.bad(i, format!("'retry-on': unknown keyword '{}'", w.text())));
        }
    }
    if a.str(0) == "none" && a.len() > 1 {
        return Err(a.bad(1, "'retry-on' 'none' keyword only usable alone"));
    }
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
        to.proxy.reuse = from.proxy.reuse;
    }
}
