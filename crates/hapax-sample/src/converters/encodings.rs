//! Bytes as text and back: hexadecimal, base 2 and 64, decimal numbers, URL encoding.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig as Config};
use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

/// Bits after the last whole byte are not looked at.
const LENIENT: Config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
pub(super) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    LENIENT.with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

const CHUNKS: &[ArgKind] = &[ArgKind::Str, ArgKind::Sint, ArgKind::Sint];

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "hex",
        Type::Bin,
        Type::Str,
        "Every byte as two hexadecimal digits in upper case.",
        |_, v, _| Ok(Value::Str(hex(&arg::bytes(v)?).into())),
    )
    .cases(&["str(a),hex"], &["str(a),hex(1)"]),
    Converter::new(
        "hex2i",
        Type::Str,
        Type::Sint,
        "The number written in hexadecimal, its last 64 bits.",
        |_, v, _| {
            let digit = |b: &u8| char::from(*b).to_digit(16).map(i64::from).ok_or(Absent::Never);
            let add = |n: i64, b: &u8| Ok(n.wrapping_shl(4).wrapping_add(digit(b)?));
            arg::bytes(v)?.iter().try_fold(0, add).map(Value::Int)
        },
    )
    .cases(&["str(ff),hex2i"], &["str(ff),hex2i(1)"]),
    Converter::new("base2", Type::Bin, Type::Str, "Every byte as eight binary digits.", |_, v, _| {
        let bytes = arg::bytes(v)?;
        let digits = |b: &u8| (0..8).rev().map(move |n| b'0' + (b >> n & 1)).collect::<Vec<_>>();
        let bytes: Vec<u8> = bytes.iter().flat_map(digits).collect();
        Ok(Value::Str(bytes.into()))
    })
    .cases(&["str(a),base2"], &["str(a),base2(1)"]),
    Converter::new("base64", Type::Bin, Type::Str, "The bytes in base 64, padded.", |_, v, e| {
        let bytes = arg::bytes(v)?;
        room_for_base64(bytes.len(), e)?;
        Ok(Value::Str(STANDARD.encode(bytes).into_bytes().into()))
    })
    .cases(&["str(a),base64"], &["str(a),base64(1)"]),
    Converter::new(
        "b64dec",
        Type::Str,
        Type::Bin,
        "The bytes that a padded base 64 text stands for.",
        |_, v, _| decode(v, &BASE64),
    )
    .cases(&["str(YQ==),b64dec"], &["str(a),b64dec(1)"]),
    Converter::new(
        "ub64enc",
        Type::Bin,
        Type::Str,
        "The bytes in the base 64 of URLs, without padding.",
        |_, v, e| {
            let bytes = arg::bytes(v)?;
            room_for_base64(bytes.len(), e)?;
            Ok(Value::Str(URL_SAFE_NO_PAD.encode(bytes).into_bytes().into()))
        },
    )
    .cases(&["str(a),ub64enc"], &["str(a),ub64enc(1)"]),
    Converter::new(
        "ub64dec",
        Type::Str,
        Type::Bin,
        "The bytes that a text in the base 64 of URLs, without padding, stands for.",
        |_, v, _| decode(v, &BASE64URL),
    )
    .cases(&["str(YQ),ub64dec"], &["str(a),ub64dec(1)"]),
    Converter::new(
        "be2dec",
        Type::Bin,
        Type::Str,
        "Groups of so many bytes (1 to 8), the highest first, as decimal numbers with a separator between them; the last \
         group may be short, or is left out with a third argument of 1.",
        |a, v, e| decimals(a, v, e, |n, b| n << 8 | b, |n, _| n),
    )
    .args(CHUNKS, 1)
    .check(check_decimals)
    .cases(
        &["bin(01020304),be2dec(:,2)", "bin(01),be2dec(,8,1)"],
        &["bin(01),be2dec(:)", "bin(01),be2dec(:,9)", "bin(01),be2dec(:,2,2)"],
    ),
    Converter::new(
        "le2dec",
        Type::Bin,
        Type::Str,
        "As be2dec, with the lowest byte of each group first.",
        |a, v, e| decimals(a, v, e, |n, b| n >> 8 | b << 56, |n, len| n >> (64 - 8 * len)),
    )
    .args(CHUNKS, 1)
    .check(check_decimals)
    .cases(
        &["bin(01020304),le2dec(:,2)", "bin(01),le2dec(,8,1)"],
        &["bin(01),le2dec(:)", "bin(01),le2dec(:,9)", "bin(01),le2dec(:,2,2)"],
    ),
    Converter::new(
        "be2hex",
        Type::Bin,
        Type::Str,
        "Every byte as two hexadecimal digits, with a separator between groups of so many bytes; the last group may be \
         short, or is left out with a third argument of 1.",
        groups_of_hex,
    )
    .args(CHUNKS, 1)
    .check(check_hex)
    .cases(
        &["bin(01020304),be2hex", "bin(01020304),be2hex(:,2)", "bin(01020304),be2hex(:,3,1)"],
        &["bin(01),be2hex(:)", "bin(01),be2hex(:,-1)"],
    ),
    Converter::new(
        "url_enc",
        Type::Str,
        Type::Str,
        "Letters, digits and `-._~` as they are, other bytes as `%HH`. The only kind of encoding is `query`.",
        url_enc,
    )
    .args(&[ArgKind::Str], 1)
    .check(check_url_enc)
    .cases(&["str(a),url_enc", "str(a),url_enc(query)"], &["str(a),url_enc(path)"]),
    Converter::new(
        "url_dec",
        Type::Str,
        Type::Str,
        "Decodes `%HH`, and `+` after a question mark, or everywhere when the argument is not 0. A malformed text has no \
         result.",
        url_dec,
    )
    .args(&[ArgKind::Sint], 0)
    .cases(&["str(a),url_dec", "str(a),url_dec(1)"], &["str(a),url_dec(x)"]),
];

