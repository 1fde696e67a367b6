//! Bytes before any protocol is spoken: payload, TLS hellos, RDP cookies, distcc (manual, 7.3.5).
//!
//! What is not there yet may still come: then the answer is [`Absent::NotYet`], and a content rule waits.

use std::borrow::Cow;

use hapax_proto::tls_hello::{
    ClientHello, EXT_GROUPS, EXT_KEY_SHARE, EXT_SESSION_TICKET, EXT_SIGNATURES, Sniffed, client_hello, handshake_type,
};
use hapax_value::{Type, Value};

use super::http::text;
use crate::{Absent, Arg, ArgKind, Body, Call, Compile, Fetch, Needs, Sampled};

const RANGE: &[ArgKind] = &[ArgKind::Sint, ArgKind::Sint];
const PREFIXED: &[ArgKind] = &[ArgKind::Sint, ArgKind::Sint, ArgKind::Str];

pub(super) static ROWS: &[Fetch] = &[
    REQ_LEN,
    REQ_LEN.alias("req_len"),
    Fetch {
        needs: Needs::RESPONSE,
        ..REQ_LEN.alias("res.len")
    },
    PAYLOAD.cases(
        &["payload(0,10)", "payload(0,0),hex", "payload(-1,5)"],
        &["payload", "payload(1)", "payload(a,b)"],
    ),
    Fetch {
        needs: Needs::REQUEST,
        ..PAYLOAD.alias("req.payload")
    },
    Fetch {
        needs: Needs::RESPONSE,
        ..PAYLOAD.alias("res.payload")
    },
    PAYLOAD_LV.cases(
        &["payload_lv(0,2)", "payload_lv(0,2,+3)", "payload_lv(4,1,6)"],
        &["payload_lv(0)", "payload_lv(0,0)", "payload_lv(0,1,x)"],
    ),
    Fetch {
        needs: Needs::REQUEST,
        ..PAYLOAD_LV.alias("req.payload_lv")
    },
    Fetch {
        needs: Needs::RESPONSE,
        ..PAYLOAD_LV.alias("res.payload_lv")
    },
    REQ_TYPE,
    REQ_TYPE.alias("req_ssl_hello_type"),
    RES_TYPE,
    RES_TYPE.alias("rep_ssl_hello_type"),
    REQ_SNI,
    REQ_SNI.alias("req_ssl_sni"),
    REQ_VER,
    REQ_VER.alias("req_ssl_ver"),
    Fetch::new(
        "req.ssl_alpn",
        Type::Str,
        Needs::REQUEST,
        "The protocol that a TLS hello offers first (ALPN).",
        |c| match hello(c)?.alpn().next() {
            Some(name) => Ok(Value::Str(Cow::Owned(name.to_vec()))),
            None => Err(Absent::Never),
        },
    ),
    Fetch::new(
        "req.ssl_cipherlist",
        Type::Bin,
        Needs::LAYER4,
        "The cipher suites that a TLS hello offers, as bytes.",
        |c| bin(hello(c)?.ciphers),
    ),
    Fetch::new(
        "req.ssl_keyshare_groups",
        Type::Bin,
        Needs::LAYER4,
        "The groups that a TLS hello has key shares of, as bytes.",
        |c| {
            let mut rest = hello(c)?.list(EXT_KEY_SHARE).ok_or(Absent::Never)?;
            let mut out = Vec::new();
            while let [a, b, high, low, after @ ..] = rest {
                out.extend_from_slice(&[*a, *b]);
                rest = after.get(usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default();
            }
            Ok(Value::Bin(Cow::Owned(out)))
        },
    ),
    Fetch::new(
        "req.ssl_sigalgs",
        Type::Bin,
        Needs::LAYER4,
        "The signature schemes that a TLS hello offers, as bytes.",
        |c| bin(hello(c)?.list(EXT_SIGNATURES).ok_or(Absent::Never)?),
    ),
    Fetch::new(
        "req.ssl_supported_groups",
        Type::Bin,
        Needs::LAYER4,
        "The groups that a TLS hello offers, as bytes.",
        |c| bin(hello(c)?.list(EXT_GROUPS).ok_or(Absent::Never)?),
    ),
    Fetch::new(
        "req.ssl_ec_ext",
        Type::Bool,
        Needs::REQUEST,
        "Whether a TLS hello offers groups of elliptic curves.",
        |c| hello(c)?.extension(EXT_GROUPS).map(|_| Value::Bool(true)).ok_or(Absent::Never),
    ),
    Fetch::new(
        "req.ssl_st_ext",
        Type::Sint,
        Needs::REQUEST,
        "Session tickets of a TLS hello: 0 none, 1 asked for, 2 shown.",
        |c| {
            Ok(Value::Int(match hello(c)?.extension(EXT_SESSION_TICKET) {
                None => 0,
                Some([]) => 1,
                Some(_) => 2,
            }))
        },
    ),
    RDP,
    RDP.alias("rdp_cookie"),
    RDP_CNT,
    RDP_CNT.alias("rdp_cookie_cnt"),
];

const REQ_LEN: Fetch = Fetch::new("req.len", Type::Sint, Needs::REQUEST, "How many bytes are at hand.", |c| {
    if let Ok(body) = body(c) {
        c.iter.may_change = !body.complete;
        return Ok(Value::Int(body.bytes.len() as i64));
    }
    // Of an HTTP message, what its head and the body at hand take inside; as in HAProxy, it is never taken for the whole.
    c.iter.may_change = true;
    let (head, body) = if c.name.starts_with("res") {
        (c.env.res, c.env.res_body)
    } else {
        (c.env.req, c.env.req_body)
    };
    Ok(Value::Int(
        head.ok_or(Absent::Never)?.counted_len() as i64 + body.bytes.len() as i64 + body.beside as i64,
    ))
});
const PAYLOAD: Fetch = Fetch::new(
    "payload",
    Type::Bin,
    Needs::MESSAGE,
    "Bytes at hand, from an offset on; length 0 means all.",
    payload,
)
.args(RANGE, 2);
const PAYLOAD_LV: Fetch = Fetch::new(
    "payload_lv",
    Type::Bin,
    Needs::MESSAGE,
    "Bytes at hand whose length is written before them.",
    payload_lv,
)
.args(PREFIXED, 2)
.check(check_prefixed);
const REQ_TYPE: Fetch = Fetch::new(
    "req.ssl_hello_type",
    Type::Sint,
    Needs::REQUEST,
    "The type of the TLS handshake message at hand.",
    hello_type,
);
const RES_TYPE: Fetch = Fetch::new(
    "res.ssl_hello_type",
    Type::Sint,
    Needs::RESPONSE,
    "The type of the TLS handshake message at hand.",
    hello_type,
);
const REQ_SNI: Fetch = Fetch::new(
    "req.ssl_sni",
    Type::Str,
    Needs::REQUEST,
    "The server name that a TLS hello asks for.",
    |c| text(hello(c)?.server_name().ok_or(Absent::Never)?),
);
const REQ_VER: Fetch = Fetch::new(
    "req.ssl_ver",
    Type::Sint,
    Needs::REQUEST,
    "The version of a TLS hello, major and minor in 16 bits each.",
    |c| {
        let (major, minor) = hello(c)?.version;
        Ok(Value::Int(i64::from(major) << 16 | i64::from(minor)))
    },
);
const RDP: Fetch = Fetch::new(
    "req.rdp_cookie",
    Type::Str,
    Needs::REQUEST,
    "The cookie of an RDP connection request.",
    |c| text(rdp_cookie(c)?),
)
.args(&[ArgKind::Str], 0);
const RDP_CNT: Fetch = Fetch::new(
    "req.rdp_cookie_cnt",
    Type::Sint,
    Needs::REQUEST,
    "Whether there is such an RDP cookie: 0 or 1.",
    |c| match rdp_cookie(c) {
        Ok(_) => Ok(Value::Int(1)),
        Err(Absent::Never) => Ok(Value::Int(0)),
        Err(Absent::NotYet) => {
            c.iter.may_change = true;
            Ok(Value::Int(0))
        }
    },
)
.args(&[ArgKind::Str], 0);

fn bin(bytes: &[u8]) -> Sampled<'_> {
    Ok(Value::Bin(Cow::Borrowed(bytes)))
}

