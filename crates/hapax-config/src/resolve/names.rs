//! Names inside expressions and actions: proxies, servers, tables, user lists and other sections.

use std::collections::HashMap;
use std::sync::Arc;

use hapax_diag::{Diagnostic, Lead};
use hapax_sample::{KeyedBy, NameKind, NameRef};

use super::{Index, told};
use crate::codes;
use crate::keyword;
use crate::plan::Proxy;
use crate::reader::Reader;

pub(super) fn resolve_deferred(reader: &mut Reader<'_>, index: &Index, server_names: &[HashMap<Arc<str>, u32>], proxies: &mut [Proxy]) {
    let tables: HashMap<Arc<str>, usize> = reader.tables.iter().enumerate().map(|(i, t)| (t.name.clone(), i)).collect();
    let sections = Sections::of(reader);
    for name in std::mem::take(&mut reader.deferred) {
        if matches!(name.kind, NameKind::Filter | NameKind::Engine) {
            if let Err(d) = super::filters::find(index, proxies, &name) {
                reader.diags.push(d);
            }
            continue;
        }
        let Some(found) = find(&sections, index, server_names, &tables, &name) else {
            // Services are looked for where they are used.
            continue;
        };
        match found {
            Ok(id) => {
                refer(proxies, name.kind, id);
                let _ = name.id.set(id);
                tell_undeclared(reader, &name, id);
                if name.keyed.get().is_some() {
                    // Whether the key suits the table is looked at once all tables are done.
                    reader.deferred.push(name);
                }
            }
            // Rules of `defaults` are looked at where a section takes them over.
            Err(_) if name.within.is_none() && reader.in_idle_defaults(name.span) => {}
            // HAProxy finds it valid when it checks a file, and refuses it when it starts.
            Err(_) if name.kind == NameKind::Ring => {
                let message = format!("log server uses unknown ring named '{}': a start is refused.", name.name);
                reader.diags.push(Diagnostic::warning(&codes::UNKNOWN_PROXY, message).at(name.span));
            }
            Err(message) => {
                let d = Diagnostic::alert(&codes::UNKNOWN_PROXY, missing(&name, message)).at(name.span);
                // The system's own section is missing where the system has no name servers.
                let of_system = name.kind == NameKind::Resolvers && &*name.name == "default";
                reader.diags.push(if of_system { d.missing() } else { d });
            }
        }
    }
}

/// A section of error messages may lack the one that a rule answers with.
fn tell_undeclared(reader: &mut Reader<'_>, name: &NameRef, id: u64) {
    let (NameKind::HttpErrors, Some(status)) = (name.kind, name.status.get()) else {
        return;
    };
    let section = reader.error_sections.get(id as usize);
    if section.is_some_and(|(_, pages)| pages.own(*status).is_none()) {
        let proxy = name.within.as_deref().unwrap_or("");
        let message = format!(
            "Proxy '{proxy}': status '{status}' referenced by an http reply not declared in http-errors section '{}'.",
            name.name
        );
        let d = Diagnostic::warning(&codes::FALLBACK, message).at(name.span);
        reader.diags.push(d.lead(Lead::Bare));
    }
}

/// What HAProxy says of a name that nothing has; `message` where it is one of an expression.
fn missing(name: &NameRef, message: String) -> String {
    let (proxy, text) = (name.within.as_deref().unwrap_or(""), &name.name);
    match (name.kind, name.keyed.get().map(|k| &k.by)) {
        (NameKind::Resolvers, _) => format!("Proxy '{proxy}': Can't find resolvers section '{text}' for do-resolve action."),
        (NameKind::HttpErrors, _) => format!("Proxy '{proxy}': unknown http-errors section '{text}' referenced by an http reply ."),
        (NameKind::LogProfile, _) => format!("Proxy '{proxy}': do-log action: profile '{text}' is invalid."),
        (NameKind::Table, Some(KeyedBy::Track(word))) => {
            let table = if text.is_empty() { proxy } else { text };
            format!("Proxy '{proxy}': unable to find table '{table}' referenced by {word}.")
        }
        _ if proxy.is_empty() => message + ".",
        _ => format!("{message} in proxy '{proxy}'."),
    }
}

