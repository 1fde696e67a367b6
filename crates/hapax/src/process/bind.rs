//! Every listening socket of a plan, made while the process still may: `bind` lines of proxies and of peers, then `stats socket` lines.

use std::os::fd::OwnedFd;
use std::path::Path;

use hapax_config::Plan;
use hapax_config::plan::{Bind, BindAddress, Proxy, ProxyCaps};
use hapax_diag::Sources;
use hapax_runtime::server::{BoundListener, Owner};
use hapax_sample::ProxyId;
use hapax_sys::listen::{self, Address, Listener, Options as ListenOptions, UnixAccess};
use hapax_value::Endpoint;

use super::identity;
use crate::classic::options::Options;
use crate::report::Report;

/// Length of the queue of connections not yet accepted, where nothing says otherwise.
const BACKLOG: i32 = 1024;

/// All of them, or the messages of those that failed. `most`: how many connections the process serves at a time, where that is known.
pub(super) fn every(
    plan: &Plan,
    sources: &Sources,
    options: &Options,
    most: Option<u32>,
    inherited: &mut Vec<OwnedFd>,
    report: &Report,
) -> Result<Vec<BoundListener>, Vec<String>> {
    let mut made = Vec::new();
    let mut failures = Vec::new();
    let mut one = |bind: &Bind, backlog: Option<u32>, what: &str, owner: Owner| {
        let place = format!("Binding [{}:{}] for {what}", sources.name(bind.span.file), bind.span.line);
        let mut unmet = Vec::new();
        let datagrams = matches!(owner, Owner::LogDgram { .. });
        match open_as(bind, backlog, datagrams, options, inherited, &mut unmet) {
            Ok(socket) => made.push(BoundListener { owner, socket }),
            Err(why) => failures.push(format!("{place}: {why}")),
        }
        for why in unmet {
            report.warning(&format!("{place}: {why} for [{}].", shown(&bind.address)));
        }
    };
    for (p, proxy) in plan.proxies.iter().enumerate().filter(|(_, p)| !p.disabled) {
        let what = format!("{} {}", kind(proxy), proxy.name);
        for (b, bind) in proxy.binds.iter().enumerate() {
            let owner = Owner::Bind {
                proxy: ProxyId(p as u32),
                bind: b,
            };
            one(bind, queue(bind, proxy, most), &what, owner);
        }
    }
    for (i, section) in plan.peers.iter().enumerate() {
        let what = format!("peers {}", section.name);
        for (b, bind) in section.binds.iter().enumerate() {
            one(bind, bind.backlog, &what, Owner::Peers(i, b));
        }
    }
    for (f, forward) in plan.log_forwards.iter().enumerate() {
        let what = format!("log-forward {}", forward.name);
        for (bind, b) in forward.binds.iter().zip(0..) {
            one(
                bind,
                bind.backlog.or(forward.backlog),
                &what,
                Owner::LogStream { forward: f, bind: b },
            );
        }
        for (bind, b) in forward.dgram_binds.iter().zip(0..) {
            one(bind, None, &what, Owner::LogDgram { forward: f, bind: b });
        }
    }
    for (i, s) in plan.global.stats_sockets.iter().enumerate() {
        one(&s.bind, s.bind.backlog, "frontend GLOBAL", Owner::Stats(i));
    }
    if failures.is_empty() { Ok(made) } else { Err(failures) }
}

/// Length of the queue of connections not yet accepted: what the lines say of it, else as many as may be open at a time.
fn queue(bind: &Bind, proxy: &Proxy, most: Option<u32>) -> Option<u32> {
    let said = [bind.backlog, proxy.backlog, bind.maxconn, Some(proxy.maxconn), most];
    said.into_iter().flatten().find(|n| *n > 0)
}

fn kind(p: &Proxy) -> &'static str {
    if p.caps.contains(ProxyCaps::BACKEND) { "proxy" } else { "frontend" }
}

pub(super) fn open(bind: &Bind, backlog: Option<u32>, options: &Options, inherited: &mut Vec<OwnedFd>) -> Result<Listener, String> {
    open_as(bind, backlog, false, options, inherited, &mut Vec::new())
}

