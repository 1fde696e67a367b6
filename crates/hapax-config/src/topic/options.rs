//! `option ...` words that are on or off, and those that choose how HTTP connections end (manual, 4.2).
//!
//! Options with a work of their own (`option httplog`, `option httpchk`) stand with that work.

use std::net::IpAddr;
use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_value::Support;

use super::Topic;
use crate::args::Args;
use crate::codes;
use crate::dictionary::Row;
use crate::draft::Draft;
use crate::keyword::{Prefix, Sections};
use crate::plan::{ForwardFor, Forwarded, ForwardedPart, HeaderNames, HttpMode, Options};
use crate::reader::Reader;
use crate::shape::Shape;

pub(super) static TOPIC: Topic = Topic {
    name: "options",
    rows: ROWS,
    inherit,
};

/// Switches by name.
const FLAGS: &[(&str, Options)] = &[
    ("option abortonclose", Options::ABORTONCLOSE),
    ("option accept-invalid-http-request", Options::ACCEPT_INVALID_REQ),
    ("option accept-invalid-http-response", Options::ACCEPT_INVALID_RES),
    ("option accept-unsafe-violations-in-http-request", Options::ACCEPT_INVALID_REQ),
    ("option accept-unsafe-violations-in-http-response", Options::ACCEPT_INVALID_RES),
    ("option allbackups", Options::ALLBACKUPS),
    ("option checkcache", Options::CHECKCACHE),
    ("option clitcpka", Options::CLITCPKA),
    ("option contstats", Options::CONTSTATS),
    ("option disable-h2-upgrade", Options::DISABLE_H2_UPGRADE),
    ("option dontlog-normal", Options::DONTLOG_NORMAL),
    ("option dontlognull", Options::DONTLOGNULL),
    ("option h1-case-adjust-bogus-client", Options::H1_CASE_BOGUS_CLI),
    ("option h1-case-adjust-bogus-server", Options::H1_CASE_BOGUS_SRV),
    ("option http-buffer-request", Options::HTTP_BUFFER_REQUEST),
    ("option http-drop-request-trailers", Options::HTTP_DROP_REQ_TRAILERS),
    ("option http-drop-response-trailers", Options::HTTP_DROP_RES_TRAILERS),
    ("option http-ignore-probes", Options::HTTP_IGNORE_PROBES),
    ("option http-no-delay", Options::HTTP_NO_DELAY),
    ("option http-pretend-keepalive", Options::HTTP_PRETEND_KA),
    ("option http-use-proxy-header", Options::HTTP_USE_PROXY_HDR),
    ("option idle-close-on-response", Options::IDLE_CLOSE_RESPONSE),
    ("option independent-streams", Options::INDEPENDENT_STREAMS),
    ("option log-health-checks", Options::LOG_HEALTH_CHECKS),
    ("option log-separate-errors", Options::LOG_SEPARATE_ERRORS),
    ("option logasap", Options::LOGASAP),
    ("option nolinger", Options::NOLINGER),
    ("option persist", Options::PERSIST),
    ("option prefer-last-server", Options::PREFER_LAST_SERVER),
    ("option socket-stats", Options::SOCKET_STATS),
    ("option splice-auto", Options::SPLICE_AUTO),
    ("option splice-request", Options::SPLICE_REQUEST),
    ("option splice-response", Options::SPLICE_RESPONSE),
    ("option srvtcpka", Options::SRVTCPKA),
    ("option tcp-smart-accept", Options::TCP_SMART_ACCEPT),
    ("option tcp-smart-connect", Options::TCP_SMART_CONNECT),
    ("option tcpka", Options::CLITCPKA.union(Options::SRVTCPKA)),
];

const fn flag(name: &'static str, sections: Sections) -> Row {
    lasting(name, sections).negatable()
}

/// A flag that nothing takes back.
const fn lasting(name: &'static str, sections: Sections) -> Row {
    Row::new(name, sections).shape(Shape::Nothing).set(set_flag)
}

