//! Where messages go and what the traffic log holds: `log`, `log-format` and their kin (manual, 4.2 and 8).

use std::sync::Arc;

use hapax_diag::Diagnostic;

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::{Draft, FormatText};
use crate::keyword::{Misplaced, Prefix, Sections};
use crate::plan::{LogKind, LogStep};
use crate::reader::{Current, Reader};
use crate::shape::Shape;

pub(super) mod target;

pub(super) static TOPIC: Topic = Topic {
    name: "logging",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("log", Sections::GLOBAL.union(Sections::PROXY))
        .usage("global | <target> [len <length>] [format <format>] [sample <ranges>:<size>] [profile <name>] <facility> [<level> [<minlevel>]]")
        .doc("Sends messages to a syslog server, a socket, a file descriptor, a ring (`ring@`), a stream (`tcp@`) or a log backend (`backend@`). `no log` forgets the targets of the defaults.")
        .negatable()
        .ok(&[
            "log 127.0.0.1:514 local0",
            "log /dev/log local0 notice",
            "log stdout format raw daemon debug",
            "log tcp@127.0.0.1:514 local0",
            "log 127.0.0.1 len 4096 format rfc5424 sample 1,3-4:5 local0 info err",
            "no log",
        ])
        .bad(&[
            "log",
            "log 127.0.0.1:514",
            "log 127.0.0.1:514 nowhere",
            "log 127.0.0.1:514 local0 loud",
            "log 127.0.0.1:514 len 20 local0",
            "log 127.0.0.1:514 format odd local0",
            "log 127.0.0.1:514 local0 info err more",
            "log 127.0.0.1:+5 local0",
        ])
        .set(log),
    Row::new("log-tag", Sections::GLOBAL.union(Sections::PROXY))
        .usage("<tag>")
        .shape(Shape::Any)
        .doc("Name of the program in messages; `haproxy` by default.")
        .ok(&["log-tag edge"])
        .bad(&["log-tag"])
        .set(log_tag),
    Row::new("log-steps", Sections::FRONT)
        .usage("{ all | <step>[,<step>...] }")
        .shape(Shape::OptWord("<steps>"))
        .lenient()
        .doc("Writes a line at each of these steps (accept, request, connect, response, close) instead of one at the end.")
        .since(3, 1)
        .ok(&["log-steps accept x", "log-steps", "log-steps accept,close", "log-steps all"])
        .bad(&["log-steps sometimes"])
        .set(log_steps),
    Row::new("log-send-hostname", Sections::GLOBAL)
        .usage("[<name>]")
        .shape(Shape::OptWord("<name>"))
        .lenient()
        .doc("Puts the host's name, or the one given, into the header of messages.")
        .ok(&["log-send-hostname a b", "log-send-hostname", "log-send-hostname edge-1"])
        .set(|cx, a| {
            let name = if a.is_empty() { cx.opts.hostname.as_str() } else { a.str(0) };
            cx.global.log_hostname = Some(Arc::from(name));
            Ok(())
        }),
    format_row("log-format")
        .doc("Format of the traffic log.")
        .ok(&["log-format %ci"])
        .bad(&["log-format", "log-format %ci %cp"])
        .set(|cx, a| {
            let text = format_text(a)?;
            let old = asked_format(cx.proxy());
            tell_override(cx, old, "log-format", a);
            let d = cx.proxy();
            d.proxy.log_kind = LogKind::Custom;
            d.formats.main = Some(text);
            d.formats.asked = Some(a.line);
            Ok(())
        }),
    format_row("log-format-sd")
        .doc("Structured data of RFC 5424 messages.")
        .ok(&["log-format-sd [x@1\\ a=\"%ci\"]"])
        .bad(&["log-format-sd"])
        .set(|cx, a| {
            cx.proxy().formats.sd = Some(format_text(a)?);
            Ok(())
        }),
    format_row("error-log-format")
        .doc("Format of the log of connections that fail before there is a request.")
        .ok(&["error-log-format %ci"])
        .bad(&["error-log-format"])
        .set(|cx, a| {
            cx.proxy().formats.error = Some(format_text(a)?);
            Ok(())
        }),
    Row::new("unique-id-format", Sections::PROXY)
        .usage("<format>")
        .shape(Shape::Any)
        .doc("Format of the identifier every request gets.")
        .ok(&["unique-id-format %ci:%cp"])
        .bad(&["unique-id-format", "unique-id-format a b"])
        .set(|cx, a| {
            cx.proxy().formats.unique_id = Some(format_text(a)?);
            Ok(())
        }),
    Row::new("unique-id-header", Sections::FRONT)
        .usage("<name>")
        .shape(Shape::Any)
        .doc("Header field that carries the request's identifier to the server.")
        .ok(&["unique-id-header x-request-id"])
        .bad(&["unique-id-header"])
        .set(|cx, a| {
            if a.is_empty() {
                return Err(a.missing(format!("{} expects an argument.", a.name)));
            }
            cx.proxy().proxy.unique_id_header = Some(a.arc_bytes(0));
            Ok(())
        }),
    option_log("option httplog")
        .usage("[clf]")
        .doc("Traffic log of HTTP requests.")
        .ok(&["option httplog", "option httplog clf"])
        .bad(&["option httplog json", "no option httplog"])
        .set(|cx, a| standard_format(cx, a, LogKind::Http)),
    option_log("option tcplog")
        .usage("[clf]")
        .doc("Traffic log of TCP connections.")
        .ok(&["option tcplog", "option tcplog clf"])
        .bad(&["option tcplog json"])
        .set(|cx, a| standard_format(cx, a, LogKind::Tcp)),
    option_log("option httpslog").shape(Shape::Nothing)
        .doc("Traffic log of HTTP requests with what the TLS handshake told.")
        .lenient()
        .ok(&["option httpslog", "option httpslog clf"])
        .set(|cx, a| {
            standard_format(cx, a, LogKind::Https)
        }),
];