/// `datagrams`: a receiving socket rather than a listening one.
fn open_as(
    bind: &Bind,
    backlog: Option<u32>,
    datagrams: bool,
    options: &Options,
    inherited: &mut Vec<OwnedFd>,
    unmet: &mut Vec<listen::Error>,
) -> Result<Listener, String> {
    let address = match &bind.address {
        BindAddress::Fd(n) => Address::Fd(*n),
        BindAddress::At(Endpoint::Ip(a)) if datagrams => Address::Udp(*a),
        BindAddress::At(Endpoint::Ip(a)) => Address::Tcp(*a),
        BindAddress::At(Endpoint::Unix(p)) => Address::Unix(Path::new(&**p)),
        BindAddress::At(Endpoint::Abstract(name, zero_terminated)) => Address::Abstract {
            name,
            zero_terminated: *zero_terminated,
        },
    };
    let backlog = backlog.filter(|n| *n > 0).map_or(BACKLOG, |b| i32::try_from(b).unwrap_or(i32::MAX));
    if let Some(i) = inherited.iter().position(|fd| listen::bound_to(fd, address)) {
        return Listener::adopt(inherited.swap_remove(i), backlog).map_err(|e| e.to_string());
    }
    let listen_options = ListenOptions {
        backlog,
        reuseport: !options.no_reuseport,
        interface: bind.interface.as_deref(),
        v6only: bind.v6only,
        transparent: bind.transparent,
        // Below 0 it would be for connections that are open, of which Linux does not take it.
        mss: bind.mss.filter(|n| *n > 0),
        user_timeout_ms: bind.tcp_ut.map(|ms| u32::try_from(ms).unwrap_or(u32::MAX)),
        fastopen: bind.tfo.then_some(backlog),
        defer_accept: bind.defer_accept,
        unix: UnixAccess {
            mode: bind.mode,
            uid: identity::uid(bind.uid, bind.user.as_deref())?,
            gid: identity::gid(bind.gid, bind.group.as_deref())?,
        },
    };
    listen::listen(address, &listen_options, unmet).map_err(|e| format!("{e} for [{}]", shown(&bind.address)))
}

fn shown(a: &BindAddress) -> String {
    match a {
        BindAddress::Fd(n) => format!("fd@{n}"),
        BindAddress::At(Endpoint::Ip(a)) => a.to_string(),
        BindAddress::At(Endpoint::Unix(p)) => p.to_string(),
        BindAddress::At(Endpoint::Abstract(name, _)) => format!("abns@{}", String::from_utf8_lossy(name)),
    }
}

/// `-x`: the listening sockets of an older process. Not getting them is no reason to stop: they are then bound anew.
pub(super) fn inherited(path: Option<&str>, report: &Report) -> Vec<OwnedFd> {
    let Some(path) = path.filter(|p| *p != "/dev/null") else {
        return Vec::new();
    };
    match hapax_sys::handover::fetch(Path::new(path)) {
        Ok(fds) => fds,
        Err(e) => {
            report.warning(&format!("Failed to get the sockets from the old process!: {e}"));
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_as_long_as_the_first_line_that_says_a_number() {
        let cases = [
            // backlog and maxconn of the line, of the proxy, and the most of the process
            ((None, None), (None, 0), None, None),
            ((None, None), (None, 0), Some(500), Some(500)),
            ((None, None), (None, 33), Some(500), Some(33)),
            ((None, Some(7)), (None, 33), Some(500), Some(7)),
            ((None, Some(7)), (Some(11), 33), Some(500), Some(11)),
            ((Some(9), Some(7)), (Some(11), 33), Some(500), Some(9)),
            ((Some(0), None), (Some(0), 0), Some(500), Some(500)),
        ];
        for ((backlog, maxconn), (of_proxy, proxy_maxconn), most, want) in cases {
            let bind = Bind {
                backlog,
                maxconn,
                ..Bind::default()
            };
            let proxy = Proxy {
                backlog: of_proxy,
                maxconn: proxy_maxconn,
                ..Proxy::default()
            };
            assert_eq!(
                queue(&bind, &proxy, most),
                want,
                "{backlog:?} {maxconn:?} {of_proxy:?} {proxy_maxconn}"
            );
        }
    }
}
