//! Filters of a proxy: the one that `compression` lines imply, `filter-sequence`, and the numbers by which rules know them.

use hapax_diag::{Diagnostic, Span};
use hapax_rules::filters::compression;
use hapax_sample::{NameKind, NameRef};

use super::proxy::One;
use super::{Index, told};
use crate::codes;
use crate::draft::Draft;
use crate::plan::Proxy;

pub(super) fn finish(cx: &mut One<'_, '_>, draft: &mut Draft) {
    imply_compression(cx, draft);
    for way in 0..2 {
        if let Some((names, at)) = draft.filter_sequence[way].take() {
            draft.proxy.filter_order[way] = order(cx, &draft.proxy, &names, at);
        }
    }
}

/// `compression` lines need no `filter` line, unless there is another filter whose place would be a guess.
fn imply_compression(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let kinds = || draft.proxy.filters.iter().map(|f| f.kind());
    if draft.proxy.compression.is_none() || kinds().any(|k| matches!(k, "compression" | "comp-req" | "comp-res")) {
        return;
    }
    if kinds().any(|k| !matches!(k, "cache" | "fcgi-app")) {
        let message = format!(
            "config: {} '{}': require an explicit filter declaration to use HTTP compression",
            draft.kind_name(),
            draft.proxy.name
        );
        let d = Diagnostic::alert(&codes::MISSING_FILTER, message).at(draft.proxy.span);
        cx.push(told(d).help("say where compression stands among the filters: 'filter compression'"));
        return;
    }
    draft.proxy.filters.push(compression::implied());
}

/// What `filter-sequence` names, by index.
fn order(cx: &mut One<'_, '_>, proxy: &Proxy, names: &str, at: Span) -> Option<Box<[u16]>> {
    let mut found = Vec::new();
    for name in names.split(',').map(str::trim) {
        let matching = proxy
            .filters
            .iter()
            .enumerate()
            .filter(|(_, f)| f.kind() == name || f.name() == Some(name));
        let before = found.len();
        found.extend(matching.map(|(i, _)| i as u16));
        if found.len() == before {
            let message = format!(
                "Proxy '{}': filter-sequence: no filter '{name}' is declared on the proxy.",
                proxy.name
            );
            cx.push(told(Diagnostic::alert(&codes::MISSING_FILTER, message).at(at)));
            return None;
        }
    }
    Some(found.into())
}

/// Gives every filter of the configuration a number of its own.
pub(super) fn number(proxies: &mut [Proxy]) {
    let mut next = 0;
    for p in proxies {
        p.first_filter = next;
        next += p.filters.len() as u32;
    }
}

/// Sets the number of the filter that a rule names; it must stand in the rule's own proxy.
pub(super) fn find(index: &Index, proxies: &[Proxy], name: &NameRef) -> Result<(), Diagnostic> {
    let own = name.within.as_deref().unwrap_or("");
    let sides = [index.front.get(own), index.back.get(own)];
    for id in sides.into_iter().flatten() {
        let p = &proxies[id.0 as usize];
        if let Some(i) = p.filters.iter().position(|f| f.name() == Some(&*name.name)) {
            // Set once: the name stands in one rule.
            let _ = name.id.set(u64::from(p.first_filter) + i as u64);
            return Ok(());
        }
    }
    let message = if name.kind == NameKind::Engine {
        format!(
            "Proxy '{own}': unable to find SPOE engine '{}' used by a send-spoe-group.",
            name.name
        )
    } else {
        format!(
            "Proxy '{own}': unable to find bwlim filter '{}' referenced by set-bandwidth-limit rule.",
            name.name
        )
    };
    Err(Diagnostic::alert(&codes::MISSING_FILTER, message).at(name.span))
}