/// Notes that somebody counts on a proxy or a server.
fn refer(proxies: &mut [Proxy], kind: NameKind, id: u64) {
    match kind {
        NameKind::Frontend | NameKind::Backend => proxies[id as usize].referenced = true,
        NameKind::Server => proxies[(id >> 32) as usize].servers[id as u32 as usize].referenced = true,
        _ => {}
    }
}

/// Sections that are no proxies, by kind and name. The first of a name counts.
struct Sections(HashMap<(NameKind, Arc<str>), u64>);

impl Sections {
    fn of(reader: &Reader<'_>) -> Self {
        let started = |bit: keyword::Sections| reader.started.iter().filter(move |s| s.row.bit == bit).map(|s| s.name.clone());
        let mut all = Self(HashMap::new());
        all.add(NameKind::Userlist, reader.userlists.iter().map(|l| Arc::from(l.name.as_ref())));
        all.add(NameKind::HttpErrors, reader.error_sections.iter().map(|(n, _)| n.clone()));
        all.add(NameKind::Resolvers, reader.resolvers.iter().map(|r| r.section.name.clone()));
        all.add(NameKind::Cache, started(keyword::Sections::CACHE));
        all.add(NameKind::FcgiApp, started(keyword::Sections::FCGI_APP));
        all.add(NameKind::LogProfile, started(keyword::Sections::LOG_PROFILE));
        for (i, ring) in reader.rings.iter().enumerate().filter(|(_, r)| !r.implicit) {
            all.0.entry((NameKind::Ring, ring.name.clone())).or_insert(i as u64);
        }
        all
    }

    fn add(&mut self, kind: NameKind, names: impl Iterator<Item = Arc<str>>) {
        for (i, name) in names.enumerate() {
            self.0.entry((kind, name)).or_insert(i as u64);
        }
    }

    fn find(&self, kind: NameKind, name: &str) -> Option<u64> {
        self.0.get(&(kind, Arc::from(name))).copied()
    }
}

/// `None`: names of this kind are not looked for here.
fn find(
    sections: &Sections,
    index: &Index,
    server_names: &[HashMap<Arc<str>, u32>],
    tables: &HashMap<Arc<str>, usize>,
    name: &NameRef,
) -> Option<Result<u64, String>> {
    if name.means_the_proxy_at_hand() {
        return None;
    }
    let own = name.within.as_deref().unwrap_or("");
    let text: &str = if name.name.is_empty() { own } else { &name.name };
    let (what, id) = match name.kind {
        NameKind::Frontend => ("frontend", index.front.get(text).map(|p| u64::from(p.0))),
        NameKind::Backend => ("backend", index.back.get(text).map(|p| u64::from(p.0))),
        NameKind::Table => ("table", tables.get(text).map(|i| *i as u64)),
        NameKind::Server => {
            let (proxy, server) = name.name.split_once('/').unwrap_or((own, &name.name));
            let found = index.back.get(proxy).and_then(|p| {
                let s = server_names[p.0 as usize].get(server)?;
                Some(u64::from(p.0) << 32 | u64::from(*s))
            });
            ("server", found)
        }
        NameKind::Userlist => ("userlist", sections.find(name.kind, text)),
        NameKind::HttpErrors => ("http-errors section", sections.find(name.kind, text)),
        NameKind::Resolvers => ("resolvers section", sections.find(name.kind, text)),
        NameKind::Cache => ("cache", sections.find(name.kind, text)),
        NameKind::FcgiApp => ("fcgi-app section", sections.find(name.kind, text)),
        NameKind::Ring => ("ring", sections.find(name.kind, text)),
        NameKind::LogProfile => ("log-profile section", sections.find(name.kind, text)),
        NameKind::Filter | NameKind::Engine | NameKind::Service | NameKind::Acl => return None,
    };
    Some(id.ok_or_else(|| format!("unable to find {what} '{text}' referenced")))
}

/// An alert about a name of a proxy's own line.
pub(super) fn unknown(message: String, at: hapax_diag::Span) -> Diagnostic {
    told(Diagnostic::alert(&codes::UNKNOWN_PROXY, message).at(at))
}
