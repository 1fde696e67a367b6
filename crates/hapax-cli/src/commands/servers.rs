//! What may be done with a server: maintenance, checks, sessions.

use hapax_runtime::state::{Wanted, WorkerCommand};
use hapax_sample::{ProxyId, ServerId};

use hapax_value::Support;

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["enable", "server"],
        Admin,
        "enable server  (DEPRECATED)",
        "end a server's maintenance (use set server)",
        |c| { want(c, Wanted::Ready) }
    ),
    row!(
        &["disable", "server"],
        Admin,
        "disable server (DEPRECATED)",
        "put a server into maintenance (use set server)",
        |c| { want(c, Wanted::Maint) }
    ),
    row!(
        &["enable", "health"],
        Admin,
        "enable health <bk>/<srv>",
        "listen to a server's checks again",
        |c| health_checks(c, true)
    ),
    row!(
        &["disable", "health"],
        Admin,
        "disable health <bk>/<srv>",
        "stop a server's checks",
        |c| health_checks(c, false)
    ),
    row!(
        &["enable", "agent"],
        Admin,
        "enable agent <bk>/<srv>",
        "start a server's agent checks",
        |c| agent_checks(c, true)
    ),
    row!(
        &["disable", "agent"],
        Admin,
        "disable agent <bk>/<srv>",
        "stop a server's agent checks",
        |c| agent_checks(c, false)
    ),
    row!(
        &["shutdown", "sessions", "server"],
        Admin,
        "shutdown sessions server <bk>/<srv>",
        "end the sessions on a server",
        |c| {
            match target(c) {
                Ok((proxy, server)) => {
                    let order = WorkerCommand::EndServerSessions {
                        proxy,
                        server,
                        down: false,
                    };
                    c.control.shared().mail.broadcast(&order);
                    Answer::Done
                }
                Err(a) => a,
            }
        }
    ),
];

type Target = (ProxyId, ServerId);

fn target(c: &Call<'_>) -> Result<Target, Answer> {
    c.server(c.arg(0))
}

fn want(c: &mut Call<'_>, wanted: Wanted) -> Answer {
    match target(c) {
        Ok((p, s)) => {
            c.control.shared().want(p, s, wanted, c.control.now_ms());
            Answer::Done
        }
        Err(a) => a,
    }
}

fn health_checks(c: &mut Call<'_>, on: bool) -> Answer {
    let (p, s) = match target(c) {
        Ok(t) => t,
        Err(a) => return a,
    };
    let shared = c.control.shared();
    if shared.server_conf(p, s).check.is_none() {
        return if on {
            Answer::err("Health check was not configured on this server, cannot enable.")
        } else {
            Answer::Done
        };
    }
    shared.enable_checks(p, s, on);
    Answer::Done
}

fn agent_checks(c: &mut Call<'_>, on: bool) -> Answer {
    let (p, s) = match target(c) {
        Ok(t) => t,
        Err(a) => return a,
    };
    match c.control.shared().server(p, s).agent() {
        Some(agent) => {
            agent.enable(on);
            Answer::Done
        }
        None if on => Answer::err("Agent was not configured on this server, cannot enable."),
        None => Answer::Done,
    }
}
