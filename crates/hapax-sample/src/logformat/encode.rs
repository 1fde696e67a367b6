//! JSON and CBOR: items as values, and whole strings as one object of the named items.

use std::borrow::Cow;
use std::io::Write;

use hapax_value::{Type, Value};

use super::alias::captured;
use super::item::{Forced, Item, Options};
use super::sink::Sink;
use crate::Env;

/// What an item gives, as the encodings know it.
enum Plain<'v> {
    Nothing,
    /// There is no place for a value: of captures, before a request is known.
    Null,
    /// Captured fields.
    List(Vec<Vec<u8>>),
    /// As it is.
    Raw(Cow<'v, [u8]>),
    Bool(bool),
    Int(i64),
    Text(Cow<'v, [u8]>),
    /// A text with escapes, which CBOR has in parts: what stands between them, and each of them.
    Parts(Vec<u8>, Around),
    Bytes(Cow<'v, [u8]>),
}

/// What else stands between the parts of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    /// The braces and bars of captured fields.
    Fields,
}

/// Aliases whose text may have escapes.
const IN_PARTS: &[&str] = &["HM", "HP", "HPO", "HQ", "HU", "HV", "ft", "r"];

/// The flags that say how a text looks have no say in an encoding.
const SHAPE: Options = Options::QUOTE
    .union(Options::ESCAPE)
    .union(Options::HEX)
    .union(Options::MANDATORY)
    .union(Options::HTTP)
    .union(Options::ENCODED);

fn plain<'v>(item: &'v Item, env: &'v Env<'v>, binary: bool) -> Plain<'v> {
    match item {
        Item::Text(_) | Item::Space => Plain::Nothing,
        Item::Alias { alias, options, label } => {
            let mut out = Vec::new();
            (alias.write)(&mut Sink::new(env, &mut out, *options - SHAPE));
            if matches!(alias.name, "hrl" | "hsl") {
                return list(&captured(env, alias.name == "hrl"), *options, env);
            }
            match parse_number(&out).filter(|_| alias.number) {
                Some(n) => number(n, label.forced, binary),
                None if out.is_empty() && matches!(alias.name, "hr" | "hs") => Plain::Null,
                None if out.is_empty() => Plain::Nothing,
                None if matches!(alias.name, "hr" | "hs") => Plain::Parts(out, Around::Fields),
                None if IN_PARTS.contains(&alias.name) => Plain::Parts(out, Around::Nothing),
                None => Plain::Text(Cow::Owned(out)),
            }
        }
        Item::Expr { expr, label, .. } => expr.eval(env).map_or(Plain::Nothing, |v| forced(v, label.forced)),
    }
}

/// A number that an alias gives. CBOR has no use for one in letters, and none is left bare.
fn number<'v>(n: i64, forced: Option<Forced>, binary: bool) -> Plain<'v> {
    match forced {
        Some(Forced::Bool) => Plain::Bool(n != 0),
        Some(Forced::Str) if !binary => Plain::Text(Cow::Owned(n.to_string().into_bytes())),
        _ => Plain::Int(n),
    }
}

