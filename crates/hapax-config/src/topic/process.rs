//! The process as `global` describes it: identity, limits, threads, files (manual, 3.1).

use std::sync::Arc;

use hapax_diag::{Diagnostic, Severity};
use hapax_sample::Needs;
use hapax_sample::logformat::LogFormat;
use hapax_sample::vars::process::{ProcessVar, Source};
use hapax_sample::vars::{VarId, VarScope};

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::once::Once;
use crate::paths::PathPolicy;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

mod cpu_map;
mod identity;

pub(super) static TOPIC: Topic = Topic {
    name: "process",
    rows: ROWS,
    inherit: no_inherit,
};

pub(super) static IDENTITY: Topic = Topic {
    name: "identity",
    rows: identity::ROWS,
    inherit: no_inherit,
};

const fn global(name: &'static str) -> Row {
    Row::new(name, Sections::GLOBAL)
}

/// Threads that one process may have.
pub(crate) const MAX_THREADS: i64 = 1024;

static ROWS: &[Row] = &[
    global("daemon")
        .read_first()
        .shape(Shape::Nothing)
        .doc("Runs in the background.")
        .ok(&["daemon"])
        .bad(&["daemon on"])
        .set(|cx, _| {
            cx.global.daemon = true;
            Ok(())
        }),
    global("quiet")
        .read_first()
        .shape(Shape::Nothing)
        .doc("Writes no message at start.")
        .ok(&["quiet"])
        .bad(&["quiet on"])
        .set(|cx, _| {
            cx.global.quiet = true;
            Ok(())
        }),
    global("zero-warning")
        .read_first()
        .shape(Shape::Nothing)
        .doc("Refuses to start when the configuration has warnings.")
        .ok(&["zero-warning"])
        .bad(&["zero-warning on"])
        .set(|cx, _| {
            cx.global.zero_warning = true;
            Ok(())
        }),
    global("master-worker")
        .read_first()
        .usage("[no-exit-on-failure]")
        .doc(
            "Asked for a master process, as `-W` on the command line does; what is left is how it takes the \
end of a worker.",
        )
        .no_effect("the command line decides on a master, and its workers live on when one fails")
        .ok(&["master-worker no-exit-on-failure", "master-worker"])
        .bad(&["master-worker exit"])
        .set(master_worker),
    global("nbproc")
        .usage("<number>")
        .shape(Shape::Any)
        .until(
            2,
            5,
            "nbproc is not supported any more since HAProxy 2.5. Threads will automatically be used on multi-processor machines if \
             available.",
        )
        .no_effect("threads do the work")
        .doc("Asked for several processes; threads do the work.")
        .ok(&["nbproc 2"]),
    global("nbthread")
        .usage("<number>")
        .shape(Shape::Any)
        .doc("Threads to run; one for each usable processor by default.")
        .ok(&["nbthread 4"])
        .bad(&["nbthread", "nbthread x", "nbthread 0", "nbthread 2 3"])
        .set(nbthread),
    global("maxconn")
        .once(Once::LOUD)
        .usage("<number>")
        .shape(Shape::Any)
        .doc("Most connections of all clients together.")
        .ok(&["maxconn -1", "maxconn 2000"])
        .bad(&["maxconn many", "maxconn", "maxconn 1 2"])
        .set(maxconn),
    global("ulimit-n")
        .once(Once::LOUD)
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Most open files; derived from `maxconn` by default.")
        .ok(&["ulimit-n 65536"])
        .bad(&["ulimit-n 1 2", "ulimit-n"])
        .set(|cx, a| {
            cx.global.ulimit_n = Some(a.number().max(0) as u32);
            Ok(())
        }),
    global("pidfile")
        .read_first()
        .once(Once::WARNED)
        .usage("<file>")
        .shape(Shape::Any)
        .doc("File that the process's number is written to.")
        .ok(&["pidfile /run/haproxy.pid"])
        .bad(&["pidfile", "pidfile a b"])
        .set(|cx, a| {
            let file = path(a, "a file name")?;
            cx.global.pidfile = Some(file);
            Ok(())
        }),
    global("chroot")
        .once(Once::WARNED.spelled_out())
        .usage("<directory>")
        .shape(Shape::Any)
        .doc("Directory the process locks itself into once it has opened its files and sockets.")
        .ok(&["chroot /var/empty"])
        .bad(&["chroot"])
        .set(|cx, a| {
            cx.global.chroot = Some(path(a, "a directory")?);
            Ok(())
        }),
    global("node")
        .usage("<name>")
        .shape(Shape::Any)
        .doc("Name of this instance, shown in statistics; the host's name by default.")
        .ok(&["node lb-1"])
        .bad(&["node", "node a!b"])
        .set(node),
    global("description")
        .usage("<text>")
        .shape(Shape::Any)
        .doc("Text shown on the statistics page.")
        .ok(&["description the front door"])
        .bad(&["description"])
        .set(|cx, a| {
            cx.global.description = Some(text(a)?);
            Ok(())
        }),
    global("hard-stop-after")
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("Longest time a stopping process waits for its last connections.")
        .ok(&["hard-stop-after 1s 2", "hard-stop-after 30s"])
        .bad(&["hard-stop-after", "hard-stop-after soon"])
        .set(|cx, a| {
            cx.global.hard_stop_after = Some(a.millis());
            Ok(())
        }),
    global("grace")
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("Time between SIGUSR1 and the soft stop: connections are still accepted, and the fetch `stopping` already tells.")
        .ok(&["grace 1 2", "grace 5s"])
        .bad(&["grace", "grace soon"])
        .set(|cx, a| {
            cx.global.grace = Some(a.millis());
            Ok(())
        }),
    global("spread-checks")
        .once(Once::LOUD.called("spread-checks"))
        .usage("<percent>")
        .shape(Shape::Lax(0, 50))
        .doc("Random part added to and taken from the interval of health checks, in percent.")
        .ok(&["spread-checks 5"])
        .bad(&["spread-checks -1", "spread-checks", "spread-checks 51"])
        .set(|cx, a| {
            cx.global.spread_checks = a.number() as u32;
            Ok(())
        }),
    global("cpu-map")
        .usage("[auto:]<threads> <cpus>...")
        .shape(Shape::Any)
        .doc("Processors that threads run on.")
        .ok(&["cpu-map 1 0", "cpu-map auto:1/1-4 0-3", "cpu-map all 0-3", "cpu-map 1/odd 0,2"])
        .bad(&["cpu-map", "cpu-map 1", "cpu-map x 0", "cpu-map 1 x"])
        .set(cpu_map::set),
    global("tune.bufsize")
        .usage("<size>")
        .shape(Shape::Size)
        .doc("Bytes of one buffer: the longest request head, and the reach of rules that look at content.")
        .ok(&["tune.bufsize 16384", "tune.bufsize 32k"])
        .bad(&[
            "tune.bufsize 4g",
            "tune.bufsize 256m",
            "tune.bufsize",
            "tune.bufsize x",
            "tune.bufsize 0",
        ])
        .set(|cx, a| {
            if a.size() == 0 {
                return Err(a.bad(0, "'tune.bufsize' expects a positive integer argument."));
            }
            if a.size() > 2_147_483_631 {
                return Err(a.bad(0, "'tune.bufsize' expects a size in bytes from 0 to 2147483631."));
            }
            if a.size() >= 256 << 20 {
                let size = a.size();
                return Err(a.bad(
                    0,
                    format!("global.tune.bufsize must be below 256 MB when HTTP is in use (current value = {size})."),
                ));
            }
            // Two pointers' alignment, as HAProxy rounds it.
            cx.global.bufsize = (a.size() as usize).next_multiple_of(16);
            Ok(())
        }),
    global("tune.maxrewrite")
        .usage("<size>")
        .shape(Shape::Lax(0, i64::MAX))
        .doc("Room left in a buffer for headers that rules add.")
        .ok(&["tune.maxrewrite 1024"])
        .bad(&["tune.maxrewrite -1", "tune.maxrewrite"])
        .set(|cx, a| {
            cx.global.maxrewrite = a.number() as usize;
            Ok(())
        }),
    global("tune.http.logurilen")
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("How much of a request line is kept for logs and captures; 1023 bytes where nothing is said.")
        .ok(&["tune.http.logurilen 4096"])
        .bad(&["tune.http.logurilen"])
        .set(|cx, a| {
            cx.global.logged_line = usize::try_from(a.number()).unwrap_or_default().max(1);
            Ok(())
        }),
    global("tune.maxaccept")
        .once(Once::WARNED)
        .usage("<number>")
        .shape(Shape::Lax(-1, i32::MAX as i64))
        .doc("Connections accepted in one go.")
        .no_effect("workers accept one connection at a time and share the rest")
        .ok(&["tune.maxaccept 64", "tune.maxaccept -1"])
        .bad(&["tune.maxaccept", "tune.maxaccept -2"]),
    global("localpeer")
        .read_first()
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Our own name among the peers; the host's name by default.")
        .ok(&["localpeer east"])
        .bad(&["localpeer", "localpeer a b"])
        .set(local_peer),
    global("default-path")
        .usage("{ current | config | parent | origin <path> }")
        .doc(
            "What relative file names start from: the working directory, or the folder of the file that names \
them.",
        )
        .ok(&[
            "default-path current",
            "default-path config",
            "default-path parent",
            "default-path origin /etc",
        ])
        .bad(&["default-path", "default-path here", "default-path origin"])
        .set(default_path),
    global("set-var")
        .usage("<name> <expression>")
        .doc("Sets a variable of the whole process when it starts.")
        .ok(&["set-var proc.limit int(10)"])
        .bad(&[
            "set-var",
            "set-var proc.limit",
            "set-var txn.limit int(10)",
            "set-var proc.limit nothing_known",
            "set-var proc.limit path",
        ])
        .set(set_var),
    global("set-var-fmt")
        .since(2, 5)
        .usage("<name> <format>")
        .doc("Sets a variable of the whole process when it starts, from a log format.")
        .ok(&["set-var-fmt proc.name %H"])
        .bad(&[
            "set-var-fmt",
            "set-var-fmt proc.name",
            "set-var-fmt txn.name x",
            "set-var-fmt proc.name %[path]",
        ])
        .set(set_var_fmt),
    global("tune.http.maxhdr")
        .usage("<number>")
        .shape(Shape::Lax(1, 32767))
        .doc("Most header fields of one message.")
        .ok(&["tune.http.maxhdr 101"])
        .bad(&["tune.http.maxhdr", "tune.http.maxhdr 0", "tune.http.maxhdr 32768"])
        .set(|cx, a| {
            cx.global.maxhdr = a.number() as usize;
            Ok(())
        }),
];

