//! `server`, `default-server`, `server-template` and `use-server` lines.

use std::net::IpAddr;
use std::sync::Arc;

use hapax_diag::{Diagnostic, Lead, Severity, Span};
use hapax_sample::Needs;

use super::Topic;
use crate::address::{self, Accept, Address, Host, Port};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::{Draft, PendingSwitch};
use crate::keyword::{Misplaced, Sections};
use crate::plan::{Mode, Resolve, Server};
use crate::reader::{Reader, could_be_a_name, lookup};
use crate::section::invalid_char;
use crate::server::{self, InitAddr, ServerCx, ServerDraft};

pub(super) static TOPIC: Topic = Topic {
    name: "servers",
    rows: ROWS,
    inherit,
};

static ROWS: &[Row] = &[
    Row::new("server", Sections::LISTEN.union(Sections::BACKEND))
        .misplaced(Misplaced::NotAllowed)
        .usage("<name> <address>[:[<port>]] [<option>...]")
        .doc("A server of the backend, with options of its own.")
        .ok(&[
            "server s1 127.0.0.1:80",
            "server s1 127.0.0.1",
            "server s1 127.0.0.1:+1000 check port 80",
            "server s1 /run/app.sock",
            "server s1 abns@app weight 10",
            "server s1 127.0.0.1:80 from none check",
            "server s1 127.0.0.1:80 from be: check",
        ])
        .bad(&[
            "server",
            "server s1",
            "server s1 127.0.0.1:80-90",
            "server s!1 127.0.0.1:80",
            "server s1 127.0.0.1:80 nonsense",
            "server s1 127.0.0.1:80 from srv:nobody",
            "server s1 127.0.0.1:70000",
        ])
        .set(server_line),
    Row::new("default-server", Sections::BACK)
        .misplaced(Misplaced::NotAllowed)
        .usage("<option>...")
        .doc("Options of the servers that follow.")
        .ok(&[
            "default-server inter 5s rise 2 fall 3",
            "default-server check",
            "default-server",
            "default-server name a from none weight 3",
        ])
        .bad(&["default-server nonsense", "default-server id 3"])
        .set(default_server),
    Row::new("server-template", Sections::LISTEN.union(Sections::BACKEND))
        .misplaced(Misplaced::NotAllowed)
        .usage("<prefix> { <number> | <low>-<high> } <address>[:<port>] [<option>...]")
        .doc("As many servers as asked for, named by a prefix and a number.")
        .ok(&["server-template s 3 127.0.0.1:80 check", "server-template s 2-4 127.0.0.1:80"])
        .bad(&["server-template s 3", "server-template s x 127.0.0.1:80"])
        .set(template),
    Row::new("use-server", Sections::LISTEN.union(Sections::BACKEND))
        .usage("<server> { if | unless } <condition>")
        .doc("Sends requests to one server, named or by a log format, when the condition holds.")
        .ok(&["use-server s1 if TRUE", "use-server %[hdr(host)] unless FALSE"])
        .bad(&["use-server", "use-server s1"])
        .set(use_server),
];

/// The messages of server lines name the place in a way of their own.
pub(super) fn place(d: Diagnostic) -> Diagnostic {
    d.lead(Lead::Place)
}

pub(crate) fn server_line(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() < 2 {
        return Err(place(a.missing("'server' expects <name> and <addr>[:<port>] as arguments.")));
    }
    check_name(a, "name")?;
    add(cx, a, a.arc_str(0), 1)?;
    claim_guid(cx, a)
}

/// The server that was read last gets the `guid` that its line gives it, if nothing else has it.
fn claim_guid(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let section = cx.section_name();
    let Some(server) = cx.proxy().proxy.servers.last() else {
        return Ok(());
    };
    let (Some(guid), name) = (server.guid.clone(), server.name.clone()) else {
        return Ok(());
    };
    cx.guids.claim(&guid, None, format!("server {section}/{name}")).map_err(|taken| {
        let message = format!("'server {section}/{name}' : 'guid': {taken}.");
        place(a.bad(0, message))
    })
}

