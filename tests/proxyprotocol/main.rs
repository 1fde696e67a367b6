//! The PROXY protocol and NetScaler's header: what clients may begin with, and what servers are sent.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hapax_tests::origin::TcpOrigin;
use hapax_tests::tls::{Authority, TlsClient};
use hapax_tests::{Builder, Origin, Program, Syslog, compare, wait};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

/// Version 2 for 192.0.2.1:1000 to 192.0.2.2:2000, with these TLVs.
fn binary(tlvs: &[u8]) -> Vec<u8> {
    let mut h = b"\r\n\r\n\0\r\nQUIT\n\x21\x11".to_vec();
    h.extend_from_slice(&u16::try_from(12 + tlvs.len()).unwrap().to_be_bytes());
    h.extend_from_slice(&[192, 0, 2, 1, 192, 0, 2, 2, 3, 232, 7, 208]);
    h.extend_from_slice(tlvs);
    h
}

#[test]
fn what_clients_begin_with_is_believed_or_refused() {
    compare::same("proxy headers", |program| {
        let p = Builder::new(
            program,
            &format!(
                "{TIMEOUTS}frontend f\n  bind @f@ accept-proxy\n  http-request return status 200 content-type text/plain lf-string \
                 \"%[src]:%[src_port] %[dst]:%[dst_port] %[fc_rcvd_proxy] %[fc_pp_authority] %[fc_pp_unique_id]\"\n"
            ),
        )
        .start();
        let get = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
        let sum = |s: [u8; 4]| binary(&[&[3, 0, 4][..], &s].concat());
        let mut got = Vec::new();
        for header in [
            b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".to_vec(),
            b"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n".to_vec(),
            b"PROXY UNKNOWN a b c\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n".to_vec(),
            b"PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n".to_vec(),
            Vec::new(),
            binary(&[]),
            binary(b"\x02\0\x06a.test\x05\0\x03id1\x04\0\x02xx"),
            binary(b"\x02\0\x09a.test"),
            binary(b"\x02\0"),
            sum([1, 2, 3, 4]),
            // LOCAL, and a version that does not exist.
            b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec(),
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0".to_vec(),
        ] {
            let mut c = p.connect("f");
            let own = format!("{}", c.local_addr());
            c.send([&header, get].concat());
            let r = c.try_answer_to("GET").map(|r| r.text().replace(&own, "own")).unwrap_or_default();
            let port = format!("127.0.0.1:{}", p.port("f"));
            got.push(format!("{}: {}", String::from_utf8_lossy(&header), r.replace(&port, "here")));
        }
        got
    });
}

#[test]
fn a_rule_chooses_who_must_begin_with_a_header() {
    let log = Syslog::new();
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}  timeout client-hs 1s\n  option httplog\n  log @log@ local0\nfrontend f\n  bind @f@\n  tcp-request connection expect-proxy layer4 if {{ src 127.0.0.1 }}\n  \
             tcp-request session reject if {{ src 192.0.2.66 }}\n  http-request return status 200 content-type text/plain lf-string \"%[src] %[fc_src] %[fc_pp_tlv(0xE1)]\"\n\
             frontend cip\n  bind @cip@ accept-netscaler-cip 4660\n  http-request return status 200 content-type text/plain lf-string \"%[src]:%[src_port] %[dst]\"\n"
        ),
    )
    .set("log", &log.addr())
    .start();
    let mut c = p.connect("f");
    c.send(binary(b"\xe1\0\x03abc"));
    assert_eq!(c.get("/").text(), "192.0.2.1 127.0.0.1 abc");
    // The facts are the connection's: they are there for every request.
    assert_eq!(c.get("/").text(), "192.0.2.1 127.0.0.1 abc");
    let mut refused = p.connect("f");
    refused.send("PROXY TCP4 192.0.2.66 192.0.2.1 1 2\r\n");
    assert!(refused.is_closed());
    log.next_with("192.0.2.66:1 [");
    let mut half = p.connect("f");
    half.send("PROXY TCP4 ");
    assert!(half.is_closed());
    log.next_with("Truncated PROXY protocol header received");
    let mut late = p.connect("f");
    assert!(late.is_closed());
    log.next_with("Timeout while waiting for PROXY protocol header");

    let mut ip = vec![
        0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 7, 198, 51, 100, 9, 0, 99, 1, 0xbb,
    ];
    ip.resize(40, 0);
    let legacy = [&0x1234u32.to_be_bytes()[..], &40u32.to_be_bytes(), &ip].concat();
    let standard = [&0x1234u32.to_be_bytes()[..], &52u32.to_be_bytes(), &[0, 1, 0, 40], &ip].concat();
    for header in [&legacy, &standard] {
        let mut c = p.connect("cip");
        c.send(header);
        assert_eq!(c.get("/").text(), "192.0.2.7:99 198.51.100.9");
        let mut half = p.connect("cip");
        half.send(&header[..30]);
        assert!(half.is_closed());
        log.next_with("Truncated NetScaler Client IP header received");
    }
    let mut wrong = p.connect("cip");
    wrong.send("GET / HTTP/1.1\r\n\r\n");
    assert!(wrong.is_closed());
    log.next_with("Received an invalid NetScaler Client IP magic number");
}

