//! After the last line: names become indices, log formats are compiled, and what only the whole configuration shows is told.
//!
//! One proxy after the other, in the order of the files, as HAProxy does; its warnings come in that order too.

use std::collections::HashMap;
use std::sync::Arc;

use hapax_diag::{Diagnostic, Severity};
use hapax_rules::Rule;
use hapax_sample::ProxyId;
use hapax_sample::acl::gate::gates;

use crate::draft::Draft;
use crate::plan::{Mode, Plan, SwitchTarget};
use crate::reader::{Current, Reader};

pub(crate) use checks::lack_of_port;
pub(crate) use proxy::mode_name;
pub(crate) use servers::STATE_OF_ITS_OWN;
pub(crate) use tls::complete as complete_tls;

mod alerts;
mod checks;
mod filters;
mod formats;
mod later;
mod layers;
mod logs;
mod names;
mod peers;
mod proxy;
mod saved;
mod servers;
mod tables;
mod tls;
mod warnings;

/// Proxies by name, one index for each side: `listen` stands in both.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) front: HashMap<Arc<str>, ProxyId>,
    pub(crate) back: HashMap<Arc<str>, ProxyId>,
}

impl Index {
    fn new(proxies: &[Box<Draft>]) -> Self {
        let mut index = Self::default();
        for (i, d) in proxies.iter().enumerate() {
            let id = ProxyId(i as u32);
            if d.is_front() {
                index.front.entry(d.proxy.name.clone()).or_insert(id);
            }
            if d.is_back() {
                index.back.entry(d.proxy.name.clone()).or_insert(id);
            }
        }
        index
    }
}

/// What is known of the other proxies while one is resolved.
pub(crate) struct Peer {
    pub(crate) mode: Mode,
    pub(crate) kind: &'static str,
    pub(crate) place: String,
}

/// Resolves everything. Where the lines had mistakes, only further mistakes are told: HAProxy does not get as far as its warnings.
pub(crate) fn resolve(mut reader: Reader<'_>) -> (Plan, hapax_diag::Diagnostics) {
    if reader.is_full() {
        return (Plan::default(), reader.diags);
    }
    let refused = reader.diags.iter().any(|d| d.severity == Severity::Alert && !d.missing);
    let before = reader.diags.len();
    let mut drafts = std::mem::take(&mut reader.proxies);
    reader.current = Current::Other;
    crate::topic::resolvers::add_default(&mut reader);
    crate::topic::resolvers::check(&mut reader);
    warnings::threads(&mut reader);
    let index = Index::new(&drafts);
    let peers: Vec<Peer> = drafts
        .iter()
        .map(|d| Peer {
            mode: d.proxy.mode,
            kind: d.kind_name(),
            place: format!("{}:{}", reader.file_name(d.proxy.span.file), d.proxy.span.line),
        })
        .collect();
    saved::load(&mut reader, &mut drafts);
    let server_names: Vec<HashMap<Arc<str>, u32>> = drafts.iter_mut().map(|d| std::mem::take(&mut d.server_names)).collect();
    let checked: Vec<Vec<bool>> = drafts.iter().map(|d| servers::with_checks(d)).collect();
    let mut ids = proxy::Ids::new(&reader.proxy_ids);
    let mut proxies = Vec::with_capacity(drafts.len());
    for (i, draft) in drafts.into_iter().enumerate() {
        if reader.is_full() {
            // What follows counts on every proxy being there.
            reader.tell_full(draft.proxy.span);
            return (Plan::default(), reader.diags);
        }
        let mut cx = proxy::One {
            reader: &mut reader,
            index: &index,
            peers: &peers,
            server_names: &server_names,
            checked: &checked,
            me: i,
        };
        let mut made = proxy::finish(&mut cx, *draft);
        made.iid = ids.of(made.iid);
        proxies.push(made);
    }
    let mut sections = Vec::new();
    for section in std::mem::take(&mut reader.peers) {
        let mut cx = proxy::One {
            reader: &mut reader,
            index: &index,
            peers: &peers,
            server_names: &server_names,
            checked: &checked,
            me: usize::MAX,
        };
        sections.extend(peers::finish(&mut cx, section));
    }
    peers::share(&mut reader, &mut sections);
    proxy::set_fullconn(&mut proxies, reader.global.maxconn.unwrap_or(0));
    filters::number(&mut proxies);
    let later = later::finish(&mut reader, &index, &peers);
    names::resolve_deferred(&mut reader, &index, &server_names, &mut proxies);
    servers::break_rings(&mut reader, &mut proxies);
    saved::tell_changes(&mut reader, &proxies);
    mark_referenced(&mut proxies);
    logs::check(&mut reader, &proxies);
    layers::check(&mut reader, &proxies);
    tables::keep_servers(&mut reader.tables, &proxies);
    tables::check(&mut reader, &proxies);
    tls::rings(&mut reader);
    if refused {
        drop_warnings(&mut reader, before);
    }
    reader.refs.finish();
    proxies.iter_mut().for_each(put_gates);
    let plan = Plan {
        global: finish_global(&mut reader),
        proxies,
        userlists: reader.userlists,
        tables: reader.tables,
        peers: sections,
        error_sections: reader.error_sections.into_iter().map(|(_, pages)| pages).collect(),
        vars: reader.vars,
        wanted: reader.wanted,
        log_profiles: reader.log_profiles,
        rings: reader.rings,
        log_forwards: reader.log_forwards,
        resolvers: reader.resolvers.into_iter().map(|r| r.section).collect(),
        mailers: reader.mailers,
        file_names: reader.file_names,
        stored: reader.certs.stored(),
        patterns: reader.refs,
        later,
    };
    (plan, reader.diags)
}

