use super::*;
use crate::still::Stage;

fn request() -> Stage {
    Stage::request(
        "GET",
        "/images/a.png?q=2",
        &[
            ("Host", "www.example.com"),
            ("X", "one, two"),
            ("X", "three"),
            ("N", "5"),
            ("Cookie", "s=abc; t=def"),
        ],
    )
}

fn passes(stage: &mut Stage, acls: &[&str], text: &str) -> bool {
    match stage.verdict(acls, text) {
        Ok(Verdict::Pass) => true,
        Ok(Verdict::Fail) => false,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn criteria_match_or_not() {
    let mut stage = request();
    for (acl, want) in [
        ("path_beg /images", true),
        ("path_beg /image /x", true),
        ("path_beg /IMAGES", false),
        ("path_beg -i /IMAGES", true),
        ("path_end .png", true),
        ("path_sub age", true),
        ("path_dir images", true),
        ("path_dir image", false),
        ("path /images/a.png", true),
        ("path /images", false),
        ("path_reg ^/im.*[.]png$", true),
        ("path_reg -i ^/IM", true),
        ("path_len 13", true),
        ("path_len gt 13", false),
        ("path_len 10:20", true),
        ("path_len ne 13", true),
        ("path_len ne 12", false),
        ("method GET", true),
        ("method -i GET", true),
        ("method -i get", false),
        ("method -m str -i get", true),
        ("method,lower get", true),
        ("path -m beg /im", true),
        ("path_beg -m end png", true),
        ("path,upper /IMAGES/A.PNG", true),
        ("path_beg,upper /IMAGES", false),
        ("path -m found", true),
        ("hdr(none) -m found", false),
        ("hdr(x) two", true),
        ("hdr(x) one,", false),
        ("hdr(x) three", true),
        ("hdr_sub(x) hre", true),
        ("hdr_dom(host) example.com", true),
        ("hdr_dom(host) xample", false),
        ("hdr(host) -i WWW.EXAMPLE.COM", true),
        ("hdr(x,1) three", false),
        ("hdr_cnt(x) 3", true),
        ("hdr_cnt(x) ge 4", false),
        ("hdr_val(n) lt 6", true),
        ("hdr_val(n) eq 4 5", true),
        ("hdr(n) -m int 5", true),
        ("hdr(n) -m int gt 5", false),
        ("hdr(n) -m bool", true),
        ("hdr(n) -m len 1", true),
        ("cook(t) def", true),
        ("cook -m str def", true),
        ("urlp(q) 2", true),
        ("src 127.0.0.0/8", true),
        ("src 10.0.0.0/8 ::1", false),
        ("dst_port 8080", true),
        ("dst_port 80:90", false),
        ("method GET POST", true),
        ("method POST", false),
        ("always_true", true),
        ("str(ab) -m bin 6162", true),
        ("path -- -x /images/a.png", true),
        ("str(-x) -- -x", true),
    ] {
        let text = format!("if {{ {acl} }}");
        assert_eq!(passes(&mut stage, &[], &text), want, "{acl}");
        let named = format!("a {acl}");
        assert_eq!(passes(&mut stage, &[&named], "if a"), want, "{acl}, named");
        assert_eq!(passes(&mut stage, &[&named], "unless a"), !want, "{acl}, unless");
    }
}

#[test]
fn conditions_combine() {
    let mut stage = request();
    let acls = ["t always_true", "f always_false", "m always_false", "m path_beg /im"];
    for (text, want) in [
        ("if t", true),
        ("if t t", true),
        ("if t f", false),
        ("if f or t", true),
        ("if f || t", true),
        ("if f OR t", true),
        ("if t f || f t", false),
        ("if !f", true),
        ("if ! f", true),
        ("if !!t", true),
        ("if !t or !f", true),
        ("if t !{ path /x }", true),
        ("if ! { path_beg /images }", false),
        ("if m", true),
        ("if TRUE", true),
        ("if METH_GET !METH_POST", true),
        ("if FALSE or LOCALHOST", true),
        ("if HTTP_URL_SLASH HTTP_1.1", true),
        ("if HTTP_URL_ABS or HTTP_URL_STAR", false),
        ("unless t", false),
        ("unless f or f", true),
        ("if t or", true),
        ("if or t", true),
        ("if f || || t", true),
        ("if", false),
        ("unless", true),
    ] {
        assert_eq!(passes(&mut stage, &acls, text), want, "{text}");
    }
}

#[test]
fn an_acl_completed_later_counts() {
    let mut stage = request();
    let cond = stage.compile(|cx| {
        let span = Span::default();
        let word = |t: &'static str| Token { bytes: t.as_bytes(), span };
        let mut set = AclSet::default();
        set.add(&["a", "path", "/x"].map(word), cx).expect("first");
        let cond = Condition::parse(&["if", "a"].map(word), &set, cx).expect("condition");
        set.add(&["a", "path_end", "png"].map(word), cx).expect("second");
        cond
    });
    assert_eq!(cond.eval(&stage.env()), Verdict::Pass);
}

#[test]
fn content_rules_wait_for_what_may_come() {
    let mut stage = Stage {
        payload: Some((b"abc".to_vec(), false)),
        no_more: false,
        ..Stage::default()
    };
    for (text, want) in [
        ("if { req.len gt 5 }", Verdict::Wait),
        ("if { req.len gt 2 }", Verdict::Pass),
        ("if !{ req.len gt 5 }", Verdict::Wait),
        ("if { req.len gt 5 } FALSE", Verdict::Fail),
        ("if { req.len gt 5 } or TRUE", Verdict::Pass),
        ("if { req.ssl_sni -m found }", Verdict::Fail),
        ("if { payload(0,5) -m found }", Verdict::Wait),
        ("if WAIT_END", Verdict::Wait),
        ("unless WAIT_END", Verdict::Wait),
    ] {
        assert_eq!(stage.verdict(&[], text), Ok(want), "{text}");
    }
    stage.no_more = true;
    for (text, want) in [
        ("if { req.len gt 5 }", Verdict::Fail),
        ("if !{ payload(0,5) -m found }", Verdict::Pass),
        ("if WAIT_END", Verdict::Pass),
    ] {
        assert_eq!(stage.verdict(&[], text), Ok(want), "{text}");
    }
}

#[test]
fn mistakes_are_told_in_haproxys_words() {
    let mut stage = Stage::default();
    for (acl, want) in [
        ("x", "missing fetch method in ACL expression ''"),
        ("a foo", "unknown fetch method 'foo' in ACL expression 'foo'"),
        ("a path -m foo /x", "unknown matching method 'foo' when parsing ACL expression"),
        ("a src -f /nonexist", "failed to open pattern file </nonexist>"),
        (
            "a req.body x",
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('req.body')",
        ),
        (
            "a var(txn.x) x",
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('var(txn.x)')",
        ),
        ("a%b path x", "character '%' is not permitted in acl name 'a%b'"),
        ("a path -u x x", "the argument of -u must be an integer"),
        (
            "a path -Z x",
            "'-Z' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
        ),
        ("a path(x) y", "ACL keyword 'path' : expected ')' before 'x)'"),
        ("a hdr_beg(a b", "ACL keyword 'hdr_beg' : expected ')'"),
        (
            "a always_true -m ip 1.2.3.4",
            "matching method 'ip' cannot be used with fetch keyword 'always_true'",
        ),
    ] {
        assert_eq!(stage.verdict(&[acl], "if TRUE"), Err(want.to_owned()), "{acl}");
    }
    for (text, want) in [
        ("if nosuch", "no such ACL : 'nosuch'"),
        ("if { path /x", "missing closing '}' in condition"),
        ("if { }", "missing fetch method in ACL expression ''"),
        ("if {path /a}", "no such ACL : '{path'"),
        ("when x", "conditions must start with either 'if' or 'unless'"),
    ] {
        assert_eq!(stage.verdict(&[], text), Err(want.to_owned()), "{text}");
    }
    for bad in [
        "a nbsrv eq x",
        "a nbsrv xx 1",
        "a dst_port 90:80",
        "a hdr_reg(host) (",
        "a src foo",
        "a str(x) -m bin 616",
    ] {
        assert!(stage.verdict(&[bad], "if TRUE").is_err(), "{bad}");
    }
}

#[test]
fn what_never_matches_is_a_warning() {
    let mut stage = Stage::default();
    for (acl, told) in [
        ("a path", true),
        ("a path --", false),
        ("a path -m found", false),
        // Whoever writes flags has thought of it.
        ("a path -i", false),
        ("a path_reg -m str x", true),
        ("a method -m found", true),
        ("a method -m str x", true),
        ("a method,lower x", true),
        ("a path_reg,lower x", true),
        ("a path_beg,lower -m beg x", false),
        ("a path,lower x", false),
        ("a path -u 0000001 x", false),
        ("a path -u -7 x", false),
        ("a path_reg -m reg x", false),
        ("a path -m beg x", false),
        ("a hdr(x) -m sub x", false),
        ("or path x", true),
        ("a path x", false),
    ] {
        let before = stage.diags.len();
        stage.verdict(&[acl], "if TRUE").expect(acl);
        assert_eq!(stage.diags.len() > before, told, "{acl}");
    }
    let cond = stage
        .condition(&["a res.hdr(a) -m found"], "if a or { res.ver 1.1 } or { src 1.2.3.4 }")
        .expect("condition");
    assert_eq!(
        cond.misplaced(Needs::FE_HRQ_H, None).as_deref(),
        Some("acl 'a' will never match because it only involves keywords that are incompatible with 'frontend http-request header rule'.")
    );
    assert_eq!(
        cond.misplaced(Needs::FE_CONN, Some("tcp-request connection")).as_deref(),
        Some(
            "acl 'a' will never match in 'tcp-request connection' because it only involves keywords that are incompatible with \
             'frontend tcp-request connection rule'"
        )
    );
    let mixed = stage.condition(&["m src 1.2.3.4", "m res.ver 1.1"], "if m").expect("condition");
    assert_eq!(
        mixed.misplaced(Needs::FE_HRQ_H, None).as_deref(),
        Some("acl 'm' involves keywords 'res.ver' which is incompatible with 'frontend http-request header rule'.")
    );
    assert!(mixed.misplaced(Needs::BE_HRS_H, None).is_none());
    assert!(cond.misplaced(Needs::BE_HRS_H, None).is_none());
}

#[test]
fn criteria_are_those_of_haproxy() {
    assert_eq!(CRITERIA.len(), 77);
    assert!(CRITERIA.is_sorted_by_key(|c| c.name));
    for c in CRITERIA {
        assert!(crate::registry::fetch(c.fetch).is_some(), "{}", c.name);
    }
}

#[test]
fn versions_compare_as_versions() {
    let mut hello = vec![22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
    hello.extend([0; 32]);
    hello.extend([0, 0, 2, 0x13, 1, 1, 0]);
    let mut stage = Stage {
        payload: Some((hello, true)),
        ..Stage::default()
    };
    for (acl, want) in [
        ("req.ssl_ver 3.3", true),
        ("req.ssl_ver 3:3.1", false),
        ("req.ssl_ver 3:3.3", true),
        ("req.ssl_ver gt 3.2", true),
        ("req.ssl_ver gt 3.3", false),
        ("req.ssl_ver le 3.3", true),
        ("req.ssl_ver lt 3.3", false),
        ("req_ssl_ver 3.3", true),
    ] {
        assert_eq!(passes(&mut stage, &[], &format!("if {{ {acl} }}")), want, "{acl}");
    }
}

#[test]
fn a_name_may_have_very_many_lines() {
    let mut stage = request();
    let lines: Vec<String> = (0..500).map(|i| format!("a path /{i}")).collect();
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert!(!passes(&mut stage, &lines, "if a"));
    lines.push("a path_end .png");
    assert!(passes(&mut stage, &lines, "if a"));
    let acl = Acl::new("a");
    for i in 0..100 {
        assert_eq!(acl.tests().count(), i);
        assert!(acl.test(i).is_none());
        let (text, span) = (format!("/{i}"), Span::default());
        let words = [&b"path"[..], text.as_bytes()].map(|bytes| Token { bytes, span });
        acl.push(stage.compile(|cx| Test::compile(&words, span, cx)).expect("a test"));
        let nth = acl.test(i).expect("it was added");
        assert!(std::ptr::eq(nth, acl.tests().last().expect("it was added")));
    }
    assert_eq!(acl.needs(), acl.test(99).expect("the last").needs());
}

#[test]
fn words_are_told_as_they_are_written() {
    let mut stage = Stage::default();
    for (cond, want, bytes) in [
        ("if { hdr(a) b }", Some("'hdr'"), false),
        ("if { path_beg /a }", Some("'path_beg'"), false),
        ("if { req.len gt 4 }", Some("'req.len'"), true),
        ("if { payload(0,3) -m found }", Some("'payload'"), true),
        ("if { req.body_len gt 4 }", Some("'req.body_len'"), false),
        ("if { src 1.2.3.4 }", None, false),
        ("if REQ_CONTENT", Some("'req.len'"), true),
    ] {
        let cond_of = stage.condition(&[], cond).expect(cond);
        let told = cond_of.misplaced(Needs::FE_HRS_H, None);
        let word = told
            .as_deref()
            .and_then(|t| t.split("keyword ").nth(1))
            .and_then(|t| t.split(' ').next());
        assert_eq!(cond_of.reads_bytes(), bytes, "{cond}");
        if !cond.ends_with("CONTENT") {
            assert_eq!(word, want, "{cond}: {told:?}");
        }
    }
}
