//! `timeout ...`: how long each step of a connection may take (manual, 4.2).

use hapax_diag::Diagnostic;

use super::Topic;
use crate::args::Args;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::{Misplaced, Sections};
use crate::plan::ProxyCaps;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::units::{TIMER_MAX, Unit};

pub(super) static TOPIC: Topic = Topic {
    name: "timeouts",
    rows: ROWS,
    inherit,
};

const fn timeout(name: &'static str, sections: Sections) -> Row {
    Row::new(name, sections)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .misplaced(Misplaced::Read)
}

static ROWS: &[Row] = &[
    timeout("timeout client", Sections::FRONT)
        .doc("Longest silence of a client while it is waited for.")
        .ok(&["timeout client 30s", "timeout client 0"])
        .bad(&["timeout client", "timeout client 5x", "timeout client 1s 2s"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.client = time;
            Ok(())
        }),
    timeout("timeout server", Sections::BACK)
        .doc("Longest silence of a server while it is waited for.")
        .ok(&["timeout server 30s"])
        .bad(&["timeout server", "timeout server 99d"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.server = time;
            Ok(())
        }),
    timeout("timeout connect", Sections::BACK)
        .doc("How long a connection to a server may take to be made.")
        .ok(&["timeout connect 5s", "timeout connect 5000"])
        .bad(&["timeout connect", "timeout connect abc"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.connect = time;
            Ok(())
        }),
    timeout("timeout check", Sections::BACK)
        .doc("Longest wait for the answer of a health check, once it is connected.")
        .ok(&["timeout check 30s"])
        .bad(&["timeout check", "timeout check 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.check = time;
            Ok(())
        }),
    timeout("timeout client-fin", Sections::FRONT)
        .doc("Longest silence of a client whose other direction is closed already.")
        .ok(&["timeout client-fin 30s"])
        .bad(&["timeout client-fin", "timeout client-fin 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.client_fin = time;
            Ok(())
        }),
    timeout("timeout client-hs", Sections::FRONT)
        .since(2, 9)
        .doc("How long a client may take for the TLS handshake and what comes before it.")
        .ok(&["timeout client-hs 30s"])
        .bad(&["timeout client-hs", "timeout client-hs 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.client_hs = time;
            Ok(())
        }),
    timeout("timeout http-keep-alive", Sections::PROXY)
        .doc("How long a client may wait before it starts another request.")
        .ok(&["timeout http-keep-alive 30s"])
        .bad(&["timeout http-keep-alive", "timeout http-keep-alive 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.http_keep_alive = time;
            Ok(())
        }),
    timeout("timeout http-request", Sections::PROXY)
        .doc("How long a client may take to send a whole request head.")
        .ok(&["timeout http-request 30s"])
        .bad(&["timeout http-request", "timeout http-request 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.http_request = time;
            Ok(())
        }),
    timeout("timeout queue", Sections::BACK)
        .doc("How long a request may wait for a server that is full.")
        .ok(&["timeout queue 30s"])
        .bad(&["timeout queue", "timeout queue 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.queue = time;
            Ok(())
        }),
    timeout("timeout server-fin", Sections::BACK)
        .doc("Longest silence of a server whose other direction is closed already.")
        .ok(&["timeout server-fin 30s"])
        .bad(&["timeout server-fin", "timeout server-fin 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.server_fin = time;
            Ok(())
        }),
    timeout("timeout tarpit", Sections::PROXY)
        .doc("How long a tarpitted client is kept waiting.")
        .ok(&["timeout tarpit 30s"])
        .bad(&["timeout tarpit", "timeout tarpit 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.tarpit = time;
            Ok(())
        }),
    timeout("timeout tunnel", Sections::BACK)
        .doc("Longest silence of both sides once the connection is a tunnel.")
        .ok(&["timeout tunnel 30s"])
        .bad(&["timeout tunnel", "timeout tunnel 5x"])
        .set(|cx, a| {
            let time = time(cx, a);
            cx.proxy().proxy.timeouts.tunnel = time;
            Ok(())
        }),
    Row::new("timeout", Sections::PROXY)
        .family()
        .doc("Told when no timeout has the name given.")
        .bad(&["timeout nothing 5s", "timeout"])
        .set(no_such_timeout),
];

/// Milliseconds; `None`: no limit.
fn time(cx: &mut Reader<'_>, a: &Args<'_>) -> Option<u64> {
    if cx.opts.for_version.is_none_or(|v| v >= (3, 1)) {
        let kind = match cx.section() {
            Some(row) if row.name != "listen" => row.name,
            _ => "proxy",
        };
        let owner = format!("{kind} '{}'", cx.section_name());
        if let Some(d) = a.suspicious(&owner) {
            cx.diags.push(d);
        }
    }
    Some(a.millis()).filter(|ms| *ms > 0)
}

fn no_such_timeout(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let names: Vec<&str> = ROWS.iter().filter_map(|r| r.name.strip_prefix("timeout ")).collect();
    Err(a.bad(
        0,
        format!("'timeout' supports {} (got '{}')", crate::shape::list(&names), a.show(0)),
    ))
}

fn inherit(to: &mut Draft, from: &Draft) {
    let (t, f) = (&mut to.proxy.timeouts, &from.proxy.timeouts);
    t.http_request = f.http_request;
    t.http_keep_alive = f.http_keep_alive;
    t.tarpit = f.tarpit;
    if to.proxy.caps.contains(ProxyCaps::FRONTEND) {
        t.client = f.client;
        t.client_fin = f.client_fin;
        t.client_hs = f.client_hs;
    }
    if to.proxy.caps.contains(ProxyCaps::BACKEND) {
        t.server = f.server;
        t.connect = f.connect;
        t.check = f.check;
        t.queue = f.queue;
        t.tunnel = f.tunnel;
        t.server_fin = f.server_fin;
    }
}
