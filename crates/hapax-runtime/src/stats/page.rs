//! The statistics page (manual, `stats uri` and its neighbours): who may see it, in which form, and what its buttons do.
//!
//! A plain function of the state, the settings and the request; the stream evaluates conditions and reads the body before it.

mod html;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hapax_config::plan::StatsUri;
use hapax_rules::{Reply, ReplySource};
use hapax_sample::{ProxyId, ServerId};

use super::{Filter, csv, json};
use crate::state::{Oper, Shared, Wanted, WorkerCommand};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub method: &'a [u8],
    pub uri: &'a [u8],
    /// The `authorization` field.
    pub authorization: Option<&'a [u8]>,
    /// Of a POST.
    pub body: &'a [u8],
    /// A `stats admin` condition holds.
    pub admin: bool,
    /// The proxy whose page it is.
    pub own: ProxyId,
    pub now_ms: u64,
    pub version: &'a str,
}

/// What the words after the path ask for: `;up;norefresh;csv`, `;st=DONE`, `?scope=name`.
#[derive(Clone, Copy, Debug, Default)]
struct Wishes<'a> {
    csv: bool,
    json: bool,
    up: bool,
    no_maint: bool,
    no_refresh: bool,
    outcome: Option<&'a str>,
    scope: Option<&'a str>,
}

/// The largest list of servers that one POST may name.
const MAX_SERVERS: usize = 10_000;

/// The words of the realm where `stats realm` gives none.
const REALM: &str = "HAProxy Statistics";

pub fn answer(shared: &Shared, conf: &StatsUri, ask: &Ask<'_>) -> Reply {
    if !allowed(conf, ask.authorization) {
        let realm = conf.realm.as_deref().unwrap_or(REALM);
        return Reply {
            status: 401,
            fields: vec![(b"www-authenticate".to_vec(), format!("Basic realm=\"{realm}\"").into_bytes())],
            source: ReplySource::Errors,
            ..Reply::default()
        };
    }
    let wishes = wishes(conf, ask.uri);
    if ask.method == b"POST" {
        let outcome = if ask.admin { act(shared, ask.body, ask.now_ms) } else { "DENY" };
        return see_other(conf, ask.uri, outcome);
    }
    let scope = (!conf.scope.is_empty()).then_some(&conf.scope[..]);
    let filter = Filter {
        up: wishes.up,
        no_maint: wishes.no_maint,
        scope,
        within: wishes.scope,
        own: Some(ask.own),
        ..Filter::default()
    };
    let refresh = conf.refresh.filter(|_| !wishes.no_refresh);
    let (kind, body) = if wishes.csv {
        ("text/plain", csv(shared, &filter, ask.now_ms))
    } else if wishes.json {
        ("application/json", json(shared, &filter, false, ask.now_ms))
    } else {
        ("text/html", html::page(shared, conf, ask, &wishes, &filter))
    };
    document(kind, body, refresh)
}

/// The fields stand as HAProxy has them.
fn document(kind: &str, body: String, refresh: Option<u32>) -> Reply {
    let mut fields = vec![
        (b"cache-control".to_vec(), b"no-cache".to_vec()),
        (b"content-type".to_vec(), kind.as_bytes().to_vec()),
    ];
    fields.extend(refresh.map(|s| (b"refresh".to_vec(), s.to_string().into_bytes())));
    Reply {
        status: 200,
        fields,
        body: Arc::from(body.into_bytes()),
        ..Reply::default()
    }
}

fn see_other(conf: &StatsUri, uri: &[u8], outcome: &str) -> Reply {
    let path = String::from_utf8_lossy(&conf.uri).into_owned();
    let kept: String = wishes(conf, uri).scope.map(|s| format!("?scope={s}")).unwrap_or_default();
    Reply {
        status: 303,
        fields: vec![
            (b"cache-control".to_vec(), b"no-cache".to_vec()),
            (b"content-type".to_vec(), b"text/plain".to_vec()),
            (b"content-length".to_vec(), b"0".to_vec()),
            (b"location".to_vec(), format!("{path};st={outcome}{kept}").into_bytes()),
        ],
        ..Reply::default()
    }
}

/// Whether one of the users asks; with no user configured, anybody may.
fn allowed(conf: &StatsUri, authorization: Option<&[u8]>) -> bool {
    if conf.auth.is_empty() {
        return true;
    }
    let Some((scheme, code)) = authorization.and_then(|a| a.split_at_checked(6)) else {
        return false;
    };
    let given = scheme
        .eq_ignore_ascii_case(b"Basic ")
        .then(|| STANDARD.decode(code.trim_ascii()).ok())
        .flatten();
    let Some(given) = given else { return false };
    // Every user is compared in full: how long it takes tells nothing.
    conf.auth.iter().fold(false, |ok, user| ok | same(user.as_bytes(), &given))
}

