//! Secrets of sessions for key logs: what the proxy tells is what the other side has derived for itself.

use std::collections::BTreeMap;

use hapax_tests::tls::{Authority, KeyLines, TlsClient};
use hapax_tests::{Builder, Program, Proxy, Syslog};

use crate::TIMEOUTS;

const KEYLOG: &str = "global\n  tune.ssl.keylog on\n";

/// A TLS listener that goes on to another over TLS, whose key logs of both connections come to `s`.
fn chain(global: &str, version: &str, s: &Syslog, ca: &Authority) -> Proxy {
    let config = format!(
        "{global}{TIMEOUTS}listen outer\n  bind @outer@ ssl crt @dir@/c.pem {version}\n  log @s@ len 8192 format raw daemon\n  \
         log-format \"fc\\n${{HAPROXY_KEYLOG_FC_LOG_FMT}}\\nbc\\n${{HAPROXY_KEYLOG_BC_LOG_FMT}}\"\n  server s @inner@ ssl verify none {version}\n\
         listen inner\n  bind @inner@ ssl crt @dir@/c.pem\n  log @s@ len 8192 format raw daemon\n  \
         log-format \"inner\\n${{HAPROXY_KEYLOG_FC_LOG_FMT}}\"\n  http-request return status 200\n"
    );
    Builder::new(Program::Hapax, &config)
        .file("c.pem", &ca.issue(&["one.test"]).both())
        .set("s", &s.addr())
        .start()
}

/// The lines of a key log that have a secret, by their label.
fn secrets(log: &str) -> BTreeMap<String, String> {
    let told = log.lines().filter_map(|l| l.split_once(' '));
    let whole = told.filter(|(_, rest)| rest.split(' ').filter(|w| w.len() > 1).count() == 2);
    whole.map(|(label, rest)| (label.to_owned(), rest.to_ascii_lowercase())).collect()
}

/// What the client, the server behind and the proxy between them say of one request: (client's own, `fc`, `bc`, the inner `fc`).
fn told(global: &str, version: &str) -> [BTreeMap<String, String>; 4] {
    let (ca, s) = (Authority::new(), Syslog::new());
    let p = chain(global, version, &s, &ca);
    let (config, lines) = KeyLines::of(&ca.client(&[], None));
    let mut c = TlsClient::connect(p.port("outer"), "one.test", &config).unwrap();
    assert_eq!(c.get("/").status, 200);
    drop(c);
    let logs = [s.next_with("CLIENT_RANDOM"), s.next_with("CLIENT_RANDOM")];
    let outer = logs.iter().find(|l| l.starts_with("fc\n")).unwrap();
    let inner = logs.iter().find(|l| l.starts_with("inner\n")).unwrap();
    let (fc, bc) = outer.split_once("\nbc\n").unwrap();
    [secrets(&lines.text()), secrets(fc), secrets(bc), secrets(inner)]
}

#[test]
fn both_ends_of_a_session_tell_the_same_secrets() {
    for (version, labels) in [
        (
            "",
            &[
                "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                "CLIENT_TRAFFIC_SECRET_0",
                "EXPORTER_SECRET",
                "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                "SERVER_TRAFFIC_SECRET_0",
            ][..],
        ),
        ("ssl-max-ver TLSv1.2", &["CLIENT_RANDOM"][..]),
    ] {
        let [own, fc, bc, inner] = told(KEYLOG, version);
        assert_eq!(fc.keys().collect::<Vec<_>>(), labels, "{version}");
        assert_eq!(fc, own, "{version}");
        assert_eq!(bc, inner, "{version}");
        assert_ne!(fc, bc, "{version}");
    }
}

#[test]
fn without_the_option_only_the_master_secret_is_told() {
    let [own, fc, bc, inner] = told("global\n", "ssl-max-ver TLSv1.2");
    assert_eq!((fc, bc), (own, inner));
    let [_, fc, bc, inner] = told("global\n", "");
    assert!(fc.is_empty() && bc.is_empty() && inner.is_empty(), "{fc:?} {bc:?} {inner:?}");
}
