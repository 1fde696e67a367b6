//! `bind` lines: one entry of the plan for each address and port.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_syntax::Environment;
use hapax_value::Endpoint;

use super::{Topic, no_inherit};
use crate::address::{self, Accept, Address, Host};
use crate::args::Args;
use crate::bind::{self, BindCx};
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::plan::{Bind, BindAddress, SocketLevel, StatsSocket, UnixBind};
use crate::reader::{Current, Reader};
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "listening",
    rows: ROWS,
    inherit: no_inherit,
};

static ROWS: &[Row] = &[
    Row::new("bind", Sections::FRONTEND.union(Sections::LISTEN))
        .usage("<address>[,...] [<option>...]")
        .doc("Listens on addresses and ports, with options of their own.")
        .ok(&[
            "bind :80",
            "bind *:80,[::1]:8080 name web",
            "bind 10.0.0.1:8000-8003",
            "bind /run/h.sock mode 600",
            "bind abns@name",
            "bind fd@3",
        ])
        .bad(&["bind", "bind 10.0.0.1", "bind :70000", "bind :80 nonsense", "bind :+80"])
        .set(bind_line),
    Row::new("stats socket", Sections::GLOBAL)
        .usage("<address> [level <level>] [<option>...]")
        .doc("Socket of the runtime API.")
        .ok(&[
            "stats socket /run/h.sock mode 660 level admin",
            "stats socket ipv4@127.0.0.1:9999 level operator expose-fd listeners",
        ])
        .bad(&["stats socket", "stats socket /run/h.sock level god"])
        .set(stats_socket),
    Row::new("stats timeout", Sections::GLOBAL)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .lenient()
        .doc("Silence after which a connection of the runtime API is closed.")
        .ok(&["stats timeout 1s 2", "stats timeout 30s"])
        .bad(&["stats timeout", "stats timeout 5x", "stats timeout 0"])
        .set(|cx, a| {
            if a.millis() == 0 {
                return Err(a.bad(0, "'stats timeout' expects a positive value"));
            }
            cx.global.stats_timeout = Some(a.millis());
            Ok(())
        }),
    Row::new("stats maxconn", Sections::GLOBAL)
        .usage("<number>")
        .shape(Shape::Lax(1, i64::MAX))
        .lenient()
        .doc("Most connections of the runtime API at once.")
        .ok(&["stats maxconn 10 x", "stats maxconn 10"])
        .bad(&["stats maxconn many", "stats maxconn", "stats maxconn 0"])
        .set(|cx, a| {
            cx.global.stats_maxconn = Some(a.number() as u32);
            Ok(())
        }),
    Row::new("stats bind-process", Sections::GLOBAL)
        .usage("{ all | odd | even | <processes> }...")
        .shape(Shape::Words(1, 64))
        .until(
            2,
            7,
            "'stats bind-process' is not supported anymore. Please use 'thread' option on the 'stats socket' line instead.",
        )
        .doc("Chose processes for the runtime API's sockets.")
        .no_effect("there is one process")
        .ok(&["stats bind-process 1", "stats bind-process all"])
        .bad(&["stats bind-process"]),
    Row::new("stats", Sections::GLOBAL)
        .family()
        .doc("Told when no setting of the runtime API has the name given.")
        .bad(&["stats", "stats nothing"])
        .set(|_, a| Err(a.bad(0, "'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout'"))),
];

fn bind_line(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments."));
    }
    let addresses = addresses(a, 0, Accept::BIND, &cx.env).map_err(|d| d.prefixed("'bind' : "))?;
    let head = format!("'bind {}' in section '{}'", a.show(0), cx.section().map_or("", |s| s.name));
    let bind = read_options(cx, a, head)?;
    let name = cx.section_name();
    let Current::Proxy(index) = cx.current else { return Ok(()) };
    let first = cx.proxies[index].proxy.binds.len();
    for address in addresses {
        if address.quic {
            cx.proxies[index].quic.push(a.at(0));
            continue;
        }
        if let Host::SockPair(_) = address.host {
            cx.resolve(&address, "", a.at(0), "'bind' : ")?;
        }
        if let Host::Reverse(_) | Host::SockPair(_) = address.host {
            let told = "this kind of address is accepted but not acted on yet: nothing listens on it";
            cx.diags.push(Diagnostic::warning(&codes::NOT_YET, told).at(a.at(0)));
            continue;
        }
        for port in address.ports() {
            if cx.is_full_of(cx.proxies[index].proxy.binds.len()) {
                return Ok(());
            }
            let mut entry = bind.clone();
            entry.address = listen_address(cx, &address, port, a, "'bind' : ")?;
            entry.span = a.line;
            start_unix(&mut entry, &cx.global.unix_bind);
            name_listener(cx, &mut entry, cx.proxies[index].proxy.binds.len() - first, a)?;
            note_conflict(cx, &entry, index, &name, a);
            cx.proxies[index].proxy.binds.push(entry);
        }
    }
    Ok(())
}

/// `guid-prefix`: the name of the listener at place `nth` of its line, if nothing else has it.
fn name_listener(cx: &mut Reader<'_>, entry: &mut Bind, nth: usize, a: &Args<'_>) -> Result<(), Diagnostic> {
    let Some(prefix) = &entry.guid_prefix else { return Ok(()) };
    let guid: Arc<str> = format!("{prefix}-{nth}").into();
    let owner = format!("listener {} ({}:{})", cx.section_name(), cx.file_name(a.line.file), a.line.line);
    cx.guids.claim(&guid, None, owner).map_err(|taken| {
        a.bad(
            0,
            format!("error on GUID generation : {taken}. You may fix it by adjusting guid-prefix."),
        )
    })?;
    entry.guid = Some(guid);
    Ok(())
}

