//! `cache`: a store of responses.

use hapax_diag::{Diagnostic, Lead, Span};

use super::{Topic, no_inherit};
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;
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
        .shape(Shape::Number(0, i64::MAX))
        .doc("Largest response that is kept.")
        .not_yet("the HTTP cache")
        .ok(&["max-object-size 0", "max-object-size 10"])
        .bad(&["max-object-size", "max-object-size many"]),
    Row::new("max-age", Sections::CACHE)
        .bad(&["max-age 1 2"])
        .usage("<seconds>")
        .shape(Shape::OptLax(i64::MIN, i64::MAX))
        .doc("Longest time a response is kept.")
        .not_yet("the HTTP cache")
        .ok(&["max-age", "max-age 10"]),
    Row::new("process-vary", Sections::CACHE)
        .usage("{ on | off }")
        .shape(Shape::OptWord("on or off"))
        .doc("Keeps one response for each value of the headers that `Vary` names.")
        .not_yet("the HTTP cache")
        .set(|cx, a| {
            if !matches!(a.str(0), "on" | "off") {
                let message = "'process-vary' expects \"on\" or \"off\" (enable or disable vary processing).";
                cx.diags.push(Diagnostic::warning(&codes::BAD_ARGUMENT, message).at(a.at(0)));
            }
            Ok(())
        })
        .ok(&["process-vary on", "process-vary off", "process-vary", "process-vary maybe"])
        .bad(&["process-vary on off"]),
    Row::new("max-secondary-entries", Sections::CACHE)
        .usage("<number>")
        .shape(Shape::Number(i64::MIN, i64::MAX))
        .doc("Responses kept for one address when `Vary` is honoured.")
        .not_yet("the HTTP cache")
        .set(|_, a| match a.number() {
            0 => Err(a.bad(0, "max-secondary-entries wrong value '0'")),
            _ => Ok(()),
        })
        .ok(&["max-secondary-entries 10"])
        .bad(&["max-secondary-entries", "max-secondary-entries many", "max-secondary-entries 0"]),
    Row::new("early-hints", Sections::CACHE)
        .bad(&["early-hints on x"])
        .usage("{ on | off | only }")
        .shape(Shape::Words(0, 3))
        .doc("Sends the links of a kept response as early hints.")
        .since(3, 5)
        .not_yet("the HTTP cache")
        .set(|cx, a| {
            if !matches!(a.str(0), "on" | "off" | "only") {
                let message = "'early-hints' expects \"on\", \"off\" or \"only\" (enable or disable HTTP 103 Early Hints support, or store only hints).";
                cx.diags.push(Diagnostic::warning(&codes::BAD_ARGUMENT, message).at(a.at(0)));
            }
            if a.len() > 1 && a.str(1) != "ratio" {
                return Err(a.bad(1, format!("'early-hints' unexpected argument '{}', expected 'ratio'.", a.show(1))));
            }
            Ok(())
        })
        .ok(&["early-hints on ratio 10", "early-hints", "early-hints on", "early-hints off", "early-hints only"]),
];

/// What the section must have said by its end.
pub(crate) fn end(cx: &mut Reader<'_>) -> Result<(), Diagnostic> {
    let name = cx.section_name();
    let alert = |message: String| Err(Diagnostic::alert(&codes::MISSING_ARGUMENT, message).lead(Lead::Config));
    let number = |said: Option<(&str, Span)>| said.map(|(n, _)| hapax_value::leading_number(n));
    let Some(size) = number(cx.said("total-max-size")) else {
        return alert(format!("Size not specified for cache '{name}'"));
    };
    let half = (size << 20) / 2;
    if number(cx.said("max-object-size")).is_some_and(|n| n > half) {
        let message = format!("\"max-object-size\" is limited to an half of \"total-max-size\" => {half}");
        return alert(message);
    }
    Ok(())
}