fn master_worker(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    const GONE: &str = "support for 'master-worker' was removed in version 3.5. Use -W or -Ws in the startup script \
instead.";
    match a.str(0) {
        "no-exit-on-failure" => a.at_most(1),
        "" if cx.opts.for_version.is_some_and(|v| v >= (3, 5)) => Err(Diagnostic::alert(&codes::REMOVED, GONE).at(a.span)),
        "" => {
            if cx.opts.for_version.is_none() {
                cx.diags.push(Diagnostic::warning(&codes::REMOVED, GONE).at(a.span));
            }
            Ok(())
        }
        other => Err(a.bad(
            0,
            format!("'master-worker' only supports 'no-exit-on-failure' option, found '{other}'."),
        )),
    }
}

#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn local_peer(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let why = if cx.opts.local_peer.is_some() {
        "it is already set by using the '-L' command line argument."
    } else if cx.peers.is_empty() {
        cx.local_peer = a.arc_str(0);
        cx.env.set(b"HAPROXY_LOCALPEER", a.bytes(0));
        return Ok(());
    } else {
        "it is used after 'peers' section."
    };
    let message = format!("'localpeer' ignored since {why}");
    cx.diags.push(Diagnostic::warning(&codes::FALLBACK, message).at(a.span));
    Ok(())
}

