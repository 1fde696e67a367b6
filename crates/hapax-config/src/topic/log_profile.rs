//! `log-profile`: log formats by step of a request.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "log profile",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("log-tag", Sections::LOG_PROFILE)
        .usage("<tag>")
        .shape(Shape::Word("<tag>"))
        .doc("Tag of the messages.")
        .not_yet("log profiles")
        .ok(&["log-tag web"])
        .bad(&["log-tag", "log-tag one two"]),
    Row::new("on", Sections::LOG_PROFILE)
        .usage("{ accept | request | connect | response | close | error | any | all } [drop] [format <format>] [sd <format>]")
        .shape(Shape::Words(1, 8))
        .doc("Format of the messages of one step, or that there are none.")
        .since(3, 1)
        .not_yet("log profiles")
        .ok(&["on error drop", "on any format \"%ci\""])
        .bad(&["on", "on x x x x x x x x x"]),
];
