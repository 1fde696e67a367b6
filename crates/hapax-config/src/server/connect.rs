//! How connections to a server are made, announced and kept.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::Needs;
use hapax_sample::logformat::LogFormat;
use hapax_syntax::{Environment, Word};
use hapax_value::Endpoint;

use super::basic::{flag, opt, time, word};
use super::{ServerCx, ServerRow};
use crate::address::{self, Accept};
use crate::args::Args;
use crate::plan::{ProxyParts, UseSource};
use crate::reader::placed;
use crate::shape::Shape;

pub(super) static ROWS: &[ServerRow] = &[
    flag("send-proxy")
        .doc("Starts connections with the PROXY protocol, version 1.")
        .ok(&["server s1 127.0.0.1:80 send-proxy"])
        .set(|cx, _| {
            cx.draft.server.send_proxy |= 1;
            Ok(())
        }),
    flag("no-send-proxy")
        .doc("Undoes `send-proxy`.")
        .ok(&["server s1 127.0.0.1:80 no-send-proxy"])
        .set(|cx, _| {
            cx.draft.server.send_proxy &= !1;
            Ok(())
        }),
    flag("send-proxy-v2")
        .doc("Starts connections with the PROXY protocol, version 2.")
        .ok(&["server s1 127.0.0.1:80 send-proxy-v2"])
        .set(|cx, _| second_version(cx, ProxyParts::empty())),
    flag("no-send-proxy-v2")
        .doc("Undoes `send-proxy-v2`.")
        .ok(&["server s1 127.0.0.1:80 no-send-proxy-v2"])
        .set(|cx, _| not_second_version(cx, ProxyParts::empty())),
    flag("send-proxy-v2-ssl")
        .doc("PROXY protocol, version 2, with what the client's TLS told.")
        .ok(&["server s1 127.0.0.1:80 send-proxy-v2-ssl"])
        .set(|cx, _| second_version(cx, ProxyParts::SSL)),
    flag("no-send-proxy-v2-ssl")
        .doc("Undoes `send-proxy-v2-ssl`.")
        .ok(&["server s1 127.0.0.1:80 no-send-proxy-v2-ssl"])
        .set(|cx, _| not_second_version(cx, ProxyParts::SSL)),
    flag("send-proxy-v2-ssl-cn")
        .doc("PROXY protocol, version 2, with the client certificate's common name too.")
        .ok(&["server s1 127.0.0.1:80 send-proxy-v2-ssl-cn"])
        .set(|cx, _| second_version(cx, ProxyParts::SSL | ProxyParts::SSL_CN)),
    flag("no-send-proxy-v2-ssl-cn")
        .doc("Undoes `send-proxy-v2-ssl-cn`.")
        .ok(&["server s1 127.0.0.1:80 no-send-proxy-v2-ssl-cn"])
        .set(|cx, _| not_second_version(cx, ProxyParts::SSL | ProxyParts::SSL_CN)),
    word("proxy-v2-options", "<option>[,...]")
        .doc("What else the PROXY header, version 2, carries.")
        .ok(&["server s1 127.0.0.1:80 send-proxy-v2 proxy-v2-options crc32c,authority"])
        .bad(&[
            "server s1 127.0.0.1:80 proxy-v2-options",
            "server s1 127.0.0.1:80 proxy-v2-options nothing",
        ])
        .set(proxy_options),
    opt("set-proxy-v2-tlv-fmt")
        .since(2, 9)
        .usage("(<id>) <format>")
        .shape(Shape::Count(|_| 1))
        .doc("A part of the PROXY header made by a log format.")
        .ok(&["server s1 127.0.0.1:80 send-proxy-v2 set-proxy-v2-tlv-fmt(0x20) %ci"])
        .bad(&[
            "server s1 127.0.0.1:80 send-proxy-v2 set-proxy-v2-tlv-fmt %ci",
            "server s1 127.0.0.1:80 send-proxy-v2 set-proxy-v2-tlv-fmt(256) %ci",
        ])
        .set(tlv_format),
    word("proto", "<name>")
        .doc("Protocol spoken to the server.")
        .not_yet("protocols other than HTTP/1 towards servers")
        .ok(&["server s1 127.0.0.1:80 proto h2"])
        .bad(&["server s1 127.0.0.1:80 proto", "server s1 127.0.0.1:80 proto h9"])
        .set(|cx, a| {
            mux(a)?;
            cx.draft.server.proto = Some(a.show(0));
            Ok(())
        }),
    word("max-reuse", "<number>")
        .doc("Requests of HTTP/2 and FastCGI, or messages of a ring, that a connection serves at most.")
        .ok(&["server s1 127.0.0.1:80 max-reuse 100", "server s1 127.0.0.1:80 max-reuse -1"])
        .bad(&["server s1 127.0.0.1:80 max-reuse"])
        .no_effect("connections of HTTP/1 are not limited by it, and those of rings are kept"),
    word("pool-max-conn", "<number>")
        .doc("Idle connections kept; -1, the default, means no limit.")
        .ok(&["server s1 127.0.0.1:80 pool-max-conn 10", "server s1 127.0.0.1:80 pool-max-conn -1"])
        .bad(&["server s1 127.0.0.1:80 pool-max-conn", "server s1 127.0.0.1:80 pool-max-conn -2"])
        .set(|cx, a| {
            let n = hapax_value::leading_number(a.str(0)) as i32;
            if n < -1 {
                return Err(a.bad(0, "'pool-max-conn' must be >= -1"));
            }
            cx.draft.server.pool_max_conn = u32::try_from(n).ok();
            Ok(())
        }),
    opt("pool-low-conn")
        .usage("<number>")
        .shape(Shape::Lax(i64::MIN, i64::MAX))
        .doc("Idle connections below which threads make their own.")
        .ok(&["server s1 127.0.0.1:80 pool-low-conn 10"])
        .bad(&["server s1 127.0.0.1:80 pool-low-conn"])
        .set(|cx, a| {
            cx.draft.server.pool_low_conn = a.number().max(0) as u32;
            Ok(())
        }),
    time("pool-purge-delay")
        .doc("Time after which half of the idle connections are closed; 5 s by default.")
        .ok(&["server s1 127.0.0.1:80 pool-purge-delay 10s"])
        .bad(&["server s1 127.0.0.1:80 pool-purge-delay"])
        .set(|cx, a| {
            cx.draft.server.pool_purge_delay = a.millis();
            Ok(())
        }),
    time("tcp-ut")
        .doc("Time sent data may stay without acknowledgement.")
        .ok(&["server s1 127.0.0.1:80 tcp-ut 30s"])
        .bad(&["server s1 127.0.0.1:80 tcp-ut"])
        .set(|cx, a| {
            cx.draft.server.tcp_ut = Some(a.millis());
            Ok(())
        }),
    opt("source")
        .usage("<address>[:<ports>] [usesrc { <address> | client | clientip | hdr_ip(<name>) }] [interface <name>]")
        .shape(Shape::Count(source_words))
        .doc("Address that connections to the server start from.")
        .ok(&[
            "server s1 127.0.0.1:80 source 127.0.0.2",
            "server s1 127.0.0.1:80 source 0.0.0.0 usesrc clientip",
            "server s1 127.0.0.1:80 source 127.0.0.2:1000-2000 interface lo",
        ])
        .bad(&["server s1 127.0.0.1:80 source"])
        .set(source),
    flag("usesrc")
        .doc("Belongs to `source`.")
        .refused("'usesrc' only allowed after a 'source' statement."),
    flag("tfo").doc("TCP fast open.").ok(&["server s1 127.0.0.1:80 tfo"]).set(|cx, _| {
        cx.draft.server.tfo = true;
        Ok(())
    }),
    flag("no-tfo")
        .doc("Undoes `tfo`.")
        .ok(&["server s1 127.0.0.1:80 no-tfo"])
        .set(|cx, _| {
            cx.draft.server.tfo = false;
            Ok(())
        }),
];

