//! `option forwarded` (RFC 7239), and which field names a request may have (manual, 4.2).

use std::net::IpAddr;
use std::sync::Arc;

use hapax_proto::http::Head;
use hapax_sample::Env;
use hapax_sample::expr::Expr;
use hapax_value::Endpoint;

/// `option forwarded` (RFC 7239).
#[derive(Clone, Debug, Default)]
pub struct Forwarded {
    pub proto: bool,
    pub host: Option<ForwardedPart>,
    pub by: Option<ForwardedPart>,
    pub by_port: Option<ForwardedPart>,
    pub for_: Option<ForwardedPart>,
    pub for_port: Option<ForwardedPart>,
}

/// Where a parameter of `Forwarded` comes from.
#[derive(Clone, Debug)]
pub enum ForwardedPart {
    /// The connection, or `Host`.
    Own,
    Expr(Arc<Expr>),
}

impl Forwarded {
    /// The value of the field; empty: nothing is to be told.
    pub fn value(&self, env: &Env<'_>) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        if self.proto {
            let proto: &[u8] = if env.sess.tls.is_some() { b"https" } else { b"http" };
            parameter(&mut out, b"proto", proto, false);
        }
        if let Some(part) = &self.host {
            let host = match part {
                ForwardedPart::Own => env.req.and_then(|r| r.first(b"host")).map(<[u8]>::to_vec),
                ForwardedPart::Expr(_) => part.text(env, None),
            };
            if let Some(host) = host {
                parameter(&mut out, b"host", &host, true);
            }
        }
        let by = (&b"by"[..], &self.by, &self.by_port, env.dst());
        let from = (&b"for"[..], &self.for_, &self.for_port, env.src());
        for (name, node, port, own) in [by, from] {
            let Some(node) = node else { continue };
            let address = node.text(env, own.and_then(Endpoint::ip).map(|ip| ip.to_string()));
            let port = port
                .as_ref()
                .and_then(|p| p.text(env, own.and_then(Endpoint::port).map(|n| n.to_string())))
                .and_then(|p| node_port(&p));
            let mut value = node_name(address.as_deref());
            let quoted = port.is_some() || value.starts_with(b"[");
            if let Some(port) = port {
                value.push(b':');
                value.extend_from_slice(&port);
            }
            parameter(&mut out, name, &value, quoted);
        }
        out
    }
}

impl ForwardedPart {
    fn text(&self, env: &Env<'_>, own: Option<String>) -> Option<Vec<u8>> {
        match self {
            Self::Own => own.map(String::into_bytes),
            Self::Expr(expr) => {
                let mut text = Vec::new();
                expr.eval_str(env, &mut text).then_some(text)
            }
        }
    }
}

fn parameter(out: &mut Vec<u8>, name: &[u8], value: &[u8], quoted: bool) {
    if !out.is_empty() {
        out.push(b';');
    }
    out.extend_from_slice(name);
    out.push(b'=');
    if quoted {
        out.push(b'"');
    }
    out.extend_from_slice(value);
    if quoted {
        out.push(b'"');
    }
}

/// An address, an obfuscated name, or `unknown` (RFC 7239, 6).
fn node_name(text: Option<&[u8]>) -> Vec<u8> {
    let Some(text) = text else { return b"unknown".to_vec() };
    let bare = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]")).unwrap_or(text);
    match std::str::from_utf8(bare).ok().and_then(|t| t.parse::<IpAddr>().ok()) {
        Some(IpAddr::V4(_)) => bare.to_vec(),
        Some(IpAddr::V6(_)) => [b"[", bare, b"]"].concat(),
        None if text == b"unknown" => text.to_vec(),
        None => obfuscated(text).unwrap_or_else(|| b"unknown".to_vec()),
    }
}

/// A port number or an obfuscated port.
fn node_port(text: &[u8]) -> Option<Vec<u8>> {
    let number = std::str::from_utf8(text).ok().and_then(|t| t.parse::<u16>().ok());
    if number.is_some() { Some(text.to_vec()) } else { obfuscated(text) }
}

/// An underscore, then letters, digits and `._-`.
fn obfuscated(text: &[u8]) -> Option<Vec<u8>> {
    let rest = text.strip_prefix(b"_").unwrap_or(text);
    let good = !rest.is_empty() && rest.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b));
    good.then(|| [b"_", rest].concat())
}

/// What becomes of requests whose field names hold other than letters, digits and hyphens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HeaderNames {
    #[default]
    Preserve,
    Delete,
    Reject,
}

impl HeaderNames {
    /// Takes out of a request the fields that it may not have; whether it is to be refused for them.
    pub fn refuse(self, head: &mut Head) -> bool {
        self != Self::Preserve && head.remove_if(|name, _| !is_plain(name)) > 0 && self == Self::Reject
    }
}

fn is_plain(name: &[u8]) -> bool {
    name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_forwarded() {
        let cases = [
            (Some("127.0.0.1"), "127.0.0.1"),
            (Some("::1"), "[::1]"),
            (Some("[::1]"), "[::1]"),
            (Some("2F36"), "_2F36"),
            (Some("_haproxy"), "_haproxy"),
            (Some("a b"), "unknown"),
            (Some(""), "unknown"),
            (None, "unknown"),
        ];
        for (text, want) in cases {
            assert_eq!(node_name(text.map(str::as_bytes)), want.as_bytes(), "{text:?}");
        }
        let ports = [
            ("10", Some("10")),
            ("id", Some("_id")),
            ("99999", Some("_99999")),
            ("a b", None),
            ("", None),
        ];
        for (text, want) in ports {
            assert_eq!(node_port(text.as_bytes()).as_deref(), want.map(str::as_bytes), "{text:?}");
        }
    }
}