/// What a server is sent first by a client of TLS and by one without.
fn sent(program: Program, options: &str, tls: bool) -> Vec<(u8, Vec<u8>)> {
    let got = Arc::new(Mutex::new(Vec::<Vec<u8>>::new()));
    let own = Arc::clone(&got);
    let server = TcpOrigin::new(move |mut s| {
        let mut head = [0; 16];
        if s.read_exact(&mut head).is_ok() {
            let mut rest = vec![0; usize::from(u16::from_be_bytes([head[14], head[15]]))];
            s.read_exact(&mut rest).unwrap();
            own.lock().unwrap().push([&head[..], &rest].concat());
        }
    });
    let ca = Authority::new();
    let p = Builder::new(
        program,
        &format!(
            "{TIMEOUTS}  unique-id-format id-%[src]\nlisten l\n  mode tcp\n  bind @l@\n  bind @t@ ssl crt @dir@/c.pem alpn http/1.1\n  server s @s@ {options}\n"
        ),
    )
    .file("c.pem", &ca.issue(&["one.test"]).both())
    .set("s", &server.addr())
    .start();
    let plain = p.connect("l");
    let secure = tls.then(|| TlsClient::connect(p.port("t"), "one.test", &ca.client(&["http/1.1"], None)).unwrap());
    // Of two connections, only one has TLS's part, and either may arrive first.
    let bytes = wait::until("the header", || {
        let all = got.lock().unwrap();
        all.iter().find(|b| !tls || b.windows(8).any(|w| w == b"http/1.1")).cloned()
    });
    drop((plain, secure));
    assert_eq!(bytes[12], 0x21);
    let mut at = &bytes[28..];
    let mut parts = Vec::new();
    while let [kind, a, b, rest @ ..] = at {
        let n = usize::from(u16::from_be_bytes([*a, *b]));
        let value = if *kind == 3 { Vec::new() } else { rest[..n].to_vec() };
        parts.push((*kind, value));
        at = &rest[n..];
    }
    parts.sort();
    parts
}

#[test]
fn servers_are_told_as_haproxy_would() {
    let all = "send-proxy-v2 proxy-v2-options ssl,cert-cn,authority,crc32c,unique-id";
    for (options, tls) in [(all, false), ("send-proxy-v2-ssl-cn", false), ("send-proxy-v2", true), (all, true)] {
        compare::same(options, |program| sent(program, options, tls));
    }
    // Their names of keys and ciphers depend on the library; only that they are there is told.
    let parts = sent(Program::Hapax, "send-proxy-v2 proxy-v2-options ssl-cipher,cert-sig,cert-key", true);
    let (_, ssl) = parts.iter().find(|(k, _)| *k == 0x20).unwrap();
    for part in ["TLSv1.3", "TLS_AES_", "ecdsa-with-SHA256", "EC256"] {
        assert!(ssl.windows(part.len()).any(|w| w == part.as_bytes()), "{part}");
    }
}

