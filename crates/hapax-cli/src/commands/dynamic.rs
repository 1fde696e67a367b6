//! Servers and backends that come and go: `add`, `del`, `publish`, `unpublish`, and what they may start from.

use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use hapax_config::dynamic::{self, NoBackend, Running};
use hapax_config::plan::{Mode, Proxy, ProxyCaps, Server, SocketLevel, Stored};
use hapax_runtime::state::{Grade, Kept, Shared};
use hapax_sample::{Files, ProxyId, ServerId};

use hapax_value::Support;

use super::own::row;
use crate::command::{Answer, Call, Command};

pub(super) static ROWS: &[Command] = &[
    row!(
        &["add", "server"],
        Admin,
        "add server <bk>/<srv>",
        "create a server ('add server help' lists its options)",
        add_server
    ),
    row!(&["del", "server"], Admin, "del server <bk>/<srv>", "remove a server", del_server),
    row!(
        &["add", "backend"],
        Admin,
        "add backend <bk> from <defaults> [opts]",
        "create a backend",
        add_backend
    ),
    row!(&["del", "backend"], Admin, "del backend <bk>", "remove a backend", del_backend),
    row!(
        &["publish", "backend"],
        Operator,
        "publish backend <bk>",
        "let rules switch to a backend",
        |c| publish(c, true)
    ),
    row!(
        &["unpublish", "backend"],
        Operator,
        "unpublish backend <bk>",
        "keep rules from switching to a backend",
        |c| publish(c, false)
    ),
    row!(
        &["show", "defaults"],
        Operator,
        "show defaults",
        "list the defaults sections that backends may start from",
        |c| {
            let names = c.control.shared().plan.later.names();
            Answer::Text(names.fold(String::new(), |out, n| out + n + "\n"))
        }
    ),
    row!(
        &["show", "default-server"],
        Operator,
        "show default-server [<bk>]",
        "list what servers may start from",
        default_servers
    ),
];

const REFERENCED: &str = "This server cannot be removed at runtime due to other configuration elements pointing to it.";

fn add_server(c: &mut Call<'_>) -> Answer {
    if c.arg(0) == "help" {
        let head = String::from("List of keywords supported for dynamic server:\n");
        return Answer::Text(dynamic::server_options().fold(head, |out, name| out + name + "\n"));
    }
    let (p, name) = match place(c) {
        Ok(place) => place,
        Err(message) => return Answer::err(message),
    };
    let shared = c.control.shared();
    let which = format!("'server {}/{name}' : ", shared.conf(p).name);
    match make(c, p, name) {
        Ok(()) => done(c, &which, "New server registered."),
        Err(message) => {
            let of = if message.starts_with("character ") { "" } else { &which };
            shared.events.print(Grade::Alert, &format!("CLI : {of}{message}"));
            Answer::err(message)
        }
    }
}

/// A change that the terminal shows too.
fn done(c: &Call<'_>, which: &str, what: &'static str) -> Answer {
    c.control.shared().events.print(Grade::Notice, &format!("CLI : {which}{what}"));
    Answer::info(what)
}

/// Where a server is to come, and its name.
fn place<'c>(c: &'c Call<'_>) -> Result<(ProxyId, &'c str), String> {
    let split = c.arg(0).split_once('/').filter(|(backend, _)| !backend.is_empty());
    let (backend, name) = split.ok_or("Require 'backend/server'.")?;
    let p = c.proxy(backend, true).ok_or("No such backend.")?;
    let shared = c.control.shared();
    let conf = shared.conf(p);
    if conf.mode == Mode::Log {
        return Err(format!(
            "Backend does not support dynamic servers : backend '{}' uses mode log.",
            conf.name
        ));
    }
    if !dynamic::takes_servers(conf) {
        return Err(format!(
            "Backend does not support dynamic servers : backend '{}' uses a non dynamic load balancing method.",
            conf.name
        ));
    }
    if name.is_empty() {
        return Err("Require 'backend/server'.".into());
    }
    if c.args().len() < 2 {
        return Err("'server' expects <name> and <addr>[:<port>] as arguments.".into());
    }
    if shared.proxy(p).servers.position(|s| *s.conf().name == *name).is_some() {
        return Err("Already exists a server with the same name in backend.".into());
    }
    Ok((p, name))
}

