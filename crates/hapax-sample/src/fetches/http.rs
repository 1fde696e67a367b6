//! The start line of requests and responses, and what identifies a message (manual, 7.3.6).

use std::borrow::Cow;

use hapax_proto::http::{Head, Version};
use hapax_value::{Endpoint, Method, Type, Value, hash};

use super::stream_of;
use crate::{Absent, Arg, ArgKind, Call, Compile, Env, Fetch, Needs, Sampled};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new("method", Type::Meth, Needs::STREAM, "The request's method.", |c| {
        Ok(Value::Method(Method::from_bytes(request(c.env)?.method())))
    })
    .steady()
    .cases(&["method,lower"], &["method(GET)"]),
    Fetch::new("url", Type::Str, Needs::REQUEST, "The request's target as received.", |c| {
        text(request(c.env)?.uri())
    })
    .steady(),
    Fetch::new(
        "path",
        Type::Str,
        Needs::REQUEST,
        "The target's path: from its first slash to the question mark.",
        |c| text(path(request(c.env)?.uri()).ok_or(Absent::Never)?),
    )
    .steady()
    .cases(&["path,lower"], &["path(x)"]),
    Fetch::new("pathq", Type::Str, Needs::REQUEST, "The target's path and query string.", |c| {
        text(pathq(request(c.env)?.uri()).ok_or(Absent::Never)?)
    })
    .steady(),
    Fetch::new(
        "query",
        Type::Str,
        Needs::REQUEST,
        "What follows the first question mark of the target.",
        query,
    )
    .steady()
    .args(&[ArgKind::Str], 0)
    .check(check_query)
    .cases(&["query", "query(with_qm)"], &["query(x)"]),
    Fetch::new(
        "base",
        Type::Str,
        Needs::REQUEST,
        "The first Host field followed by the path.",
        |c| based(c.env, path),
    )
    .steady(),
    Fetch::new(
        "baseq",
        Type::Str,
        Needs::REQUEST,
        "The first Host field followed by the path and query string.",
        |c| based(c.env, pathq),
    ),
    Fetch::new("base32", Type::Sint, Needs::REQUEST, "A 32-bit hash of 'base'.", |c| {
        Ok(Value::Int(i64::from(hashed(c.env, path)?)))
    }),
    Fetch::new(
        "base32+src",
        Type::Bin,
        Needs::REQUEST,
        "The hash of 'base' followed by the client's address.",
        |c| with_source(c.env, path),
    ),
    Fetch::new("url32", Type::Sint, Needs::REQUEST, "A 32-bit hash of 'baseq'.", |c| {
        Ok(Value::Int(i64::from(hashed(c.env, pathq)?)))
    }),
    Fetch::new(
        "url32+src",
        Type::Bin,
        Needs::REQUEST,
        "The hash of 'baseq' followed by the client's address.",
        |c| with_source(c.env, pathq),
    ),
    Fetch::new("url_ip", Type::Ipv4, Needs::REQUEST, "The address in an absolute target.", url_ip),
    Fetch::new("url_port", Type::Sint, Needs::REQUEST, "The port in an absolute target.", url_port),
    REQ_VER,
    REQ_VER.alias("req_ver"),
    RES_VER,
    RES_VER.alias("resp_ver"),
    Fetch::new("req.proto_http", Type::Bool, Needs::STREAM, "Whether the request is HTTP.", |c| {
        if c.env.res.is_some() {
            // The request is with the server.
            return Err(Absent::Never);
        }
        request(c.env).map(|_| Value::Bool(true))
    }),
    Fetch::new("req_proto_http", Type::Bool, Needs::STREAM, "Whether the request is HTTP.", |c| {
        if c.env.res.is_some() {
            // The request is with the server.
            return Err(Absent::Never);
        }
        request(c.env).map(|_| Value::Bool(true))
    }),
    Fetch::new("status", Type::Sint, Needs::SERVER_SIDE, "The response's status.", |c| {
        status(response(c.env)?.status)
    })
    .steady(),
    Fetch::new(
        "server_status",
        Type::Sint,
        Needs::SERVER_SIDE,
        "The status that the server gave, whatever rules made of it.",
        |c| match c.env.stream.server_status {
            // Answered without a server.
            0 if c.env.stream.status != 0 => stream_of(c.env).map(|_| Value::Int(0)),
            code => status(code),
        },
    ),
    Fetch::new(
        "txn.status",
        Type::Sint,
        Needs::SERVER_SIDE,
        "The status given to the client.",
        |c| status(stream_of(c.env)?.status),
    ),
    Fetch::new(
        "unique-id",
        Type::Str,
        Needs::ALL,
        "The identifier made by unique-id-format.",
        |c| text(c.env.stream.unique_id.get(c.env).ok_or(Absent::Never)?),
    ),
    Fetch::new(
        "http_first_req",
        Type::Bool,
        Needs::STREAM,
        "Whether this is the first request of its connection.",
        |c| Ok(Value::Bool(stream_of(c.env)?.first_request)),
    )
    .steady(),
];

