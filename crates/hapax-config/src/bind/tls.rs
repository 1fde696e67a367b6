//! TLS options of a `bind` line. Certificates and authorities are read here, through the door to files.

use super::BindRow;
use super::certs::{ca_file, ca_verify_file, crt, crt_list, default_crt};
use super::ignore::ignored;
use crate::keyword::Sections;
use crate::plan::Verify;
use crate::shape::Shape;
use crate::tls::{self, Tls12, Tls13};

const fn opt(name: &'static str) -> BindRow {
    BindRow::new(name, Sections::BIND)
}

const fn flag(name: &'static str) -> BindRow {
    opt(name).shape(Shape::Nothing)
}

const fn word(name: &'static str, what: &'static str) -> BindRow {
    opt(name).usage(what).shape(Shape::Word(what))
}

pub(super) static ROWS: &[BindRow] = &[
    flag("ssl")
        .doc("Speaks TLS to clients.")
        .set(|cx, _| {
            cx.ssl = true;
            Ok(())
        })
        .ok(&["bind :443 ssl crt no-such-file.pem"]),
    word("crt", "<file>")
        .doc("Certificate, its chain and its key in one PEM file, or a directory of such files.")
        .ok(&["bind :443 crt no-such-file.pem"])
        .bad(&["bind :443 ssl crt"])
        .set(crt),
    word("default-crt", "<file>")
        .since(3, 0)
        .since(3, 1)
        .doc("Certificate for clients that name no server, or one without a certificate.")
        .ok(&["bind :443 ssl default-crt no-such-file.pem"])
        .bad(&["bind :443 ssl default-crt"])
        .set(default_crt),
    word("crt-list", "<file>")
        .doc("File of certificates, with their options and the names they are for.")
        .ok(&["bind :443 ssl crt-list no-such-file"])
        .bad(&["bind :443 ssl crt-list"])
        .set(crt_list),
    word("ca-file", "<file>")
        .doc("Authorities that client certificates are checked against.")
        .ok(&["bind :443 ca-file no-such-file.pem"])
        .bad(&["bind :443 ca-file"])
        .set(ca_file),
    word("ca-verify-file", "<file>")
        .doc("Authorities that are checked against and not told to clients.")
        .ok(&["bind :443 ca-verify-file no-such-file.pem"])
        .bad(&["bind :443 ca-verify-file"])
        .set(ca_verify_file),
    word("verify", "{ none | optional | required }")
        .doc("Whether clients must show a certificate.")
        .ok(&["bind :443 verify none"])
        .bad(&["bind :443 verify", "bind :443 verify maybe"])
        .set(|cx, a| {
            cx.tls.verify = match a.str(0) {
                "none" => Verify::None,
                "optional" => Verify::Optional,
                "required" => Verify::Required,
                _ => {
                    return Err(a.bad(
                        0,
                        format!(
                            "'verify' : unknown verify method '{}', only 'none', 'optional', and 'required' are supported",
                            a.show(0)
                        ),
                    ));
                }
            };
            cx.tls.verify_given = true;
            Ok(())
        }),
    word("ca-ignore-err", "{ all | <code>,... }")
        .doc("Errors of authorities that are let through.")
        .ok(&[
            "bind :443 ca-ignore-err all",
            "bind :443 ca-ignore-err 2,X509_V_ERR_CERT_HAS_EXPIRED",
        ])
        .bad(&["bind :443 ca-ignore-err", "bind :443 ca-ignore-err many"])
        .set(|cx, a| {
            cx.tls.ca_ignore = ignored(a)?;
            Ok(())
        }),
    word("crt-ignore-err", "{ all | <code>,... }")
        .doc("Errors of client certificates that are let through.")
        .ok(&["bind :443 crt-ignore-err all", "bind :443 crt-ignore-err 10,18"])
        .bad(&["bind :443 crt-ignore-err", "bind :443 crt-ignore-err X509_V_ERR_NONE_SUCH"])
        .set(|cx, a| {
            cx.tls.crt_ignore = ignored(a)?;
            Ok(())
        }),
    word("alpn", "<protocols>")
        .doc("Protocols offered to clients, in order of preference: `h2,http/1.1` by default in `mode http`.")
        .partial("HTTP/2 is not offered")
        .ok(&["bind :443 alpn h2,http/1.1"])
        .bad(&["bind :443 alpn", "bind :443 alpn h2,,x"])
        .set(|cx, a| {
            cx.tls.alpn = tls::alpn(a)?;
            cx.tls.alpn_given = true;
            Ok(())
        }),
    flag("no-alpn")
        .since(2, 8)
        .doc("Offers no protocol.")
        .ok(&["bind :443 no-alpn"])
        .set(|cx, _| {
            cx.tls.alpn.clear();
            cx.tls.alpn_given = true;
            Ok(())
        }),
    word("ciphers", "<list>")
        .doc("Cipher suites of TLS 1.2, in OpenSSL's notation; those that the TLS library lacks are left out.")
        .ok(&["bind :443 ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE+AESGCM"])
        .bad(&["bind :443 ciphers"])
        .set(|cx, a| {
            cx.tls.ciphers = Some(a.show(0));
            tls::check_ciphers::<Tls12>(a, cx.cx.diags);
            Ok(())
        }),
    word("ciphersuites", "<list>")
        .doc("Cipher suites of TLS 1.3; those that the TLS library lacks are left out.")
        .ok(&["bind :443 ciphersuites TLS_AES_128_GCM_SHA256"])
        .bad(&["bind :443 ciphersuites"])
        .set(|cx, a| {
            cx.tls.ciphersuites = Some(a.show(0));
            tls::check_ciphers::<Tls13>(a, cx.cx.diags);
            Ok(())
        }),
    word("curves", "<list>")
        .doc("Groups for the key exchange; those that the TLS library lacks are left out.")
        .ok(&["bind :443 curves X25519:P-256"])
        .bad(&["bind :443 curves"])
        .set(|cx, a| {
            cx.tls.curves = Some(a.show(0));
            tls::check_curves(a, cx.cx.diags);
            Ok(())
        }),
    word("ecdhe", "<curve>")
        .doc("Curve for the key exchange.")
        .ok(&["bind :443 ecdhe prime256v1"])
        .bad(&["bind :443 ecdhe"])
        .set(|cx, a| {
            cx.tls.curves = Some(a.show(0));
            tls::check_curves(a, cx.cx.diags);
            Ok(())
        }),
    word("ssl-min-ver", "{ SSLv3 | TLSv1.0 | TLSv1.1 | TLSv1.2 | TLSv1.3 }")
        .doc("Lowest TLS version; TLSv1.2 by default, and nothing below is spoken.")
        .ok(&["bind :443 ssl-min-ver TLSv1.2"])
        .bad(&["bind :443 ssl-min-ver", "bind :443 ssl-min-ver TLS1"])
        .set(|cx, a| {
            cx.tls.min_version = Some(tls::version(a, cx.cx.diags)?);
            Ok(())
        }),
    word("ssl-max-ver", "{ SSLv3 | TLSv1.0 | TLSv1.1 | TLSv1.2 | TLSv1.3 }")
        .doc("Highest TLS version.")
        .ok(&["bind :443 ssl-max-ver TLSv1.3"])
        .bad(&["bind :443 ssl-max-ver", "bind :443 ssl-max-ver TLS1"])
        .set(|cx, a| {
            cx.tls.max_version = Some(tls::version(a, cx.cx.diags)?);
            Ok(())
        }),
    flag("force-sslv3")
        .doc("Speaks SSLv3 only.")
        .refused("'force-sslv3': SSLv3 is not supported by the TLS library; use 'ssl-min-ver TLSv1.2'"),
    flag("force-tlsv10")
        .doc("Speaks TLS 1.0 only.")
        .refused("'force-tlsv10': TLS 1.0 is not supported by the TLS library; use 'ssl-min-ver TLSv1.2'"),
    flag("force-tlsv11")
        .doc("Speaks TLS 1.1 only.")
        .refused("'force-tlsv11': TLS 1.1 is not supported by the TLS library; use 'ssl-min-ver TLSv1.2'"),
    flag("force-tlsv12")
        .doc("Speaks TLS 1.2 only.")
        .ok(&["bind :443 force-tlsv12"])
        .set(|cx, _| {
            (cx.tls.min_version, cx.tls.max_version) = (Some(0x303), Some(0x303));
            Ok(())
        }),
    flag("force-tlsv13")
        .doc("Speaks TLS 1.3 only.")
        .ok(&["bind :443 force-tlsv13"])
        .set(|cx, _| {
            (cx.tls.min_version, cx.tls.max_version) = (Some(0x304), Some(0x304));
            Ok(())
        }),
    flag("no-sslv3")
        .doc("Leaves SSLv3 out.")
        .no_effect("it is never spoken")
        .ok(&["bind :443 no-sslv3"]),
    flag("no-tlsv10")
        .doc("Leaves TLS 1.0 out.")
        .no_effect("it is never spoken")
        .ok(&["bind :443 no-tlsv10"]),
    flag("no-tlsv11")
        .doc("Leaves TLS 1.1 out.")
        .no_effect("it is never spoken")
        .ok(&["bind :443 no-tlsv11"]),
    flag("no-tlsv12")
        .doc("Leaves TLS 1.2 out.")
        .ok(&["bind :443 no-tlsv12"])
        .set(|cx, _| {
            cx.tls.min_version = Some(0x304);
            Ok(())
        }),
    flag("no-tlsv13")
        .doc("Leaves TLS 1.3 out.")
        .ok(&["bind :443 no-tlsv13"])
        .set(|cx, _| {
            cx.tls.max_version = Some(0x303);
            Ok(())
        }),
    flag("no-tls-tickets")
        .doc("Resumes no session by ticket.")
        .ok(&["bind :443 no-tls-tickets"])
        .set(|cx, _| {
            cx.tls.no_tickets = true;
            Ok(())
        }),
    flag("tls-tickets")
        .doc("Resumes sessions by ticket.")
        .ok(&["bind :443 tls-tickets"])
        .set(|cx, _| {
            cx.tls.no_tickets = false;
            Ok(())
        }),
    flag("strict-sni")
        .doc("Refuses clients that name no server there is a certificate for.")
        .ok(&["bind :443 strict-sni"])
        .set(|cx, _| {
            (cx.tls.strict_sni, cx.tls.lax_sni) = (true, false);
            Ok(())
        }),
    flag("no-strict-sni")
        .since(3, 1)
        .doc("Answers with the default certificate where none fits.")
        .ok(&["bind :443 no-strict-sni"])
        .set(|cx, _| {
            (cx.tls.strict_sni, cx.tls.lax_sni) = (false, true);
            Ok(())
        }),
    word("ech", "<directory>")
        .since(3, 4)
        .doc("Keys of Encrypted Client Hello.")
        .not_yet("Encrypted Client Hello")
        .ok(&["bind :443 ech keys"])
        .bad(&["bind :443 ech"]),
    word("ocsp-update", "{ on | off }")
        .since(2, 8)
        .doc("Keeps OCSP answers fresh.")
        .not_yet("OCSP stapling")
        .ok(&["bind :443 ocsp-update on"])
        .bad(&["bind :443 ocsp-update"]),
];