fn body<'e>(c: &Call<'_, 'e>) -> Result<Body<'e>, Absent> {
    c.env.payload.ok_or(Absent::Never)
}

/// What is absent now may come, unless nothing more does.
fn later(body: Body<'_>) -> Absent {
    if body.complete { Absent::Never } else { Absent::NotYet }
}

fn hello<'e>(c: &Call<'_, 'e>) -> Result<ClientHello<'e>, Absent> {
    let body = body(c)?;
    match client_hello(body.bytes) {
        Sniffed::Found(hello) => Ok(hello),
        Sniffed::More => Err(later(body)),
        Sniffed::Other => Err(Absent::Never),
    }
}

fn hello_type<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let body = body(c)?;
    match handshake_type(body.bytes) {
        Sniffed::Found(kind) => Ok(Value::Int(i64::from(kind))),
        Sniffed::More => Err(later(body)),
        Sniffed::Other => Err(Absent::Never),
    }
}

fn at(c: &Call<'_, '_>, i: usize) -> usize {
    // Nothing stands at a negative place, and no message is so long as a negative length.
    c.int(i).map_or(0, |n| usize::try_from(n).unwrap_or(usize::MAX))
}

fn payload<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let body = body(c)?;
    let (from, len) = (at(c, 0), at(c, 1));
    if from > body.bytes.len() {
        return Err(later(body));
    }
    if len == 0 {
        c.iter.may_change = !body.complete;
        return bin(&body.bytes[from..]);
    }
    bin(body.bytes.get(from..from.saturating_add(len)).ok_or(later(body))?)
}