#[test]
fn versions_are_asked_for_and_undone_apart() {
    let origin = TcpOrigin::new(|mut s| {
        let mut head = [0; 12];
        if s.read_exact(&mut head).is_ok() {
            let first: &[u8] = if head.starts_with(b"PROXY ") {
                b"1"
            } else if head.starts_with(b"\r\n\r\n\0\r\nQUIT") {
                b"2"
            } else {
                b"-"
            };
            let _ = s.write_all(&[&b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n"[..], first].concat());
            let _ = s.read(&mut [0; 4096]);
        }
    });
    for (options, want) in [
        ("", "-"),
        ("send-proxy", "1"),
        ("send-proxy-v2", "2"),
        ("send-proxy send-proxy-v2", "2"),
        ("send-proxy-v2 send-proxy", "2"),
        ("send-proxy-v2 no-send-proxy", "2"),
        ("send-proxy no-send-proxy-v2", "1"),
        ("send-proxy send-proxy-v2-ssl no-send-proxy-v2", "1"),
        ("send-proxy-v2-ssl-cn no-send-proxy-v2-ssl", "-"),
        ("send-proxy no-send-proxy", "-"),
    ] {
        let p = Builder::new(
            Program::Hapax,
            &format!("{TIMEOUTS}listen l\n  bind @l@\n  server s @s@ {options}\n"),
        )
        .set("s", &origin.addr())
        .start();
        assert_eq!(p.connect("l").get("/").text(), want, "{options}");
    }
}

#[test]
fn one_of_ours_believes_another() {
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen one\n  bind @one@\n  http-request set-src str(192.0.2.9)\n  server s unix@@dir@/two.sock send-proxy-v2 \
             proxy-v2-options crc32c set-proxy-v2-tlv-fmt(0xE1) %[path] set-proxy-v2-tlv-fmt(0xE2)\n\
             listen two\n  bind unix@@dir@/two.sock accept-proxy\n  http-request set-header X-Src %[src]\n  http-request set-header X-Tlv \
             \"%[fc_pp_tlv(0xE1)],%[fc_pp_tlv(0xE2),length]\"\n  http-request deny unless {{ fc_rcvd_proxy }}\n  server s @s@\n"
        ),
    )
    .set("s", &origin.addr())
    .start();
    assert_eq!(p.connect("one").get("/a/path").text(), "ok");
    let seen = origin.requests().pop().unwrap();
    assert_eq!(seen.header("x-src"), Some("192.0.2.9"));
    assert_eq!(seen.header("x-tlv"), Some("/a/path,0"));
    let mut c = p.connect("one");
    assert!(c.is_quiet_for(Duration::from_millis(20)));
}

#[test]
fn a_header_that_is_refused_is_logged_as_refused() {
    let log = Syslog::new();
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}  log @log@ local0\nfrontend f\n  bind @f@ accept-proxy\n  error-log-format \"%ci:%cp %ts %[fc_err_name] %[fc_rcvd_proxy]\"\n  \
             tcp-request session reject if {{ src 192.0.2.66 }}\n  http-request return status 200\n\
             frontend silent\n  bind @silent@ accept-proxy\n  http-request return status 200\n\
             frontend nulls\n  bind @nulls@ accept-proxy\n  option httplog\n  option dontlognull\n  tcp-request session reject\n"
        ),
    )
    .set("log", &log.addr())
    .start();
    let mut cut_tlv = binary(b"\x05\0\x09id");
    cut_tlv.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n");
    // Without a format of its own, and where nothing that matters came, there is no line.
    for (untold, sent, told) in [
        ("silent", &cut_tlv[..], "192.0.2.1:1000 PR PRX_BAD_HDR -"),
        ("nulls", b"PROXY TCP4 192.0.2.66 192.0.2.1 1 2\r\n", "192.0.2.66:1 PR - 1"),
        ("silent", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PR PRX_NOT_HDR -"),
    ] {
        for name in [untold, "f"] {
            let mut c = p.connect(name);
            c.send(sent);
            assert!(c.is_closed(), "{name} {told}");
        }
        let line = log.next();
        assert!(line.trim_end().ends_with(told), "{line}");
    }
}

#[test]
fn a_server_gets_each_part_that_is_written() {
    let parts = sent(
        Program::Hapax,
        "send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) one set-proxy-v2-tlv-fmt(0xE1) two",
        false,
    );
    assert_eq!(parts, [(0xe1, b"one".to_vec()), (0xe1, b"two".to_vec())]);
}
