//! What HAProxy warns of when it looks at a whole proxy, in its words and its order.

use hapax_diag::{Diagnostic, Span};

use super::proxy::One;
use crate::codes;
use crate::draft::Draft;
use crate::plan::{Balance, LogKind, Mode, Options, ProxyCaps};
use crate::reader::Reader;

/// Words after `balance` that hash what only HTTP has.
const HTTP_HASHES: &[&str] = &["uri", "url_param", "hdr"];

/// More threads than there may be.
pub(super) fn threads(reader: &mut Reader<'_>) {
    let (Some(n), Some(limit)) = (reader.global.nbthread, reader.global.thread_limit) else {
        return;
    };
    if n as usize > limit {
        let message = format!(
            "nbthread forced to a higher value ({n}) than the configured thread-hard-limit ({limit}), enforcing the limit. Please fix \
             either value to remove this warning."
        );
        reader.diags.push(super::told(Diagnostic::warning(&codes::FALLBACK, message)));
    }
}

/// What an HTTP word in a proxy of another mode comes to, and frontends that listen nowhere.
pub(super) fn before(cx: &mut One<'_, '_>, draft: &mut Draft) {
    if draft.proxy.mode != Mode::Http {
        no_http(cx, draft);
    }
    if draft.is_front() && draft.proxy.binds.is_empty() {
        let message = format!(
            "{} '{}' has no 'bind' directive. Please declare it as a backend if this was intended.",
            draft.kind_name(),
            draft.proxy.name
        );
        cx.warn(&codes::NO_BIND, message, draft.proxy.span);
    }
}

fn no_http(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let (kind, name) = (draft.kind_name(), draft.proxy.name.clone());
    let place = |draft: &Draft, word| draft.asked.get(word).copied().unwrap_or(draft.proxy.span);
    if draft.proxy.cookie.is_some() {
        let at = place(draft, "cookie");
        let d = Diagnostic::warning(
            &codes::NEEDS_HTTP,
            format!("cookie will be ignored for {kind} '{name}' (needs 'mode http')."),
        );
        cx.push(super::told(d.at(at)).help(format!(
            "add 'mode http' to {kind} '{name}' and to the frontends that use it, or to 'defaults'"
        )));
        draft.proxy.cookie = None;
    }
    if let Some((word, at)) = draft.balance_name.clone()
        && HTTP_HASHES.contains(&&*word)
    {
        let message = format!("Layer 7 hash not possible for {kind} '{name}' (needs 'mode http'). Falling back to round robin.");
        cx.warn(&codes::NEEDS_HTTP, message, at);
        draft.proxy.balance = Balance::RoundRobin;
    }
    if !draft.asked.contains_key("option abortonclose") {
        // The default of HTTP backends alone.
        draft.proxy.options.remove(Options::ABORTONCLOSE);
    }
    let (word, instead) = match draft.proxy.log_kind {
        LogKind::Http => ("option httplog", LogKind::Tcp),
        LogKind::HttpClf => ("option httplog clf", LogKind::TcpClf),
        LogKind::Https => ("option httpslog", LogKind::Tcp),
        _ => return,
    };
    let at = draft.formats.asked.unwrap_or(draft.proxy.span);
    let fallback = if instead == LogKind::TcpClf {
        "option tcplog clf"
    } else {
        "option tcplog"
    };
    let message = format!(
        "parsing [{}:{}] : '{word}' not usable with {kind} '{name}' (needs 'mode http'). Falling back to '{fallback}'.",
        cx.reader.file_name(at.file),
        at.line
    );
    cx.warn(&codes::NEEDS_HTTP, message, at);
    draft.proxy.log_kind = instead;
}

/// Timeouts without which dead peers hold connections for ever.
pub(super) fn timeouts(cx: &mut One<'_, '_>, draft: &Draft) {
    let p = &draft.proxy;
    if !matches!(p.mode, Mode::Tcp | Mode::Http) {
        return;
    }
    let t = &p.timeouts;
    let front = draft.is_front() && t.client.is_none();
    let server = t.server.is_none() && (p.mode == Mode::Http || t.tunnel.is_none());
    let back = draft.is_back() && !p.servers.is_empty() && (t.connect.is_none() || server);
    if front || back {
        let message = format!(
            "missing timeouts for {} '{}'.\n   | While not properly invalid, you will certainly encounter various problems\n   | with such a \
             configuration. To fix this, please ensure that all following\n   | timeouts are set to a non-zero value: 'client', 'connect', \
             'server'.",
            draft.kind_name(),
            p.name
        );
        cx.warn(&codes::TIMEOUTS, message, p.span);
    }
}

