//! What kind of health check the servers of a proxy have.

use super::proxy::One;
use crate::draft::Draft;
use crate::plan::CheckKind;

/// Gives every checked server the check its proxy asks for.
pub(super) fn apply(_: &mut One<'_, '_>, draft: &mut Draft) {
    let Some(http) = draft.httpchk.clone() else { return };
    let kind = CheckKind::Http {
        method: http.method.to_vec(),
        uri: http.uri.to_vec(),
        version: http.version.to_vec(),
        headers: http.headers.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect(),
        body: http.body.to_vec(),
    };
    for check in draft.proxy.servers.iter_mut().filter_map(|s| s.check.as_mut()) {
        check.kind = kind.clone();
    }
}
