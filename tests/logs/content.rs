//! What content rules see, and what becomes of streams that they end: a stream is in the log as far as it came.

use hapax_tests::{Builder, Origin, Program, Reply, Syslog};

const FORMAT: &str = "  log-format \"127.0.0.1:0 v=%[var(txn.v)] s=%ST %tsc r=%r U=%U i=%[req.bytes_in] end\"\n";

/// The status line of the answer, and what the log says between the address and the end.
fn exchange(lines: &str) -> (String, String) {
    let syslog = Syslog::new();
    let origin = Origin::new(|_| Reply::ok("hello").header("X-Res", "res"));
    let template = format!(
        "global\n  nbthread 1\n  log @log@ local0\ndefaults\n  mode http\n  log global\n  timeout connect 10s\n  timeout client 20s\n  \
         timeout server 20s\nlisten l\n  bind @l@\n{FORMAT}{lines}  server s @s@\n"
    );
    let p = Builder::new(Program::Hapax, &template)
        .set("log", &syslog.addr())
        .set("s", &origin.addr())
        .start();
    let mut c = p.connect("l");
    c.send("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8_lossy(&c.rest().unwrap_or_default()).into_owned();
    let line = syslog.next_with("127.0.0.1:0 ");
    let said = line.split_once("127.0.0.1:0 ").map_or("", |(_, l)| l);
    let said = said.split(" end").next().unwrap_or_default().to_owned();
    (answer.lines().next().unwrap_or_default().to_owned(), said)
}

#[test]
fn a_request_line_is_kept_as_far_as_is_said() {
    let origin = Origin::saying("ok");
    let target = format!("/{}?q", "a".repeat(2000));
    for (tune, kept) in [
        ("", 1023),
        ("  tune.http.logurilen 100\n", 100),
        ("  tune.http.logurilen 4096\n", 4096),
    ] {
        let syslog = Syslog::new();
        let template = format!(
            "global\n  log @log@ len 20000 format raw local0\n{tune}defaults\n  mode http\n  log global\n  timeout connect 10s\n  timeout client 20s\n  \
             timeout server 20s\nlisten l\n  bind @l@\n  log-format \"%r|%HU|%HQ|%[capture.req.uri]|%[capture.req.ver]\"\n  server s @s@\n"
        );
        let p = Builder::new(Program::Hapax, &template)
            .set("log", &syslog.addr())
            .set("s", &origin.addr())
            .start();
        p.connect("l").get(&target);
        let whole = format!("GET {target} HTTP/1.1");
        let line = &whole[..whole.len().min(kept)];
        let uri = &line[4..line.len().min(4 + target.len())];
        let query = uri.split_once('?').map_or("", |_| "?q");
        let want = format!("{line}|{uri}|{query}|{uri}|HTTP/1.1");
        assert_eq!(syslog.next().trim_end(), want, "{tune}");
        assert_eq!(origin.requests().last().unwrap().target, target);
    }
}

#[test]
fn rules_look_at_a_response_only_where_they_may_wait_for_it() {
    const LINE: &str = "r=GET /x HTTP/1.1 U=39 i=39";
    const OK: &str = "HTTP/1.1 200 Scripted";
    let delay = "  tcp-response inspect-delay 10s\n";
    let look = "  tcp-response content set-var(txn.v) status if { status gt 0 }\n";
    let reject = "  tcp-response content reject if { status 200 }\n";
    let close = "  tcp-response content close if { status 200 }\n";
    let early = "  tcp-response content set-var-fmt(txn.v) %[res.len]/%ST\n";
    for (rules, answer, log) in [
        (look.to_owned(), OK, "v=- s=200 ----"),
        (format!("{delay}{look}"), OK, "v=200 s=200 ----"),
        (early.to_owned(), OK, "v=0/-1 s=200 ----"),
        (reject.to_owned(), OK, "v=- s=200 ----"),
        (format!("{delay}{reject}"), "", "v=- s=200 PD--"),
        ("  tcp-response content reject\n".to_owned(), "", "v=- s=-1 PD--"),
        // What has come of a response goes to the client; where nothing has, there is none.
        (format!("{delay}{close}"), OK, "v=- s=200 ----"),
        (
            "  tcp-response content close\n".to_owned(),
            "HTTP/1.1 502 Bad Gateway",
            "v=- s=502 SH--",
        ),
    ] {
        let want = (answer.to_owned(), format!("{log} {LINE}"));
        assert_eq!(exchange(&rules), want, "{rules}");
    }
}

#[test]
fn a_request_is_noted_once_content_rules_have_let_it_pass() {
    let seen = "%HM|%[capture.req.uri]|%[path]|%U";
    for (rules, log) in [
        ("  tcp-request content reject\n".to_owned(), "v=- s=-1 PR-- r=<BADREQ> U=39 i=39"),
        (
            format!("  tcp-request content set-var-fmt(txn.v) {seen}\n  http-request deny\n"),
            "v=<BADREQ>||/x|0 s=403 PR-- r=GET /x HTTP/1.1 U=39 i=39",
        ),
        (
            format!("  http-request set-var-fmt(txn.v) {seen}\n  http-request deny\n"),
            "v=GET|/x|/x|0 s=403 PR-- r=GET /x HTTP/1.1 U=39 i=39",
        ),
    ] {
        assert_eq!(exchange(&rules).1, log, "{rules}");
    }
}

#[test]
fn the_lines_of_steps_tell_what_is_known_by_then() {
    for (rules, lines) in [
        (
            "",
            &[
                "txn_accept s=0 m=<BADREQ> id=x",
                "txn_request s=-1 m=GET id=x",
                "txn_connect s=-1 m=GET id=x",
                "txn_response s=200 m=GET id=x",
                "txn_close s=200 m=GET id=x",
            ][..],
        ),
        // A request that content rules do not let pass was none.
        (
            "  tcp-request content reject\n",
            &["txn_accept s=0 m=<BADREQ> id=x", "txn_close s=-1 m=<BADREQ> id=x"],
        ),
    ] {
        let syslog = Syslog::new();
        let origin = Origin::saying("hello");
        let template = format!(
            "log-profile p\n  on any format \"127.0.0.1:0 %OG s=%ST m=%HM id=%ID end\"\nglobal\n  nbthread 1\n  log @log@ profile p local0\n\
             defaults\n  mode http\n  log global\n  timeout connect 10s\n  timeout client 20s\n  timeout server 20s\nlisten l\n  \
             bind @l@\n  log-steps all\n  unique-id-format x%[method]\n{rules}  server s @s@\n"
        );
        let p = Builder::new(Program::Hapax, &template)
            .set("log", &syslog.addr())
            .set("s", &origin.addr())
            .start();
        let mut c = p.connect("l");
        c.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let _ = c.rest();
        for line in lines {
            let said = syslog.next_with("127.0.0.1:0 ");
            assert!(said.contains(&format!("127.0.0.1:0 {line} end")), "{line}: {said}");
        }
    }
}
