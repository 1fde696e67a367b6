//! `peers` sections after the last line: those that we are no part of go, and tables find theirs.

use std::sync::Arc;

use hapax_diag::{Diagnostic, Lead};

use super::proxy::One;
use super::tls;
use crate::codes;
use crate::draft::PeersDraft;
use crate::plan::Peers;
use crate::reader::Reader;

/// One section; `None`: it is off, or we are no part of it, which is told.
pub(super) fn finish(cx: &mut One<'_, '_>, mut section: PeersDraft) -> Option<Peers> {
    if section.disabled {
        return None;
    }
    let name = section.draft.proxy.name.clone();
    let own = cx.reader.local_peer.clone();
    let Some((local, local_at)) = section.local else {
        let message = format!("Removing incomplete section 'peers {name}' (no peer named '{own}').");
        let told = Diagnostic::warning(&codes::FALLBACK, message).at(section.span).lead(Lead::Bare);
        // Whose name that is depends on the machine, unless it was given.
        let given = cx.reader.opts.local_peer.is_some();
        cx.push(if given {
            told
        } else {
            told.missing().help("-L gives the name that the machine will have")
        });
        return None;
    };
    // Messages about it name the local peer.
    section.draft.proxy.name = own;
    let (bind, bind_tls, ssl) = section.listener;
    for entry in &mut section.draft.proxy.binds {
        let (address, span) = (std::mem::take(&mut entry.address), entry.span);
        entry.clone_from(&bind);
        entry.address = address;
        entry.span = span;
        entry.tls = ssl.then(|| Box::new(bind_tls.clone()));
    }
    let speaks = |ssl| if ssl { "a SSL" } else { "a non-SSL" };
    let server_ssl = section.draft.proxy.servers[local].tls.is_some();
    if let Some(first) = section.draft.proxy.binds.first().filter(|_| ssl != server_ssl) {
        let place = format!("{}:{}", cx.reader.file_name(first.span.file), first.span.line);
        let message = format!(
            "Peers section '{}': local peer have {} listener and {} server configured at line {place}.",
            section.draft.proxy.name,
            speaks(ssl),
            speaks(server_ssl)
        );
        cx.warn(&codes::SERVER, message, local_at);
    }
    for peer in section.draft.proxy.servers.iter_mut().filter(|p| p.shard > section.shards) {
        let message = format!(
            "peers section '{name}': peer '{}' has shard {} of {}, which is ignored: it gets every key.",
            peer.name, peer.shard, section.shards
        );
        cx.warn(&codes::SERVER, message, peer.span);
        peer.shard = 0;
    }
    tls::check_binds(cx, &section.draft);
    tls::binds(cx, &mut section.draft);
    tls::servers(cx, &mut section.draft);
    Some(Peers {
        name,
        span: section.span,
        binds: section.draft.proxy.binds,
        peers: section.draft.proxy.servers,
        local,
        shards: section.shards,
        log: section.draft.proxy.log,
        tables: Vec::new(),
    })
}

/// Which section shares which table.
pub(super) fn share(reader: &mut Reader<'_>, sections: &mut [Peers]) {
    for (i, table) in reader.tables.iter_mut().enumerate() {
        let Some((name, _)) = &table.peers else { continue };
        let found = sections.iter().position(|s| Arc::as_ref(&s.name) == &**name);
        table.peers_id = found.map(|s| s as u32);
        if let Some(s) = found {
            sections[s].tables.push(i as u32);
        }
    }
}
