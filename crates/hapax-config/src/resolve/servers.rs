//! Servers of one proxy: numbers, tracking, health checks, and the rules that name them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hapax_diag::{Diagnostic, Lead, Span};
use hapax_sample::Needs;
use hapax_sample::logformat::LogFormat;

use super::proxy::One;
use super::{names, tls};
use crate::codes;
use crate::draft::Draft;
use crate::plan::{Check, CopyOnWrite, Proxy, Script, Server, ServerTarget, UseServer};
use crate::reader::{Reader, placed};

/// Why a server that tracks another may have no `init-state`.
pub(crate) const STATE_OF_ITS_OWN: &str = "unable to set init-state and tracking at the same time!";

/// Which servers of a proxy others may track: those with checks, and those that track themselves.
pub(super) fn with_checks(draft: &Draft) -> Vec<bool> {
    let checked = |s: &Server| s.check.is_some() || s.agent.is_some();
    let mut all: Vec<bool> = draft.proxy.servers.iter().map(checked).collect();
    draft.tracks.iter().for_each(|(i, ..)| all[*i] = true);
    all
}

/// A chain of servers that track each other ends somewhere: of a ring, the last server read is told.
pub(super) fn break_rings(reader: &mut Reader<'_>, proxies: &mut [Proxy]) {
    let mut known = HashMap::new();
    for p in 0..proxies.len() {
        for s in 0..proxies[p].servers.len() {
            let me = (p as u32, s as u32);
            let Some(target) = proxies[p].servers[s].track else { continue };
            let mut next = Some(target);
            while next.is_some_and(|n| n != me) {
                next = next.and_then(|n| known.get(&n).copied());
            }
            if next.is_none() {
                known.insert(me, target);
                continue;
            }
            let to = &proxies[target.0 as usize];
            let (own, other) = (&proxies[p].servers[s], &to.servers[target.1 as usize]);
            let message = format!(
                "'server {}/{}' : unable to track {to}/{} as it belongs to a tracking chain looping back to {to}/{}.",
                proxies[p].name,
                own.name,
                other.name,
                own.name,
                to = to.name,
            );
            if !proxies[p].disabled {
                reader
                    .diags
                    .push(Diagnostic::alert(&codes::SERVER, message).at(own.span).lead(Lead::Place));
            }
            proxies[p].servers[s].track = None;
        }
    }
}

/// `use-server`: names of servers become their indices.
pub(super) fn resolve_use_server(cx: &mut One<'_, '_>, draft: &mut Draft) {
    for pending in std::mem::take(&mut draft.use_server) {
        let name = String::from_utf8_lossy(&pending.name).into_owned();
        let Some(index) = cx.server_names[cx.me].get(name.as_str()) else {
            if name.contains('%') {
                let mut compile = cx.reader.compile_for(&draft.proxy.name);
                let compiled = LogFormat::compile_text(&pending.name, pending.name_span, &mut compile)
                    .and_then(|format| placed(format, Needs::FE_SWITCH, pending.name_span));
                cx.reader.tell_absent(&[], pending.name_span);
                match compiled {
                    Ok(format) => draft.proxy.use_server.push(UseServer {
                        target: ServerTarget::Dynamic(format),
                        cond: pending.cond,
                        span: pending.span,
                    }),
                    Err(d) => {
                        let message = format!("failed to parse use-server rule '{name}' : {}", d.message);
                        cx.push(Diagnostic { message, ..d }.or_at(pending.span));
                    }
                }
                continue;
            }
            let message = format!(
                "{} '{}' : unable to find server '{name}' referenced in a 'use-server' rule.",
                draft.kind_name(),
                draft.proxy.name
            );
            cx.push(names::unknown(message, pending.name_span));
            continue;
        };
        let index = *index as usize;
        draft.proxy.use_server.push(UseServer {
            target: ServerTarget::Fixed(index),
            cond: pending.cond,
            span: pending.span,
        });
        draft.proxy.servers[index].referenced = true;
    }
}

/// Numbers, checks, TLS and tracking of every server.
pub(super) fn finish(cx: &mut One<'_, '_>, draft: &mut Draft, told: bool) {
    number(cx, draft);
    names(cx, draft, told);
    scripts(cx, draft, told);
    tls::servers(cx, draft);
    dynamic_cookies(cx, draft, told);
    for (server, target, span) in std::mem::take(&mut draft.tracks) {
        if told && draft.proxy.servers[server].init_state_given {
            let s = &draft.proxy.servers[server];
            let message = format!("'server {}/{}' : {STATE_OF_ITS_OWN}", draft.proxy.name, s.name);
            cx.push(Diagnostic::alert(&codes::SERVER, message).at(s.span).lead(Lead::Place));
        }
        match track(cx, draft, server, &target) {
            Ok(found) => draft.proxy.servers[server].track = Some(found),
            Err(message) if told => {
                let message = format!("'server {}/{}' : {message}", draft.proxy.name, draft.proxy.servers[server].name);
                cx.push(Diagnostic::alert(&codes::SERVER, message).at(span).lead(Lead::Place));
            }
            Err(_) => {}
        }
    }
}