fn same(a: &[u8], b: &[u8]) -> bool {
    let different = a.iter().zip(b).fold(0, |d, (x, y)| d | (x ^ y));
    a.len() == b.len() && different == 0
}

/// The words after the path may stand behind `;`, `?` or `&` alike.
fn wishes<'a>(conf: &StatsUri, uri: &'a [u8]) -> Wishes<'a> {
    let rest = uri.get(conf.uri.len()..).unwrap_or_default();
    let rest = std::str::from_utf8(rest).unwrap_or_default();
    let mut w = Wishes::default();
    for word in rest.split([';', '?', '&']) {
        match word {
            "csv" => w.csv = true,
            "json" => w.json = true,
            "up" => w.up = true,
            "no-maint" => w.no_maint = true,
            "norefresh" => w.no_refresh = true,
            other => {
                w.outcome = w.outcome.or(other.strip_prefix("st="));
                w.scope = w.scope.or(other.strip_prefix("scope="));
            }
        }
    }
    // It comes back in links: only what cannot mean anything there.
    let plain = |s: &&str| !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c));
    w.scope = w.scope.filter(plain);
    w
}

/// A form: `s=server&s=server&b=backend&action=drain`.
fn act(shared: &Shared, body: &[u8], now_ms: u64) -> &'static str {
    let Ok(body) = std::str::from_utf8(body) else { return "ERRP" };
    let (mut servers, mut backend, mut action) = (Vec::new(), None, None);
    for pair in body.trim().split('&') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = decoded(value);
        match name {
            "s" if servers.len() >= MAX_SERVERS => return "EXCD",
            "s" => servers.push(value),
            "b" => backend = Some(value),
            "action" => action = Some(value),
            _ => {}
        }
    }
    let (backend, action) = match (backend, action) {
        (Some(backend), Some(action)) => (backend, action),
        (None, None) => return "NONE",
        _ => return "ERRP",
    };
    let iid: Option<u32> = backend.strip_prefix('#').and_then(|n| n.parse().ok());
    let found = shared.every_proxy().find(|(_, p)| *p.name == *backend || iid == Some(p.iid));
    let Some((state, _)) = found else { return "ERRP" };
    let p = state.id;
    let mut done = 0;
    for name in &servers {
        let server = state.servers.position(|s| *s.conf().name == **name);
        match server.map(|s| apply(shared, p, ServerId(s as u32), &action, now_ms)) {
            Some(true) => done += 1,
            Some(false) => return "ERRP",
            None => {}
        }
    }
    match done {
        0 => "NONE",
        n if n < servers.len() => "PART",
        _ => "DONE",
    }
}

/// Does one thing to one server; `false`: nobody knows that thing.
fn apply(shared: &Shared, p: ProxyId, s: ServerId, action: &str, now_ms: u64) -> bool {
    use std::sync::atomic::Ordering::Relaxed;
    let has_check = shared.server_conf(p, s).check.is_some();
    match action {
        "ready" | "enable" => shared.want(p, s, Wanted::Ready, now_ms),
        "drain" | "stop" => shared.want(p, s, Wanted::Drain, now_ms),
        "maint" | "disable" => shared.want(p, s, Wanted::Maint, now_ms),
        "dhlth" => shared.server(p, s).check_enabled.store(false, Relaxed),
        "ehlth" => shared.server(p, s).check_enabled.store(has_check, Relaxed),
        "hrunn" => shared.force_health(p, s, Oper::Running, now_ms),
        "hnolb" => shared.force_health(p, s, Oper::Stopping, now_ms),
        "hdown" => shared.force_health(p, s, Oper::Stopped, now_ms),
        "shutdown" => {
            let order = WorkerCommand::EndServerSessions {
                proxy: p,
                server: s,
                down: false,
            };
            shared.mail.broadcast(&order);
        }
        _ => return false,
    }
    true
}

/// `+` and `%XX` of a form.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        match b {
            b'+' => out.push(b' '),
            b'%' => {
                let hex = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
                match (hex(bytes.next()), hex(bytes.next())) {
                    (Some(h), Some(l)) => out.push((h * 16 + l) as u8),
                    _ => out.push(b'?'),
                }
            }
            b => out.push(b),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests;
