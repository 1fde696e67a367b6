//! Conditions that look where their proxy's mode leaves nothing to see.

use hapax_diag::{Diagnostic, Lead};

use crate::codes;
use crate::plan::{Mode, Proxy};
use crate::reader::Reader;

/// Bytes of a connection are no facts in a proxy that speaks HTTP: tells of each line that asks for them.
pub(super) fn check(reader: &mut Reader<'_>, proxies: &[Proxy]) {
    for p in proxies.iter().filter(|p| p.mode == Mode::Http) {
        let rules = p.rule_sets().into_iter().flat_map(|(_, rules)| rules).map(|r| (&r.cond, r.span));
        for (cond, at) in rules.chain(p.switching.iter().map(|s| (&s.cond, s.span))) {
            if !cond.as_ref().is_some_and(|c| c.reads_bytes()) {
                continue;
            }
            let place = format!("{}:{}", reader.file_name(at.file), at.line);
            let message = format!(
                "Proxy '{}': L6 sample fetches ignored on HTTP proxies (declared at {place}).",
                p.name
            );
            let d = Diagnostic::warning(&codes::MODES, message).at(at).lead(Lead::Bare);
            reader.diags.push(d);
        }
    }
}
