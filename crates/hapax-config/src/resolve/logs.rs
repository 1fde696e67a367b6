//! Where messages go: what `log` lines say of backends is looked at once these are known.

use hapax_diag::Diagnostic;

use super::told;
use crate::codes;
use crate::plan::{LogTarget, LogTransport, Mode, Proxy};
use crate::reader::Reader;

/// A `backend@` target must be of `mode log`.
pub(super) fn check(reader: &mut Reader<'_>, proxies: &[Proxy]) {
    let forwards = reader.log_forwards.iter().flat_map(|f| &f.log);
    let every = reader.global.log.iter().chain(forwards).chain(proxies.iter().flat_map(|p| &p.log));
    let wrong: Vec<Diagnostic> = every.filter_map(|t| not_for_logs(t, proxies)).collect();
    for d in wrong {
        // `log global` lines hold copies of one target.
        if !reader.diags.iter().any(|had| had.span == d.span && had.message == d.message) {
            reader.diags.push(d);
        }
    }
}

fn not_for_logs(target: &LogTarget, proxies: &[Proxy]) -> Option<Diagnostic> {
    let LogTransport::Backend(name) = &target.transport else {
        return None;
    };
    let proxy = proxies.get(*name.id.get()? as usize)?;
    let message = format!("log : backend '{}' must be in 'log' mode to be a target.", name.name);
    (proxy.mode != Mode::Log).then(|| told(Diagnostic::alert(&codes::MODES, message).at(name.span)))
}
