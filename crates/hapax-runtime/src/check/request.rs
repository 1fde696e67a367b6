//! The requests of HTTP checks (manual, `http-check send`).

use std::borrow::Cow;

use hapax_config::plan::{HttpSend, Text};
use hapax_sample::Env;

/// The bytes of a text in this check.
pub(super) fn text<'t>(text: &'t Text, env: &Env<'_>) -> Cow<'t, [u8]> {
    match text {
        Text::Fixed(bytes) => Cow::Borrowed(bytes),
        Text::Format(format) => {
            let mut out = Vec::new();
            format.write(env, &mut out);
            Cow::Owned(out)
        }
    }
}

/// Methods whose requests have no body unless one is given.
const NO_BODY: [&[u8]; 4] = [b"GET", b"HEAD", b"OPTIONS", b"DELETE"];

/// A version after 1.0, in whatever letters.
fn is_later(version: &[u8]) -> bool {
    let numbers = version
        .get(..5)
        .filter(|name| name.eq_ignore_ascii_case(b"HTTP/"))
        .map(|_| &version[5..]);
    matches!(numbers, Some([_, b'.', _])) && numbers > Some(b"1.0")
}

/// The whole request, and whether its connection stays open; `state`: the header of `http-check send-state`.
pub(super) fn build(send: &HttpSend, state: Option<&str>, env: &Env<'_>) -> (Vec<u8>, bool) {
    let (uri, body) = (text(&send.uri, env), text(&send.body, env));
    let uri = if uri.is_empty() { Cow::Borrowed(&b"/"[..]) } else { uri };
    // Nothing later is spoken.
    let short = &*send.version == b"HTTP/2";
    let version: &[u8] = if short || is_later(&send.version) {
        b"HTTP/1.1"
    } else {
        &send.version
    };
    let mut out = Vec::with_capacity(128 + body.len());
    for (i, part) in [&*send.method, &*uri, version].into_iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
    let mut field = |name: &[u8], value: &[u8]| {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    };
    let mut connection = Connection::default();
    for (name, value) in &send.headers {
        let value = text(value, env);
        if &**name == b"connection" {
            connection.read(&value, &mut field);
        } else if !value.is_empty() {
            // A header without a value is not sent.
            field(name, &value);
        }
    }
    if let Some(state) = state {
        field(b"x-haproxy-server-state", state.as_bytes());
    }
    if !body.is_empty() || !NO_BODY.contains(&&*send.method) {
        field(b"content-length", body.len().to_string().as_bytes());
    }
    // Who asks for version 2 by its short name is told nothing of the connection.
    if let Some(word) = connection.told(version).filter(|_| !short) {
        field(b"connection", word);
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
    (out, connection.stays())
}

/// What is to become of the connection.
#[derive(Default)]
struct Connection {
    given: bool,
    close: bool,
    /// More is said than whether it stays open.
    more: bool,
}

impl Connection {
    /// Takes what a header says of it; other words are left to the server.
    fn read(&mut self, value: &[u8], field: &mut impl FnMut(&[u8], &[u8])) {
        let mut others = Vec::new();
        for word in value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|w| !w.is_empty()) {
            self.given = true;
            if word.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if !word.eq_ignore_ascii_case(b"keep-alive") {
                self.more |= word.eq_ignore_ascii_case(b"upgrade");
                others.push(word);
            }
        }
        if !others.is_empty() {
            field(b"connection", &others.join(&b", "[..]));
        }
    }

    fn stays(&self) -> bool {
        self.given && !self.close
    }

    /// What has to be said where it is not what the version stands for.
    fn told(&self, version: &[u8]) -> Option<&'static [u8]> {
        let stays = self.stays();
        match version {
            b"HTTP/1.1" if !stays => Some(b"close"),
            b"HTTP/1.0" if stays && !self.more => Some(b"keep-alive"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_told_once() {
        let cases: &[(&str, &str, &str)] = &[
            ("HTTP/1.1", "", "connection: close;"),
            ("HTTP/1.1", "Close", "connection: close;"),
            ("HTTP/1.1", "keep-alive", ""),
            ("HTTP/1.1", "keep-alive, x", "connection: x;"),
            ("HTTP/1.0", "", ""),
            ("HTTP/1.0", "close", ""),
            ("HTTP/1.0", "Keep-Alive", "connection: keep-alive;"),
            ("HTTP/1.0", "x", "connection: x;connection: keep-alive;"),
            ("HTTP/1.0", "upgrade", "connection: upgrade;"),
        ];
        for (version, value, want) in cases {
            let mut out = String::new();
            let mut field = |name: &[u8], value: &[u8]| {
                for part in [name, b": ", value, b";"] {
                    out.push_str(&String::from_utf8_lossy(part));
                }
            };
            let mut connection = Connection::default();
            connection.read(value.as_bytes(), &mut field);
            if let Some(word) = connection.told(version.as_bytes()) {
                field(b"connection", word);
            }
            assert_eq!(out, *want, "{version} {value}");
        }
    }
}