/// Where many rules ask alike, they are asked at once.
fn put_gates(p: &mut crate::plan::Proxy) {
    for rules in [
        &mut p.tcp_req_rules,
        &mut p.tcp_res_rules,
        &mut p.http_req_rules,
        &mut p.http_res_rules,
        &mut p.http_after_rules,
    ] {
        Rule::gate(rules);
    }
    let conditions: Vec<_> = p.switching.iter().map(|s| s.cond.clone()).collect();
    for (rule, gate) in p.switching.iter_mut().zip(gates(&conditions)) {
        rule.gate = gate;
    }
}

/// Proxies that rules switch to, and servers that others track.
fn mark_referenced(proxies: &mut [crate::plan::Proxy]) {
    let mut targets = Vec::new();
    let mut tracked = Vec::new();
    for p in proxies.iter() {
        targets.extend(p.default_backend);
        targets.extend(p.switching.iter().filter_map(|s| match s.target {
            SwitchTarget::Fixed(id) => Some(id),
            SwitchTarget::Dynamic(_) => None,
        }));
        tracked.extend(p.servers.iter().filter_map(|s| s.track));
    }
    for id in targets {
        proxies[id.0 as usize].referenced = true;
    }
    for (p, s) in tracked {
        proxies[p as usize].servers[s as usize].referenced = true;
    }
}

fn drop_warnings(reader: &mut Reader<'_>, before: usize) {
    let mut n = 0;
    reader.diags.retain(|d| {
        n += 1;
        n <= before || d.severity == Severity::Alert
    });
}

fn finish_global(reader: &mut Reader<'_>) -> crate::plan::Global {
    let mut global = std::mem::take(&mut reader.global);
    global.env = reader
        .env
        .iter()
        .map(|(k, v)| (String::from_utf8_lossy(k).into_owned(), String::from_utf8_lossy(v).into_owned()))
        .collect();
    global
}

/// A message of the checks after the last line.
pub(crate) fn told(d: Diagnostic) -> Diagnostic {
    d.lead(hapax_diag::Lead::Bare)
}

#[cfg(test)]
mod tests;
