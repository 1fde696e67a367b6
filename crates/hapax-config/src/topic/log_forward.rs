//! `log-forward`: receives log messages and sends them on.

use hapax_diag::Diagnostic;

use super::{Topic, listening, logging, no_inherit};
use crate::address::Accept;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::plan::{LogForward, LogHost};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "log forward",
    rows: ROWS,
    inherit: no_inherit,
};

/// `dgram-bind`
const DGRAM: Accept = Accept {
    dgram: true,
    quic: false,
    ..Accept::BIND
};

static ROWS: &[Row] = &[
    Row::new("backlog", Sections::LOG_FORWARD)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Length of the queue of connections to accept.")
        .ok(&["backlog 10"])
        .bad(&["backlog 1 2", "backlog"])
        .set(|cx, a| {
            section(cx).backlog = Some(a.number().max(0) as u32);
            Ok(())
        }),
    Row::new("bind", Sections::LOG_FORWARD)
        .usage("<address>:<port> [param*]")
        .shape(Shape::Words(0, 64))
        .doc("Address on which messages come over streams, counted or line by line; without one the line means nothing.")
        .ok(&["bind", "bind 127.0.0.1:1514"])
        .bad(&["bind 127.0.0.1", "bind 127.0.0.1:1514 nonsense"])
        .set(|cx, a| {
            if a.is_empty() {
                tell_nothing(cx, a);
                return Ok(());
            }
            let made = listening::standalone(cx, a, Accept::STATS_SOCKET)?;
            section(cx).binds.extend(made);
            Ok(())
        }),
    Row::new("dgram-bind", Sections::LOG_FORWARD)
        .usage("<address>:<port> [param*]")
        .shape(Shape::Words(0, 64))
        .doc("Address on which messages come as datagrams; without one the line means nothing.")
        .ok(&["dgram-bind 127.0.0.1:1514", "dgram-bind udp@127.0.0.1:1514"])
        .bad(&["dgram-bind 127.0.0.1"])
        .set(|cx, a| {
            if a.is_empty() {
                tell_nothing(cx, a);
                return Ok(());
            }
            let made = listening::standalone(cx, a, DGRAM)?;
            section(cx).dgram_binds.extend(made);
            Ok(())
        }),
    Row::new("log", Sections::LOG_FORWARD)
        .usage("{ global | <target> [len <length>] [format <format>] [sample <ranges>:<size>] <facility> [<level> [<minlevel>]] }")
        .negatable()
        .doc("Where messages are sent on to. Without a format they keep the one they came in.")
        .ok(&["no log", "log global", "log 127.0.0.1:514 local0"])
        .bad(&["log", "log 127.0.0.1:514 nowhere"])
        .set(logging::log),
    Row::new("maxconn", Sections::LOG_FORWARD)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Connections at once; 10 where nothing is said.")
        .ok(&["maxconn 10"])
        .bad(&["maxconn 1 2", "maxconn"])
        .set(|cx, a| {
            section(cx).maxconn = a.number().max(0) as u32;
            Ok(())
        }),
    Row::new("timeout client", Sections::LOG_FORWARD)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("Longest silence of a sender.")
        .ok(&["timeout client 1s x", "timeout client 100ms"])
        .bad(&["timeout client", "timeout client 5x"])
        .set(|cx, a| {
            section(cx).timeout_client = Some(a.millis());
            Ok(())
        }),
    Row::new("option assume-rfc6587-ntf", Sections::LOG_FORWARD)
        .shape(Shape::Nothing)
        .doc("Takes messages of streams to be lines, whatever they begin with.")
        .since(3, 2)
        .negatable()
        .ok(&["option assume-rfc6587-ntf"])
        .bad(&["option assume-rfc6587-ntf extra"])
        .set(|cx, a| {
            section(cx).assume_ntf = a.prefix == crate::keyword::Prefix::None;
            Ok(())
        }),
    Row::new("option dont-parse-log", Sections::LOG_FORWARD)
        .shape(Shape::Nothing)
        .doc("Sends messages on as they are; wants targets of `format raw`.")
        .since(3, 2)
        .negatable()
        .ok(&["option dont-parse-log"])
        .bad(&["option dont-parse-log extra"])
        .set(|cx, a| {
            section(cx).dont_parse = a.prefix == crate::keyword::Prefix::None;
            Ok(())
        }),
    Row::new("option host", Sections::LOG_FORWARD)
        .usage("{ replace | fill | keep | append }")
        .shape(Shape::OneOf(&["replace", "fill", "keep", "append"]))
        .lenient()
        .doc("What becomes of the host name of a message: the sender's address replaces it, fills it where there is none (as when nothing is said), or is appended; or it stays as it is.")
        .since(3, 2)
        .ok(&["option host keep x", "option host replace", "option host fill", "option host keep", "option host append"])
        .bad(&["option host", "option host other"])
        .set(|cx, a| {
            section(cx).host = match a.str(0) {
                "replace" => LogHost::Replace,
                "keep" => LogHost::Keep,
                "append" => LogHost::Append,
                _ => LogHost::Fill,
            };
            Ok(())
        }),
];

/// The section being read.
pub(super) fn section<'r>(cx: &'r mut Reader<'_>) -> &'r mut LogForward {
    let (name, span) = cx.started.last().map(|s| (s.name.clone(), s.span)).unwrap_or_default();
    let at = cx.log_forwards.iter().position(|f| f.span == span);
    let at = at.unwrap_or_else(|| {
        cx.log_forwards.push(LogForward {
            name,
            span,
            ..LogForward::default()
        });
        cx.log_forwards.len() - 1
    });
    &mut cx.log_forwards[at]
}

/// Of a line that names no address, which HAProxy takes.
fn tell_nothing(cx: &mut Reader<'_>, a: &Args<'_>) {
    let message = format!("'{}' names no address: nothing listens for it", a.name);
    cx.diags.push(Diagnostic::warning(&codes::NO_EFFECT, message).at(a.span));
}
