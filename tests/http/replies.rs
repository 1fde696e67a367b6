//! Answers that rules and error messages give: the same bytes as HAProxy's, connection and all.

use hapax_tests::{Builder, Origin, Program, compare};

use crate::TIMEOUTS;

const RULES: &str = "\
frontend f
  bind @f@
  errorfile 403 @dir@/403.http
  errorfile 404 @dir@/404.http
  http-request return if { path /empty }
  http-request return status 599 if { path /599 }
  http-request return status 204 if { path /204 }
  http-request return status 304 if { path /304 }
  http-request return status 200 content-type text/plain string hello hdr X-A b if { path /string }
  http-request return content-type text/plain lf-string \"at %[path]\" if { path /format }
  http-request return errorfile @dir@/200.http if { path /file }
  http-request return status 503 default-errorfiles if { path /default }
  http-request redirect location /a?%[path] if { path /location }
  http-request redirect location /a code 301 set-cookie A=b if { path /cookie }
  http-request redirect prefix https://x code 307 drop-query append-slash if { path_beg /prefix }
  http-request redirect scheme https code 308 if { path_beg /scheme }
  http-request auth realm R if { path /auth }
  http-request deny deny_status 400 if { path /400 }
  http-request deny deny_status 404 if { path /404 }
  http-request deny deny_status 408 if { path /408 }
  http-request deny deny_status 429 if { path /429 }
  http-request deny status 403 hdr x-y z if { path /own }
  http-request deny if { path /403 }
  redirect location /%[path] if { path /static }
";

const PATHS: [&str; 22] = [
    "/empty",
    "/599",
    "/204",
    "/304",
    "/string",
    "/format",
    "/file",
    "/default",
    "/location",
    "/cookie",
    "/prefix",
    "/prefix/x?y",
    "/scheme/?q",
    "/auth",
    "/400",
    "/404",
    "/408",
    "/429",
    "/own",
    "/403",
    "/static",
    "/nobody",
];

/// As HAProxy's own files are: no length, and the connection ends.
const FILE_403: &str =
    "HTTP/1.0 403 Forbidden\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<html>no</html>\n";
const FILE_404: &str = "HTTP/1.1 404 Gone\nX-A: B\nContent-Length: 2\n\nhi";
const FILE_200: &str = "HTTP/1.1 200 OK\r\nX-A: B\r\n\r\nhello";

/// Every answer with what becomes of its connection, for each way of asking.
fn answers(program: Program) -> Vec<String> {
    let p = Builder::new(program, &format!("{TIMEOUTS}{RULES}"))
        .file("403.http", FILE_403)
        .file("404.http", FILE_404)
        .file("200.http", FILE_200)
        .start();
    let mut out = Vec::new();
    for path in PATHS {
        for method in ["GET", "HEAD"] {
            for (version, connection) in [
                ("1.1", ""),
                ("1.1", "Connection: close\r\n"),
                ("1.0", ""),
                ("1.0", "Connection: keep-alive\r\n"),
            ] {
                let mut c = p.connect("f");
                // A second request shows whether the connection lives, and ends it.
                c.send(format!(
                    "{method} {path} HTTP/{version}\r\nHost: h\r\n{connection}\r\nGET /empty HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                ));
                let bytes = c.rest().map(|b| String::from_utf8_lossy(&b).into_owned());
                // Later versions of HAProxy give a 204 a length, which it must not have (RFC 9110, 8.6).
                let bytes = bytes.map(|b| b.replace("204 No Content\r\ncontent-length: 0\r\n", "204 No Content\r\n"));
                out.push(format!("{method} {path} {version} {connection:?}: {bytes:?}"));
            }
        }
    }
    out
}

#[test]
fn the_bytes_are_haproxys() {
    compare::same("the_bytes_are_haproxys", answers);
}

#[test]
fn an_errorfile_without_a_length_ends_its_connection() {
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}frontend f\n  bind @f@\n  errorfile 403 @dir@/403.http\n  http-request deny\n"),
    )
    .file("403.http", FILE_403)
    .start();
    let mut c = p.connect("f");
    c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let bytes = String::from_utf8_lossy(&c.rest().expect("closed in order")).into_owned();
    assert!(
        bytes.starts_with("HTTP/1.0 403 Forbidden\r\n") && bytes.ends_with("\r\n\r\n<html>no</html>\n"),
        "{bytes}"
    );
    assert!(!bytes.contains("connection"), "{bytes}");
}

