//! `peers`: processes that share their stick tables.

use hapax_diag::Diagnostic;

use super::{Topic, no_inherit, stick};
use crate::args::Args;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "peers",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("bind", Sections::PEERS)
        .usage("[<address>]:<port> [param*]")
        .shape(Shape::Words(1, 64))
        .doc("Address on which the local peer listens.")
        .not_yet("peers")
        .ok(&["bind 127.0.0.1:1024"])
        .bad(&["bind"]),
    Row::new("default-bind", Sections::PEERS)
        .usage("[param*]")
        .shape(Shape::Words(0, 64))
        .doc("Options of the `bind` lines that follow.")
        .not_yet("peers")
        .ok(&["default-bind ssl crt site.pem"]),
    Row::new("default-server", Sections::PEERS)
        .usage("[param*]")
        .shape(Shape::Words(0, 64))
        .doc("Options of the `server` lines that follow.")
        .not_yet("peers")
        .ok(&["default-server verify none"]),
    Row::new("disabled", Sections::PEERS)
        .shape(Shape::Nothing)
        .doc("Turns the section off.")
        .not_yet("peers")
        .ok(&["disabled"])
        .bad(&["disabled extra"]),
    Row::new("enabled", Sections::PEERS)
        .shape(Shape::Nothing)
        .doc("Turns the section on again.")
        .not_yet("peers")
        .ok(&["enabled"])
        .bad(&["enabled extra"]),
    Row::new("log", Sections::PEERS)
        .usage("{ global | <target> [len <length>] [format <format>] <facility> [<level> [<minlevel>]] }")
        .shape(Shape::Words(1, 64))
        .doc("Where messages of the section go.")
        .not_yet("peers")
        .ok(&["log global"])
        .bad(&["log"]),
    Row::new("peer", Sections::PEERS)
        .usage("<name> <address>:<port> [param*]")
        .shape(Shape::Words(2, 64))
        .doc("A peer, at its address; the one with our own name is the local peer.")
        .not_yet("peers")
        .ok(&["peer east 127.0.0.1:1024"])
        .bad(&["peer x"]),
    Row::new("server", Sections::PEERS)
        .usage("<name> [<address>:<port>] [param*]")
        .shape(Shape::Words(1, 64))
        .doc("A peer with `server` options; the local peer needs no address when `bind` gives it.")
        .not_yet("peers")
        .ok(&["server east 127.0.0.1:1024", "server west"])
        .bad(&["server"]),
    Row::new("shards", Sections::PEERS)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Number of parts the updates of a table are split into.")
        .since(2, 5)
        .not_yet("peers")
        .ok(&["shards 10"])
        .bad(&["shards", "shards many", "shards 0"]),
    Row::new("table", Sections::PEERS)
        .usage("<name> type <type> [len <length>] size <size> [param*]")
        .doc("A stick table that is shared and belongs to no proxy; others name it `<section>/<name>`.")
        .ok(&[
            "table sessions type ip size 1m expire 10m",
            "table t type string len 8 size 10 store gpc(2) srvkey addr",
        ])
        .bad(&["table", "table x", "table x x", "table x type ip", "table x type ip size 1 peers y"])
        .set(table),
];

fn table(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'table' : missing name."));
    }
    let name = format!("{}/{}", cx.section_name(), a.str(0)).into();
    stick::add(cx, a, name, 1)
}
