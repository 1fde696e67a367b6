//! `peers`: processes that share their stick tables.
//!
//! A section is kept as a proxy is: what it listens on, and servers that are its peers. One of them is ourselves: the local peer, by
//! its name. A section without it has nothing to do here and is left out, as HAProxy does.

use hapax_diag::Diagnostic;

use super::servers::{check_name, place};
use super::{Topic, listening, logging, no_inherit, servers, stick};
use crate::address::{self, Accept, Address, Host, Port};
use crate::args::Args;
use crate::bind::{self, BindCx};
use crate::codes;
use crate::dictionary::Row;
use crate::draft::{Draft, PeersDraft};
use crate::keyword::Sections;
use crate::plan::Bind;
use crate::reader::{Current, Reader};
use crate::server::{self, ServerCx};
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "peers",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("bind", Sections::PEERS)
        .usage("[<address>]:<port> [param*]")
        .shape(Shape::Words(0, 64))
        .doc("Address on which the local peer listens.")
        .ok(&["bind 127.0.0.1:1024", "bind", "bind abns@peers", "bind 127.0.0.1:1024 backlog 10"])
        .bad(&["bind 127.0.0.1", "bind :1024 nonsense"])
        .set(bind_line),
    Row::new("default-bind", Sections::PEERS)
        .usage("[param*]")
        .shape(Shape::Words(0, 64))
        .doc("Options of the local peer's listener.")
        .ok(&["default-bind backlog 10"])
        .bad(&["default-bind nonsense"])
        .set(|cx, a| listener_options(cx, a, 0, None)),
    Row::new("default-server", Sections::PEERS)
        .usage("[param*]")
        .shape(Shape::Words(0, 64))
        .doc("Options of the peers that follow.")
        .ok(&["default-server verify none", "default-server"])
        .bad(&["default-server nonsense", "default-server id 3"])
        .set(servers::default_server),
    Row::new("disabled", Sections::PEERS)
        .shape(Shape::Any)
        .doc("Turns the section off.")
        .ok(&["disabled"])
        .set(|cx, _| switch(cx, true)),
    Row::new("enabled", Sections::PEERS)
        .shape(Shape::Any)
        .doc("Turns the section on again.")
        .ok(&["enabled"])
        .set(|cx, _| switch(cx, false)),
    Row::new("log", Sections::PEERS)
        .usage("{ global | <target> [len <length>] [format <format>] <facility> [<level> [<minlevel>]] }")
        .shape(Shape::Words(0, 64))
        .negatable()
        .doc("Where messages of the section go.")
        .no_effect("HAProxy says nothing there of what peers do, and neither does this program")
        .ok(&["no log", "log global", "log 127.0.0.1:514 local0"])
        .bad(&["log", "log bad"])
        .set(logging::log),
    Row::new("peer", Sections::PEERS)
        .usage("<name> <address>:<port> [param*]")
        .shape(Shape::Words(0, 64))
        .doc("A peer, at its address; the one with our own name is the local peer, and its address is where it listens.")
        .ok(&["peer east 127.0.0.1:1024", "peer east /run/peers.sock", "peer east"])
        .bad(&[
            "peer a!b 127.0.0.1:1024",
            "peer east 127.0.0.1:1-2",
            "peer east 127.0.0.1:1 nonsense",
            "peer east 127.0.0.1:1 agent-check",
        ])
        .set(peer),
    Row::new("server", Sections::PEERS)
        .usage("<name> [<address>:<port>] [param*]")
        .shape(Shape::Words(0, 64))
        .doc("A peer with `server` options; the local peer has no address here, `bind` gives it.")
        .ok(&["server east 127.0.0.1:1024", "server west"])
        .bad(&["server east 127.0.0.1:99999"])
        .set(peer),
    Row::new("shards", Sections::PEERS)
        .usage("<number>")
        .shape(Shape::Long(i64::MIN, i64::MAX))
        .lenient()
        .doc("Number of parts that keys are dealt out in, to peers whose `shard` says which part they get.")
        .since(2, 5)
        .ok(&["shards 10 x", "shards -1", "shards 10"])
        .bad(&["shards", "shards many", "shards 0"])
        .set(|cx, a| {
            if a.number() as i32 == 0 {
                return Err(a.bad(0, "'shards' expects a number other than 0"));
            }
            if let Some(p) = current(cx) {
                p.shards = a.number().max(1).min(i64::from(u32::MAX)) as u32;
            }
            Ok(())
        }),
    Row::new("table", Sections::PEERS)
        .usage("<name> type <type> [len <length>] size <size> [param*]")
        .doc("A stick table that is shared and belongs to no proxy; others name it `<section>/<name>`.")
        .ok(&[
            "table sessions type ip size 1m expire 10m",
            "table t type string len 8 size 10 store gpc(2) srvkey addr",
        ])
        .bad(&["table", "table x", "table x x", "table x type ip", "table x type ip size 1 peers y"])
        .set(table),
];

