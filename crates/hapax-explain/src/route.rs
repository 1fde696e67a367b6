//! Which frontend takes a request, and which server of a backend.

use hapax_balance::{Algorithm, Choice, Farm, Load, Member, SCALE};
use hapax_config::Plan;
use hapax_config::plan::{Balance, Bind, BindAddress, Key, Mode, Options, Proxy, ProxyCaps};
use hapax_sample::{Env, ProxyId, ServerId};
use hapax_value::Endpoint;

use crate::facts::Tls;
use crate::question::{Entry, Question, QuestionError, address};
use crate::world::StillLife;

/// The frontend that a question names, or that listens where it goes, and the bind line.
pub(crate) fn frontend(plan: &Plan, q: &Question) -> Result<(ProxyId, Entry), QuestionError> {
    let target = q.target();
    let wanted = q.dst.as_deref().map(|d| address(d, target.port.unwrap_or(80))).transpose()?;
    let tls = q
        .tls
        .as_ref()
        .map(Tls::is_on)
        .or_else(|| target.scheme.as_deref().map(|s| s == "https"));
    let frontends = || {
        let each = plan.proxies.iter().enumerate();
        each.filter(|(_, p)| p.caps.contains(ProxyCaps::FRONTEND) && !p.disabled && !p.name.starts_with('<'))
    };
    let asked = |p: &Proxy| q.frontend.as_deref().is_none_or(|n| n == &*p.name);
    let port = wanted.map(|w| w.port()).or(target.port);
    let mut best: Option<(u32, usize, usize)> = None;
    for (i, proxy) in frontends().filter(|(_, p)| asked(p)) {
        for (b, bind) in proxy.binds.iter().enumerate() {
            let BindAddress::At(Endpoint::Ip(at)) = &bind.address else {
                continue;
            };
            let reaches = |w: std::net::SocketAddr| at.ip().is_unspecified() || at.ip() == w.ip();
            let there = port.is_none_or(|p| p == at.port()) && wanted.is_none_or(reaches);
            // Who names a frontend means it, whatever the URL's port.
            if !there && q.frontend.is_none() {
                continue;
            }
            let score = 8 * u32::from(there)
                + 4 * u32::from(wanted.is_some_and(|w| at.ip() == w.ip()))
                + 2 * u32::from(tls.is_some_and(|t| t == bind.tls.is_some()))
                + u32::from(is_http(proxy));
            if best.is_none_or(|(s, ..)| score > s) {
                best = Some((score, i, b));
            }
        }
    }
    if let Some((_, i, b)) = best {
        return Ok((ProxyId(i as u32), entry(&plan.proxies[i], Some(b), wanted, tls)));
    }
    // One frontend alone is meant in any case, as is one that is named and has no bind line.
    let mut left = frontends().filter(|(_, p)| asked(p));
    if let (Some((i, proxy)), None) = (left.next(), left.next()) {
        let bind = (!proxy.binds.is_empty()).then_some(0);
        return Ok((ProxyId(i as u32), entry(proxy, bind, wanted, tls)));
    }
    let known: Vec<String> = frontends().map(|(_, p)| with_ports(p)).collect();
    let asked = match (&q.frontend, port) {
        (Some(name), _) => {
            let names: Vec<&str> = frontends().map(|(_, p)| &*p.name).collect();
            let near = hapax_diag::suggest(name, names).map(|n| format!(" (did you mean '{n}'?)"));
            format!("no frontend is called '{name}'{}", near.unwrap_or_default())
        }
        (None, Some(port)) => format!("no frontend listens on port {port}, and none is named"),
        (None, None) => "no frontend takes this request".to_owned(),
    };
    Err(QuestionError(format!("{asked}; there are: {}", known.join(", "))))
}

/// A frontend's name and the ports that lead to it.
fn with_ports(proxy: &Proxy) -> String {
    let ports = proxy.binds.iter().filter_map(|b| match &b.address {
        BindAddress::At(Endpoint::Ip(at)) => Some(format!(":{}", at.port())),
        _ => None,
    });
    let ports: Vec<String> = ports.collect();
    if ports.is_empty() {
        proxy.name.to_string()
    } else {
        format!("{} ({})", proxy.name, ports.join(" "))
    }
}

fn entry(proxy: &Proxy, bind: Option<usize>, wanted: Option<std::net::SocketAddr>, tls: Option<bool>) -> Entry {
    let line = bind.and_then(|b| proxy.binds.get(b));
    let mut dst = match line.map(|l| &l.address) {
        Some(BindAddress::At(Endpoint::Ip(at))) => *at,
        _ => std::net::SocketAddr::from(([192, 0, 2, 2], 80)),
    };
    if dst.ip().is_unspecified() {
        dst.set_ip(std::net::IpAddr::from([192, 0, 2, 2]));
    }
    Entry {
        dst: wanted.unwrap_or(dst),
        listener: bind.unwrap_or(0) as u32,
        listener_id: line.map_or(0, |l| l.id),
        listener_name: line.and_then(|l| l.name.clone()).unwrap_or_default(),
        tls: line.map_or(tls == Some(true), |l| l.tls.is_some()),
        proxied: line.is_some_and(|l| l.accept_proxy),
        remark: line.and_then(|l| remark(proxy, l, tls)),
    }
}