#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn second_version(cx: &mut ServerCx<'_>, parts: ProxyParts) -> Result<(), Diagnostic> {
    cx.draft.server.send_proxy |= 2;
    cx.draft.server.proxy_parts |= parts;
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn not_second_version(cx: &mut ServerCx<'_>, parts: ProxyParts) -> Result<(), Diagnostic> {
    cx.draft.server.send_proxy &= !2;
    cx.draft.server.proxy_parts -= parts;
    Ok(())
}

pub(super) fn mux(a: &Args<'_>) -> Result<(), Diagnostic> {
    known_mux(a, 0)
}

pub(crate) fn known_mux(a: &Args<'_>, i: usize) -> Result<(), Diagnostic> {
    if ["h1", "h2", "none", "fcgi", "spop", "quic", "qmux"].contains(&a.str(i)) {
        return Ok(());
    }
    Err(a.bad(i, format!("'{}' :  unknown MUX protocol '{}'", a.name, a.show(i))))
}

fn proxy_options(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    for word in a.str(0).split(',') {
        cx.draft.server.proxy_parts |= match word {
            "ssl" => ProxyParts::SSL,
            "cert-cn" => ProxyParts::SSL | ProxyParts::SSL_CN,
            "cert-key" => ProxyParts::SSL | ProxyParts::SSL_KEY,
            "cert-sig" => ProxyParts::SSL | ProxyParts::SSL_SIG,
            "ssl-cipher" => ProxyParts::SSL | ProxyParts::SSL_CIPHER,
            "authority" => ProxyParts::AUTHORITY,
            "crc32c" => ProxyParts::CRC32C,
            "unique-id" => ProxyParts::UNIQUE_ID,
            _ => return Err(a.bad(0, format!("'proxy-v2-options' : proxy v2 option not implemented : '{word}'"))),
        };
    }
    Ok(())
}

