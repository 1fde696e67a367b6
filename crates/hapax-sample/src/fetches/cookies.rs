//! Cookies of requests and responses (manual, 7.3.6).
//!
//! Without a name the first cookie is given, with one the last of that name; an ACL tries every one.

use std::borrow::Cow;

use hapax_proto::http::Head;
use hapax_value::{Type, Value, parse_val};

use super::http::{request, response};
use crate::{Absent, ArgKind, Call, Fetch, Needs, Sampled};

const NAME: &[ArgKind] = &[ArgKind::Str];

pub(super) static ROWS: &[Fetch] = &[
    REQ_COOK,
    REQ_COOK.alias("cook"),
    RES_COOK,
    RES_COOK.alias("scook"),
    Fetch::new(
        "cookie",
        Type::Str,
        Needs::MESSAGE,
        "A cookie of the message at hand.",
        |c| match c.env.res {
            Some(head) => one(c, head, Side::Response),
            None => one(c, request(c.env)?, Side::Request),
        },
    )
    .args(NAME, 0),
    REQ_CNT,
    REQ_CNT.alias("cook_cnt"),
    RES_CNT,
    RES_CNT.alias("scook_cnt"),
    REQ_VAL,
    REQ_VAL.alias("cook_val"),
    RES_VAL,
    RES_VAL.alias("scook_val"),
    Fetch::new(
        "req.cook_names",
        Type::Str,
        Needs::REQUEST,
        "The names of the request's cookies, joined.",
        |c| Ok(names(c, request(c.env)?, Side::Request)),
    )
    .args(NAME, 0),
    Fetch::new(
        "res.cook_names",
        Type::Str,
        Needs::RESPONSE,
        "The names of the cookies that the response sets, joined.",
        |c| Ok(names(c, response(c.env)?, Side::Response)),
    )
    .args(NAME, 0),
];

const REQ_COOK: Fetch = Fetch::new("req.cook", Type::Str, Needs::REQUEST, "A cookie of the request.", |c| {
    one(c, request(c.env)?, Side::Request)
})
.steady()
.args(NAME, 0);
const RES_COOK: Fetch = Fetch::new("res.cook", Type::Str, Needs::RESPONSE, "A cookie that the response sets.", |c| {
    one(c, response(c.env)?, Side::Response)
})
.args(NAME, 0);
const REQ_CNT: Fetch = Fetch::new(
    "req.cook_cnt",
    Type::Sint,
    Needs::REQUEST,
    "How many cookies of a name the request has.",
    |c| Ok(count(c, request(c.env)?, Side::Request)),
)
.args(NAME, 0);
const RES_CNT: Fetch = Fetch::new(
    "res.cook_cnt",
    Type::Sint,
    Needs::RESPONSE,
    "How many cookies of a name the response sets.",
    |c| Ok(count(c, response(c.env)?, Side::Response)),
)
.args(NAME, 0);
const REQ_VAL: Fetch = Fetch::new(
    "req.cook_val",
    Type::Sint,
    Needs::REQUEST,
    "A cookie of the request, as an integer.",
    |c| one(c, request(c.env)?, Side::Request).map(|v| integer(&v)),
)
.args(NAME, 0);
const RES_VAL: Fetch = Fetch::new(
    "res.cook_val",
    Type::Sint,
    Needs::RESPONSE,
    "A cookie that the response sets, as an integer.",
    |c| one(c, response(c.env)?, Side::Response).map(|v| integer(&v)),
)
.args(NAME, 0);

fn integer<'e>(v: &Value<'_>) -> Value<'e> {
    Value::Int(v.bytes().map_or(0, parse_val))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

impl Side {
    fn field(self) -> &'static [u8] {
        match self {
            Self::Request => b"cookie",
            Self::Response => b"set-cookie",
        }
    }
}

/// The end of a cookie's value: a semicolon or comma outside quotes.
fn value_end(text: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (i, b) in text.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' | b',' if !quoted => return i,
            _ => {}
        }
    }
    text.len()
}

/// The `name=value` pairs of one field. Of a `Set-Cookie`, only the first is a cookie; the others are its attributes.
fn pairs(field: &[u8], side: Side) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = Some(field);
    std::iter::from_fn(move || {
        loop {
            let text = rest?;
            let end = value_end(text);
            rest = (end < text.len() && side == Side::Request).then(|| &text[end + 1..]);
            // What begins with a dollar tells of the cookie before it (RFC 2965).
            if let Some(equal) = memchr::memchr(b'=', &text[..end])
                && !(side == Side::Request && text[..equal].trim_ascii_start().starts_with(b"$"))
            {
                return Some((text[..equal].trim_ascii(), text[equal + 1..end].trim_ascii()));
            }
        }
    })
}

fn all(head: &Head, side: Side) -> impl Iterator<Item = (&[u8], &[u8])> {
    head.iter()
        .filter(move |(n, _)| *n == side.field())
        .flat_map(move |(_, v)| pairs(v, side))
}

fn one<'e>(c: &mut Call<'_, 'e>, head: &'e Head, side: Side) -> Sampled<'e> {
    let name = c.text(0).filter(|n| !n.is_empty());
    let mut values = all(head, side).filter(|(n, _)| name.is_none_or(|w| w == *n)).map(|(_, v)| v);
    let found = if c.iter.each {
        let found = values.nth(c.iter.at);
        c.iter.at += 1;
        c.iter.more = found.is_some();
        found
    } else if name.is_none() {
        values.next()
    } else {
        values.last()
    };
    Ok(Value::Str(Cow::Borrowed(found.ok_or(Absent::Never)?)))
}

fn count<'e>(c: &Call<'_, 'e>, head: &Head, side: Side) -> Value<'e> {
    let name = c.text(0).filter(|n| !n.is_empty());
    let n = all(head, side).filter(|(n, _)| name.is_none_or(|w| w == *n)).count();
    Value::Int(n as i64)
}

fn names<'e>(c: &Call<'_, 'e>, head: &Head, side: Side) -> Value<'e> {
    let delimiter = c.text(0).and_then(<[u8]>::first).copied().unwrap_or(b',');
    let mut out = Vec::new();
    for (name, _) in all(head, side) {
        if !out.is_empty() {
            out.push(delimiter);
        }
        out.extend_from_slice(name);
    }
    Value::Str(Cow::Owned(out))
}