static ROWS: &[Row] = &[
    flag("option abortonclose", Sections::PROXY)
        .doc("Drops the request of a client that closes its side while the request waits for a server or its answer; the default of HTTP backends.")
        .ok(&["option abortonclose", "no option abortonclose"])
        .bad(&["option abortonclose now"]),
    flag("option accept-unsafe-violations-in-http-request", Sections::PROXY)
        .since(3, 1)
        .doc("Accepts requests that break rules which protect against request smuggling.")
        .ok(&["option accept-unsafe-violations-in-http-request"])
        .bad(&["option accept-unsafe-violations-in-http-request x"]),
    flag("option accept-unsafe-violations-in-http-response", Sections::PROXY)
        .since(3, 1)
        .doc("Accepts responses that break rules which protect against response splitting.")
        .ok(&["option accept-unsafe-violations-in-http-response"])
        .bad(&["option accept-unsafe-violations-in-http-response x"]),
    flag("option accept-invalid-http-request", Sections::PROXY)
        .doc("Old name of `option accept-unsafe-violations-in-http-request`.")
        .ok(&["option accept-invalid-http-request"])
        .set(|cx, a| {
            old_name(cx, a, "accept-unsafe-violations-in-http-request")?;
            set_flag(cx, a)
        }),
    flag("option accept-invalid-http-response", Sections::PROXY)
        .doc("Old name of `option accept-unsafe-violations-in-http-response`.")
        .ok(&["option accept-invalid-http-response"])
        .set(|cx, a| {
            old_name(cx, a, "accept-unsafe-violations-in-http-response")?;
            set_flag(cx, a)
        }),
    flag("option allbackups", Sections::BACK)
        .doc("Uses every backup server when no other is left, not only the first.")
        .ok(&["option allbackups"])
        .bad(&["option allbackups now"]),
    flag("option checkcache", Sections::BACK)
        .doc("Refuses responses that carry a cookie and may be cached.")
        .ok(&["option checkcache"]),
    flag("option clitcpka", Sections::FRONT)
        .doc("TCP keep-alive probes on client connections.")
        .ok(&["option clitcpka"]),
    flag("option srvtcpka", Sections::BACK)
        .doc("TCP keep-alive probes on server connections.")
        .ok(&["option srvtcpka"]),
    lasting("option tcpka", Sections::PROXY)
        .doc("TCP keep-alive probes on both sides.")
        .ok(&["option tcpka"]),
    flag("option contstats", Sections::FRONT)
        .doc("Counts the bytes of a transfer while it runs, not at its end.")
        .no_effect("bytes are always counted as they pass")
        .ok(&["option contstats"]),
    flag("option disable-h2-upgrade", Sections::FRONT)
        .doc("Does not let clients start HTTP/2 on a clear connection without being asked.")
        .no_effect("HTTP/2 is spoken where ALPN or `proto h2` says so")
        .ok(&["option disable-h2-upgrade"]),
    flag("option dontlog-normal", Sections::FRONT)
        .doc("Logs only what went wrong.")
        .ok(&["option dontlog-normal"]),
    flag("option dontlognull", Sections::FRONT)
        .doc("Does not log connections on which nothing was sent.")
        .ok(&["option dontlognull", "no option dontlognull"]),
    flag("option h1-case-adjust-bogus-client", Sections::FRONT)
        .doc("Writes header names to clients as `h1-case-adjust` says.")
        .ok(&["option h1-case-adjust-bogus-client"]),
    flag("option h1-case-adjust-bogus-server", Sections::BACK)
        .doc("Writes header names to servers as `h1-case-adjust` says.")
        .ok(&["option h1-case-adjust-bogus-server"]),
    flag("option http-buffer-request", Sections::PROXY)
        .doc("Waits for the body, or a full buffer of it, before the request is looked at.")
        .ok(&["option http-buffer-request"]),
    flag("option http-drop-request-trailers", Sections::BACK)
        .since(3, 2)
        .doc("Does not pass the trailers of requests on.")
        .ok(&["option http-drop-request-trailers"]),
    flag("option http-drop-response-trailers", Sections::FRONT)
        .since(3, 2)
        .doc("Does not pass the trailers of responses on.")
        .ok(&["option http-drop-response-trailers"]),
    flag("option http-ignore-probes", Sections::FRONT)
        .doc("Neither logs nor counts connections that are closed before a request.")
        .ok(&["option http-ignore-probes"]),
    flag("option http-no-delay", Sections::PROXY)
        .doc("Sends every piece of a message at once.")
        .no_effect("what has been read is always sent at once")
        .ok(&["option http-no-delay"]),
    flag("option http-pretend-keepalive", Sections::BACK)
        .doc("Asks servers to keep the connection although it will be closed.")
        .ok(&["option http-pretend-keepalive"]),
    flag("option http-use-proxy-header", Sections::FRONT)
        .doc("Looks at `Proxy-Connection` instead of `Connection` in requests to a proxy.")
        .partial("`http-request auth` answers 407")
        .ok(&["option http-use-proxy-header"]),
    flag("option idle-close-on-response", Sections::FRONT)
        .since(2, 6)
        .doc("Closes idle client connections on a soft stop only after their next response.")
        .ok(&["option idle-close-on-response"]),
    flag("option independent-streams", Sections::PROXY)
        .doc("Data sent to a peer does not renew the timeout of what it sends.")
        .ok(&["option independent-streams"]),
    flag("option log-health-checks", Sections::BACK)
        .doc("Logs every change of a health check's result.")
        .ok(&["option log-health-checks"]),
    flag("option log-separate-errors", Sections::FRONT)
        .doc("Logs what went wrong at level `err`.")
        .ok(&["option log-separate-errors"]),
    flag("option logasap", Sections::FRONT)
        .doc("Logs once the format's facts are known, before the end of the transfer.")
        .ok(&["option logasap"]),
    flag("option nolinger", Sections::PROXY)
        .doc("Closes connections with a reset, so that none lingers.")
        .ok(&["option nolinger"]),
    flag("option persist", Sections::BACK)
        .doc("Goes to the server that a cookie, a rule or a stick table names even while it is down.")
        .ok(&["option persist"]),
    flag("option prefer-last-server", Sections::BACK)
        .doc("Keeps a client on the server that answered it last, where that does no harm.")
        .ok(&["option prefer-last-server"]),
    flag("option socket-stats", Sections::FRONT)
        .doc("Counts for each `bind` line as well.")
        .ok(&["option socket-stats"]),
    flag("option splice-auto", Sections::PROXY)
        .doc("Moves data inside the kernel where that pays.")
        .no_effect("data is spliced wherever both connections are plain TCP")
        .ok(&["option splice-auto"]),
    flag("option splice-request", Sections::PROXY)
        .doc("Moves the data of requests inside the kernel.")
        .no_effect("data is spliced wherever both connections are plain TCP")
        .ok(&["option splice-request"]),
    flag("option splice-response", Sections::PROXY)
        .doc("Moves the data of responses inside the kernel.")
        .no_effect("data is spliced wherever both connections are plain TCP")
        .ok(&["option splice-response"]),
    flag("option tcp-smart-accept", Sections::FRONT)
        .doc("Delays the first acknowledgement of a connection, to send it with data; in HTTP mode that is done unless it is negated.")
        .ok(&["option tcp-smart-accept"]),
    flag("option tcp-smart-connect", Sections::BACK)
        .doc("Sends the last packet of a handshake together with data.")
        .no_effect("the handshake ends with data wherever there is something to send at once")
        .ok(&["option tcp-smart-connect"]),
    Row::new("option use-small-buffers", Sections::BACK)
        .since(3, 4)
        .usage("[queue] [l7-retries] [check]")
        .shape(Shape::Each(0, 3, &["queue", "l7-retries", "check"]))
        .negatable()
        .doc("Uses small buffers where a request waits.")
        .no_effect("waiting requests borrow ordinary buffers")
        .ok(&["option use-small-buffers", "option use-small-buffers queue"])
        .bad(&["option use-small-buffers always"]),
    flag("option http-keep-alive", Sections::PROXY)
        .doc("Keeps connections on both sides after a response, which is the default.")
        .ok(&["option http-keep-alive"])
        .set(|cx, a| http_mode(cx, a, HttpMode::KeepAlive)),
    flag("option http-server-close", Sections::PROXY)
        .doc("Closes the connection to the server after each response, and keeps the client's.")
        .ok(&["option http-server-close", "no option http-server-close"])
        .set(|cx, a| http_mode(cx, a, HttpMode::ServerClose)),
    flag("option httpclose", Sections::PROXY)
        .doc("Closes both connections after each response.")
        .ok(&["option httpclose"])
        .set(|cx, a| http_mode(cx, a, HttpMode::Close)),
    Row::new("option redispatch", Sections::BACK)
        .usage("[<interval>]")
        .shape(Shape::Words(0, 64))
        .negatable()
        .doc("Tries another server on the last retry, or on every so many retries.")
        .ok(&[
            "option redispatch",
            "option redispatch 1",
            "no option redispatch",
            "option redispatch often",
            "option redispatch 1 2",
        ])
        .set(|cx, a| {
            redispatch(cx, a);
            Ok(())
        }),
    Row::new("option forwardfor", Sections::PROXY)
        .usage("[except <network>] [header <name>] [if-none]")
        .doc("Adds the client's address to the request, in `X-Forwarded-For` unless another header is named.")
        .ok(&["option forwardfor", "option forwardfor except 10.0.0.0/8 header X-Client if-none"])
        .bad(&["option forwardfor except", "option forwardfor header", "option forwardfor loud"])
        .set(forwardfor),
    Row::new("option originalto", Sections::PROXY)
        .usage("[except <network>] [header <name>]")
        .doc(
            "Adds the address the client asked for to the request, in `X-Original-To` unless another header \
is named.",
        )
        .ok(&["option originalto", "option originalto header X-Target"])
        .bad(&["option originalto header"])
        .set(originalto),
    Row::new("option forwarded", Sections::BACK)
        .usage(
            "[proto] [host | host-expr <expression>] [by | by-expr <expression>] [by_port | by_port-expr \
<expression>] [for | ...]",
        )
        .negatable()
        .since(2, 8)
        .doc("Adds a `Forwarded` header (RFC 7239) to the request.")
        .ok(&[
            "option forwarded",
            "option forwarded proto for",
            "option forwarded host-expr str(a) by-expr str(_b) for for_port-expr int(10)",
        ])
        .bad(&[
            "option forwarded loud",
            "option forwarded for for",
            "option forwarded host-expr",
            "option forwarded for-expr nope",
        ])
        .set(forwarded),
    Row::new("option http-restrict-req-hdr-names", Sections::PROXY)
        .usage("{ preserve | delete | reject }")
        .since(2, 6)
        .negatable()
        .shape(Shape::OneOf(&["preserve", "delete", "reject"]))
        .doc("What becomes of request headers whose name holds other than letters, digits and hyphens.")
        .ok(&["option http-restrict-req-hdr-names delete"])
        .bad(&["option http-restrict-req-hdr-names", "option http-restrict-req-hdr-names drop"])
        .set(|cx, a| {
            let policies = [HeaderNames::Preserve, HeaderNames::Delete, HeaderNames::Reject];
            cx.proxy().proxy.header_names = if a.prefix == Prefix::None {
                policies[a.choice()]
            } else {
                HeaderNames::Preserve
            };
            Ok(())
        }),
    Row::new("option", Sections::PROXY)
        .family()
        .negatable()
        .doc("Told when no option has the name given.")
        .bad(&["option", "option notreal"])
        .set(unknown),
];

