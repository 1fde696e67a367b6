//! Files that keep the state of servers across restarts.

use std::sync::Arc;

use super::Topic;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::Sections;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "server state",
    rows: ROWS,
    inherit,
};

/// `load-server-state-from-file`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum StateFrom {
    #[default]
    None,
    Global,
    Local,
}

static ROWS: &[Row] = &[
    Row::new("load-server-state-from-file", Sections::BACK)
        .usage("{ global | local | none }")
        .shape(Shape::OneOf(&["global", "local", "none"]))
        .lenient()
        .doc("Where the state of the servers is read from.")
        .ok(&[
            "load-server-state-from-file none x",
            "load-server-state-from-file global",
            "load-server-state-from-file local",
            "load-server-state-from-file none",
        ])
        .bad(&["load-server-state-from-file", "load-server-state-from-file other"])
        .set(|cx, a| {
            cx.proxy().state_from = match a.str(0) {
                "global" => StateFrom::Global,
                "local" => StateFrom::Local,
                _ => StateFrom::None,
            };
            Ok(())
        }),
    Row::new("server-state-file-name", Sections::BACK)
        .usage("[ use-backend-name | <file> ]")
        .shape(Shape::Words(0, 1))
        .doc("Name of the proxy's own state file.")
        .ok(&["server-state-file-name", "server-state-file-name use-backend-name"])
        .bad(&["server-state-file-name x x"])
        .set(|cx, a| {
            // Without a name of its own, the file has the backend's.
            let name: Option<Arc<str>> = (!matches!(a.str(0), "" | "use-backend-name")).then(|| a.arc_str(0));
            cx.proxy().state_file = name;
            Ok(())
        }),
];

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_back() {
        to.state_from = from.state_from;
        to.state_file.clone_from(&from.state_file);
    }
}
