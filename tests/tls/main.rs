//! TLS on both sides: which certificate, which protocol, whom to trust.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod keylog;

use hapax_tests::tls::{Authority, TlsClient, der, tls_origin};
use hapax_tests::{Builder, Origin, Program};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

#[test]
fn the_certificate_is_chosen_by_the_name_asked_for() {
    let ca = Authority::new();
    let (one, two) = (ca.issue(&["one.test"]), ca.issue(&["two.test", "*.wild.test"]));
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@ ssl crt @dir@/one.pem crt @dir@/two.pem\n  http-request set-header X-Sni %[ssl_fc_sni]\n  server s @s@\n"),
    )
    .file("one.pem", &one.both())
    .file("two.pem", &two.both())
    .set("s", &origin.addr())
    .start();
    let config = ca.client(&[], None);
    for (name, want) in [("one.test", &one), ("two.test", &two), ("a.wild.test", &two)] {
        let mut c = TlsClient::connect(p.port("l"), name, &config).unwrap();
        assert_eq!(c.server_certificate(), der(&want.cert), "{name}");
        assert_eq!(c.get("/").text(), "ok");
        assert_eq!(origin.requests().last().unwrap().header("x-sni"), Some(name));
    }
    // An unknown name gets the first certificate, which this client then does not accept.
    assert!(TlsClient::connect(p.port("l"), "other.test", &config).is_err());
}

#[test]
fn a_second_connection_resumes_the_first() {
    let ca = Authority::new();
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@ ssl crt @dir@/c.pem\n  server s @s@\n"),
    )
    .file("c.pem", &ca.issue(&["one.test"]).both())
    .set("s", &origin.addr())
    .start();
    let config = ca.client(&[], None);
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let mut c = TlsClient::connect(p.port("l"), "one.test", &config).unwrap();
        assert_eq!(c.get("/").text(), "ok");
        kinds.push(c.state().handshake_kind().unwrap());
    }
    assert_eq!(kinds[0], hapax_tests::tls::Kind::Full);
    assert_eq!(kinds[2], hapax_tests::tls::Kind::Resumed, "{kinds:?}");
}

#[test]
fn the_protocol_is_negotiated() {
    let ca = Authority::new();
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@ ssl crt @dir@/c.pem alpn http/1.1\n  server s @s@\n"),
    )
    .file("c.pem", &ca.issue(&["one.test"]).both())
    .set("s", &origin.addr())
    .start();
    let mut c = TlsClient::connect(p.port("l"), "one.test", &ca.client(&["h2", "http/1.1"], None)).unwrap();
    assert_eq!(c.state().alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(c.get("/").text(), "ok");
    // Where there is none in common none is named, and the client may go on.
    let mut c = TlsClient::connect(p.port("l"), "one.test", &ca.client(&["acme", "http/1.0"], None)).unwrap();
    assert_eq!(c.state().alpn_protocol(), None);
    assert_eq!(c.get("/").text(), "ok");
}

#[test]
fn a_client_certificate_can_be_required() {
    let ca = Authority::new();
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@ ssl crt @dir@/c.pem ca-file @dir@/ca.pem verify required\n  http-request set-header X-Cn %[ssl_c_s_dn(cn)]\n  server s @s@\n"),
    )
    .file("c.pem", &ca.issue(&["one.test"]).both())
    .file("ca.pem", &ca.pem())
    .set("s", &origin.addr())
    .start();
    let mut c = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], Some(&ca.issue(&["me.test"])))).unwrap();
    assert_eq!(c.get("/").text(), "ok");
    assert_eq!(origin.requests()[0].header("x-cn"), Some("me.test"));
    // In TLS 1.3 the client learns of the refusal with its first read.
    let refused = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], None)).and_then(|mut c| c.try_get("/"));
    assert!(refused.is_err());
    let stranger = Authority::new().issue(&["stranger.test"]);
    let refused = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], Some(&stranger))).and_then(|mut c| c.try_get("/"));
    assert!(refused.is_err());
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn a_server_is_reached_over_tls_and_verified() {
    let (ca, other) = (Authority::new(), Authority::new());
    let origin = tls_origin(&ca.issue(&["inner.test"]));
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen good\n  bind @good@\n  server s @s@ ssl verify required ca-file @dir@/ca.pem sni str(inner.test)\nlisten lax\n  bind @lax@\n  server s @s@ ssl verify none no-sni-auto\nlisten host\n  bind @host@\n  http-request set-header Host from.test:8443\n  server s @s@ ssl verify none\nlisten bad\n  bind @bad@\n  retries 0\n  server s @s@ ssl verify required ca-file @dir@/other.pem sni str(inner.test)\n"
        ),
    )
    .file("ca.pem", &ca.pem())
    .file("other.pem", &other.pem())
    .set("s", &origin.addr())
    .start();
    assert_eq!(p.connect("good").get("/").text(), "inner.test");
    assert_eq!(p.connect("lax").get("/").text(), "no name");
    assert_eq!(
        p.connect("host").get("/").text(),
        "from.test",
        "the request's host, unless told otherwise"
    );
    assert_eq!(p.connect("bad").get("/").status, 503);
}