fn make(c: &Call<'_>, p: ProxyId, name: &str) -> Result<(), String> {
    let shared = c.control.shared();
    let conf = shared.conf(p);
    let (mut server, track) = parse(c, conf, name, &c.args()[1..])?;
    // `none` is what there is to speak to servers of bare TCP, and for nobody else.
    if server.proto.as_deref().is_some_and(|p| (p == "none") != (conf.mode == Mode::Tcp)) {
        return Err("MUX protocol is not usable for server.".into());
    }
    if let Some(target) = track {
        server.track = Some(tracked(c, p, &target)?);
    }
    if let Some(other) = server.guid.as_deref().and_then(|guid| owner_of(shared, guid)) {
        return Err(format!("'guid': {}.", hapax_config::guid::taken(&other)));
    }
    number(shared, p, &mut server)?;
    let tls = match &server.tls {
        Some(tls) => Some(shared.client_config(tls)?),
        None => None,
    };
    shared.add_server(p, server, tls, c.control.now_ms());
    Ok(())
}

fn parse(c: &Call<'_>, backend: &Proxy, name: &str, words: &[String]) -> Result<dynamic::Made, String> {
    let shared = c.control.shared();
    let mut names = shared.var_names.lock().unwrap_or_else(PoisonError::into_inner);
    let find = |name: &str| {
        shared
            .every_proxy()
            .find(|(_, p)| p.caps.contains(ProxyCaps::BACKEND) && *p.name == *name)
    };
    let stored = shared.certs.lock().stored.clone();
    let files = Stocked {
        stored: &stored,
        files: c.control.files(),
    };
    let mut running = Running {
        plan: &shared.plan,
        files: &files,
        vars: names.get_or_insert_with(|| shared.plan.vars.clone()),
        server: &|backend, name| {
            let (state, _) = find(backend)?;
            let at = state.servers.position(|s| *s.conf().name == *name)?;
            Some((*state.servers[at].conf()).clone())
        },
        backend: &|name| find(name).map(|(_, conf)| conf),
    };
    dynamic::server(&mut running, backend, name, words)
}

/// Files, behind what is kept of them in memory: a bundle of authorities may have come by a command, or be newer than its file.
struct Stocked<'a> {
    stored: &'a Stored,
    files: &'a dyn Files,
}

impl Files for Stocked<'_> {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let known = self.stored.authorities.get(path).or_else(|| self.stored.revocations.get(path));
        known
            .filter(|pem| !pem.is_empty())
            .map_or_else(|| self.files.read(path), |pem| Ok(Arc::clone(pem)))
    }

    fn env(&self, name: &str) -> Option<Vec<u8>> {
        self.files.env(name)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, String> {
        self.files.list(path)
    }

    fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        self.files.lookup(host)
    }
}

/// The server that `track` names: one of the configuration that is checked.
fn tracked(c: &Call<'_>, own: ProxyId, target: &str) -> Result<(u32, u32), String> {
    let shared = c.control.shared();
    let (proxy, name) = target.split_once('/').unwrap_or((&shared.conf(own).name, target));
    let p = c.proxy(proxy, true);
    let p = p.ok_or_else(|| format!("unable to find required proxy '{proxy}' for tracking."))?;
    let servers = &shared.proxy(p).servers;
    let at = servers.position(|s| *s.conf().name == *name);
    let at = at.ok_or_else(|| format!("unable to find required server '{name}' for tracking."))?;
    let conf = servers[at].conf();
    if servers[at].is_added() {
        return Err(format!("unable to use {proxy}/{name} for tracking as it is a dynamic server."));
    }
    if conf.check.is_none() && conf.agent.is_none() && conf.track.is_none() {
        return Err(format!(
            "unable to use {proxy}/{name} for tracking as it does not have any check nor agent enabled."
        ));
    }
    Ok((p.0, at as u32))
}

/// What has this `guid`.
fn owner_of(shared: &Shared, guid: &str) -> Option<String> {
    shared.every_proxy().find_map(|(state, conf)| {
        if conf.guid.as_deref() == Some(guid) {
            let kind = match (conf.caps.contains(ProxyCaps::FRONTEND), conf.caps.contains(ProxyCaps::BACKEND)) {
                (true, false) => "frontend",
                (false, true) => "backend",
                _ => "proxy",
            };
            return Some(format!("{kind} {}", conf.name));
        }
        let at = state.servers.position(|s| s.conf().guid.as_deref() == Some(guid))?;
        Some(format!("server {}/{}", conf.name, state.servers[at].conf().name))
    })
}

/// The number that the command gives, if nobody has it; else a free one.
fn number(shared: &Shared, p: ProxyId, server: &mut Server) -> Result<(), String> {
    if server.id == 0 {
        server.id = shared.free_server_id(p);
        return Ok(());
    }
    let servers = &shared.proxy(p).servers;
    let Some(other) = servers.position(|s| s.conf().id == server.id) else {
        return Ok(());
    };
    let other = servers[other].conf();
    let file = if other.span.line == 0 {
        // It came by a command.
        "(null)"
    } else {
        shared.plan.file_names.get(other.span.file.0 as usize).map_or("", String::as_str)
    };
    Err(format!(
        "'id' : custom id {} already used at {file}:{} ('server {}').",
        server.id, other.span.line, other.name
    ))
}

