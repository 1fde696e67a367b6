//! Limits of the process and of what it does per second.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::once::Once;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "limits",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("fd-hard-limit", Sections::GLOBAL)
        .once(Once::LOUD)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Highest number of descriptors the process gives itself.")
        .since(2, 6)
        .ok(&["fd-hard-limit 10"])
        .bad(&["fd-hard-limit 1 2", "fd-hard-limit"])
        .set(|cx, a| {
            cx.global.fd_hard_limit = u64::try_from(a.number()).ok().filter(|n| *n > 0);
            Ok(())
        }),
    Row::new("prealloc-fd", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Allocates the file table at start.")
        .since(2, 8)
        .no_effect("the file table grows as needed")
        .ok(&["prealloc-fd"])
        .bad(&["prealloc-fd extra"]),
    Row::new("maxpipes", Sections::GLOBAL)
        .once(Once::LOUD)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Pipes that splicing may use.")
        .not_yet("a limit of pipes")
        .ok(&["maxpipes 10"])
        .bad(&["maxpipes 1 2", "maxpipes"]),
    Row::new("maxconnrate", Sections::GLOBAL)
        .once(Once::LOUD)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Connections per second of the process.")
        .ok(&["maxconnrate 10"])
        .bad(&["maxconnrate 1 2", "maxconnrate"])
        .set(|cx, a| {
            cx.global.conn_rate_limit = a.number().max(0) as u32;
            Ok(())
        }),
    Row::new("maxsessrate", Sections::GLOBAL)
        .once(Once::LOUD)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Sessions per second of the process.")
        .ok(&["maxsessrate 10"])
        .bad(&["maxsessrate 1 2", "maxsessrate"])
        .set(|cx, a| {
            cx.global.sess_rate_limit = a.number().max(0) as u32;
            Ok(())
        }),
    Row::new("maxsslrate", Sections::GLOBAL)
        .once(Once::LOUD)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("TLS sessions per second of the process.")
        .ok(&["maxsslrate 10"])
        .bad(&["maxsslrate 1 2", "maxsslrate"])
        .set(|cx, a| {
            cx.global.ssl_rate_limit = a.number().max(0) as u32;
            Ok(())
        }),
    Row::new("tune.stick-counters", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptNumber(0, 100))
        .lenient()
        .doc("How many `track-sc*` counters there are.")
        .since(2, 8)
        .ok(&["tune.stick-counters", "tune.stick-counters 100"])
        .bad(&["tune.stick-counters many", "tune.stick-counters 101"])
        .set(|cx, a| {
            cx.counters = a.number() as u8;
            Ok(())
        }),
    Row::new("tune.peers.max-updates-at-once", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(1, i64::MAX))
        .doc("Stick-table updates sent in one go.")
        .since(2, 7)
        .ok(&["tune.peers.max-updates-at-once 10"])
        .bad(&[
            "tune.peers.max-updates-at-once",
            "tune.peers.max-updates-at-once many",
            "tune.peers.max-updates-at-once 0",
        ])
        .set(|cx, a| {
            cx.global.peers_updates_at_once = u32::try_from(a.number()).unwrap_or(u32::MAX);
            Ok(())
        }),
    Row::new("tune.vars.check-max-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::OptNumber(i64::MIN, i64::MAX))
        .lenient()
        .doc("Memory of variables of the `check` scope.")
        .ok(&["tune.vars.check-max-size", "tune.vars.check-max-size 65536"])
        .bad(&["tune.vars.check-max-size 64k", "tune.vars.check-max-size big"])
        .set(|cx, a| {
            cx.global.var_limits.check = limit(a.number());
            Ok(())
        }),
    Row::new("tune.vars.global-max-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::OptNumber(i64::MIN, i64::MAX))
        .lenient()
        .doc("Memory of variables of every scope together.")
        .ok(&["tune.vars.global-max-size", "tune.vars.global-max-size 65536"])
        .bad(&["tune.vars.global-max-size 64k", "tune.vars.global-max-size big"])
        .set(|cx, a| {
            cx.global.var_limits.global = limit(a.number());
            Ok(())
        }),
    Row::new("tune.vars.proc-max-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::OptNumber(i64::MIN, i64::MAX))
        .lenient()
        .doc("Memory of variables of the `proc` scope and all scopes below it.")
        .ok(&["tune.vars.proc-max-size", "tune.vars.proc-max-size 65536"])
        .bad(&["tune.vars.proc-max-size 64k", "tune.vars.proc-max-size big"])
        .set(|cx, a| {
            cx.global.var_limits.proc = limit(a.number());
            Ok(())
        }),
    Row::new("tune.vars.reqres-max-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::OptNumber(i64::MIN, i64::MAX))
        .lenient()
        .doc("Memory of variables of one request or response.")
        .ok(&["tune.vars.reqres-max-size", "tune.vars.reqres-max-size 65536"])
        .bad(&["tune.vars.reqres-max-size 64k", "tune.vars.reqres-max-size big"])
        .set(|cx, a| {
            cx.global.var_limits.reqres = limit(a.number());
            Ok(())
        }),
    Row::new("tune.vars.sess-max-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::OptNumber(i64::MIN, i64::MAX))
        .lenient()
        .doc("Memory of variables of one session.")
        .ok(&["tune.vars.sess-max-size", "tune.vars.sess-max-size 65536"])
        .bad(&["tune.vars.sess-max-size 64k", "tune.vars.sess-max-size big"])
        .set(|cx, a| {
            cx.global.var_limits.sess = limit(a.number());
            Ok(())
        }),
    Row::new("tune.vars.txn-max-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::OptNumber(i64::MIN, i64::MAX))
        .lenient()
        .doc("Memory of variables of one transaction.")
        .ok(&["tune.vars.txn-max-size", "tune.vars.txn-max-size 65536"])
        .bad(&["tune.vars.txn-max-size 64k", "tune.vars.txn-max-size big"])
        .set(|cx, a| {
            cx.global.var_limits.txn = limit(a.number());
            Ok(())
        }),
];

/// No limit is written 0.
fn limit(size: i64) -> Option<u64> {
    u64::try_from(size).ok().filter(|n| *n > 0)
}
