//! TLS of binds and servers: what `global` gives where the line says nothing, and what must fit together.

use hapax_diag::{Diagnostic, Lead};

use super::proxy::One;
use crate::codes;
use crate::draft::Draft;
use crate::plan::{Mode, Verify};

/// Fills in `ssl-default-bind-*` and the protocols that HTTP offers.
pub(super) fn binds(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let http = draft.proxy.mode == Mode::Http;
    let defaults = &cx.reader.tls.bind;
    for tls in draft.proxy.binds.iter_mut().filter_map(|b| b.tls.as_mut()) {
        tls.min_version = tls.min_version.or(defaults.min_version);
        tls.max_version = tls.max_version.or(defaults.max_version);
        tls.ciphers = tls.ciphers.take().or_else(|| defaults.ciphers.clone());
        tls.ciphersuites = tls.ciphersuites.take().or_else(|| defaults.ciphersuites.clone());
        tls.curves = tls.curves.take().or_else(|| defaults.curves.clone());
        tls.no_tickets |= defaults.no_tickets;
        tls.strict_sni |= defaults.strict_sni;
        if http && !tls.alpn_given {
            tls.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
    }
}

/// Fills in `ssl-default-server-*`; a server's certificate is checked unless something says otherwise, and then there must be
/// authorities to check it against.
pub(super) fn servers(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let mut unchecked = Vec::new();
    let defaults = &cx.reader.tls.server;
    let verify = if cx.reader.tls.server_verify_none {
        Verify::None
    } else {
        Verify::Required
    };
    for server in &mut draft.proxy.servers {
        let Some(tls) = server.tls.as_mut() else { continue };
        tls.min_version = tls.min_version.or(defaults.min_version);
        tls.max_version = tls.max_version.or(defaults.max_version);
        tls.ciphers = tls.ciphers.take().or_else(|| defaults.ciphers.clone());
        tls.ciphersuites = tls.ciphersuites.take().or_else(|| defaults.ciphersuites.clone());
        if !tls.verify_given {
            tls.verify = verify;
        }
        if tls.verify == Verify::Required && tls.ca.is_none() && !tls.ca_given {
            let why = if tls.verify_given {
                "verify is enabled but no CA file specified."
            } else {
                "verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the \
                 server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify \
                 none' in the global section to disable server-side verifications by default."
            };
            let message = format!("'server {}/{}' : {why}", draft.proxy.name, server.name);
            let d = Diagnostic::alert(&codes::CERTIFICATE, message).at(server.span).lead(Lead::Place);
            unchecked.push(d.help("`ca-file @system-ca` trusts what this machine trusts"));
        }
    }
    for d in unchecked {
        cx.push(d);
    }
}