const REQ_VER: Fetch = Fetch::new("req.ver", Type::Str, Needs::STREAM, "The request's version, such as '1.1'.", |c| {
    text(version(request(c.env)?))
})
.steady();
const RES_VER: Fetch = Fetch::new(
    "res.ver",
    Type::Str,
    Needs::SERVER_SIDE,
    "The response's version, such as '1.1'.",
    |c| text(version(response(c.env)?)),
);

/// The request's head, or whether it may still come.
pub(super) fn request<'e>(env: &'e Env<'e>) -> Result<&'e Head, Absent> {
    env.req.ok_or_else(|| match env.payload {
        Some(p) if !could_be_a_request(p.bytes) => Absent::Never,
        _ => pending(env),
    })
}

/// Whether bytes that are no whole request may become one: a method, a blank, and at the line's end the protocol's name.
fn could_be_a_request(bytes: &[u8]) -> bool {
    let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).unwrap_or(bytes.len());
    let line = &bytes[start..];
    let token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    let end = line.iter().position(|b| !token(b));
    if end.is_some_and(|at| at == 0 || line[at] != b' ') {
        return false;
    }
    memchr::memchr(b'\n', line).is_none_or(|lf| memchr::memmem::find(&line[..lf], b" HTTP/").is_some())
}

/// The response's head, or whether it may still come.
pub(super) fn response<'e>(env: &'e Env<'e>) -> Result<&'e Head, Absent> {
    env.res.ok_or_else(|| pending(env))
}

fn pending(env: &Env<'_>) -> Absent {
    match env.payload {
        Some(p) if !p.complete => Absent::NotYet,
        _ => Absent::Never,
    }
}

pub(super) fn text(bytes: &[u8]) -> Sampled<'_> {
    Ok(Value::Str(Cow::Borrowed(bytes)))
}

fn status<'e>(code: u16) -> Sampled<'e> {
    if code == 0 {
        Err(Absent::Never)
    } else {
        Ok(Value::Int(i64::from(code)))
    }
}

pub(crate) fn version(head: &Head) -> &[u8] {
    let own = || head.version_text().strip_prefix(b"HTTP/").unwrap_or_default();
    match head.version {
        Version::H09 => b"0.9",
        Version::H10 | Version::H11 => own(),
        Version::H2 => b"2.0",
        Version::H3 => b"3.0",
    }
}

/// The target from its path's slash on; `None` where it has none (`*`, an authority).
pub(crate) fn pathq(uri: &[u8]) -> Option<&[u8]> {
    if uri.first() == Some(&b'/') {
        return Some(uri);
    }
    let (_, rest) = split_scheme(uri)?;
    Some(&rest[memchr::memchr2(b'/', b'?', rest)?..])
}

/// The target's path alone.
pub(crate) fn path(uri: &[u8]) -> Option<&[u8]> {
    let all = pathq(uri)?;
    Some(&all[..memchr::memchr(b'?', all).unwrap_or(all.len())])
}

