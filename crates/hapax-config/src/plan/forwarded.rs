//! `option forwarded` (RFC 7239), and which field names a request may have (manual, 4.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hapax_proto::http::Head;
use hapax_sample::Env;
use hapax_sample::expr::Expr;
use hapax_value::{Endpoint, Value};

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
    /// The field of a request: behind the elements of those before, where all of them are well-formed, else one of its own.
    pub fn told(&self, env: &Env<'_>) -> Told {
        let element = self.value(env);
        let Some(head) = env.req else { return Told::Field(element) };
        let mut last = None;
        for (i, (name, value)) in head.iter().enumerate() {
            if name == b"forwarded" {
                if !hapax_sample::converters::forwarded::are_elements(value) {
                    return Told::Field(element);
                }
                last = Some((i, value));
            }
        }
        match last {
            Some((i, value)) => Told::Behind(i, [value, b",", &element].concat()),
            None => Told::Field(element),
        }
    }

    fn value(&self, env: &Env<'_>) -> Vec<u8> {
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
            let host = host.filter(|h| is_host(h)).unwrap_or_default();
            parameter(&mut out, b"host", &host, true);
        }
        let by = (&b"by"[..], &self.by, &self.by_port, env.dst());
        let from = (&b"for"[..], &self.for_, &self.for_port, env.src());
        for (name, node, port, own) in [by, from] {
            let Some(node) = node else { continue };
            let mut value = node_name(node.address(env, own.and_then(Endpoint::ip)).as_deref());
            let quoted = port.is_some() || value.starts_with(b"[");
            let port = port.as_ref().and_then(|p| p.text(env, own.and_then(Endpoint::port)));
            if let Some(port) = port.and_then(|p| node_port(&p)) {
                value.push(b':');
                value.extend_from_slice(&port);
            }
            parameter(&mut out, name, &value, quoted);
        }
        out
    }
}

/// Where an element of `Forwarded` goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// In a field of its own.
    Field(Vec<u8>),
    /// In the field of that index, which becomes this.
    Behind(usize, Vec<u8>),
}

impl Told {
    /// Tells it to the server.
    pub fn put(self, head: &mut Head) {
        match self {
            Self::Field(value) => head.add(b"forwarded", &value),
            Self::Behind(i, value) => head.set_value(i, &value),
        }
    }
}

impl ForwardedPart {
    fn text(&self, env: &Env<'_>, own: Option<u16>) -> Option<Vec<u8>> {
        match self {
            Self::Own => own.map(|n| n.to_string().into_bytes()),
            Self::Expr(expr) => {
                let mut text = Vec::new();
                expr.eval_str(env, &mut text).then_some(text)
            }
        }
    }

    /// What the name of a node is made of; IPv6 addresses in brackets.
    fn address(&self, env: &Env<'_>, own: Option<IpAddr>) -> Option<Vec<u8>> {
        let address = match self {
            Self::Own => own?,
            Self::Expr(expr) => match expr.eval(env).ok()? {
                Value::V6(a) => IpAddr::V6(a),
                other => {
                    let mut text = Vec::new();
                    other.write_str(&mut text);
                    return Some(text);
                }
            },
        };
        let text = match address {
            IpAddr::V4(a) => a.to_string(),
            IpAddr::V6(a) => format!("[{a}]"),
        };
        Some(text.into_bytes())
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

/// An address (IPv6 ones in brackets), an obfuscated name, or `unknown` (RFC 7239, 6).
fn node_name(text: Option<&[u8]>) -> Vec<u8> {
    let Some(text) = text else { return b"unknown".to_vec() };
    let bracketed = text.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]"));
    if bracketed.map_or_else(|| parsed::<Ipv4Addr>(text).is_some(), |t| parsed::<Ipv6Addr>(t).is_some()) || text == b"unknown" {
        return text.to_vec();
    }
    obfuscated(text).unwrap_or_else(|| b"unknown".to_vec())
}

/// A port number or an obfuscated port.
fn node_port(text: &[u8]) -> Option<Vec<u8>> {
    if is_port(text) { Some(text.to_vec()) } else { obfuscated(text) }
}

fn is_port(text: &[u8]) -> bool {
    parsed::<u16>(text).is_some_and(|n| n > 0)
}

fn parsed<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An underscore, then letters, digits and `._-`.
fn obfuscated(text: &[u8]) -> Option<Vec<u8>> {
    let rest = text.strip_prefix(b"_").filter(|r| !r.is_empty()).unwrap_or(text);
    let good = !rest.is_empty() && rest.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b));
    good.then(|| [b"_", rest].concat())
}

/// A name or an address, and a port: what may stand between quotes without being read as anything else.
fn is_host(text: &[u8]) -> bool {
    let (name, port) = match text.iter().rposition(|b| *b == b':') {
        Some(at) if !text.ends_with(b"]") => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    };
    let named = match name.strip_prefix(b"[").and_then(|t| t.strip_suffix(b"]")) {
        Some(address) => parsed::<Ipv6Addr>(address).is_some(),
        None => !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"._-~".contains(b)),
    };
    named && port.is_none_or(is_port)
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
    use hapax_sample::still::Stage;

    use super::*;

    #[test]
    fn nodes_of_forwarded() {
        let cases = [
            (Some("127.0.0.1"), "127.0.0.1"),
            (Some("::1"), "unknown"),
            (Some("[::1]"), "[::1]"),
            (Some("[1.2.3.4]"), "unknown"),
            (Some("_"), "__"),
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
            ("0", Some("_0")),
            ("_", Some("__")),
            ("a b", None),
            ("", None),
        ];
        for (text, want) in ports {
            assert_eq!(node_port(text.as_bytes()).as_deref(), want.map(str::as_bytes), "{text:?}");
        }
    }

    #[test]
    fn a_field_before_is_added_to_when_it_is_well_formed() {
        let cases: [(&[&[u8]], Told); 6] = [
            (&[], Told::Field(b"proto=http".to_vec())),
            (&[b"for=192.0.2.1"], Told::Behind(0, b"for=192.0.2.1,proto=http".to_vec())),
            (&[b"for=192.0.2.1, by=_x", b"by=\"[::1]:8,0\""], Told::Field(b"proto=http".to_vec())),
            (
                &[b"for=192.0.2.1, by=_x", b"by=\"[::1]:80\""],
                Told::Behind(1, b"by=\"[::1]:80\",proto=http".to_vec()),
            ),
            (&[b"for=192.0.2.1", b"by=_x,"], Told::Field(b"proto=http".to_vec())),
            (&[b""], Told::Field(b"proto=http".to_vec())),
        ];
        let forwarded = Forwarded {
            proto: true,
            ..Forwarded::default()
        };
        for (before, want) in cases {
            let mut stage = Stage::request("GET", "/", &[]);
            for value in before {
                stage.req.as_mut().unwrap().add(b"forwarded", value);
            }
            assert_eq!(forwarded.told(&stage.env()), want, "{before:?}");
        }
    }

    #[test]
    fn hosts_of_forwarded() {
        for good in ["a", "a-b.example:80", "xn--bcher-kva.example", "1.2.3.4:5", "[::1]", "[::1]:80"] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "a b",
            "\"q\"",
            "a;b",
            "a,b",
            "::1",
            "a:",
            "a:0",
            "a:99999",
            "a:x",
            "[::1",
            "[1.2.3.4]",
            "a/b",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }
}
