//! Lua: scripts, and the limits they run under.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};
use crate::units::{TIMER_MAX, Unit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "lua",
    rows: ROWS,
    inherit: no_inherit,
};

/// Actions and services that the script may declare are known from here on.
fn load(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    cx.scripts = true;
    let path = a.show(0);
    cx.files.read(&path).map(drop).map_err(|why| {
        let message = format!("error in Lua file '{path}': cannot open {path}: {why}");
        Diagnostic::alert(&codes::MISSING_FILE, message).at(a.at(0)).missing()
    })
}

static ROWS: &[Row] = &[
    Row::new("lua-load", Sections::GLOBAL)
        .usage("<file> [<arg>...]")
        .shape(Shape::Words(1, 64))
        .doc("Loads and runs a Lua script, shared by every thread.")
        .not_yet("Lua")
        .ok(&["lua-load hello.lua", "lua-load hello.lua first second"])
        .bad(&["lua-load"])
        .set(load),
    Row::new("lua-load-per-thread", Sections::GLOBAL)
        .usage("<file> [<arg>...]")
        .shape(Shape::Words(1, 64))
        .doc("Loads and runs a Lua script once in each thread.")
        .not_yet("Lua")
        .ok(&["lua-load-per-thread hello.lua"])
        .bad(&["lua-load-per-thread"])
        .set(load),
    Row::new("lua-prepend-path", Sections::GLOBAL)
        .usage("<path> [{ path | cpath }]")
        .shape(Shape::Words(1, 2))
        .doc("Adds to the path in which Lua looks for modules.")
        .not_yet("Lua")
        .ok(&["lua-prepend-path /usr/share/lua/?.lua", "lua-prepend-path /usr/lib/lua/?.so cpath"])
        .bad(&["lua-prepend-path", "lua-prepend-path x x", "lua-prepend-path x path x"])
        .set(|_, a| match a.str(1) {
            "" | "path" | "cpath" => Ok(()),
            _ => Err(a.bad(1, "'lua-prepend-path' expects <type> to either be 'path' or 'cpath'")),
        }),
    Row::new("tune.lua.bool-sample-conversion", Sections::GLOBAL)
        .usage("{ normal | pre-3.1-bug }")
        .shape(Shape::OneOf(&["normal", "pre-3.1-bug"]))
        .doc("Whether Lua sees boolean samples as booleans or as 0 and 1.")
        .since(3, 2)
        .not_yet("Lua")
        .ok(&[
            "tune.lua.bool-sample-conversion normal",
            "tune.lua.bool-sample-conversion pre-3.1-bug",
        ])
        .bad(&["tune.lua.bool-sample-conversion", "tune.lua.bool-sample-conversion other"]),
    Row::new("tune.lua.burst-timeout", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Longest uninterrupted run of a Lua function.")
        .since(2, 8)
        .not_yet("Lua")
        .ok(&["tune.lua.burst-timeout 100ms"])
        .bad(&["tune.lua.burst-timeout", "tune.lua.burst-timeout 5x"]),
    Row::new("tune.lua.forced-yield", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Lua instructions after which a script gives way.")
        .not_yet("Lua")
        .ok(&["tune.lua.forced-yield 10"])
        .bad(&["tune.lua.forced-yield", "tune.lua.forced-yield many"]),
    Row::new("tune.lua.log.loggers", Sections::GLOBAL)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Whether what scripts log goes to the proxy's log targets.")
        .since(2, 9)
        .not_yet("Lua")
        .ok(&["tune.lua.log.loggers on", "tune.lua.log.loggers off"])
        .bad(&["tune.lua.log.loggers", "tune.lua.log.loggers maybe"]),
    Row::new("tune.lua.log.stderr", Sections::GLOBAL)
        .usage("{ on | auto | off }")
        .shape(Shape::OneOf(&["on", "auto", "off"]))
        .doc("Whether what scripts log goes to standard error.")
        .since(2, 9)
        .not_yet("Lua")
        .ok(&["tune.lua.log.stderr on", "tune.lua.log.stderr auto", "tune.lua.log.stderr off"])
        .bad(&["tune.lua.log.stderr", "tune.lua.log.stderr other"]),
    Row::new("tune.lua.maxmem", Sections::GLOBAL)
        .usage("<megabytes>")
        .shape(Shape::Number(0, i64::MAX))
        .doc("Memory that Lua may use; 0 means no limit.")
        .not_yet("Lua")
        .ok(&["tune.lua.maxmem 10"])
        .bad(&["tune.lua.maxmem", "tune.lua.maxmem many"]),
    Row::new("tune.lua.openlibs", Sections::GLOBAL)
        .usage("{ all | none | <lib>[,...] }")
        .shape(Shape::Word("one word"))
        .doc("Which of Lua's standard libraries scripts may use.")
        .since(3, 4)
        .not_yet("Lua")
        .ok(&["tune.lua.openlibs none", "tune.lua.openlibs string,math"])
        .bad(&["tune.lua.openlibs", "tune.lua.openlibs one two"]),
    Row::new("tune.lua.service-timeout", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Longest run of a Lua service.")
        .not_yet("Lua")
        .ok(&["tune.lua.service-timeout 100ms"])
        .bad(&["tune.lua.service-timeout", "tune.lua.service-timeout 5x"]),
    Row::new("tune.lua.session-timeout", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Longest run of a Lua action or fetch.")
        .not_yet("Lua")
        .ok(&["tune.lua.session-timeout 100ms"])
        .bad(&["tune.lua.session-timeout", "tune.lua.session-timeout 5x"]),
    Row::new("tune.lua.task-timeout", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Longest run of a Lua task.")
        .not_yet("Lua")
        .ok(&["tune.lua.task-timeout 100ms"])
        .bad(&["tune.lua.task-timeout", "tune.lua.task-timeout 5x"]),
];
