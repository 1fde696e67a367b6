//! `traces`: debug messages of subsystems.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "traces",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[Row::new("trace", Sections::TRACES)
    .usage("<source> <argument>...")
    .shape(Shape::Words(0, 64))
    .doc("Configures the messages of one source.")
    .since(3, 1)
    .no_effect("there are no trace sources; see `-d` and the log")
    .ok(&["trace h1 sink stderr", "trace all level error", "trace"])
    .bad(&["trace nobody level error", "trace h1 nothing"])
    .set(|_, a| {
        if !a.is_empty() && !SOURCES.contains(&a.str(0)) {
            return Err(a.bad(0, format!("No such trace source '{}'", a.show(0))));
        }
        if a.len() > 1 && !COMMANDS.contains(&a.str(1)) {
            return Err(a.bad(1, format!("Unknown trace keyword '{}'", a.show(1))));
        }
        Ok(())
    })];

/// Parts of HAProxy that can be traced; `all` is every one, `0` stops them.
const SOURCES: &[&str] = &[
    "0", "all", "h1", "h2", "h3", "qmux", "quic", "fcgi", "spop", "ssl", "stream", "applet", "peers", "check", "session", "haterm", "acme",
];

const COMMANDS: &[&str] = &[
    "event",
    "filter",
    "follow",
    "level",
    "lock",
    "pause",
    "sink",
    "start",
    "stop",
    "verbosity",
];
