use hapax_config::{Input, LoadOptions, Plan};
use hapax_diag::Sources;
use hapax_sample::Files;
use std::sync::Arc;

use crate::{Coverage, Question, Suite, explain, junit, render, run_suite, tap};

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        Err(format!("{path} is not here"))
    }
}

fn load(text: &str) -> (Plan, Sources) {
    let input = Input {
        name: "t.cfg".into(),
        bytes: text.as_bytes().into(),
    };
    let loaded = hapax_config::load(vec![input], &NoFiles, &LoadOptions::default());
    let told: Vec<&str> = loaded.diags.iter().map(|d| d.message.as_str()).collect();
    (loaded.plan.unwrap_or_else(|| panic!("{told:#?}")), loaded.sources)
}

const CONFIG: &str = "
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 1s

userlist admins
    group ops users ann
    user ann insecure-password secret

frontend web
    bind :8080
    bind :8443 name tls
    acl api path_beg /api/
    tcp-request connection reject if { src 203.0.113.0/24 }
    http-request redirect scheme https code 301 if { dst_port 8080 } !api
    http-request deny deny_status 429 if { req.hdr(user-agent) -m sub badbot }
    http-request set-header X-Proto https if { so_name tls }
    http-request del-header X-Internal
    http-request auth realm Ops if { path_beg /admin } !{ http_auth(admins) }
    http-request pause 1s if { path /slow }
    http-request return status 204 if { path /slow }
    http-response set-header X-Backend %b
    http-after-response set-header Strict-Transport-Security max-age=300
    use_backend api if api
    use_backend %[req.hdr(x-to)] if { req.hdr(x-to) -m found }
    default_backend app

frontend other
    bind 192.0.2.7:9000
    redirect location /gone?%[src] if { path /old }
    http-request allow
    default_backend app

backend app
    balance roundrobin
    cookie SRV insert indirect
    server a1 10.1.0.1:80 cookie one
    server a2 10.1.0.2:80 cookie two
    server spare 10.1.0.3:80 backup

backend api
    balance hdr(x-user)
    http-request replace-path /api/(.*) /\\1
    http-response deny if { status 500 }
    server s1 10.2.0.1:80
    server s2 10.2.0.2:80
";

const SUITE: &str = r#"
[[test]]
name = "plain HTTP is redirected"
request = { url = "http://h.example:8080/a?b" }
expect = { frontend = "web", outcome = "response", status = 301, rule = "17", headers = { location = "https://h.example:8080/a?b", strict-transport-security = "max-age=300" } }

[[test]]
name = "the API is not, and has its own backend"
request = { url = "http://h.example:8080/api/x?y", headers = { x-user = "bob", x-internal = "1" } }
[test.expect]
backend = "api"
server = "s2"
status = 200
headers = { x-backend = "api" }
sent = { uri = "/x?y", headers = { x-user = "bob" }, absent = ["x-internal", "x-proto"] }

[[test]]
name = "the only server left takes it"
request = { url = "/api/", dst = "192.0.2.2:8443", headers = { x-user = "bob" }, down = ["api/s2"] }
expect = { server = "s1", sent = { headers = { x-proto = "https" } } }

[[test]]
name = "no server, no answer but ours"
request = { url = "/api/", dst = "192.0.2.2:8443", down = ["api"] }
expect = { outcome = "refused", status = 503, backend = "api" }

[[test]]
name = "bots are denied"
request = { url = "https://h:8443/", headers = { user-agent = "a badbot b" } }
expect = { status = 429, body_contains = "too many requests" }

[[test]]
name = "round robin leaves the servers open, backups aside"
request = { url = "https://h:8443/" }
expect = { backend = "app", servers = ["a1", "a2"] }

[[test]]
name = "backups serve when nobody else does"
request = { url = "https://h:8443/", down = ["app/a1", "app/a2"] }
expect = { server = "spare" }

[[test]]
name = "the cookie decides"
request = { url = "https://h:8443/", headers = { cookie = "x=1; SRV=two" } }
expect = { server = "a2" }

[[test]]
name = "a cookie of a server that is down does not"
request = { url = "https://h:8443/", headers = { cookie = "SRV=two" }, down = ["app/a2"] }
expect = { server = "a1" }

