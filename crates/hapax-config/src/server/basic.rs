//! Weight, role and limits of a server.

use hapax_balance::Start;
use hapax_diag::Diagnostic;

use super::{ServerCx, ServerRow};
use crate::args::Args;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) const fn opt(name: &'static str) -> ServerRow {
    ServerRow::new(name, Sections::SERVER)
}

pub(super) const fn flag(name: &'static str) -> ServerRow {
    opt(name).shape(Shape::Nothing)
}

pub(super) const fn word(name: &'static str, what: &'static str) -> ServerRow {
    opt(name).usage(what).shape(Shape::Word(what))
}

pub(super) const fn time(name: &'static str) -> ServerRow {
    opt(name).usage("<time>").shape(Shape::Time(Unit::Ms, TIMER_MAX))
}

/// A limit: HAProxy takes one that is missing at the end of the line for none.
const fn limit(name: &'static str) -> ServerRow {
    opt(name).usage("<number>").shape(Shape::OptLax(i64::MIN, i64::MAX))
}

fn read_limit(a: &Args<'_>) -> u32 {
    a.number().clamp(0, i64::from(u32::MAX)) as u32
}

/// A number as C reads it: digits as far as they go.
pub(super) const fn lax(name: &'static str) -> ServerRow {
    word(name, "<number>")
}