fn tlv_format(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let id = match cx.glued.strip_prefix("0x").or_else(|| cx.glued.strip_prefix("0X")) {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => cx.glued.parse().ok(),
    };
    let Some(id) = id else {
        return Err(a.missing("'set-proxy-v2-tlv-fmt' : expects a TLV type from 0 to 255 in parentheses, and a format."));
    };
    let format = match a.bytes(0) {
        b"" => None,
        text => {
            let made = LogFormat::compile_text(text, a.at(0), &mut cx.cx)?;
            Some(Arc::new(placed(made, Needs::SRV_SRC, a.at(0))?))
        }
    };
    cx.draft.server.proxy_tlvs.push((id, format));
    Ok(())
}

fn source_words(rest: &[Word<'_>]) -> usize {
    let mut n = 1;
    while let Some(w) = rest.get(n) {
        if *w == "usesrc" || *w == "interface" {
            n += 2;
        } else {
            break;
        }
    }
    n
}

fn source(cx: &mut ServerCx<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.is_empty() {
        return Err(
            a.missing("'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument.")
        );
    }
    let accept = Accept {
        range: true,
        ..Accept::PLAIN
    };
    let parsed = address::parse(a.str(0), accept, cx.env).map_err(|e| a.bad(0, format!("'source {}' : {e}", a.show(0))))?;
    let ip =
        crate::reader::lookup(cx.cx.files, &parsed, a.str(0), a.at(0)).map_err(|d| d.prefixed(&format!("'source {}' : ", a.show(0))))?;
    cx.draft.server.source = parsed.endpoint(ip);
    cx.draft.server.source_ports = match parsed.port {
        address::Port::Range(first, last) => Some((first, last)),
        _ => None,
    };
    for i in (1..a.len()).step_by(2) {
        if a.str(i + 1).is_empty() {
            return Err(a.missing(format!("'source' : missing argument after '{}'.", a.str(i))));
        }
        if a.str(i) == "interface" {
            cx.draft.server.interface = Some(a.show(i + 1));
        } else {
            cx.draft.server.use_source = Some(use_source(a, i + 1, accept, cx.env)?);
        }
    }
    Ok(())
}

/// The word after `usesrc`.
pub(crate) fn use_source(a: &Args<'_>, i: usize, accept: Accept, env: &Environment) -> Result<UseSource, Diagnostic> {
    let word = a.str(i);
    if let Some(header) = word.strip_prefix("hdr_ip(").and_then(|w| w.strip_suffix(')')) {
        let (name, occurrence) = header.split_once(',').unwrap_or((header, "-1"));
        let occurrence = occurrence.parse().ok().filter(|_| !name.is_empty());
        let occurrence: i32 = occurrence.ok_or_else(|| a.bad(i, "'usesrc hdr_ip(name[,num])' : a name and a number are expected."))?;
        return Ok(UseSource::Header(name.to_ascii_lowercase().into_bytes().into(), occurrence));
    }
    match word {
        "client" => Ok(UseSource::Client),
        "clientip" => Ok(UseSource::ClientIp),
        _ => {
            let parsed = address::parse(word, accept, env).map_err(|e| a.bad(i, format!("'usesrc {word}' : {e}")))?;
            match parsed.endpoint(None) {
                Some(Endpoint::Ip(to)) => Ok(UseSource::Address(to)),
                _ => Err(a.bad(i, format!("'usesrc {word}' : an IP address is expected."))),
            }
        }
    }
}
