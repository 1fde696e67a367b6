//! The stream: bytes, timers, termination, captures, variables and credentials (manual, 7.3.2 and 7.3.6).

use std::borrow::Cow;

use base64::Engine;
use hapax_value::{Support, Type, Value};

use super::http::{request, text};
use super::{missing, no_effect, stream_of};
use crate::users::Userlist;
use crate::{Absent, Arg, ArgKind, Call, Compile, Env, Fetch, Needs, Sampled};

pub(super) static ROWS: &[Fetch] = &[
    Fetch::new("var", Type::Any, Needs::ALL, "A variable's value, or the default given.", variable)
        .args(&[ArgKind::Var, ArgKind::Str], 1)
        .cases(
            &["var(txn.a)", "var(sess.a,none)"],
            &["var", "var(a)", "var(foo.bar)", "var(txn.a-b)"],
        ),
    Fetch::new("bytes_in", Type::Sint, Needs::STREAM, "Bytes received from the client.", |c| {
        uploaded(c.env)
    }),
    Fetch::new("bytes_out", Type::Sint, Needs::TRANSFER, "Bytes received from the server.", |c| {
        downloaded(c.env)
    }),
    Fetch::new("req.bytes_in", Type::Sint, Needs::STREAM, "Bytes received from the client.", |c| {
        uploaded(c.env)
    }),
    Fetch::new("req.bytes_out", Type::Sint, Needs::STREAM, "Bytes sent to the server.", |c| {
        let stream = stream_of(c.env)?;
        let sent = if stream.timers.connect < 0 { 0 } else { stream.bytes_in };
        Ok(Value::Int(sent as i64))
    }),
    Fetch::new(
        "res.bytes_in",
        Type::Sint,
        Needs::TRANSFER,
        "Bytes received from the server.",
        |c| downloaded(c.env),
    ),
    Fetch::new("res.bytes_out", Type::Sint, Needs::TRANSFER, "Bytes sent to the client.", |c| {
        Ok(Value::Int(stream_of(c.env)?.bytes_back as i64))
    }),
    Fetch::new(
        "fc.timer.handshake",
        Type::Sint,
        Needs::LAYER4,
        "Milliseconds of the client's handshakes.",
        |c| timer(c.env.stream.timers.handshake),
    ),
    Fetch::new(
        "fc.timer.total",
        Type::Sint,
        Needs::SESSION,
        "Milliseconds since the client's connection was accepted.",
        |c| timer(stream_of(c.env)?.timers.total),
    ),
    Fetch::new(
        "req.timer.idle",
        Type::Sint,
        Needs::REQUEST,
        "Milliseconds before the request's first byte.",
        |c| timer(c.env.stream.timers.idle),
    ),
    Fetch::new(
        "req.timer.hdr",
        Type::Sint,
        Needs::REQUEST,
        "Milliseconds that the request's head took to come.",
        |c| timer(c.env.stream.timers.request),
    ),
    Fetch::new(
        "req.timer.tq",
        Type::Sint,
        Needs::REQUEST,
        "Milliseconds from accept to the end of the request's head.",
        |c| {
            let t = &c.env.stream.timers;
            timer(if t.request < 0 {
                -1
            } else {
                t.handshake.max(0) + t.idle.max(0) + t.request
            })
        },
    ),
    Fetch::new(
        "req.timer.queue",
        Type::Sint,
        Needs::SERVER_SIDE,
        "Milliseconds spent in queues.",
        |c| timer(stream_of(c.env)?.timers.queue),
    ),
    Fetch::new(
        "bc.timer.connect",
        Type::Sint,
        Needs::SERVER_SIDE,
        "Milliseconds that connecting to the server took.",
        |c| timer(stream_of(c.env)?.timers.connect),
    ),
    Fetch::new(
        "res.timer.hdr",
        Type::Sint,
        Needs::RESPONSE,
        "Milliseconds that the server took to answer.",
        |c| timer(c.env.stream.timers.response),
    ),
    Fetch::new(
        "res.timer.data",
        Type::Sint,
        Needs::TRANSFER,
        "Milliseconds that the response's body took.",
        |c| timer(stream_of(c.env)?.timers.data),
    ),
    Fetch::new(
        "txn.timer.total",
        Type::Sint,
        Needs::STREAM,
        "Milliseconds from the request's first byte to the end.",
        |c| timer(stream_of(c.env)?.timers.active),
    ),
    Fetch::new(
        "txn.timer.user",
        Type::Sint,
        Needs::STREAM,
        "Milliseconds from accept, or the last response, to the end.",
        |c| {
            let t = &stream_of(c.env)?.timers;
            timer(if t.active < 0 { -1 } else { t.idle.max(0) + t.active })
        },
    ),
    Fetch::new(
        "txn.conn_retries",
        Type::Sint,
        Needs::SERVER_SIDE,
        "How often connecting to the server was tried again.",
        |c| Ok(Value::Int(i64::from(stream_of(c.env)?.retries))),
    ),
    Fetch::new(
        "txn.redispatched",
        Type::Bool,
        Needs::SERVER_SIDE,
        "Whether another server was taken than the first one chosen.",
        |c| Ok(Value::Bool(stream_of(c.env)?.redispatched)),
    ),
    Fetch::new("txn.id32", Type::Sint, Needs::PROCESS, "The stream's number, in 32 bits.", |c| {
        Ok(Value::Int(i64::from(c.env.stream.id as u32)))
    }),
    Fetch::new(
        "txn.sess_term_state",
        Type::Str,
        Needs::PROCESS,
        "The two letters of how the stream ended.",
        |c| text(&stream_of(c.env)?.termination),
    ),
    Fetch::new("prio_class", Type::Sint, Needs::PROCESS, "The priority class in queues.", |c| {
        Ok(Value::Int(i64::from(stream_of(c.env)?.priority_class)))
    }),
    Fetch::new("prio_offset", Type::Sint, Needs::PROCESS, "The priority offset in queues.", |c| {
        Ok(Value::Int(i64::from(stream_of(c.env)?.priority_offset)))
    }),
    Fetch::new(
        "wait_end",
        Type::Bool,
        Needs::PROCESS,
        "True, but not before the inspection is over.",
        |c| {
            let ended = c.env.no_more || c.env.payload.is_some_and(|p| p.complete);
            ended.then_some(Value::Bool(true)).ok_or(Absent::NotYet)
        },
    ),
    Fetch::new(
        "capture.req.hdr",
        Type::Str,
        Needs::STREAM,
        "A captured request field, by slot.",
        |c| capture(c, true),
    )
    .args(&[ArgKind::Sint], 1),
    Fetch::new(
        "capture.res.hdr",
        Type::Str,
        Needs::SERVER_SIDE,
        "A captured response field, by slot.",
        |c| capture(c, false),
    )
    .args(&[ArgKind::Sint], 1),
    Fetch::new(
        "capture.req.method",
        Type::Str,
        Needs::STREAM,
        "The method of the request as received.",
        |c| text(request_line(c.env)?.method),
    ),
    Fetch::new(
        "capture.req.uri",
        Type::Str,
        Needs::STREAM,
        "The path and query of the request as received.",
        |c| text(super::http::pathq(request_line(c.env)?.uri).ok_or(Absent::Never)?),
    ),
    Fetch::new(
        "capture.req.ver",
        Type::Str,
        Needs::STREAM,
        "The version of the request as received, such as 'HTTP/1.1'.",
        |c| match request_line(c.env)?.version {
            whole if whole.len() >= b"HTTP/1.1".len() => text(whole),
            // It was cut off.
            _ => text(c.env.req.ok_or(Absent::Never)?.version_text()),
        },
    ),
    Fetch::new(
        "capture.res.ver",
        Type::Str,
        Needs::STREAM,
        "The version of the response as received, such as 'HTTP/1.1'.",
        |c| match c.env.stream.response_version {
            "" => Err(Absent::Never),
            v => Ok(Value::Str(Cow::Owned([b"HTTP/", v.as_bytes()].concat()))),
        },
    ),
    Fetch::new(
        "http_auth",
        Type::Bool,
        Needs::REQUEST,
        "Whether the user list knows the request's user and password.",
        |c| {
            let (user, password) = basic(c.env)?;
            Ok(Value::Bool(userlist(c)?.check(&user, &password).is_some()))
        },
    )
    .args(&[ArgKind::Userlist], 1),
    Fetch::new(
        "http_auth_group",
        Type::Str,
        Needs::REQUEST,
        "The request's user, where the user list knows the password.",
        groups,
    )
    .args(&[ArgKind::Userlist], 1),
    Fetch::new(
        "http_auth_user",
        Type::Str,
        Needs::REQUEST,
        "The user of basic authentication.",
        |c| Ok(Value::Str(Cow::Owned(basic(c.env)?.0))),
    ),
    Fetch::new(
        "http_auth_pass",
        Type::Str,
        Needs::REQUEST,
        "The password of basic authentication.",
        |c| Ok(Value::Str(Cow::Owned(basic(c.env)?.1))),
    ),
    Fetch::new(
        "http_auth_type",
        Type::Str,
        Needs::REQUEST,
        "The authentication scheme of the request: `Basic`, with a user and a password, or `Bearer`.",
        |c| match authorization(c.env, credentials(c.env))?.0 {
            scheme if scheme.eq_ignore_ascii_case(b"bearer") => text(b"Bearer"),
            _ => basic(c.env).and_then(|_| text(b"Basic")),
        },
    ),
    Fetch::new(
        "http_auth_bearer",
        Type::Str,
        Needs::REQUEST,
        "The token of bearer authentication.",
        |c| {
            let field = c.text(0).map_or_else(|| b"authorization".to_vec(), <[u8]>::to_ascii_lowercase);
            let (scheme, rest) = authorization(c.env, &field)?;
            if scheme.eq_ignore_ascii_case(b"bearer") {
                text(rest)
            } else {
                Err(Absent::Never)
            }
        },
    )
    .args(&[ArgKind::Str], 0),
    Fetch::new(
        "res.cache_hit",
        Type::Bool,
        Needs::SERVER,
        "Whether the response came from a cache.",
        |_| Ok(Value::Bool(false)),
    )
    .support(Support::NotYet("the cache")),
    Fetch::new(
        "res.cache_name",
        Type::Str,
        Needs::SERVER,
        "The cache that the response came from.",
        missing,
    )
    .support(Support::NotYet("the cache")),
    Fetch::new(
        "res.comp",
        Type::Bool,
        Needs::SERVER_SIDE,
        "Whether the response is compressed here.",
        |c| Ok(Value::Bool(!c.env.stream.compressed_as.is_empty())),
    ),
    Fetch::new(
        "res.comp_algo",
        Type::Str,
        Needs::SERVER_SIDE,
        "How the response is compressed here.",
        |c| match c.env.stream.compressed_as {
            "" => Err(Absent::Never),
            name => text(name.as_bytes()),
        },
    ),
    Fetch::new(
        "fcgi.docroot",
        Type::Str,
        Needs::REQUEST,
        "The document root of the FastCGI application.",
        missing,
    )
    .support(FCGI),
    Fetch::new(
        "fcgi.index",
        Type::Str,
        Needs::REQUEST,
        "The index file of the FastCGI application.",
        missing,
    )
    .support(FCGI),
    Fetch::new(
        "last_rule_file",
        Type::Str,
        Needs::PROCESS,
        "The file of the last final rule.",
        |c| text(c.env.world.file_name(c.env.stream.last_rule.ok_or(Absent::Never)?.file).as_bytes()),
    ),
    Fetch::new(
        "last_rule_line",
        Type::Sint,
        Needs::PROCESS,
        "The line of the last final rule.",
        |c| Ok(Value::Int(i64::from(c.env.stream.last_rule.ok_or(Absent::Never)?.line))),
    ),
    Fetch::new("last_entity", Type::Str, Needs::PROCESS, "The last rule or filter that ran.", |c| {
        place(c.env, c.env.stream.last_rule)
    }),
    Fetch::new("waiting_entity", Type::Str, Needs::PROCESS, "The rule or filter that waits.", |c| {
        place(c.env, c.env.stream.waiting_rule)
    }),
    Fetch::new(
        "internal.strm.is_htx",
        Type::Bool,
        Needs::PROCESS,
        "Whether the stream is HTTP.",
        |c| stream_of(c.env).map(|_| Value::Bool(c.env.req.is_some())),
    ),
    Fetch::new(
        "internal.htx.data",
        Type::Sint,
        Needs::MESSAGE,
        "HAProxy's own message buffer, for its developers.",
        no_effect,
    )
    .support(HTX),
    Fetch::new(
        "internal.htx.free",
        Type::Sint,
        Needs::MESSAGE,
        "HAProxy's own message buffer, for its developers.",
        no_effect,
    )
    .support(HTX),
    Fetch::new(
        "internal.htx.free_data",
        Type::Sint,
        Needs::MESSAGE,
        "HAProxy's own message buffer, for its developers.",
        no_effect,
    )
    .support(HTX),
    Fetch::new(
        "internal.htx.has_eom",
        Type::Bool,
        Needs::MESSAGE,
        "HAProxy's own message buffer, for its developers.",
        no_effect,
    )
    .support(HTX),
    Fetch::new(
        "internal.htx.nbblks",
        Type::Sint,
        Needs::MESSAGE,
        "HAProxy's own message buffer, for its developers.",
        no_effect,
    )
    .support(HTX),
    Fetch::new(
        "internal.htx.size",
        Type::Sint,
        Needs::MESSAGE,
        "HAProxy's own message buffer, for its developers.",
        no_effect,
    )
    .support(HTX),
    Fetch::new(
        "internal.htx.used",
        Type::Sint,
        Needs::MESSAGE,
        "HAProxy's own message buffer, for its developers.",
        no_effect,
    )
    .support(HTX),
    BLOCK,
    Fetch {
        out: Type::Str,
        ..BLOCK.alias("internal.htx_blk.hdrname")
    },
    Fetch {
        out: Type::Str,
        ..BLOCK.alias("internal.htx_blk.hdrval")
    },
    Fetch {
        out: Type::Sint,
        ..BLOCK.alias("internal.htx_blk.size")
    },
    Fetch {
        out: Type::Str,
        ..BLOCK.alias("internal.htx_blk.start_line")
    },
    Fetch {
        out: Type::Str,
        ..BLOCK.alias("internal.htx_blk.type")
    },
];

