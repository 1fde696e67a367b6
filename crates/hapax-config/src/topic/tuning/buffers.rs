//! Buffers, pools and memory: how much is kept for data in flight and for reuse.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "buffers",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("tune.bufsize.large", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc(
            "Size of the large buffers that hold what does not fit in `tune.bufsize`, such as a long request \
being inspected. There are none by default.",
        )
        .since(3, 4)
        .ok(&["tune.bufsize.large 64k"])
        .bad(&["tune.bufsize.large", "tune.bufsize.large big", "tune.bufsize.large 4g"])
        .set(|cx, a| {
            if a.size() == 0 {
                return Err(a.bad(0, format!("'{}' expects a positive size.", a.name)));
            }
            cx.global.bufsize_large = a.size() as usize;
            Ok(())
        }),
    Row::new("tune.bufsize.small", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Size of the small buffers used where an ordinary one would be mostly empty.")
        .since(3, 1)
        .no_effect("request heads borrow ordinary buffers; there is no pool of small ones")
        .set(|_, a| match a.size() {
            0 => Err(a.bad(0, format!("'{}' expects a positive integer argument.", a.name))),
            _ => Ok(()),
        })
        .ok(&["tune.bufsize.small 64k"])
        .bad(&[
            "tune.bufsize.small 0",
            "tune.bufsize.small",
            "tune.bufsize.small big",
            "tune.bufsize.small 4g",
        ]),
    Row::new("tune.buffers.limit", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Highest number of buffers a process may allocate; 0 means no limit.")
        .no_effect(
            "buffers are borrowed only while they hold data, so that their number is bounded by the \
connections",
        )
        .ok(&["tune.buffers.limit 10"])
        .bad(&["tune.buffers.limit 1 2"]),
    Row::new("tune.buffers.reserve", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, i64::MAX))
        .doc("Buffers set aside for requests that must finish when memory is short.")
        .no_effect("there is no buffer reserve: connections that are short of memory do not share one")
        .ok(&["tune.buffers.reserve 10"])
        .bad(&["tune.buffers.reserve 1 2"]),
    Row::new("tune.chksize", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Words(1, 1))
        .doc("Size of the buffer of health checks.")
        .until(
            2,
            5,
            "option 'tune.chksize' is not supported any more (tune.bufsize is used instead).",
        )
        .no_effect("health checks use the ordinary buffers")
        .ok(&["tune.chksize 16384"])
        .bad(&["tune.chksize", "tune.chksize x x"]),
    Row::new("tune.recv_enough", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Bytes after which a read stops trying to get more.")
        .no_effect("a read takes what is there, in one call")
        .ok(&["tune.recv_enough 64k"])
        .bad(&["tune.recv_enough", "tune.recv_enough big"]),
    Row::new("tune.memory.hot-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(1, i64::MAX))
        .doc("Memory each thread keeps in its private cache.")
        .since(2, 8)
        .no_effect("the allocator keeps its own per-thread caches")
        .ok(&["tune.memory.hot-size 10"])
        .bad(&["tune.memory.hot-size", "tune.memory.hot-size many"]),
    Row::new("tune.fail-alloc", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::OptLax(0, 100))
        .doc("Debugging: chance in percent that an allocation fails on purpose.")
        .no_effect("failures of the allocator are not simulated")
        .ok(&["tune.fail-alloc 100"])
        .bad(&["tune.fail-alloc 101", "tune.fail-alloc 1 2"]),
    Row::new("tune.pattern.cache-size", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Entries of the look-up cache of slow pattern methods; 0 disables it.")
        .no_effect("pattern look-ups are indexed and not cached")
        .ok(&["tune.pattern.cache-size 10"])
        .bad(&["tune.pattern.cache-size"]),
    Row::new("tune.pipesize", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Size of the kernel pipes that splicing moves data through.")
        .not_yet("pipe sizing")
        .ok(&["tune.pipesize 64k"])
        .bad(&["tune.pipesize", "tune.pipesize big", "tune.pipesize 4g"]),
    Row::new("tune.defaults.purge", Sections::GLOBAL)
        .usage("[{ all | none | <kind>[,...] }]")
        .shape(Shape::OptWord("one word"))
        .doc("Frees the `defaults` sections after start.")
        .since(3, 4)
        .set(|cx, a| {
            if let Some(other) = a.str(0).split(',').find(|k| !matches!(*k, "all" | "none" | "proxies" | "servers")) {
                let known = a.is_empty() && cx.opts.for_version.is_none();
                if !known {
                    return Err(a.bad(0, format!("'{}' unknown directive '{other}'.", a.name)));
                }
            }
            let kinds = || a.str(0).split(',').any(|k| matches!(k, "all" | "proxies"));
            cx.defaults_purged = a.str(0) != "none" && (a.is_empty() || kinds());
            Ok(())
        })
        .ok(&[
            "tune.defaults.purge",
            "tune.defaults.purge all",
            "tune.defaults.purge proxies,servers",
        ])
        .bad(&["tune.defaults.purge one two"]),
    Row::new("tune.events.max-events-at-once", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(1, 10000))
        .doc("Internal events handled before giving way to other work.")
        .since(2, 9)
        .no_effect("internal events are handled where they occur")
        .ok(&["tune.events.max-events-at-once 10000"])
        .bad(&[
            "tune.events.max-events-at-once",
            "tune.events.max-events-at-once many",
            "tune.events.max-events-at-once 10001",
        ]),
    Row::new("tune.ring.queues", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::OptLax(0, 16))
        .doc("Write queues of a ring buffer.")
        .since(3, 0)
        .no_effect("rings are written without queues")
        .ok(&["tune.ring.queues 10"])
        .bad(&["tune.ring.queues 17", "tune.ring.queues -1"]),
    Row::new("tune.cli.max-payload-size", Sections::GLOBAL)
        .usage("<size>")
        .shape(Shape::Size32)
        .doc("Largest payload a command of the runtime API may carry.")
        .since(3, 4)
        .set(|cx, a| {
            cx.global.max_payload = Some(a.size() as usize);
            Ok(())
        })
        .ok(&["tune.cli.max-payload-size 64k"])
        .bad(&[
            "tune.cli.max-payload-size",
            "tune.cli.max-payload-size big",
            "tune.cli.max-payload-size 4g",
        ]),
];
