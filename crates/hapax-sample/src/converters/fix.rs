//! FIX, the protocol of stock exchanges: `tag=value` pairs, each ended by a byte 1.

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "fix_is_valid",
        Type::Bin,
        Type::Bool,
        "Whether the input begins with a well-formed FIX message of a known version, whose length and checksum are right.",
        |_, v, e| answer(validate(&arg::bytes(v)?), e),
    )
    .cases(&["bin(00),fix_is_valid"], &["bin(00),fix_is_valid(1)"]),
    Converter::new(
        "fix_tag_value",
        Type::Bin,
        Type::Bin,
        "The value of a tag of a FIX message, by its number or by one of the names BeginString, BodyLength, MsgType, \
         SenderCompID, TargetCompID, CheckSum.",
        tag_value,
    )
    .args(&[ArgKind::Str], 1)
    .check(check_tag)
    .cases(
        &["bin(00),fix_tag_value(35)", "bin(00),fix_tag_value(MsgType)"],
        &["bin(00),fix_tag_value(Nope)", "bin(00),fix_tag_value(0)", "bin(00),fix_tag_value"],
    ),
];

const END: u8 = 1;
/// The least bytes of a message.
const SHORTEST: usize = 26;
const BEGIN_STRING: u32 = 8;
const BODY_LENGTH: u32 = 9;
const CHECK_SUM: u32 = 10;
const MSG_TYPE: u32 = 35;

/// What a look at bytes that may still grow found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Bad,
    /// As far as it goes.
    Short,
}

/// A verdict as a sample: bytes that are missing may come, unless none will.
pub(super) fn answer<'e>(verdict: Verdict, env: &Env<'_>) -> Sampled<'e> {
    match verdict {
        Verdict::Good => Ok(Value::Bool(true)),
        Verdict::Bad => Ok(Value::Bool(false)),
        Verdict::Short if env.no_more => Err(Absent::Never),
        Verdict::Short => Err(Absent::NotYet),
    }
}

fn tag_number(text: &[u8]) -> Option<u32> {
    let number = match text {
        b"BeginString" => BEGIN_STRING,
        b"BodyLength" => BODY_LENGTH,
        b"CheckSum" => CHECK_SUM,
        b"MsgType" => MSG_TYPE,
        b"SenderCompID" => 49,
        b"TargetCompID" => 56,
        digits => decimal(digits)?,
    };
    (number > 0).then_some(number)
}

fn decimal(digits: &[u8]) -> Option<u32> {
    let good = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    good.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// One field and what follows it; `Err` tells whether the message is wrong or just cut.
fn field(message: &[u8]) -> Result<(u32, &[u8], &[u8]), Verdict> {
    let equals = message.iter().position(|&b| b == b'=').ok_or(Verdict::Short)?;
    let (tag, rest) = (&message[..equals], &message[equals + 1..]);
    let end = rest.iter().position(|&b| b == END).ok_or(Verdict::Short)?;
    let number = decimal(tag).filter(|&n| n > 0).ok_or(Verdict::Bad)?;
    Ok((number, &rest[..end], &rest[end + 1..]))
}

fn validate(message: &[u8]) -> Verdict {
    if message.len() < SHORTEST {
        return Verdict::Short;
    }
    fields(message).unwrap_or_else(|verdict| verdict)
}

fn fields(message: &[u8]) -> Result<Verdict, Verdict> {
    let require = |good: bool| if good { Ok(()) } else { Err(Verdict::Bad) };
    let (tag, version, rest) = field(message)?;
    let known: &[&[u8]] = &[b"FIX.4.0", b"FIX.4.1", b"FIX.4.2", b"FIX.4.3", b"FIX.4.4", b"FIXT.1.1"];
    require(tag == BEGIN_STRING && known.contains(&version))?;
    let (tag, length, body) = field(rest)?;
    let length = decimal(length).filter(|&n| n > 0).ok_or(Verdict::Bad)?;
    require(tag == BODY_LENGTH)?;
    let (tag, _, mut rest) = field(body)?;
    require(tag == MSG_TYPE)?;
    loop {
        let start = rest;
        let (tag, value, after) = field(rest)?;
        rest = after;
        if tag == CHECK_SUM {
            let summed = &message[..message.len() - start.len()];
            let sum = summed.iter().fold(0u8, |sum, &b| sum.wrapping_add(b));
            let body_len = body.len() - start.len();
            require(body_len == length as usize && value.len() == 3 && decimal(value) == Some(u32::from(sum)))?;
            return Ok(Verdict::Good);
        }
    }
}

fn check_tag(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let name = arg::text(args, 0).unwrap_or_default();
    let number = tag_number(name).ok_or_else(|| format!("Unknown FIX tag name '{}'", String::from_utf8_lossy(name)))?;
    arg::put(args, 0, Arg::Int(i64::from(number)));
    Ok(())
}

fn tag_value<'e>(args: &'e [Arg], value: Value<'e>, env: &'e Env<'e>) -> Sampled<'e> {
    let message = arg::bytes(value)?;
    let wanted = arg::int(args, 0).ok_or(Absent::Never)?;
    let mut rest: &[u8] = &message;
    loop {
        match field(rest) {
            Ok((tag, value, _)) if i64::from(tag) == wanted => {
                return Ok(Value::Bin(value.to_vec().into()));
            }
            Ok((CHECK_SUM, ..)) | Err(Verdict::Bad) => return Err(Absent::Never),
            Ok((_, _, after)) => rest = after,
            Err(_) if env.no_more => return Err(Absent::Never),
            Err(_) => return Err(Absent::NotYet),
        }
    }
}
