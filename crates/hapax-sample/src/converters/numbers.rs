//! Arithmetic and bits. Results that do not fit are the nearest that do; operands may be variables.

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

const OPERAND: &[ArgKind] = &[ArgKind::Str];

const fn binary(name: &'static str, doc: &'static str, ok: &'static [&'static str], eval: super::Eval) -> Converter {
    Converter::new(name, Type::Sint, Type::Sint, doc, eval)
        .args(OPERAND, 1)
        .check(operand)
        .cases(ok, &["int(1),add(0x10)", "int(1),sub(abc)"])
}

pub(super) static ROWS: &[Converter] = &[
    binary(
        "add",
        "Adds the argument, a number or a variable.",
        &["int(1),add(2)", "int(1),add(txn.n)"],
        |a, v, e| with(a, v, e, i64::saturating_add),
    ),
    binary(
        "sub",
        "Subtracts the argument, a number or a variable.",
        &["int(1),sub(-2)"],
        |a, v, e| with(a, v, e, i64::saturating_sub),
    ),
    binary(
        "mul",
        "Multiplies by the argument, a number or a variable.",
        &["int(1),mul(2)"],
        |a, v, e| with(a, v, e, i64::saturating_mul),
    ),
    binary(
        "div",
        "Divides by the argument, a number or a variable, towards zero. By zero: the greatest number there is.",
        &["int(1),div(2)"],
        |a, v, e| with(a, v, e, |a, b| if b == 0 { i64::MAX } else { a.saturating_div(b) }),
    ),
    binary(
        "mod",
        "The remainder of a division by the argument, a number or a variable; it has the sign of the input. By zero: zero.",
        &["int(1),mod(2)"],
        |a, v, e| with(a, v, e, |a, b| if b == 0 { 0 } else { a.wrapping_rem(b) }),
    ),
    binary(
        "and",
        "The bits set in both the input and the argument.",
        &["int(1),and(2)"],
        |a, v, e| with(a, v, e, |a, b| a & b),
    ),
    binary("or", "The bits set in the input or the argument.", &["int(1),or(2)"], |a, v, e| {
        with(a, v, e, |a, b| a | b)
    }),
    binary(
        "xor",
        "The bits set in either the input or the argument.",
        &["int(1),xor(2)"],
        |a, v, e| with(a, v, e, |a, b| a ^ b),
    ),
    Converter::new("cpl", Type::Sint, Type::Sint, "Flips every bit.", |_, v, _| {
        number(&v).map(|n| Value::Int(!n))
    })
    .cases(&["int(1),cpl"], &["int(1),cpl(2)"]),
    Converter::new("neg", Type::Sint, Type::Sint, "The opposite number.", |_, v, _| {
        number(&v).map(|n| Value::Int(n.saturating_neg()))
    })
    .cases(&["int(1),neg"], &["int(1),neg(2)"]),
    Converter::new("bool", Type::Sint, Type::Bool, "True unless the input is zero.", |_, v, _| {
        number(&v).map(|n| Value::Bool(n != 0))
    })
    .cases(&["int(1),bool"], &["int(1),bool(2)"]),
    Converter::new("not", Type::Sint, Type::Bool, "True when the input is zero.", |_, v, _| {
        number(&v).map(|n| Value::Bool(n == 0))
    })
    .cases(&["int(1),not"], &["int(1),not(2)"]),
    Converter::new("odd", Type::Sint, Type::Bool, "True when the input is odd.", |_, v, _| {
        number(&v).map(|n| Value::Bool(n & 1 == 1))
    })
    .cases(&["int(1),odd"], &["int(1),odd(2)"]),
    Converter::new("even", Type::Sint, Type::Bool, "True when the input is even.", |_, v, _| {
        number(&v).map(|n| Value::Bool(n & 1 == 0))
    })
    .cases(&["int(1),even"], &["int(1),even(2)"]),
    Converter::new(
        "htonl",
        Type::Sint,
        Type::Bin,
        "The lower 32 bits as four bytes, the highest first.",
        |_, v, _| number(&v).map(|n| Value::Bin((n as u32).to_be_bytes().to_vec().into())),
    )
    .cases(&["int(1),htonl"], &["int(1),htonl(2)"]),
];

fn operand(args: &mut Vec<Arg>, cx: &mut Compile<'_>) -> Result<(), String> {
    arg::int_or_var(args, 0, cx)
}

pub(super) fn number(value: &Value<'_>) -> Result<i64, Absent> {
    match value {
        Value::Int(n) => Ok(*n),
        Value::Bool(b) => Ok(i64::from(*b)),
        _ => Err(Absent::Never),
    }
}

fn with<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>, op: fn(i64, i64) -> i64) -> Sampled<'e> {
    let n = number(&value)?;
    Ok(Value::Int(op(n, arg::int_now(args, 0, env)?)))
}
