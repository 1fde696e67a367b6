//! A request as somebody asks about it, and the facts that it stands for.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hapax_proto::http::{Head, Version, uri};
use hapax_sample::{Now, ProxyId, SessionFacts};
use hapax_value::Endpoint;
use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};

use crate::facts::{self, Busy, Entry as TableEntry, Handshake, Tls};
use crate::hello::client_hello;

/// What is asked about. Everything but the URL has a default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table such as { url = \"https://host/path\" }")]
pub struct Question {
    pub method: String,
    /// `https://host:port/path?query`, or a path.
    pub url: String,
    /// `1.0`, `1.1` or `2`.
    pub version: String,
    /// In order; a name may stand several times.
    #[serde(deserialize_with = "fields")]
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The client's address, with or without a port.
    pub src: String,
    /// The address it connects to; by default the one that the URL and the binds agree on.
    pub dst: Option<String>,
    pub frontend: Option<String>,
    /// By default as the URL's scheme, or the bind line, says.
    pub tls: Option<Tls>,
    pub sni: Option<String>,
    /// What the client sends in TCP mode, where that is not the request.
    pub payload: Option<String>,
    /// Servers that are down, as `backend/server`, or `backend` for all of them.
    pub down: Vec<String>,
    /// Connections, queues and rates of proxies (`web`) and servers (`api/s1`).
    pub busy: BTreeMap<String, Busy>,
    /// What stick tables hold.
    pub tables: Vec<TableEntry>,
    /// Variables that are set beforehand, by scope and name (`proc.maintenance`).
    pub vars: BTreeMap<String, String>,
    /// The time of day; by default the one of [`Question::DEFAULT_TIME`].
    #[serde(deserialize_with = "when")]
    pub time: Option<String>,
    /// What every draw of a random number gives.
    pub random: u64,
    /// What the server answers; by default 200 without fields.
    pub response: Answer,
}

/// Many of them: `[[request]]` tables in TOML. The error is in words for the user.
pub fn questions(text: &str) -> Result<Vec<Question>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Requests {
        request: Vec<Question>,
    }
    let file: Requests = toml::from_str(text).map_err(|e| crate::suite::told(&e))?;
    Ok(file.request)
}

/// A server's response.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table such as { status = 200 }")]
pub struct Answer {
    pub status: u16,
    #[serde(deserialize_with = "fields")]
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: String::new(),
        }
    }
}

impl Default for Question {
    fn default() -> Self {
        Self {
            method: "GET".into(),
            url: "/".into(),
            version: "1.1".into(),
            headers: Vec::new(),
            body: String::new(),
            src: "192.0.2.1".into(),
            dst: None,
            frontend: None,
            tls: None,
            sni: None,
            payload: None,
            down: Vec::new(),
            busy: BTreeMap::new(),
            tables: Vec::new(),
            vars: BTreeMap::new(),
            time: None,
            random: 0,
            response: Answer::default(),
        }
    }
}

/// Fields of a table: a value, or a list of values for a name that stands several times; or a list of `Name: value`.
fn fields<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<(String, String)>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum One {
        Text(String),
        Texts(Vec<String>),
    }
    struct Fields;
    impl<'de> Visitor<'de> for Fields {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a table such as { host = \"example.com\" }, or a list such as [\"Host: example.com\"]")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut out = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, One>()? {
                match value {
                    One::Text(v) => out.push((name, v)),
                    One::Texts(vs) => out.extend(vs.into_iter().map(|v| (name.clone(), v))),
                }
            }
            Ok(out)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut out = Vec::new();
            while let Some(line) = list.next_element::<String>()? {
                out.push(field(&line).map_err(serde::de::Error::custom)?);
            }
            Ok(out)
        }
    }
    d.deserialize_any(Fields)
}

/// A `Name: value`. The error is in words for the user.
pub fn field(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once(':').map(|(n, v)| (n.trim(), v.trim()));
    let (name, value) = pair.ok_or_else(|| format!("'{text}' is no field: 'Name: value' is expected"))?;
    check_field(name, value).map(|()| (name.to_owned(), value.to_owned()))
}

/// Whether a message can hold the field (RFC 9110, 5).
fn check_field(name: &str, value: &str) -> Result<(), String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("'{name}' is no name of a field"));
    }
    if value.bytes().any(|b| matches!(b, 0 | b'\r' | b'\n')) {
        return Err(format!("the value of '{name}' holds an end of line"));
    }
    Ok(())
}