fn default_path(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let (words, policy) = match a.str(0) {
        "current" => (1, PathPolicy::Current),
        "config" => (1, PathPolicy::Config),
        "parent" => (1, PathPolicy::Parent),
        "origin" if a.bytes(1).is_empty() => return Err(a.missing("'default-path origin' expects a directory as an argument.")),
        "origin" => (2, PathPolicy::Origin(a.show(1))),
        other => {
            let message = format!(
                "'default-path' : unknown policy '{other}', only 'current', 'config', 'parent' and 'origin' are \
supported."
            );
            return Err(a.bad(0, message));
        }
    };
    if a.len() > words {
        let d = Diagnostic::new(
            &codes::BAD_ARGUMENT,
            Severity::Note,
            "'default-path' does not look at what stands here",
        );
        cx.diags.push(d.at(a.at(words)));
    }
    cx.paths.set_policy(policy);
    // What was read so far is known by names that mean other files from here on.
    cx.certs.forget();
    Ok(())
}

fn set_var(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() < 2 {
        return Err(a.missing("'set-var' requires a process-wide variable name ('proc.<name>') and a sample expression."));
    }
    let var = process_var(cx, a)?;
    let (expr, _) = cx.expr(a, 1)?;
    if !expr.needs().intersects(Needs::CFG) {
        let message = format!(
            "fetch method 'set-var({})' extracts information from '{}', none of which is available here",
            a.str(0),
            expr.fetch().source()
        );
        return Err(a.bad(1, message));
    }
    let source = Source::Expr(expr);
    cx.global.start_vars.push(Arc::new(ProcessVar { var, source }));
    Ok(())
}