const BLOCK: Fetch = Fetch::new(
    "internal.htx_blk.data",
    Type::Bin,
    Needs::MESSAGE,
    "One block of HAProxy's own message buffer, for its developers.",
    no_effect,
)
.args(&[ArgKind::Str], 1)
.check(check_block)
.support(HTX);

const FCGI: Support = Support::NotYet("FastCGI applications as facts");
const HTX: Support = Support::NoEffect("there is no such buffer here");

/// A number, or one of three names.
fn check_block(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    match args.first() {
        Some(Arg::Str(word)) if word.is_empty() => {
            Err("a block position is expected (> 0) or a special block name (head, tail, first)".to_owned())
        }
        Some(Arg::Str(word)) if word.iter().all(u8::is_ascii_digit) || matches!(&**word, b"head" | b"tail" | b"first") => Ok(()),
        _ => Err("invalid block position".to_owned()),
    }
}

fn variable<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let Arg::Var(id) = c.arg(0) else {
        return Err(Absent::Never);
    };
    match c.env.var(*id) {
        Some(value) => Ok(value),
        None => text(c.text(1).ok_or(Absent::Never)?),
    }
}

fn uploaded<'e>(env: &Env<'_>) -> Sampled<'e> {
    Ok(Value::Int(stream_of(env)?.bytes_in as i64))
}

