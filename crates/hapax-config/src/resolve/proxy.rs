//! One proxy: its backends, rules and formats become the plan's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hapax_diag::{Diagnostic, Severity, Span};
use hapax_sample::ProxyId;

use super::{Index, Peer, alerts, checks, filters, formats, names, servers, tls, told, warnings};
use crate::codes;
use crate::draft::{Draft, PendingSwitch};
use crate::plan::{Mode, Proxy, ProxyCaps, SwitchRule, SwitchTarget};
use crate::reader::Reader;

/// What resolving one proxy may look at.
pub(super) struct One<'r, 'a> {
    pub(super) reader: &'r mut Reader<'a>,
    pub(super) index: &'r Index,
    pub(super) peers: &'r [Peer],
    pub(super) server_names: &'r [HashMap<Arc<str>, u32>],
    /// Which servers have health checks, by proxy.
    pub(super) checked: &'r [Vec<bool>],
    pub(super) me: usize,
}

impl One<'_, '_> {
    pub(super) fn warn(&mut self, code: &'static hapax_diag::Code, message: String, at: Span) {
        self.reader.diags.push(told(Diagnostic::warning(code, message).at(at)));
    }

    pub(super) fn push(&mut self, d: Diagnostic) {
        self.reader.diags.push(d);
    }
}

/// Numbers of proxies: those that `id` lines give, then the free ones from 2 (1 is the process's own).
pub(super) struct Ids {
    taken: HashSet<u32>,
    next: u32,
}

impl Ids {
    pub(super) fn new(given: &HashMap<u32, usize>) -> Self {
        Self {
            taken: given.keys().copied().collect(),
            next: 2,
        }
    }

    pub(super) fn of(&mut self, given: u32) -> u32 {
        if given != 0 {
            return given;
        }
        while self.taken.contains(&self.next) {
            self.next += 1;
        }
        self.next += 1;
        self.next - 1
    }
}

pub(super) fn finish(cx: &mut One<'_, '_>, mut draft: Draft) -> Proxy {
    draft.proxy.iid = draft.id.map_or(0, |(id, _)| id);
    draft.proxy.id_given = draft.id.is_some();
    if draft.proxy.disabled {
        // HAProxy checks nothing of a proxy that it does not start, but its names must be there for others.
        servers::finish(cx, &mut draft, false);
        return done(draft);
    }
    warnings::before(cx, &mut draft);
    let upgrade = backends(cx, &mut draft);
    servers::resolve_use_server(cx, &mut draft);
    formats::compile(cx, &mut draft);
    // Log formats are compiled after the section's end, and may call its ACLs too.
    draft.acls.resolve(&mut cx.reader.compile_for(&draft.proxy.name));
    warnings::timeouts(cx, &draft);
    direct(cx, &mut draft);
    servers::finish(cx, &mut draft, true);
    alerts::finish(cx, &mut draft);
    checks::finish(cx, &draft);
    warnings::after(cx, &mut draft, upgrade);
    filters::finish(cx, &mut draft);
    number_binds(cx, &mut draft);
    tls::check_binds(cx, &draft);
    tls::binds(cx, &mut draft);
    captures(cx, &draft);
    done(draft)
}

/// `balance` has the word where there is one, and `dispatch` is forgotten.
fn direct(cx: &mut One<'_, '_>, draft: &mut Draft) {
    if draft.balance_name.is_none() {
        draft.proxy.direct = crate::topic::direct::stand_in(draft);
    } else if let Some((_, at)) = draft.dispatch {
        let message = format!("dispatch address of proxy '{}' will be ignored in balance mode.", draft.proxy.name);
        cx.warn(&codes::FALLBACK, message, at);
    }
}

