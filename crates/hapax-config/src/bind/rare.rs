//! Options that few `bind` lines use.

use super::BindRow;
use crate::keyword::Sections;
use crate::shape::Shape;
use crate::topic::namespaces;
use crate::units::{TIMER_MAX, Unit};

pub(super) static ROWS: &[BindRow] = &[
    BindRow::new("cc", Sections::BIND)
        .usage("<algorithm>")
        .shape(Shape::Word("<algorithm>"))
        .doc("TCP congestion control of the accepted connections.")
        .since(3, 2)
        .ok(&["bind :80 cc cubic"])
        .bad(&["bind :80 cc", "bind :80 cc one two"])
        .set(|cx, a| {
            cx.bind.cc = Some(a.arc_str(0));
            Ok(())
        }),
    BindRow::new("guid-prefix", Sections::BIND)
        .usage("<string>")
        .shape(Shape::Word("<string>"))
        .doc("Prefix of names for the addresses of the line that are unique in the whole configuration.")
        .since(3, 0)
        .set(|cx, a| match crate::guid::fault(a.str(0)) {
            None => {
                cx.bind.guid_prefix = Some(a.arc_str(0));
                Ok(())
            }
            Some(fault) => Err(a.bad(0, format!("'{}': {fault}", a.name))),
        })
        .ok(&["bind :80 guid-prefix web-"])
        .bad(&["bind :80 guid-prefix a/b", "bind :80 guid-prefix", "bind :80 guid-prefix one two"]),
    BindRow::new("idle-ping", Sections::BIND)
        .usage("<time>")
        .shape(Shape::Time(Unit::Ms, TIMER_MAX))
        .doc("Time after which an idle HTTP/2 connection is probed.")
        .since(3, 2)
        .not_yet("pings on idle HTTP/2 connections")
        .ok(&["bind :80 idle-ping 100ms"])
        .bad(&["bind :80 idle-ping", "bind :80 idle-ping 5x"]),
    BindRow::new("label", Sections::BIND)
        .usage("<string>")
        .shape(Shape::Word("<string>"))
        .doc("A label for groups of listeners.")
        .since(3, 2)
        .no_effect("listeners are known by their names")
        .ok(&["bind :80 label edge"])
        .bad(&["bind :80 label", "bind :80 label one two"]),
    BindRow::new("namespace", Sections::BIND)
        .usage("<name>")
        .shape(Shape::Word("<name>"))
        .doc("Network namespace to listen in.")
        .not_yet("network namespaces")
        .ok(&["bind :80 namespace blue"])
        .bad(&["bind :80 namespace", "bind :80 namespace one two"])
        .set(|cx, a| namespaces::there(cx.cx.files, a)),
    BindRow::new("nbconn", Sections::BIND)
        .usage("<number>")
        .shape(Shape::Number(1, i64::MAX))
        .doc("Connections kept open by a listener that connects out.")
        .since(2, 9)
        .not_yet("reverse connections")
        .experimental()
        .ok(&["bind rhttp@b/s nbconn 10"])
        .bad(&["bind :80 nbconn", "bind :80 nbconn 10", "bind :80 nbconn 0"])
        .set(|cx, a| {
            if cx.head.contains("rhttp@") {
                return Ok(());
            }
            Err(a.bad(0, "'nbconn' : only valid for reverse HTTP listeners."))
        }),
    BindRow::new("process", Sections::BIND)
        .usage("<set>")
        .shape(Shape::Word("<set>"))
        .doc("Bound the line to some processes.")
        .until(
            2,
            5,
            "'process' on 'bind' lines is not supported anymore, please use 'thread' instead.",
        )
        .no_effect("there is one worker process")
        .ok(&["bind :80 process 1"])
        .bad(&["bind :80 process", "bind :80 process one two"]),
    BindRow::new("quic-cc-algo", Sections::BIND)
        .usage("<algorithm>")
        .shape(Shape::Word("<algorithm>"))
        .doc("Congestion control of QUIC connections.")
        .since(2, 7)
        .no_effect("nothing listens with QUIC")
        .ok(&["bind :80 quic-cc-algo cubic"])
        .bad(&["bind :80 quic-cc-algo", "bind :80 quic-cc-algo one two"]),
    BindRow::new("quic-force-retry", Sections::BIND)
        .shape(Shape::Nothing)
        .doc("Always validates the address of QUIC clients.")
        .since(2, 6)
        .no_effect("nothing listens with QUIC")
        .ok(&["bind :80 quic-force-retry"])
        .bad(&["bind :80 quic-force-retry extra"]),
    BindRow::new("quic-socket", Sections::BIND)
        .usage("{ connection | listener }")
        .shape(Shape::OneOf(&["connection", "listener"]))
        .doc("Whether each QUIC connection has its own socket.")
        .since(2, 9)
        .no_effect("nothing listens with QUIC")
        .ok(&["bind :80 quic-socket connection", "bind :80 quic-socket listener"])
        .bad(&["bind :80 quic-socket", "bind :80 quic-socket other"]),
    BindRow::new("tcp-md5sig", Sections::BIND)
        .usage("<password>")
        .shape(Shape::Word("<password>"))
        .doc("Signs TCP segments.")
        .since(3, 3)
        .not_yet("TCP MD5 signatures")
        .ok(&["bind :80 tcp-md5sig swordfish"])
        .bad(&["bind :80 tcp-md5sig", "bind :80 tcp-md5sig one two"]),
    BindRow::new("tcp-ss", Sections::BIND)
        .usage("<mode>")
        .shape(Shape::Lax(0, 2))
        .doc("Keeps the SYN packet for `fc_saved_syn`: 0 no, 1 its IP and TCP headers, 2 the Ethernet header too.")
        .since(3, 4)
        .ok(&["bind :80 tcp-ss 1x", "bind :80 tcp-ss 0", "bind :80 tcp-ss 2"])
        .bad(&["bind :80 tcp-ss", "bind :80 tcp-ss 3", "bind :80 tcp-ss x", "bind :80 tcp-ss -0"])
        .set(|cx, a| {
            if !a.str(0).starts_with(|c: char| c.is_ascii_digit()) {
                let message = "'tcp-ss' : TCP Save SYN option expects an integer argument from 0 to 2";
                return Err(a.bad(0, message));
            }
            cx.bind.save_syn = a.number() as u8;
            Ok(())
        }),
    BindRow::new("allow-0rtt", Sections::BIND)
        .shape(Shape::Nothing)
        .doc("Accepts early data.")
        .not_yet("TLS early data")
        .ok(&["bind :80 allow-0rtt"])
        .bad(&["bind :80 allow-0rtt extra"]),
    BindRow::new("ca-sign-file", Sections::BIND)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("Authority with which certificates are made.")
        .not_yet("certificates made on the fly")
        .ok(&["bind :80 ca-sign-file authority.pem"])
        .bad(&["bind :80 ca-sign-file", "bind :80 ca-sign-file one two"]),
    BindRow::new("ca-sign-pass", Sections::BIND)
        .usage("<pass phrase>")
        .shape(Shape::Word("<pass phrase>"))
        .doc("Pass phrase of the key of `ca-sign-file`.")
        .not_yet("certificates made on the fly")
        .ok(&["bind :80 ca-sign-pass swordfish"])
        .bad(&["bind :80 ca-sign-pass", "bind :80 ca-sign-pass one two"]),
    BindRow::new("client-sigalgs", Sections::BIND)
        .usage("<sigalgs>")
        .shape(Shape::Word("<sigalgs>"))
        .doc("Signature algorithms asked of client certificates.")
        .since(2, 8)
        .not_yet("a choice of signature algorithms")
        .ok(&["bind :80 client-sigalgs RSA+SHA256"])
        .bad(&["bind :80 client-sigalgs", "bind :80 client-sigalgs one two"]),
    BindRow::new("crl-file", Sections::BIND)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("Revoked client certificates.")
        .ok(&["bind :80 crl-file revoked.pem"])
        .bad(&["bind :80 crl-file", "bind :80 crl-file one two"])
        .set(super::certs::crl_file),
    BindRow::new("generate-certificates", Sections::BIND)
        .shape(Shape::Nothing)
        .doc("Makes a certificate for each name that clients ask for.")
        .not_yet("certificates made on the fly")
        .ok(&["bind :80 generate-certificates"])
        .bad(&["bind :80 generate-certificates extra"]),
    BindRow::new("ktls", Sections::BIND)
        .usage("{ on | off }")
        .shape(Shape::OnOff)
        .doc("Lets the kernel make TLS records (experimental).")
        .since(3, 3)
        .no_effect("TLS records are never made by the kernel")
        .ok(&["bind :80 ktls on", "bind :80 ktls off"])
        .bad(&["bind :80 ktls", "bind :80 ktls maybe"]),
    BindRow::new("no-ca-names", Sections::BIND)
        .shape(Shape::Nothing)
        .doc("Does not name the trusted authorities to clients.")
        .ok(&["bind :80 no-ca-names"])
        .bad(&["bind :80 no-ca-names extra"])
        .set(|cx, _| {
            cx.tls.no_ca_names = true;
            Ok(())
        }),
    BindRow::new("npn", Sections::BIND)
        .usage("<protocols>")
        .shape(Shape::Word("<protocols>"))
        .doc("Protocols offered with NPN.")
        .no_effect("the extension is extinct; `alpn` replaces it")
        .ok(&["bind :80 npn http/1.1"])
        .bad(&["bind :80 npn", "bind :80 npn one two"]),
    BindRow::new("prefer-client-ciphers", Sections::BIND)
        .shape(Shape::Nothing)
        .doc("Follows the client's order of cipher suites.")
        .ok(&["bind :80 prefer-client-ciphers"])
        .bad(&["bind :80 prefer-client-ciphers extra"])
        .set(|cx, _| {
            cx.tls.prefer_client_ciphers = true;
            Ok(())
        }),
    BindRow::new("sigalgs", Sections::BIND)
        .usage("<sigalgs>")
        .shape(Shape::Word("<sigalgs>"))
        .doc("Signature algorithms of the handshake.")
        .since(2, 8)
        .not_yet("a choice of signature algorithms")
        .ok(&["bind :80 sigalgs RSA+SHA256"])
        .bad(&["bind :80 sigalgs", "bind :80 sigalgs one two"]),
    BindRow::new("tls-ticket-keys", Sections::BIND)
        .usage("<file>")
        .shape(Shape::Word("<file>"))
        .doc("File of the keys that session tickets are made with.")
        .not_yet("shared TLS ticket keys")
        .set(|cx, a| {
            let read = cx.cx.files.read(a.str(0));
            read.map(|_| ()).map_err(|_| {
                a.bad(0, format!("'{}' : unable to load ssl tickets keys file", a.show(0)))
                    .missing()
            })
        })
        .ok(&["bind :80 tls-ticket-keys tickets.bin"])
        .bad(&["bind :80 tls-ticket-keys", "bind :80 tls-ticket-keys one two"]),
];
