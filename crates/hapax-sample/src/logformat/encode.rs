//! JSON and CBOR: items as values, and whole strings as one object of the named items.

use std::borrow::Cow;
use std::io::Write;

use hapax_value::{Value, parse_int};

use super::alias::captured;
use super::item::{Forced, Item, Label, Options};
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
}

/// The flags that say how a text looks have no say in an encoding.
const SHAPE: Options = Options::QUOTE
    .union(Options::ESCAPE)
    .union(Options::HEX)
    .union(Options::MANDATORY)
    .union(Options::HTTP)
    .union(Options::ENCODED);

fn plain<'v>(item: &'v Item, env: &'v Env<'v>) -> Plain<'v> {
    let (value, label) = match item {
        Item::Text(_) | Item::Space => return Plain::Nothing,
        Item::Alias { alias, options, label } => {
            let mut out = Vec::new();
            (alias.write)(&mut Sink::new(env, &mut out, *options - SHAPE));
            let value = if matches!(alias.name, "hrl" | "hsl") {
                list(&captured(env, alias.name == "hrl"), env)
            } else if out.is_empty() {
                if matches!(alias.name, "hr" | "hs") {
                    Plain::Null
                } else {
                    Plain::Nothing
                }
            } else if alias.number && parse_number(&out).is_some() {
                Plain::Int(parse_number(&out).unwrap_or(0))
            } else {
                Plain::Text(Cow::Owned(out))
            };
            // What an alias gives is never left bare.
            if label.forced == Some(Forced::Raw) {
                return value;
            }
            (value, label)
        }
        Item::Expr { expr, label, .. } => {
            let value = match expr.eval(env) {
                Err(_) => Plain::Nothing,
                Ok(Value::Bool(b)) => Plain::Bool(b),
                Ok(Value::Int(n)) => Plain::Int(n),
                Ok(v) => Plain::Text(v.into_str()),
            };
            (value, label)
        }
    };
    forced(value, label)
}

/// Captured fields, each encoded as in a line; those that are not there as a dash.
fn list(slots: &[Option<Box<[u8]>>], env: &Env<'_>) -> Plain<'static> {
    if slots.is_empty() {
        return Plain::Null;
    }
    let text = |slot: &Option<Box<[u8]>>| {
        let mut out = Vec::new();
        Sink::new(env, &mut out, Options::MANDATORY).captures(std::slice::from_ref(slot), true);
        out
    };
    Plain::List(slots.iter().map(text).collect())
}

/// A number that may have a `+` before it.
fn parse_number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The value as the type that its name asks for.
fn forced<'v>(value: Plain<'v>, label: &Label) -> Plain<'v> {
    let number = |v: &Plain<'_>| match v {
        Plain::Bool(b) => i64::from(*b),
        Plain::Int(n) => *n,
        Plain::Text(t) => parse_int(t).unwrap_or(0),
        _ => 0,
    };
    match (label.forced, value) {
        (Some(Forced::Raw), Plain::Text(t)) => Plain::Raw(t),
        (None | Some(Forced::Raw), v) | (Some(_), v @ (Plain::Nothing | Plain::Null | Plain::List(_) | Plain::Raw(_))) => v,
        (Some(Forced::Sint), v) => Plain::Int(number(&v)),
        (Some(Forced::Bool), Plain::Text(t)) => Plain::Bool(&*t == b"true" || parse_int(&t).unwrap_or(0) != 0),
        (Some(Forced::Bool), v) => Plain::Bool(number(&v) != 0),
        (Some(Forced::Str), Plain::Bool(b)) => Plain::Text(Cow::Borrowed(if b { b"1" } else { b"0" })),
        (Some(Forced::Str), Plain::Int(n)) => Plain::Text(Cow::Owned(n.to_string().into_bytes())),
        (Some(Forced::Str), v) => v,
    }
}

/// One item, encoded by its own flags.
pub(super) fn value(item: &Item, env: &Env<'_>, out: &mut Vec<u8>) {
    let options = match item {
        Item::Alias { options, .. } | Item::Expr { options, .. } => *options,
        Item::Text(_) | Item::Space => return,
    };
    let value = plain(item, env);
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
            json(&plain(item, env), out);
        }
        out.push(b'}');
        return;
    }
    // A map whose length is not said, and the mark of its end.
    let mut bytes = vec![0xbf];
    for (name, item) in named {
        cbor_head(3, name.len() as u64, &mut bytes);
        bytes.extend_from_slice(name.as_bytes());
        cbor(&plain(item, env), &mut bytes);
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
                cbor(&Plain::Text(Cow::Borrowed(text)), out);
            }
            out.push(0xff);
        }
        Plain::Bool(b) => out.push(0xf4 + u8::from(*b)),
        Plain::Int(n) if *n >= 0 => cbor_head(0, *n as u64, out),
        Plain::Int(n) => cbor_head(1, !*n as u64, out),
        Plain::Text(t) => {
            cbor_head(3, t.len() as u64, out);
            out.extend_from_slice(t);
        }
    }
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
