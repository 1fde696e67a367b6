//! `log-forward`: receives log messages and sends them on.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "log forward",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("backlog", Sections::LOG_FORWARD)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Length of the queue of connections to accept.")
        .not_yet("log forwarding")
        .ok(&["backlog 10"])
        .bad(&["backlog", "backlog many", "backlog 0"]),
    Row::new("bind", Sections::LOG_FORWARD)
        .usage("<address>:<port> [param*]")
        .shape(Shape::Words(1, 64))
        .doc("Address on which messages come over TCP.")
        .not_yet("log forwarding")
        .ok(&["bind 127.0.0.1:1514"])
        .bad(&["bind"]),
    Row::new("dgram-bind", Sections::LOG_FORWARD)
        .usage("<address>:<port> [param*]")
        .shape(Shape::Words(1, 64))
        .doc("Address on which messages come over UDP.")
        .not_yet("log forwarding")
        .ok(&["dgram-bind 127.0.0.1:1514"])
        .bad(&["dgram-bind"]),
    Row::new("log", Sections::LOG_FORWARD)
        .usage("{ global | <target> [len <length>] [format <format>] [sample <ranges>:<size>] <facility> [<level> [<minlevel>]] }")
        .shape(Shape::Words(1, 64))
        .doc("Where messages are sent on to.")
        .not_yet("log forwarding")
        .ok(&["log global", "log 127.0.0.1:514 local0"])
        .bad(&["log"]),
    Row::new("maxconn", Sections::LOG_FORWARD)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Connections at once.")
        .not_yet("log forwarding")
        .ok(&["maxconn 10"])
        .bad(&["maxconn", "maxconn many", "maxconn 0"]),
    Row::new("timeout client", Sections::LOG_FORWARD)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Longest silence of a sender.")
        .not_yet("log forwarding")
        .ok(&["timeout client 100ms"])
        .bad(&["timeout client", "timeout client 5x"]),
    Row::new("option assume-rfc6587-ntf", Sections::LOG_FORWARD)
        .shape(Shape::Nothing)
        .doc("Takes every TCP message as one line.")
        .since(3, 2)
        .negatable()
        .not_yet("log forwarding")
        .ok(&["option assume-rfc6587-ntf"])
        .bad(&["option assume-rfc6587-ntf extra"]),
    Row::new("option dont-parse-log", Sections::LOG_FORWARD)
        .shape(Shape::Nothing)
        .doc("Sends messages on as they are.")
        .since(3, 2)
        .negatable()
        .not_yet("log forwarding")
        .ok(&["option dont-parse-log"])
        .bad(&["option dont-parse-log extra"]),
    Row::new("option host", Sections::LOG_FORWARD)
        .usage("{ replace | fill | keep | append }")
        .shape(Shape::OneOf(&["replace", "fill", "keep", "append"]))
        .doc("What becomes of the host name of a message.")
        .since(3, 2)
        .not_yet("log forwarding")
        .ok(&["option host replace", "option host fill", "option host keep", "option host append"])
        .bad(&["option host", "option host other"]),
];
