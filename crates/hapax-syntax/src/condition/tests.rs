use super::*;
use crate::BuildFacts;

fn env() -> Environment {
    let facts = BuildFacts {
        version: "3.5.2-7".into(),
        features: vec!["OPENSSL".into()],
        ssl_library: "AWS-LC".into(),
        openssl_version: "1.1.1".into(),
        awslc_api: Some(35),
        fips: false,
        enabled: vec!["EPOLL".into()],
    };
    Environment::new([(b"A".to_vec(), b"1".to_vec()), (b"NAME".to_vec(), b"a b".to_vec())], facts)
}

#[test]
fn conditions_have_haproxys_answers() {
    let table = [
        ("", Ok(false)),
        ("0", Ok(false)),
        ("1", Ok(true)),
        ("-1", Ok(true)),
        ("+1", Ok(true)),
        ("00", Ok(false)),
        ("0x10", Ok(true)),
        ("!1", Ok(false)),
        ("!! 1", Ok(true)),
        ("( 1 )", Ok(true)),
        ("1 && (0 || 1)", Ok(true)),
        ("1&&1||0", Ok(true)),
        ("0 && 1 || 1 && 0", Ok(false)),
        ("0 || 0 || 1", Ok(true)),
        ("defined", Ok(false)),
        ("defined()", Ok(false)),
        ("defined(A)", Ok(true)),
        ("defined( A )", Ok(false)),
        ("streq(a,a)", Ok(true)),
        ("streq(a, a)", Ok(false)),
        ("streq(,)", Ok(true)),
        ("streq(\\'a,b\\',\\\"a,b\\\")", Ok(true)),
        ("streq(\"$NAME\",a b)", Ok(true)),
        ("strneq(a,b)", Ok(true)),
        ("strstr(abc,bc)", Ok(true)),
        ("strstr(abc,x)", Ok(false)),
        ("feature(OPENSSL)", Ok(true)),
        ("feature(OPEN)", Ok(false)),
        ("enabled(EPOLL)", Ok(true)),
        ("enabled(epoll)", Ok(false)),
        ("version_atleast(3.5)", Ok(true)),
        ("version_atleast(3.5.2-7)", Ok(true)),
        ("version_atleast(3.5.2-8)", Ok(false)),
        ("version_atleast(3.6-dev1)", Ok(false)),
        ("version_atleast(3.5-dev9)", Ok(true)),
        ("version_before(3.10)", Ok(true)),
        ("version_atleast(x)", Ok(true)),
        ("openssl_version_atleast(1.1.0f)", Ok(true)),
        ("openssl_version_atleast(1.1.1a)", Ok(false)),
        ("openssl_version_before(3.0)", Ok(true)),
        ("openssl_version_before(3.0.0-beta1)", Ok(true)),
        (
            "openssl_version_atleast(1.1)",
            Err("invalid argument to conditional expression predicate 'openssl_version_atleast': '1.1'"),
        ),
        ("0 && openssl_version_atleast(zz)", Ok(false)),
        ("awslc_api_atleast(35)", Ok(true)),
        ("awslc_api_before(35)", Ok(false)),
        ("fips_mode()", Ok(false)),
        ("ssllib_name_startswith(AWS)", Ok(true)),
        ("ssllib_name_startswith(Open)", Ok(false)),
        ("1 || foo", Err("unparsable conditional expression 'foo'")),
        (
            "streq",
            Err("missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression"),
        ),
        (
            "streq()",
            Err("missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression"),
        ),
        (
            "streq(a(b),c)",
            Err("missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression"),
        ),
        (
            "streq(a,b,c)",
            Err("expected ')' before ',c)' in argument 1 of predicate 'streq' used in conditional expression"),
        ),
        (
            "defined(a,b)",
            Err("expected ')' before ',b)' in argument 1 of predicate 'defined' used in conditional expression"),
        ),
        ("0x", Err("unexpected character 'x' at the end of conditional expression '0x'")),
        ("1 2", Err("unexpected character '2' at the end of conditional expression '1 2'")),
        ("1)", Err("unexpected character ')' at the end of conditional expression '1)'")),
        (
            "1 & 1",
            Err("unexpected character '&' at the end of conditional expression '1 & 1'"),
        ),
        (")", Err("unparsable conditional expression ')'")),
        ("!", Err("unparsable conditional expression '!'")),
        ("defined||1", Err("unparsable conditional expression 'defined||1'")),
        ("(defined)", Err("unparsable conditional expression 'defined)'")),
        ("0 ||", Err("unparsable conditional expression '0 ||'")),
        ("1 &&", Err("unparsable conditional expression '&&'")),
        ("defined(A)||", Err("unparsable conditional expression 'defined(A)||'")),
        (
            "defined (A)",
            Err("unexpected character '(' at the end of conditional expression 'defined (A)'"),
        ),
        ("(1 && 0", Err("expected ')' after conditional expression '(1 && 0'")),
    ];
    for (text, want) in table {
        let got = evaluate_argument(text.as_bytes(), &env());
        let want = want.map_err(|e| format!("Failed to evaluate condition: {e}"));
        assert_eq!(got, want, "{text}");
    }
}

#[test]
fn quoting_mistakes_of_the_command_line_are_told() {
    let got = evaluate_argument(b"streq(a,\"a)", &env());
    assert_eq!(got, Err("Syntax Error in condition: Unmatched quote.".to_owned()));
}

#[test]
fn deep_nesting_is_an_error_not_a_crash() {
    let deep = "(".repeat(100_000);
    assert!(evaluate(deep.as_bytes(), &env()).is_err());
    let fair = format!("{}1{}", "(".repeat(200), ")".repeat(200));
    assert_eq!(evaluate(fair.as_bytes(), &env()), Ok(true));
}

#[test]
fn predicates_are_sorted_and_documented() {
    assert!(PREDICATES.is_sorted_by(|a, b| a.name < b.name));
    assert!(PREDICATES.iter().all(|p| !p.doc.is_empty()));
}
