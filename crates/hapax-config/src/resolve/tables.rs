//! Stick tables after the last line: those that `stick` rules use keep servers, whether or not their line says so.

use hapax_balance::table::{Column, DataType};

use crate::plan::{Proxy, StickTable};

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