fn downloaded<'e>(env: &Env<'_>) -> Sampled<'e> {
    Ok(Value::Int(stream_of(env)?.bytes_out as i64))
}

fn timer<'e>(ms: i64) -> Sampled<'e> {
    Ok(Value::Int(ms))
}

fn capture<'e>(c: &Call<'_, 'e>, request: bool) -> Sampled<'e> {
    let at = c.int(0).and_then(|i| usize::try_from(i).ok()).ok_or(Absent::Never)?;
    let value = |slot: Option<&Option<Box<[u8]>>>| slot.and_then(Option::as_deref).ok_or(Absent::Never).map(<[u8]>::to_vec);
    match c.env.captures(request) {
        Cow::Borrowed(slots) => text(slots.get(at).and_then(Option::as_deref).ok_or(Absent::Never)?),
        Cow::Owned(slots) => Ok(Value::Str(Cow::Owned(value(slots.get(at))?))),
    }
}

/// The request line as received.
#[derive(Clone, Copy)]
pub(crate) struct RequestLine<'e> {
    pub(crate) method: &'e [u8],
    pub(crate) uri: &'e [u8],
    pub(crate) version: &'e [u8],
}

pub(crate) fn request_line<'e>(env: &Env<'e>) -> Result<RequestLine<'e>, Absent> {
    let line = &env.stream.request_line;
    let first = memchr::memchr(b' ', line).ok_or(Absent::Never)?;
    let last = memchr::memrchr(b' ', line).filter(|l| *l > first).unwrap_or(line.len());
    Ok(RequestLine {
        method: &line[..first],
        uri: &line[first + 1..last],
        version: line.get(last + 1..).unwrap_or_default(),
    })
}

