//! Filters: what watches or changes the data of a stream.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "filters",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("filter", Sections::REAL)
        .usage("<name> [<parameter>...]")
        .shape(Shape::Words(1, 64))
        .doc("Adds a filter to the streams of the proxy.")
        .not_yet("filters")
        .ok(&["filter compression", "filter trace name before"])
        .bad(&["filter"]),
    Row::new("filter-sequence", Sections::REAL)
        .usage("{ request | response } <filter>[,...]")
        .shape(Shape::Words(2, 2))
        .doc("Order in which filters run.")
        .since(3, 4)
        .not_yet("filters")
        .ok(&["filter-sequence request comp-req"])
        .bad(&["filter-sequence x", "filter-sequence x x x"]),
];
