//! `cache`: a store of responses.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "cache",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("total-max-size", Sections::CACHE)
        .usage("<megabytes>")
        .shape(Shape::Number(1, 4095))
        .doc("Size of the store.")
        .not_yet("the HTTP cache")
        .ok(&["total-max-size 4095"])
        .bad(&["total-max-size", "total-max-size many", "total-max-size 4096", "total-max-size 0"]),
    Row::new("max-object-size", Sections::CACHE)
        .usage("<bytes>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Largest response that is kept.")
        .not_yet("the HTTP cache")
        .ok(&["max-object-size 10"])
        .bad(&["max-object-size", "max-object-size many", "max-object-size 0"]),
    Row::new("max-age", Sections::CACHE)
        .usage("<seconds>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Longest time a response is kept.")
        .not_yet("the HTTP cache")
        .ok(&["max-age 10"])
        .bad(&["max-age", "max-age many"]),
    Row::new("process-vary", Sections::CACHE)
        .usage("{ on | off }")
        .shape(Shape::OptWord("on or off"))
        .doc("Keeps one response for each value of the headers that `Vary` names.")
        .not_yet("the HTTP cache")
        .ok(&["process-vary on", "process-vary off", "process-vary", "process-vary maybe"])
        .bad(&["process-vary on off"]),
    Row::new("max-secondary-entries", Sections::CACHE)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Responses kept for one address when `Vary` is honoured.")
        .not_yet("the HTTP cache")
        .ok(&["max-secondary-entries 10"])
        .bad(&["max-secondary-entries", "max-secondary-entries many", "max-secondary-entries 0"]),
    Row::new("early-hints", Sections::CACHE)
        .usage("{ on | off | only }")
        .shape(Shape::OneOf(&["on", "off", "only"]))
        .doc("Sends the links of a kept response as early hints.")
        .since(3, 5)
        .not_yet("the HTTP cache")
        .ok(&["early-hints on", "early-hints off", "early-hints only"])
        .bad(&["early-hints", "early-hints other"]),
];
