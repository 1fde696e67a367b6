//! TLS towards a server.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::Needs;
use hapax_sample::expr::Expr;

use super::basic::{flag, word};
use super::{ServerCx, ServerOption, ServerRow};
use crate::args::Args;
use crate::bind::cert_error;
use crate::certs::CertError;
use crate::keyword::Class;
use crate::plan::Verify;
use crate::reader::placed_expr;
use crate::tls::{self, Tls12, Tls13};

pub(super) static ROWS: &[ServerRow] = &[
    flag("ssl")
        .doc("Speaks TLS to the server.")
        .ok(&["server s1 127.0.0.1:80 ssl verify none"])
        .set(|cx, _| {
            cx.draft.ssl = true;
            cx.draft.ssl_known = true;
            cx.draft.server.tls_refused = false;
            Ok(())
        }),
    flag("no-ssl")
        .doc("Undoes `ssl`.")
        .ok(&["server s1 127.0.0.1:80 no-ssl"])
        .set(|cx, _| {
            cx.draft.ssl = false;
            cx.draft.server.tls_refused = true;
            Ok(())
        }),
    word("verify", "{ none | required }")
        .doc("Whether the server's certificate is checked; it is by default.")
        .ok(&["server s1 127.0.0.1:80 ssl verify none"])
        .bad(&["server s1 127.0.0.1:80 verify", "server s1 127.0.0.1:80 verify optional"])
        .set(|cx, a| {
            cx.draft.tls.verify = match a.str(0) {
                "none" => Verify::None,
                "required" => Verify::Required,
                _ => {
                    return Err(a.bad(
                        0,
                        format!(
                            "'verify' : unknown verify method '{}', only 'none' and 'required' are supported",
                            a.show(0)
                        ),
                    ));
                }
            };
            cx.draft.tls.verify_given = true;
            Ok(())
        }),
    word("verifyhost", "<name>")
        .doc("Name the server's certificate must have.")
        .ok(&["server s1 127.0.0.1:80 ssl verify none verifyhost a.example"])
        .bad(&["server s1 127.0.0.1:80 verifyhost"])
        .set(|cx, a| {
            cx.draft.tls.verifyhost = Some(a.show(0));
            Ok(())
        }),
    word("ca-file", "<file>")
        .doc("Authorities the server's certificate is checked against.")
        .ok(&["server s1 127.0.0.1:80 ca-file no-such-file.pem"])
        .bad(&["server s1 127.0.0.1:80 ca-file"])
        .set(|cx, a| {
            cx.draft.tls.ca_given = true;
            let path = cx.defaults.ca_path(a.str(0));
            match cx.certs.authorities(&path, cx.cx.files) {
                Ok(file) => cx.draft.tls.ca = Some(file),
                Err(e) => return tell(cx, a, e),
            }
            Ok(())
        }),
    word("crt", "<file>")
        .doc("Certificate shown to the server.")
        .ok(&["server s1 127.0.0.1:80 crt no-such-file.pem"])
        .bad(&["server s1 127.0.0.1:80 crt"])
        .set(|cx, a| {
            let path = cx.defaults.crt_path(a.str(0));
            match cx.certs.certificate(&path, cx.cx.files) {
                Ok(cert) => cx.draft.tls.cert = Some(cert),
                Err(e) => return tell(cx, a, e),
            }
            Ok(())
        }),
    word("sni", "<expression>")
        .doc("Name asked of the server.")
        .ok(&["server s1 127.0.0.1:80 ssl verify none sni str(a.example)"])
        .bad(&["server s1 127.0.0.1:80 sni", "server s1 127.0.0.1:80 sni no_such_fetch"])
        .set(|cx, a| {
            let expr = Expr::compile(a.show(0), a.at(0), &mut ServerOption::compile(cx))?;
            let expr = placed_expr(expr, Needs::SRV_SRC, a.at(0), "here")?;
            cx.draft.tls.sni = Some(Arc::new(expr));
            Ok(())
        }),
    flag("sni-auto")
        .since(3, 3)
        .doc("Name asked of the server: the request's host.")
        .ok(&["server s1 127.0.0.1:80 sni-auto"])
        .set(|cx, _| {
            cx.draft.tls.no_sni_auto = false;
            Ok(())
        }),
    flag("no-sni-auto")
        .since(3, 3)
        .doc("Undoes `sni-auto`.")
        .ok(&["server s1 127.0.0.1:80 no-sni-auto"])
        .set(|cx, _| {
            cx.draft.tls.no_sni_auto = true;
            Ok(())
        }),
    word("alpn", "<protocols>")
        .doc("Protocols offered to the server.")
        .ok(&["server s1 127.0.0.1:80 ssl verify none alpn h2,http/1.1"])
        .bad(&["server s1 127.0.0.1:80 alpn"])
        .set(|cx, a| {
            cx.draft.tls.alpn = tls::alpn(a)?;
            Ok(())
        }),
    word("ciphers", "<list>")
        .doc("Cipher suites of TLS 1.2 and below.")
        .ok(&["server s1 127.0.0.1:80 ciphers ECDHE-RSA-AES128-GCM-SHA256"])
        .bad(&["server s1 127.0.0.1:80 ciphers"])
        .set(|cx, a| {
            cx.draft.tls.ciphers = Some(a.show(0));
            tls::check_ciphers::<Tls12>(a, cx.cx.diags);
            Ok(())
        }),
    word("ciphersuites", "<list>")
        .doc("Cipher suites of TLS 1.3.")
        .ok(&["server s1 127.0.0.1:80 ciphersuites TLS_AES_128_GCM_SHA256"])
        .bad(&["server s1 127.0.0.1:80 ciphersuites"])
        .set(|cx, a| {
            cx.draft.tls.ciphersuites = Some(a.show(0));
            tls::check_ciphers::<Tls13>(a, cx.cx.diags);
            Ok(())
        }),
    word("ssl-min-ver", "<version>")
        .doc("Lowest TLS version.")
        .ok(&["server s1 127.0.0.1:80 ssl-min-ver TLSv1.2"])
        .bad(&["server s1 127.0.0.1:80 ssl-min-ver", "server s1 127.0.0.1:80 ssl-min-ver TLS9"])
        .set(|cx, a| {
            cx.draft.tls.min_version = Some(tls::version(a, cx.cx.diags)?);
            Ok(())
        }),
    word("ssl-max-ver", "<version>")
        .doc("Highest TLS version.")
        .ok(&["server s1 127.0.0.1:80 ssl-max-ver TLSv1.3"])
        .bad(&["server s1 127.0.0.1:80 ssl-max-ver", "server s1 127.0.0.1:80 ssl-max-ver TLS9"])
        .set(|cx, a| {
            cx.draft.tls.max_version = Some(tls::version(a, cx.cx.diags)?);
            Ok(())
        }),
    flag("force-sslv3")
        .doc("Speaks SSLv3 only.")
        .refused("'force-sslv3': SSLv3 is not supported by the TLS library"),
    flag("force-tlsv10")
        .doc("Speaks TLS 1.0 only.")
        .refused("'force-tlsv10': TLS 1.0 is not supported by the TLS library"),
    flag("force-tlsv11")
        .doc("Speaks TLS 1.1 only.")
        .refused("'force-tlsv11': TLS 1.1 is not supported by the TLS library"),
    flag("force-tlsv12")
        .doc("Speaks TLS 1.2 only.")
        .ok(&["server s1 127.0.0.1:80 force-tlsv12"])
        .set(|cx, _| {
            (cx.draft.tls.min_version, cx.draft.tls.max_version) = (Some(0x303), Some(0x303));
            Ok(())
        }),
    flag("force-tlsv13")
        .doc("Speaks TLS 1.3 only.")
        .ok(&["server s1 127.0.0.1:80 force-tlsv13"])
        .set(|cx, _| {
            (cx.draft.tls.min_version, cx.draft.tls.max_version) = (Some(0x304), Some(0x304));
            Ok(())
        }),
    flag("no-sslv3")
        .doc("Leaves SSLv3 out.")
        .no_effect("it is never spoken")
        .ok(&["server s1 127.0.0.1:80 no-sslv3"]),
    flag("no-tlsv10")
        .doc("Leaves TLS 1.0 out.")
        .no_effect("it is never spoken")
        .ok(&["server s1 127.0.0.1:80 no-tlsv10"]),
    flag("no-tlsv11")
        .doc("Leaves TLS 1.1 out.")
        .no_effect("it is never spoken")
        .ok(&["server s1 127.0.0.1:80 no-tlsv11"]),
    flag("no-tlsv12")
        .doc("Leaves TLS 1.2 out.")
        .ok(&["server s1 127.0.0.1:80 no-tlsv12"])
        .set(|cx, _| {
            cx.draft.tls.min_version = Some(0x304);
            Ok(())
        }),
    flag("no-tlsv13")
        .doc("Leaves TLS 1.3 out.")
        .ok(&["server s1 127.0.0.1:80 no-tlsv13"])
        .set(|cx, _| {
            cx.draft.tls.max_version = Some(0x303);
            Ok(())
        }),
    flag("tls-tickets")
        .doc("Resumes sessions by ticket.")
        .ok(&["server s1 127.0.0.1:80 tls-tickets"])
        .set(|cx, _| {
            cx.draft.tls.no_tickets = false;
            Ok(())
        }),
    flag("no-tls-tickets")
        .doc("Resumes no session of TLS 1.2 by ticket.")
        .ok(&["server s1 127.0.0.1:80 no-tls-tickets"])
        .set(|cx, _| {
            cx.draft.tls.no_tickets = true;
            Ok(())
        }),
    flag("ssl-reuse")
        .doc("Resumes sessions.")
        .ok(&["server s1 127.0.0.1:80 ssl-reuse"])
        .set(|cx, _| {
            cx.draft.tls.no_reuse = false;
            Ok(())
        }),
    flag("no-ssl-reuse")
        .doc("Resumes no session.")
        .ok(&["server s1 127.0.0.1:80 no-ssl-reuse"])
        .set(|cx, _| {
            cx.draft.tls.no_reuse = true;
            Ok(())
        }),
];

pub(super) fn tell(cx: &mut ServerCx<'_>, a: &Args<'_>, e: CertError) -> Result<(), Diagnostic> {
    let missing = e.missing;
    let d = cert_error(a, e);
    if !missing {
        return Err(d);
    }
    cx.cx.diags.push(d);
    Ok(())
}