[[test]]
name = "administrators have to say who they are"
request = { url = "https://h:8443/admin" }
expect = { status = 401, headers = { www-authenticate = "Basic realm=\"Ops\"" } }

[[test]]
name = "and are let in"
request = { url = "https://h:8443/admin", headers = { authorization = "Basic YW5uOnNlY3JldA==" } }
expect = { backend = "app" }

[[test]]
name = "a pause is no answer"
request = { url = "https://h:8443/slow" }
expect = { status = 204, absent = ["content-length"] }

[[test]]
name = "some sources are not heard at all"
request = { url = "https://h:8443/", src = "203.0.113.9:1" }
expect = { outcome = "reject", rule = "t.cfg:16" }

[[test]]
name = "a request may name its backend"
request = { url = "https://h:8443/", headers = { x-to = "api" } }
expect = { backend = "api" }

[[test]]
name = "a name that is none falls through"
request = { url = "https://h:8443/", headers = { x-to = "nowhere" } }
expect = { backend = "app" }

[[test]]
name = "responses are denied too"
request = { url = "https://h:8443/api/", response = { status = 500 } }
expect = { status = 502 }

[[test]]
name = "redirect lines hold no format and are not skipped by allow"
request = { url = "http://192.0.2.7:9000/old" }
expect = { frontend = "other", status = 302, headers = { location = "/gone?%[src]" } }
"#;

#[test]
fn requests_go_their_way() {
    let (plan, sources) = load(CONFIG);
    let suite = Suite::parse(SUITE).expect("suite");
    let mut coverage = Coverage::new(&plan, &sources);
    let results = run_suite(&plan, &sources, &suite, &mut coverage);
    for result in &results {
        let shown = result.report.as_ref().map(|r| render(r, true)).unwrap_or_default();
        assert!(result.passed(), "{}: {:#?}\n{shown}", result.name, result.failures);
    }
    assert_eq!(results.len(), suite.cases.len());
    let rules = coverage.rules_taken();
    assert_eq!((rules.met, rules.percent()), (rules.all, 100), "{}", coverage.render());
    assert!(tap(&results).lines().filter(|l| l.starts_with("ok ")).count() == results.len());
    assert!(junit("s", &results).contains("failures=\"0\""));
}

#[test]
fn what_does_not_hold_is_told() {
    let (plan, sources) = load(CONFIG);
    let suite = Suite::parse(
        r#"
        [[test]]
        name = "all wrong"
        request = { url = "http://h:8080/a" }
        [test.expect]
        frontend = "other"
        backend = "app"
        outcome = "server"
        status = 200
        headers = { location = "/x", nothing = "1" }
        absent = ["strict-transport-security"]
        body = "x"
        body_contains = "y"
        rule = "99"
        sent = { uri = "/a", headers = { a = "b" } }
        servers = ["a1"]
        [[test]]
        name = "cannot be asked"
        request = { url = "/", frontend = "nowhere" }
        expect = {}
        "#,
    )
    .expect("suite");
    let mut coverage = Coverage::new(&plan, &sources);
    let results = run_suite(&plan, &sources, &suite, &mut coverage);
    let want = [
        "frontend is web, not other",
        "backend is none, not app",
        "outcome is response, not server",
        "status is 301, not 200",
        "body is , not x",
        "sent uri is none, not /a",
        "servers are , not a1",
        "the body does not contain \"y\"",
        "the rule that decides is t.cfg:17, not 99",
        "response: location is \"https://h:8080/a\", not \"/x\"",
        "response: nothing is not there, not \"1\"",
        "response: strict-transport-security is there: \"max-age=300\"",
        "there is no sent request",
        "it was answered by a rule [t.cfg:17]\n  > http-request redirect scheme https code 301 if { dst_port 8080 } !api  [t.cfg:17]\n  \
         > http-after-response set-header Strict-Transport-Security max-age=300  [t.cfg:25]",
    ];
    assert_eq!(results[0].failures, want);
    assert_eq!(
        results[1].failures,
        ["no frontend is called 'nowhere'; there are: web (:8080 :8443), other (:9000)"]
    );
    let rules = coverage.rules_taken();
    assert!(
        rules.met < rules.all && coverage.render().contains("never reached"),
        "{}",
        coverage.render()
    );
}

