//! Fields that the proxy adds, renames or refuses.

use std::io::{Read, Write};

use hapax_tests::compare::same;
use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Origin, Program, Reply, Syslog};

use super::{TIMEOUTS, listen};

/// The values of a field as the origin saw them.
fn seen(origin: &Origin, name: &str) -> Vec<String> {
    origin.requests().iter().map(|r| r.header(name).unwrap_or("-").to_owned()).collect()
}

#[test]
fn addresses_are_added_unless_excepted() {
    same("originalto", |program| {
        let origin = Origin::saying("ok");
        let lines = "  option originalto header X-To\n  option forwardfor except 127.0.0.0/8\n";
        let p = listen(program, &origin, lines);
        p.connect("l").get("/");
        (seen(&origin, "x-to"), seen(&origin, "x-forwarded-for"))
    });
}

#[test]
fn what_a_response_says_of_codings_is_between_server_and_proxy() {
    for (from, want) in [
        ("x", None),
        ("trailers", Some("trailers")),
        ("gzip, trailers", Some("trailers")),
        ("TRAILERS", None),
    ] {
        let origin = Origin::new(move |_| Reply::ok("ok").header("TE", from));
        let p = listen(Program::Hapax, &origin, "");
        let r = p.connect("l").get_with("/", &format!("TE: {from}\r\n"));
        assert_eq!(r.header("te"), want, "{from}");
        assert_eq!(origin.requests()[0].header("te"), want, "{from}");
    }
}

#[test]
fn a_newer_version_is_told_as_it_came_and_spoken_as_1_1() {
    for (sent, spoken) in [("1.2", "1.1"), ("2.0", "1.1"), ("1.1", "1.1"), ("1.0", "1.0"), ("0.9", "0.9")] {
        let origin = TcpOrigin::new(|mut s| {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && s.read(&mut byte).is_ok_and(|n| n > 0) {
                head.push(byte[0]);
            }
            let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
            let _ = write!(
                s,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{line}",
                line.len()
            );
        });
        let log = Syslog::new();
        let p = Builder::new(
            Program::Hapax,
            &format!(
                "global\n  log @log@ format raw local0\n{TIMEOUTS}  log global\nlisten l\n  bind @l@\n  \
                 log-format \"%r %HV %[capture.req.ver]\"\n  http-response set-header ver %[var(txn.v)]\n  \
                 http-request set-var(txn.v) req.ver\n  server s @s@\n"
            ),
        )
        .set("s", &origin.addr())
        .set("log", &log.addr())
        .start();
        let mut c = p.connect("l");
        c.send(format!("GET / HTTP/{sent}\r\nHost: a\r\n\r\n"));
        let r = c.answer();
        assert_eq!((r.header("ver"), r.text()), (Some(sent), format!("GET / HTTP/{spoken}")));
        assert_eq!(log.next().trim_end(), format!("GET / HTTP/{sent} HTTP/{sent} HTTP/{sent}"));
    }
}

#[test]
fn forwarded_says_what_it_is_told_to() {
    let cases = [
        ("option forwarded", "proto=http;for=127.0.0.1"),
        ("option forwarded host for-expr str(2F36)", "host=\"test\";for=_2F36"),
        (
            "option forwarded host-expr str(h.com) by-expr str(_p) for-expr ipv6(::1) for_port-expr int(10)",
            "host=\"h.com\";by=_p;for=\"[::1]:10\"",
        ),
        // A text names an IPv6 address in brackets alone.
        ("option forwarded for-expr str(::1)", "for=unknown"),
        ("option forwarded host-expr str(\"a b\")", "host=\"\""),
        ("option forwarded by by_port-expr str(x)", "by=\"127.0.0.1:_x\""),
        ("option forwarded for-expr str(\"a b\")", "for=unknown"),
        ("no option forwarded", "-"),
    ];
    for (line, want) in cases {
        let origin = Origin::saying("ok");
        let p = listen(Program::Hapax, &origin, &format!("  {line}\n"));
        p.connect("l").get("/");
        assert_eq!(seen(&origin, "forwarded"), [want], "{line}");
    }
}