#[allow(clippy::unnecessary_wraps, reason = "setters end with it")]
fn set_flag(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let bits = FLAGS.iter().find(|(name, _)| *name == a.name).map(|(_, bits)| *bits);
    cx.proxy().proxy.options.set(bits.unwrap_or_default(), a.prefix == Prefix::None);
    if bits == Some(Options::TCP_SMART_ACCEPT) {
        cx.proxy().proxy.options.set(Options::NO_SMART_ACCEPT, a.prefix == Prefix::No);
    }
    if bits == Some(Options::ABORTONCLOSE) {
        cx.proxy().asked.insert("option abortonclose", a.line);
    }
    Ok(())
}

fn old_name(cx: &mut Reader<'_>, a: &Args<'_>, new: &str) -> Result<(), Diagnostic> {
    let old = a.name.trim_start_matches("option ");
    // The old name has no negation where it has a new one.
    if a.prefix != Prefix::None && cx.opts.for_version.is_some_and(|v| v >= (3, 1)) {
        return Err(not_prefixed(a, old));
    }
    let message = format!("option '{old}' is deprecated. please use 'option {new}' if absolutely needed.");
    cx.diags.push(Diagnostic::warning(&codes::REMOVED, message).at(a.span));
    Ok(())
}

fn not_prefixed(a: &Args<'_>, name: &str) -> Diagnostic {
    let message = format!("negation/default is not supported for option '{name}'.");
    Diagnostic::alert(&codes::PREFIX, message).at(a.span)
}