fn table(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'table' : missing name."));
    }
    let name = format!("{}/{}", cx.section_name(), a.str(0)).into();
    stick::add(cx, a, name, 1)
}

/// The heading: a name of its own.
pub(crate) fn start(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let name = a.arc_str(0);
    let old = cx.peers.iter().find(|p| p.draft.proxy.name == name).map(|p| p.span);
    let mut draft = Draft::default();
    draft.proxy.name = name.clone();
    cx.peers.push(PeersDraft {
        draft,
        span: a.line,
        ..PeersDraft::default()
    });
    cx.current = Current::Peers(cx.peers.len() - 1);
    let Some(old) = old else { return Ok(()) };
    let message = format!(
        "peers section '{name}' has the same name as another peers section declared at {}:{}.",
        cx.file_name(old.file),
        old.line
    );
    Err(Diagnostic::alert(&codes::DUPLICATE_NAME, message)
        .at(a.at(0))
        .related(old, "the other section"))
}

fn current<'r>(cx: &'r mut Reader<'_>) -> Option<&'r mut PeersDraft> {
    match cx.current {
        Current::Peers(i) => cx.peers.get_mut(i),
        _ => None,
    }
}

#[allow(clippy::unnecessary_wraps, reason = "every setter has this shape")]
fn switch(cx: &mut Reader<'_>, disabled: bool) -> Result<(), Diagnostic> {
    if let Some(p) = current(cx) {
        p.disabled = disabled;
    }
    Ok(())
}

fn mixed(a: &Args<'_>) -> Diagnostic {
    a.bad(0, "mixing \"peer\" and \"bind\" line is forbidden")
}

fn bind_line(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Ok(());
    }
    let Some(p) = current(cx) else { return Ok(()) };
    if p.peer_line {
        return Err(mixed(a));
    }
    if let Some(old) = p.bound {
        let message = format!(
            "One listener per \"peers\" section is authorized but another is already configured at [{}:{}].",
            cx.file_name(old.file),
            old.line
        );
        return Err(a.bad(0, message).related(old, "the other one"));
    }
    p.bound = Some(a.line);
    let addresses =
        listening::addresses(a, 0, Accept::STATS_SOCKET, &cx.env).map_err(|d| d.prefixed(&format!("'bind {}' : ", a.show(0))))?;
    listener_options(cx, a, 1, Some(addresses))
}

/// The options of a listener from word `from` on, and where it listens.
fn listener_options(cx: &mut Reader<'_>, a: &Args<'_>, from: usize, addresses: Option<Vec<Address>>) -> Result<(), Diagnostic> {
    let head = format!("'{} {}' in section 'peers'", a.name, a.show(0));
    let listener = current(cx).map(|p| p.listener.clone()).unwrap_or_default();
    let mut opts = BindCx::new(cx, head, false, false);
    (opts.bind, opts.tls, opts.ssl) = listener;
    bind::read_options(&mut opts, a.words.get(from..).unwrap_or(&[]), a.line)?;
    let listener = (opts.bind, opts.tls, opts.ssl);
    let l = &listener.0;
    if l.accept_proxy || l.accept_netscaler_cip.is_some() || l.maxconn.is_some() || l.cc.is_some() {
        let told = "of the listener of peers, 'accept-proxy', 'accept-netscaler-cip', 'maxconn' and 'cc' are accepted but not acted on yet";
        cx.diags.push(Diagnostic::warning(&codes::NOT_YET, told).at(a.span));
    }
    if let Some(p) = current(cx) {
        p.listener = listener;
    }
    listen(cx, a, &addresses.unwrap_or_default(), "'bind' : ")
}