pub(super) fn check_name(a: &Args<'_>, what: &str) -> Result<(), Diagnostic> {
    let Some(c) = invalid_char(a.bytes(0)) else { return Ok(()) };
    let message = format!(
        "character '{}' is not permitted in {} {what} '{}'.",
        char::from(c),
        a.name,
        a.show(0)
    );
    Err(place(a.bad(0, message)))
}

/// Adds the server `name`; its address is argument `at`, its options follow.
fn add(cx: &mut Reader<'_>, a: &Args<'_>, name: Arc<str>, at: usize) -> Result<(), Diagnostic> {
    if let Some(other) = cx.proxy().server_names.get(&name).copied() {
        let line = cx.proxy().proxy.servers.get(other as usize).map_or(Span::default(), |s| s.span);
        let message = format!(
            "another server named '{name}' was already defined at line {}, please use a distinct name.",
            line.line
        );
        let message = format!("'server {}/{name}' : {message}", cx.section_name());
        let d = Diagnostic::alert(&codes::DUPLICATE_NAME, message).at(a.at(0));
        return Err(place(d).related(line, "first defined here"));
    }
    let head = format!("'server {}/{name}' : ", cx.section_name());
    let fail = |d: Diagnostic| place(d.prefixed(&head));
    let text = a.show(at);
    // A server that logs go to may be asked for datagrams.
    let accept = Accept {
        dgram: cx.proxy().proxy.mode == Mode::Log,
        ..Accept::SERVER
    };
    let address = address::parse(&text, accept, &cx.env).map_err(|e| fail(a.bad(at, e)))?;
    let mut options = at + 1;
    let mut draft = if a.str(options) == "from" {
        options += 2;
        origin(cx, a.str(options - 1)).map_err(|e| fail(a.bad(options - 1, e)))?
    } else {
        (*cx.proxy().default_server).clone()
    };
    draft.server.name = name.clone();
    draft.server.span = a.line;
    draft.server.datagram = address.dgram;
    let dynamic = draft.dynamic;
    // Commands end what they tell of options with a full stop, be there one or not.
    let of_option = |mut d: Diagnostic| {
        if dynamic && d.code != &codes::UNKNOWN_KEYWORD {
            d.message.push('.');
        }
        fail(d)
    };
    let mut opts = ServerCx::new(cx, draft, false);
    server::read_options(&mut opts, a.words.get(options..).unwrap_or(&[]), a.line, "", of_option)?;
    let mut draft = opts.draft;
    let start = set_address(cx, &mut draft, &address, a, at, &head).map_err(place)?;
    check_server(&draft, a).map_err(fail)?;
    push(cx, draft, name);
    if start.last {
        let d = cx.proxy();
        d.last_addresses.push((d.proxy.servers.len() - 1, start.told));
    } else {
        start.told.into_iter().for_each(|d| cx.diags.push(d));
    }
    Ok(())
}

