//! What `global` says of TLS for every line: folders of certificates, ciphers, versions (manual, 3.1).

use hapax_diag::{Diagnostic, Diagnostics};

use super::{Topic, no_inherit};
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::keyword::Sections;
use crate::plan::BindTls;
use crate::reader::Reader;
use crate::tls::{self, Tls12, Tls13};

pub(super) static TOPIC: Topic = Topic {
    name: "TLS defaults",
    rows: ROWS,
    inherit: no_inherit,
};

const fn global(name: &'static str) -> Row {
    Row::new(name, Sections::GLOBAL)
}

static ROWS: &[Row] = &[
    global("ca-base")
        .usage("<directory>")
        .doc("Where `ca-file` and `crl-file` look for files without a folder.")
        .ok(&["ca-base /etc/ssl/certs"])
        .bad(&["ca-base"])
        .set(|cx, a| {
            once(cx.tls.ca_base.is_some(), a)?;
            cx.tls.ca_base = Some(directory(a)?);
            Ok(())
        }),
    global("crt-base")
        .usage("<directory>")
        .doc("Where `crt` looks for files without a folder.")
        .ok(&["crt-base /etc/ssl/private"])
        .bad(&["crt-base"])
        .set(|cx, a| {
            once(cx.tls.crt_base.is_some(), a)?;
            cx.tls.crt_base = Some(directory(a)?);
            Ok(())
        }),
    global("key-base")
        .usage("<directory>")
        .doc("Where keys of a crt-store are looked for.")
        .ok(&["key-base /etc/ssl/private"])
        .bad(&["key-base"])
        .set(|cx, a| {
            once(cx.tls.key_base.is_some(), a)?;
            cx.tls.key_base = Some(directory(a)?);
            Ok(())
        }),
    global("ssl-default-bind-ciphers")
        .usage("<list>")
        .doc("Cipher suites of TLS 1.2 and below, for `bind` lines that give none.")
        .ok(&["ssl-default-bind-ciphers ECDHE+AESGCM"])
        .bad(&["ssl-default-bind-ciphers"])
        .set(|cx, a| {
            cx.tls.bind.ciphers = Some(suites(a)?);
            tls::check_ciphers::<Tls12>(a, &mut cx.diags);
            Ok(())
        }),
    global("ssl-default-bind-ciphersuites")
        .usage("<list>")
        .doc("Cipher suites of TLS 1.3, for `bind` lines that give none.")
        .ok(&["ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256"])
        .bad(&["ssl-default-bind-ciphersuites"])
        .set(|cx, a| {
            cx.tls.bind.ciphersuites = Some(suites(a)?);
            tls::check_ciphers::<Tls13>(a, &mut cx.diags);
            Ok(())
        }),
    global("ssl-default-bind-options")
        .usage("[ssl-min-ver <version>] [ssl-max-ver <version>] [no-tls-tickets] [strict-sni] ...")
        .doc("Options of every `bind` line.")
        .ok(&[
            "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
            "ssl-default-bind-options no-sslv3",
        ])
        .bad(&[
            "ssl-default-bind-options",
            "ssl-default-bind-options nothing",
            "ssl-default-bind-options ssl-min-ver TLS9",
        ])
        .set(bind_options),
    global("ssl-server-verify")
        .usage("{ none | required }")
        .doc("Whether certificates of servers are checked where the line does not say.")
        .ok(&["ssl-server-verify none", "ssl-server-verify required"])
        .bad(&["ssl-server-verify", "ssl-server-verify maybe"])
        .set(|cx, a| {
            cx.tls.server_verify_none = match a.str(0) {
                "none" => true,
                "required" => false,
                _ => return Err(a.bad(0, "'ssl-server-verify' expects 'none' or 'required' as argument.")),
            };
            a.at_most(1)
        }),
];

fn once(given: bool, a: &Args<'_>) -> Result<(), Diagnostic> {
    if given {
        let d = Diagnostic::alert(&codes::DUPLICATE, format!("'{}' already specified.", a.name));
        return Err(d.at(a.span));
    }
    Ok(())
}

fn directory(a: &Args<'_>) -> Result<String, Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("global statement '{}' expects a directory path as an argument.", a.name)));
    }
    a.at_most(1)?;
    Ok(a.show(0))
}

fn suites(a: &Args<'_>) -> Result<String, Diagnostic> {
    if a.is_empty() {
        return Err(a.missing(format!("global statement '{}' expects a cipher suite as an argument.", a.name)));
    }
    a.at_most(1)?;
    Ok(a.show(0))
}

/// `ssl-default-server-options`: those of the words that a server's side has.
pub(super) fn server_options(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut read = BindTls::default();
    let mut i = 0;
    while i < a.len() {
        if matches!(a.str(i), "strict-sni" | "no-strict-sni" | "prefer-client-ciphers") {
            let message = format!("unknown option '{}' on global statement '{}'.", a.show(i), a.name);
            return Err(a.bad(i, message));
        }
        i += bind_option(&mut read, a, i, &mut cx.diags)?;
    }
    let server = &mut cx.tls.server;
    server.min_version = read.min_version.or(server.min_version);
    server.max_version = read.max_version.or(server.max_version);
    server.no_tickets |= read.no_tickets;
    Ok(())
}

fn bind_options(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(a.missing("global statement 'ssl-default-bind-options' expects an option as an argument."));
    }
    let mut i = 0;
    while i < a.len() {
        i += bind_option(&mut cx.tls.bind, a, i, &mut cx.diags)?;
    }
    Ok(())
}

/// One word of the line; how many words it took.
fn bind_option(tls: &mut BindTls, a: &Args<'_>, i: usize, diags: &mut Diagnostics) -> Result<usize, Diagnostic> {
    match a.str(i) {
        word @ ("ssl-min-ver" | "ssl-max-ver") => {
            let one = Args {
                name: if word == "ssl-min-ver" { "ssl-min-ver" } else { "ssl-max-ver" },
                words: a.words.get(i + 1..).unwrap_or(&[]),
                ..*a
            };
            let version = Some(tls::version(&one, diags)?);
            if word == "ssl-min-ver" {
                tls.min_version = version;
            } else {
                tls.max_version = version;
            }
            return Ok(2);
        }
        "no-tls-tickets" => tls.no_tickets = true,
        "tls-tickets" => tls.no_tickets = false,
        "strict-sni" => tls.strict_sni = true,
        "no-strict-sni" => tls.strict_sni = false,
        "no-tlsv12" | "force-tlsv13" => tls.min_version = Some(0x304),
        "no-tlsv13" | "force-tlsv12" => tls.max_version = Some(0x303),
        "prefer-client-ciphers" => tls.prefer_client_ciphers = true,
        "no-sslv3" | "no-tlsv10" | "no-tlsv11" | "no-renegotiate" => {}
        old @ ("force-sslv3" | "force-tlsv10" | "force-tlsv11") => {
            let message = format!("'{old}': the TLS library speaks nothing below TLSv1.2");
            diags.push(Diagnostic::warning(&codes::NO_EFFECT, message).at(a.at(i)));
        }
        other => {
            return Err(a.bad(i, format!("unknown option '{other}' on global statement '{}'.", a.name)));
        }
    }
    Ok(1)
}
