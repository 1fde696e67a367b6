//! `ring`: buffers of messages, and the servers they are sent on to.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "ring",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("backing-file", Sections::RING)
        .usage("<path>")
        .shape(Shape::Word("<path>"))
        .doc("File that holds the ring.")
        .since(2, 7)
        .not_yet("rings")
        .ok(&["backing-file /var/log/ring"])
        .bad(&["backing-file", "backing-file one two"]),
    Row::new("description", Sections::RING)
        .usage("<text>")
        .shape(Shape::Words(1, 64))
        .doc("What the ring is for.")
        .not_yet("rings")
        .ok(&["description the last messages"])
        .bad(&["description"]),
    Row::new("format", Sections::RING)
        .usage("{ iso | local | raw | rfc3164 | rfc5424 | short | priority | timed }")
        .shape(Shape::OneOf(&[
            "iso", "local", "raw", "rfc3164", "rfc5424", "short", "priority", "timed",
        ]))
        .doc("How messages are written.")
        .not_yet("rings")
        .ok(&[
            "format iso",
            "format local",
            "format raw",
            "format rfc3164",
            "format rfc5424",
            "format short",
            "format priority",
            "format timed",
        ])
        .bad(&["format", "format other"]),
    Row::new("maxlen", Sections::RING)
        .usage("<length>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Longest message.")
        .not_yet("rings")
        .ok(&["maxlen 10"])
        .bad(&["maxlen", "maxlen many", "maxlen 0"]),
    Row::new("server", Sections::RING)
        .usage("<name> <address> [param*]")
        .shape(Shape::Words(2, 64))
        .doc("Server that messages are sent on to.")
        .not_yet("rings")
        .ok(&["server collector 127.0.0.1:514 log-proto octet-count"])
        .bad(&["server x"]),
    Row::new("size", Sections::RING)
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Size of the ring.")
        .not_yet("rings")
        .ok(&["size 64k"])
        .bad(&["size", "size big"]),
    Row::new("timeout connect", Sections::RING)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("How long a connection to the server may take to be made.")
        .not_yet("rings")
        .ok(&["timeout connect 100ms"])
        .bad(&["timeout connect", "timeout connect 5x"]),
    Row::new("timeout server", Sections::RING)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("How long data may wait to be sent.")
        .not_yet("rings")
        .ok(&["timeout server 100ms"])
        .bad(&["timeout server", "timeout server 5x"]),
];
