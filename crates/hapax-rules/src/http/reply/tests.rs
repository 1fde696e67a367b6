use std::fmt::Write as _;

use crate::errors::Pages;
use crate::kit::{Bench, Facts};
use crate::{Effect, Reply, ReplySource, Rule, RuleSets, run};
use hapax_proto::http::Head;

/// The response as it would be sent: status line, fields, body.
fn sent(reply: &Reply) -> String {
    let mut head = Head::default();
    let body = reply.render(&Pages::default(), &[], &mut head);
    let mut out = format!("{} {}\n", head.status, String::from_utf8_lossy(head.reason()));
    for (n, v) in &head {
        let _ = writeln!(out, "{}: {}", String::from_utf8_lossy(n), String::from_utf8_lossy(v));
    }
    out + "\n" + &String::from_utf8_lossy(&body)
}

fn answer(set: RuleSets, rule: &str) -> Effect {
    let mut facts = if set == RuleSets::HTTP_REQ {
        Facts::request("/", &[])
    } else {
        Facts::response(&[])
    };
    facts.run(set, &[rule])
}

/// As HAProxy 2.6 was seen to send them.
#[test]
fn answers_byte_for_byte() {
    for (rule, want) in [
        ("return", "200 OK\ncontent-length: 0\n\n"),
        ("return status 404", "404 Not Found\ncontent-length: 0\n\n"),
        ("return status 599", "599 Server Error\ncontent-length: 0\n\n"),
        ("return status 204", "204 No Content\n\n"),
        (
            "return content-type text/plain string hello hdr X-A b hdr \"X C\" \"d e\"",
            "200 OK\nx-a: b\nx c: d e\ncontent-length: 5\ncontent-type: text/plain\n\nhello",
        ),
        (
            "return content-type text/plain lf-string \"hello %[src]\"",
            "200 OK\ncontent-length: 15\ncontent-type: text/plain\n\nhello 192.0.2.1",
        ),
        ("return hdr a %[var(txn.none)] hdr b 1", "200 OK\nb: 1\ncontent-length: 0\n\n"),
        (
            "return status 403 default-errorfiles",
            "403 Forbidden\ncontent-length: 93\ncache-control: no-cache\ncontent-type: text/html\n\n\
             <html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n",
        ),
        (
            "redirect location /a?%[src]",
            "302 Found\ncontent-length: 0\nlocation: /a?192.0.2.1\ncache-control: no-cache\n\n",
        ),
        (
            "redirect location /a code 301 set-cookie A=b",
            "301 Moved Permanently\ncontent-length: 0\nlocation: /a\nset-cookie: A=b; path=/;\n\n",
        ),
        (
            "auth realm \"My Realm\"",
            "401 Unauthorized\ncontent-length: 112\ncache-control: no-cache\ncontent-type: text/html\n\
             www-authenticate: Basic realm=\"My Realm\"\n\n<html><body><h1>401 Unauthorized</h1>\n\
             You need a valid user and password to access this content.\n</body></html>\n",
        ),
    ] {
        match answer(RuleSets::HTTP_REQ, rule) {
            Effect::Return(reply) => assert_eq!(sent(&reply), want, "{rule}"),
            other => panic!("{rule}: {other:?}"),
        }
    }
}

/// Formats of a reply quote the status it is given with.
#[test]
fn replies_know_their_status() {
    for (rule, want) in [
        ("return status 404 content-type a/b lf-string s=%ST", "s=404"),
        ("deny content-type a/b lf-string s=%ST", "s=403"),
        ("tarpit status 429 content-type a/b lf-string s=%ST", "s=429"),
    ] {
        let (Effect::Return(reply) | Effect::Deny(reply) | Effect::Tarpit(reply)) = answer(RuleSets::HTTP_REQ, rule) else {
            panic!("{rule} answers")
        };
        assert_eq!(String::from_utf8_lossy(&reply.body), want, "{rule}");
    }
}

#[test]
fn refusals_by_set() {
    for (set, rule, status) in [
        (RuleSets::HTTP_REQ, "deny", 403),
        (RuleSets::HTTP_REQ, "deny deny_status 429", 429),
        (RuleSets::HTTP_RES, "deny", 502),
        (RuleSets::HTTP_RES, "deny deny_status 503", 503),
    ] {
        let Effect::Deny(reply) = answer(set, rule) else { panic!("{rule}") };
        assert_eq!((reply.status, &reply.source), (status, &ReplySource::Errors), "{rule}");
    }
    let Effect::Deny(reply) = answer(RuleSets::HTTP_REQ, "deny status 403 hdr x-y z") else {
        panic!("deny")
    };
    assert_eq!(sent(&reply), "403 Forbidden\nx-y: z\ncontent-length: 0\n\n");
    let Effect::Tarpit(reply) = answer(RuleSets::HTTP_REQ, "tarpit") else {
        panic!("tarpit")
    };
    assert_eq!(reply.status, 500);
}

