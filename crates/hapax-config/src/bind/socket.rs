//! Options that shape the socket and what is accepted from it.

use hapax_diag::Diagnostic;

use super::{BindCx, BindRow};
use crate::args::Args;
use crate::keyword::Sections;
use crate::plan::{SeverityOutput, SocketLevel};
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

const fn opt(name: &'static str) -> BindRow {
    BindRow::new(name, Sections::BIND)
}

const fn flag(name: &'static str) -> BindRow {
    opt(name).shape(Shape::Nothing)
}

/// A number as C reads it.
const fn lax(name: &'static str, low: i64, high: i64) -> BindRow {
    opt(name).usage("<number>").shape(Shape::Lax(low, high))
}

/// The same, of any size.
const fn long(name: &'static str) -> BindRow {
    opt(name).usage("<number>").shape(Shape::Long(i64::MIN, i64::MAX))
}

const fn word(name: &'static str, what: &'static str) -> BindRow {
    opt(name).usage(what).shape(Shape::Word(what))
}

pub(super) static ROWS: &[BindRow] = &[
    flag("accept-proxy")
        .doc("Expects the PROXY protocol (version 1 or 2) from every client.")
        .ok(&["bind :80 accept-proxy"])
        .set(|cx, _| {
            cx.bind.accept_proxy = true;
            Ok(())
        }),
    long("accept-netscaler-cip")
        .doc("Expects NetScaler's Client IP header with this magic number.")
        .ok(&["bind :80 accept-netscaler-cip 1234"])
        .bad(&["bind :80 accept-netscaler-cip", "bind :80 accept-netscaler-cip 0"])
        .set(|cx, a| {
            if a.number() as u32 == 0 {
                return Err(a.bad(0, format!("'{}' : expects a number other than 0", a.name)));
            }
            cx.bind.accept_netscaler_cip = Some(a.number() as u32);
            Ok(())
        }),
    word("name", "<name>")
        .doc("Name of the listener in statistics.")
        .ok(&["bind :80 name main"])
        .bad(&["bind :80 name"])
        .set(|cx, a| {
            cx.bind.name = Some(a.arc_str(0));
            Ok(())
        }),
    lax("id", i32::MIN as i64, i32::MAX as i64)
        .doc("Number of the listener in statistics.")
        .ok(&["bind :80 id 3"])
        .bad(&["bind :80 id", "bind :80 id 0", "bind :80 id -1", "bind :80 id 1k"])
        .set(|cx, a| {
            if a.str(0).parse::<i128>().is_err() {
                return Err(a.bad(0, format!("'id' : expects an integer argument, found '{}'", a.show(0))));
            }
            if a.number() <= 0 {
                return Err(a.bad(0, "'id' : custom id has to be > 0"));
            }
            cx.bind.id = a.number() as u32;
            Ok(())
        }),
    lax("maxconn", 0, i32::MAX as i64)
        .doc("Most connections of this listener.")
        .ok(&["bind :80 maxconn 100"])
        .bad(&["bind :80 maxconn", "bind :80 maxconn -1"])
        .set(|cx, a| {
            cx.bind.maxconn = Some(a.number() as u32);
            Ok(())
        }),
    lax("backlog", 0, i32::MAX as i64)
        .doc("Connections the kernel may hold before they are accepted.")
        .ok(&["bind :80 backlog 100"])
        .bad(&["bind :80 backlog", "bind :80 backlog -1"])
        .set(|cx, a| {
            cx.bind.backlog = Some(a.number() as u32);
            Ok(())
        }),
    word("interface", "<name>")
        .doc("Network interface to listen on.")
        .ok(&["bind :80 interface eth0"])
        .bad(&["bind :80 interface"])
        .set(|cx, a| {
            cx.bind.interface = Some(a.show(0));
            Ok(())
        }),
    lax("mss", i32::MIN as i64, i32::MAX as i64)
        .doc("Largest TCP segment announced; a negative number changes nothing, for Linux lets no connection shorten its segments.")
        .ok(&["bind :80 mss 1460"])
        .bad(&["bind :80 mss", "bind :80 mss 70000", "bind :80 mss 0"])
        .set(|cx, a| {
            // The lowest number has no absolute value that C knows of, and nothing comes of it.
            let lowest = a.number() == i64::from(i32::MIN);
            if !lowest && !matches!(a.number().abs(), 1..=65535) {
                return Err(a.bad(0, "'mss' : expects an MSS with and absolute value between 1 and 65535"));
            }
            cx.bind.mss = (!lowest).then_some(a.number() as i32);
            Ok(())
        }),
    opt("tcp-ut")
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Time a client may leave sent data without acknowledgement.")
        .ok(&["bind :80 tcp-ut 30s"])
        .bad(&["bind :80 tcp-ut", "bind :80 tcp-ut x"])
        .set(|cx, a| {
            cx.bind.tcp_ut = Some(a.millis());
            Ok(())
        }),
    flag("tfo").doc("TCP fast open.").ok(&["bind :80 tfo"]).set(|cx, _| {
        cx.bind.tfo = true;
        Ok(())
    }),
    flag("v4v6")
        .doc("An IPv6 address takes IPv4 clients too.")
        .no_effect("it does so wherever `v6only` does not forbid it")
        .ok(&["bind :::80 v4v6"]),
    flag("v6only")
        .doc("An IPv6 address takes IPv6 clients only.")
        .ok(&["bind :::80 v6only"])
        .set(|cx, _| {
            cx.bind.v6only = true;
            Ok(())
        }),
    flag("transparent")
        .doc("Binds to addresses this machine does not have.")
        .ok(&["bind :80 transparent"])
        .set(|cx, _| {
            cx.bind.transparent = true;
            Ok(())
        }),
    flag("defer-accept")
        .doc("Accepts a connection once its first bytes are there.")
        .ok(&["bind :80 defer-accept"])
        .set(|cx, _| {
            cx.bind.defer_accept = true;
            Ok(())
        }),
    word("level", "{ user | operator | admin }")
        .doc("Rights of the runtime API's connections.")
        .ok(&["bind :80 level admin"])
        .bad(&["bind :80 level", "bind :80 level god"])
        .set(level),
    word("expose-fd", "listeners")
        .doc("Lets a new process take over the listening sockets.")
        .ok(&["bind :80 expose-fd listeners"])
        .bad(&["bind :80 expose-fd", "bind :80 expose-fd all"])
        .set(|cx, a| {
            if a.str(0) != "listeners" {
                return Err(a.bad(0, format!("'{}' only supports 'listeners' (got '{}')", a.name, a.show(0))));
            }
            cx.expose_fd = true;
            Ok(())
        }),
    word("severity-output", "{ none | number | string }")
        .doc("Severity in front of the runtime API's answers.")
        .ok(&["bind :80 severity-output number", "bind :80 severity-output string"])
        .bad(&["bind :80 severity-output", "bind :80 severity-output all"])
        .set(|cx, a| {
            one_of(a, &["none", "number", "string"])?;
            cx.severity = SeverityOutput::of(a.str(0)).unwrap_or_default();
            Ok(())
        }),
    lax("nice", -1024, 1024)
        .doc("Priority of the listener's connections against others.")
        .no_effect("each thread serves its connections in turn")
        .ok(&["bind :80 nice -5"])
        .bad(&["bind :80 nice", "bind :80 nice 2000"]),
    opt("thread")
        .usage("<set>")
        .shape(Shape::OptWord("<set>"))
        .doc("Threads that serve the listener.")
        .no_effect("every thread accepts from every listener")
        .ok(&[
            "bind :80 thread",
            "bind :80 thread 1/1-2",
            "bind :80 thread all",
            "bind :80 thread 1/odd,2/3-",
        ])
        .bad(&[
            "bind :80 thread x",
            "bind :80 thread 1-x",
            "bind :80 thread 0",
            "bind :80 thread 1/65",
        ])
        .set(|_, a| {
            if a.is_empty() {
                return Ok(());
            }
            let mut sets = a.str(0).split(',');
            sets.try_for_each(thread_set)
                .map_err(|(set, why)| a.bad(0, format!("'{set}' : '{set}' is not a valid number/range.{why}")))
        }),
    word("shards", "{ <number> | by-thread | by-group }")
        .doc("Sockets for the same address.")
        .no_effect("every thread has a socket of its own")
        .ok(&["bind :80 shards by-thread", "bind :80 shards 2", "bind :80 shards 2x"])
        .bad(&[
            "bind :80 shards",
            "bind :80 shards x",
            "bind :80 shards 1025",
            "bind :80 shards 2147483648",
        ])
        .set(|_, a| match a.str(0) {
            "by-thread" | "by-group" => Ok(()),
            n => match hapax_value::leading_number(n) as i32 {
                1..=1024 => Ok(()),
                n => {
                    let allowed = "allowed range is 1..1024 or 'by-thread'";
                    Err(a.bad(0, format!("'{}' : invalid value {n}, {allowed}", a.name)))
                }
            },
        }),
    word("proto", "<name>")
        .doc("Protocol clients speak, where it is not negotiated.")
        .not_yet("protocols other than HTTP/1 without negotiation")
        .ok(&["bind :80 proto h2", "bind :80 proto h1"])
        .bad(&["bind :80 proto", "bind :80 proto h9"])
        .set(|cx, a| {
            one_of(a, &["h1", "h2", "fcgi", "quic", "qmux", "spop"]).map_err(|d| {
                let shown = a.show(0);
                Diagnostic {
                    message: format!("'proto' :  unknown MUX protocol '{shown}'"),
                    ..d
                }
            })?;
            cx.bind.proto = Some(a.show(0));
            Ok(())
        }),
];

