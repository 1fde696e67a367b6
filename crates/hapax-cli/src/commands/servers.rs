//! Changing servers: state, health, address.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering::Relaxed;

use hapax_runtime::state::{Oper, Wanted, WorkerCommand};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use super::own::row;
use super::weights;
use crate::command::{Answer, Call, Command, Severity, not_yet};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    Command {
        support: Support::Partial("agent and ssl are not acted on"),
        ..row!(
            &["set", "server"],
            Admin,
            "set server <bk>/<srv> [opts]",
            "change a server's state, weight or address",
            set_server
        )
    },
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
    Command {
        support: Support::NotYet("agent checks"),
        ..row!(
            &["enable", "agent"],
            Admin,
            "enable agent <bk>/<srv>",
            "start a server's agent checks",
            |c| match target(c) {
                Ok(_) => Answer::err("Agent was not configured on this server, cannot enable."),
                Err(a) => a,
            }
        )
    },
    Command {
        support: Support::NotYet("agent checks"),
        ..row!(
            &["disable", "agent"],
            Admin,
            "disable agent <bk>/<srv>",
            "stop a server's agent checks",
            |c| match target(c) {
                Ok(_) => Answer::Done,
                Err(a) => a,
            }
        )
    },
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
    Command {
        support: Support::NotYet("servers added while running"),
        ..row!(&["add", "server"], Admin, "add server <bk>/<srv>", "create a server", not_yet)
    },
    Command {
        support: Support::NotYet("servers removed while running"),
        ..row!(&["del", "server"], Admin, "del server <bk>/<srv>", "remove a server", not_yet)
    },
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
    let conf = shared.server_conf(p, s);
    if conf.check.is_none() {
        return if on {
            Answer::err("Health check was not configured on this server, cannot enable.")
        } else {
            Answer::Done
        };
    }
    shared.server(p, s).check_enabled.store(on, Relaxed);
    Answer::Done
}

const USAGE: &str = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | \
                     check-port | fqdn | health | ssl | state | weight";

fn set_server(c: &mut Call<'_>) -> Answer {
    let t = match target(c) {
        Ok(t) => t,
        Err(a) => return a,
    };
    match c.arg(1) {
        "state" => set_state(c, t),
        "health" => set_health(c, t),
        "weight" => weights::set(c, t, c.arg(2)),
        "addr" => set_address(c, t),
        "check-port" => set_check_port(c, t),
        "check-addr" => Answer::err("Changing the address of checks is not supported by this version."),
        "agent" | "agent-addr" | "agent-port" | "agent-send" => Answer::err("agent checks are not enabled on this server."),
        "fqdn" => super::resolvers::set_fqdn(c, t),
        "ssl" => Answer::err("'set server <srv> ssl' cannot be set.  default-server should define ssl settings"),
        _ => Answer::err(USAGE),
    }
}

fn set_state(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let wanted = match c.arg(2) {
        "ready" => Wanted::Ready,
        "drain" => Wanted::Drain,
        "maint" => Wanted::Maint,
        _ => return Answer::err("'set server <srv> state' expects 'ready', 'drain' and 'maint'."),
    };
    c.control.shared().want(p, s, wanted, c.control.now_ms());
    Answer::Done
}

fn set_health(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let shared = c.control.shared();
    if shared.server_conf(p, s).track.is_some() {
        return Answer::err("cannot change health on a tracking server.");
    }
    let to = match c.arg(2) {
        "up" => Oper::Running,
        "stopping" => Oper::Stopping,
        "down" => Oper::Stopped,
        _ => return Answer::err("'set server <srv> health' expects 'up', 'stopping', or 'down'."),
    };
    shared.force_health(p, s, to, c.control.now_ms());
    Answer::Done
}

fn set_check_port(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let shared = c.control.shared();
    if shared.server_conf(p, s).check.is_none() {
        return Answer::err("Health checks are not enabled on this server.");
    }
    match c.arg(2).parse::<u16>() {
        Ok(port) if port > 0 => {
            shared.server(p, s).check_port.store(u32::from(port), Relaxed);
            Answer::info("health check port updated.")
        }
        _ => Answer::err("provided port is invalid"),
    }
}

/// `set server <b>/<s> addr <ip> [port <port>]`
fn set_address(c: &mut Call<'_>, (p, s): Target) -> Answer {
    const BY: &str = "by 'stats socket command'";
    let text = c.arg(2);
    if text.is_empty() {
        return Answer::err("set server <b>/<s> addr requires an address and optionally a port.");
    }
    let Ok(ip) = text.parse::<IpAddr>() else {
        return Answer::err(format!("Invalid addr '{text}' {BY}"));
    };
    let shared = c.control.shared();
    let old = shared.server(p, s).endpoint();
    let (old_ip, old_port) = match &old {
        Some(Endpoint::Ip(a)) => (Some(a.ip()), a.port()),
        Some(_) => return Answer::err("IP update failed: the server has no IP address."),
        None => (None, 0),
    };
    let port = match (c.arg(3), c.arg(4)) {
        ("port", text) => match text.parse::<u16>() {
            Ok(n) => n,
            Err(_) => return Answer::err(format!("Invalid port '{text}' {BY}")),
        },
        _ => old_port,
    };
    let mut changes = Vec::new();
    changes.push(if old_ip == Some(ip) {
        "no need to change the addr".to_owned()
    } else {
        format!(
            "IP changed from '{}' to '{ip}'",
            old_ip.map_or_else(|| "(none)".into(), |i| i.to_string())
        )
    });
    if port != old_port {
        changes.push(format!("port changed from '{old_port}' to '{port}'"));
    } else if c.arg(3) == "port" {
        changes.push("no need to change the port".to_owned());
    }
    if old_ip != Some(ip) || port != old_port {
        shared.set_address(p, s, Endpoint::Ip(SocketAddr::new(ip, port)));
    }
    Answer::Say(Severity::Warning, format!("{} {BY}", changes.join(", ")))
}
