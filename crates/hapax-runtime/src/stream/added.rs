//! What the proxy adds to a request on its way to the server: addresses, identifiers, the names of its parties.

use std::net::IpAddr;

use hapax_config::plan::{ForwardFor, Forwarded, ForwardedPart, HeaderNames, HttpMode, Options, Proxy};
use hapax_proto::http::{Head, Version};
use hapax_value::Endpoint;

use super::Step;
use super::exchange::Exchange;
use crate::outcome::{Blame, End, Phase};

impl Exchange<'_> {
    /// What the proxy adds to a request once the rules are through with it.
    pub(super) fn prepare_request(&mut self) {
        self.read_cookie();
        if let (Some(name), Some(id)) = (&self.fe.unique_id_header, &self.p.facts.unique_id) {
            self.p.req_head.add(name, id);
        }
        if self.fe.forwardfor.is_some() || self.be.forwardfor.is_some() {
            let ip = self.env(false).src().and_then(Endpoint::ip);
            self.add_address(self.fe.forwardfor.as_ref(), self.be.forwardfor.as_ref(), ip);
        }
        if self.fe.originalto.is_some() || self.be.originalto.is_some() {
            let ip = self.env(false).dst().and_then(Endpoint::ip);
            self.add_address(self.fe.originalto.as_ref(), self.be.originalto.as_ref(), ip);
        }
        if let Some(f) = &self.be.forwarded {
            self.add_forwarded(f);
        }
        if self.meta.conflicting {
            // Not a connection to be kept, and nothing is promised.
        } else if self.server_closes() && !self.be.options.contains(Options::HTTP_PRETEND_KA) {
            // An HTTP/1.0 connection ends unless it says otherwise, and one that is to become something else says so alone.
            if self.p.req_head.version != Version::H10 && !self.meta.upgrade {
                self.p.req_head.add(b"connection", b"close");
            }
        } else if self.p.req_head.version == Version::H10 && !self.meta.upgrade {
            // The server's connection is kept whatever the client's version is.
            self.p.req_head.add(b"connection", b"keep-alive");
        }
    }

    /// Whether the server's connection serves this request alone: the backend closes it, or the frontend wants servers' closed.
    pub(super) fn server_closes(&self) -> bool {
        self.single_use || self.be.http_mode != HttpMode::KeepAlive || self.fe.http_mode == HttpMode::ServerClose
    }

    /// `option forwardfor`, `option originalto`
    fn add_address(&mut self, fe: Option<&ForwardFor>, be: Option<&ForwardFor>, ip: Option<IpAddr>) {
        let Some(ip) = ip else { return };
        let Some(name) = ForwardFor::field(fe, be, ip, |name| self.p.req_head.contains(name)) else {
            return;
        };
        let mut text = [0u8; 45];
        let len = {
            use std::io::Write;
            let mut room = &mut text[..];
            let whole = room.len();
            // An address never takes more than 45 bytes.
            let _ = write!(room, "{ip}");
            whole - room.len()
        };
        self.p.req_head.add(name, &text[..len]);
    }

    /// `option forwarded` (RFC 7239)
    fn add_forwarded(&mut self, f: &Forwarded) {
        let mut out = Vec::with_capacity(64);
        if f.proto {
            let proto: &[u8] = if self.c.facts.tls.is_some() { b"https" } else { b"http" };
            parameter(&mut out, b"proto", proto, false);
        }
        if let Some(part) = &f.host {
            let host = match part {
                ForwardedPart::Own => self.p.req_head.first(b"host").map(<[u8]>::to_vec),
                ForwardedPart::Expr(_) => self.text_of(part, None),
            };
            if let Some(host) = host {
                parameter(&mut out, b"host", &host, true);
            }
        }
        let (src, dst) = {
            let env = self.env(false);
            (env.src().cloned(), env.dst().cloned())
        };
        for (name, node, port, own) in [(&b"by"[..], &f.by, &f.by_port, dst), (b"for", &f.for_, &f.for_port, src)] {
            let Some(node) = node else { continue };
            let own = own.as_ref();
            let address = self.text_of(node, own.and_then(Endpoint::ip).map(|ip| ip.to_string()));
            let port = port
                .as_ref()
                .and_then(|p| self.text_of(p, own.and_then(Endpoint::port).map(|n| n.to_string())))
                .and_then(|p| node_port(&p));
            let mut value = node_name(address.as_deref());
            let quoted = port.is_some() || value.starts_with(b"[");
            if let Some(port) = port {
                value.push(b':');
                value.extend_from_slice(&port);
            }
            parameter(&mut out, name, &value, quoted);
        }
        if !out.is_empty() {
            self.p.req_head.add(b"forwarded", &out);
        }
    }

    fn text_of(&self, part: &ForwardedPart, own: Option<String>) -> Option<Vec<u8>> {
        match part {
            ForwardedPart::Own => own.map(String::into_bytes),
            ForwardedPart::Expr(expr) => {
                let mut text = Vec::new();
                expr.eval_str(&self.env(false), &mut text).then_some(text)
            }
        }
    }

    /// `option http-restrict-req-hdr-names` of one of the two proxies.
    pub(super) fn restrict_names(&mut self, proxy: &Proxy) -> Step<()> {
        if proxy.header_names == HeaderNames::Preserve {
            return Ok(());
        }
        let gone = self.p.req_head.remove_if(|name, _| !is_plain(name));
        if gone > 0 && proxy.header_names == HeaderNames::Reject {
            self.fe_state().fe.denied_req.inc(self.w.id);
            return Err(End::with_status(Blame::Proxy, Phase::Request, 403).into());
        }
        Ok(())
    }

    /// `unique-id-format`: once for each request, as soon as it is there.
    pub(super) fn identify(&mut self) {
        if let Some(format) = &self.fe.formats.unique_id
            && self.p.facts.unique_id.is_none()
        {
            let mut id = Vec::with_capacity(64);
            format.write(&self.env(false), &mut id);
            self.p.facts.unique_id = Some(id.into());
        }
    }

    /// `http-send-name-header`: the server that this attempt goes to.
    pub(super) fn name_server(&mut self) {
        if let (Some(name), Some(i)) = (&self.be.send_name_header, self.server) {
            self.p.req_head.set(name, self.server_conf(i).name.as_bytes());
        }
    }
}

fn is_plain(name: &[u8]) -> bool {
    name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
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

/// Whether a response gives its client the choice to prove itself to this very connection: NTLM and Negotiate do.
pub(super) fn binds_connection(head: &Head) -> bool {
    let name: &[u8] = match head.status {
        401 => b"www-authenticate",
        407 => b"proxy-authenticate",
        _ => return false,
    };
    head.values(name).any(|v| {
        let scheme = v.split(|b| *b == b' ').next().unwrap_or_default();
        [&b"ntlm"[..], b"negotiate", b"nego2"]
            .iter()
            .any(|s| scheme.eq_ignore_ascii_case(s))
    })
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

    #[test]
    fn connections_bound_by_their_authentication() {
        let mut h = Head::default();
        h.status = 401;
        h.add(b"www-authenticate", b"Basic realm=x");
        assert!(!binds_connection(&h));
        h.add(b"www-authenticate", b"Negotiate");
        assert!(binds_connection(&h));
        h.status = 200;
        assert!(!binds_connection(&h));
    }
}
