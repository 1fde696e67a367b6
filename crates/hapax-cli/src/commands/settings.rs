//! `set server`: state, health, address, checks, agent, name.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering::Relaxed;

use hapax_config::plan::SocketLevel;
use hapax_runtime::state::{Admin, Oper, Shared, Wanted};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use hapax_value::Support;

use super::own::row;
use super::weights;
use crate::command::{Answer, Call, Command, Severity};

pub(super) static ROWS: &[Command] = &[row!(
    &["set", "server"],
    Admin,
    "set server <bk>/<srv> [opts]",
    "change a server's state, weight, address or checks",
    set_server
)];

type Target = (ProxyId, ServerId);

const USAGE: &str = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | \
                     check-port | fqdn | health | name | ssl | state | weight";

fn set_server(c: &mut Call<'_>) -> Answer {
    let t = match c.server(c.arg(0)) {
        Ok(t) => t,
        Err(a) => return a,
    };
    match c.arg(1) {
        "state" => set_state(c, t),
        "health" => set_health(c, t),
        "weight" => weights::set(c, t, c.arg(2)),
        "addr" => set_address(c, t),
        "check-port" => set_check_port(c, t),
        "check-addr" => set_check_address(c, t),
        "agent" => set_agent(c, t),
        "agent-addr" => set_agent_address(c, t),
        "agent-port" => set_agent_port(c, t),
        "agent-send" => set_agent_send(c, t),
        "fqdn" => super::resolvers::set_fqdn(c, t),
        "ssl" => set_ssl(c, t),
        "name" => set_name(c, t),
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

/// `port <port>` after an address; `Err`: it is none. 0 is as good as none was given.
fn port_after(c: &Call<'_>, at: usize) -> Result<Option<u16>, Answer> {
    if c.arg(at) != "port" {
        return Ok(None);
    }
    let n: i64 = c.arg(at + 1).parse().map_err(|_| Answer::err("provided port is not an integer"))?;
    match u16::try_from(n) {
        Ok(port) => Ok(Some(port)),
        Err(_) => Err(Answer::err("provided port is invalid")),
    }
}

fn port_of(text: &str) -> Result<u16, Answer> {
    let n: i64 = text.parse().map_err(|_| Answer::err("provided port is not an integer"))?;
    u16::try_from(n).map_err(|_| Answer::err("provided port is invalid"))
}

fn address_of(text: &str) -> Result<Endpoint, Answer> {
    let ip: IpAddr = text.parse().map_err(|_| Answer::err(format!("invalid addr '{text}'")))?;
    Ok(Endpoint::Ip(SocketAddr::new(ip, 0)))
}

/// The server has checks, and they are on.
fn checked(shared: &Shared, (p, s): Target) -> bool {
    shared.server_conf(p, s).check.is_some() && shared.server(p, s).check_enabled.load(Relaxed)
}

fn set_check_port(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let shared = c.control.shared();
    if c.arg(2).is_empty() {
        return Answer::err("set server <b>/<s> check-port requires a port.");
    }
    if !checked(shared, (p, s)) {
        return Answer::err("health checks are not enabled on this server");
    }
    match port_of(c.arg(2)) {
        Ok(0) if shared.server_conf(p, s).port_offset.is_some() => Answer::err("can't unset 'port' since MAPPORTS is in use"),
        Ok(port) => {
            shared.server(p, s).check_port.store(u32::from(port), Relaxed);
            Answer::Done
        }
        Err(a) => a,
    }
}

fn set_check_address(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let shared = c.control.shared();
    if !checked(shared, (p, s)) {
        return Answer::err("health checks are not enabled on this server");
    }
    if c.arg(2).is_empty() {
        return Answer::err("set server <b>/<s> check-addr requires an address and optionally a port.");
    }
    match address_of(c.arg(2)).and_then(|a| Ok((a, port_after(c, 3)?))) {
        Ok((address, port)) => {
            let server = shared.server(p, s);
            server.set_check_address(Some(address));
            if let Some(port) = port {
                server.check_port.store(u32::from(port), Relaxed);
            }
            Answer::Done
        }
        Err(a) => a,
    }
}

fn set_agent(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let shared = c.control.shared();
    if shared.server(p, s).agent().is_none() {
        return Answer::err("agent checks are not enabled on this server.");
    }
    match c.arg(2) {
        up @ ("up" | "down") => {
            shared.force_agent(p, s, up == "up", c.control.now_ms());
            Answer::Done
        }
        _ => Answer::err("'set server <srv> agent' expects 'up' or 'down'."),
    }
}

fn set_agent_address(c: &mut Call<'_>, (p, s): Target) -> Answer {
    if c.arg(2).is_empty() {
        return Answer::err("set server <b>/<s> agent-addr requires an address and optionally a port.");
    }
    let Some(agent) = c.control.shared().server(p, s).agent() else {
        return Answer::err("agent checks are not enabled on this server");
    };
    match address_of(c.arg(2)).and_then(|a| Ok((a, port_after(c, 3)?))) {
        Ok((address, port)) => {
            let mut target = agent.target();
            target.0 = Some(address);
            target.1 = port.unwrap_or(target.1);
            Answer::Done
        }
        Err(a) => a,
    }
}

fn set_agent_port(c: &mut Call<'_>, (p, s): Target) -> Answer {
    if c.arg(2).is_empty() {
        return Answer::err("set server <b>/<s> agent-port requires a port.");
    }
    let Some(agent) = c.control.shared().server(p, s).agent() else {
        return Answer::err("agent checks are not enabled on this server");
    };
    match port_of(c.arg(2)) {
        Ok(port) => {
            agent.target().1 = port;
            Answer::Done
        }
        Err(a) => a,
    }
}

fn set_agent_send(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let Some(agent) = c.control.shared().server(p, s).agent() else {
        return Answer::err("agent checks are not enabled on this server.");
    };
    agent.target().2 = c.arg(2).as_bytes().into();
    Answer::Done
}

fn set_ssl(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let shared = c.control.shared();
    if shared.server(p, s).is_added() {
        return Answer::err("'set server <srv> ssl' not supported on dynamic servers");
    }
    if shared.server_conf(p, s).tls.is_none() || !shared.server_conf(p, s).tls_possible {
        return Answer::err("'set server <srv> ssl' cannot be set.  default-server should define ssl settings");
    }
    let on = match c.arg(2) {
        "on" => true,
        "off" => false,
        _ => return Answer::err("'set server <srv> ssl' expects 'on' or 'off'."),
    };
    shared.set_server_tls(p, s, on);
    Answer::info("server ssl setting updated.")
}

fn set_name(c: &mut Call<'_>, (p, s): Target) -> Answer {
    let (name, shared) = (c.arg(2), c.control.shared());
    if name.is_empty() {
        return Answer::err("set server <b>/<s> name requires a new name.");
    }
    let server = shared.server(p, s);
    if server.admin() & Admin::FMAINT == 0 {
        return Answer::err("Server must be in maintenance mode to be renamed (set server <b>/<s> state maint).");
    }
    if hapax_config::section::invalid_char(name.as_bytes()).is_some() {
        return Answer::err("Server name contains invalid characters.");
    }
    if *server.conf().name != *name {
        if shared.proxy(p).servers.position(|s| *s.conf().name == *name).is_some() {
            return Answer::err("A server with the same name already exists in this backend.");
        }
        if server.conf().referenced || !server.trackers().is_empty() {
            return Answer::err("Server cannot be renamed as its name is statically referenced by the configuration.");
        }
        shared.rename_server(p, s, name);
    }
    Answer::info("Server name updated.")
}

const UNMAPPABLE: &str = "can't change <port> to port map because it is incompatible with current health check port configuration (use 'port' \
                          statement from the 'server' directive).";

/// The port of a server, as `set server ... addr` reads and tells it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Port {
    Own(u16),
    /// The client's plus so much, round the end.
    Mapped(u16),
}

impl Port {
    /// As far as it is a number, round the end of what a port may be; `None`: it starts as none.
    fn read(text: &str) -> Option<Self> {
        let (number, rest) = weights::leading(text);
        if rest == text {
            return None;
        }
        match text.as_bytes()[0] {
            b'+' | b'-' => Some(Self::Mapped(number as u16)),
            _ => Some(Self::Own(number as u16)),
        }
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own(n) => write!(f, "{n}"),
            Self::Mapped(n) => write!(f, "+{n}"),
        }
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
        return Answer::err(format!("Invalid addr '{text}'"));
    };
    let shared = c.control.shared();
    let conf = shared.server_conf(p, s);
    let old = shared.server(p, s).endpoint();
    let (old_ip, old_port) = match &old {
        Some(Endpoint::Ip(a)) => (Some(a.ip()), a.port()),
        Some(_) => return Answer::err("Update for the current server address family is only supported through configuration file."),
        None => (None, conf.port),
    };
    let was = conf.port_offset.map_or(Port::Own(old_port), |n| Port::Mapped(n as u16));
    let mut port = match (c.arg(3), c.arg(4)) {
        ("port", text) => match Port::read(text) {
            Some(port) => port,
            None => return Answer::err(format!("problem converting port '{text}' to an int")),
        },
        _ => was,
    };
    let mut changes = Vec::new();
    if old_ip != Some(ip) {
        let was = old_ip.map_or_else(|| "(none)".into(), |i| i.to_string());
        changes.push(format!("IP changed from '{was}' to '{ip}'"));
    }
    if port != was {
        let checked = shared.server(p, s).check_enabled.load(Relaxed) && conf.check.as_ref().is_some_and(|c| c.port.is_none());
        if matches!(port, Port::Mapped(_)) && checked {
            port = was;
            changes.push(UNMAPPABLE.to_owned());
        } else {
            changes.push(format!("port changed from '{was}' to '{port}'"));
        }
    }
    if changes.is_empty() {
        return Answer::Say(Severity::Warning, "nothing changed".to_owned());
    }
    let (own, offset) = match port {
        Port::Own(n) => (n, None),
        Port::Mapped(n) => (old_port, Some(i32::from(n))),
    };
    if offset != conf.port_offset {
        shared.map_port(p, s, offset);
    }
    shared.set_address(p, s, Endpoint::Ip(SocketAddr::new(ip, own)));
    // A name that led nowhere keeps it from nothing any more.
    shared.resolves(p, s, false, c.control.now_ms());
    Answer::Say(Severity::Warning, format!("{} {BY}", changes.join(", ")))
}
