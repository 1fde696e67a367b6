use super::{shown, table};

#[test]
fn escaping() {
    table(&[
        ("str(ab),json", "ab"),
        ("bin(61225c2f),json", "a\\\"\\\\\\/"),
        ("bin(c3a9),json", "\\u00c3\\u00a9"),
        ("bin(c3a9),json(utf8)", "\\u00e9"),
        ("bin(e282ac),json(utf8)", "\\u20ac"),
        ("bin(f09f9880),json(utf8)", "-"),
        ("bin(f09f9880),json(utf8s)", ""),
        ("bin(c3),json(utf8)", "-"),
        ("bin(61c362),json(utf8s)", "ab"),
        ("bin(61c0af62),json(utf8s)", "ab"),
        ("bin(61c0af62),json(utf8p)", "a\\/b"),
        ("bin(61c0af62),json(utf8ps)", "a\\/b"),
        ("bin(61c0af62),json(utf8)", "-"),
        ("bin(eda080),json(utf8)", "-"),
        ("bin(eda080),json(utf8s)", ""),
        ("bin(efbfbf),json(utf8)", "-"),
        ("bin(efb790),json(utf8)", "\\ufdd0"),
        ("bin(6180),json(utf8s)", "a"),
        ("bin(e28261),json(utf8s)", "a"),
        ("bin(f0908061),json(utf8s)", "a"),
        ("bin(61090d0a62017f),json", "a\\t\\r\\nb\\u0001\\u007f"),
    ]);
}

#[test]
fn queries() {
    let cases: &[(&str, &str, &str)] = &[
        (r#"{"a":{"b":[1,"x",{"c":null}]}}"#, "$.a.b", r#"[1,"x",{"c":null}]"#),
        (r#"{"a":1}"#, "$.a", "1"),
        (r#"{"a":1.5}"#, "$.a", "1.5"),
        (r#"{"a":1.5}"#, "$.a,int", "1"),
        (r#"{"a":true}"#, "$.a", "1"),
        (r#"{"a":false}"#, "$.a", "0"),
        (r#"{"a":"x\"y\u00e9"}"#, "$.a", "x\"y\u{e9}"),
        (r#"{"a":null}"#, "$.a", "-"),
        (r#"{"a":{"b":1}}"#, "$.a", "-"),
        (r#"{"a.b":5}"#, r#""$.a\\.b""#, "5"),
        (r#"{"a":[5,6]}"#, "$.a[1]", "6"),
        (r#"{"a":[5,6]}"#, "$.a[2]", "-"),
        (r#"{"a":[5,6]}"#, "$.a[*]", "5"),
        (r#"{"a":[{"b":7}]}"#, "$.a[0].b", "7"),
        (r#"{"a":99999999999999999999}"#, "$.a", "1e+20"),
        (r#"{"a":99999999999999999999}"#, "$.a,int", "-"),
        (r#"{"a":-5}"#, "$.a,int", "-5"),
        (r#"{"a":5}"#, "$.b", "-"),
        (r#"{"a":5}"#, "a", "-"),
        (r#"{"a":5}"#, "$", "-"),
        ("5", "$", "5"),
        (r#"{"a":5"#, "$.a", "5"),
        ("[1,2]", "$[0]", "1"),
        (r#"{"a":1e3}"#, "$.a", "1000"),
        (r#"{"a":1e3}"#, "$.a,int", "1"),
        (r#"{"a":"s"}"#, "$.a,int", "s"),
        (r#"{"a":1,"a":2}"#, "$.a", "1"),
        (r#"{"a":9007199254740993}"#, "$.a", "9.0072e+15"),
        (r#"{"a":123456789012}"#, "$.a", "1.23457e+11"),
        (r#"{"a":-1.25}"#, "$.a", "-1.25"),
        (r#"{"a":0.1}"#, "$.a", "0.1"),
        (r#"{"a" : {"b" : 3}}"#, "$.a.b", "3"),
        (r#"{"a":"\ud83d"}"#, "$.a", "-"),
        ("10.0.0.1", "$", "10"),
        ("[1.5.3,2]", "$[0]", "1.5"),
        ("[1.5.3,2]", "$[1]", "2"),
        ("1e5e5", "$", "100000"),
        ("12e+", "$", "12"),
        ("-", "$", "0"),
        ("-e5", "$", "0"),
        ("12.", "$", "0"),
        ("1.e2", "$", "100"),
        ("0123", "$", "123"),
        ("0123", "$,int", "83"),
        ("-0189", "$,int", "-1"),
    ];
    for (document, path, expected) in cases {
        let hex = String::from_utf8(super::super::encodings::hex(document.as_bytes())).unwrap();
        assert_eq!(&shown(&format!("bin({hex}),json_query({path})")), expected, "{document} {path}");
    }
}

#[test]
fn deep_documents_are_refused() {
    let hex = "5b".repeat(100_000);
    assert_eq!(shown(&format!("bin({hex}),json_query($)")), "-");
}