fn listen(cx: &mut Reader<'_>, a: &Args<'_>, addresses: &[Address], head: &str) -> Result<(), Diagnostic> {
    for address in addresses {
        for port in address.ports() {
            let made = cx.proxy().proxy.binds.len();
            if cx.is_full_of(made) {
                return Ok(());
            }
            let entry = Bind {
                address: listening::listen_address(cx, address, port, a, head)?,
                span: a.line,
                ..Bind::default()
            };
            cx.proxy().proxy.binds.push(entry);
        }
    }
    Ok(())
}

/// `peer` and `server`.
fn peer(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Ok(());
    }
    check_name(a, "name").map_err(|d| Diagnostic {
        message: d.message.replace(&format!("in {} name", a.name), "in peer name"),
        ..d
    })?;
    let name = a.arc_str(0);
    let is_local = name == cx.local_peer;
    let is_peer_line = a.name == "peer";
    let Some(p) = current(cx) else { return Ok(()) };
    p.peer_line |= is_peer_line;
    if is_peer_line && p.bound.is_some() {
        return Err(mixed(a));
    }
    let old = p.local.filter(|_| is_local);
    let local = if is_local || p.local.is_some() {
        cx.local_peer.clone()
    } else {
        "(null)".into()
    };
    if let Some((_, old)) = old {
        let place = format!("{}:{}", cx.file_name(old.file), old.line);
        let message = format!("'peer {name}' : local peer name already referenced at {place}. {name}");
        return Err(a.bad(0, message).related(old, "first defined here"));
    }
    let head = format!("'server {local}/{name}' : ");
    // The local peer of a `server` line has its address from `bind`.
    let addressed = is_peer_line || !is_local;
    let address = if addressed && a.len() > 1 {
        Some(read_address(cx, a, is_local, &head)?)
    } else {
        None
    };
    let mut draft = (*cx.proxy().default_server).clone();
    draft.server.name = name.clone();
    draft.server.span = a.line;
    let mut opts = ServerCx::new(cx, draft, false);
    let hint = if addressed {
        ""
    } else {
        " Hint: no address was expected for this server."
    };
    let rest = a.words.get(1 + usize::from(addressed)..).unwrap_or(&[]);
    server::read_options(&mut opts, rest, a.line, hint, |d| place(d.prefixed(&head)))?;
    let mut draft = opts.draft;
    servers::check_server(&draft, a).map_err(|d| place(d.prefixed(&head)))?;
    if draft.check.on || draft.agent.on || draft.resolve.section.is_some() {
        let message = format!("'peer {name}' : init_addr, resolvers, check and agent are ignored for peers.");
        cx.diags.push(Diagnostic::warning(&codes::NO_EFFECT, message).at(a.line));
        draft.check.on = false;
        draft.agent.on = false;
        draft.resolve.section = None;
    }
    let s = &draft.server;
    if s.interface.is_some() || s.use_source.is_some() || s.tfo || s.cc.is_some() || s.tcp_ut.is_some() || draft.tls.sni.is_some() {
        let told = "of a peer, 'interface', 'usesrc', 'tfo', 'cc', 'tcp-ut' and 'sni' are accepted but not acted on yet";
        cx.diags.push(Diagnostic::warning(&codes::NOT_YET, told).at(a.line));
    }
    if let Some(address) = &address {
        let start = servers::set_address(cx, &mut draft, address, a, 1, &head).map_err(place)?;
        start.told.into_iter().for_each(|d| cx.diags.push(d));
        if is_local {
            listen(cx, a, std::slice::from_ref(address), &format!("'peer {name}' : "))?;
        }
    }
    if is_local {
        let index = cx.proxy().proxy.servers.len();
        if let Some(p) = current(cx) {
            p.local = Some((index, a.line));
        }
    }
    servers::push(cx, draft, name);
    Ok(())
}

fn read_address(cx: &Reader<'_>, a: &Args<'_>, is_local: bool, head: &str) -> Result<Address, Diagnostic> {
    let address = address::parse(&a.show(1), Accept::PLAIN, &cx.env).map_err(|e| place(a.bad(1, e).prefixed(head)))?;
    let needs_port = is_local && matches!(address.host, Host::Ip(_) | Host::Any | Host::Name(_));
    let what = match address.port {
        Port::None => format!("missing port specification in '{}'", a.show(1)),
        Port::Fixed(0) => "invalid port '0'".to_owned(),
        _ => return Ok(address),
    };
    if needs_port {
        return Err(a.bad(1, format!("'peer {}' : {what}", a.show(0))));
    }
    Ok(address)
}