/// `resolvers`: which section looks the server's name up.
fn names(cx: &mut One<'_, '_>, draft: &mut Draft, told: bool) {
    for (server, section, span) in std::mem::take(&mut draft.named_resolvers) {
        let at = cx.reader.resolvers.iter().position(|r| r.section.name == section);
        let s = &mut draft.proxy.servers[server];
        match (at, s.resolve.as_mut()) {
            (Some(at), Some(resolve)) => resolve.section = at as u32,
            (Some(_), None) => {}
            (None, _) => {
                let message = format!(
                    "{} '{}', server '{}': unable to find required resolvers '{section}'",
                    draft.kind_name(),
                    draft.proxy.name,
                    draft.proxy.servers[server].name
                );
                draft.proxy.servers[server].resolve = None;
                if told {
                    let d = names::unknown(message, span);
                    // The system's own section is missing where the system has no name servers.
                    cx.push(if &*section == "default" { d.missing() } else { d });
                }
            }
        }
    }
}

/// How each server is checked: as its section says, or as a named check does.
fn scripts(cx: &mut One<'_, '_>, draft: &mut Draft, told: bool) {
    let own = Arc::new(draft.checks.script());
    draft.proxy.check_script = Arc::clone(&own);
    // Servers that shared their check before go on sharing it.
    let mut last: Option<(CopyOnWrite<Check>, CopyOnWrite<Check>)> = None;
    for check in draft.proxy.servers.iter_mut().filter_map(|s| s.check.as_mut()) {
        match &last {
            Some((before, after)) if before.same(check) => check.clone_from(after),
            _ => {
                let before = check.clone();
                check.script = Arc::clone(&own);
                last = Some((before, check.clone()));
            }
        }
    }
    let mut made: HashMap<Arc<str>, Arc<Script>> = HashMap::new();
    for (server, name, span) in std::mem::take(&mut draft.named_checks) {
        let Some((_, rules)) = cx.reader.healthchecks.iter().find(|(n, _)| *n == name) else {
            if told {
                let message = format!(
                    "'server {}/{}' : unable to find healthcheck section '{name}'.",
                    draft.proxy.name, draft.proxy.servers[server].name
                );
                cx.push(Diagnostic::alert(&codes::SERVER, message).at(span).lead(Lead::Place));
            }
            continue;
        };
        let script = made.entry(name).or_insert_with(|| Arc::new(rules.script()));
        if let Some(check) = draft.proxy.servers[server].check.as_mut() {
            check.script = Arc::clone(script);
        }
    }
    for server in &mut draft.proxy.servers {
        let spare = server.spare_tls.take();
        if server.tls.is_none() && server.check.as_ref().is_some_and(|c| c.script.asks_for_tls()) {
            server.tls = Some(spare.unwrap_or_default());
        }
    }
}

/// `cookie ... dynamic`: servers without a cookie get one.
fn dynamic_cookies(cx: &mut One<'_, '_>, draft: &mut Draft, told: bool) {
    let mut seen = HashSet::new();
    for i in 0..draft.proxy.servers.len() {
        let server = &draft.proxy.servers[i];
        if server.cookie.is_some() && !server.cookie_made {
            continue;
        }
        let Some(made) = draft.proxy.cookie_of(server.address.as_ref()) else {
            continue;
        };
        if !seen.insert(Arc::clone(&made)) && told {
            let message = format!(
                "We generated two equal cookies for two different servers.\nPlease change the secret key for '{}'.",
                draft.proxy.name
            );
            let span = server.span;
            cx.push(Diagnostic::warning(&codes::DUPLICATE_NAME, message).at(span).lead(Lead::Config));
        }
        let server = &mut draft.proxy.servers[i];
        server.cookie = Some(made);
        server.cookie_made = true;
    }
}

fn track(cx: &One<'_, '_>, draft: &Draft, server: usize, target: &str) -> Result<(u32, u32), String> {
    let (proxy, name) = target.split_once('/').unwrap_or((&draft.proxy.name, target));
    let id = cx
        .index
        .back
        .get(proxy)
        .ok_or_else(|| format!("unable to find required proxy '{proxy}' for tracking."))?;
    let found = *cx.server_names[id.0 as usize]
        .get(name)
        .ok_or_else(|| format!("unable to find required server '{name}' for tracking."))?;
    if id.0 as usize == cx.me && found as usize == server {
        return Err(format!(
            "unable to track {proxy}/{name} as it belongs to a tracking chain looping back to {proxy}/{name}."
        ));
    }
    if !cx.checked[id.0 as usize].get(found as usize).copied().unwrap_or(false) {
        return Err(format!(
            "unable to use {proxy}/{name} for tracking as it does not have any check nor agent enabled."
        ));
    }
    Ok((id.0, found))
}

/// A server's number is its place in the backend, or the next that is free; but for those that say otherwise.
fn number(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let mut given: HashMap<u32, Span> = HashMap::new();
    for s in draft.proxy.servers.iter().filter(|s| s.id != 0) {
        if let Some(other) = given.insert(s.id, s.span) {
            let message = format!(
                "'server {}/{}' : custom id {} has already been used for another server at line {}.",
                draft.proxy.name, s.name, s.id, other.line
            );
            cx.push(Diagnostic::alert(&codes::DUPLICATE_NAME, message).at(s.span).lead(Lead::Place));
        }
    }
    let taken: HashSet<u32> = given.into_keys().collect();
    let mut next = 1;
    for s in &mut draft.proxy.servers {
        if s.id == 0 {
            while taken.contains(&next) {
                next += 1;
            }
            s.id = next;
        }
        next += 1;
    }
}
