//! Names inside expressions and actions: proxies, servers, tables, user lists and other sections.

use std::collections::HashMap;
use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::{NameKind, NameRef};

use super::{Index, told};
use crate::codes;
use crate::keyword::Sections;
use crate::plan::Proxy;
use crate::reader::Reader;

pub(super) fn resolve_deferred(reader: &mut Reader<'_>, index: &Index, server_names: &[HashMap<Arc<str>, u32>], proxies: &mut [Proxy]) {
    let tables: HashMap<Arc<str>, usize> = reader.tables.iter().enumerate().map(|(i, t)| (t.name.clone(), i)).collect();
    for name in std::mem::take(&mut reader.deferred) {
        if name.kind == NameKind::Filter {
            if let Err(d) = super::filters::find(index, proxies, &name) {
                reader.diags.push(d);
            }
            continue;
        }
        let Some(found) = find(reader, index, server_names, &tables, &name) else {
            // Services are looked for where they are used.
            continue;
        };
        match found {
            Ok(id) => {
                refer(proxies, name.kind, id);
                let _ = name.id.set(id);
            }
            // Rules of `defaults` are looked at where a section takes them over.
            Err(_) if name.within.is_none() && reader.in_idle_defaults(name.span) => {}
            // HAProxy finds it valid when it checks a file, and refuses it when it starts.
            Err(_) if name.kind == NameKind::Ring => {
                let message = format!("log server uses unknown ring named '{}': a start is refused.", name.name);
                reader.diags.push(Diagnostic::warning(&codes::UNKNOWN_PROXY, message).at(name.span));
            }
            Err(message) => {
                let proxy = name.within.as_deref().unwrap_or("");
                let message = if name.kind == NameKind::Resolvers {
                    format!(
                        "Proxy '{proxy}': Can't find resolvers section '{}' for do-resolve action",
                        name.name
                    )
                } else if proxy.is_empty() {
                    message
                } else {
                    format!("{message} in proxy '{proxy}'")
                };
                let d = Diagnostic::alert(&codes::UNKNOWN_PROXY, message + ".").at(name.span);
                // The system's own section is missing where the system has no name servers.
                let of_system = name.kind == NameKind::Resolvers && &*name.name == "default";
                reader.diags.push(if of_system { d.missing() } else { d });
            }
        }
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

/// `None`: names of this kind are not looked for here.
fn find(
    reader: &Reader<'_>,
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
    let section = |bit: Sections| {
        let mut of_kind = reader.started.iter().filter(|s| s.row.bit == bit);
        of_kind.position(|s| &*s.name == text).map(|i| i as u64)
    };
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
        NameKind::Userlist => {
            let at = reader.userlists.iter().position(|l| l.name == text);
            ("userlist", at.map(|i| i as u64))
        }
        NameKind::HttpErrors => {
            let at = reader.error_sections.iter().position(|(n, _)| &**n == text);
            ("http-errors section", at.map(|i| i as u64))
        }
        NameKind::Resolvers => {
            let at = reader.resolvers.iter().position(|r| &*r.section.name == text);
            ("resolvers section", at.map(|i| i as u64))
        }
        NameKind::Cache => ("cache", section(Sections::CACHE)),
        NameKind::FcgiApp => ("fcgi-app section", section(Sections::FCGI_APP)),
        NameKind::Ring => {
            let at = reader.rings.iter().position(|r| !r.implicit && &*r.name == text);
            ("ring", at.map(|i| i as u64))
        }
        NameKind::LogProfile => ("log-profile section", section(Sections::LOG_PROFILE)),
        NameKind::Filter | NameKind::Service | NameKind::Acl => return None,
    };
    Some(id.ok_or_else(|| format!("unable to find {what} '{text}' referenced")))
}

/// An alert about a name of a proxy's own line.
pub(super) fn unknown(message: String, at: hapax_diag::Span) -> Diagnostic {
    told(Diagnostic::alert(&codes::UNKNOWN_PROXY, message).at(at))
}
