//! `stick-table` and `stick`: tables of what is known of clients, and persistence by them (manual, 4.2 and 11.1).

use std::sync::{Arc, OnceLock};

use hapax_diag::{Diagnostic, Span};
use hapax_sample::{NameKind, NameRef, Needs};

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::{Misplaced, Sections};
use crate::plan::StickRule;
use crate::reader::{Reader, placed_expr};

pub(super) mod table;

pub(super) static TOPIC: Topic = Topic {
    name: "stick",
    rows: ROWS,
    inherit: super::no_inherit,
};

const BACKS: Sections = Sections::LISTEN.union(Sections::BACKEND);
const PATTERN: &str = "<pattern> [table <table>] [{ if | unless } <condition>]";

static ROWS: &[Row] = &[
    Row::new("stick-table", Sections::REAL)
        .usage(
            "type { ip | ipv6 | integer | string [len <length>] | binary [len <length>] } size <size> \
[<option>...]",
        )
        .doc("A table of this proxy's name: one entry for each key, with the data that `store` lists.")
        .ok(&[
            "stick-table type ipv4 size 10 recv-only srvkey addr brates-factor 1024",
            "stick-table type ip size 1m expire 10m store http_req_rate(10s),conn_cur",
            "stick-table type string len 64 size 100k nopurge",
            "stick-table type integer size 10 store gpc(3),gpc_rate(3,10s),gpt0 write-to other",
        ])
        .bad(&[
            "stick-table",
            "stick-table type ip",
            "stick-table size 10",
            "stick-table type colour size 10",
            "stick-table type ip size 10 store everything",
            "stick-table type ip size 10 store conn_rate",
            "stick-table type ip size 10 store conn_cnt(5s)",
            "stick-table type ip size 10 store gpt(200)",
            "stick-table type ip size 10 store gpt0,gpt(2)",
            "stick-table type ip size 10 expire 5x",
            "stick-table type ip size 10 forever",
        ])
        .set(stick_table),
    Row::new("stick on", BACKS)
        .misplaced(Misplaced::Unread)
        .usage(PATTERN)
        .doc("Sends clients of one key to the server that served the key before.")
        .ok(&["stick on always_true", "stick on always_true table other if { always_true }"])
        .bad(&["stick on", "stick on src nonsense", "stick on nothing_known"])
        .set(|cx, a| rule(cx, a, true, true, false)),
    Row::new("stick match", BACKS)
        .misplaced(Misplaced::Unread)
        .usage(PATTERN)
        .doc("Sends clients to the server that the table holds for their key, and stores nothing.")
        .ok(&["stick match always_true"])
        .bad(&["stick match"])
        .set(|cx, a| rule(cx, a, true, false, false)),
    Row::new("stick store-request", BACKS)
        .misplaced(Misplaced::Unread)
        .usage(PATTERN)
        .doc("Stores the server chosen for the key of the request.")
        .ok(&["stick store-request always_true"])
        .bad(&["stick store-request"])
        .set(|cx, a| rule(cx, a, false, true, false)),
    Row::new("stick store-response", BACKS)
        .misplaced(Misplaced::Unread)
        .usage(PATTERN)
        .doc("Stores the server chosen for the key of the response.")
        .ok(&["stick store-response always_true"])
        .bad(&["stick store-response"])
        .set(|cx, a| rule(cx, a, false, false, true)),
    Row::new("stick", BACKS)
        .family()
        .doc("Told when no rule has the name given.")
        .bad(&["stick", "stick with src"])
        .set(|_, a| Err(a.bad(0, "'stick' expects 'on', 'match', or 'store'."))),
];

fn stick_table(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let name = cx.section_name();
    add(cx, a, name, 0)
}

/// A table of the line's words from one on. Those of a peers section are named `section/table`.
pub(super) fn add(cx: &mut Reader<'_>, a: &Args<'_>, name: Arc<str>, from: usize) -> Result<(), Diagnostic> {
    if let Some(old) = cx.tables.iter().find(|t| t.name == name) {
        let message = format!("stick-table name '{name}' conflicts with table declared before.");
        return Err(a.bad(0, message).related(old.span, "the other table"));
    }
    let mut warnings = Vec::new();
    let parsed = table::parse(name, a, from, &mut warnings)?;
    let mut table = parsed.table;
    if from > 0 {
        table.peers = Some((cx.section_name(), a.line));
        table.peer_name = format!("/{}", a.str(0)).into();
    }
    if let Some((name, span)) = parsed.write_to {
        table.write_to = Some(deferred(cx, &name, span));
    }
    cx.tables.push(table);
    for w in warnings {
        cx.diags.push(w);
    }
    Ok(())
}

fn rule(cx: &mut Reader<'_>, a: &Args<'_>, matches: bool, stores: bool, stores_response: bool) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'stick' expects a fetch method."));
    }
    let (expr, mut next) = cx.expr(a, 0).map_err(|d| Diagnostic {
        message: format!("'stick': {}", d.message),
        ..d
    })?;
    let expr = if matches || stores {
        placed_expr(expr, Needs::BE_SRV, a.at(0), "during request")
    } else {
        placed_expr(expr, Needs::BE_STORE, a.at(0), "for 'store-response'")
    };
    let expr = expr.map_err(|d| Diagnostic {
        message: format!("'stick': {}", d.message),
        ..d
    })?;
    let mut name = "";
    let mut at = a.span;
    if a.str(next) == "table" {
        name = a.str(next + 1);
        at = a.at(next + 1);
        next += 2;
    }
    let cond = match a.str(next) {
        "if" | "unless" => cx.condition(a, next).map_err(|d| Diagnostic {
            message: format!("'stick': error detected while parsing sticking condition : {}.", d.message),
            ..d
        })?,
        _ if next < a.len() => return Err(a.bad(next, format!("'stick': unknown keyword '{}'.", a.show(next)))),
        _ => None,
    };
    let table = deferred(cx, name, at);
    cx.proxy().proxy.stick_rules.push(StickRule {
        expr: Arc::new(expr),
        table,
        cond,
        matches,
        stores,
        stores_response,
    });
    Ok(())
}

/// A table's name, looked for when every line is read; an empty one is the proxy's own.
fn deferred(cx: &mut Reader<'_>, name: &str, span: Span) -> Arc<NameRef> {
    let compile = cx.compile();
    let table = Arc::new(NameRef {
        kind: NameKind::Table,
        name: name.into(),
        span,
        within: compile.within.clone(),
        id: OnceLock::new(),
        acl: OnceLock::new(),
        keyed: OnceLock::new(),
        status: OnceLock::new(),
    });
    compile.deferred.push(table.clone());
    table
}

/// The alert of a table's line, in the words they share.
fn wrong(a: &Args<'_>, i: usize, message: &str) -> Diagnostic {
    Diagnostic::alert(&codes::BAD_ARGUMENT, format!("{}: {message}", a.name)).at(a.at(i))
}