#[test]
fn plain_text_on_a_tls_port_is_refused() {
    let ca = Authority::new();
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@ ssl crt @dir@/c.pem\n  server s @s@\n"),
    )
    .file("c.pem", &ca.issue(&["one.test"]).both())
    .set("s", &origin.addr())
    .start();
    let mut c = p.connect("l");
    c.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    let _ = c.rest();
    assert!(origin.requests().is_empty());
    let mut c = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], None)).unwrap();
    assert_eq!(c.get("/").text(), "ok", "others are served");
}

#[test]
fn suites_and_groups_are_those_of_the_line() {
    let ca = Authority::new();
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen new\n  bind @new@ ssl crt @dir@/c.pem ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384 curves P-384\n  server s @s@\n\
             listen old\n  bind @old@ ssl crt @dir@/c.pem ssl-max-ver TLSv1.2 ciphers ECDHE+CHACHA20:ECDHE+AES256\n  server s @s@\n\
             listen client\n  bind @client@ ssl crt @dir@/c.pem prefer-client-ciphers ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384\n  server s @s@\n"
        ),
    )
    .file("c.pem", &ca.issue(&["one.test"]).both())
    .set("s", &origin.addr())
    .start();
    let config = ca.client(&[], None);
    // This client would rather have AES-256 and X25519.
    for (listen, suite, group) in [
        ("new", "TLS13_AES_128_GCM_SHA256", Some("secp384r1")),
        ("old", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", None),
        ("client", "TLS13_AES_256_GCM_SHA384", None),
    ] {
        let mut c = TlsClient::connect(p.port(listen), "one.test", &config).unwrap();
        assert_eq!(c.get("/").text(), "ok");
        let got = format!("{:?}", c.state().negotiated_cipher_suite().unwrap().suite());
        assert_eq!(got, suite, "{listen}");
        let Some(group) = group else { continue };
        let got = format!("{:?}", c.state().negotiated_key_exchange_group().unwrap().name());
        assert_eq!(got, group, "{listen}");
    }
}

#[test]
fn errors_of_client_certificates_may_be_let_pass_and_told() {
    let ca = Authority::new();
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@ ssl crt @dir@/c.pem ca-file @dir@/ca.pem verify optional crt-ignore-err all ca-ignore-err all\n  http-request set-header X-Err \"%[ssl_c_verify] %[ssl_c_err] %[ssl_c_used] %[ssl_c_r_dn(CN)] %[ssl_fc_crtname]\"\n  server s @s@\n"),
    )
    .file("c.pem", &ca.issue(&["one.test"]).both())
    .file("ca.pem", &ca.pem())
    .set("s", &origin.addr())
    .start();
    let stranger = Authority::new().issue(&["stranger.test"]);
    let known = ca.issue(&["me.test"]);
    for who in [None, Some(&known), Some(&stranger)] {
        let mut c = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], who)).unwrap();
        assert_eq!(c.get("/").text(), "ok");
    }
    let told: Vec<String> = origin.requests().iter().map(|r| r.header("x-err").unwrap().to_owned()).collect();
    assert!(told[0].starts_with("0 0 0  /"), "{told:?}");
    assert!(told[1].starts_with("0 0 1 ") && !told[1].starts_with("0 0 1  "), "{told:?}");
    assert!(!told[2].starts_with("0 ") && told[2].contains(" 1  "), "{told:?}");
    assert!(told.iter().all(|t| t.ends_with("/c.pem")), "{told:?}");
}