/// Where a client speaks other than the bind line does.
fn remark(proxy: &Proxy, line: &Bind, tls: Option<bool>) -> Option<String> {
    let text = match (tls?, line.tls.is_some(), is_http(proxy)) {
        (true, false, true) => "the bind line has no 'ssl': a client's TLS would be refused; this is as for a plain request",
        (true, false, false) => "the bind line has no 'ssl': what the rules see is the client's handshake",
        (false, true, _) => "the bind line has 'ssl': a plain request would be refused; this is as for one over TLS",
        _ => return None,
    };
    Some(text.to_owned())
}

/// What a request comes to when the proxies' own pages are asked.
pub(crate) fn is_http(proxy: &Proxy) -> bool {
    proxy.mode == Mode::Http
}

/// The server of a backend, or those it may be.
#[derive(Default)]
pub(crate) struct Servers {
    pub chosen: Option<usize>,
    pub candidates: Vec<usize>,
    pub algorithm: String,
    pub key: Option<String>,
}

/// Servers that may be used now.
fn usable(proxy: &Proxy, id: ProxyId, world: &StillLife<'_>) -> Vec<bool> {
    (0..proxy.servers.len() as u32).map(|s| world.is_up(id, ServerId(s))).collect()
}

/// What the algorithm makes of the request.
pub(crate) fn by_algorithm(proxy: &Proxy, id: ProxyId, env: &Env<'_>, world: &StillLife<'_>) -> Servers {
    let up = usable(proxy, id, world);
    let (algorithm, name) = match &proxy.balance {
        // The latter two are of log backends, which no request is sent to.
        Balance::RoundRobin | Balance::LogHash(_) | Balance::Sticky => (Algorithm::RoundRobin, "roundrobin".to_owned()),
        Balance::StaticRr => (Algorithm::StaticRr, "static-rr".into()),
        Balance::LeastConn => (Algorithm::LeastConn, "leastconn".into()),
        Balance::First => (Algorithm::First, "first".into()),
        Balance::Random(n) => (Algorithm::Random(*n), format!("random({n})")),
        Balance::Source => (Algorithm::Hash(proxy.hash_type), "source".into()),
        Balance::Uri(_) => (Algorithm::Hash(proxy.hash_type), "uri".into()),
        Balance::Param { url, .. } => (Algorithm::Hash(proxy.hash_type), format!("url_param {}", url.text())),
        Balance::Header(e) | Balance::Domain(e) => (Algorithm::Hash(proxy.hash_type), format!("hdr {}", e.text())),
        Balance::RdpCookie(e) => (Algorithm::Hash(proxy.hash_type), format!("rdp-cookie {}", e.text())),
        Balance::Hash(expr) => (Algorithm::Hash(proxy.hash_type), format!("hash {}", expr.text())),
    };
    let members = proxy
        .servers
        .iter()
        .zip(&up)
        .map(|(s, up)| Member {
            id: s.id,
            node: s.node_key(s.address.as_ref()),
            weight: s.weight * SCALE,
            usable: *up,
            backup: s.backup,
        })
        .collect();
    let mut farm = Farm::new(algorithm, members, proxy.options.contains(Options::ALLBACKUPS), 1).spilling(proxy.spill);
    let hash = proxy.hash_type;
    let found = proxy.balance.key(hash, env);
    let key = found.as_ref().map(|k| k.place(hash));
    let shown = found.map(|k| match k {
        Key::Number(_) => env.src().and_then(Endpoint::ip).map_or_else(String::new, |ip| ip.to_string()),
        Key::Bytes(b) => String::from_utf8_lossy(&b).into_owned(),
    });
    let mut out = Servers {
        algorithm: name,
        key: shown,
        ..Servers::default()
    };
    let fixed = key.is_some() || algorithm_is_fixed(algorithm);
    let load = |i: usize| {
        let (busy, conf) = (world.busy(id, Some(ServerId(i as u32))), &proxy.servers[i]);
        let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        let (served, waiting) = (number(busy.conn), number(busy.queue));
        Load {
            streams: served.saturating_add(waiting),
            served,
            rate: 0,
            elastic: false,
            full: conf.maxconn > 0 && (served >= conf.maxconn || waiting > 0),
            queue_full: conf.maxqueue > 0 && waiting >= conf.maxqueue,
        }
    };
    let mut pick = || match farm.pick(key, load, None) {
        Choice::Server(i) => Some(i),
        Choice::Full | Choice::NoServer => None,
    };
    if fixed {
        out.chosen = pick();
        return out;
    }
    // The answer depends on what came before: whoever is picked in many turns may be it.
    for _ in 0..proxy.servers.len() * 256 {
        let Some(i) = pick() else { break };
        if !out.candidates.contains(&i) {
            out.candidates.push(i);
        }
    }
    out.candidates.sort_unstable();
    if let [only] = out.candidates[..] {
        out.chosen = Some(only);
    }
    out
}

fn algorithm_is_fixed(a: Algorithm) -> bool {
    matches!(a, Algorithm::First)
}
