//! Header fields of requests and responses (manual, 7.3.6).
//!
//! `hdr` splits values at commas, `fhdr` does not. Without a position both give the last value; an ACL tries every one.

use std::borrow::Cow;
use std::net::IpAddr;

use hapax_proto::http::Head;
use hapax_value::{Type, Value, parse_val};

use super::http::{request, response};
use crate::{Absent, Arg, ArgKind, Call, Compile, Env, Fetch, Needs, Sampled};

const NAME: &[ArgKind] = &[ArgKind::Str];
const NAME_AT: &[ArgKind] = &[ArgKind::Str, ArgKind::Sint];

pub(super) static ROWS: &[Fetch] = &[
    HDR.cases(
        &["hdr(host)", "hdr(host,1)", "hdr(x,-2),lower", "hdr"],
        &["hdr(a,b)", "hdr(a,1,2)", "hdr(a", "hdr(a)x"],
    ),
    REQ_HDR,
    RES_HDR,
    RES_HDR.alias("shdr"),
    REQ_FHDR,
    RES_FHDR,
    REQ_CNT,
    REQ_CNT.alias("hdr_cnt"),
    RES_CNT,
    RES_CNT.alias("shdr_cnt"),
    REQ_FCNT,
    RES_FCNT,
    REQ_IP,
    REQ_IP.alias("hdr_ip"),
    RES_IP,
    RES_IP.alias("shdr_ip"),
    REQ_VAL,
    REQ_VAL.alias("hdr_val"),
    RES_VAL,
    RES_VAL.alias("shdr_val"),
    Fetch::new(
        "req.hdr_names",
        Type::Str,
        Needs::REQUEST,
        "The names of the request's fields, joined.",
        |c| names(c, request(c.env)?),
    )
    .args(NAME, 0),
    Fetch::new(
        "res.hdr_names",
        Type::Str,
        Needs::RESPONSE,
        "The names of the response's fields, joined.",
        |c| names(c, response(c.env)?),
    )
    .args(NAME, 0),
    Fetch::new(
        "req.hdrs",
        Type::Bin,
        Needs::REQUEST,
        "The request's fields as text, up to the empty line.",
        |c| Ok(whole(request(c.env)?)),
    ),
    Fetch::new(
        "res.hdrs",
        Type::Bin,
        Needs::RESPONSE,
        "The response's fields as text, up to the empty line.",
        |c| Ok(whole(response(c.env)?)),
    ),
    Fetch::new(
        "req.hdrs_bin",
        Type::Bin,
        Needs::REQUEST,
        "The request's fields, each name and value after its length.",
        |c| Ok(binary(request(c.env)?)),
    ),
    Fetch::new(
        "res.hdrs_bin",
        Type::Bin,
        Needs::RESPONSE,
        "The response's fields, each name and value after its length.",
        |c| Ok(binary(response(c.env)?)),
    ),
];