/// Captured fields, each encoded as in a line; those that are not there as a dash, or empty where quotes were asked for.
fn list(slots: &[Option<Box<[u8]>>], options: Options, env: &Env<'_>) -> Plain<'static> {
    if slots.is_empty() {
        return Plain::Null;
    }
    let text = |slot: &Option<Box<[u8]>>| {
        let mut out = Vec::new();
        let dash = if options.contains(Options::QUOTE) {
            Options::empty()
        } else {
            Options::MANDATORY
        };
        Sink::new(env, &mut out, dash).captures(std::slice::from_ref(slot), true);
        out
    };
    Plain::List(slots.iter().map(text).collect())
}

/// A number that may have a `+` before it.
fn parse_number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A sample as the type that its name asks for; what cannot be cast to it is nothing.
fn forced(value: Value<'_>, forced: Option<Forced>) -> Plain<'_> {
    let value = match forced {
        Some(Forced::Sint) => value.cast(Type::Sint),
        Some(Forced::Bool) if matches!(&value, Value::Str(t) if &**t == b"true") => Some(Value::Bool(true)),
        Some(Forced::Bool) => value.cast(Type::Bool),
        Some(Forced::Str) => value.cast(Type::Str),
        None | Some(Forced::Raw) => Some(value),
    };
    match value {
        None => Plain::Nothing,
        Some(Value::Bool(b)) => Plain::Bool(b),
        Some(Value::Int(n)) => Plain::Int(n),
        Some(v) if forced == Some(Forced::Raw) => Plain::Raw(v.into_str()),
        Some(Value::Bin(b)) => Plain::Bytes(b),
        Some(v) => Plain::Text(v.into_str()),
    }
}

/// One item, encoded by its own flags.
pub(super) fn value(item: &Item, env: &Env<'_>, out: &mut Vec<u8>) {
    let options = match item {
        Item::Alias { options, .. } | Item::Expr { options, .. } => *options,
        Item::Text(_) | Item::Space => return,
    };
    let value = plain(item, env, !options.contains(Options::JSON));
    if options.contains(Options::JSON) {
        json(&value, out);
    } else {
        let mut bytes = Vec::new();
        cbor(&value, &mut bytes);
        put_cbor(&bytes, options, out);
    }
}

/// The named items as one object.
pub(super) fn object(items: &[Item], whole: Options, env: &Env<'_>, out: &mut Vec<u8>) {
    let named = items.iter().filter_map(|i| match i {
        Item::Alias { label, .. } | Item::Expr { label, .. } if !label.name.is_empty() => Some((&*label.name, i)),
        _ => None,
    });
    if whole.contains(Options::JSON) {
        out.push(b'{');
        for (i, (name, item)) in named.enumerate() {
            if i > 0 {
                out.extend_from_slice(b", ");
            }
            json_text(name.as_bytes(), out);
            out.extend_from_slice(b": ");
            json(&plain(item, env, false), out);
        }
        out.push(b'}');
        return;
    }
    // A map whose length is not said, and the mark of its end.
    let mut bytes = vec![0xbf];
    for (name, item) in named {
        cbor_head(3, name.len() as u64, &mut bytes);
        bytes.extend_from_slice(name.as_bytes());
        cbor(&plain(item, env, true), &mut bytes);
    }
    bytes.push(0xff);
    put_cbor(&bytes, whole, out);
}

fn json(value: &Plain<'_>, out: &mut Vec<u8>) {
    match value {
        Plain::Nothing => out.extend_from_slice(b"\"\""),
        Plain::Null => out.extend_from_slice(b"null"),
        Plain::Raw(t) => out.extend_from_slice(t),
        Plain::List(all) => {
            out.push(b'[');
            for (i, text) in all.iter().enumerate() {
                if i > 0 {
                    out.extend_from_slice(b", ");
                }
                json_text(text, out);
            }
            out.push(b']');
        }
        Plain::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Plain::Int(n) => out.extend_from_slice(itoa::Buffer::new().format(*n).as_bytes()),
        Plain::Text(t) => json_text(t, out),
        Plain::Parts(t, _) => json_text(t, out),
        Plain::Bytes(b) => json_text(&Value::Bin(Cow::Borrowed(b)).into_str(), out),
    }
}

fn json_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &b in text {
        match b {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', b]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            // Writing to a Vec cannot fail.
            0..32 | 127 => drop(write!(out, "\\u{b:04x}")),
            _ => out.push(b),
        }
    }
    out.push(b'"');
}

fn cbor(value: &Plain<'_>, out: &mut Vec<u8>) {
    match value {
        Plain::Nothing | Plain::Null => out.push(0xf6),
        Plain::Raw(t) => out.extend_from_slice(t),
        Plain::List(all) => {
            out.push(0x9f);
            for text in all {
                cbor_parts(text, Around::Nothing, out);
            }
            out.push(0xff);
        }
        Plain::Bool(b) => out.push(0xf4 + u8::from(*b)),
        Plain::Int(n) if *n >= 0 => cbor_head(0, *n as u64, out),
        Plain::Int(n) => cbor_head(1, !*n as u64, out),
        Plain::Text(t) => cbor_string(3, t, out),
        Plain::Parts(t, around) => cbor_parts(t, *around, out),
        Plain::Bytes(b) => {
            out.push(0x5f);
            cbor_string(2, b, out);
            out.push(0xff);
        }
    }
}

fn cbor_string(major: u8, bytes: &[u8], out: &mut Vec<u8>) {
    cbor_head(major, bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A text whose length is not said. Escapes (`#22`) and what stands around captured fields are parts of their own.
fn cbor_parts(text: &[u8], around: Around, out: &mut Vec<u8>) {
    let apart = |b: &u8| *b == b'#' || around == Around::Fields && matches!(b, b'{' | b'|' | b'}');
    out.push(0x7f);
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.iter().position(apart);
        let len = match plain.unwrap_or(rest.len()) {
            0 if rest[0] == b'#' => 3.min(rest.len()),
            0 => 1,
            n => n,
        };
        let (part, after) = rest.split_at(len);
        cbor_string(3, part, out);
        rest = after;
    }
    out.push(0xff);
}

/// The major type and a number, in as few bytes as hold it.
fn cbor_head(major: u8, n: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    match n {
        0..24 => out.push(major | n as u8),
        24..0x100 => out.extend_from_slice(&[major | 0x18, n as u8]),
        0x100..0x1_0000 => {
            out.push(major | 0x19);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 0x1a);
            out.extend_from_slice(&(n as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 0x1b);
            out.extend_from_slice(&n.to_be_bytes());
        }
    }
}

/// CBOR is written in hexadecimal unless binary data was asked for.
fn put_cbor(bytes: &[u8], options: Options, out: &mut Vec<u8>) {
    if options.contains(Options::BIN) {
        out.extend_from_slice(bytes);
        return;
    }
    for b in bytes {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{b:02X}");
    }
}
