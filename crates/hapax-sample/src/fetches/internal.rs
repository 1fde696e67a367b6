//! Constants and the state of the process (manual, 7.3.2).

use std::borrow::Cow;

use hapax_value::{Method, Type, Value};

use crate::{Absent, Arg, ArgKind, Call, Compile, Fetch, Needs, Sampled};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new("always_false", Type::Bool, Needs::ALL, "False.", |_| Ok(Value::Bool(false))).steady(),
    Fetch::new("always_true", Type::Bool, Needs::ALL, "True.", |_| Ok(Value::Bool(true))).steady(),
    Fetch::new("bool", Type::Bool, Needs::ALL, "The boolean written in its argument.", constant)
        .args(&[ArgKind::Str], 1)
        .check(check_bool)
        .cases(&["bool(true)", "bool(False)", "bool(0)"], &["bool(yes)", "bool(2)", "bool"]),
    Fetch::new("int", Type::Sint, Needs::ALL, "The integer written in its argument.", |c| {
        Ok(Value::Int(c.int(0).ok_or(Absent::Never)?))
    })
    .args(&[ArgKind::Sint], 1)
    .cases(&["int(-5)", "int(42)"], &["int", "int()", "int(x)"]),
    Fetch::new("str", Type::Str, Needs::ALL, "The text written in its argument.", |c| {
        Ok(Value::Str(Cow::Borrowed(c.text(0).unwrap_or_default())))
    })
    .args(&[ArgKind::Str], 1)
    .cases(&["str(a)", "str(\"a,b\")", "str", "str()"], &["str(a", "str(a,b)"]),
    Fetch::new(
        "bin",
        Type::Bin,
        Needs::ALL,
        "The bytes written in hexadecimal in its argument.",
        |c| Ok(Value::Bin(Cow::Borrowed(c.text(0).unwrap_or_default()))),
    )
    .args(&[ArgKind::Str], 1)
    .check(check_bin)
    .cases(&["bin(00ff)"], &["bin", "bin()", "bin(zz)", "bin(123)"]),
    Fetch::new(
        "ipv4",
        Type::Ipv4,
        Needs::ALL,
        "The IPv4 address written in its argument.",
        constant,
    )
    .args(&[ArgKind::Ipv4], 1)
    .cases(&["ipv4(1.2.3.4)"], &["ipv4(x)", "ipv4"]),
    Fetch::new(
        "ipv6",
        Type::Ipv6,
        Needs::ALL,
        "The IPv6 address written in its argument.",
        constant,
    )
    .args(&[ArgKind::Ipv6], 1)
    .cases(&["ipv6(::1)"], &["ipv6(1.2.3.4)"]),
    Fetch::new("meth", Type::Meth, Needs::ALL, "The HTTP method written in its argument.", |c| {
        Ok(Value::Method(Method::from_bytes(c.text(0).unwrap_or_default())))
    })
    .args(&[ArgKind::Str], 1)
    .cases(&["meth(GET)"], &[]),
];

fn constant<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    match c.arg(0) {
        Arg::Int(n) => Ok(Value::Bool(*n != 0)),
        Arg::V4(a) => Ok(Value::V4(*a)),
        Arg::V6(a) => Ok(Value::V6(*a)),
        _ => Err(Absent::Never),
    }
}

fn check_bool(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let truth = match args.first() {
        Some(Arg::Str(s)) if s.eq_ignore_ascii_case(b"true") || **s == *b"1" => 1,
        Some(Arg::Str(s)) if s.eq_ignore_ascii_case(b"false") || **s == *b"0" => 0,
        _ => return Err("Expects 'true', 'false', '0' or '1'".to_owned()),
    };
    args[0] = Arg::Int(truth);
    Ok(())
}

fn check_bin(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let Some(Arg::Str(text)) = args.first() else {
        return Ok(());
    };
    if text.is_empty() {
        return Err("hex digits are expected".to_owned());
    }
    if !text.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected".to_owned());
    }
    if let Some(bad) = text.iter().find(|b| !b.is_ascii_hexdigit()) {
        return Err(format!("an hex digit is expected (found '{}')", *bad as char));
    }
    let nibble = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
    let bytes: Vec<u8> = text.chunks_exact(2).map(|p| (nibble(p[0]) << 4) | nibble(p[1])).collect();
    args[0] = Arg::Str(bytes.into());
    Ok(())
}