#[test]
fn a_request_has_one_identifier() {
    same("unique id", |program| {
        let origin = Origin::saying("ok");
        let lines = "  unique-id-format %{+X}o%ci-%[req.hdr(x)]\n  unique-id-header X-Id\n  http-response set-header x-same %[unique-id]\n";
        let p = listen(program, &origin, lines);
        let r = p.connect("l").get_with("/", "X: y\r\n");
        (seen(&origin, "x-id"), r.header("x-same").map(str::to_owned))
    });
}

#[test]
fn forwarded_follows_what_is_well_formed() {
    for (line, came, want) in [
        (
            "option forwarded proto",
            "Forwarded: for=192.0.2.1\r\n",
            &["for=192.0.2.1,proto=http"][..],
        ),
        (
            "option forwarded proto",
            "Forwarded: for=192.0.2.1\r\nForwarded: by=_a\r\n",
            &["for=192.0.2.1", "by=_a,proto=http"],
        ),
        ("option forwarded proto", "Forwarded: for=1\r\n", &["for=1", "proto=http"]),
        ("option forwarded by_port", "", &[""]),
    ] {
        let origin = Origin::saying("ok");
        let p = listen(Program::Hapax, &origin, &format!("  {line}\n"));
        p.connect("l").get_with("/", came);
        let request = origin.requests().pop().unwrap();
        let fields = request.all("forwarded");
        assert_eq!(fields, want, "{line}, {came}");
    }
}

#[test]
fn an_identifier_is_made_when_it_is_first_asked_for() {
    let early = "  http-request set-header x-early %[unique-id]\n";
    let late = "  http-request set-header x b\n";
    for (lines, want) in [([late, ""], "b-GET"), ([early, late], "a-GET"), ([late, early], "b-GET")] {
        let origin = Origin::saying("ok");
        let lines = format!(
            "  unique-id-format %[req.hdr(x)]-%HM\n  unique-id-header X-Id\n{}{}",
            lines[0], lines[1]
        );
        let p = listen(Program::Hapax, &origin, &lines);
        p.connect("l").get_with("/", "X: a\r\n");
        assert_eq!(seen(&origin, "x-id"), [want], "{lines}");
    }
}

#[test]
fn the_server_is_told_its_name() {
    same("send name", |program| {
        let origin = Origin::saying("ok");
        let p = listen(program, &origin, "  http-send-name-header X-Server\n");
        p.connect("l").get_with("/", "X-Server: forged\r\n");
        seen(&origin, "x-server")
    });
}

#[test]
fn odd_names_are_dropped_or_refused() {
    for (policy, status, passed) in [("preserve", 200, "1"), ("delete", 200, "-"), ("reject", 403, "")] {
        same("restricted names", |program| {
            let origin = Origin::saying("ok");
            let p = listen(program, &origin, &format!("  option http-restrict-req-hdr-names {policy}\n"));
            let r = p.connect("l").get_with("/", "X_Odd: 1\r\n");
            let got = (r.status, seen(&origin, "x_odd").join(""));
            assert_eq!(got, (status, passed.to_owned()), "{policy}");
            got
        });
    }
}

#[test]
fn names_are_written_as_particular_peers_want_them() {
    same("case adjustment", |program| {
        let origin = Origin::new(|r| Reply::ok(format!("{:?}", r.headers)).header("x-abc", "1"));
        let config = format!(
            "global\n  h1-case-adjust host HOST\n  h1-case-adjust-file @dir@/names\n{TIMEOUTS}listen l\n  bind @l@\n  \
             option h1-case-adjust-bogus-server\n  option h1-case-adjust-bogus-client\n  server s @s@\n"
        );
        let p = Builder::new(program, &config)
            .file("names", "# comment\n\n x-abc X-aBc \ncontent-length Content-Length\n")
            .set("s", &origin.addr())
            .start();
        let mut c = p.connect("l");
        c.send("GET / HTTP/1.1\r\nHost: a\r\nX-Abc: 2\r\nConnection: close\r\n\r\n");
        String::from_utf8_lossy(&c.rest().unwrap()).into_owned()
    });
}
