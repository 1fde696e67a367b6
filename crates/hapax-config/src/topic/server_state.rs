//! Files that keep the state of servers across restarts.

use super::{Topic, no_inherit};
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "server state",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("load-server-state-from-file", Sections::BACK)
        .usage("{ global | local | none }")
        .shape(Shape::OneOf(&["global", "local", "none"]))
        .doc("Where the state of the servers is read from.")
        .not_yet("server state files")
        .ok(&[
            "load-server-state-from-file global",
            "load-server-state-from-file local",
            "load-server-state-from-file none",
        ])
        .bad(&["load-server-state-from-file", "load-server-state-from-file other"]),
    Row::new("server-state-file-name", Sections::BACK)
        .usage("[ use-backend-name | <file> ]")
        .shape(Shape::Words(0, 1))
        .doc("Name of the proxy's own state file.")
        .not_yet("server state files")
        .ok(&["server-state-file-name", "server-state-file-name use-backend-name"])
        .bad(&["server-state-file-name x x"]),
];
