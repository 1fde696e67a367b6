//! Words of `global` that are given once: what HAProxy says of a second line, which it passes over more often than it refuses it.

use hapax_diag::{Diagnostic, Severity, Standing};

use crate::args::Args;
use crate::codes;
use crate::reader::Reader;

/// What becomes of a second line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Told as a mistake, and yet it is none.
    Loudly,
    /// The same, but for a warning since 3.1.
    Warned,
    Ignored,
    Refused(&'static str),
}

use Again::{Ignored, Loudly, Refused, Warned};

const CONFIGURED: Again = Refused("is already configured.");

/// The words, and what is told in place of the quoted word where several share a value.
const ONCE: &[(&str, Option<&str>, Again)] = &[
    ("chroot", None, Warned),
    ("cluster-secret", None, Loudly),
    ("fd-hard-limit", None, Loudly),
    ("gid", Some("group/gid"), Loudly),
    ("group", Some("gid/group was"), Loudly),
    ("maxconn", None, Loudly),
    ("maxconnrate", None, Loudly),
    ("maxpipes", None, Loudly),
    ("maxsessrate", None, Loudly),
    ("maxsslrate", None, Loudly),
    ("pidfile", None, Warned),
    ("server-state-base", None, Loudly),
    ("server-state-file", None, Loudly),
    ("shm-stats-file", None, Refused("already specified.")),
    ("shm-stats-file-max-objects", None, Refused("already specified.")),
    ("spread-checks", Some("spread-checks"), Loudly),
    ("tune.maxaccept", None, Warned),
    ("tune.maxpollevents", None, Warned),
    ("tune.notsent-lowat.client", None, Warned),
    ("tune.notsent-lowat.server", None, Warned),
    ("tune.rcvbuf.backend", None, Ignored),
    ("tune.rcvbuf.client", None, Warned),
    ("tune.rcvbuf.frontend", None, Ignored),
    ("tune.rcvbuf.server", None, Warned),
    ("tune.runqueue-depth", None, Warned),
    ("tune.sndbuf.backend", None, Ignored),
    ("tune.sndbuf.client", None, Warned),
    ("tune.sndbuf.frontend", None, Ignored),
    ("tune.sndbuf.server", None, Warned),
    ("tune.ssl.capture-buffer-size", None, CONFIGURED),
    ("tune.ssl.capture-cipherlist-size", None, CONFIGURED),
    ("uid", Some("user/uid"), Loudly),
    ("ulimit-n", None, Loudly),
    ("user", Some("user/uid"), Loudly),
];

/// Words whose values are one.
fn key(name: &'static str) -> &'static str {
    match name {
        "user" => "uid",
        "group" => "gid",
        "tune.ssl.capture-cipherlist-size" => "tune.ssl.capture-buffer-size",
        other => other,
    }
}

/// Whether the line gives a value of `global` that an earlier line gave: then it is not to be read, and that is told.
pub(super) fn given_again(cx: &mut Reader<'_>, name: &'static str, a: &Args<'_>) -> Result<bool, Diagnostic> {
    let Some((_, shown, again)) = ONCE.iter().find(|(word, ..)| *word == name) else {
        return Ok(false);
    };
    if a.is_empty() {
        return Ok(false);
    }
    let key = key(name);
    let Some((_, first)) = cx.given_once.iter().find(|(k, _)| *k == key) else {
        return Ok(false);
    };
    let what = shown.map_or_else(|| format!("'{name}'"), str::to_owned);
    let old = cx.opts.for_version.is_some_and(|v| v < (3, 1));
    let message = match again {
        Refused(why) => format!("{what} {why}"),
        Ignored => format!("ignoring {what} which was already specified."),
        Warned if name == "chroot" && !old => format!("{what} is already specified. Continuing."),
        _ => format!("{what} already specified. Continuing."),
    };
    let mut d = Diagnostic::warning(&codes::DUPLICATE, message)
        .at(a.span)
        .related(*first, "it was given here, and that counts");
    if *again == Loudly || *again == Warned && old {
        d.standing = Standing::Grave;
    }
    if matches!(again, Refused(_)) {
        d.severity = Severity::Alert;
        return Err(d);
    }
    cx.diags.push(d);
    Ok(true)
}

/// Keeps in mind that the line gave its value, which was taken.
pub(super) fn given(cx: &mut Reader<'_>, name: &'static str, a: &Args<'_>) {
    let key = key(name);
    // No value and the value nought are the same to most of them.
    let nought = a.str(0) == "0" && !matches!(key, "uid" | "gid");
    if !nought && ONCE.iter().any(|(word, ..)| *word == name) {
        cx.given_once.push((key, a.line));
    }
}