const HDR: Fetch = Fetch::new(
    "hdr",
    Type::Str,
    Needs::MESSAGE,
    "A field's value in the message at hand: the request's, or the response's once there is one.",
    |c| one(c, either(c.env)?, Split::Commas).map(text),
)
.steady()
.args(NAME_AT, 0)
.check(lower_name);
const REQ_HDR: Fetch = Fetch::new(
    "req.hdr",
    Type::Str,
    Needs::REQUEST,
    "A value of a request's field, split at commas.",
    |c| one(c, request(c.env)?, Split::Commas).map(text),
)
.steady()
.args(NAME_AT, 0)
.check(lower_name);
const RES_HDR: Fetch = Fetch::new(
    "res.hdr",
    Type::Str,
    Needs::RESPONSE,
    "A value of a response's field, split at commas.",
    |c| one(c, response(c.env)?, Split::Commas).map(text),
)
.steady()
.args(NAME_AT, 0)
.check(lower_name);
const REQ_FHDR: Fetch = Fetch::new("req.fhdr", Type::Str, Needs::REQUEST, "A request's field, whole.", |c| {
    one(c, request(c.env)?, Split::No).map(text)
})
.steady()
.args(NAME_AT, 0)
.check(lower_name);
const RES_FHDR: Fetch = Fetch::new("res.fhdr", Type::Str, Needs::RESPONSE, "A response's field, whole.", |c| {
    one(c, response(c.env)?, Split::No).map(text)
})
.steady()
.args(NAME_AT, 0)
.check(lower_name);
const REQ_CNT: Fetch = Fetch::new(
    "req.hdr_cnt",
    Type::Sint,
    Needs::REQUEST,
    "How many values a request's field has, split at commas.",
    |c| Ok(count(c, request(c.env)?, Split::Commas)),
)
.steady()
.args(NAME, 0)
.check(lower_name);
const RES_CNT: Fetch = Fetch::new(
    "res.hdr_cnt",
    Type::Sint,
    Needs::RESPONSE,
    "How many values a response's field has, split at commas.",
    |c| Ok(count(c, response(c.env)?, Split::Commas)),
)
.args(NAME, 0)
.check(lower_name);
const REQ_FCNT: Fetch = Fetch::new(
    "req.fhdr_cnt",
    Type::Sint,
    Needs::REQUEST,
    "How often a field stands in the request.",
    |c| Ok(count(c, request(c.env)?, Split::No)),
)
.args(NAME, 0)
.check(lower_name);
const RES_FCNT: Fetch = Fetch::new(
    "res.fhdr_cnt",
    Type::Sint,
    Needs::RESPONSE,
    "How often a field stands in the response.",
    |c| Ok(count(c, response(c.env)?, Split::No)),
)
.args(NAME, 0)
.check(lower_name);
const REQ_IP: Fetch = Fetch::new(
    "req.hdr_ip",
    Type::Addr,
    Needs::REQUEST,
    "A value of a request's field, as an address.",
    |c| address(c, request(c.env)?),
)
.steady()
.args(NAME_AT, 0)
.check(lower_name);
const RES_IP: Fetch = Fetch::new(
    "res.hdr_ip",
    Type::Addr,
    Needs::RESPONSE,
    "A value of a response's field, as an address.",
    |c| address(c, response(c.env)?),
)
.args(NAME_AT, 0)
.check(lower_name);
const REQ_VAL: Fetch = Fetch::new(
    "req.hdr_val",
    Type::Sint,
    Needs::REQUEST,
    "A value of a request's field, as an integer.",
    |c| one(c, request(c.env)?, Split::Commas).map(integer),
)
.args(NAME_AT, 0)
.check(lower_name);
const RES_VAL: Fetch = Fetch::new(
    "res.hdr_val",
    Type::Sint,
    Needs::RESPONSE,
    "A value of a response's field, as an integer.",
    |c| one(c, response(c.env)?, Split::Commas).map(integer),
)
.args(NAME_AT, 0)
.check(lower_name);

/// Fields are held in lower case, so the name looked for is too.
fn lower_name(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    if let Some(Arg::Str(name)) = args.first_mut() {
        *name = name.to_ascii_lowercase().into();
    }
    Ok(())
}

/// The head of the message at hand.
pub(super) fn either<'e>(env: &'e Env<'e>) -> Result<&'e Head, Absent> {
    match env.res {
        Some(head) => Ok(head),
        None => request(env),
    }
}

fn text(bytes: &[u8]) -> Value<'_> {
    Value::Str(Cow::Borrowed(bytes))
}

fn integer(bytes: &[u8]) -> Value<'_> {
    Value::Int(parse_val(bytes))
}

/// Where a field's value ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Split {
    Commas,
    No,
}

/// The end of the value that starts at `from`: the next comma outside quotes, or the end.
fn value_end(field: &[u8], from: usize) -> usize {
    let rest = &field[from..];
    if memchr::memchr(b'"', rest).is_none() {
        return memchr::memchr(b',', rest).map_or(field.len(), |at| from + at);
    }
    let (mut quoted, mut escaped) = (false, false);
    for (i, b) in rest.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return from + i,
            _ => {}
        }
    }
    field.len()
}

/// The values of one field.
fn values(field: &[u8], split: Split) -> impl Iterator<Item = &[u8]> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let from = next?;
        let end = if split == Split::Commas {
            value_end(field, from)
        } else {
            field.len()
        };
        next = (end < field.len()).then_some(end + 1);
        Some(field[from..end].trim_ascii())
    })
}

/// Whether a field is one that was asked for.
fn wanted(name: Option<&[u8]>, field: &[u8]) -> bool {
    name.is_none_or(|n| n == field)
}

