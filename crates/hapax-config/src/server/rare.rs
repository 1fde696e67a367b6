//! Options that few `server` lines use.

use std::sync::Arc;

use hapax_sample::Needs;
use hapax_sample::expr::Expr;
use hapax_value::Endpoint;

use super::{ServerOption, ServerRow};
use crate::address::{self, Accept};
use crate::certs::CertError;
use crate::keyword::{Class, Sections};
use crate::plan::{HashKey, LogProto};
use crate::reader::placed_expr;
use crate::shape::Shape;
use crate::tls;
use crate::topic::namespaces;
use crate::units::{TIMER_MAX, Unit};

pub(super) static ROWS: &[ServerRow] = &[
    ServerRow::new("allow-0rtt", Sections::SERVER)
        .shape(Shape::Nothing)
        .doc("Passes early data on to the server.")
        .not_yet("TLS early data")
        .ok(&["server s1 127.0.0.1:80 allow-0rtt"])
        .bad(&["server s1 127.0.0.1:80 allow-0rtt extra"]),
    ServerRow::new("cc", Sections::SERVER)
        .usage("<algorithm>")
        .shape(Shape::Word("<algorithm>"))
        .doc("TCP congestion control of the connections.")
        .since(3, 2)
        .ok(&["server s1 127.0.0.1:80 cc cubic"])
        .bad(&["server s1 127.0.0.1:80 cc", "server s1 127.0.0.1:80 cc one two"])
        .set(|cx, a| {
            cx.draft.server.cc = Some(a.arc_str(0));
            Ok(())
        }),
    ServerRow::new("check-pool-conn-name", Sections::SERVER)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Name by which idle connections are picked for health checks, in place of the one that TLS asks for.")
        .since(3, 2)
        .ok(&["server s1 127.0.0.1:80 check-pool-conn-name probe"])
        .bad(&[
            "server s1 127.0.0.1:80 check-pool-conn-name",
            "server s1 127.0.0.1:80 check-pool-conn-name one two",
        ])
        .set(|cx, a| {
            cx.draft.check.pool_name = Some(a.arc_str(0));
            Ok(())
        }),
    ServerRow::new("check-reuse-pool", Sections::SERVER)
        .shape(Shape::Nothing)
        .doc("Sends HTTP health checks over idle connections, and leaves theirs to the traffic.")
        .since(3, 2)
        .ok(&["server s1 127.0.0.1:80 check-reuse-pool"])
        .bad(&["server s1 127.0.0.1:80 check-reuse-pool extra"])
        .set(|cx, _| {
            cx.draft.check.reuse_pool = true;
            Ok(())
        }),
    ServerRow::new("no-check-reuse-pool", Sections::SERVER)
        .shape(Shape::Nothing)
        .doc("Does not send health checks over idle connections.")
        .since(3, 2)
        .ok(&["server s1 127.0.0.1:80 no-check-reuse-pool"])
        .bad(&["server s1 127.0.0.1:80 no-check-reuse-pool extra"])
        .set(|cx, _| {
            cx.draft.check.reuse_pool = false;
            Ok(())
        }),
    ServerRow::new("check-via-socks4", Sections::SERVER)
        .shape(Shape::Nothing)
        .doc("Sends health checks through the SOCKS4 proxy.")
        .ok(&["server s1 127.0.0.1:80 check-via-socks4"])
        .bad(&["server s1 127.0.0.1:80 check-via-socks4 extra"])
        .set(|cx, _| {
            cx.draft.check.via_socks4 = true;
            cx.draft.check.own_way = true;
            Ok(())
        }),
    ServerRow::new("client-sigalgs", Sections::SERVER)
        .usage("<sigalgs>")
        .shape(Shape::Word("<sigalgs>"))
        .doc("Signature algorithms of our own certificate.")
        .since(2, 8)
        .not_yet("a choice of signature algorithms")
        .ok(&["server s1 127.0.0.1:80 client-sigalgs RSA+SHA256"])
        .bad(&[
            "server s1 127.0.0.1:80 client-sigalgs",
            "server s1 127.0.0.1:80 client-sigalgs one two",
        ]),
    ServerRow::new("crl-file", Sections::SERVER)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("Revoked server certificates.")
        .ok(&["server s1 127.0.0.1:80 crl-file revoked.pem"])
        .bad(&["server s1 127.0.0.1:80 crl-file", "server s1 127.0.0.1:80 crl-file one two"])
        .set(|cx, a| {
            let path = cx.defaults.ca_path(a.str(0));
            match cx.certs.revocations(&path, cx.cx.files) {
                Ok(file) => cx.draft.tls.crl = Some(file),
                Err(e) => {
                    let message = format!("'crl-file' : {}", e.message);
                    return super::tls::tell(cx, a, CertError { message, ..e });
                }
            }
            Ok(())
        }),
    ServerRow::new("curves", Sections::SERVER)
        .usage("<curves>")
        .shape(Shape::Word("<curves>"))
        .doc("Key exchange groups offered.")
        .since(2, 9)
        .ok(&["server s1 127.0.0.1:80 curves X25519:P-256"])
        .bad(&["server s1 127.0.0.1:80 curves", "server s1 127.0.0.1:80 curves one two"])
        .set(|cx, a| {
            cx.draft.tls.curves = Some(a.show(0));
            tls::check_curves(a, cx.cx.diags);
            Ok(())
        }),
    ServerRow::new("guid", Sections::SERVER)
        .usage("<string>")
        .shape(Shape::Word("<string>"))
        .doc("A name for the server that is unique in the whole configuration.")
        .since(3, 0)
        .ok(&["server s1 127.0.0.1:80 guid web-1"])
        .bad(&[
            "server s1 127.0.0.1:80 guid",
            "server s1 127.0.0.1:80 guid one two",
            "server s1 127.0.0.1:80 guid a/b",
        ])
        .set(|cx, a| {
            if cx.is_default {
                return Err(a.bad(0, "'guid' option is not accepted in default-server sections"));
            }
            if let Some(fault) = crate::guid::fault(a.str(0)) {
                return Err(a.bad(0, format!("'guid': {fault}.")));
            }
            cx.draft.server.guid = Some(a.arc_str(0));
            Ok(())
        }),
    ServerRow::new("hash-key", Sections::SERVER)
        .usage("{ id | id32 | guid | addr | addr-port }")
        .shape(Shape::OneOf(&["id", "id32", "guid", "addr", "addr-port"]))
        .doc("What places the server on the ring of consistent hashes.")
        .since(3, 0)
        .ok(&[
            "server s1 127.0.0.1:80 hash-key id",
            "server s1 127.0.0.1:80 hash-key id32",
            "server s1 127.0.0.1:80 hash-key guid",
            "server s1 127.0.0.1:80 hash-key addr",
            "server s1 127.0.0.1:80 hash-key addr-port",
        ])
        .bad(&["server s1 127.0.0.1:80 hash-key", "server s1 127.0.0.1:80 hash-key other"])
        .set(|cx, a| {
            cx.draft.server.hash_key = match a.str(0) {
                "id32" => HashKey::Id32,
                "guid" => HashKey::Guid,
                "addr" => HashKey::Addr,
                "addr-port" => HashKey::AddrPort,
                _ => HashKey::Id,
            };
            Ok(())
        }),
    ServerRow::new("healthcheck", Sections::SERVER)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("The `healthcheck` section that says how the server is checked.")
        .since(3, 4)
        .ok(&["server s1 127.0.0.1:80 healthcheck fast"])
        .bad(&["server s1 127.0.0.1:80 healthcheck", "server s1 127.0.0.1:80 healthcheck one two"])
        .set(|cx, a| {
            cx.draft.check.named = Some((a.arc_str(0), a.at(0)));
            Ok(())
        }),
    ServerRow::new("idle-ping", Sections::SERVER)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Time after which an idle HTTP/2 connection is probed.")
        .since(3, 2)
        .not_yet("pings on idle HTTP/2 connections")
        .ok(&["server s1 127.0.0.1:80 idle-ping 100ms"])
        .bad(&["server s1 127.0.0.1:80 idle-ping", "server s1 127.0.0.1:80 idle-ping 5x"]),
    ServerRow::new("ktls", Sections::SERVER)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Lets the kernel make TLS records.")
        .since(3, 3)
        .experimental()
        .no_effect("TLS records are never made by the kernel")
        .ok(&["server s1 127.0.0.1:80 ktls on", "server s1 127.0.0.1:80 ktls off"])
        .bad(&["server s1 127.0.0.1:80 ktls", "server s1 127.0.0.1:80 ktls maybe"]),
    ServerRow::new("log-bufsize", Sections::SERVER)
        .usage("<size>")
        .shape(Shape::Lax(1, i64::MAX))
        .doc("Size of the buffer of a log server.")
        .since(2, 9)
        .ok(&["server s1 127.0.0.1:80 log-bufsize 10"])
        .bad(&[
            "server s1 127.0.0.1:80 log-bufsize -1",
            "server s1 127.0.0.1:80 log-bufsize",
            "server s1 127.0.0.1:80 log-bufsize many",
            "server s1 127.0.0.1:80 log-bufsize 0",
        ])
        .set(|cx, a| {
            cx.draft.server.log_bufsize = Some(a.number() as usize);
            Ok(())
        }),
    ServerRow::new("log-proto", Sections::SERVER)
        .usage("{ legacy | octet-count }")
        .shape(Shape::OneOf(&["legacy", "octet-count"]))
        .doc("Framing of messages over TCP.")
        .ok(&[
            "server s1 127.0.0.1:80 log-proto legacy",
            "server s1 127.0.0.1:80 log-proto octet-count",
        ])
        .bad(&["server s1 127.0.0.1:80 log-proto", "server s1 127.0.0.1:80 log-proto other"])
        .set(|cx, a| {
            cx.draft.server.log_proto = if a.str(0) == "octet-count" {
                LogProto::OctetCount
            } else {
                LogProto::Legacy
            };
            Ok(())
        }),
    ServerRow::new("namespace", Sections::SERVER)
        .usage("{ <name> | * }")
        .shape(Shape::Word("one word"))
        .doc("Network namespace to connect in.")
        .not_yet("network namespaces")
        .ok(&["server s1 127.0.0.1:80 namespace blue"])
        .bad(&["server s1 127.0.0.1:80 namespace", "server s1 127.0.0.1:80 namespace one two"])
        .set(|cx, a| {
            if a.str(0) == "*" {
                Ok(())
            } else {
                namespaces::there(cx.cx.files, a)
            }
        }),
    ServerRow::new("npn", Sections::SERVER)
        .usage("<protocols>")
        .shape(Shape::Word("<protocols>"))
        .doc("Protocols offered with NPN.")
        .no_effect("the extension is extinct; `alpn` replaces it")
        .ok(&["server s1 127.0.0.1:80 npn http/1.1"])
        .bad(&["server s1 127.0.0.1:80 npn", "server s1 127.0.0.1:80 npn one two"]),
    ServerRow::new("pool-conn-name", Sections::SERVER)
        .usage("<expression>")
        .shape(Shape::Word("<expression>"))
        .doc("Name by which idle connections are told apart.")
        .since(3, 0)
        .ok(&["server s1 127.0.0.1:80 pool-conn-name req.hdr(host)"])
        .bad(&[
            "server s1 127.0.0.1:80 pool-conn-name",
            "server s1 127.0.0.1:80 pool-conn-name one two",
        ])
        .set(|cx, a| {
            let expr = Expr::compile(a.show(0), a.at(0), &mut ServerOption::compile(cx))?;
            let expr = placed_expr(expr, Needs::SRV_SRC, a.at(0), "here")?;
            cx.draft.server.pool_conn_name = Some(Arc::new(expr));
            Ok(())
        }),
    ServerRow::new("quic-cc-algo", Sections::SERVER)
        .usage("<algorithm>")
        .shape(Shape::Word("<algorithm>"))
        .doc("Congestion control of QUIC connections.")
        .since(2, 7)
        .no_effect("nothing connects with QUIC")
        .ok(&["server s1 127.0.0.1:80 quic-cc-algo cubic"])
        .bad(&["server s1 127.0.0.1:80 quic-cc-algo", "server s1 127.0.0.1:80 quic-cc-algo one two"]),
    ServerRow::new("renegotiate", Sections::SERVER)
        .shape(Shape::Nothing)
        .doc("Allows TLS renegotiation.")
        .since(3, 3)
        .no_effect("rustls never renegotiates")
        .ok(&["server s1 127.0.0.1:80 renegotiate"])
        .bad(&["server s1 127.0.0.1:80 renegotiate extra"]),
    ServerRow::new("no-renegotiate", Sections::SERVER)
        .shape(Shape::Nothing)
        .doc("Forbids TLS renegotiation.")
        .since(3, 3)
        .no_effect("rustls never renegotiates")
        .ok(&["server s1 127.0.0.1:80 no-renegotiate"])
        .bad(&["server s1 127.0.0.1:80 no-renegotiate extra"]),
    ServerRow::new("shard", Sections::SERVER)
        .usage("<number>")
        .shape(Shape::OptLax(i64::MIN, i64::MAX))
        .doc("Of a peer: the part of the keys whose updates it gets.")
        .since(2, 7)
        .ok(&[
            "server s1 127.0.0.1:80 shard 0",
            "server s1 127.0.0.1:80 shard",
            "server s1 127.0.0.1:80 shard 10",
        ])
        .set(|cx, a| {
            cx.draft.server.shard = a.number().max(0) as u32;
            Ok(())
        }),
    ServerRow::new("sigalgs", Sections::SERVER)
        .usage("<sigalgs>")
        .shape(Shape::Word("<sigalgs>"))
        .doc("Signature algorithms of the handshake.")
        .since(2, 8)
        .not_yet("a choice of signature algorithms")
        .ok(&["server s1 127.0.0.1:80 sigalgs RSA+SHA256"])
        .bad(&["server s1 127.0.0.1:80 sigalgs", "server s1 127.0.0.1:80 sigalgs one two"]),
    ServerRow::new("socks4", Sections::SERVER)
        .usage("<address>:<port>")
        .shape(Shape::Word("one word"))
        .doc("Connects through a SOCKS4 proxy.")
        .ok(&["server s1 127.0.0.1:80 socks4 127.0.0.1:1080"])
        .bad(&["server s1 127.0.0.1:80 socks4", "server s1 127.0.0.1:80 socks4 one two"])
        .set(|cx, a| {
            let parsed = address::parse(a.str(0), Accept::PLAIN, cx.env).map_err(|e| a.bad(0, format!("'socks4' : {e}")))?;
            let ip = crate::reader::lookup(cx.cx.files, &parsed, a.str(0), a.at(0)).map_err(|d| d.prefixed("'socks4' : "))?;
            cx.draft.server.socks4 = match parsed.endpoint(ip) {
                Some(Endpoint::Ip(at)) if at.port() > 0 => Some(at),
                _ => return Err(a.bad(0, format!("'socks4' : a port is needed in '{}'.", a.show(0)))),
            };
            Ok(())
        }),
    ServerRow::new("strict-maxconn", Sections::SERVER)
        .shape(Shape::Nothing)
        .doc("Counts connections rather than requests in `maxconn`.")
        .since(3, 2)
        .no_effect("idle connections count in `maxconn`")
        .ok(&["server s1 127.0.0.1:80 strict-maxconn"])
        .bad(&["server s1 127.0.0.1:80 strict-maxconn extra"]),
    ServerRow::new("tcp-md5sig", Sections::SERVER)
        .usage("<password>")
        .shape(Shape::Word("<password>"))
        .doc("Signs TCP segments.")
        .since(3, 3)
        .not_yet("TCP MD5 signatures")
        .ok(&["server s1 127.0.0.1:80 tcp-md5sig swordfish"])
        .bad(&["server s1 127.0.0.1:80 tcp-md5sig", "server s1 127.0.0.1:80 tcp-md5sig one two"]),
    ServerRow::new("ws", Sections::SERVER)
        .usage("{ auto | h1 | h2 }")
        .shape(Shape::OneOf(&["auto", "h1", "h2"]))
        .doc("Protocol of WebSocket streams.")
        .since(2, 5)
        .not_yet("WebSocket over HTTP/2")
        .ok(&[
            "server s1 127.0.0.1:80 ws auto",
            "server s1 127.0.0.1:80 ws h1",
            "server s1 127.0.0.1:80 ws h2",
        ])
        .bad(&["server s1 127.0.0.1:80 ws", "server s1 127.0.0.1:80 ws other"]),
];
