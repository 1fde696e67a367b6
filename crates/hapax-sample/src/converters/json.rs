//! JSON: escaping texts for it, and looking up values in it.

pub(super) mod path;

use std::borrow::Cow;

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};
use path::Token;

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "json",
        Type::Str,
        Type::Str,
        "Escapes a text for a JSON string. The input is read as `ascii` (every byte a character) or as UTF-8: `utf8` refuses \
         errors, `utf8s` leaves them out; `utf8p` and `utf8ps` do the same but take overlong forms.",
        escape,
    )
    .args(&[ArgKind::Str], 1)
    .check(check_input)
    .cases(&["str(a),json", "str(a),json(utf8s)"], &["str(a),json(latin1)"]),
    Converter::new(
        "json_query",
        Type::Str,
        Type::Any,
        "The value at a path (`$.a.b[2]`) of a JSON document: strings decoded, booleans, numbers as text or, with `int`, as \
         an integer, arrays as they are written. There is none for objects and null.",
        query,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 1)
    .check(|args, _| check_query(args, 0))
    .cases(
        &["str(1),json_query($)", "str(1),json_query($.a,int)"],
        &["str(1),json_query", "str(1),json_query()", "str(1),json_query($.a,str)"],
    ),
];

const ASCII: i64 = 0;
/// Flags of the UTF-8 readings.
const UTF8: i64 = 1;
const SILENT: i64 = 2;
const PERMISSIVE: i64 = 4;

fn check_input(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let reading = match arg::word(args, 0).unwrap_or_default() {
        "" | "ascii" => ASCII,
        "utf8" => UTF8,
        "utf8s" => UTF8 | SILENT,
        "utf8p" => UTF8 | PERMISSIVE,
        "utf8ps" => UTF8 | SILENT | PERMISSIVE,
        _ => {
            return Err("Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'".to_owned());
        }
    };
    arg::put(args, 0, Arg::Int(reading));
    Ok(())
}

/// What stands at the beginning of some bytes read as UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Utf8 {
    Good(u32),
    /// Well formed, but longer than need be.
    Overlong(u32),
    Bad,
}

/// The first character and how many bytes it takes.
fn next_char(bytes: &[u8]) -> (Utf8, usize) {
    let Some(&first) = bytes.first() else { return (Utf8::Bad, 1) };
    let (more, low_bits, least) = match first {
        0..=0x7f => return (Utf8::Good(u32::from(first)), 1),
        0xc0..=0xdf => (1, 0x1f, 0x80),
        0xe0..=0xef => (2, 0x0f, 0x800),
        0xf0..=0xf7 => (3, 0x07, 0x1_0000),
        0xf8..=0xfb => (4, 0x03, 0x20_0000),
        0xfc..=0xfd => (5, 0x01, 0x400_0000),
        _ => return (Utf8::Bad, 1),
    };
    let mut c = u32::from(first) & low_bits;
    for n in 1..=more {
        match bytes.get(n) {
            Some(&b) if b & 0xc0 == 0x80 => c = c << 6 | u32::from(b & 0x3f),
            _ => return (Utf8::Bad, n),
        }
    }
    let state = match c {
        0xd800..=0xdfff | 0xfffe | 0xffff => Utf8::Bad,
        c if c < least => Utf8::Overlong(c),
        c => Utf8::Good(c),
    };
    (state, more + 1)
}

fn escape<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let text = arg::bytes(value)?;
    let reading = arg::int(args, 0).unwrap_or(ASCII);
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut rest: &[u8] = &text;
    while let Some(&first) = rest.first() {
        if reading == ASCII {
            rest = &rest[1..];
            escape_char(u32::from(first), &mut out);
            continue;
        }
        let (state, len) = next_char(rest);
        rest = rest.get(len..).unwrap_or_default();
        match state {
            Utf8::Good(c) if c <= 0xffff => escape_char(c, &mut out),
            Utf8::Overlong(c) if c <= 0xffff && reading & PERMISSIVE != 0 => escape_char(c, &mut out),
            _ if reading & SILENT != 0 => {}
            _ => return Err(Absent::Never),
        }
    }
    Ok(Value::Str(out.into()))
}