const fn format_row(name: &'static str) -> Row {
    Row::new(name, Sections::FRONT)
        .usage("<format>")
        .shape(Shape::Any)
        .misplaced(Misplaced::InBackend)
}

const fn option_log(name: &'static str) -> Row {
    Row::new(name, Sections::FRONT).misplaced(Misplaced::InBackend)
}

/// `log` of any section.
pub(super) fn log(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let bad = |i: usize, what: String| a.bad(i, format!("log : {what}"));
    let global = cx.section().is_some_and(|s| s.bit == Sections::GLOBAL);
    if a.prefix == Prefix::No {
        if !a.is_empty() {
            return Err(bad(0, "'no log' does not expect arguments".to_owned()));
        }
        targets(cx, global).clear();
        return Ok(());
    }
    if a.str(0) == "global" && a.len() == 1 {
        if global {
            return Err(bad(0, "'global' is not supported for a global syslog server".to_owned()));
        }
        let all = cx.global.log.clone();
        targets(cx, false).extend(all);
        return Ok(());
    }
    if a.len() < 2 {
        let or = if global { "" } else { "or global" };
        return Err(a.missing(format!("log : expects <address> and <facility> {or} as arguments")));
    }
    let target = target::read(cx, a)?;
    targets(cx, global).push(target);
    Ok(())
}

fn targets<'r>(cx: &'r mut Reader<'_>, global: bool) -> &'r mut Vec<crate::plan::LogTarget> {
    if global {
        return &mut cx.global.log;
    }
    if cx.section().is_some_and(|s| s.bit == Sections::LOG_FORWARD) {
        return &mut super::log_forward::section(cx).log;
    }
    &mut cx.proxy().proxy.log
}

fn log_tag(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("'{}' expects a tag for use in syslog.", a.name)));
    }
    if cx.current == Current::Other {
        a.at_most(1)?;
    }
    let tag = Some(a.arc_str(0));
    if cx.current == Current::Other {
        cx.global.log_tag = tag;
    } else {
        cx.proxy().proxy.log_tag = tag;
    }
    Ok(())
}

fn format_text(a: &Args<'_>) -> Result<FormatText, Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("{} expects an argument.", a.name)));
    }
    if a.len() > 1 {
        return Err(a.bad(1, format!("{} expects only one argument, don't forget to escape spaces!", a.name)));
    }
    Ok(FormatText {
        text: a.arc_bytes(0),
        span: a.at(0),
    })
}

/// How messages name what set the format of the section's traffic log.
fn asked_format(draft: &Draft) -> Option<&'static str> {
    draft.formats.asked?;
    Some(match draft.proxy.log_kind {
        LogKind::Http | LogKind::HttpClf => "option httplog",
        LogKind::Tcp | LogKind::TcpClf => "option tcplog",
        LogKind::Https => "option httpslog",
        LogKind::Custom | LogKind::Default => "log-format",
    })
}

/// In a `defaults` section, a second format replaces the first: told, because one of the two lines is dead.
fn tell_override(cx: &mut Reader<'_>, old: Option<&'static str>, new: &str, a: &Args<'_>) {
    let in_defaults = matches!(cx.current, Current::Defaults(_));
    if let Some(old) = old.filter(|_| in_defaults) {
        let message = format!("'{new}' overrides previous '{old}' in 'defaults' section.");
        cx.diags.push(Diagnostic::warning(&codes::FALLBACK, message).at(a.span).tight());
    }
}

fn standard_format(cx: &mut Reader<'_>, a: &Args<'_>, kind: LogKind) -> Result<(), Diagnostic> {
    let option = a.name.strip_prefix("option ").unwrap_or(a.name);
    let clf = match a.str(0) {
        "" => false,
        "clf" => {
            a.at_most(1)?;
            true
        }
        _ => return Err(a.bad(0, format!("keyword '{option}' only supports option 'clf'."))),
    };
    let old = asked_format(cx.proxy());
    let new = if clf { format!("{} clf", a.name) } else { a.name.to_owned() };
    tell_override(cx, old, &new, a);
    let d = cx.proxy();
    d.proxy.log_kind = match (kind, clf) {
        (LogKind::Http, true) => LogKind::HttpClf,
        (LogKind::Tcp, true) => LogKind::TcpClf,
        (kind, _) => kind,
    };
    d.formats.main = None;
    d.formats.asked = Some(a.line);
    Ok(())
}

fn log_steps(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut bits = 0;
    for word in a.words.first().iter().flat_map(|w| w.str().split(',')) {
        bits |= match LogStep::ALL.iter().find(|s| s.word() == word) {
            Some(step) => step.bit(),
            None if word == "all" => LogStep::ALL.iter().fold(0, |all, s| all | s.bit()),
            None => {
                return Err(a.bad(
                    0,
                    format!("'log-steps' : unknown log step '{word}', expects accept, request, connect, response, close or all."),
                ));
            }
        };
    }
    cx.proxy().proxy.log_steps = bits;
    Ok(())
}

fn inherit(to: &mut Draft, from: &Draft) {
    to.proxy.log.clone_from(&from.proxy.log);
    to.proxy.log_tag.clone_from(&from.proxy.log_tag);
    if !to.is_front() {
        return;
    }
    to.proxy.log_kind = from.proxy.log_kind;
    to.proxy.log_steps = from.proxy.log_steps;
    to.proxy.unique_id_header.clone_from(&from.proxy.unique_id_header);
    to.formats.clone_from(&from.formats);
    if to.is_defaults() {
        // What an ancestor asked for is silently replaced.
        to.formats.asked = None;
    }
}
