//! Threads and processors: where workers run.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::reader::Reader;
use crate::shape::{Shape, list};
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
        .ok(&["cpu-affinity per-core", "cpu-affinity per-group loose"])
        .bad(&[
            "cpu-affinity",
            "cpu-affinity x",
            "cpu-affinity per-core auto",
            "cpu-affinity per-group x",
        ])
        .set(affinity),
    Row::new("cpu-policy", Sections::GLOBAL)
        .usage("<policy> [threads-per-core { 1 | auto }]")
        .shape(Shape::Words(1, 3))
        .doc("How processors are chosen and grouped.")
        .since(3, 2)
        .not_yet("processor policies")
        .ok(&["cpu-policy none", "cpu-policy group-by-cluster threads-per-core 1"])
        .bad(&[
            "cpu-policy",
            "cpu-policy x",
            "cpu-policy none x",
            "cpu-policy none threads-per-core",
            "cpu-policy none threads-per-core 2",
        ])
        .set(policy),
    Row::new("cpu-set", Sections::GLOBAL)
        .usage("<directive>...")
        .shape(Shape::Words(1, 64))
        .doc("Which processors may be used at all.")
        .since(3, 2)
        .not_yet("processor policies")
        .ok(&["cpu-set drop-cpu 0", "cpu-set reset", "cpu-set reset only-node 0-1,3 drop-thread 1"])
        .bad(&[
            "cpu-set",
            "cpu-set x",
            "cpu-set drop-cpu",
            "cpu-set drop-cpu x",
            "cpu-set reset only-cpu 0 y",
        ])
        .set(set),
    Row::new("max-threads-per-group", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Number(1, 64))
        .doc("Threads of one group.")
        .since(3, 4)
        .no_effect("workers are not grouped")
        .ok(&["max-threads-per-group 1"])
        .bad(&["max-threads-per-group many", "max-threads-per-group", "max-threads-per-group 65"]),
    Row::new("thread-group", Sections::GLOBAL)
        .usage("<group> [<thread-range>...]")
        .shape(Shape::Words(1, 64))
        .doc("Which threads make a group.")
        .since(2, 5)
        .no_effect("workers are not grouped")
        .ok(&["thread-group 1 1-4"])
        .bad(&[
            "thread-group",
            "thread-group x",
            "thread-group 0",
            "thread-group 1 x",
            "thread-group 33",
        ])
        .set(group),
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
        .shape(Shape::Number(1, i16::MAX as i64))
        .doc("Threads at most: fewer are started where the machine or `nbthread` asks for more.")
        .since(3, 0)
        .set(|cx, a| {
            cx.global.thread_limit = usize::try_from(a.number()).ok();
            Ok(())
        })
        .ok(&["thread-hard-limit 10"])
        .bad(&[
            "thread-hard-limit 100000",
            "thread-hard-limit",
            "thread-hard-limit many",
            "thread-hard-limit 0",
        ]),
    Row::new("numa-cpu-mapping", Sections::GLOBAL)
        .shape(Shape::Words(0, 0))
        .lenient()
        .doc("Binds the process to one NUMA node when nothing else is said.")
        .negatable()
        .no_effect("workers are not bound to processors unless asked")
        .ok(&["numa-cpu-mapping extra", "numa-cpu-mapping"]),
];

const POLICIES: &[&str] = &[
    "none",
    "performance",
    "group-by-ccx",
    "group-by-2-ccx",
    "group-by-3-ccx",
    "group-by-4-ccx",
    "group-by-cluster",
    "group-by-2-clusters",
    "group-by-3-clusters",
    "group-by-4-clusters",
    "efficiency",
    "resource",
    "first-usable-node",
];

fn policy(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    one_of(a, 0, POLICIES)?;
    if a.len() > 1 {
        one_of(a, 1, &["threads-per-core"])?;
        one_of(a, 2, &["1", "auto"])?;
    }
    Ok(())
}

fn affinity(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    one_of(a, 0, &["per-core", "per-group", "per-thread", "per-ccx", "auto"])?;
    match a.len() {
        1 => Ok(()),
        _ if a.str(0) == "per-group" => one_of(a, 1, &["loose", "auto"]),
        _ => Err(a.bad(1, format!("'{}' : '{}' takes no argument.", a.name, a.str(0)))),
    }
}

/// Directives that a set of numbers follows.
const SETS: &[&str] = &[
    "only-cpu",
    "drop-cpu",
    "only-node",
    "drop-node",
    "only-cluster",
    "drop-cluster",
    "only-core",
    "drop-core",
    "only-thread",
    "drop-thread",
];

fn set(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut i = 0;
    while i < a.len() {
        if a.str(i) == "reset" {
            i += 1;
            continue;
        }
        one_of(a, i, SETS)?;
        let numbers = a.str(i + 1);
        if !numbers.split(',').all(is_range) {
            let at = i + usize::from(!numbers.is_empty());
            return Err(a.bad(
                at,
                format!("'{} {}' expects numbers and ranges of them, such as 0-3,8.", a.name, a.str(i)),
            ));
        }
        i += 2;
    }
    Ok(())
}

fn group(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if !a.str(0).parse::<u32>().is_ok_and(|n| (1..=32).contains(&n)) {
        return Err(a.bad(0, format!("'{}' expects a group between 1 and 32, found '{}'.", a.name, a.show(0))));
    }
    match (1..a.len()).find(|i| !is_range(a.str(*i))) {
        Some(i) => Err(a.bad(i, format!("'{}' expects threads such as 1-4, found '{}'.", a.name, a.show(i)))),
        None => Ok(()),
    }
}

fn is_range(text: &str) -> bool {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let number = |t: &str| t.parse::<u32>().ok();
    number(from).is_some() && (to.is_empty() || number(to) >= number(from))
}

fn one_of(a: &Args<'_>, i: usize, words: &[&str]) -> Result<(), Diagnostic> {
    if words.contains(&a.str(i)) {
        return Ok(());
    }
    let message = format!("'{}' expects {}, found '{}'.", a.name, list(words), a.show(i));
    Err(if i < a.len() { a.bad(i, message) } else { a.missing(message) })
}