/// Why a server may not go, whatever happens; `Ok(Some)`: not yet.
fn removable(shared: &Shared, p: ProxyId, s: ServerId) -> Result<Option<&'static str>, &'static str> {
    let server = shared.server(p, s);
    // A server that was there and is not is as good as gone.
    if shared.proxy(p).servers.position(|listed| std::ptr::eq(listed, server)).is_none() {
        return Err("No such server.");
    }
    if server.conf().referenced || !server.trackers().is_empty() {
        return Err(REFERENCED);
    }
    match shared.server_removable(p, s) {
        Ok(()) => Ok(None),
        Err(Kept::Serving) => Err("Only servers in maintenance mode can be deleted."),
        Err(Kept::Busy) => Ok(Some("Server still has connections attached to it, cannot remove it.")),
    }
}

fn del_server(c: &mut Call<'_>) -> Answer {
    let (p, s) = match c.server(c.arg(0)) {
        Ok(t) => t,
        Err(a) => return a,
    };
    let control = Arc::clone(c.control);
    Answer::Then(Box::pin(async move {
        let shared = control.shared();
        shared.drop_idle(p, s);
        // The workers close what is idle; nothing else is waited for.
        for _ in 0..20 {
            match removable(shared, p, s) {
                Ok(Some(_)) if shared.server(p, s).idle.load(Relaxed) > 0 => {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                Err(why) | Ok(Some(why)) => return Answer::err(why),
                Ok(None) => {
                    shared.remove_server(p, s);
                    shared.events.print(Grade::Notice, "Server deleted.");
                    return Answer::info("Server deleted.");
                }
            }
        }
        Answer::err("Server still has connections attached to it, cannot remove it.")
    }))
}

fn add_backend(c: &mut Call<'_>) -> Answer {
    match try_add_backend(c) {
        Ok(()) => done(c, "", "New backend registered."),
        Err(message) => Answer::err(message),
    }
}

fn try_add_backend(c: &Call<'_>) -> Result<(), String> {
    const USAGE: &str = "Usage: add backend <name> from <defproxy> [mode <px_mode>] [guid <val>].";
    let (name, shared) = (c.arg(0), c.control.shared());
    if name.is_empty() {
        return Err("Require backend name.".into());
    }
    if c.arg(1) != "from" || c.arg(2).is_empty() {
        return Err("Usage: add backend <name> from <defproxy>.".into());
    }
    if let Some(bad) = hapax_config::section::invalid_char(name.as_bytes()) {
        return Err(format!("Invalid character '{}' in backend name.", char::from(bad)));
    }
    let (mut mode, mut guid) = (None, None);
    for pair in c.args()[3..].chunks(2) {
        match (pair[0].as_str(), pair.get(1).map(String::as_str)) {
            ("mode", _) if mode.is_some() => return Err(USAGE.into()),
            ("mode", Some("tcp")) => mode = Some(Mode::Tcp),
            ("mode", Some("http")) => mode = Some(Mode::Http),
            ("mode", Some("health" | "log" | "spop" | "haterm")) => {
                return Err("Dynamic backends are compatible with only TCP or HTTP mode.".into());
            }
            ("mode", Some(_)) => return Err("Unknown proxy mode.".into()),
            ("guid", Some(text)) => guid = Some(text),
            _ => return Err(USAGE.into()),
        }
    }
    if let Some((_, other)) = shared.every_proxy().find(|(_, p)| *p.name == *name) {
        let kind = if other.caps.contains(ProxyCaps::BACKEND) {
            "backend"
        } else {
            "frontend"
        };
        return Err(format!(
            "Error during backend creation : name is already used by other proxy '{kind} {name}'."
        ));
    }
    if let Some(guid) = guid {
        let taken = || owner_of(shared, guid).map(|other| hapax_config::guid::taken(&other));
        if let Some(why) = hapax_config::guid::fault(guid).or_else(taken) {
            return Err(format!("Error during backend creation : GUID insertion : {why}."));
        }
    }
    let mut made = shared.plan.later.backend(name, c.arg(2), mode).map_err(|e| match e {
        NoBackend::NoDefaults => format!("Cannot find default proxy '{}'.", c.arg(2)),
        NoBackend::NoMode => format!("Mode is required as '{}' default proxy does not explicitly defines it.", c.arg(2)),
        NoBackend::Unfit(why) => why,
    })?;
    made.guid = guid.map(Arc::from);
    shared.add_backend(made, c.control.now_us());
    Ok(())
}

/// Why a backend may not go, whatever happens; `Ok(Some)`: not yet.
fn backend_removable(shared: &Shared, p: ProxyId) -> Result<Option<&'static str>, &'static str> {
    const HELD: &str = "This proxy cannot be removed at runtime due to other configuration elements pointing to it.";
    let (state, conf) = (shared.proxy(p), shared.conf(p));
    if conf.caps.contains(ProxyCaps::FRONTEND) {
        return Err("Cannot delete a listen section.");
    }
    if !matches!(conf.mode, Mode::Tcp | Mode::Http) {
        return Err("Only TCP or HTTP proxies can be deleted.");
    }
    if conf.referenced {
        return Err(HELD);
    }
    if shared.tables_of(p) {
        return Err("Cannot remove a backend with stick-table.");
    }
    if state.published.load(Relaxed) {
        return Err("Backend must be unpublished prior to its deletion.");
    }
    if !state.servers.is_empty() {
        return Err("Only a backend without server can be deleted.");
    }
    Ok(shared.backend_busy(p).then_some("Backend still has attached streams on it."))
}

fn del_backend(c: &mut Call<'_>) -> Answer {
    let Some(p) = c.proxy(c.arg(0), true) else {
        return Answer::err("No such backend.");
    };
    let shared = c.control.shared();
    match backend_removable(shared, p) {
        Ok(None) => {
            shared.remove_backend(p);
            shared.events.print(Grade::Notice, "Backend deleted.");
            Answer::info("Backend deleted.")
        }
        Ok(Some(why)) | Err(why) => Answer::err(why),
    }
}

fn publish(c: &mut Call<'_>, on: bool) -> Answer {
    let Some(p) = c.proxy(c.arg(0), true) else {
        return Answer::err("No such backend.");
    };
    let (state, conf) = (c.control.shared().proxy(p), c.control.shared().conf(p));
    if conf.disabled {
        return Answer::err("No effect on a disabled backend.");
    }
    state.published.store(on, Relaxed);
    done(c, "", if on { "Backend published." } else { "Backend unpublished." })
}

fn default_servers(c: &mut Call<'_>) -> Answer {
    let only = match c.arg(0) {
        "" => None,
        name => match c.proxy(name, true) {
            Some(p) => Some(p),
            None => return Answer::err("Can't find backend."),
        },
    };
    let mut out = String::new();
    for (state, conf) in c.control.shared().every_proxy() {
        if !conf.caps.contains(ProxyCaps::BACKEND) || only.is_some_and(|p| p != state.id) {
            continue;
        }
        if conf.default_server.is_some() {
            put!(out, "* {}\n", conf.name);
        }
        for (name, _) in &conf.named_servers {
            put!(out, "  {}/{name}\n", conf.name);
        }
    }
    Answer::Text(out)
}

/// What `wait` may wait for.
pub(super) enum Awaited {
    Server(ProxyId, ServerId),
    Backend(ProxyId),
}

impl Awaited {
    /// The condition of a `wait` command: `Err` says why there is none.
    pub(super) fn of(c: &Call<'_>) -> Result<Self, Answer> {
        match c.arg(1) {
            "srv-removable" if c.arg(2).is_empty() => Err(Answer::err("Missing server name (<backend>/<server>).")),
            "srv-removable" => {
                let (backend, _) = c.arg(2).split_once('/').ok_or_else(|| Answer::err("Require 'backend/server'."))?;
                let p = c.proxy(backend, true).ok_or_else(|| Answer::err("Failed. No such backend."))?;
                let (_, s) = c.server(c.arg(2)).map_err(|_| Answer::err("Failed. No such server."))?;
                Ok(Self::Server(p, s))
            }
            _ if c.arg(2).is_empty() => Err(Answer::err("Missing backend name.")),
            _ => c
                .proxy(c.arg(2), true)
                .map(Self::Backend)
                .ok_or_else(|| Answer::err("Failed. No such backend.")),
        }
    }

    /// Whether it holds now; `Err`: it never will.
    pub(super) fn holds(&self, shared: &Shared) -> Result<bool, &'static str> {
        match *self {
            Self::Server(p, s) => {
                shared.drop_idle(p, s);
                removable(shared, p, s).map(|not_yet| not_yet.is_none())
            }
            Self::Backend(p) => backend_removable(shared, p).map(|not_yet| not_yet.is_none()),
        }
    }
}
