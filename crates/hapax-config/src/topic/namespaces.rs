//! `namespace_list`: network namespaces that `bind` and `server` lines may name.

use super::{Topic, no_inherit};
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
    .bad(&["namespace", "namespace one two"])];