/// Named ACLs: in conditions, behind others, called by expressions, in defaults, and beside the rules.
const ACLS: &str = "
defaults base
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 1s
    acl common src 127.0.0.1
    http-request set-var(txn.a) int(1) if common
frontend web from base
    bind :80
    acl one path_beg /one
    acl two path_beg /two
    acl two path_beg /zwei
    acl unseen method PUT
    acl lost path /lost
    acl called path_end .png
    acl down nbsrv(app) lt 1
    monitor-uri /alive
    monitor fail if down
    http-request deny if two unseen
    http-request set-header x-png %[acl(called)] if !one
    default_backend app
defaults
    mode http
    timeout server 5s
    timeout connect 1s
backend app
    acl fresh req.hdr(x) 1
    ignore-persist if fresh
    cookie S insert
    server s 192.0.2.1:80 cookie s
";

#[test]
fn acls_without_a_test_are_told() {
    let (plan, sources) = load(ACLS);
    let told = |cases: &[&str]| {
        let cases: Vec<String> = cases
            .iter()
            .map(|url| format!("[[test]]\nname = 'a'\nrequest.url = 'http://h{url}'\nexpect = {{}}\n"))
            .collect();
        let suite = Suite::parse(&cases.join("")).expect("suite");
        let mut coverage = Coverage::new(&plan, &sources);
        run_suite(&plan, &sources, &suite, &mut coverage);
        let text = coverage.render();
        let acls = text.split_once("ACLs reached: ").expect(&text).1.to_owned();
        acls.lines().map(|l| l.trim().to_owned()).collect::<Vec<_>>()
    };
    let want = [
        "5 of 8",
        "t.cfg:7: common of web: never matched",
        "t.cfg:11: one of web: never matched",
        "t.cfg:12: two of web: never matched",
        "t.cfg:14: unseen of web: never reached",
        "t.cfg:15: lost of web: never reached",
        "t.cfg:16: called of web: never matched",
        // Only the monitor asks.
        "t.cfg:17: down of web: never reached",
        "t.cfg:28: fresh of app: never matched",
    ];
    assert_eq!(told(&["/"]), want);
    let got = told(&["/one", "/zwei", "/x.png", "/alive"]);
    assert!(
        !got.iter()
            .any(|l| l.contains(" one of") || l.contains(" two of") || l.contains(" called of")),
        "{got:?}"
    );
    assert!(got.contains(&"t.cfg:17: down of web: never matched".to_owned()), "{got:?}");
    assert!(got.contains(&"t.cfg:14: unseen of web: never matched".to_owned()), "{got:?}");
    assert!(told(&["/one"]).contains(&"t.cfg:11: one of web: always matched".to_owned()));
}

#[test]
fn what_is_no_url_is_told() {
    let (plan, sources) = load(ACLS);
    for (url, part) in [
        ("www.example.com/x", "write http://www.example.com/x"),
        ("", "it is empty"),
        ("http://a b/", "blanks"),
        ("/a\tb", "blanks"),
    ] {
        let question = Question {
            url: url.into(),
            ..Question::default()
        };
        let error = explain(&plan, &sources, &question).expect_err(url);
        assert!(error.0.contains(part), "{url}: {error}");
    }
}

#[test]
fn bytes_that_are_passed_on_are_not_shown_as_messages() {
    let (plan, sources) = load(
        "defaults\n timeout client 5s\n timeout server 5s\n timeout connect 1s\nfrontend f\n bind :443\n \
         tcp-request inspect-delay 1s\n tcp-request content reject unless { req.ssl_sni a.example }\n default_backend b\nbackend b\n server s 192.0.2.1:443\n",
    );
    let question = Question {
        url: "https://a.example/".into(),
        ..Question::default()
    };
    let outcome = explain(&plan, &sources, &question).expect("report").outcome;
    assert_eq!(outcome.server.as_deref(), Some("s"));
    assert!(outcome.sent.is_none() && outcome.response.is_none(), "{outcome:?}");
}