/// The last of the three words decides; `no` undoes the word it stands before.
fn http_mode(cx: &mut Reader<'_>, a: &Args<'_>, mode: HttpMode) -> Result<(), Diagnostic> {
    if a.prefix == Prefix::Default {
        return Err(not_prefixed(a, a.name.trim_start_matches("option ")));
    }
    let proxy = &mut cx.proxy().proxy;
    if a.prefix == Prefix::None {
        proxy.http_mode = mode;
    } else if proxy.http_mode == mode {
        proxy.http_mode = HttpMode::default();
    }
    Ok(())
}

/// The number at the start of the argument, 0 where there is none: HAProxy refuses nothing here. What it passes over is told.
fn interval(cx: &mut Reader<'_>, a: &Args<'_>) -> i32 {
    let read = hapax_value::leading_number(a.str(0));
    let number = read.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
    if a.str(0).parse() != Ok(number) || a.len() > 1 {
        let message = format!("'{}' expects one number: {number} is taken, the rest has no effect", a.name);
        cx.diags.push(Diagnostic::warning(&codes::BAD_ARGUMENT, message).at(a.at(0)));
    }
    number
}

fn redispatch(cx: &mut Reader<'_>, a: &Args<'_>) {
    let interval = match (a.prefix, a.is_empty()) {
        (Prefix::None, true) => -1,
        (Prefix::None, false) => interval(cx, a),
        _ => 0,
    };
    cx.proxy().proxy.redispatch = interval;
}

