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

/// The whole request; `state`: the header of `http-check send-state`.
pub(super) fn build(send: &HttpSend, state: Option<&str>, env: &Env<'_>) -> Vec<u8> {
    let (uri, body) = (text(&send.uri, env), text(&send.body, env));
    let uri = if uri.is_empty() { Cow::Borrowed(&b"/"[..]) } else { uri };
    let mut out = Vec::with_capacity(128 + body.len());
    for (i, part) in [&*send.method, &*uri, &*send.version].into_iter().enumerate() {
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
    let mut connection = false;
    for (name, value) in &send.headers {
        connection |= &**name == b"connection";
        let value = text(value, env);
        // A header without a value is not sent.
        if !value.is_empty() {
            field(name, &value);
        }
    }
    if let Some(state) = state {
        field(b"x-haproxy-server-state", state.as_bytes());
    }
    if !body.is_empty() {
        field(b"content-length", body.len().to_string().as_bytes());
    }
    if &*send.version == b"HTTP/1.1" && !connection {
        field(b"connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
    out
}
