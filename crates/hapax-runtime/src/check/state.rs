//! `http-check send-state`: what a server is told of itself.

use std::sync::atomic::Ordering::Relaxed;

use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use crate::state::{Oper, Shared};

/// The value of `X-Haproxy-Server-State`.
pub(super) fn header(shared: &Shared, p: ProxyId, s: ServerId) -> String {
    let (plan, proxy, server) = (shared.conf(p), shared.proxy(p), shared.server(p, s));
    let health = server.check().health;
    let (n, of, _) = health.shown();
    let falling = |word: &str| match health.left() {
        Some((n, of)) => format!("{word} {n}/{of}"),
        None => word.to_owned(),
    };
    let state = match server.oper() {
        Oper::Stopped if health.is_moving() => format!("DOWN {n}/{of}"),
        Oper::Stopped => "DOWN".to_owned(),
        Oper::Stopping => falling("NOLB"),
        Oper::Starting | Oper::Running => falling("UP"),
    };
    let (address, port) = match server.endpoint() {
        Some(Endpoint::Ip(a)) => (a.ip().to_string(), a.port().to_string()),
        _ => ("unix".to_owned(), "unix".to_owned()),
    };
    let node = shared.plan.global.node.as_deref().unwrap_or_else(|| hapax_sys::host::name());
    let usable = proxy.servers.iter().filter(|(_, s)| s.is_usable());
    let total: u32 = usable.map(|(_, s)| s.uweight.load(Relaxed)).sum();
    let weight = server.uweight.load(Relaxed);
    format!(
        "{state}; address={address}; port={port}; name={}; node={node}; weight={weight}/{total}; scur={}/{}; qcur={}",
        format_args!("{}/{}", plan.name, server.conf().name),
        server.cur_sess.load(Relaxed),
        proxy.be_cur.load(Relaxed),
        server.queue_cur.load(Relaxed),
    )
}