fn forwardfor(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let header = address_header(a, true)?;
    cx.proxy().proxy.forwardfor = (a.prefix == Prefix::None).then_some(header);
    Ok(())
}

fn originalto(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    let mut header = address_header(a, false)?;
    if !a.words.iter().any(|w| *w == "header") {
        header.header = b"x-original-to"[..].into();
    }
    cx.proxy().proxy.originalto = (a.prefix == Prefix::None).then_some(header);
    Ok(())
}

/// `[proto] [host | host-expr <expression>] ...`, each parameter once; none at all: `proto for`.
fn forwarded(cx: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.prefix != Prefix::None {
        cx.proxy().proxy.forwarded = None;
        return Ok(());
    }
    let mut made = Forwarded::default();
    if a.is_empty() {
        made.proto = true;
        made.for_ = Some(ForwardedPart::Own);
    }
    let mut i = 0;
    while i < a.len() {
        let word = a.str(i);
        if word == "proto" && !made.proto {
            made.proto = true;
            i += 1;
            continue;
        }
        let (name, by_expression) = word.strip_suffix("-expr").map_or((word, false), |n| (n, true));
        let slot = match name {
            "host" => &mut made.host,
            "by" => &mut made.by,
            "by_port" => &mut made.by_port,
            "for" => &mut made.for_,
            "for_port" => &mut made.for_port,
            _ => return Err(a.bad(i, format!("unknown keyword '{}' for 'option forwarded'.", a.show(i)))),
        };
        if slot.is_some() {
            return Err(a.bad(i, format!("'option forwarded' : '{name}' was already given.")));
        }
        if by_expression {
            if a.str(i + 1).is_empty() {
                return Err(a.missing(format!("'option forwarded' : '{word}' expects a sample expression.")));
            }
            let (expr, next) = cx.expr(a, i + 1)?;
            *slot = Some(ForwardedPart::Expr(Arc::new(expr)));
            i = next;
        } else {
            *slot = Some(ForwardedPart::Own);
            i += 1;
        }
    }
    cx.proxy().proxy.forwarded = Some(Arc::new(made));
    Ok(())
}

