//! Stick tables after the last line: those that `stick` rules use keep servers, whether or not their line says so.

use hapax_balance::table::{Column, DataType};

use hapax_diag::{Diagnostic, Lead};
use hapax_sample::{KeyedBy, NameKind, NameRef};
use hapax_value::Type;

use crate::codes;
use crate::keyword::Sections;
use crate::plan::{Proxy, StickTable};
use crate::reader::Reader;

/// What a table's line named, and whether the keys of `stick` rules can be keys of their tables.
pub(super) fn check(reader: &mut Reader<'_>, proxies: &[Proxy]) {
    let known = |name: &str| reader.started.iter().any(|s| s.row.bit == Sections::PEERS && *s.name == *name);
    let mut wrong = Vec::new();
    for (table, (name, at)) in reader.tables.iter().filter_map(|t| Some((t, t.peers.as_ref()?))) {
        if !known(name) {
            let message = format!("Proxy '{}': unable to find sync peers '{name}'.", table.name);
            wrong.push(with_lead(Diagnostic::alert(&codes::UNKNOWN_PROXY, message).at(*at)));
        }
    }
    for (proxy, rule) in proxies.iter().flat_map(|p| p.stick_rules.iter().map(move |r| (p, r))) {
        let Some(table) = rule.table.id.get().and_then(|id| reader.tables.get(*id as usize)) else {
            continue;
        };
        // What is an address may be one of IPv4.
        let out = match rule.expr.out() {
            Type::Addr => Type::Ipv4,
            other => other,
        };
        if !out.casts_to(table.key.value_type()) {
            let message = format!(
                "Proxy '{}': type of fetch not usable with type of stick-table '{}'.",
                proxy.name, table.name
            );
            wrong.push(with_lead(Diagnostic::alert(&codes::BAD_ARGUMENT, message).at(rule.table.span)));
        }
    }
    wrong.extend(targets(&reader.tables));
    let names = reader.deferred.iter().filter(|n| n.kind == NameKind::Table);
    wrong.extend(names.filter_map(|n| unfit(n, &reader.tables)));
    for d in wrong {
        reader.diags.push(d);
    }
}

/// What keeps a rule or a filter from looking into the table it names.
fn unfit(name: &NameRef, tables: &[StickTable]) -> Option<Diagnostic> {
    let keyed = name.keyed.get()?;
    let table = tables.get(*name.id.get()? as usize)?;
    let shown = &table.name;
    let casts = keyed.out.casts_to(table.key.value_type());
    let own = name.within.as_deref().unwrap_or_default();
    let message = match &keyed.by {
        KeyedBy::Limit(filter, rate) if table.columns.iter().all(|c| c.data.name() != *rate) => {
            format!("Proxy {own} : stick-table '{shown}' uses a data type incompatible with bwlim filter '{filter}'. It must be '{rate}'")
        }
        _ if casts => return None,
        KeyedBy::Limit(filter, _) => {
            format!("Proxy {own} : stick-table '{shown}' uses a key type incompatible with bwlim filter '{filter}'")
        }
        KeyedBy::Track(action) => format!("Proxy '{own}': stick-table '{shown}' uses a type incompatible with the '{action}' rule."),
    };
    Some(Diagnostic::alert(&codes::BAD_ARGUMENT, message).at(name.span).lead(Lead::Bare))
}

/// `write-to`: another table, with keys of the same kind.
fn targets(tables: &[StickTable]) -> Vec<Diagnostic> {
    let mut wrong = Vec::new();
    for table in tables {
        let Some(name) = &table.write_to else { continue };
        // A name that was not found was told already.
        let Some(target) = name.id.get().and_then(|id| tables.get(*id as usize)) else {
            continue;
        };
        let why = if target.name == table.name {
            "a table cannot be written to itself"
        } else if target.key != table.key {
            "the tables do not have keys of the same type and length"
        } else {
            continue;
        };
        let message = format!("stick-table '{}': cannot use 'write-to {}': {why}.", table.name, target.name);
        wrong.push(with_lead(Diagnostic::alert(&codes::BAD_ARGUMENT, message).at(name.span)));
    }
    wrong
}

pub(super) fn keep_servers(tables: &mut [StickTable], proxies: &[Proxy]) {
    for rule in proxies.iter().flat_map(|p| &p.stick_rules) {
        // A name that was not found was told already.
        let Some(table) = rule.table.id.get().and_then(|id| tables.get_mut(*id as usize)) else {
            continue;
        };
        for data in [DataType::ServerId, DataType::ServerKey] {
            if table.columns.iter().all(|c| c.data != data) {
                table.columns.push(Column {
                    data,
                    elements: 1,
                    period: 0,
                });
            }
        }
    }
}

fn with_lead(d: Diagnostic) -> Diagnostic {
    d.lead(Lead::Config)
}
