//! Commands about the connection itself.

use std::time::Duration;

use hapax_config::plan::{SeverityOutput, SocketLevel};
use hapax_value::Support;

use super::dynamic::Awaited;
use crate::command::{Answer, Call, Command};
use crate::help;
use crate::session::Mode;

macro_rules! row {
    ($path:expr, $level:ident, $usage:literal, $doc:literal, $run:expr) => {
        Command {
            path: $path,
            level: SocketLevel::$level,
            usage: $usage,
            doc: $doc,
            support: Support::Full,
            run: $run,
        }
    };
}
pub(super) use row;

pub(super) static ROWS: &[Command] = &[
    row!(&["help"], User, "help [<command>]", "list all commands, or those that match", |c| {
        Answer::Text(help::list(c.args(), c.session.level))
    }),
    row!(
        &["prompt"],
        User,
        "prompt [help | n | i | p | timed]*",
        "change the mode of the connection",
        prompt
    ),
    row!(&["quit"], User, "quit", "end the connection", |_| Answer::Quit),
    row!(&["echo"], User, "echo <text>", "print the text", |c| Answer::Text(format!(
        "{}\n",
        c.args().join(" ")
    ))),
    row!(&["operator"], Operator, "operator", "give up the admin level", |c| {
        c.session.level = SocketLevel::Operator;
        Answer::Done
    }),
    row!(&["user"], User, "user", "give up all but the user level", |c| {
        c.session.level = SocketLevel::User;
        Answer::Done
    }),
    row!(
        &["show", "cli", "level"],
        User,
        "show cli level",
        "show the level of the connection",
        |c| { Answer::Text(format!("{}\n", level_name(c.session.level))) }
    ),
    row!(
        &["show", "cli", "sockets"],
        User,
        "show cli sockets",
        "list the sockets of the runtime API",
        sockets
    ),
    row!(
        &["set", "severity-output"],
        User,
        "set severity-output [none|number|string]",
        "show the severity of messages",
        severity
    ),
    row!(
        &["set", "timeout"],
        User,
        "set timeout [cli] <delay>",
        "change how long the connection may idle",
        set_timeout
    ),
    row!(&["expert-mode"], Admin, "expert-mode [on|off]", "allow commands for experts", |c| {
        c.session.expert = switch(c.arg(0), c.session.expert);
        mode_answer(c, "Expert", c.session.expert)
    }),
    row!(
        &["experimental-mode"],
        Admin,
        "experimental-mode [on|off]",
        "allow experimental commands",
        |c| {
            c.session.experimental = switch(c.arg(0), c.session.experimental);
            mode_answer(c, "Experimental", c.session.experimental)
        }
    ),
    row!(
        &["wait"],
        User,
        "wait { -h | <delay> } [<condition>]",
        "wait for a time, or for a condition",
        wait
    ),
];

pub(super) fn level_name(level: SocketLevel) -> &'static str {
    match level {
        SocketLevel::User => "user",
        SocketLevel::Operator => "operator",
        SocketLevel::Admin => "admin",
    }
}

fn prompt(c: &mut Call<'_>) -> Answer {
    if c.args().is_empty() {
        c.session.mode = if c.session.mode == Mode::Prompt { Mode::Once } else { Mode::Prompt };
        return Answer::Done;
    }
    for word in c.args() {
        match word.as_str() {
            "n" => c.session.mode = Mode::Once,
            "i" => c.session.mode = Mode::Interactive,
            "p" => c.session.mode = Mode::Prompt,
            "timed" => {
                c.session.timed = !c.session.timed;
                if c.session.timed {
                    c.session.mode = Mode::Prompt;
                }
            }
            _ => {
                return Answer::Text(
                    "Usage: prompt [help | n | i | p | timed]*\n\
                     \x20 n      one line, then the end\n\
                     \x20 i      line after line\n\
                     \x20 p      line after line, with a prompt\n\
                     \x20 timed  show the uptime in the prompt, or not\n"
                        .into(),
                );
            }
        }
    }
    Answer::Done
}

fn sockets(c: &mut Call<'_>) -> Answer {
    let mut out = String::from("# socket lvl processes\n");
    for (address, level) in c.control.sockets() {
        put!(out, "{address} {} all\n", level_name(level));
    }
    Answer::Text(out)
}

fn severity(c: &mut Call<'_>) -> Answer {
    let Some(severity) = SeverityOutput::of(c.arg(0)) else {
        return Answer::err("one of 'none', 'number', 'string' is a required argument");
    };
    c.session.severity = severity;
    Answer::Done
}

fn set_timeout(c: &mut Call<'_>) -> Answer {
    if c.arg(0) != "cli" {
        return Answer::err("'set timeout' only supports 'cli'.");
    }
    if c.arg(1).is_empty() {
        return Answer::err("Expects an integer value.");
    }
    match delay_ms(c.arg(1), 1000) {
        Some(ms) if ms > 0 => {
            c.session.timeout_ms = ms;
            Answer::Done
        }
        _ => Answer::err("Invalid timeout value."),
    }
}

fn switch(word: &str, now: bool) -> bool {
    match word {
        "on" => true,
        "off" => false,
        _ => now,
    }
}

fn mode_answer(c: &Call<'_>, name: &str, on: bool) -> Answer {
    if c.arg(0).is_empty() {
        let state = if on { "ON" } else { "OFF" };
        return Answer::Text(format!("{name} mode is {state}\n"));
    }
    Answer::Done
}

fn wait(c: &mut Call<'_>) -> Answer {
    const USAGE: &str = "Usage: wait {-h|<duration>} [<condition> [<args>...]]\n  Waits that long, in milliseconds unless a unit says otherwise,\n  or until the condition holds:\n  - srv-removable <proxy>/<server> : the server may be removed\n  - be-removable <proxy> : the backend may be removed\n";
    if c.args().is_empty() {
        return Answer::err("Expects a duration in milliseconds.");
    }
    let known = matches!(c.arg(1), "" | "srv-removable" | "be-removable");
    if c.arg(0) == "-h" || !known {
        return Answer::Text(USAGE.into());
    }
    let Some(ms) = delay_ms(c.arg(0), 1).filter(|ms| *ms > 0) else {
        return Answer::err("Invalid duration.");
    };
    if c.args().len() > 1 {
        return match Awaited::of(c) {
            Ok(what) => await_it(c, what, ms),
            Err(a) => a,
        };
    }
    Answer::Then(Box::pin(async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Answer::info("Done.")
    }))
}

/// Looks again and again, for `ms` milliseconds at most.
fn await_it(c: &Call<'_>, what: Awaited, ms: u64) -> Answer {
    const LOOK_AGAIN: Duration = Duration::from_millis(10);
    let control = std::sync::Arc::clone(c.control);
    Answer::Then(Box::pin(async move {
        let end = tokio::time::Instant::now() + Duration::from_millis(ms);
        loop {
            match what.holds(control.shared()) {
                Ok(true) => return Answer::info("Done."),
                Ok(false) if tokio::time::Instant::now() >= end => return Answer::err("Wait delay expired."),
                Ok(false) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(why) => return Answer::err(format!("Failed. {why}")),
            }
        }
    }))
}

/// A time (manual, 2.5) in milliseconds; `unit`: of a number without one, in milliseconds.
pub(super) fn delay_ms(text: &str, unit: u64) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let n: u64 = text[..digits].parse().ok()?;
    let factor = match &text[digits..] {
        "" => unit,
        "us" => return Some(n.div_ceil(1000)),
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    n.checked_mul(factor)
}
