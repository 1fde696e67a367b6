//! TLS of binds and servers: what `global` gives where the line says nothing, and what must fit together.

use hapax_diag::{Diagnostic, Lead, Span};
use hapax_value::Endpoint;

use super::proxy::One;
use super::told;
use crate::bind::certs::frontend_list;
use crate::codes;
use crate::draft::Draft;
use crate::plan::{BindAddress, CertSource, Mode, Server, Verify};
use crate::reader::{Reader, TlsDefaults};

/// TLS without certificate, and QUIC.
pub(super) fn check_binds(cx: &mut One<'_, '_>, draft: &Draft) {
    let (kind, name) = (draft.kind_name(), &draft.proxy.name);
    for at in &draft.quic {
        let place = format!("{}:{}", cx.reader.file_name(at.file), at.line);
        if cx.reader.limited_quic {
            let told = "QUIC is accepted but not acted on yet: nothing listens on this address";
            cx.push(Diagnostic::warning(&codes::NOT_YET, told).at(*at));
            continue;
        }
        let message = format!(
            "Binding [{place}] for {kind} {name}: this SSL library does not support the QUIC protocol. A limited compatibility layer may be \
             enabled using the \"limited-quic\" global option if desired."
        );
        let d = Diagnostic::alert(&codes::REFUSED, message).at(*at);
        cx.push(told(d).help("leave the QUIC address out; with 'limited-quic' it is read, and nothing listens on it"));
    }
    let mut last = None;
    if cx.reader.certs.list(&frontend_list(name)).is_some() {
        return;
    }
    for bind in &draft.proxy.binds {
        let Some(tls) = bind.tls.as_ref().filter(|t| t.certs.is_empty()) else {
            continue;
        };
        let once = last.replace(bind.span) != Some(bind.span);
        if !once || named_a_missing_file(cx, bind.span) || of_frontend_missing(cx, draft) {
            continue;
        }
        let place = format!("{}:{}", cx.reader.file_name(bind.span.file), bind.span.line);
        let head = format!(
            "Proxy '{name}': no SSL certificate specified for bind '{}' at [{place}]",
            address(&bind.address)
        );
        let d = if tls.strict_sni {
            Diagnostic::warning(&codes::CERTIFICATE, format!("{head}, ssl connections will fail (use 'crt')."))
        } else {
            Diagnostic::alert(&codes::CERTIFICATE, format!("{head} (use 'crt')."))
        };
        cx.push(told(d.at(bind.span)));
    }
}

/// The line named a certificate that this machine lacks, which was told.
fn named_a_missing_file(cx: &One<'_, '_>, at: Span) -> bool {
    let of_line = |s: Span| s.file == at.file && s.line == at.line;
    cx.reader.diags.iter().any(|d| d.missing && d.span.is_some_and(of_line))
}

/// The same of a certificate that the frontend names for all of its lines.
fn of_frontend_missing(cx: &One<'_, '_>, draft: &Draft) -> bool {
    draft.asked.get("ssl-f-use").is_some_and(|at| named_a_missing_file(cx, *at))
}

fn address(at: &BindAddress) -> String {
    match at {
        BindAddress::At(Endpoint::Ip(a)) if a.ip().is_unspecified() => format!(":{}", a.port()),
        BindAddress::At(Endpoint::Ip(a)) => a.to_string(),
        BindAddress::At(Endpoint::Unix(path)) => path.to_string(),
        BindAddress::At(Endpoint::Abstract(name, _)) => format!("abns@{}", String::from_utf8_lossy(name)),
        BindAddress::Fd(fd) => format!("fd@{fd}"),
    }
}

/// Fills in `ssl-default-bind-*` and the protocols that HTTP offers.
pub(super) fn binds(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let http = draft.proxy.mode == Mode::Http;
    let of_frontend = cx.reader.certs.list(&frontend_list(&draft.proxy.name));
    let defaults = &cx.reader.tls.bind;
    for tls in draft.proxy.binds.iter_mut().filter_map(|b| b.tls.as_mut()) {
        if tls.certs.is_empty() {
            tls.certs.extend(of_frontend.clone().map(CertSource::List));
        }
        tls.min_version = tls.min_version.or(defaults.min_version);
        tls.max_version = tls.max_version.or(defaults.max_version);
        tls.ciphers = tls.ciphers.take().or_else(|| defaults.ciphers.clone());
        tls.ciphersuites = tls.ciphersuites.take().or_else(|| defaults.ciphersuites.clone());
        tls.curves = tls.curves.take().or_else(|| defaults.curves.clone());
        tls.no_tickets |= defaults.no_tickets;
        tls.prefer_client_ciphers |= defaults.prefer_client_ciphers;
        tls.sessions = defaults.sessions;
        tls.most_in_record = defaults.most_in_record;
        tls.strict_sni |= defaults.strict_sni && !tls.lax_sni;
        if http && !tls.alpn_given {
            tls.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
    }
}

/// Fills in `ssl-default-server-*`; a server's certificate is checked unless something says otherwise, and then there must be
/// authorities to check it against.
pub(super) fn servers(cx: &mut One<'_, '_>, draft: &mut Draft) {
    let mut unchecked = Vec::new();
    let defaults = &cx.reader.tls;
    for server in &mut draft.proxy.servers {
        if let Some(why) = complete(server, defaults) {
            let message = format!("'server {}/{}' : {why}", draft.proxy.name, server.name);
            let d = Diagnostic::alert(&codes::CERTIFICATE, message).at(server.span).lead(Lead::Place);
            unchecked.push(d.help("`ca-file @system-ca` trusts what this machine trusts"));
        }
    }
    for d in unchecked {
        cx.push(d);
    }
}

/// The same for the servers that rings send to.
pub(super) fn rings(reader: &mut Reader<'_>) {
    for ring in &mut reader.rings {
        for server in &mut ring.servers {
            let Some(why) = complete(server, &reader.tls) else { continue };
            let message = format!("'server {}/{}' : {why}", ring.name, server.name);
            let d = Diagnostic::alert(&codes::CERTIFICATE, message).at(server.span).lead(Lead::Place);
            reader.diags.push(d.help("`ca-file @system-ca` trusts what this machine trusts"));
        }
    }
}

/// Fills in what the server's line does not say; why it cannot be so.
pub(crate) fn complete(server: &mut Server, defaults: &TlsDefaults) -> Option<&'static str> {
    let verify = if defaults.server_verify_none {
        Verify::None
    } else {
        Verify::Required
    };
    let defaults = &defaults.server;
    let tls = server.tls.as_mut()?;
    tls.min_version = tls.min_version.or(defaults.min_version);
    tls.max_version = tls.max_version.or(defaults.max_version);
    tls.ciphers = tls.ciphers.take().or_else(|| defaults.ciphers.clone());
    tls.ciphersuites = tls.ciphersuites.take().or_else(|| defaults.ciphersuites.clone());
    tls.curves = tls.curves.take().or_else(|| defaults.curves.clone());
    tls.no_tickets |= defaults.no_tickets;
    tls.most_in_record = defaults.most_in_record;
    if !tls.verify_given {
        tls.verify = verify;
    }
    if tls.verify != Verify::Required || tls.ca.is_some() || tls.ca_given {
        return None;
    }
    Some(if tls.verify_given {
        "verify is enabled but no CA file specified."
    } else {
        "verify is enabled by default but no CA file specified. If you're running on a LAN where you're certain to trust the \
         server's certificate, please set an explicit 'verify none' statement on the 'server' line, or use 'ssl-server-verify \
         none' in the global section to disable server-side verifications by default."
    })
}