#[test]
fn the_clients_hello_is_kept_where_there_is_room_for_it() {
    let ca = Authority::new();
    for (room, kept) in [("", false), ("global\n  tune.ssl.capture-buffer-size 512\n", true)] {
        let origin = Origin::saying("ok");
        let p = Builder::new(
            Program::Hapax,
            &format!("{room}{TIMEOUTS}listen l\n  bind @l@ ssl crt @dir@/c.pem\n  http-request set-header X-Hello \"%[ssl_fc_protocol_hello_id]:%[ssl_fc_cipherlist_str]:%[ssl_fc_extlist_bin,be2dec(-,2)]\"\n  server s @s@\n"),
        )
        .file("c.pem", &ca.issue(&["one.test"]).both())
        .set("s", &origin.addr())
        .start();
        let mut c = TlsClient::connect(p.port("l"), "one.test", &ca.client(&[], None)).unwrap();
        assert_eq!(c.get("/").text(), "ok");
        let requests = origin.requests();
        let hello = requests[0].header("x-hello").unwrap();
        if kept {
            let parts: Vec<&str> = hello.split(':').collect();
            assert_eq!(parts[0], "771");
            assert!(parts[1].split(',').any(|s| s == "TLS_AES_128_GCM_SHA256"), "{hello}");
            assert!(parts[2].split('-').any(|e| e == "51"), "{hello}");
        } else {
            assert_eq!(hello, "::");
        }
    }
}

#[test]
fn a_self_signed_server_is_trusted_where_it_stands_in_the_ca_file() {
    let lonely = Authority::new();
    let origin = tls_origin(&lonely.itself());
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen known\n  bind @known@\n  server s @s@ ssl verify required ca-file @dir@/ca.pem no-sni-auto\nlisten named\n  bind @named@\n  retries 0\n  server s @s@ ssl verify required ca-file @dir@/ca.pem sni str(other.test)\nlisten unknown\n  bind @unknown@\n  retries 0\n  http-after-response set-header X-Why \"%[bc_err_name] %[ssl_bc_err,hex]\"\n  server s @s@ ssl verify required ca-file @dir@/other.pem no-sni-auto\n"
        ),
    )
    .file("ca.pem", &lonely.pem())
    .file("other.pem", &Authority::new().pem())
    .set("s", &origin.addr())
    .start();
    assert_eq!(p.connect("known").get("/").text(), "no name");
    assert_eq!(p.connect("named").get("/").status, 503);
    let refused = p.connect("unknown").get("/");
    assert_eq!(refused.header("x-why"), Some("SSL_HANDSHAKE 000000000A000086"));
}

#[test]
fn global_lines_choose_suites_and_groups_for_both_sides() {
    let ca = Authority::new();
    let lines = "global\n  ssl-default-bind-ciphersuites TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384\n  ssl-default-bind-curves P-384\n  \
                 ssl-default-server-ciphersuites TLS_AES_256_GCM_SHA384\n  ssl-default-server-options ssl-min-ver TLSv1.3\n  \
                 tune.ssl.hard-maxrecord 1000\n";
    let config = format!(
        "{lines}{TIMEOUTS}listen outer\n  bind @outer@ ssl crt @dir@/c.pem\n  http-response set-header X-Server %[ssl_bc_cipher]\n  \
         server s @inner@ ssl verify none\nlisten inner\n  bind @inner@ ssl crt @dir@/c.pem\n  http-request return status 200\n"
    );
    let p = Builder::new(Program::Hapax, &config)
        .file("c.pem", &ca.issue(&["one.test"]).both())
        .start();
    let mut c = TlsClient::connect(p.port("outer"), "one.test", &ca.client(&[], None)).unwrap();
    let r = c.get("/");
    assert_eq!((r.status, r.header("x-server")), (200, Some("TLS_AES_256_GCM_SHA384")));
    let suite = c.state().negotiated_cipher_suite().map(|s| format!("{:?}", s.suite()));
    assert_eq!(suite.as_deref(), Some("TLS13_CHACHA20_POLY1305_SHA256"));
    let group = c.state().negotiated_key_exchange_group().map(|g| format!("{:?}", g.name()));
    assert_eq!(group.as_deref(), Some("secp384r1"));
}