fn payload_lv<'e>(c: &mut Call<'_, 'e>) -> Sampled<'e> {
    let body = body(c)?;
    let (length_at, length_size) = (at(c, 0), at(c, 1));
    let field = body
        .bytes
        .get(length_at..length_at.saturating_add(length_size))
        .ok_or(later(body))?;
    let len = field.iter().fold(0_usize, |n, b| n << 8 | usize::from(*b));
    // The third argument became two: whether it is relative, and the offset.
    let after = length_at + length_size;
    let from = match (c.int(2), c.int(3)) {
        (Some(0), Some(n)) => usize::try_from(n).ok(),
        (Some(_), Some(n)) => after.checked_add_signed(n as isize),
        _ => Some(after),
    }
    .ok_or(Absent::Never)?;
    if len == 0 {
        return Err(Absent::Never);
    }
    bin(body.bytes.get(from..from.saturating_add(len)).ok_or(later(body))?)
}

fn check_prefixed(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    if !matches!(args.get(1), Some(Arg::Int(1..=8))) {
        return Err("payload length must be > 0".to_owned());
    }
    if !matches!(args.first(), Some(Arg::Int(0..))) {
        return Err("payload offset too negative".to_owned());
    }
    if let Some(Arg::Str(word)) = args.get(2) {
        let text = String::from_utf8_lossy(word).into_owned();
        let relative = text.starts_with(['+', '-']);
        let n = text.parse().map_err(|_| "payload offset2 is not a number".to_owned())?;
        args[2] = Arg::Int(i64::from(relative));
        args.push(Arg::Int(n));
    }
    Ok(())
}

/// `Cookie: name=value` behind the TPKT and X.224 headers of a connection request.
fn rdp_cookie<'e>(c: &Call<'_, 'e>) -> Result<&'e [u8], Absent> {
    const HEADERS: usize = 11;
    const LABEL: &[u8] = b"Cookie: ";
    let body = body(c)?;
    let bytes = body.bytes;
    if bytes.first().is_some_and(|v| *v != 3) || bytes.get(5).is_some_and(|k| *k != 0xe0) {
        return Err(Absent::Never);
    }
    let start = HEADERS + LABEL.len();
    if bytes.len() <= start {
        return Err(later(body));
    }
    if !bytes[HEADERS..start].eq_ignore_ascii_case(LABEL) {
        return Err(Absent::Never);
    }
    let rest = &bytes[start..];
    let end = memchr::memchr(b'\r', rest).ok_or(later(body))?;
    let line = &rest[..end];
    let equal = memchr::memchr(b'=', line).ok_or(Absent::Never)?;
    match c.text(0).filter(|n| !n.is_empty()) {
        Some(name) if !name.eq_ignore_ascii_case(&line[..equal]) => Err(Absent::Never),
        _ => Ok(&line[equal + 1..]),
    }
}