#[test]
fn places_lose_the_folder_they_share() {
    let input = |name: &str, text: &str| Input {
        name: name.into(),
        bytes: text.as_bytes().into(),
    };
    let inputs = vec![
        input(
            "/etc/h/a/1.cfg",
            "defaults\n mode http\n timeout client 5s\nfrontend f\n bind :80\n http-request set-var(txn.a) int(1)\n",
        ),
        input("/etc/h/b/2.cfg", "frontend g\n bind :81\n http-request set-var(txn.b) int(1)\n"),
    ];
    let loaded = hapax_config::load(inputs, &NoFiles, &LoadOptions::default());
    let plan = loaded.plan.expect("plan");
    let question = Question::default();
    let text = render(&explain(&plan, &loaded.sources, &question).expect("report"), true);
    assert!(text.contains("  [1.cfg:6]\n") && !text.contains("/etc"), "{text}");
}

#[test]
fn places_of_acls_stand_in_the_trace() {
    let (plan, sources) = load(ACLS);
    let question = Question {
        url: "http://h/zwei".into(),
        ..Question::default()
    };
    let report = explain(&plan, &sources, &question).expect("report");
    let text = render(&report, true);
    for line in [
        "      if two: yes  [t.cfg:12]",
        "          path_beg /two: \"/zwei\" does not match",
        "          path_beg /zwei: \"/zwei\" matches  [t.cfg:13]",
        "      and unseen: no  [t.cfg:14]",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let json = serde_json::to_value(&report).expect("json");
    let steps = json["steps"].as_array().expect("steps");
    let places: Vec<&str> = steps
        .iter()
        .filter_map(|s| s["condition"]["alternatives"][0][0]["place"].as_str())
        .collect();
    assert!(places.contains(&"t.cfg:12"), "{json}");
}

#[test]
fn suites_are_checked() {
    for (text, part) in [
        ("", "there is no [[test]]"),
        ("[[test]]\nname = 'x'", "expect"),
        ("[[test]]\nname = 'x'\nexpect = { statsu = 200 }", "statsu"),
        ("[[test]]\nname = 'x'\nrequest = { ulr = '/' }\nexpect = {}", "ulr"),
    ] {
        let why = Suite::parse(text).expect_err(text);
        assert!(why.contains(part), "{text}: {why}");
    }
}

#[test]
fn reports_say_what_was_compared() {
    let (plan, sources) = load(CONFIG);
    let question = Question {
        url: "https://h:8443/api/x".into(),
        headers: vec![("User-Agent".into(), "curl".into())],
        ..Question::default()
    };
    let report = explain(&plan, &sources, &question).expect("report");
    let text = render(&report, true);
    for part in [
        "frontend web at 192.0.2.2:8443 (t.cfg:14)",
        "  - http-request deny deny_status 429 if { req.hdr(user-agent) -m sub badbot }  [t.cfg:18]",
        "          req.hdr(user-agent) = \"curl\" does not match",
        "      + x-proto: https",
        "      uri: /api/x -> /x",
        "  > use_backend api if api  [t.cfg:26]",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!render(&report, false).contains("deny_status"));
    let json = serde_json::to_value(&report).expect("json");
    assert_eq!(json["outcome"]["backend"], "api");
    assert_eq!(
        json["steps"][0]["text"].as_str().map(|t| t.contains("no 'ssl'")),
        Some(true),
        "{json}"
    );
    assert_eq!(json["steps"][1]["step"], "enter");
}

#[test]
fn messages_keep_their_framing_whatever_rules_do() {
    let (plan, sources) = load(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 1s\nfrontend f\n bind :80\n \
         http-request del-header content-length if { path /gone }\n http-request set-header content-length 9 if { path /wrong }\n \
         http-response set-status 204 if { path /empty }\n use_backend b\nbackend b\n server s 192.0.2.1:80\n",
    );
    let ask = |path: &str| {
        let question = Question {
            method: "POST".into(),
            url: format!("http://h{path}"),
            body: "abc".into(),
            ..Question::default()
        };
        explain(&plan, &sources, &question).unwrap().outcome
    };
    let length = |headers: &[(String, String)]| headers.iter().find(|(n, _)| n == "content-length").map(|(_, v)| v.clone());
    assert_eq!(length(&ask("/gone").sent.unwrap().headers).as_deref(), Some("3"));
    let wrong = ask("/wrong");
    assert_eq!((wrong.sent.is_none(), wrong.response.unwrap().status), (true, Some(500)));
    assert_eq!(ask("/empty").response.unwrap().body, "");
}

#[test]
fn options_cannot_frame_a_message() {
    for (option, value, status, sent) in [
        ("option forwardfor header Content-Length", "", 500, None),
        ("option originalto header Transfer-Encoding", "", 200, Some("transfer-encoding")),
        ("option forwardfor header TE", "", 200, Some("te")),
        ("unique-id-header Content-Length", "5", 500, None),
        ("unique-id-header Transfer-Encoding", "chunked", 200, Some("transfer-encoding")),
    ] {
        let format = if value.is_empty() {
            String::new()
        } else {
            format!(" unique-id-format {value}\n")
        };
        let (plan, sources) = load(&format!(
            "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 1s\nlisten l\n bind :80\n {option}\n{format} \
             server s 192.0.2.1:80\n"
        ));
        let question = Question {
            url: "http://h/".into(),
            ..Question::default()
        };
        let outcome = explain(&plan, &sources, &question).unwrap().outcome;
        assert_eq!(outcome.response.unwrap().status, Some(status), "{option}");
        let has = |name: &str| outcome.sent.as_ref().map(|m| m.values(name).next().is_some());
        assert_eq!(sent.and_then(has), sent.map(|_| false), "{option}");
    }
}

#[test]
fn the_world_is_as_the_question_says() {
    let (plan, sources) = load(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 1s\nlisten l\n bind :80\n bind :443\n \
         stick-table type ip size 100 expire 1m store http_req_rate(10s)\n http-request track-sc0 src\n \
         http-request set-var(txn.rate) sc_http_req_rate(0)\n http-request set-var(txn.when) date,utime(%Y)\n \
         http-request set-var(txn.cn) ssl_c_s_dn(cn)\n http-request set-var(txn.busy) srv_conn(l/s)\n \
         http-request set-var(txn.limit) fe_client_timeout\n http-request deny if { var(proc.closed) -m str 1 }\n \
         server s 192.0.2.1:80\n\
         frontend t\n mode tcp\n bind :8443\n tcp-request inspect-delay 1s\n use_backend a if { req.ssl_sni a.example }\n \
         default_backend b\nbackend a\n mode tcp\n server a 192.0.2.2:443\nbackend b\n mode tcp\n server b 192.0.2.3:443\n",
    );
    let suite = Suite::parse(
        r#"
[[test]]
name = "as it is by default"
request = { url = "http://h/" }
expect = { outcome = "server", vars = { "txn.rate" = "1", "txn.when" = "2026", "txn.busy" = "0", "txn.limit" = "5000" }, vars_absent = ["txn.cn"] }

[[test]]
name = "as it is told"
[test.request]
url = "http://h/"
src = "10.0.0.9"
time = 2001-02-03T04:05:06Z
tables = [{ table = "l", key = "10.0.0.9", http_req_rate = 41 }]
busy = { "l/s" = { conn = 3 } }
headers = ["B: 1", "A: 2"]
[test.expect]
vars = { "txn.rate" = "42", "txn.when" = "2001", "txn.busy" = "3" }

[[test]]
name = "a variable"
request = { url = "http://h/", vars = { "proc.closed" = "1" } }
expect = { status = 403 }

[[test]]
name = "the name in a handshake that is passed on"
request = { url = "https://a.example:8443/" }
expect = { frontend = "t", server = "a" }

[[test]]
name = "another one"
request = { url = "https://b.example:8443/" }
expect = { frontend = "t", server = "b" }
"#,
    )
    .expect("suite");
    let mut coverage = Coverage::new(&plan, &sources);
    let results = run_suite(&plan, &sources, &suite, &mut coverage);
    let failed: Vec<_> = results.iter().filter(|r| !r.passed()).map(|r| (&r.name, &r.failures)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let sent = results[1].report.as_ref().unwrap().outcome.sent.as_ref().unwrap();
    let order: Vec<&str> = sent.headers.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(order, ["host", "b", "a"]);
}