/// Capture slots that a frontend's rules name by number: they must exist once the section is read. A backend's rules are passed
/// over where the frontend has no such slot.
fn captures(cx: &mut One<'_, '_>, draft: &Draft) {
    if !draft.proxy.caps.contains(ProxyCaps::FRONTEND) {
        return;
    }
    for (request, slot, at) in &draft.site.named_captures {
        let (known, side) = if *request {
            (&draft.site.req_captures, "request")
        } else {
            (&draft.site.res_captures, "response")
        };
        if *slot >= known.len() {
            let message = format!(
                "Proxy '{}': unable to find capture id '{slot}' referenced by http-{side} capture rule.",
                draft.proxy.name
            );
            cx.push(names::unknown(message, *at));
        }
    }
}

fn done(mut draft: Draft) -> Proxy {
    draft.proxy.default_server = Some(draft.default_server).filter(|d| d.given);
    draft.proxy.named_servers = draft.named_servers;
    draft.proxy.req_captures = std::mem::take(&mut draft.site.req_captures);
    draft.proxy.res_captures = std::mem::take(&mut draft.site.res_captures);
    draft.proxy
}

/// `default_backend` and `use_backend`; whether one of them makes HTTP of a TCP connection.
fn backends(cx: &mut One<'_, '_>, draft: &mut Draft) -> bool {
    let mut upgrade = switches_mode(draft);
    if let Some((name, at)) = draft.default_backend.take() {
        draft.proxy.default_backend = choose(cx, draft, &name, at, "default_backend", "as its default backend");
        if draft.proxy.default_backend.is_some() && !draft.proxy.servers.is_empty() {
            let message = format!(
                "In proxy '{}', the 'default_backend' rule always has precedence over the servers, which will never be used.",
                draft.proxy.name
            );
            cx.warn(&codes::FALLBACK, message, at);
        }
    }
    for switch in std::mem::take(&mut draft.switching) {
        if let Some(rule) = switch_rule(cx, draft, switch) {
            draft.proxy.switching.push(rule);
        }
    }
    let fixed = draft.proxy.switching.iter().map(|r| match &r.target {
        SwitchTarget::Fixed(id) => Some(*id),
        SwitchTarget::Dynamic(_) => None,
    });
    for target in fixed.chain(draft.proxy.default_backend.map(Some)) {
        upgrade |= target.is_none_or(|id| cx.peers[id.0 as usize].mode == Mode::Http);
    }
    upgrade
}

/// `tcp-request content switch-mode http`
fn switches_mode(draft: &Draft) -> bool {
    draft.proxy.tcp_req_rules.iter().any(|r| r.name == "switch-mode")
}

fn switch_rule(cx: &mut One<'_, '_>, draft: &Draft, switch: PendingSwitch) -> Option<SwitchRule> {
    let PendingSwitch {
        name,
        cond,
        span,
        name_span,
    } = switch;
    let target = if name.contains(&b'%') {
        let mut compile = cx.reader.compile_for(&draft.proxy.name);
        let compiled = hapax_sample::logformat::LogFormat::compile_text(&name, name_span, &mut compile)
            .and_then(|format| crate::reader::placed(format, hapax_sample::Needs::FE_SWITCH, name_span));
        cx.reader.tell_absent(&[], name_span);
        match compiled {
            Ok(format) => SwitchTarget::Dynamic(format),
            Err(d) => {
                let message = format!(
                    "failed to parse use_backend rule '{}' : {}",
                    String::from_utf8_lossy(&name),
                    d.message
                );
                cx.push(Diagnostic { message, ..d }.or_at(span));
                return None;
            }
        }
    } else {
        let name = String::from_utf8_lossy(&name);
        SwitchTarget::Fixed(choose(cx, draft, &name, name_span, "use_backend", "in a 'use_backend' rule")?)
    };
    Some(SwitchRule {
        target,
        cond,
        gate: None,
        span,
    })
}