pub(super) fn one_of(a: &Args<'_>, words: &[&str]) -> Result<(), Diagnostic> {
    if words.contains(&a.str(0)) {
        return Ok(());
    }
    let list = crate::shape::list(words);
    Err(a.bad(0, format!("'{}' expects {list}, found '{}'.", a.name, a.show(0))))
}

fn level(cx: &mut BindCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    cx.level = Some(match a.str(0) {
        "user" => SocketLevel::User,
        "operator" => SocketLevel::Operator,
        "admin" => SocketLevel::Admin,
        _ => {
            return Err(a.bad(0, "'level' only supports 'user', 'operator', and 'admin'"));
        }
    });
    Ok(())
}

/// `[<group>/]{ all | odd | even | <from>[-[<to>]] }`; the error holds the part that is none, and what it may be.
fn thread_set(text: &str) -> Result<(), (&str, &'static str)> {
    let (group, set) = text.split_once('/').map_or((None, text), |(g, s)| (Some(g), s));
    if matches!(set, "all" | "odd" | "even") {
        return group.map_or(Ok(()), |g| in_range(g, 4096));
    }
    let most = if group.is_some() { 64 } else { 4096 };
    group.map_or(Ok(()), |g| in_range(g, 4096))?;
    match set.split_once('-') {
        Some((from, "")) => in_range(from, most),
        Some((from, to)) => in_range(from, most).and_then(|()| in_range(to, most)),
        None => in_range(set, most),
    }
}

fn in_range(text: &str, most: u32) -> Result<(), (&str, &'static str)> {
    match text.parse::<u32>() {
        Ok(n) if (1..=most).contains(&n) => Ok(()),
        Ok(_) if most == 64 => Err((text, " It supports numbers from 1 to 64.")),
        _ => Err((text, "")),
    }
}