/// Hexadecimal digits in upper case.
pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digits = |b: &u8| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]];
    bytes.iter().flat_map(digits).collect()
}

/// Base 64 takes four bytes for three, and one more in a buffer.
fn room_for_base64(len: usize, env: &Env<'_>) -> Result<(), Absent> {
    let fits = len.div_ceil(3) * 4 < env.world.buf_size();
    fits.then_some(()).ok_or(Absent::Never)
}

fn decode<'e>(value: Value<'e>, engine: &GeneralPurpose) -> Sampled<'e> {
    let bytes = engine.decode(arg::bytes(value)?).map_err(|_| Absent::Never)?;
    Ok(Value::Bin(bytes.into()))
}

fn check_truncate(args: &[Arg]) -> Result<(), String> {
    match arg::int(args, 2) {
        None | Some(0 | 1) => Ok(()),
        Some(other) => Err(format!("Unsupported truncate value ({other})")),
    }
}

fn check_decimals(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let size = arg::int(args, 1).unwrap_or(0);
    if !(1..=8).contains(&size) {
        return Err(format!("chunk_size out of [1..8] range ({size})"));
    }
    check_truncate(args)
}

fn check_hex(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let size = arg::int(args, 1).unwrap_or(0);
    let separated = arg::text(args, 0).is_some_and(|s| !s.is_empty());
    let truncated = arg::int(args, 2).is_some_and(|n| n != 0);
    if (separated || truncated || args.len() > 1) && size <= 0 {
        return Err(format!("chunk_size needs to be positive ({size})"));
    }
    check_truncate(args)
}

/// Groups of the input, the separator to put between them.
fn groups<'a>(args: &'a [Arg], bytes: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    let size = arg::int(args, 1)
        .and_then(|n| usize::try_from(n).ok())
        .filter(|&n| n > 0)
        .unwrap_or(usize::MAX);
    let whole_only = arg::int(args, 2).is_some_and(|n| n != 0);
    let separator = arg::text(args, 0).unwrap_or_default();
    bytes
        .chunks(size)
        .filter(move |group| !whole_only || group.len() == size)
        .enumerate()
        .map(move |(n, group)| (if n == 0 { &[][..] } else { separator }, group))
}

fn decimals<'e>(args: &'e [Arg], value: Value<'e>, env: &Env<'_>, add: fn(u64, u64) -> u64, place: fn(u64, u32) -> u64) -> Sampled<'e> {
    let bytes = arg::bytes(value)?;
    let mut out = Vec::with_capacity(bytes.len() * 3);
    for (separator, group) in groups(args, &bytes) {
        let n = group.iter().fold(0, |n, &b| add(n, u64::from(b)));
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(place(n, group.len() as u32)).as_bytes();
        if out.len() + separator.len() + digits.len() >= env.world.buf_size() {
            break;
        }
        out.extend_from_slice(separator);
        out.extend_from_slice(digits);
    }
    Ok(Value::Str(out.into()))
}

fn groups_of_hex<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let bytes = arg::bytes(value)?;
    let mut out = Vec::with_capacity(bytes.len() * 3);
    for (separator, group) in groups(args, &bytes) {
        // Without separators, what is cut would not be seen: then there is nothing.
        if !separator.is_empty() && out.len() + separator.len() + group.len() * 2 > env.world.buf_size() {
            break;
        }
        out.extend_from_slice(separator);
        out.extend_from_slice(&hex(group));
    }
    Ok(Value::Str(out.into()))
}

fn check_url_enc(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    match arg::text(args, 0) {
        None | Some(b"" | b"query") => Ok(()),
        Some(_) => Err("Unexpected encode type. Allowed value is 'query'".to_owned()),
    }
}

fn url_enc<'e>(_: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let text = arg::bytes(value)?;
    let room = env.world.buf_size() - 1;
    let mut out = Vec::with_capacity(text.len());
    for &b in text.iter() {
        if out.len() >= room {
            break;
        }
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(b);
        } else if out.len() + 3 > room {
            // Half a code is none.
            return Err(Absent::Never);
        } else {
            out.push(b'%');
            out.extend_from_slice(&hex(&[b]));
        }
    }
    Ok(Value::Str(out.into()))
}

fn url_dec<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let text = arg::bytes(value)?;
    let mut in_form = arg::int(args, 0).is_some_and(|n| n != 0);
    if !text.iter().any(|b| matches!(b, b'%' | b'+')) {
        return Ok(Value::Str(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&b) = rest.next() {
        match b {
            b'+' if in_form => out.push(b' '),
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                let (high, low) = digit().zip(digit()).ok_or(Absent::Never)?;
                out.push((high << 4 | low) as u8);
            }
            _ => {
                in_form |= b == b'?';
                out.push(b);
            }
        }
    }
    Ok(Value::Str(out.into()))
}