fn set_var_fmt(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() < 2 {
        return Err(a.missing("'set-var-fmt' requires a process-wide variable name ('proc.<name>') and a format string."));
    }
    let var = process_var(cx, a)?;
    let format = LogFormat::compile_text(a.bytes(1), a.at(1), &mut cx.compile())?;
    if let Some(why) = format.misplaced(Needs::CFG) {
        return Err(a.bad(1, why));
    }
    let source = Source::Format(format);
    cx.global.start_vars.push(Arc::new(ProcessVar { var, source }));
    Ok(())
}

/// The variable that the first argument names.
fn process_var(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<VarId, Diagnostic> {
    let var = cx.vars.intern(a.str(0)).map_err(|e| a.bad(0, e))?;
    if var.scope == VarScope::Proc {
        return Ok(var);
    }
    let message = format!(
        "'{}': cannot set variable '{}', only scope 'proc' is permitted in the global section.",
        a.name,
        a.show(0)
    );
    Err(a.bad(0, message))
}

/// Refuses a value that was given before.
/// Up to 2.6 as C reads numbers, as far as there are digits.
fn maxconn(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'maxconn' expects an integer argument."));
    }
    a.at_most(1)?;
    let lax = cx.opts.for_version.is_some_and(|v| v < (2, 7));
    let number = match a.str(0).parse::<i64>() {
        Ok(n) => n,
        Err(_) if lax => hapax_value::leading_number(a.str(0)),
        Err(_) => return Err(a.bad(0, format!("'maxconn' expects an integer argument, found '{}'.", a.show(0)))),
    };
    cx.global.maxconn = u32::try_from(number as i32).ok().filter(|n| *n > 0);
    Ok(())
}

fn path(a: &Args<'_>, what: &str) -> Result<String, Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("'{}' expects {what} as an argument.", a.name)));
    }
    a.at_most(1)?;
    Ok(a.show(0))
}

/// All the words, one space between them.
pub(crate) fn text(a: &Args<'_>) -> Result<String, Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("'{}' expects a string argument.", a.name)).tight());
    }
    let words: Vec<String> = (0..a.len()).map(|i| a.show(i)).collect();
    Ok(words.join(" "))
}

fn nbthread(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    a.at_most(1)?;
    let n: i64 = a.str(0).parse().map_err(|_| {
        a.bad(
            0,
            format!("'nbthread' passed a missing or unparsable integer value in '{}'", a.show(0)),
        )
    })?;
    if !(1..=MAX_THREADS).contains(&n) {
        return Err(a.bad(0, format!("'nbthread' value must be between 1 and {MAX_THREADS} (was {n})")));
    }
    cx.global.nbthread = Some(n as u32);
    Ok(())
}

fn node(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let name = a.str(0);
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if name.is_empty() || !name.bytes().all(fine) || a.len() > 1 {
        return Err(a
            .bad(
                0,
                "'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), \
hyphen(-) or underscode(_).",
            )
            .tight());
    }
    cx.global.node = Some(Arc::<str>::from(name).to_string());
    Ok(())
}
