//! Fields of Protocol Buffers messages, bare or inside gRPC frames.

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

const FIELD: &[ArgKind] = &[ArgKind::PbField, ArgKind::Str];

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "protobuf",
        Type::Bin,
        Type::Bin,
        "A field of a message by the dotted numbers that lead to it: its bytes, or an integer when its type is given.",
        |a, v, _| found(look_up(&arg::bytes(v)?, a)),
    )
    .args(FIELD, 1)
    .check(check)
    .cases(
        &["bin(00),protobuf(1)", "bin(00),protobuf(48.59.1,int32)"],
        &["bin(00),protobuf(x)", "bin(00),protobuf(1.)", "bin(00),protobuf(1,text)"],
    ),
    Converter::new(
        "ungrpc",
        Type::Bin,
        Type::Bin,
        "As protobuf, for a message in gRPC frames: the first frame that has the field gives it.",
        ungrpc,
    )
    .args(FIELD, 1)
    .check(check)
    .cases(
        &["bin(00),ungrpc(1)", "bin(00),ungrpc(48.59.1,int32)"],
        &["bin(00),ungrpc(x)", "bin(00),ungrpc(1,text)"],
    ),
];

/// What to make of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Bytes,
    Varint,
    ZigZag,
    Fixed64,
    Double,
    Fixed32,
    Sfixed32,
    Float,
}

/// Where a field is, and what to make of it.
struct Field {
    path: Vec<u32>,
    form: Form,
}

fn form(name: &str) -> Option<Form> {
    Some(match name {
        "int32" | "uint32" | "int64" | "uint64" | "bool" | "enum" => Form::Varint,
        "sint32" | "sint64" => Form::ZigZag,
        "fixed64" | "sfixed64" => Form::Fixed64,
        "double" => Form::Double,
        "fixed32" => Form::Fixed32,
        "sfixed32" => Form::Sfixed32,
        "float" => Form::Float,
        _ => return None,
    })
}

fn check(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let text = arg::word(args, 0).unwrap_or_default();
    let path: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
    let path = path.map_err(|_| format!("failed to parse '{text}' as a dotted list of field numbers"))?;
    let form = match arg::word(args, 1) {
        None => Form::Bytes,
        Some(name) => form(name).ok_or_else(|| format!("Wrong protocol buffer type '{name}'"))?,
    };
    arg::put_custom(args, 0, Field { path, form });
    Ok(())
}

fn found<'e>(value: Option<Value<'static>>) -> Sampled<'e> {
    value.ok_or(Absent::Never)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (&b, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u64::from(b & 0x7f) << shift;
        if b & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

fn take<'b>(bytes: &mut &'b [u8], n: usize) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(n)?;
    *bytes = rest;
    Some(taken)
}

/// The bytes of the next field with its number and wire type.
fn next<'b>(bytes: &mut &'b [u8]) -> Option<(u64, u64, &'b [u8])> {
    let key = varint(bytes)?;
    let start = *bytes;
    let content = match key & 7 {
        0 => {
            varint(bytes)?;
            start.get(..start.len() - bytes.len())?
        }
        1 => take(bytes, 8)?,
        2 => {
            let len = usize::try_from(varint(bytes)?).ok()?;
            take(bytes, len)?
        }
        5 => take(bytes, 4)?,
        _ => return None,
    };
    Some((key >> 3, key & 7, content))
}

fn look_up(message: &[u8], args: &[Arg]) -> Option<Value<'static>> {
    let field = arg::custom::<Field>(args, 0)?;
    let (last, parents) = field.path.split_last()?;
    let mut rest = message;
    for number in parents {
        loop {
            let (n, wire, content) = next(&mut rest)?;
            if n == u64::from(*number) {
                // Only a nested message has fields of its own.
                rest = (wire == 2).then_some(content)?;
                break;
            }
        }
    }
    loop {
        let (n, wire, content) = next(&mut rest)?;
        if n == u64::from(*last) {
            return value(field.form, wire, content);
        }
    }
}

fn value(form: Form, wire: u64, content: &[u8]) -> Option<Value<'static>> {
    let le64 = || content.try_into().ok().map(u64::from_le_bytes);
    let le32 = || content.try_into().ok().map(u32::from_le_bytes);
    let n = match (form, wire) {
        (Form::Bytes, _) => return Some(Value::Bin(content.to_vec().into())),
        (Form::Varint, 0) => varint(&mut &*content)? as i64,
        (Form::ZigZag, 0) => {
            let n = varint(&mut &*content)?;
            (n >> 1) as i64 ^ -((n & 1) as i64)
        }
        (Form::Fixed64, 1) => le64()? as i64,
        (Form::Double, 1) => unsigned(f64::from_bits(le64()?)),
        (Form::Fixed32, 5) => i64::from(le32()?),
        (Form::Sfixed32, 5) => i64::from(le32()? as i32),
        (Form::Float, 5) => whole(f64::from(f32::from_bits(le32()?))) & 0xffff_ffff,
        _ => return None,
    };
    Some(Value::Int(n))
}

/// The integer part; the least number stands for all that is out of range and for what is no number.
fn whole(n: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&n) { n as i64 } else { i64::MIN }
}

/// The integer part as 64 bits without a sign; what is out of their range gives what processors make of it.
fn unsigned(n: f64) -> i64 {
    const HALF: f64 = 9_223_372_036_854_775_808.0;
    if n >= HALF { whole(n - HALF) ^ i64::MIN } else { whole(n) }
}

fn ungrpc<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let body = arg::bytes(value)?;
    let mut rest: &[u8] = &body;
    // A frame is a byte that tells whether it is compressed, a length and a message, which may not be all there yet.
    while let Some(header) = take(&mut rest, 5) {
        // Whether it is compressed is not looked at: then nothing is likely to be found.
        let [_, a, b, c, d] = *header else { break };
        let len = u32::from_be_bytes([a, b, c, d]) as usize;
        let at_hand = len.min(rest.len());
        let message = take(&mut rest, at_hand).unwrap_or_default();
        if let Some(value) = look_up(message, args) {
            return Ok(value);
        }
    }
    Err(Absent::Never)
}
