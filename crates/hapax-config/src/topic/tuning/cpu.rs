//! Threads and processors: where workers run.

use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::{Topic, no_inherit};

pub(in crate::topic) static TOPIC: Topic = Topic {
    name: "cpu",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("cpu-affinity", Sections::GLOBAL)
        .usage("<affinity>")
        .shape(Shape::Words(1, 2))
        .doc("How threads are bound within what `cpu-policy` chose.")
        .since(3, 4)
        .not_yet("processor policies")
        .ok(&["cpu-affinity per-core"])
        .bad(&["cpu-affinity", "cpu-affinity x x x"]),
    Row::new("cpu-policy", Sections::GLOBAL)
        .usage("<policy> [threads-per-core { 1 | auto }]")
        .shape(Shape::Words(1, 3))
        .doc("How processors are chosen and grouped.")
        .since(3, 2)
        .not_yet("processor policies")
        .ok(&["cpu-policy none", "cpu-policy group-by-cluster threads-per-core 1"])
        .bad(&["cpu-policy", "cpu-policy x x x x"]),
    Row::new("cpu-set", Sections::GLOBAL)
        .usage("<directive>...")
        .shape(Shape::Words(1, 64))
        .doc("Which processors may be used at all.")
        .since(3, 2)
        .not_yet("processor policies")
        .ok(&["cpu-set drop-cpu 0", "cpu-set reset"])
        .bad(&["cpu-set"]),
    Row::new("max-threads-per-group", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(1, 64))
        .doc("Threads of one group.")
        .since(3, 4)
        .no_effect("workers are not grouped")
        .ok(&["max-threads-per-group 1"])
        .bad(&[
            "max-threads-per-group",
            "max-threads-per-group many",
            "max-threads-per-group 65",
            "max-threads-per-group 0",
        ]),
    Row::new("thread-group", Sections::GLOBAL)
        .usage("<group> [<thread-range>...]")
        .shape(Shape::Words(1, 64))
        .doc("Which threads make a group.")
        .since(2, 5)
        .no_effect("workers are not grouped")
        .ok(&["thread-group 1 1-4"])
        .bad(&["thread-group"]),
    Row::new("thread-groups", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(1, 16))
        .doc("Number of thread groups.")
        .since(2, 5)
        .no_effect("workers are not grouped")
        .ok(&["thread-groups 1"])
        .bad(&["thread-groups", "thread-groups many", "thread-groups 17", "thread-groups 0"]),
    Row::new("thread-hard-limit", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Highest number of threads, whatever the machine has.")
        .since(3, 0)
        .not_yet("a limit on the default number of threads")
        .ok(&["thread-hard-limit 10"])
        .bad(&["thread-hard-limit", "thread-hard-limit many", "thread-hard-limit 0"]),
    Row::new("numa-cpu-mapping", Sections::GLOBAL)
        .shape(Shape::Nothing)
        .doc("Binds the process to one NUMA node when nothing else is said.")
        .negatable()
        .no_effect("workers are not bound to processors unless asked")
        .ok(&["numa-cpu-mapping"])
        .bad(&["numa-cpu-mapping extra"]),
];