/// The `bind` line of a section that is no proxy: an entry for each address and port.
pub(super) fn standalone(cx: &mut Reader<'_>, a: &Args<'_>, accept: Accept) -> Result<Vec<Bind>, Diagnostic> {
    let prologue = format!("'{}' : ", a.name);
    let list = addresses(a, 0, accept, &cx.env).map_err(|d| d.prefixed(&prologue))?;
    let head = format!("'{} {}' in section '{}'", a.name, a.show(0), cx.section().map_or("", |s| s.name));
    let mut opts = BindCx::new(cx, head, false, false);
    bind::read_options(&mut opts, a.words.get(1..).unwrap_or(&[]), a.line)?;
    let bind = opts.finish();
    let mut made = Vec::new();
    for address in list {
        for port in address.ports() {
            if cx.is_full_of(made.len()) {
                return Ok(made);
            }
            let mut entry = bind.clone();
            entry.address = listen_address(cx, &address, port, a, &prologue)?;
            entry.span = a.line;
            made.push(entry);
        }
    }
    Ok(made)
}

/// The addresses of argument `i`, one for each comma.
pub(super) fn addresses(a: &Args<'_>, i: usize, accept: Accept, env: &Environment) -> Result<Vec<Address>, Diagnostic> {
    let text = a.show(i);
    // A comma at the end is passed over, as HAProxy does.
    let list = text.strip_suffix(',').filter(|t| !t.is_empty()).unwrap_or(&text);
    list.split(',')
        .map(|part| address::parse(part, accept, env).map_err(|e| a.bad(i, e)))
        .collect()
}

pub(super) fn listen_address(
    cx: &mut Reader<'_>,
    address: &Address,
    port: u16,
    a: &Args<'_>,
    head: &str,
) -> Result<BindAddress, Diagnostic> {
    if let Host::Fd(fd) = address.host {
        cx.resolve(address, "", a.at(0), head)?;
        return Ok(BindAddress::Fd(fd));
    }
    let one = Address {
        port: match address.port {
            address::Port::None => address::Port::None,
            _ => address::Port::Fixed(port),
        },
        ..address.clone()
    };
    let found = cx.resolve(&one, &a.show(0), a.at(0), head)?;
    Ok(found.map_or_else(BindAddress::default, BindAddress::At))
}

/// `unix-bind`: what a socket with a path starts from.
fn start_unix(entry: &mut Bind, usual: &UnixBind) {
    let BindAddress::At(Endpoint::Unix(path)) = &mut entry.address else {
        return;
    };
    if let Some(prefix) = &usual.prefix {
        *path = format!("{prefix}{path}").into();
    }
    entry.mode = entry.mode.or(usual.mode);
    entry.uid = entry.uid.or(usual.uid);
    entry.gid = entry.gid.or(usual.gid);
}

/// Two lines for one address make the second one fail at start.
fn note_conflict(cx: &mut Reader<'_>, entry: &Bind, proxy: usize, name: &Arc<str>, a: &Args<'_>) {
    let BindAddress::At(at) = &entry.address else { return };
    let key = at.clone();
    if let Some((other, span)) = cx.bound.get(&key).copied() {
        let other_name = &cx.proxies[other].proxy.name;
        if !cx.proxies[other].proxy.disabled && !cx.proxies[proxy].proxy.disabled {
            let d = Diagnostic::new(
                &codes::BIND_CONFLICT,
                hapax_diag::Severity::Note,
                format!(
                    "'{}' of '{name}' is bound by '{other_name}' too: connections are spread over both",
                    a.show(0)
                ),
            );
            cx.diags.push(d.at(a.at(0)).related(span, "first bound here"));
        }
        return;
    }
    cx.bound.insert(key, (proxy, a.at(0)));
}

fn read_options(cx: &mut Reader<'_>, a: &Args<'_>, head: String) -> Result<Bind, Diagnostic> {
    let http = cx.proxy().site.http;
    let mut opts = BindCx::new(cx, head, false, http);
    bind::read_options(&mut opts, a.words.get(1..).unwrap_or(&[]), a.line)?;
    Ok(opts.finish())
}

fn stats_socket(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("'stats socket' in section 'global' : missing address or path to UNIX socket"));
    }
    let list = addresses(a, 0, Accept::STATS_SOCKET, &cx.env).map_err(|d| d.prefixed("'stats socket' : "))?;
    let head = format!("'stats socket {}' in section 'global'", a.show(0));
    let mut opts = BindCx::new(cx, head, true, false);
    bind::read_options(&mut opts, a.words.get(1..).unwrap_or(&[]), a.line)?;
    let (level, expose_fd, severity) = (opts.level.unwrap_or(SocketLevel::Operator), opts.expose_fd, opts.severity);
    let bind = opts.finish();
    for address in list {
        for port in address.ports() {
            if cx.is_full_of(cx.global.stats_sockets.len()) {
                return Ok(());
            }
            let mut entry = bind.clone();
            entry.address = listen_address(cx, &address, port, a, "'stats socket' : ")?;
            entry.span = a.line;
            cx.global.stats_sockets.push(StatsSocket {
                bind: entry,
                level,
                expose_fd,
                severity,
            });
        }
    }
    Ok(())
}