/// Options that HAProxy keeps for HTTP and the side they act on, in the order it tells them.
const HTTP_OPTIONS: &[(&str, Options, ProxyCaps)] = &[
    ("checkcache", Options::CHECKCACHE, ProxyCaps::BACKEND),
    ("http-buffer-request", Options::HTTP_BUFFER_REQUEST, ProxyCaps::all()),
    ("http-ignore-probes", Options::HTTP_IGNORE_PROBES, ProxyCaps::FRONTEND),
    ("idle-close-on-response", Options::IDLE_CLOSE_RESPONSE, ProxyCaps::FRONTEND),
    ("http-drop-request-trailers", Options::HTTP_DROP_REQ_TRAILERS, ProxyCaps::BACKEND),
    ("http-drop-response-trailers", Options::HTTP_DROP_RES_TRAILERS, ProxyCaps::FRONTEND),
    ("http-pretend-keepalive", Options::HTTP_PRETEND_KA, ProxyCaps::BACKEND),
    ("http-no-delay", Options::HTTP_NO_DELAY, ProxyCaps::all()),
    ("h1-case-adjust-bogus-client", Options::H1_CASE_BOGUS_CLI, ProxyCaps::FRONTEND),
    ("h1-case-adjust-bogus-server", Options::H1_CASE_BOGUS_SRV, ProxyCaps::BACKEND),
];

/// Log formats without a target, and HTTP words that the mode leaves without work.
pub(super) fn after(cx: &mut One<'_, '_>, draft: &mut Draft, upgrade: bool) {
    let (kind, name) = (draft.kind_name(), draft.proxy.name.clone());
    let asked = draft.formats.main.is_some() || draft.formats.sd.is_some() || draft.proxy.log_kind != LogKind::Default;
    let relays = matches!(draft.proxy.mode, Mode::Tcp | Mode::Http);
    if relays && draft.is_front() && draft.proxy.log.is_empty() && asked {
        let at = draft.formats.asked.unwrap_or(draft.proxy.span);
        let message = format!("log format ignored for {kind} '{name}' since it has no log address.");
        cx.warn(&codes::NO_LOG, message, at);
    }
    if draft.proxy.mode != Mode::Http {
        if !upgrade {
            without_http(cx, draft);
        }
        for s in 0..draft.proxy.servers.len() {
            server_without_http(cx, draft, s);
        }
    }
}

fn without_http(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let (kind, name) = (draft.kind_name(), draft.proxy.name.clone());
    let p = &draft.proxy;
    let at = |word: &str| draft.asked.get(word).copied().unwrap_or(p.span);
    let mut list: Vec<(&str, bool, String, Span)> = Vec::new();
    let statement = |word: &str| format!("'{word}' statement ignored for {kind} '{name}' as it requires HTTP mode.");
    let rules = |word: &str| format!("'{word}' rules ignored for {kind} '{name}' as they require HTTP mode.");
    list.push(("stats", p.stats.is_some(), statement("stats"), at("stats")));
    list.push(("capture", p.cookie_capture.is_some(), statement("capture"), at("capture")));
    list.push(("monitor-uri", p.monitor_uri.is_some(), statement("monitor-uri"), at("monitor-uri")));
    list.push((
        "http-request",
        !p.http_req_rules.is_empty(),
        rules("http-request"),
        at("http-request"),
    ));
    list.push((
        "http-response",
        !p.http_res_rules.is_empty(),
        rules("http-response"),
        at("http-response"),
    ));
    list.push((
        "http-after-response",
        !p.http_after_rules.is_empty(),
        rules("http-after-response"),
        at("http-after-response"),
    ));
    list.push(("redirect", !draft.proxy.redirects.is_empty(), rules("redirect"), at("redirect")));
    let option = |word: &str| format!("'option {word}' ignored for {kind} '{name}' as it requires HTTP mode.");
    list.push(("forwardfor", p.forwardfor.is_some(), option("forwardfor"), p.span));
    for (word, flag, side) in HTTP_OPTIONS {
        list.push((word, p.options.intersects(*flag) && p.caps.intersects(*side), option(word), p.span));
    }
    for (_, given, message, at) in list {
        if given {
            cx.warn(&codes::NEEDS_HTTP, message, at);
        }
    }
    draft.proxy.http_req_rules.clear();
    draft.proxy.http_res_rules.clear();
    draft.proxy.http_after_rules.clear();
    draft.proxy.redirects.clear();
    draft.proxy.stats = None;
}

fn server_without_http(cx: &mut One<'_, '_>, draft: &mut Draft, s: usize) {
    let (kind, name) = (draft.kind_name(), draft.proxy.name.clone());
    let server = &mut draft.proxy.servers[s];
    let span = server.span;
    if server.redir.is_some() {
        let message = format!("{kind} '{name}' : server cannot have cookie or redirect prefix in non-HTTP mode.");
        let d = Diagnostic::alert(&codes::NEEDS_HTTP, message).at(span);
        cx.push(super::told(d));
    }
    if server.cookie.take().is_some() {
        let message = format!(
            "{kind} '{name}' : ignoring cookie for server '{}' as HTTP mode is disabled.",
            server.name
        );
        cx.warn(&codes::NEEDS_HTTP, message, span);
    }
}
