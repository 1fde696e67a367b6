//! `namespace_list`: network namespaces that `bind` and `server` lines may name.

use hapax_diag::Diagnostic;
use hapax_sample::Files;

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "namespaces",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[Row::new("namespace", Sections::NAMESPACE_LIST)
    .usage("<name>")
    .shape(Shape::Word("<name>"))
    .doc("A network namespace, by the name it has below `/var/run/netns`.")
    .not_yet("network namespaces")
    .ok(&["namespace blue"])
    .bad(&["namespace", "namespace one two"])
    .set(|cx, a| there(cx.files, a))];

/// The namespace must be there when it is named.
pub(crate) fn there(files: &dyn Files, a: &Args<'_>) -> Result<(), Diagnostic> {
    // They are no files that could be read, but their names are there.
    if files.list("/var/run/netns").is_ok_and(|names| names.iter().any(|n| n == a.str(0))) {
        return Ok(());
    }
    let message = format!("Cannot open namespace '{}'.", a.show(0));
    Err(Diagnostic::alert(&codes::MISSING_FILE, message).at(a.at(0)).missing())
}