fn escape_char(c: u32, out: &mut Vec<u8>) {
    let short = match c {
        0x22 | 0x2f | 0x5c => c as u8,
        0x08 => b'b',
        0x0c => b'f',
        0x0d => b'r',
        0x0a => b'n',
        0x09 => b't',
        0x20..=0x7e => {
            out.push(c as u8);
            return;
        }
        _ => {
            out.extend_from_slice(format!("\\u{c:04x}").as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Arguments of a path and an output type, from the argument at `first`.
pub(super) fn check_query(args: &mut Vec<Arg>, first: usize) -> Result<(), String> {
    if arg::text(args, first).is_none_or(<[u8]>::is_empty) {
        return Err("json_path must not be empty".to_owned());
    }
    match arg::text(args, first + 1) {
        None => Ok(()),
        Some(b"int") => {
            arg::put(args, first + 1, Arg::Int(1));
            Ok(())
        }
        Some(_) => Err("output_type only supports \"int\" as argument".to_owned()),
    }
}

fn query<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let text = arg::bytes(value)?;
    lookup(&text, args)
}

/// Integers that every JSON reader takes exactly.
const EXACT: i64 = 1 << 53;

/// What a document has where the arguments say.
pub(super) fn lookup<'v>(document: &[u8], args: &[Arg]) -> Sampled<'v> {
    let as_int = arg::int(args, 1).is_some();
    let text = |bytes: Vec<u8>| Ok(Value::Str(Cow::Owned(bytes)));
    match path::find(document, arg::text(args, 0).unwrap_or_default()) {
        Some(Token::True) => Ok(Value::Bool(true)),
        Some(Token::False) => Ok(Value::Bool(false)),
        Some(Token::String(raw)) => text(path::unescape(raw).ok_or(Absent::Never)?),
        Some(Token::Array(raw)) => text(raw.to_vec()),
        Some(Token::Number(raw)) if as_int => {
            let n = integer(raw).filter(|n| -EXACT < *n && *n < EXACT);
            n.map(Value::Int).ok_or(Absent::Never)
        }
        Some(Token::Number(raw)) => text(six_digits(decimal(raw)).into_bytes()),
        Some(Token::Null | Token::Object) | None => Err(Absent::Never),
    }
}

/// The number at the start of a text, as far as it goes: 0 where there is none, and where nothing follows its point.
fn decimal(text: &[u8]) -> f64 {
    let digits_from = |at: usize| at + text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    let sign = usize::from(text.first() == Some(&b'-'));
    let mut end = digits_from(sign);
    if text.get(end) == Some(&b'.') {
        end = digits_from(end + 1);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let power = digits_from(end + 1 + signed);
        if power > end + 1 + signed {
            end = power;
        }
    }
    let number = &text[..end];
    if number.ends_with(b".") {
        return 0.0;
    }
    std::str::from_utf8(number).ok().and_then(|n| n.parse().ok()).unwrap_or(0.0)
}

/// The integer at the start of a text; one that begins with 0 is in octal.
fn integer(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        rest => (1, rest),
    };
    if digits.first() != Some(&b'0') {
        return hapax_value::parse_int(text);
    }
    let octal = digits.iter().take_while(|b| (b'0'..b'8').contains(b));
    let n = octal.fold(0i64, |n, b| n.saturating_mul(8).saturating_add(i64::from(b - b'0')));
    Some(sign * n)
}

/// A number with six significant digits, as C prints them with `%g`.
fn six_digits(n: f64) -> String {
    if n == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{n:.5e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |digits: &str| {
        if digits.contains('.') {
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            digits.to_owned()
        }
    };
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).unwrap_or(0);
        return trim(&format!("{n:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(mantissa), exponent.unsigned_abs())
}