#[test]
fn the_exporter_tells_of_its_own_requests() {
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  nbthread 1\n{TIMEOUTS}frontend f\n  bind @f@\n  http-request use-service prometheus-exporter if {{ path /metrics }}\n  http-request deny\n"
        ),
    )
    .start();
    assert_eq!(p.connect("f").get("/other").status, 403);
    let r = p.connect("f").get("/metrics?scope=frontend");
    assert_eq!((r.status, r.header("content-type")), (200, Some("text/plain; version=0.0.4")));
    for line in [
        "# TYPE haproxy_frontend_requests_denied_total counter\n",
        "haproxy_frontend_requests_denied_total{proxy=\"f\"} 1\n",
        "haproxy_frontend_http_responses_total{proxy=\"f\",code=\"4xx\"} 1\n",
        "haproxy_frontend_http_requests_total{proxy=\"f\"} 2\n",
    ] {
        assert!(r.text().contains(line), "{line}");
    }
    assert!(!r.text().contains("haproxy_process"));
    assert_eq!(p.connect("f").get("/metrics?scope=odd").status, 400);
}

/// Other methods than those of the statistics go on to a server, and the form of the target does not matter.
#[test]
fn the_statistics_are_asked_for_by_path_and_method() {
    let text = format!("{TIMEOUTS}listen l\n  bind @l@\n  stats uri /stats\n");
    let p = Builder::new(Program::Hapax, &text).start();
    let cases = [
        ("GET /stats;csv HTTP/1.1", 200),
        ("GET http://x/stats;csv HTTP/1.1", 200),
        ("POST /stats HTTP/1.1", 303),
        ("DELETE /stats HTTP/1.1", 503),
        ("GET /other HTTP/1.1", 503),
    ];
    for (line, status) in cases {
        let mut c = p.connect("l");
        c.send(format!("{line}\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(c.answer().status, status, "{line}");
    }
}

const BROKEN: &str = "\
frontend f
  bind @f@
  http-request tarpit deny_status 429 if { path /tarpit }
  http-request set-var(req.v) str(req)
  http-request set-var(res.v) str(early)
  http-request deny if { path /deny }
  http-request return status 404 errorfiles lacking if { path /lacking }
  http-request set-var(txn.redirect) bool(1) if { path /redirect }
  http-request early-hint X-A 1 if { path /hint }
  http-request early-hint X-B 2 if { path /hint }
  http-response redirect location /a keep-query if { var(txn.redirect) -m bool }
  http-after-response set-header X-Vars \"%[var(req.v)]-%[var(res.v)]\"
  http-request set-var(txn.after) bool(1) if { path /after }
  http-after-response set-headers-bin str(broken) if { var(txn.after) -m bool } { status 200 }
  default_backend b
backend b
  http-response set-var(res.v) str(res)
  server s @s@
http-errors lacking
";

/// What is sent where rules fail, a section lacks a message, and of variables that belong to the other message.
#[test]
fn rules_that_cannot_do_what_they_should() {
    let origin = Origin::saying("ok");
    let p = Builder::new(Program::Hapax, &format!("{TIMEOUTS}{BROKEN}"))
        .set("s", &origin.addr())
        .start();
    let mut c = p.connect("f");
    let r = c.get("/");
    assert_eq!((r.status, r.header("x-vars")), (200, Some("-res")));
    let r = c.get("/deny");
    assert_eq!((r.status, r.header("x-vars")), (403, Some("-")));
    let r = c.get("/lacking");
    assert_eq!((r.status, r.header("content-length")), (404, Some("0")));
    // A tarpit does not end the connection.
    assert_eq!(c.get("/tarpit").status, 429);
    let r = c.get("/redirect?x=y");
    assert_eq!((r.status, r.header("location")), (302, Some("/a")));
    // Hints under a condition go out each in a response of its own.
    c.send("GET /hint HTTP/1.1\r\nHost: h\r\n\r\n");
    for name in ["x-a", "x-b"] {
        let r = c.answer();
        assert_eq!((r.status, r.headers.len(), r.header(name).is_some()), (103, 1, true));
    }
    assert_eq!(c.answer().status, 200);
    // A response that its last rules cannot be done with is replaced, and the replacement has them too.
    let r = c.get("/after");
    assert_eq!((r.status, r.header("x-vars")), (500, Some("-res")));
}
