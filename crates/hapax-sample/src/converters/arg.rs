//! Arguments of converters: those that are a constant or the name of a variable, and what they are at run time.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use hapax_value::{Type, Value};

use crate::{Absent, Arg, Compile, Env};

/// The text of an argument; `None` where it was left out.
pub(super) fn text(args: &[Arg], at: usize) -> Option<&[u8]> {
    match args.get(at) {
        Some(Arg::Str(s)) => Some(s),
        _ => None,
    }
}

/// The same as words for a check function.
pub(super) fn word(args: &[Arg], at: usize) -> Option<&str> {
    std::str::from_utf8(text(args, at)?).ok()
}

/// The integer of an argument that is one; `None` where it was left out.
pub(super) fn int(args: &[Arg], at: usize) -> Option<i64> {
    match args.get(at) {
        Some(Arg::Int(n)) => Some(*n),
        _ => None,
    }
}

/// What a check function left there.
pub(super) fn custom<T: 'static>(args: &[Arg], at: usize) -> Option<&T> {
    match args.get(at) {
        Some(Arg::Custom(any)) => any.downcast_ref(),
        _ => None,
    }
}

/// Puts what a check function made in place of an argument.
pub(super) fn put_custom<T: Send + Sync + 'static>(args: &mut Vec<Arg>, at: usize, made: T) {
    put(args, at, Arg::Custom(Arc::new(made)));
}

pub(super) fn put(args: &mut Vec<Arg>, at: usize, arg: Arg) {
    if args.len() <= at {
        args.resize(at + 1, Arg::None);
    }
    if let Some(slot) = args.get_mut(at) {
        *slot = arg;
    }
}

/// A whole number, saturating: an optional sign and digits only.
pub(super) fn whole(text: &[u8]) -> Option<i64> {
    let digits = match text {
        [b'-' | b'+', rest @ ..] => rest,
        all => all,
    };
    let whole = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    whole.then(|| hapax_value::parse_int(text)).flatten()
}

/// A text that names a variable becomes one: it has a scope and a dot.
fn variable(text: &[u8], cx: &mut Compile<'_>) -> Option<Arg> {
    let text = std::str::from_utf8(text).ok()?;
    text.contains('.').then(|| cx.vars.intern(text).ok().map(Arg::Var)).flatten()
}

/// Turns a text argument into an integer or a variable; an empty one is 0.
pub(super) fn int_or_var(args: &mut Vec<Arg>, at: usize, cx: &mut Compile<'_>) -> Result<(), String> {
    let text = match args.get(at) {
        Some(Arg::Str(text)) => Arc::clone(text),
        Some(Arg::None) => Arc::from(&b""[..]),
        _ => return Ok(()),
    };
    let arg = variable(&text, cx)
        .or_else(|| whole(&text).or(text.is_empty().then_some(0)).map(Arg::Int))
        .ok_or("expects an integer or a variable name")?;
    put(args, at, arg);
    Ok(())
}

/// Turns a text argument that names a variable into that variable, and leaves others.
pub(super) fn str_or_var(args: &mut Vec<Arg>, at: usize, cx: &mut Compile<'_>) {
    let named = match args.get(at) {
        Some(Arg::Str(text)) => variable(&Arc::clone(text), cx),
        _ => None,
    };
    if let Some(arg) = named {
        put(args, at, arg);
    }
}

/// Turns a text argument into the variable it must name.
pub(super) fn var(args: &mut Vec<Arg>, at: usize, cx: &mut Compile<'_>) -> Result<(), String> {
    if let Some(Arg::Str(text)) = args.get(at) {
        let text = String::from_utf8_lossy(text).into_owned();
        let id = cx.vars.intern(&text)?;
        put(args, at, Arg::Var(id));
    }
    Ok(())
}

/// The integer that an integer or variable argument is now.
pub(super) fn int_now(args: &[Arg], at: usize, env: &Env<'_>) -> Result<i64, Absent> {
    match args.get(at) {
        Some(Arg::Int(n)) => Ok(*n),
        Some(Arg::Var(id)) => match env.var(*id).and_then(|v| v.cast(Type::Sint)) {
            Some(Value::Int(n)) => Ok(n),
            _ => Err(Absent::Never),
        },
        _ => Err(Absent::Never),
    }
}

/// The bytes that a text or variable argument is now; `None` where it was left out or the variable is not set.
pub(super) fn text_now<'e>(args: &'e [Arg], at: usize, env: &Env<'_>) -> Option<Cow<'e, [u8]>> {
    match args.get(at) {
        Some(Arg::Str(s)) => Some(Cow::Borrowed(s)),
        Some(Arg::Var(id)) => Some(env.var(*id)?.into_str()),
        _ => None,
    }
}

/// The same, with binary variables whole.
pub(super) fn bytes_now<'e>(args: &'e [Arg], at: usize, env: &Env<'_>) -> Option<Cow<'e, [u8]>> {
    match args.get(at) {
        Some(Arg::Str(s)) => Some(Cow::Borrowed(s)),
        Some(Arg::Var(id)) => Some(env.var(*id)?.into_bin()),
        _ => None,
    }
}

/// The bytes of a text or binary value.
pub(super) fn bytes(value: Value<'_>) -> Result<Cow<'_, [u8]>, Absent> {
    match value {
        Value::Str(b) | Value::Bin(b) => Ok(b),
        other => Ok(other.into_bin()),
    }
}

/// Part of some bytes, borrowed where they are.
pub(super) fn part(bytes: Cow<'_, [u8]>, range: Range<usize>) -> Cow<'_, [u8]> {
    match bytes {
        Cow::Borrowed(b) => Cow::Borrowed(b.get(range).unwrap_or_default()),
        Cow::Owned(mut b) => {
            b.truncate(range.end);
            b.drain(..range.start.min(range.end));
            Cow::Owned(b)
        }
    }
}
