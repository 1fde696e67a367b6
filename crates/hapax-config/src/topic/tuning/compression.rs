//! Compression: limits and zlib's parameters.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "compression",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("tune.comp.maxlevel", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(1, 9))
        .doc("Highest compression level; 1 by default.")
        .ok(&["tune.comp.maxlevel 1"])
        .bad(&[
            "tune.comp.maxlevel",
            "tune.comp.maxlevel many",
            "tune.comp.maxlevel 10",
            "tune.comp.maxlevel 0",
        ])
        .set(|cx, a| {
            cx.global.comp_level = a.number() as u8;
            Ok(())
        }),
    Row::new("tune.zlib.memlevel", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(1, 9))
        .doc("zlib's memory level.")
        .no_effect("the compressor sizes its own memory")
        .ok(&["tune.zlib.memlevel 1"])
        .bad(&[
            "tune.zlib.memlevel",
            "tune.zlib.memlevel many",
            "tune.zlib.memlevel 10",
            "tune.zlib.memlevel 0",
        ]),
    Row::new("tune.zlib.windowsize", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(8, 15))
        .doc("zlib's window size.")
        .no_effect("the compressor sizes its own memory")
        .ok(&["tune.zlib.windowsize 8"])
        .bad(&[
            "tune.zlib.windowsize",
            "tune.zlib.windowsize many",
            "tune.zlib.windowsize 16",
            "tune.zlib.windowsize 7",
        ]),
    Row::new("maxcomprate", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Kilobytes per second that may be compressed; 0 means no limit.")
        .ok(&["maxcomprate 10"])
        .bad(&["maxcomprate 1 2", "maxcomprate"])
        .set(|cx, a| {
            cx.global.comp_rate = (a.number().max(0) as u64).saturating_mul(1024);
            Ok(())
        }),
    Row::new("maxcompcpuusage", Sections::GLOBAL)
        .usage("<percent>")
        .shape(Shape::Lax(0, 100))
        .doc("CPU use above which compression is reduced.")
        .ok(&["maxcompcpuusage 100"])
        .bad(&["maxcompcpuusage", "maxcompcpuusage 101"])
        .set(|cx, a| {
            cx.global.comp_cpu = a.number() as u8;
            Ok(())
        }),
    Row::new("maxzlibmem", Sections::GLOBAL)
        .usage("<megabytes>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Memory that zlib may use.")
        .no_effect("the compressor's memory is bounded by the connections")
        .ok(&["maxzlibmem 10"])
        .bad(&["maxzlibmem 1 2", "maxzlibmem"]),
];
