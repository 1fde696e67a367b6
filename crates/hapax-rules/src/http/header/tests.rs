use crate::kit::Facts;
use crate::{Effect, RuleSets};

const FIELDS: &[(&str, &str)] = &[("Host", "h"), ("X-A", "1"), ("x-b", "2"), ("X-A", "3"), ("Cookie", "foo=bar; z=1")];

/// Rules, and the fields they leave of [`FIELDS`].
#[test]
fn edits_of_fields() {
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["add-header X-A 4"],
            &["host: h", "x-a: 1", "x-b: 2", "x-a: 3", "cookie: foo=bar; z=1", "x-a: 4"],
        ),
        (&["set-header X-A 4"], &["host: h", "x-b: 2", "cookie: foo=bar; z=1", "x-a: 4"]),
        (
            &["set-header X-B \"%[req.hdr(x-b)] and %[src]\""],
            &["host: h", "x-a: 1", "x-a: 3", "cookie: foo=bar; z=1", "x-b: 2 and 192.0.2.1"],
        ),
        (
            &["del-header X-A", "del-header none"],
            &["host: h", "x-b: 2", "cookie: foo=bar; z=1"],
        ),
        (&["del-header X- -m beg"], &["host: h", "cookie: foo=bar; z=1"]),
        (&["del-header -b -m end"], &["host: h", "x-a: 1", "x-a: 3", "cookie: foo=bar; z=1"]),
        (&["del-header OOKI -m sub"], &["host: h", "x-a: 1", "x-b: 2", "x-a: 3"]),
        (&["del-header ^x-[a]$ -m reg"], &["host: h", "x-b: 2", "cookie: foo=bar; z=1"]),
        (
            &["replace-header Cookie foo=([^;]*);(.*) foo=\\1;ip=%[src];\\2"],
            &["host: h", "x-a: 1", "x-b: 2", "x-a: 3", "cookie: foo=bar;ip=192.0.2.1; z=1"],
        ),
        (
            &["replace-header X-A [13] n"],
            &["host: h", "x-a: n", "x-b: 2", "x-a: n", "cookie: foo=bar; z=1"],
        ),
        (
            &[
                "set-header l \"a, b,\\\"c, d\\\"\"",
                "replace-value l ^[abc]$ <\\0>",
                "del-header x- -m beg",
                "del-header cookie",
            ],
            &["host: h", "l: <a>,<b>,\"c, d\""],
        ),
    ];
    for (rules, want) in cases {
        let mut facts = Facts::request("/", FIELDS);
        assert_eq!(facts.run(RuleSets::HTTP_REQ, rules), Effect::Continue, "{rules:?}");
        assert_eq!(facts.fields(), *want, "{rules:?}");
    }
}

#[test]
fn a_sample_cannot_start_another_line() {
    let mut facts = Facts::request("/", &[]);
    facts.run(
        RuleSets::HTTP_REQ,
        &["set-var(txn.a) str(x),concat(y)", "set-header a %[str(\"6c310d0a6c32\"),hex2i]"],
    );
    let mut value = b"a\r\nb\0c".to_vec();
    super::one_line(&mut value);
    assert_eq!(value, b"a  b c");
}

#[test]
fn host_and_absolute_target_agree() {
    let mut facts = Facts::request("http://a.example/x?y", &[("host", "a.example")]);
    facts.run(RuleSets::HTTP_REQ, &["set-header Host b.example:8080"]);
    assert_eq!(facts.uri(), "http://b.example:8080/x?y");
    facts.run(RuleSets::HTTP_REQ, &["replace-header Host ^b(.*):.*$ c\\1"]);
    assert_eq!(facts.uri(), "http://c.example/x?y");
    let mut origin = Facts::request("/x", &[("host", "a")]);
    origin.run(RuleSets::HTTP_REQ, &["set-header Host b"]);
    assert_eq!(origin.uri(), "/x");
}

#[test]
fn responses_have_their_own_fields() {
    for set in [RuleSets::HTTP_RES, RuleSets::HTTP_AFTER] {
        let mut facts = Facts::response(&[("Server", "s")]);
        facts.run(set, &["set-header Server h", "add-header X 1"]);
        assert_eq!(facts.fields(), ["server: h", "x: 1"]);
        assert!(facts.req.as_ref().is_some_and(|r| r.field_count() == 0));
    }
}

#[test]
fn odd_names_are_told() {
    let mut bench = crate::kit::Bench::new();
    bench.rule(RuleSets::HTTP_REQ, "set-header X-A: v").expect("accepted");
    let told: Vec<&str> = bench.diags.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(told, ["header name 'X-A:' contains forbidden character ':'."]);
}