/// `[except <network>] [header <name>] [if-none]`
fn address_header(a: &Args<'_>, if_none_allowed: bool) -> Result<ForwardFor, Diagnostic> {
    let mut header = ForwardFor {
        header: b"x-forwarded-for"[..].into(),
        except: None,
        if_none: false,
    };
    let option = a.name.trim_start_matches("option ");
    let mut i = 0;
    while i < a.len() {
        let value = a.bytes(i + 1);
        i += match a.str(i) {
            "except" => {
                header.except = Some(network(a.str(i + 1)).ok_or_else(|| {
                    let message = format!("'option {option} except' only supports IPv4 and IPv6 networks.");
                    a.bad(i + 1, message)
                })?);
                2
            }
            "header" if value.is_empty() => {
                return Err(a.missing(format!("'option {option} header' requires a header name argument")));
            }
            "header" => {
                header.header = value.to_ascii_lowercase().into();
                2
            }
            "if-none" if if_none_allowed => {
                header.if_none = true;
                1
            }
            _ => {
                let words = if if_none_allowed {
                    "'except', 'header' and 'if-none'"
                } else {
                    "'except' and 'header'"
                };
                return Err(a.bad(i, format!("'option {option}' only supports optional values: {words}.")));
            }
        };
    }
    Ok(header)
}

/// `10.0.0.0/8`, or an address alone.
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
    let ip: IpAddr = ip.parse().ok()?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        None => most,
        Some(text) => text.parse().ok().filter(|n| *n <= most)?,
    };
    Some((ip, bits))
}

fn unknown(_: &mut Reader<'_>, a: &Args<'_>) -> Result<(), Diagnostic> {
    if a.bytes(0).is_empty() {
        return Err(a.missing("'option' expects an option name."));
    }
    let names = crate::every_keyword()
        .filter(|r| !matches!(r.support, Support::Refused(_)))
        .filter_map(|r| r.name.strip_prefix("option "));
    let near = hapax_diag::suggest(a.str(0), names);
    let message = match near {
        Some(near) => format!("unknown option '{}'; did you mean '{near}' maybe ?", a.show(0)),
        None => format!("unknown option '{}'.", a.show(0)),
    };
    Err(Diagnostic::alert(&codes::UNKNOWN_KEYWORD, message).at(a.at(0)))
}

fn inherit(to: &mut Draft, from: &Draft) {
    to.proxy.options = from.proxy.options;
    to.proxy.http_mode = from.proxy.http_mode;
    to.proxy.forwardfor.clone_from(&from.proxy.forwardfor);
    to.proxy.originalto.clone_from(&from.proxy.originalto);
    to.proxy.header_names = from.proxy.header_names;
    if to.proxy.caps.contains(crate::plan::ProxyCaps::BACKEND) {
        to.proxy.redispatch = from.proxy.redispatch;
        to.proxy.forwarded.clone_from(&from.proxy.forwarded);
    }
}
