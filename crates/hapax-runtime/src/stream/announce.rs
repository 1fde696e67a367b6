//! Whom a connection to a server speaks for: the address that it comes from, and the PROXY header that it begins with.

use std::net::SocketAddr;

use hapax_config::plan::{ProxyParts, Server, UseSource};
use hapax_proto::proxy::{tlv, write_v1, write_v2};
use hapax_sample::UniqueId;
use hapax_sample::fetches::certs;
use hapax_sample::fetches::headers::parse_ip;
use hapax_value::Endpoint;

use super::exchange::Exchange;
use crate::upstream::ConnectError;

impl Exchange<'_> {
    /// Where the connection starts from: `source` of the server, else of the backend; `true`: `usesrc` gives each client one.
    pub(super) fn source(&self, conf: &Server) -> Result<(Option<SocketAddr>, bool), ConnectError> {
        let own = self.be.source_to(conf);
        let other = if matches!(conf.source, Some(Endpoint::Ip(_))) {
            &conf.use_source
        } else {
            &self.be.use_source
        };
        let Some(other) = other else { return Ok((own, false)) };
        let client = || {
            self.env(false)
                .src()
                .and_then(|e| if let Endpoint::Ip(a) = e { Some(*a) } else { None })
        };
        let found = match other {
            UseSource::Client => client(),
            UseSource::ClientIp => client().map(|a| SocketAddr::new(a.ip(), 0)),
            UseSource::Address(a) => Some(*a),
            UseSource::Header(name, occurrence) => {
                // What is no address leaves the server's own source; nothing at all is an error.
                let value = self.value_of(name, *occurrence).ok_or(ConnectError::NoSource)?;
                parse_ip(value).map(|ip| SocketAddr::new(ip, 0))
            }
        };
        Ok((found.or(own), true))
    }

    fn value_of<'s>(&'s self, name: &'s [u8], occurrence: i32) -> Option<&'s [u8]> {
        let all: Vec<&[u8]> = self.p.req_head.values(name).flat_map(|v| v.split(|b| *b == b',')).collect();
        let at = match usize::try_from(occurrence) {
            Ok(n) => n.saturating_sub(1),
            Err(_) => all.len().checked_sub(occurrence.unsigned_abs() as usize)?,
        };
        all.get(at).map(|value| value.trim_ascii())
    }

    pub(super) fn proxy_header(&self, conf: &Server) -> Vec<u8> {
        let env = self.env(false);
        let ends = match (env.src(), env.dst()) {
            (Some(Endpoint::Ip(from)), Some(Endpoint::Ip(to))) => Some((*from, *to)),
            _ => None,
        };
        let mut header = Vec::with_capacity(64);
        if conf.send_proxy == 1 {
            write_v1(ends, &mut header);
        } else {
            let checksum = conf.proxy_parts.contains(ProxyParts::CRC32C);
            write_v2(ends, (&self.own_tlvs(conf), &self.proxy_tlvs(conf)), checksum, &mut header);
        }
        header
    }

    /// Those that the configuration writes itself.
    fn own_tlvs(&self, conf: &Server) -> Vec<u8> {
        let mut out = Vec::new();
        for (kind, format) in &conf.proxy_tlvs {
            let mut value = Vec::new();
            if let Some(format) = format {
                format.write(&self.env(false), &mut value);
            }
            tlv::push(*kind, &value, &mut out);
        }
        out
    }

    fn proxy_tlvs(&self, conf: &Server) -> Vec<u8> {
        let (parts, tls) = (conf.proxy_parts, self.c.facts.tls.as_deref());
        let mut out = Vec::new();
        if let Some(alpn) = tls.and_then(|t| t.alpn.as_deref()) {
            tlv::push(tlv::ALPN, alpn, &mut out);
        }
        if parts.contains(ProxyParts::AUTHORITY) {
            // What a proxy before this one was asked for is passed on.
            let told = self
                .c
                .facts
                .proxy_tlvs
                .as_deref()
                .and_then(|t| tlv::values(t, tlv::AUTHORITY).next());
            let asked = tls.and_then(|t| t.sni.as_deref()).map(str::as_bytes);
            if let Some(name) = told.or(asked) {
                tlv::push(tlv::AUTHORITY, name, &mut out);
            }
        }
        if parts.contains(ProxyParts::UNIQUE_ID) {
            let env = self.env(false);
            // A TCP stream has none before it asks.
            let own = self.fe.formats.unique_id.as_ref().map(UniqueId::of).unwrap_or_default();
            let id = env.stream.unique_id.get(&env).or_else(|| own.get(&env));
            tlv::push(tlv::UNIQUE_ID, id.unwrap_or_default(), &mut out);
        }
        if parts.contains(ProxyParts::SSL) {
            self.tls_part(parts, &mut out);
        }
        out
    }

    fn tls_part(&self, parts: ProxyParts, out: &mut Vec<u8>) {
        let Some(tls) = self.c.facts.tls.as_deref() else {
            tlv::push_ssl(0, true, &[], out);
            return;
        };
        let mut flags = tlv::CLIENT_SSL;
        let mut inner = Vec::new();
        tlv::push(tlv::SSL_VERSION, tls.version.as_bytes(), &mut inner);
        if let Some(der) = &tls.client_cert {
            flags |= tlv::CLIENT_CERT_SESS;
            if !tls.resumed {
                flags |= tlv::CLIENT_CERT_CONN;
            }
            if let Some(name) = certs::told(der).common_name.filter(|_| parts.contains(ProxyParts::SSL_CN)) {
                tlv::push(tlv::SSL_CN, name.as_bytes(), &mut inner);
            }
        }
        if parts.intersects(ProxyParts::SSL_KEY | ProxyParts::SSL_SIG) {
            let own = tls.own_cert.as_deref().map(certs::told).unwrap_or_default();
            if let Some(key) = own.key.filter(|_| parts.contains(ProxyParts::SSL_KEY)) {
                tlv::push(tlv::SSL_KEY_ALG, key.as_bytes(), &mut inner);
            }
            if let Some(signature) = own.signature.filter(|_| parts.contains(ProxyParts::SSL_SIG)) {
                tlv::push(tlv::SSL_SIG_ALG, signature.as_bytes(), &mut inner);
            }
        }
        if parts.contains(ProxyParts::SSL_CIPHER) && !tls.cipher.is_empty() {
            tlv::push(tlv::SSL_CIPHER, tls.cipher.as_bytes(), &mut inner);
        }
        tlv::push_ssl(flags, tls.verify.code == 0, &inner, out);
    }
}