/// `scheme://rest`
fn split_scheme(uri: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', uri)?;
    let rest = uri[colon + 1..].strip_prefix(b"//")?;
    Some((&uri[..colon], rest))
}

/// The part of an absolute target between the scheme and the path.
fn authority(uri: &[u8]) -> Option<&[u8]> {
    let (_, rest) = split_scheme(uri)?;
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let part = &rest[..end];
    // What stands before an `@` is no part of the host.
    Some(memchr::memrchr(b'@', part).map_or(part, |at| &part[at + 1..]))
}

fn query<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let uri = request(c.env)?.uri();
    let mark = memchr::memchr(b'?', uri).ok_or(Absent::Never)?;
    let with_mark = c.int(0) == Some(1) && mark + 1 < uri.len();
    text(if with_mark { &uri[mark..] } else { &uri[mark + 1..] })
}

fn check_query(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    match args.first() {
        Some(Arg::Str(word)) if &**word == b"with_qm" => args[0] = Arg::Int(1),
        Some(Arg::Str(word)) => {
            return Err(format!(
                "'{}' is not supported. Supported options are: with_qm",
                String::from_utf8_lossy(word)
            ));
        }
        _ => {}
    }
    Ok(())
}

/// Host and a part of the target, as one string.
fn based<'e>(env: &'e Env<'e>, part: fn(&[u8]) -> Option<&[u8]>) -> Sampled<'e> {
    let head = request(env)?;
    let target = part(head.uri());
    match head.first(b"host").filter(|h| !h.is_empty()) {
        None => text(target.ok_or(Absent::Never)?),
        Some(host) => match target {
            None => text(host),
            Some(target) => Ok(Value::Str(Cow::Owned([host, target].concat()))),
        },
    }
}

/// The hash that HAProxy keeps such a string by.
fn hashed(env: &Env<'_>, part: fn(&[u8]) -> Option<&[u8]>) -> Result<u32, Absent> {
    let head = request(env)?;
    let host = head.first(b"host").unwrap_or_default();
    // A query without a path has no part in it.
    let target = part(head.uri()).filter(|t| t.starts_with(b"/")).unwrap_or_default();
    Ok(hash::spread(hash::sdbm(&[host, target].concat())))
}

fn with_source<'e>(env: &'e Env<'e>, part: fn(&[u8]) -> Option<&[u8]>) -> Sampled<'e> {
    let mut out = Vec::with_capacity(20);
    out.extend_from_slice(&hashed(env, part)?.to_be_bytes());
    match env.src().and_then(Endpoint::ip) {
        Some(std::net::IpAddr::V4(a)) => out.extend_from_slice(&a.octets()),
        Some(std::net::IpAddr::V6(a)) => out.extend_from_slice(&a.octets()),
        None => return Err(Absent::Never),
    }
    Ok(Value::Bin(Cow::Owned(out)))
}

fn url_ip<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let part = authority(request(c.env)?.uri()).ok_or(Absent::Never)?;
    let host = memchr::memrchr(b':', part).map_or(part, |at| &part[..at]);
    let ip = std::str::from_utf8(host).ok().and_then(|h| h.parse().ok());
    ip.map(Value::V4).ok_or(Absent::Never)
}

fn url_port<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let uri = request(c.env)?.uri();
    let part = authority(uri).ok_or(Absent::Never)?;
    let host = memchr::memrchr(b':', part).map_or(part, |at| &part[..at]);
    // Only targets whose host is an address are told apart.
    std::str::from_utf8(host)
        .ok()
        .and_then(|h| h.parse::<std::net::Ipv4Addr>().ok())
        .ok_or(Absent::Never)?;
    if host.len() == part.len() {
        let https = uri.starts_with(b"https:");
        return Ok(Value::Int(if https { 443 } else { 80 }));
    }
    let digits = std::str::from_utf8(&part[host.len() + 1..]).map_err(|_| Absent::Never)?;
    digits.parse::<u16>().map(|p| Value::Int(i64::from(p))).map_err(|_| Absent::Never)
}