/// A date, a text or a number of seconds.
fn when<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a time such as 2026-01-31T12:00:00Z")]
    enum When {
        Seconds(u64),
        Text(String),
        Date(toml::value::Datetime),
    }
    Ok(Some(match When::deserialize(d)? {
        When::Seconds(n) => n.to_string(),
        When::Text(t) => t,
        When::Date(t) => t.to_string(),
    }))
}

/// Why a question cannot be asked; in words for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionError(pub String);

impl std::fmt::Display for QuestionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for QuestionError {}

/// The parts of a question's URL.
pub(crate) struct Target {
    pub scheme: Option<String>,
    /// `host` or `host:port`; empty for a path.
    pub authority: String,
    pub port: Option<u16>,
    /// What stands on the request line.
    pub pathq: String,
}

impl Question {
    /// When a question is asked that does not say when: a Thursday at noon. A test passes or fails on every day alike.
    pub const DEFAULT_TIME: &'static str = "2026-01-01T12:00:00Z";

    pub(crate) fn now(&self) -> Result<Now, QuestionError> {
        let wall_us = facts::instant(self.time.as_deref().unwrap_or(Self::DEFAULT_TIME))?;
        Ok(Now {
            wall_us,
            mono_ms: wall_us / 1000,
        })
    }

    /// The name that the client asks for: as given, else the URL's host where that is a name.
    fn server_name(&self) -> Option<String> {
        let host = self.target().authority;
        let host = host.rsplit_once(':').map_or(host.as_str(), |(h, _)| h);
        let named = !host.is_empty() && host.trim_matches(['[', ']']).parse::<IpAddr>().is_err();
        self.sni.clone().or_else(|| named.then(|| host.to_owned()))
    }

    /// The bytes that a TCP frontend sees, where they are not the request: what is given, or the handshake of a client that speaks
    /// TLS to whoever is behind.
    pub(crate) fn payload(&self, terminated: bool) -> Option<Vec<u8>> {
        if let Some(payload) = &self.payload {
            return Some(payload.clone().into_bytes());
        }
        let https = self.target().scheme.as_deref() == Some("https");
        let speaks = self.tls.as_ref().map_or(https || self.sni.is_some(), Tls::is_on);
        let alpn = match &self.tls {
            Some(Tls::Told(t)) => t.alpn.as_deref(),
            _ => None,
        };
        (speaks && !terminated).then(|| client_hello(self.server_name().as_deref(), alpn))
    }