fn userlist<'e>(c: &Call<'_, 'e>) -> Result<&'e Userlist, Absent> {
    let id = c.name_id(0).ok_or(Absent::Never)?;
    c.env.world.userlist(id as u32).ok_or(Absent::Never)
}

/// The user, once the password is right; to an ACL, the user's groups one by one.
fn groups<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let list = userlist(c)?;
    let (name, password) = basic(c.env)?;
    let user = list.check(&name, &password).ok_or(Absent::Never)?;
    if !c.iter.each {
        return Ok(Value::Str(Cow::Owned(name)));
    }
    let group = user.groups.get(c.iter.at).and_then(|g| list.groups.get(*g)).ok_or(Absent::Never)?;
    c.iter.at += 1;
    c.iter.more = true;
    text(group.as_bytes())
}

/// Scheme and the rest of a credentials field.
fn authorization<'e>(env: &'e Env<'e>, field: &[u8]) -> Result<(&'e [u8], &'e [u8]), Absent> {
    let value = request(env)?.first(field).ok_or(Absent::Never)?;
    let space = memchr::memchr(b' ', value).ok_or(Absent::Never)?;
    Ok((&value[..space], value[space + 1..].trim_ascii()))
}

/// The field that the client authenticates with.
fn credentials(env: &Env<'_>) -> &'static [u8] {
    if env.stream.proxy_auth {
        b"proxy-authorization"
    } else {
        b"authorization"
    }
}

/// User and password of basic authentication.
fn basic(env: &Env<'_>) -> Result<(Vec<u8>, Vec<u8>), Absent> {
    let (scheme, rest) = authorization(env, credentials(env))?;
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Err(Absent::Never);
    }
    let mut user = base64::engine::general_purpose::STANDARD.decode(rest).map_err(|_| Absent::Never)?;
    // Both are texts of C, which end at a NUL.
    user.truncate(memchr::memchr(0, &user).unwrap_or(user.len()));
    let colon = memchr::memchr(b':', &user).ok_or(Absent::Never)?;
    let password = user.split_off(colon + 1);
    user.truncate(colon);
    Ok((user, password))
}

/// `file:line` of a rule.
fn place<'e>(env: &'e Env<'e>, rule: Option<hapax_diag::Span>) -> Sampled<'e> {
    let at = rule.ok_or(Absent::Never)?;
    let text = format!("{}:{}", env.world.file_name(at.file), at.line);
    Ok(Value::Str(Cow::Owned(text.into_bytes())))
}
