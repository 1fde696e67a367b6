//! Rules on messages, end to end: each as a configuration writes it.

use hapax_tests::{Builder, Origin, Program};

use crate::{TIMEOUTS, before};

#[test]
fn headers_are_edited_on_both_sides() {
    let origin = Origin::saying("ok");
    let p = before(
        &origin,
        "  http-request set-header X-Src %[src]\n  http-request add-header X-Many one\n  http-request del-header X-Secret\n  http-request set-path /new%[path]\n  http-response set-header X-Answer %[status]\n  http-response del-header X-Own\n",
        "",
    );
    let r = p.connect("f").get_with("/old?q=1", "X-Secret: s\r\nX-Many: zero\r\n");
    assert_eq!(r.header("x-answer"), Some("200"));
    let seen = &origin.requests()[0];
    assert_eq!(
        (
            seen.target.as_str(),
            seen.header("x-src"),
            seen.header("x-secret"),
            seen.all("x-many")
        ),
        ("/new/old?q=1", Some("127.0.0.1"), None, vec!["zero", "one"])
    );
}

#[test]
fn requests_are_denied_redirected_and_answered() {
    let origin = Origin::saying("ok");
    let p = before(
        &origin,
        "  http-request deny deny_status 403 if { path_beg /private }\n  http-request redirect location /there code 301 if { path /here }\n  http-request return status 200 content-type text/plain string \"hello\" if { path /hello }\n",
        "",
    );
    let mut c = p.connect("f");
    let r = c.get("/hello");
    assert_eq!(
        (r.status, r.text().as_str(), r.header("content-type")),
        (200, "hello", Some("text/plain"))
    );
    let r = p.connect("f").get("/here");
    assert_eq!((r.status, r.header("location")), (301, Some("/there")));
    assert_eq!(p.connect("f").get("/private/x").status, 403);
    assert_eq!(p.connect("f").get("/public").status, 200);
    assert_eq!(origin.requests().len(), 1);
}

#[test]
fn backends_are_chosen_by_name_and_path() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}frontend f\n  bind @f@\n  acl is_b hdr(host) -i b.example\n  use_backend b if is_b || {{ path_beg /b/ }}\n  default_backend a\nbackend a\n  server s @a@\nbackend b\n  server s @b@\n"
        ),
    )
    .set("a", &a.addr())
    .set("b", &b.addr())
    .start();
    let mut c = p.connect("f");
    for (request, want) in [
        ("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "a"),
        ("GET / HTTP/1.1\r\nHost: B.Example\r\n\r\n", "b"),
        ("GET /b/x HTTP/1.1\r\nHost: a.example\r\n\r\n", "b"),
    ] {
        c.send(request);
        assert_eq!(c.answer().text(), want, "{request}");
    }
}

#[test]
fn a_method_that_rules_make_a_tunnel_of_is_answered_all_the_same() {
    let origin = Origin::saying("hello");
    let p = before(&origin, "  http-request set-method CONNECT\n", "");
    let mut c = p.connect("f");
    for target in ["/1", "/2"] {
        let r = c.get(target);
        // What came along with the head is the answer.
        assert_eq!((r.status, "hello".starts_with(r.text().as_str())), (200, true), "{target}");
    }
    let methods: Vec<String> = origin.requests().iter().map(|r| r.method.clone()).collect();
    assert_eq!(methods, ["CONNECT", "CONNECT"]);
    // And a tunnel that rules make another request of is none: its client may send nothing more.
    let p = before(&origin, "  http-request set-method GET\n", "");
    let mut c = p.connect("f");
    c.send("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n");
    let answer = String::from_utf8_lossy(&c.rest().expect("an end")).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
}

#[test]
fn lengths_at_hand_count_the_end_of_chunks_and_trailers() {
    let origin = Origin::saying("ok");
    let p = before(
        &origin,
        "  option http-buffer-request\n  http-request return status 200 content-type text/plain lf-string %[req.len]\n",
        "",
    );
    for (rest, extra) in [
        ("5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n", 8 + 1),
        ("5\r\nhello\r\n0\r\nT: v\r\n\r\n", 5 + 1 + 2),
    ] {
        let mut c = p.connect("f");
        c.send(format!("POST /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{rest}"));
        let said: usize = c.answer().text().parse().expect("a length");
        assert_eq!(said, 64 + extra, "{rest}");
    }
}