    /// Whether the URL is one: what stands on a request line has no blanks, and is a path, a URL, or `*`.
    pub(crate) fn check_url(&self) -> Result<(), QuestionError> {
        let url = &self.url;
        if url.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(QuestionError(format!("'{url}' is no URL: it is empty or has blanks in it")));
        }
        let bare = !url.starts_with('/') && url != "*" && !url.contains("://");
        if bare && !self.method.eq_ignore_ascii_case("CONNECT") {
            let text = format!("'{url}' is neither a path nor a URL: write http://{url}, https://{url} or /{url}");
            return Err(QuestionError(text));
        }
        Ok(())
    }

    pub(crate) fn target(&self) -> Target {
        let parts = uri::split(self.url.as_bytes());
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let scheme = text(parts.scheme).strip_suffix("://").map(str::to_owned);
        if scheme.is_none() && !self.method.eq_ignore_ascii_case("CONNECT") {
            return Target {
                scheme,
                authority: String::new(),
                port: None,
                pathq: self.url.clone(),
            };
        }
        let authority = text(parts.authority);
        let port = authority.rsplit_once(':').and_then(|(_, p)| p.parse().ok());
        let by_scheme = match scheme.as_deref() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        };
        let pathq = match parts.pathq {
            None if scheme.is_none() => self.url.clone(),
            None => "/".into(),
            Some(p) if p.starts_with(b"?") => format!("/{}", text(p)),
            Some(p) => text(p),
        };
        Target {
            scheme,
            port: port.or(by_scheme),
            authority,
            pathq,
        }
    }

    /// The request head, with a `Host` field made of the URL where none is given.
    pub(crate) fn head(&self) -> Result<Head, QuestionError> {
        let target = self.target();
        let mut head = Head::default();
        head.version = match self.version.as_str() {
            "1.0" => Version::H10,
            "1.1" => Version::H11,
            "2" | "2.0" => Version::H2,
            other => {
                return Err(QuestionError(format!(
                    "'{other}' is no HTTP version that can be asked about (1.0, 1.1, 2)"
                )));
            }
        };
        head.set_method(self.method.as_bytes());
        head.set_uri(target.pathq.as_bytes());
        let named = self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("host"));
        if !named && !target.authority.is_empty() {
            head.add(b"host", target.authority.as_bytes());
        }
        for (name, value) in &self.headers {
            check_field(name, value).map_err(QuestionError)?;
            head.add(name.as_bytes(), value.as_bytes());
        }
        if !self.body.is_empty() && !head.contains(b"content-length") && !head.contains(b"transfer-encoding") {
            head.add(b"content-length", self.body.len().to_string().as_bytes());
        }
        Ok(head)
    }

    pub(crate) fn response_head(&self) -> Head {
        let mut head = Head::default();
        head.status = self.response.status;
        head.set_reason(hapax_rules::errors::reason(self.response.status).as_bytes());
        for (name, value) in &self.response.headers {
            head.add(name.as_bytes(), value.as_bytes());
        }
        if !head.contains(b"content-length") && !head.contains(b"transfer-encoding") {
            head.add(b"content-length", self.response.body.len().to_string().as_bytes());
        }
        head
    }

    /// The connection as the frontend sees it.
    pub(crate) fn session(&self, frontend: ProxyId, entry: &Entry) -> Result<SessionFacts, QuestionError> {
        let src = address(&self.src, 50_000)?;
        let told = match &self.tls {
            Some(Tls::Told(t)) => t.clone(),
            _ => Handshake::default(),
        };
        let tls = entry.tls.then(|| told.facts(self.server_name()).map(Box::new)).transpose()?;
        let (src, dst) = (Endpoint::Ip(src), Endpoint::Ip(entry.dst));
        Ok(SessionFacts {
            id: 0,
            src: Some(src.clone()),
            dst: Some(dst.clone()),
            real_src: Some(src),
            real_dst: Some(dst),
            frontend,
            listener: entry.listener,
            listener_id: entry.listener_id,
            listener_name: entry.listener_name.clone(),
            tls,
            accept_us: self.now()?.wall_us,
            proxy_tlvs: entry.proxied.then(|| Arc::from(&b""[..])),
            requests: 1,
            ..SessionFacts::nobody()
        })
    }
}

/// Where a request comes in.
pub(crate) struct Entry {
    pub dst: SocketAddr,
    pub listener: u32,
    pub listener_id: u32,
    pub listener_name: Arc<str>,
    pub tls: bool,
    /// The address is one that a PROXY header tells.
    pub proxied: bool,
    /// What the user may not have meant.
    pub remark: Option<String>,
}

/// An address with its port, or with a default one.
pub(crate) fn address(text: &str, port: u16) -> Result<SocketAddr, QuestionError> {
    text.parse()
        .or_else(|_| text.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port)))
        .map_err(|_| {
            QuestionError(format!(
                "'{text}' is no address, such as 192.0.2.1, 192.0.2.1:80 or [2001:db8::1]:80"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_become_request_lines() {
        for (url, authority, port, pathq) in [
            ("/a?b", "", None, "/a?b"),
            ("http://h", "h", Some(80), "/"),
            ("https://h:8443/x?y", "h:8443", Some(8443), "/x?y"),
            ("https://h?q", "h", Some(443), "/?q"),
        ] {
            let q = Question {
                url: url.into(),
                ..Question::default()
            };
            let t = q.target();
            assert_eq!((t.authority.as_str(), t.port, t.pathq.as_str()), (authority, port, pathq), "{url}");
            let head = q.head().expect(url);
            assert_eq!(
                head.first(b"host").map(String::from_utf8_lossy).unwrap_or_default(),
                authority,
                "{url}"
            );
        }
    }

    #[test]
    fn addresses_with_and_without_ports() {
        assert_eq!(address("1.2.3.4", 7).expect("v4").to_string(), "1.2.3.4:7");
        assert_eq!(address("[::1]:5", 7).expect("v6").to_string(), "[::1]:5");
        assert_eq!(address("::1", 7).expect("v6").to_string(), "[::1]:7");
        assert!(address("nowhere", 7).is_err());
    }
}