/// The backend a line names, if it exists, is another proxy, and speaks the same protocol.
fn choose(cx: &mut One<'_, '_>, draft: &Draft, name: &str, at: Span, word: &str, role: &str) -> Option<ProxyId> {
    let own = &draft.proxy.name;
    let Some(id) = cx.index.back.get(name).copied() else {
        let d = names::unknown(format!("Proxy '{own}': unable to find required {word}: '{name}'."), at);
        let near = cx.reader.hint(name, cx.index.back.keys().map(|n| &**n));
        cx.push(match near {
            Some(near) => d.help(format!("did you mean '{near}'?")),
            None if cx.index.front.contains_key(name) => d.help(format!("'{name}' is a frontend; a backend is needed")),
            None => d,
        });
        return None;
    };
    let peer = &cx.peers[id.0 as usize];
    if id.0 as usize == cx.me {
        let message = format!("Proxy '{own}': loop detected for {word}: '{name}'.");
        cx.push(names::unknown(message, at));
        return None;
    }
    let mode = draft.proxy.mode;
    if peer.mode != mode && !(mode == Mode::Tcp && peer.mode == Mode::Http) {
        let me = &cx.peers[cx.me];
        let message = format!(
            "{} {} '{own}' ({}) tries to use incompatible {} {} '{name}' ({}) {role} (see 'mode').",
            mode_name(mode),
            me.kind,
            me.place,
            mode_name(peer.mode),
            peer.kind,
            peer.place
        );
        let d = Diagnostic::new(&codes::MODES, Severity::Alert, message).at(at);
        let cure = format!("give both the same mode: 'mode {}' in '{name}', for example", mode_name(mode));
        cx.push(told(d).help(cure));
        return None;
    }
    Some(id)
}

pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Tcp => "tcp",
        Mode::Http => "http",
        Mode::Health => "health",
        Mode::Log => "syslog",
        Mode::Spop => "spop",
        Mode::Haterm => "haterm",
    }
}

/// Listeners are numbered from 1 within their proxy, but for those that say otherwise.
fn number_binds(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let mut taken: HashMap<u32, Span> = HashMap::new();
    for b in draft.proxy.binds.iter().filter(|b| b.id != 0) {
        if let Some(other) = taken.insert(b.id, b.span) {
            let message = format!(
                "custom id {} of a listener of '{}' is already used at line {}.",
                b.id, draft.proxy.name, other.line
            );
            cx.push(Diagnostic::alert(&codes::DUPLICATE_NAME, message).at(b.span));
        }
    }
    // Counted on from the one before.
    let mut next: u32 = 1;
    for b in &mut draft.proxy.binds {
        if b.id == 0 {
            while taken.contains_key(&next) {
                next += 1;
            }
            b.id = next;
        }
        next = b.id.wrapping_add(1);
    }
}

/// `fullconn` where no line gives it: a tenth of what the frontends that may send to the backend take together.
pub(super) fn set_fullconn(proxies: &mut [Proxy], process: u32) {
    let mut reach = vec![0_u64; proxies.len()];
    // Frontends that choose by a log format may send to any backend.
    let mut anywhere = 0_u64;
    for (i, p) in proxies.iter().enumerate().filter(|(_, p)| p.caps.contains(ProxyCaps::FRONTEND)) {
        let takes = u64::from(if p.maxconn > 0 { p.maxconn } else { process });
        let mut targets: HashSet<usize> = p.default_backend.iter().map(|id| id.0 as usize).collect();
        targets.insert(i);
        let mut dynamic = false;
        for rule in &p.switching {
            match &rule.target {
                SwitchTarget::Fixed(id) => {
                    targets.insert(id.0 as usize);
                }
                SwitchTarget::Dynamic(_) => dynamic = true,
            }
        }
        if dynamic {
            anywhere += takes;
        } else {
            for t in targets {
                reach[t] += takes;
            }
        }
    }
    for (p, reach) in proxies.iter_mut().zip(reach) {
        let reach = reach + anywhere;
        if p.fullconn == 0 && p.caps.contains(ProxyCaps::BACKEND) && reach > 0 {
            p.fullconn = u32::try_from(reach.div_ceil(10)).unwrap_or(u32::MAX);
        }
    }
}