/// A server that belongs to no backend: name, address, options.
pub(super) fn standalone(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<Server, Diagnostic> {
    check_name(a, "name")?;
    let head = format!("'server {}/{}' : ", cx.section_name(), a.show(0));
    let fail = |d: Diagnostic| place(d.prefixed(&head));
    let address = address::parse(&a.show(1), Accept::SERVER, &cx.env).map_err(|e| fail(a.bad(1, e)))?;
    let mut draft = ServerDraft::default();
    draft.server.name = a.arc_str(0);
    draft.server.span = a.line;
    let mut opts = ServerCx::new(cx, draft, false);
    server::read_options(&mut opts, a.words.get(2..).unwrap_or(&[]), a.line, "", fail)?;
    let mut draft = opts.draft;
    check_server(&draft, a).map_err(fail)?;
    if let Some((track, span)) = &draft.track {
        // It stands in no backend, so there is nothing beside it to follow.
        let what = match track.split_once('/') {
            Some((backend, _)) => format!("proxy '{backend}'"),
            None => format!("server '{track}'"),
        };
        let message = format!("unable to find required {what} for tracking.");
        return Err(fail(Diagnostic::alert(&codes::SERVER, message).at(*span)));
    }
    let start = set_address(cx, &mut draft, &address, a, 1, &head).map_err(place)?;
    // No state file speaks of it.
    start.told.into_iter().for_each(|d| cx.diags.push(d));
    Ok(draft.finish())
}

pub(super) fn push(cx: &mut Reader<'_>, draft: ServerDraft, name: Arc<str>) {
    let d = cx.proxy();
    let index = d.proxy.servers.len();
    if let Some((track, span)) = &draft.track {
        d.tracks.push((index, track.to_string(), *span));
    }
    if let Some((check, span)) = draft.check.named.clone() {
        d.named_checks.push((index, check, span));
    }
    if let Some((section, span)) = draft.resolve.section.clone() {
        d.named_resolvers.push((index, section, span));
    }
    d.server_names.insert(name, index as u32);
    let mut server = draft.finish();
    let before = d.proxy.servers.last().and_then(|s| s.check.as_ref());
    if let (Some(check), Some(before)) = (server.check.as_mut(), before)
        && check.is_like(before)
    {
        check.clone_from(before);
    }
    d.proxy.servers.push(server);
}

/// How a server got its address at start.
#[derive(Default)]
pub(super) struct Start {
    /// An address in a state file comes before what was found here (`last`).
    last: bool,
    /// What is to be told of it, where no state file has one.
    pub told: Option<Diagnostic>,
}

pub(super) fn set_address(
    cx: &mut Reader<'_>,
    draft: &mut ServerDraft,
    address: &Address,
    a: &Args<'_>,
    at: usize,
    head: &str,
) -> Result<Start, Diagnostic> {
    draft.server.port_offset = match address.port {
        Port::None if matches!(address.host, Host::Ip(_) | Host::Name(_) | Host::Any) => Some(0),
        Port::Offset(n) => Some(n),
        _ => None,
    };
    draft.server.port = *address.ports().start();
    if let Some((name, _)) = &draft.resolve.section {
        draft.server.resolve = Some(Box::new(Resolve {
            name: name.clone(),
            wish: draft.resolve.wish.clone(),
            ignore_weight: draft.resolve.ignore_weight,
            ..Resolve::default()
        }));
    }
    let Host::Name(host) = &address.host else {
        draft.server.address = match lookup(cx.files, address, "", a.at(at)) {
            Err(d) if d.missing => {
                cx.diags.push(place(d.prefixed(head)));
                None
            }
            found => address.endpoint(found.map_err(|d| d.prefixed(head))?),
        };
        return Ok(Start::default());
    };
    draft.server.hostname = Some(host.clone());
    // Services are looked up while the process runs, and by nobody else.
    let service = host.starts_with('_') && draft.resolve.section.is_some();
    if let Some(resolve) = draft.server.resolve.as_mut() {
        resolve.service = service;
    }
    if service {
        // The port is the place's.
        draft.server.port_offset = None;
        return Ok(Start::default());
    }
    let (initial, last) = initial(cx, draft, address, host);
    let told = match initial {
        Initial::Found(ip) => {
            draft.server.address = address.endpoint(Some(ip));
            None
        }
        Initial::Instead(ip) => {
            draft.server.address = address.endpoint(Some(ip));
            let message = format!("could not resolve address '{host}', falling back to configured address.");
            Some(notice(message, a, at, head))
        }
        Initial::Disabled { tried: true } => {
            let message = format!("could not resolve address '{host}', disabling server.");
            Some(notice(message, a, at, head))
        }
        Initial::Disabled { tried: false } => None,
        Initial::Failed { tried } => {
            let message = if tried {
                format!("could not resolve address '{host}'.")
            } else {
                format!("no method found to resolve address '{host}'.")
            };
            let d = place(Diagnostic::alert(&codes::ADDRESS, message).at(a.at(at)).prefixed(head));
            Some(if tried && could_be_a_name(host) { d.missing() } else { d })
        }
    };
    Ok(Start { last, told })
}

fn notice(message: String, a: &Args<'_>, at: usize, head: &str) -> Diagnostic {
    place(
        Diagnostic::new(&codes::ADDRESS, Severity::Notice, message)
            .at(a.at(at))
            .prefixed(head),
    )
}

/// What the methods of `init-addr` come to.
enum Initial {
    Found(IpAddr),
    /// The system's resolver found nothing, and the line has an address for that.
    Instead(IpAddr),
    /// The server starts without; `tried`: the system's resolver was asked in vain.
    Disabled {
        tried: bool,
    },
    Failed {
        tried: bool,
    },
}

/// What the methods find without a state file, and whether one would have been asked before (`last`).
fn initial(cx: &Reader<'_>, draft: &ServerDraft, address: &Address, host: &str) -> (Initial, bool) {
    let given = match (&draft.init_addr[..], draft.resolve.section.is_some()) {
        ([], false) => &[InitAddr::Last, InitAddr::Libc][..],
        ([], true) => &[InitAddr::Last, InitAddr::Libc, InitAddr::None][..],
        (given, _) => given,
    };
    let (mut tried, mut last) = (false, false);
    for method in given {
        let found = match method {
            // The state files are read once all servers are known.
            InitAddr::Last => {
                last = true;
                continue;
            }
            InitAddr::Libc => {
                let Some(ip) = cx.files.lookup(host).ok().and_then(|ips| address.choose(&ips)) else {
                    tried = true;
                    continue;
                };
                Initial::Found(ip)
            }
            InitAddr::None => Initial::Disabled { tried },
            InitAddr::Ip(ip) if tried => Initial::Instead(*ip),
            InitAddr::Ip(ip) => Initial::Found(*ip),
        };
        return (found, last);
    }
    (Initial::Failed { tried }, last)
}

/// What only the whole line shows.
pub(super) fn check_server(draft: &ServerDraft, a: &Args<'_>) -> Result<(), Diagnostic> {
    if draft.agent.on && draft.agent.port == 0 {
        let message = format!(
            "server {} does not have agent port. Agent check has been disabled.",
            draft.server.name
        );
        return Err(Diagnostic::alert(&codes::SERVER, message).at(a.at(0)));
    }
    Ok(())
}

pub(super) fn default_server(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut next = 0;
    let name: Option<Arc<str>> = (a.str(0) == "name").then(|| {
        next = 2;
        a.arc_str(1)
    });
    let same = |d: &Draft| {
        let named = name.as_ref().map(|n| d.named_servers.iter().find(|(known, _)| known == n));
        named.map_or_else(|| Some(Arc::clone(&d.default_server)), |found| found.map(|(_, d)| Arc::clone(d)))
    };
    let draft = if a.str(next) == "from" {
        next += 2;
        origin(cx, a.str(next - 1)).map_err(|e| place(a.bad(next - 1, e)))?
    } else {
        same(cx.proxy()).map_or_else(ServerDraft::default, |d| (*d).clone())
    };
    let mut opts = ServerCx::new(cx, draft, true);
    let words = a.words.get(next..).unwrap_or(&[]);
    server::read_options(&mut opts, words, a.line, " Hint: no address was expected for this server.", place)?;
    let mut draft = opts.draft;
    draft.ssl_known = draft.ssl;
    // Servers with the same options share them.
    draft.keep_check();
    // Without an option of its own it is what the manual calls the documented defaults.
    draft.given = !(words.is_empty() && a.str(next.saturating_sub(1)) == "none");
    let (draft, d) = (Arc::new(draft), cx.proxy());
    match name {
        None => d.default_server = draft,
        Some(name) => {
            d.named_servers.retain(|(n, _)| *n != name);
            d.named_servers.push((name, draft));
        }
    }
    Ok(())
}

/// `from`: what the options of a line start from (manual, 5.2).
fn origin(cx: &mut Reader<'_>, text: &str) -> Result<ServerDraft, String> {
    let missing = || format!("cannot find '{text}' to start from.");
    let find = |cx: &mut Reader<'_>, name: &str| -> Option<usize> {
        let found = cx.proxies.iter().rposition(|p| p.is_back() && *p.proxy.name == *name);
        if name.is_empty() { cx.proxies.len().checked_sub(1) } else { found }
    };
    match text.split_once(':') {
        None if text == "none" => Ok(ServerDraft::default()),
        Some(("be", name)) => {
            let at = find(cx, name).ok_or_else(missing)?;
            Ok((*cx.proxies[at].default_server).clone())
        }
        Some(("srv", path)) => {
            let (backend, name) = path.split_once('/').unwrap_or(("", path));
            let at = find(cx, backend).ok_or_else(missing)?;
            let d = &cx.proxies[at];
            let server = d.server_names.get(name).map(|s| ServerDraft::of(&d.proxy.servers[*s as usize]));
            let named = || d.named_servers.iter().find(|(n, _)| **n == *name).map(|(_, d)| (**d).clone());
            server.or_else(named).ok_or_else(missing)
        }
        _ => Err("'from' expects 'none', 'be:[<backend>]' or 'srv:[<backend>/]<server>'.".to_owned()),
    }
}

