use super::*;

fn s(t: &str) -> Value<'_> {
    Value::Str(Cow::Borrowed(t.as_bytes()))
}

fn v4(t: &str) -> Value<'static> {
    Value::V4(t.parse().expect(t))
}

fn v6(t: &str) -> Value<'static> {
    Value::V6(t.parse().expect(t))
}

#[test]
fn strings_as_integers() {
    for (text, want) in [
        ("12abc", Some(12)),
        ("abc", Some(0)),
        ("-12", Some(-12)),
        ("+12", Some(12)),
        ("99999999999999999999", Some(i64::MAX)),
        ("-99999999999999999999", Some(i64::MIN)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("", None),
        (" 12", Some(0)),
        ("0x10", Some(0)),
    ] {
        assert_eq!(parse_int(text.as_bytes()), want, "{text}");
    }
}

#[test]
fn values_of_fields_have_32_bits() {
    for (text, want) in [
        ("3000000000", -1_294_967_296),
        ("4294967301", 5),
        ("-3000000000", 1_294_967_296),
        ("-5", -5),
        ("12ab", 12),
        ("+5", 0),
        ("abc", 0),
        ("", 0),
        ("99999999999999999999", 1_661_992_959),
    ] {
        assert_eq!(parse_val(text.as_bytes()), want, "{text}");
    }
}

#[test]
fn every_cast_gives_what_haproxy_gives() {
    for (value, to, want) in [
        (Value::Int(16_909_060), Type::Ipv4, Some(v4("1.2.3.4"))),
        (Value::Int(-1), Type::Addr, Some(v4("255.255.255.255"))),
        (Value::Int(1), Type::Ipv6, Some(v6("::ffff:0.0.0.1"))),
        (s("1.2.3.4"), Type::Addr, Some(v4("1.2.3.4"))),
        (s("::1"), Type::Addr, Some(v6("::1"))),
        (s("::ffff:1.2.3.4"), Type::Addr, Some(v6("::ffff:1.2.3.4"))),
        (s("1.2.3"), Type::Addr, None),
        (s("1.2.3.4:80"), Type::Addr, Some(v4("1.2.3.4"))),
        (s("1.2.3.4 and more"), Type::Ipv4, Some(v4("1.2.3.4"))),
        (s("001.2.3.0004"), Type::Addr, Some(v4("1.2.3.4"))),
        (s("1.2.3.4.5"), Type::Addr, None),
        (s("1.2.3.4."), Type::Addr, None),
        (s("1.2.3.256"), Type::Addr, None),
        (s("1.2.3."), Type::Addr, None),
        (s("::1x"), Type::Addr, None),
        (s("::ffff:1.2.3.4"), Type::Ipv4, None),
        (s("::1"), Type::Ipv4, None),
        (s("2"), Type::Bool, Some(Value::Bool(true))),
        (s("true"), Type::Bool, Some(Value::Bool(false))),
        (v4("127.0.0.1"), Type::Sint, Some(Value::Int(2_130_706_433))),
        (v4("1.2.3.4"), Type::Ipv6, Some(v6("::ffff:1.2.3.4"))),
        (v6("::ffff:1.2.3.4"), Type::Ipv4, Some(v4("1.2.3.4"))),
        (v6("::102:304"), Type::Ipv4, Some(v4("1.2.3.4"))),
        (v6("2002:102:304::1"), Type::Ipv4, Some(v4("1.2.3.4"))),
        (v6("::1"), Type::Ipv4, Some(v4("0.0.0.1"))),
        (v6("::2:3:4"), Type::Ipv4, None),
        (v6("2001:db8::1"), Type::Ipv4, None),
        (v6("::102:304"), Type::Str, Some(s("::1.2.3.4"))),
        (v6("::1"), Type::Str, Some(s("::1"))),
        (v6("::ffff:1.2.3.4"), Type::Str, Some(s("::ffff:1.2.3.4"))),
        (v6("2001:db8:0:0:1::1"), Type::Str, Some(s("2001:db8::1:0:0:1"))),
        (Value::Bool(true), Type::Str, Some(s("1"))),
        (Value::Bool(true), Type::Sint, Some(Value::Int(1))),
        (
            Value::Bool(true),
            Type::Bin,
            Some(Value::Bin(Cow::Borrowed(&[0, 0, 0, 0, 0, 0, 0, 1]))),
        ),
        (Value::Int(5), Type::Bin, Some(Value::Bin(Cow::Borrowed(&[0, 0, 0, 0, 0, 0, 0, 5])))),
        (v4("127.0.0.1"), Type::Bin, Some(Value::Bin(Cow::Borrowed(&[127, 0, 0, 1])))),
        (Value::Bin(Cow::Borrowed(b"A\0BC")), Type::Str, Some(s("A"))),
        (Value::Method(Method::Get), Type::Str, Some(s("GET"))),
        (s("POST"), Type::Meth, Some(Value::Method(Method::Post))),
        (s("FOO"), Type::Meth, Some(Value::Method(Method::Other(Cow::Borrowed(b"FOO"))))),
        (Value::Int(1), Type::Meth, None),
    ] {
        let shown = format!("{value:?} as {to:?}");
        assert_eq!(value.cast(to), want, "{shown}");
    }
}

const TYPES: [Type; 9] = [
    Type::Any,
    Type::Bool,
    Type::Sint,
    Type::Addr,
    Type::Ipv4,
    Type::Ipv6,
    Type::Str,
    Type::Bin,
    Type::Meth,
];

#[test]
fn a_cast_is_refused_at_load_where_it_never_works_at_run_time_and_only_there() {
    for values in [
        &[Value::Bool(true)][..],
        &[Value::Int(1)],
        &[v4("1.2.3.4")],
        &[v6("::ffff:1.2.3.4")],
        &[s("1"), s("1.2.3.4"), s("::1")],
        &[Value::Bin(Cow::Borrowed(b"1"))],
        &[Value::Method(Method::Get)],
    ] {
        for to in TYPES {
            let works = values.iter().any(|value| value.clone().cast(to).is_some());
            assert_eq!(values[0].kind().casts_to(to), works, "{values:?} as {to:?}");
        }
    }
}

#[test]
fn text_is_the_same_written_or_cast() {
    for value in [
        Value::Bool(false),
        Value::Int(i64::MIN),
        v4("1.2.3.4"),
        v6("fe80::1"),
        s("x"),
        Value::Bin(Cow::Borrowed(b"a\0b")),
        Value::Method(Method::Connect),
    ] {
        let mut out = Vec::new();
        value.write_str(&mut out);
        assert_eq!(&*value.into_str(), &*out);
    }
}

proptest::proptest! {
    #[test]
    fn integers_survive_a_trip_through_text(n in proptest::num::i64::ANY) {
        let text = Value::Int(n).cast(Type::Str).expect("text");
        proptest::prop_assert_eq!(text.cast(Type::Sint), Some(Value::Int(n)));
    }

    #[test]
    fn addresses_survive_a_trip_through_text_and_ipv6(n in proptest::num::u32::ANY) {
        let a = Value::V4(Ipv4Addr::from_bits(n));
        let text = a.clone().cast(Type::Str).expect("text");
        proptest::prop_assert_eq!(text.bytes().map(<[u8]>::to_vec), Some(Ipv4Addr::from_bits(n).to_string().into_bytes()));
        proptest::prop_assert_eq!(text.cast(Type::Addr), Some(a.clone()));
        let wide = a.clone().cast(Type::Ipv6).expect("mapped");
        proptest::prop_assert_eq!(wide.cast(Type::Ipv4), Some(a));
    }

    #[test]
    fn any_bytes_cast_or_not_but_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
        for to in TYPES {
            drop(Value::Str(Cow::Borrowed(&bytes)).cast(to));
            drop(Value::Bin(Cow::Borrowed(&bytes)).cast(to));
        }
    }
}
