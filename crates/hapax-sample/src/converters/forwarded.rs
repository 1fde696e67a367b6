//! The Forwarded header (RFC 7239): whether it is well formed, its fields, and the parts of the nodes it names.

use std::net::{Ipv4Addr, Ipv6Addr};

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Converter, Env, Sampled};

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "rfc7239_is_valid",
        Type::Str,
        Type::Bool,
        "Whether the input is one well-formed element of a Forwarded header, with no parameter but for, by, host and proto.",
        |_, v, _| Ok(Value::Bool(is_element(&arg::bytes(v)?))),
    )
    .cases(&["str(proto=http),rfc7239_is_valid"], &["str(a),rfc7239_is_valid(1)"]),
    Converter::new(
        "rfc7239_field",
        Type::Str,
        Type::Str,
        "A parameter of an element of a Forwarded header: for, by, host or proto, without its quotes.",
        field,
    )
    .args(&[ArgKind::Str], 1)
    .cases(&["str(proto=http),rfc7239_field(proto)"], &["str(a),rfc7239_field(for,by)"]),
    Converter::new(
        "rfc7239_n2nn",
        Type::Str,
        Type::Any,
        "The name of a node: its address, unknown, or an obfuscated name.",
        |_, v, _| {
            let text = arg::bytes(v)?;
            let (name, _, _) = node(&text, true).ok_or(Absent::Never)?;
            Ok(match name {
                Name::V4(a) => Value::V4(a),
                Name::V6(a) => Value::V6(a),
                Name::Text(t) => Value::Str(t.to_vec().into()),
            })
        },
    )
    .cases(&["str(127.0.0.1:80),rfc7239_n2nn"], &["str(a),rfc7239_n2nn(1)"]),
    Converter::new(
        "rfc7239_n2np",
        Type::Str,
        Type::Any,
        "The port of a node: a number or an obfuscated name; none without one.",
        |_, v, _| {
            let text = arg::bytes(v)?;
            let (_, port, _) = node(&text, true).ok_or(Absent::Never)?;
            match port.ok_or(Absent::Never)? {
                Port::Number(n) => Ok(Value::Int(i64::from(n))),
                Port::Text(t) => Ok(Value::Str(t.to_vec().into())),
            }
        },
    )
    .cases(&["str(127.0.0.1:80),rfc7239_n2np"], &["str(a),rfc7239_n2np(1)"]),
    Converter::new(
        "rfc7239_nn",
        Type::Any,
        Type::Str,
        "An address or a name as a node's name: IPv6 in brackets, others than addresses obfuscated with an underscore, \
         `unknown` for nothing.",
        |_, v, _| {
            let text = match v {
                Value::V4(a) => a.to_string(),
                Value::V6(a) => format!("[{a}]"),
                other => return obfuscated(other, Some(b"unknown")),
            };
            Ok(Value::Str(text.into_bytes().into()))
        },
    )
    .cases(&["ipv6(::1),rfc7239_nn", "str(a),rfc7239_nn"], &["str(a),rfc7239_nn(1)"]),
    Converter::new(
        "rfc7239_np",
        Type::Any,
        Type::Str,
        "A number or a name as a node's port: names are obfuscated with an underscore.",
        |_, v, _| match v {
            Value::Int(n) => Ok(Value::Str((n as u32).to_string().into_bytes().into())),
            other => obfuscated(other, None),
        },
    )
    .cases(&["int(80),rfc7239_np", "str(a),rfc7239_np"], &["str(a),rfc7239_np(1)"]),
];

fn is_element(text: &[u8]) -> bool {
    Element::parse(text).is_some_and(|e| e.has_any())
}

/// Whether the value of a `Forwarded` field is a list of well-formed elements.
pub fn are_elements(value: &[u8]) -> bool {
    let mut quoted = false;
    let comma = |b: &u8| {
        quoted ^= *b == b'"';
        *b == b',' && !quoted
    };
    value.split(comma).all(|element| is_element(element.trim_ascii()))
}

fn is_obfuscated(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')
}

/// A text with an underscore before it, or what stands for an empty one.
fn obfuscated<'e>(value: Value<'e>, empty: Option<&'static [u8]>) -> Sampled<'e> {
    let text = value.into_str();
    if text.is_empty() {
        return empty.map(|text| Value::Str(text.into())).ok_or(Absent::Never);
    }
    if !text.iter().copied().all(is_obfuscated) {
        return Err(Absent::Never);
    }
    Ok(Value::Str([b"_", &text[..]].concat().into()))
}

/// A node's name.
enum Name<'n> {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Text(&'n [u8]),
}

/// A node's port.
enum Port<'n> {
    Number(u16),
    Text(&'n [u8]),
}

/// The bytes at the beginning for which `part` holds, and the others.
fn span(text: &[u8], part: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&b| !part(b)).unwrap_or(text.len());
    text.split_at(end)
}

