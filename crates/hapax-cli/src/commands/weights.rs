//! Weights and limits that may be changed while running.

use std::sync::atomic::Ordering::Relaxed;

use hapax_runtime::state::WorkerCommand;
use hapax_sample::{ProxyId, ServerId};

use super::own::row;
use crate::command::{Answer, Call, Command, not_yet};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["get", "weight"],
        User,
        "get weight <bk>/<srv>",
        "show a server's weight",
        get_weight
    ),
    row!(
        &["set", "weight"],
        Admin,
        "set weight <bk>/<srv>  (DEPRECATED)",
        "change a server's weight (use set server)",
        |c| {
            match c.server(c.arg(0)) {
                Ok(t) => set(c, t, c.arg(1)),
                Err(a) => a,
            }
        }
    ),
    row!(
        &["set", "maxconn", "server"],
        Admin,
        "set maxconn server <bk>/<srv> <value>",
        "change a server's maxconn",
        maxconn_server
    ),
    row!(
        &["set", "maxconn", "frontend"],
        Admin,
        "set maxconn frontend <frontend> <value>",
        "change a frontend's maxconn",
        maxconn_frontend
    ),
    row!(
        &["set", "maxconn", "global"],
        Admin,
        "set maxconn global <value>",
        "change the maxconn of the process",
        maxconn_global
    ),
    Command {
        support: Support::NotYet("limits of rates for the whole process"),
        ..row!(
            &["set", "rate-limit"],
            Admin,
            "set rate-limit <setting> <value>",
            "change a limit of a rate",
            not_yet
        )
    },
];

fn get_weight(c: &mut Call<'_>) -> Answer {
    match c.server(c.arg(0)) {
        Ok((p, s)) => {
            let server = c.control.shared().server(p, s);
            let (now, initial) = (server.uweight.load(Relaxed), server.iweight.load(Relaxed));
            Answer::Text(format!("{now} (initial {initial})\n"))
        }
        Err(a) => a,
    }
}

/// An absolute weight, or a percentage of the initial one.
pub(super) fn set(c: &Call<'_>, (p, s): (ProxyId, ServerId), text: &str) -> Answer {
    if text.is_empty() {
        return Answer::err("Require <weight> or <weight%>.");
    }
    let (number, relative) = text.strip_suffix('%').map_or((text, false), |n| (n, true));
    let Ok(n) = number.parse::<i64>() else {
        let digits = number.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
        let why = if digits {
            "Trailing garbage in weight string"
        } else {
            "Empty weight string empty or preceded by garbage"
        };
        return Answer::err(why);
    };
    let shared = c.control.shared();
    let weight = if relative {
        if n < 0 {
            return Answer::err("Relative weight must be positive.");
        }
        let initial = i64::from(shared.server(p, s).iweight.load(Relaxed));
        (initial.saturating_mul(n) / 100).min(256)
    } else if (0..=256).contains(&n) {
        n
    } else {
        return Answer::err("Absolute weight can only be between 0 and 256 inclusive.");
    };
    shared.set_weight(p, s, weight as u32);
    Answer::Done
}

fn maxconn_server(c: &mut Call<'_>) -> Answer {
    let (p, s) = match c.server(c.arg(0)) {
        Ok(t) => t,
        Err(a) => return a,
    };
    let text = c.arg(1);
    if text.is_empty() {
        return Answer::err("Require <maxconn>.");
    }
    match text.parse::<u32>() {
        Ok(n) => {
            c.control.shared().set_server_maxconn(p, s, n);
            Answer::Done
        }
        Err(_) => Answer::err("maxconn string empty or preceded by garbage"),
    }
}

fn maxconn_frontend(c: &mut Call<'_>) -> Answer {
    if c.arg(0).is_empty() {
        return Answer::err("A frontend name is expected.");
    }
    let Some(p) = c.proxy(c.arg(0), false) else {
        return Answer::err("No such frontend.");
    };
    if c.arg(1).is_empty() {
        return Answer::err("Integer value expected.");
    }
    let Ok(n) = c.arg(1).parse::<u32>() else {
        return Answer::err("Value out of range.");
    };
    let shared = c.control.shared();
    shared.proxy(p).maxconn.store(n, Relaxed);
    shared.mail.broadcast(&WorkerCommand::LimitsChanged);
    Answer::Done
}

/// 0 brings the limit of the start back.
fn maxconn_global(c: &mut Call<'_>) -> Answer {
    if c.arg(0).is_empty() {
        return Answer::err("Expects an integer value.");
    }
    let shared = c.control.shared();
    match c.arg(0).parse::<u32>() {
        Ok(n) if n <= shared.hard_maxconn => {
            shared.maxconn.store(if n == 0 { shared.hard_maxconn } else { n }, Relaxed);
            shared.mail.broadcast(&WorkerCommand::LimitsChanged);
            Answer::Done
        }
        _ => Answer::err("Value out of range."),
    }
}
