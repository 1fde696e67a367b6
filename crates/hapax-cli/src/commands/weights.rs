//! Weights and limits that may be changed while running.

use std::sync::atomic::Ordering::Relaxed;

use hapax_runtime::state::WorkerCommand;
use hapax_sample::{ProxyId, ServerId};

use super::own::row;
use crate::command::{Answer, Call, Command};
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
    row!(
        &["set", "rate-limit"],
        Admin,
        "set rate-limit <setting> <value>",
        "change a limit of a rate",
        rate_limit
    ),
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
    let initial = i64::from(shared.server(p, s).iweight.load(Relaxed));
    if weight != 0 && weight != initial && !shared.proxy(p).live.is_dynamic() {
        return Answer::err("Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.");
    }
    shared.set_weight(p, s, weight as u32);
    Answer::Done
}

/// A number as the C library reads it: what stands before anything else; without digits, 0.
pub(super) fn leading(text: &str) -> (i64, &str) {
    let text = text.trim_start();
    let sign = usize::from(text.starts_with(['-', '+']));
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(if digits == 0 { 0 } else { sign + digits });
    (number.parse().unwrap_or(if digits == 0 { 0 } else { i64::MAX }), rest)
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
    match leading(text) {
        (_, rest) if rest == text => Answer::err("maxconn string empty or preceded by garbage"),
        (n, "") => {
            // Less than nothing is no limit.
            c.control
                .shared()
                .set_server_maxconn(p, s, u32::try_from(n.max(0)).unwrap_or(u32::MAX));
            Answer::Done
        }
        _ => Answer::err("Trailing garbage in maxconn string"),
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
    let Ok(n) = u32::try_from(leading(c.arg(1)).0) else {
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
    match u32::try_from(leading(c.arg(0)).0) {
        Ok(n) if n <= shared.hard_maxconn => {
            shared.maxconn.store(if n == 0 { shared.hard_maxconn } else { n }, Relaxed);
            shared.mail.broadcast(&WorkerCommand::LimitsChanged);
            Answer::Done
        }
        _ => Answer::err("Value out of range."),
    }
}

/// What `set rate-limit` can set, and what each is.
const RATES: &str = "'set rate-limit' only supports :\n\
    \x20  - 'connections global' to set the per-process maximum connection rate\n\
    \x20  - 'sessions global' to set the per-process maximum session rate\n\
    \x20  - 'ssl-sessions global' to set the per-process maximum SSL session rate\n\
    \x20  - 'http-compression global' to set the per-process maximum compression speed in kB/s";

fn rate_limit(c: &mut Call<'_>) -> Answer {
    let known = matches!(c.arg(0), "connections" | "sessions" | "ssl-sessions" | "http-compression");
    if !known || c.arg(1) != "global" {
        return Answer::err(RATES);
    }
    if c.arg(2).is_empty() {
        return Answer::err("Expects an integer value.");
    }
    let (n, _) = leading(c.arg(2));
    let Ok(n) = u64::try_from(n) else {
        return Answer::err("Value out of range.");
    };
    let shared = c.control.shared();
    let rates = &shared.limits;
    // A number that is too large is cut as a C program cuts it.
    let least = n as u32;
    match c.arg(0) {
        "connections" => rates.conns.store(least, Relaxed),
        "sessions" => rates.sessions.store(least, Relaxed),
        "ssl-sessions" => rates.tls.store(least, Relaxed),
        _ => rates.compression.store(u64::from(least).saturating_mul(1024), Relaxed),
    }
    // Who waits for a second to pass under the old limit need not.
    shared.mail.broadcast(&WorkerCommand::LimitsChanged);
    Answer::Done
}
