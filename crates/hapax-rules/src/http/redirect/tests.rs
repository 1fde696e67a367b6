use crate::kit::{Bench, Facts};
use crate::{Effect, Reply, RuleSets};

fn redirect(rule: &str, target: &str) -> Option<Reply> {
    let mut facts = Facts::request(target, &[("host", "h.example")]);
    match facts.run(RuleSets::HTTP_REQ, &[rule]) {
        Effect::Return(reply) => Some(*reply),
        Effect::Continue => None,
        other => panic!("{rule}: {other:?}"),
    }
}

fn field(reply: &Reply, name: &str) -> Vec<String> {
    let of = reply.fields.iter().filter(|(n, _)| n == name.as_bytes());
    of.map(|(_, v)| String::from_utf8_lossy(v).into_owned()).collect()
}

#[test]
fn locations() {
    for (rule, target, want) in [
        ("redirect location /a?%[src]", "/", "/a?192.0.2.1"),
        ("redirect location /a keep-query", "/x?q=1", "/a?q=1"),
        ("redirect location /a?b keep-query", "/x?q=1", "/a?b&q=1"),
        ("redirect location /a? keep-query", "/x?q=1", "/a?q=1"),
        ("redirect location /a keep-query", "/x", "/a"),
        ("redirect location /a keep-query", "/x?", "/a"),
        ("redirect prefix https://o", "/x/y?q", "https://o/x/y?q"),
        ("redirect prefix https://o drop-query", "/x/y?q", "https://o/x/y"),
        ("redirect prefix https://o drop-query append-slash", "/x/y?q", "https://o/x/y/"),
        ("redirect prefix https://o append-slash", "/x/", "https://o/x/"),
        ("redirect prefix / append-slash", "/x", "/x/"),
        ("redirect prefix https://o", "*", "https://o/"),
        ("redirect scheme https", "/x?q", "https://h.example/x?q"),
        ("redirect scheme https drop-query", "/x?q", "https://h.example/x"),
        ("redirect scheme https", "http://other/x?q", "https://h.example/x?q"),
    ] {
        let reply = redirect(rule, target).expect(rule);
        assert_eq!(field(&reply, "location"), [want], "{rule} {target}");
        assert_eq!(reply.status, 302);
    }
}

#[test]
fn codes_and_cookies() {
    for (rule, status, cache, cookie) in [
        ("redirect location /", 302, 1, vec![]),
        ("redirect location / code 301", 301, 0, vec![]),
        ("redirect location / code 303", 303, 1, vec![]),
        ("redirect location / code 307 set-cookie A=b", 307, 1, vec!["A=b; path=/;"]),
        ("redirect location / code 308 clear-cookie A", 308, 0, vec!["A; path=/; Max-Age=0;"]),
        ("redirect location / set-cookie-fmt A=%[src]", 302, 1, vec!["A=192.0.2.1; path=/;"]),
    ] {
        let reply = redirect(rule, "/").expect(rule);
        assert_eq!(reply.status, status, "{rule}");
        assert_eq!(field(&reply, "cache-control").len(), cache, "{rule}");
        assert_eq!(field(&reply, "set-cookie"), cookie, "{rule}");
    }
}

#[test]
fn an_empty_location_may_be_ignored() {
    assert!(redirect("redirect location %[var(txn.none)] ignore-empty", "/").is_none());
    assert!(redirect("redirect location %[var(txn.none)]", "/").is_some());
}

#[test]
fn the_query_is_kept_by_requests_only() {
    let rule = "redirect location /a?z=1 keep-query";
    let mut facts = Facts::response(&[]);
    facts.req = Facts::request("/x?q=1", &[]).req;
    for (set, want) in [(RuleSets::HTTP_REQ, "/a?z=1&q=1"), (RuleSets::HTTP_RES, "/a?z=1")] {
        let Effect::Return(reply) = facts.run(set, &[rule]) else {
            panic!("{rule} answers");
        };
        assert_eq!(field(&reply, "location"), [want]);
    }
}

#[test]
fn responses_take_locations_only() {
    assert!(Bench::new().rule(RuleSets::HTTP_RES, "redirect location /").is_ok());
    for rule in ["redirect prefix /", "redirect scheme https"] {
        let d = Bench::new().rule(RuleSets::HTTP_RES, rule).expect_err(rule);
        assert!(
            d.message.contains("response only supports redirect type 'location'"),
            "{}",
            d.message
        );
    }
}