fn parsed<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An IPv6 address in brackets and what follows.
fn bracketed(text: &[u8]) -> Option<(Ipv6Addr, &[u8])> {
    let inner = text.strip_prefix(b"[")?;
    let (addr, rest) = span(inner, |b| b.is_ascii_alphanumeric() || b == b':');
    Some((parsed(addr)?, rest.strip_prefix(b"]")?))
}

/// A port that is a number other than 0, and what follows.
fn port_number(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = span(text, |b| b.is_ascii_digit());
    parsed(digits).filter(|&n| n > 0).map(|n| (n, rest))
}

/// An obfuscated identifier with its underscore, and what follows.
fn identifier(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, _) = span(text.strip_prefix(b"_")?, is_obfuscated);
    (!rest.is_empty()).then(|| text.split_at(rest.len() + 1))
}

/// A node at the beginning of a text, and what follows. What has a colon must be quoted.
fn node(text: &[u8], quoted: bool) -> Option<(Name<'_>, Option<Port<'_>>, &[u8])> {
    let (name, rest) = match *text.first()? {
        b'_' => identifier(text).map(|(id, rest)| (Name::Text(id), rest))?,
        b'u' => (Name::Text(text.get(..7).filter(|t| *t == b"unknown")?), text.get(7..)?),
        b'[' if quoted => bracketed(text).map(|(a, rest)| (Name::V6(a), rest))?,
        _ => {
            let (addr, rest) = span(text, |b| b.is_ascii_digit() || b == b'.');
            (Name::V4(parsed(addr)?), rest)
        }
    };
    let Some(port) = rest.strip_prefix(b":") else {
        return Some((name, None, rest));
    };
    if !quoted {
        return None;
    }
    let (port, rest) = match identifier(port) {
        Some((id, rest)) => (Port::Text(id), rest),
        None => port_number(port).map(|(n, rest)| (Port::Number(n), rest))?,
    };
    Some((name, Some(port), rest))
}

/// What follows a host at the beginning of a text.
fn after_host(text: &[u8], quoted: bool) -> Option<&[u8]> {
    let rest = if quoted && text.first()? == &b'[' {
        bracketed(text)?.1
    } else {
        text.first()?;
        span(text, |b| b.is_ascii_alphanumeric() || b == b'.').1
    };
    match rest.strip_prefix(b":") {
        None => Some(rest),
        Some(port) if quoted => port_number(port).map(|(_, rest)| rest),
        Some(_) => None,
    }
}

/// The parameters of one element, as they are written between quotes.
#[derive(Default)]
struct Element<'h> {
    by: Option<&'h [u8]>,
    r#for: Option<&'h [u8]>,
    host: Option<&'h [u8]>,
    proto: Option<&'h [u8]>,
}

impl<'h> Element<'h> {
    fn has_any(&self) -> bool {
        self.by.or(self.r#for).or(self.host).or(self.proto).is_some()
    }

    fn has_all(&self) -> bool {
        [self.by, self.r#for, self.host, self.proto].iter().all(Option::is_some)
    }

    /// Reads an element; once it has every parameter, what follows is not looked at.
    fn parse(header: &'h [u8]) -> Option<Self> {
        let mut element = Self::default();
        let mut rest = header;
        while !rest.is_empty() && !element.has_all() {
            if element.has_any() {
                rest = rest.strip_prefix(b";")?;
            }
            let equals = rest.iter().position(|&b| b == b'=')?;
            let (name, value) = (&rest[..equals], &rest[equals + 1..]);
            let unquoted = value.strip_prefix(b"\"");
            // The protocol is never quoted.
            let quoted = unquoted.is_some() && name != b"proto";
            let value = if quoted { unquoted.unwrap_or_default() } else { value };
            let (slot, after) = match name {
                b"for" => (&mut element.r#for, node(value, quoted)?.2),
                b"by" => (&mut element.by, node(value, quoted)?.2),
                b"host" => (&mut element.host, after_host(value, quoted)?),
                b"proto" => {
                    let after = value.strip_prefix(b"http")?;
                    (&mut element.proto, after.strip_prefix(b"s").unwrap_or(after))
                }
                _ => return None,
            };
            if slot.is_some() {
                return None;
            }
            *slot = value.get(..value.len() - after.len());
            rest = if quoted { after.strip_prefix(b"\"")? } else { after };
        }
        Some(element)
    }
}

fn field<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let header = arg::bytes(value)?;
    let element = Element::parse(&header).ok_or(Absent::Never)?;
    let found = match arg::text(args, 0).unwrap_or_default() {
        b"for" => element.r#for,
        b"by" => element.by,
        b"host" => element.host,
        b"proto" => element.proto,
        _ => None,
    };
    found.map(|text| Value::Str(text.to_vec().into())).ok_or(Absent::Never)
}