/// The value asked for: the next one of an ACL, the one at a position, or the last.
fn one<'e>(c: &mut Call<'_, 'e>, head: &'e Head, split: Split) -> Result<&'e [u8], Absent> {
    // An empty name stands for every field; no argument at all asks for none.
    if c.args.is_empty() {
        return Err(Absent::Never);
    }
    let name = c.text(0).filter(|n| !n.is_empty());
    let position = c.int(1).unwrap_or(0);
    let all = || head.iter().filter(|(n, _)| wanted(name, n)).flat_map(|(_, v)| values(v, split));
    let found = match position {
        0 if c.iter.each => return next(c, head, name, split),
        0 => last(head, name, split),
        p if p > 0 => all().nth(p as usize - 1),
        p => {
            let from_end = p.unsigned_abs() as usize;
            let count = all().count();
            count.checked_sub(from_end).and_then(|i| all().nth(i))
        }
    };
    found.ok_or(Absent::Never)
}

fn last<'e>(head: &'e Head, name: Option<&[u8]>, split: Split) -> Option<&'e [u8]> {
    let field = head
        .fields()
        .iter()
        .rev()
        .find(|f| wanted(name, head.get(f.name)))
        .map(|f| head.get(f.value))?;
    values(field, split).last()
}

/// The next value of an ACL's walk; the cursor holds the field's index and the offset in its value.
fn next<'e>(c: &mut Call<'_, 'e>, head: &'e Head, name: Option<&[u8]>, split: Split) -> Result<&'e [u8], Absent> {
    let (mut index, offset) = (c.iter.at >> 32, c.iter.at & 0xffff_ffff);
    let mut offset = Some(offset);
    loop {
        let field = head.fields().get(index).ok_or(Absent::Never)?;
        if !wanted(name, head.get(field.name)) {
            (index, offset) = (index + 1, Some(0));
            continue;
        }
        let value = head.get(field.value);
        let Some(from) = offset.filter(|o| *o <= value.len()) else {
            (index, offset) = (index + 1, Some(0));
            continue;
        };
        let end = if split == Split::Commas {
            value_end(value, from)
        } else {
            value.len()
        };
        // One past the end of a value that ends in a comma is a value too, an empty one.
        c.iter.at = if end < value.len() {
            index << 32 | (end + 1)
        } else {
            (index + 1) << 32
        };
        c.iter.more = true;
        return Ok(value[from..end].trim_ascii());
    }
}

fn count<'e>(c: &Call<'_, 'e>, head: &'e Head, split: Split) -> Value<'e> {
    let name = c.text(0).filter(|n| !n.is_empty());
    let fields = head.iter().filter(|(n, _)| wanted(name, n));
    let n = match split {
        Split::No => fields.count(),
        Split::Commas => fields.map(|(_, v)| values(v, split).count()).sum(),
    };
    Value::Int(n as i64)
}

fn address<'e>(c: &mut Call<'_, 'e>, head: &'e Head) -> Sampled<'e> {
    loop {
        let found = parse_ip(one(c, head, Split::Commas)?);
        match found {
            Some(IpAddr::V4(a)) => return Ok(Value::V4(a)),
            Some(IpAddr::V6(a)) => return Ok(Value::V6(a)),
            // An ACL passes over what is no address.
            None if c.iter.each && c.int(1).unwrap_or(0) == 0 => {}
            None => return Err(Absent::Never),
        }
    }
}

/// An address, IPv4 with an optional port, IPv6 with or without brackets.
pub fn parse_ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Some((ip, rest)) = hapax_value::leading_v4(bytes) {
        let port = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u16>().ok();
        let good = rest.is_empty() || rest.strip_prefix(b":").and_then(port).is_some();
        return good.then_some(IpAddr::V4(ip));
    }
    let bare = bytes.strip_prefix(b"[").and_then(|inside| inside.strip_suffix(b"]"));
    std::str::from_utf8(bare.unwrap_or(bytes)).ok()?.parse().ok().map(IpAddr::V6)
}

fn names<'e>(c: &Call<'_, 'e>, head: &'e Head) -> Sampled<'e> {
    let delimiter = c.text(0).and_then(<[u8]>::first).copied().unwrap_or(b',');
    let mut out = Vec::new();
    for (name, _) in head {
        if !out.is_empty() {
            out.push(delimiter);
        }
        out.extend_from_slice(name);
    }
    Ok(Value::Str(Cow::Owned(out)))
}

fn whole(head: &Head) -> Value<'static> {
    let mut out = Vec::new();
    for (name, value) in head {
        for part in [name, b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b"\r\n");
    Value::Bin(Cow::Owned(out))
}

fn binary(head: &Head) -> Value<'static> {
    let mut out = Vec::new();
    for (name, value) in head {
        for part in [name, value] {
            hapax_proto::varint::encode(part.len() as u64, &mut out);
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(&[0, 0]);
    Value::Bin(Cow::Owned(out))
}
