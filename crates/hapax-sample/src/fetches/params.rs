//! Parameters of query strings and form bodies, and bodies themselves (manual, 7.3.6).

use std::borrow::Cow;

use hapax_value::{Type, Value, parse_val};

use super::http::request;
use crate::{Absent, Arg, ArgKind, Body, Call, Compile, Fetch, Needs, Sampled};

const PARAM: &[ArgKind] = &[ArgKind::Str, ArgKind::Str, ArgKind::Str];

pub(super) static ROWS: &[Fetch] = &[
    URLP,
    URLP.alias("url_param"),
    Fetch::new(
        "urlp_val",
        Type::Sint,
        Needs::REQUEST,
        "A parameter of the query string, as an integer.",
        |c| Ok(Value::Int(parse_val(url_param(c)?))),
    )
    .args(PARAM, 0)
    .check(check_param),
    Fetch::new(
        "req.body_param",
        Type::Bin,
        Needs::REQUEST,
        "A parameter of a form sent as the request's body.",
        |c| {
            let body = c.env.req_body.bytes;
            let (name, icase) = (c.text(0), c.int(1) == Some(1));
            find(c, body, b'&', name, icase).map(|v| Value::Bin(Cow::Borrowed(v)))
        },
    )
    .args(&[ArgKind::Str, ArgKind::Str], 0)
    .check(check_body_param)
    .cases(&["req.body_param(x)", "req.body_param(x,i)", "req.body_param(x,y)"], &[]),
    Fetch::new(
        "req.body",
        Type::Bin,
        Needs::REQUEST,
        "The part of the request's body at hand.",
        |c| bytes(c, c.env.req_body),
    ),
    Fetch::new(
        "req.body_len",
        Type::Sint,
        Needs::REQUEST,
        "How many bytes of the request's body are at hand.",
        |c| length(c, c.env.req_body),
    ),
    Fetch::new(
        "req.body_size",
        Type::Sint,
        Needs::REQUEST,
        "The announced length of the request's body.",
        |c| size(c, c.env.req_body),
    ),
    Fetch::new(
        "res.body",
        Type::Bin,
        Needs::RESPONSE,
        "The part of the response's body at hand.",
        |c| bytes(c, c.env.res_body),
    ),
    Fetch::new(
        "res.body_len",
        Type::Sint,
        Needs::RESPONSE,
        "How many bytes of the response's body are at hand.",
        |c| length(c, c.env.res_body),
    ),
    Fetch::new(
        "res.body_size",
        Type::Sint,
        Needs::RESPONSE,
        "The announced length of the response's body.",
        |c| size(c, c.env.res_body),
    ),
];

const URLP: Fetch = Fetch::new(
    "urlp",
    Type::Str,
    Needs::REQUEST,
    "A parameter of the query string, not decoded.",
    |c| url_param(c).map(|v| Value::Str(Cow::Borrowed(v))),
)
.steady()
.args(PARAM, 0)
.check(check_param)
.cases(
    &["urlp(a)", "urlp(a,;)", "urlp(a,,i)", "urlp", "urlp(a,bc)", "urlp(a,?,x)"],
    &["urlp(a,b,c,d)"],
);

/// The delimiter becomes its byte; the last argument `i` a 1.
fn check_param(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    if let Some(Arg::Str(word)) = args.get(1) {
        // Only its first byte counts.
        args[1] = word.first().map_or(Arg::None, |b| Arg::Int(i64::from(*b)));
    }
    case_flag(args, 2);
    Ok(())
}

fn check_body_param(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    case_flag(args, 1);
    Ok(())
}

fn case_flag(args: &mut [Arg], at: usize) {
    if let Some(Arg::Str(word)) = args.get(at) {
        // Any other word is taken, and means nothing.
        args[at] = Arg::Int(i64::from(&**word == b"i"));
    }
}

fn url_param<'e>(c: &mut Call<'_, 'e>) -> Result<&'e [u8], Absent> {
    let uri = request(c.env)?.uri();
    let delimiter = c.int(1).map_or(b'?', |d| d as u8);
    let start = memchr::memchr(delimiter, uri).ok_or(Absent::Never)?;
    let (name, icase) = (c.text(0), c.int(2) == Some(1));
    find(c, &uri[start + 1..], delimiter, name, icase)
}

/// The first parameter of that name, or an ACL's next one. Parameters end at `&`, `;` or the delimiter they begin after.
fn find<'e>(c: &mut Call<'_, 'e>, text: &'e [u8], delimiter: u8, name: Option<&[u8]>, icase: bool) -> Result<&'e [u8], Absent> {
    let name = name.filter(|n| !n.is_empty());
    let mut from = if c.iter.each { c.iter.at } else { 0 };
    while let Some(rest) = text.get(from..).filter(|r| !r.is_empty()) {
        let end = rest
            .iter()
            .position(|b| matches!(b, b'&' | b';') || *b == delimiter)
            .unwrap_or(rest.len());
        from += end + 1;
        let Some(equal) = memchr::memchr(b'=', &rest[..end]) else {
            continue;
        };
        let key = &rest[..equal];
        if name.is_none_or(|n| n == key || icase && n.eq_ignore_ascii_case(key)) {
            c.iter.at = from;
            c.iter.more = c.iter.each;
            return Ok(&rest[equal + 1..end]);
        }
    }
    Err(Absent::Never)
}

fn bytes<'e>(c: &mut Call<'_, 'e>, body: Body<'e>) -> Sampled<'e> {
    c.iter.may_change = !body.complete;
    Ok(Value::Bin(Cow::Borrowed(body.bytes)))
}

fn length<'e>(c: &mut Call<'_, 'e>, body: Body<'e>) -> Sampled<'e> {
    c.iter.may_change = !body.complete;
    Ok(Value::Int(body.bytes.len() as i64))
}

fn size<'e>(c: &mut Call<'_, 'e>, body: Body<'e>) -> Sampled<'e> {
    c.iter.may_change = !body.complete && body.announced.is_none();
    Ok(Value::Int(body.announced.unwrap_or(body.bytes.len() as u64) as i64))
}
