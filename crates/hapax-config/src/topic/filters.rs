//! Filters: what watches or changes the data of a stream.

use hapax_diag::Diagnostic;
use hapax_rules::filters::parse_filter;

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "filters",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("filter", Sections::REAL)
        .usage("<name> [<parameter>...]")
        .doc("Adds a filter to the streams of the proxy. What each filter does is told where its name is read.")
        .ok(&["filter compression", "filter trace name before"])
        .bad(&["filter", "filter nonsense"])
        .set(filter),
    Row::new("filter-sequence", Sections::REAL)
        .usage("{ request | response } <filter>[,...]")
        .shape(Shape::Words(2, 2))
        .lenient()
        .doc("Order in which filters run.")
        .since(3, 4)
        .ok(&["filter-sequence request comp-req x", "filter-sequence request comp-req"])
        .bad(&["filter-sequence x", "filter-sequence both trace"])
        .set(sequence),
];

fn filter(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut site = cx.proxy().site.clone();
    let spec = parse_filter(&a.tokens(0), &mut site, &mut cx.compile(), a.line);
    let draft = cx.proxy();
    draft.site = site;
    draft.proxy.filters.push(spec?);
    Ok(())
}

fn sequence(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let way = match a.str(0) {
        "request" => 0,
        "response" => 1,
        other => return Err(a.bad(0, format!("'filter-sequence' expects 'request' or 'response', found '{other}'."))),
    };
    cx.proxy().filter_sequence[way] = Some((a.arc_str(1), a.at(1)));
    Ok(())
}