pub(super) static ROWS: &[ServerRow] = &[
    opt("weight")
        .usage("<weight>")
        .shape(Shape::OptWord("<weight>"))
        .doc("Share of the traffic, against the other servers' (1 by default).")
        .ok(&["server s1 127.0.0.1:80 weight 10"])
        .bad(&["server s1 127.0.0.1:80 weight 257", "server s1 127.0.0.1:80 weight -1"])
        .set(|cx, a| {
            let n = hapax_value::leading_number(a.str(0));
            if !(0..=256).contains(&n) {
                return Err(a.bad(
                    0,
                    format!("weight of server {} is not within 0 and 256 ({n}).", cx.draft.server.name),
                ));
            }
            cx.draft.server.weight = n as u32;
            Ok(())
        }),
    flag("backup")
        .doc("Used only when no other server is.")
        .ok(&["server s1 127.0.0.1:80 backup"])
        .set(|cx, _| {
            cx.draft.server.backup = true;
            Ok(())
        }),
    flag("no-backup")
        .doc("Undoes `backup`.")
        .ok(&["server s1 127.0.0.1:80 no-backup"])
        .set(|cx, _| {
            cx.draft.server.backup = false;
            Ok(())
        }),
    flag("disabled")
        .doc("Starts in maintenance.")
        .ok(&["server s1 127.0.0.1:80 disabled"])
        .set(|cx, _| {
            cx.draft.server.disabled = true;
            Ok(())
        }),
    flag("enabled")
        .doc("Undoes `disabled`.")
        .ok(&["server s1 127.0.0.1:80 enabled"])
        .set(|cx, _| {
            cx.draft.server.disabled = false;
            Ok(())
        }),
    limit("maxconn")
        .doc("Most connections at once; further requests wait in the queue.")
        .ok(&["server s1 127.0.0.1:80 maxconn 10", "server s1 127.0.0.1:80 maxconn"])
        .set(|cx, a| {
            cx.draft.server.maxconn = read_limit(a);
            Ok(())
        }),
    limit("minconn")
        .doc("Connections at once while the backend is idle; grows to `maxconn` with its load.")
        .ok(&["server s1 127.0.0.1:80 minconn 10 maxconn 100"])
        .set(|cx, a| {
            cx.draft.server.minconn = read_limit(a);
            Ok(())
        }),
    limit("maxqueue")
        .doc("Most requests that wait for this server.")
        .ok(&["server s1 127.0.0.1:80 maxqueue 10"])
        .set(|cx, a| {
            cx.draft.server.maxqueue = read_limit(a);
            Ok(())
        }),
    word("cookie", "<value>")
        .doc("Value of the persistence cookie that means this server.")
        .ok(&["server s1 127.0.0.1:80 cookie s1"])
        .bad(&["server s1 127.0.0.1:80 cookie"])
        .set(|cx, a| {
            cx.draft.server.cookie = Some(a.arc_bytes(0));
            Ok(())
        }),
    word("redir", "<prefix>")
        .doc("Redirects GET and HEAD requests to this prefix instead of sending them on.")
        .ok(&["server s1 127.0.0.1:80 redir http://a.example"])
        .bad(&["server s1 127.0.0.1:80 redir"])
        .set(|cx, a| {
            cx.draft.server.redir = Some(a.arc_bytes(0));
            Ok(())
        }),
    lax("id")
        .doc("Number of the server in statistics and in the runtime API.")
        .ok(&["server s1 127.0.0.1:80 id 3"])
        .bad(&["server s1 127.0.0.1:80 id", "server s1 127.0.0.1:80 id 0"])
        .set(id),
    time("slowstart")
        .doc("Time over which a server that comes back gets its full weight.")
        .ok(&["server s1 127.0.0.1:80 slowstart 30s"])
        .bad(&["server s1 127.0.0.1:80 slowstart", "server s1 127.0.0.1:80 slowstart x"])
        .set(|cx, a| {
            cx.draft.server.slowstart = a.millis();
            Ok(())
        }),
    flag("stick")
        .doc("Sessions of this server are kept in stick tables, after a `default-server` line said otherwise.")
        .ok(&["server s1 127.0.0.1:80 stick"])
        .set(|cx, _| {
            cx.draft.server.non_stick = false;
            Ok(())
        }),
    flag("non-stick")
        .doc("Sessions of this server are not kept in stick tables.")
        .ok(&["server s1 127.0.0.1:80 non-stick"])
        .set(|cx, _| {
            cx.draft.server.non_stick = true;
            Ok(())
        }),
    word("track", "[<backend>/]<server>")
        .doc("Follows the state of another server instead of checking this one.")
        .ok(&["server s1 127.0.0.1:80 track s0"])
        .bad(&["server s1 127.0.0.1:80 track"])
        .set(|cx, a| {
            cx.draft.track = Some((a.arc_str(0), a.at(0)));
            Ok(())
        }),
    word("init-state", "{ fully-up | up | down | fully-down | none }")
        .since(3, 1)
        .doc("State a server starts in.")
        .ok(&["server s1 127.0.0.1:80 init-state down"])
        .bad(&["server s1 127.0.0.1:80 init-state", "server s1 127.0.0.1:80 init-state half"])
        .set(|cx, a| {
            one_of(a, &["fully-up", "up", "down", "fully-down", "none"])?;
            cx.draft.server.init_state_given = a.str(0) != "none";
            cx.draft.server.init_state = match a.str(0) {
                "fully-up" => Start::FullyUp,
                "up" => Start::Up,
                "down" => Start::Down,
                "fully-down" => Start::FullyDown,
                _ => Start::Unset,
            };
            Ok(())
        }),
];

pub(super) fn one_of(a: &Args<'_>, words: &[&str]) -> Result<(), Diagnostic> {
    if words.contains(&a.str(0)) {
        return Ok(());
    }
    let list = crate::shape::list(words);
    Err(a.bad(0, format!("'{}' expects one of {list} but got '{}'", a.name, a.show(0))))
}

fn id(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if cx.is_default {
        return Err(a.bad(0, "'id' option is not accepted in default-server sections"));
    }
    let n = hapax_value::leading_number(a.str(0));
    let Some(n) = u32::try_from(n).ok().filter(|n| *n > 0) else {
        return Err(a.bad(0, "'id' : custom id has to be between 1 and 4294967295."));
    };
    cx.draft.server.id = n;
    Ok(())
}