fn template(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.len() < 3 {
        return Err(place(
            a.missing("'server-template' expects <prefix> <nb | range> <addr>[:<port>] as arguments."),
        ));
    }
    check_name(a, "prefix")?;
    let (low, high) = a.str(1).split_once('-').unwrap_or(("1", a.str(1)));
    let range = low.parse::<u32>().ok().zip(high.parse::<u32>().ok()).filter(|(l, h)| l <= h);
    let Some((low, high)) = range else {
        let message = format!("Wrong {} number or range arg '{}'.", a.name, a.show(1));
        return Err(place(a.bad(1, message)));
    };
    for n in low..=high {
        let made = cx.proxy().proxy.servers.len().max((high - low) as usize);
        if cx.is_full_of(made) {
            break;
        }
        add(cx, a, Arc::from(format!("{}{n}", a.show(0))), 2)?;
        if n == low {
            claim_guid(cx, a)?;
        } else if let Some(server) = cx.proxy().proxy.servers.last_mut().filter(|s| s.guid.is_some()) {
            // It is the first one's.
            server.guid = None;
        }
    }
    Ok(())
}

fn use_server(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'use-server' expects a server name."));
    }
    if !matches!(a.str(1), "if" | "unless") {
        return Err(a.bad(1, "'use-server' requires either 'if' or 'unless' followed by a condition."));
    }
    let cond = cx.condition(a, 1).map_err(|d| {
        let message = format!("error detected while parsing switching rule : {}.", d.message.trim_end_matches('.'));
        Diagnostic { message, ..d }
    })?;
    if let Some(why) = cond.as_ref().and_then(|c| c.misplaced(Needs::BE_SRV, None)) {
        let d = Diagnostic::warning(&hapax_sample::codes::NEVER_MATCHES, why).at(a.at(1));
        cx.diags.push(d);
    }
    cx.proxy().use_server.push(PendingSwitch {
        name: a.arc_bytes(0),
        cond,
        span: a.line,
        name_span: a.at(0),
    });
    Ok(())
}

fn inherit(to: &mut Draft, from: &Draft) {
    if to.is_back() {
        to.default_server = from.default_server.clone();
        to.named_servers.clone_from(&from.named_servers);
    }
}
