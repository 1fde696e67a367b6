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
    .shape(Shape::Words(1, 64))
    .doc("Configures the messages of one source.")
    .since(3, 1)
    .no_effect("there are no trace sources; see `-d` and the log")
    .ok(&["trace h1 sink stderr"])
    .bad(&["trace"])];
