//! Facts that rules see: ACLs by name, process variables, settings in force, the last rule, timers, bodies.

use hapax_tests::{Builder, Origin, Program, Syslog};

use crate::{TIMEOUTS, before};

#[test]
fn acls_and_process_variables_are_values() {
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  set-var proc.n int(12)\n  set-var-fmt proc.t n=%[var(proc.n)]\n{TIMEOUTS}frontend f\n  bind @f@\n  acl one path_beg /one\n  acl both acl(one,!two)\n  acl two path_end /two\n  http-request return status 200 hdr X-Acl %[acl(one)]%[acl(both)]%[acl(!two,TRUE)] hdr X-Var %[var(proc.t)] hdr X-When %[path,when(acl,one)]\n"
        ),
    )
    .start();
    for (path, acls, when) in [
        ("/one", "111", Some("/one")),
        ("/one/two", "100", Some("/one/two")),
        ("/", "001", None),
    ] {
        let r = p.connect("f").get(path);
        assert_eq!(
            (r.header("x-acl"), r.header("x-var"), r.header("x-when")),
            (Some(acls), Some("n=12"), when),
            "{path}"
        );
    }
}

#[test]
fn settings_in_force_are_those_that_rules_set() {
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen f\n  bind @f@\n  http-request set-timeout client 3s\n  http-request set-timeout server 4s\n  http-after-response set-header X-Cur %[cur_client_timeout]/%[cur_server_timeout]\n  use_backend b if {{ path /b }}\n  server s @s@\nbackend b\n  server s @s@\n"
        ),
    )
    .set("s", &origin.addr())
    .start();
    assert_eq!(p.connect("f").get("/").header("x-cur"), Some("3000/4000"));
    // What a listen section set for itself as a backend is void in another one.
    let r = p.connect("f").get("/b");
    let (client, server) = r.header("x-cur").and_then(|v| v.split_once('/')).expect("two numbers");
    assert_eq!(client, "3000");
    assert_ne!(server, "4000");
}

#[test]
fn the_last_rule_is_logged_and_lines_come_at_every_step() {
    let syslog = Syslog::new();
    let origin = Origin::saying("ok");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}log-profile p\n  log-tag prof\n  on request drop\n  on http-req format \"rule %OG\"\n  on any format \"%OG %[last_rule_line]\"\nlisten f\n  bind @f@\n  log @log@ format rfc5424 profile p local0\n  log-steps request,response,close\n  http-request do-log\n  http-request allow if {{ path /x }}\n  server s @s@\n"
        ),
    )
    .set("log", &syslog.addr())
    .set("s", &origin.addr())
    .start();
    assert_eq!(p.connect("f").get("/x").status, 200);
    for want in ["rule http-req", "txn_response ", "txn_close "] {
        let line = syslog.next_with(want);
        assert!(line.contains(" prof "), "{line}");
        let ends_in_a_line = line.trim_end().ends_with(|c: char| c.is_ascii_digit());
        assert_eq!(ends_in_a_line, want.starts_with("txn"), "{line}");
    }
}

#[test]
fn chunked_bodies_are_looked_at_decoded() {
    let origin = Origin::saying("ok");
    let p = before(
        &origin,
        "  option http-buffer-request\n  http-request return status 200 hdr X-Body %[req.body] hdr X-Len %[req.body_len]\n",
        "",
    );
    let mut c = p.connect("f");
    c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    c.send("2;ext=1\r\nde\r\n0\r\n\r\n");
    let r = c.answer();
    assert_eq!((r.header("x-body"), r.header("x-len")), (Some("abcde"), Some("5")));
}

#[test]
fn responses_wait_for_their_bodies_too() {
    let origin = Origin::saying("hello");
    let p = before(
        &origin,
        "  http-response wait-for-body time 2s\n  http-response set-header X-Body %[res.body]\n",
        "",
    );
    let r = p.connect("f").get("/");
    assert_eq!((r.header("x-body"), r.text().as_str()), (Some("hello"), "hello"));
}

#[test]
fn error_messages_are_made_of_the_request() {
    let origin = Origin::saying("ok");
    let p = before(
        &origin,
        "  http-error status 403 content-type text/plain lf-string \"no %[path]\" hdr X-Why %[method]\n  errorfile 404 /dev/null\n  http-request deny deny_status 404 if { path /gone }\n  http-request deny\n",
        "",
    );
    let r = p.connect("f").get("/there");
    assert_eq!((r.status, r.text().as_str(), r.header("x-why")), (403, "no /there", Some("GET")));
    let mut c = p.connect("f");
    c.send("GET /gone HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(c.rest().expect("an end").is_empty());
}

#[test]
fn places_in_queues_are_counted() {
    let origin = Origin::saying("ok");
    let p = before(&origin, "  http-after-response set-header X-Q %[bc_be_queue]/%[bc_srv_queue]\n", "");
    assert_eq!(p.connect("f").get("/").header("x-q"), Some("0/0"));
}

#[test]
fn tcp_connections_become_http_by_rule_and_by_backend() {
    let origin = Origin::new(|r| hapax_tests::Reply::ok(r.target.clone()).header("X-Own", "yes"));
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}frontend f\n  bind @f@\n  mode tcp\n  tcp-request inspect-delay 5s\n  tcp-request content switch-mode http if HTTP\n  default_backend b\nfrontend g\n  bind @g@\n  mode tcp\n  default_backend b\nbackend b\n  http-response set-header X-Backend yes\n  server s @s@\n"
        ),
    )
    .set("s", &origin.addr())
    .start();
    for name in ["f", "g"] {
        let mut c = p.connect(name);
        for path in ["/one", "/two"] {
            let r = c.get(path);
            assert_eq!((r.text().as_str(), r.header("x-backend")), (path, Some("yes")), "{name}");
        }
    }
}

#[test]
fn a_server_without_an_address_stands_where_rules_say() {
    let origin = Origin::saying("ok");
    let address = origin.addr();
    let (host, port) = address.rsplit_once(':').expect("address");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen f\n  bind @f@\n  http-request set-dst str({host})\n  http-request set-dst-port int({port})\n  server s 0.0.0.0:0\n"
        ),
    )
    .start();
    assert_eq!(p.connect("f").get("/").status, 200);
}

#[test]
fn every_variable_is_dumped() {
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  set-var proc.p int(7)\n{TIMEOUTS}frontend f\n  bind @f@\n  http-request set-var(txn.text) path\n  http-request set-var(txn.n) int(42)\n  http-request set-var(sess.yes) bool(true)\n  http-request set-var(txn.from) src\n  http-request set-var(req.raw) bin(3ab0)\n  http-request return status 200 hdr X-All %[dump_all_vars] hdr X-Some %[dump_all_vars(txn,n)] hdr X-Cut %[dump_all_vars(txn,,|)]\n"
        ),
    )
    .start();
    let r = p.connect("f").get("/a\"b");
    assert_eq!(
        r.header("x-all"),
        Some("sess.yes=true, txn.text=\"/a\\\"b\", txn.n=42, txn.from=127.0.0.1, req.raw=x3ab0, proc.p=7")
    );
    assert_eq!(r.header("x-some"), Some("txn.n=42"));
    assert_eq!(r.header("x-cut"), Some("txn.text=\"/a\\\"b\"|txn.n=42|txn.from=127.0.0.1"));
}
