//! Commands that tell of the process.

use hapax_runtime::stats::info;

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["show", "info"],
        User,
        "show info [desc|json|typed|float]*",
        "tell of the running process",
        show_info
    ),
    row!(&["show", "version"], User, "show version", "show the version", |c| Answer::Text(
        format!(
            "{}
",
            c.control.facts().version
        )
    )),
    row!(
        &["show", "env"],
        Operator,
        "show env [var]",
        "show the environment of the process",
        show_env
    ),
    row!(
        &["show", "startup-logs"],
        Operator,
        "show startup-logs",
        "show what was said while starting",
        |c| { Answer::Text(c.control.startup_logs()) }
    ),
    Command {
        support: Support::Partial("threads are listed without per-event counters"),
        ..row!(&["show", "activity"], User, "show activity", "show what the threads do", activity)
    },
    Command {
        support: Support::Partial("one line for the whole process: there are no pools"),
        ..row!(&["show", "pools"], User, "show pools", "show the use of memory", pools)
    },
    Command {
        support: Support::Partial("refused messages are not kept"),
        ..row!(
            &["show", "errors"],
            Operator,
            "show errors [<px>] [request|response]",
            "show the last messages that were refused",
            errors
        )
    },
    row!(
        &["show", "schema", "json"],
        User,
        "show schema json",
        "describe the JSON of show stat and show info",
        |_| { Answer::Text(format!("{SCHEMA}\n")) }
    ),
];

fn show_info(c: &mut Call<'_>) -> Answer {
    let has = |w: &str| c.args().iter().any(|a| a == w);
    let lines = info::info(c.control.shared(), &c.control.facts(), has("float"), c.control.now_us());
    let mut out = String::new();
    if has("json") {
        info::json(&lines, has("desc"), &mut out);
    } else if has("typed") {
        info::typed(&lines, has("desc"), &mut out);
    } else {
        info::plain(&lines, has("desc"), &mut out);
    }
    Answer::Text(out)
}

fn show_env(c: &mut Call<'_>) -> Answer {
    let env = &c.control.shared().plan.global.env;
    let wanted = c.arg(0);
    let mut out = String::new();
    for (name, value) in env.iter().filter(|(name, _)| wanted.is_empty() || name == wanted) {
        put!(out, "{name}={value}\n");
    }
    if out.is_empty() && !wanted.is_empty() {
        return Answer::err("Variable not found");
    }
    Answer::Text(out)
}

fn activity(c: &mut Call<'_>) -> Answer {
    let now = c.control.now_us();
    let threads = c.control.shared().workers;
    Answer::Text(format!(
        "thread_id: 1 (1..{threads})\ndate_now: {}.{:06}\n",
        now / 1_000_000,
        now % 1_000_000
    ))
}

fn pools(c: &mut Call<'_>) -> Answer {
    let memory = c.control.facts().memory;
    Answer::Text(format!(
        "Dumping pools usage. Use SIGQUIT to flush them.\nTotal: 0 pools, {memory} bytes allocated, {memory} used.\n"
    ))
}

fn errors(c: &mut Call<'_>) -> Answer {
    let (name, shared) = (c.arg(0), c.control.shared());
    // By number, any will do.
    let known = name.parse::<i64>().is_ok() || shared.every_proxy().any(|(_, p)| *p.name == *name);
    if !name.is_empty() && !known {
        return Answer::err("No such proxy.");
    }
    let date = hapax_runtime::stats::local_date(c.control.now_us());
    Answer::Text(format!("Total events captured on [{date}] : 0\n"))
}

/// JSON schema of the JSON outputs.
const SCHEMA: &str = include_str!("info/schema.json");
