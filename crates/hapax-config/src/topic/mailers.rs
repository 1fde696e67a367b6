//! `mailers`: mail servers that receive alerts.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "mailers",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("mailer", Sections::MAILERS)
        .usage("<name> <address>:<port>")
        .shape(Shape::Words(2, 2))
        .doc("A mail server.")
        .not_yet("mail alerts")
        .ok(&["mailer main 127.0.0.1:25"])
        .bad(&["mailer x", "mailer x x x"]),
    Row::new("timeout mail", Sections::MAILERS)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("How long the sending of a mail may take.")
        .not_yet("mail alerts")
        .ok(&["timeout mail 100ms"])
        .bad(&["timeout mail", "timeout mail 5x"]),
];