#[test]
fn proxies_ask_for_their_own_credentials() {
    let mut facts = Facts::request("/", &[]);
    facts.stream.proxy_auth = true;
    let Effect::Return(reply) = facts.run(RuleSets::HTTP_REQ, &["auth"]) else {
        panic!("auth")
    };
    assert_eq!(reply.status, 407);
    assert!(sent(&reply).contains("proxy-authenticate: Basic realm=\"px\"\n"));
}

#[test]
fn files() {
    let mut bench = Bench::new();
    bench.files.0.insert(
        "/200.http",
        b"HTTP/1.0 200 Fine\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhi",
    );
    bench.files.0.insert("/text", b"some %[src]");
    bench
        .files
        .0
        .insert("/bad.http", b"HTTP/1.0 200 Fine\r\nContent-Length: 3\r\n\r\nhi");
    let long: &'static [u8] = vec![b'x'; 20_000].leak();
    bench.files.0.insert("/long", long);
    let mut go = |rule: &str| {
        let rule = bench.rule(RuleSets::HTTP_REQ, rule).map_err(|d| d.message)?;
        match run(std::slice::from_ref::<Rule>(&rule), 0, &mut Facts::request("/", &[]).txn()).effect {
            Effect::Return(reply) => Ok(sent(&reply)),
            other => Err(format!("{other:?}")),
        }
    };
    assert_eq!(
        go("return errorfile /200.http").as_deref(),
        Ok("200 Fine\ncontent-type: a/b\ncontent-length: 2\n\nhi")
    );
    let raw = "200 OK\ncontent-length: 11\ncontent-type: t\n\nsome %[src]";
    assert_eq!(go("return content-type t file /text").as_deref(), Ok(raw));
    let lf = "200 OK\ncontent-length: 14\ncontent-type: t\n\nsome 192.0.2.1";
    assert_eq!(go("return content-type t lf-file /text").as_deref(), Ok(lf));
    for (rule, part) in [
        (
            "return errorfile /bad.http",
            "payload size does not match the announced content-length (2 != 3)",
        ),
        ("return content-type t file /long", "exceeds the buffer size (20000 > 16384)"),
        ("return content-type t file /none", "error opening file '/none'"),
    ] {
        let why = go(rule).expect_err(rule);
        assert!(why.contains(part), "{rule}: {why}");
    }
}

#[test]
fn moot_arguments_are_told() {
    for (rule, part) in [
        (
            "return content-type a/b",
            "content-type 'a/b' ignored by the http reply because neither",
        ),
        ("return default-errorfiles hdr a b", "hdr parameters ignored by the http reply"),
        (
            "return content-type a default-errorfiles",
            "ignored by the http reply when used with an errorfile",
        ),
        (
            "return hdr Content-Length 5",
            "header 'Content-Length' always ignored by the http reply",
        ),
    ] {
        let mut bench = Bench::new();
        bench.rule(RuleSets::HTTP_REQ, rule).expect(rule);
        let told: Vec<&str> = bench.diags.iter().map(|d| d.message.as_str()).collect();
        assert!(told.len() == 1 && told[0].contains(part), "{rule}: {told:?}");
    }
}

/// The text of an answer's body.
fn body_of(effect: &Effect) -> String {
    match effect {
        Effect::Return(r) | Effect::Deny(r) | Effect::Tarpit(r) => String::from_utf8_lossy(&r.body).into_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn answers_quote_how_the_stream_ends_by_them() {
    let format = "content-type a/b lf-string \"%ST %ts\"";
    for (set, rule, want) in [
        (RuleSets::HTTP_REQ, "return", "200 LR"),
        (RuleSets::HTTP_REQ, "deny status 410", "410 PR"),
        (RuleSets::HTTP_REQ, "tarpit", "500 PT"),
        (RuleSets::HTTP_RES, "return status 404", "404 LH"),
        (RuleSets::HTTP_RES, "deny", "502 PH"),
    ] {
        assert_eq!(body_of(&answer(set, &format!("{rule} {format}"))), want, "{rule}");
    }
}

#[test]
fn answers_quote_nothing_of_what_they_replace() {
    for (set, rule, want) in [
        (RuleSets::HTTP_REQ, "return content-type a/b lf-string %[path]!", "/!"),
        (RuleSets::HTTP_REQ, "deny content-type a/b lf-string %[path]!", "/!"),
        (RuleSets::HTTP_REQ, "tarpit content-type a/b lf-string %[path]!", "!"),
        (RuleSets::HTTP_RES, "return content-type a/b lf-string %[status]!", "!"),
        (RuleSets::HTTP_RES, "deny content-type a/b lf-string %[status]!", "!"),
    ] {
        assert_eq!(body_of(&answer(set, rule)), want, "{rule}");
    }
}
