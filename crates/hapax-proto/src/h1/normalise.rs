//! What a proxy itself changes in heads: framing fields made unambiguous, `Connection`, captures.

use std::sync::Arc;

use super::framing::BodyLen;
use super::{Meta, target, websocket};
use crate::http::{Head, Version};

/// The request line as it is logged.
pub fn request_line(head: &Head, out: &mut Vec<u8>) {
    out.extend_from_slice(head.method());
    out.push(b' ');
    out.extend_from_slice(head.uri());
    if head.version == Version::H09 {
        return;
    }
    out.push(b' ');
    out.extend_from_slice(match head.version {
        Version::H2 => b"HTTP/2.0",
        Version::H3 => b"HTTP/3.0",
        _ => head.version_text(),
    });
}

/// Leaves one reading of a request: one length or the chunked coding, one host that agrees with the target, and a `Connection`
/// field without what concerns the client's connection alone. `false`: it has no single reading. `relaxed`: what a violation
/// costs is the administrator's business.
pub fn request(head: &mut Head, meta: &mut Meta, relaxed: bool) -> bool {
    plain_length(head, meta);
    single(head, b"host");
    if meta.body == BodyLen::Chunked {
        plain_coding(head);
    }
    if meta.upgrade_field || meta.connection.upgrade {
        meta.upgrade &= settle_upgrade(head, meta.connection.upgrade);
        if meta.upgrade && !relaxed && websocket::is_websocket(head) && !websocket::has_key(head) {
            return false;
        }
    }
    if meta.te {
        only_trailers(head);
    }
    if head.method() == b"CONNECT" && meta.body == BodyLen::None {
        head.remove(b"content-length");
    }
    drop_words(head, b"connection", between_peers);
    target::agree_on_host(head) || relaxed
}

/// Writes the chunked coding as every reader knows it.
fn plain_coding(head: &mut Head) {
    let is_coding = |(_, (name, _)): &(usize, (&[u8], &[u8]))| *name == b"transfer-encoding";
    let plain = {
        let mut all = head.iter().enumerate().filter(is_coding);
        let first = all.next().map(|(i, (_, value))| (i, value == b"chunked"));
        first.map(|(i, known)| (i, known && all.next().is_none()))
    };
    if let Some((i, false)) = plain {
        head.remove(b"transfer-encoding");
        head.insert(i, b"transfer-encoding", b"chunked");
    }
}

/// An upgrade takes the field and the word in `Connection`: one without the other is dropped. HTTP/2 without TLS is never asked for
/// on a client's behalf: its frames would pass unseen. `false`: nothing is asked for any more.
fn settle_upgrade(head: &mut Head, announced: bool) -> bool {
    drop_words(head, b"upgrade", unseen);
    let asked = announced && head.contains(b"upgrade");
    if !asked {
        head.remove(b"upgrade");
        drop_words(head, b"connection", |w| w.eq_ignore_ascii_case(b"upgrade"));
    }
    asked
}

/// HTTP/2 in another dress.
fn unseen(w: &[u8]) -> bool {
    w.eq_ignore_ascii_case(b"h2c") || w.eq_ignore_ascii_case(b"h2")
}

/// Transfer codings are between a peer and us; that trailers are understood is worth passing on.
fn only_trailers(head: &mut Head) {
    let first = head.iter().position(|(n, _)| n == b"te");
    let trailers = head
        .values(b"te")
        .flat_map(|v| v.split(|b| *b == b','))
        .any(|w| w.trim_ascii() == b"trailers");
    head.remove(b"te");
    if let Some(i) = first.filter(|_| trailers) {
        head.insert(i, b"te", b"trailers");
    }
}

/// The same for a response; `reason` words a status that came without words.
pub fn response(head: &mut Head, meta: &Meta, reason: fn(u16) -> &'static str) {
    plain_length(head, meta);
    if meta.body == BodyLen::Chunked {
        plain_coding(head);
    }
    if meta.conflicting && head.contains(b"transfer-encoding") {
        // An answer to HEAD has no body, and tells of it all the same.
        head.remove(b"content-length");
    }
    if head.status != 101 {
        drop_words(head, b"upgrade", unseen);
    }
    if matches!(head.status, 204) || (100..200).contains(&head.status) {
        head.remove(b"content-length");
        head.remove(b"transfer-encoding");
    }
    if meta.te {
        only_trailers(head);
    }
    if head.reason().is_empty() {
        head.set_reason(reason(head.status).as_bytes());
    }
    drop_words(head, b"connection", between_peers);
}

fn plain_length(head: &mut Head, meta: &Meta) {
    if meta.body == BodyLen::Chunked {
        if meta.conflicting {
            head.remove(b"content-length");
        }
        return;
    }
    let Some(number) = other_spelling(head) else { return };
    let index = head.iter().position(|(n, _)| n == b"content-length").unwrap_or(0);
    head.remove(b"content-length");
    head.insert(index, b"content-length", &number);
}

/// The length as a number is written, where it stands there otherwise; every spelling of it was seen to mean the same.
fn other_spelling(head: &Head) -> Option<Vec<u8>> {
    let mut values = head.values(b"content-length");
    let first = values.next()?;
    let plural = values.next().is_some() || first.contains(&b',');
    let leading = first.len() > 1 && first.starts_with(b"0");
    if !plural && !leading {
        return None;
    }
    let first = first.split(|b| *b == b',').next().unwrap_or(first).trim_ascii();
    let zeros = first.iter().take_while(|b| **b == b'0').count().min(first.len().saturating_sub(1));
    Some(first[zeros..].to_vec())
}

/// Keeps the first of several equal fields.
fn single(head: &mut Head, name: &[u8]) {
    while head.values(name).count() > 1 {
        if let Some(last) = head.iter().collect::<Vec<_>>().iter().rposition(|(n, _)| *n == name) {
            head.remove_at(last);
        }
    }
}

/// Takes what rules say of the connection out of a head; whether it is to end.
pub fn connection_closes(head: &mut Head) -> bool {
    let closes = says_close(head);
    drop_words(head, b"connection", between_peers);
    closes
}

/// Says on the way to a server what becomes of its connection, where the version of the request does not say it. `closes`: it serves
/// this request alone.
pub fn tell_server(head: &mut Head, closes: bool, upgrade: bool) {
    let old = head.version == Version::H10;
    if upgrade {
        // One that is to become something else says so alone.
    } else if closes && !old {
        head.add(b"connection", b"close");
    } else if !closes && old {
        // The server's connection is kept whatever the client's version is.
        head.add(b"connection", b"keep-alive");
    }
}

/// The same on the way to a client, for a response of that version. `old`: the client speaks HTTP/1.0.
pub fn tell_client(head: &mut Head, keep_alive: bool, old: bool) {
    if !keep_alive {
        // An HTTP/1.0 response says nothing: its connection ends unless it says otherwise.
        if head.version != Version::H10 {
            head.add(b"connection", b"close");
        }
    } else if old || head.version == Version::H10 {
        head.add(b"connection", b"keep-alive");
    }
}

/// Whether the connection may be kept after a message of the proxy's own: a file may say that it ends, or announce no length.
/// What it says of its connection is taken out of the head.
pub fn lives_on(head: &mut Head) -> bool {
    let closes = says_close(head);
    head.remove(b"connection");
    let bodiless = matches!(head.status, 100..=199 | 204 | 304);
    !closes && (bodiless || head.contains(b"content-length"))
}

fn says_close(head: &Head) -> bool {
    head.values(b"connection").any(|v| {
        let mut words = v.split(|b| *b == b',').map(<[u8]>::trim_ascii);
        words.any(|w| w.eq_ignore_ascii_case(b"close"))
    })
}

/// Words of `Connection` that are between a peer and us.
fn between_peers(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"close") || word.eq_ignore_ascii_case(b"keep-alive")
}

/// Takes words out of the lists of one name, and empty ones with them; a field that says nothing any more goes.
fn drop_words(head: &mut Head, name: &[u8], gone: impl Fn(&[u8]) -> bool) {
    let gone = |w: &[u8]| gone(w.trim_ascii());
    let mut i = 0;
    while i < head.field_count() {
        let f = head.fields()[i];
        let value = head.get(f.value);
        let words = || value.split(|b| *b == b',');
        let empty = words().all(|w| w.trim_ascii().is_empty());
        if head.get(f.name) != name || !(empty || words().any(gone)) {
            i += 1;
            continue;
        }
        let kept: Vec<&[u8]> = words().filter(|w| !gone(w)).map(<[u8]>::trim_ascii).collect();
        if kept.iter().all(|w| w.is_empty()) {
            head.remove_at(i);
        } else {
            let kept = kept.join(&b","[..]);
            head.set_value(i, &kept);
            i += 1;
        }
    }
}

/// Fills capture slots from the last field of each name.
pub fn capture(head: &Head, rows: &[(Arc<[u8]>, usize)], slots: &mut Vec<Option<Box<[u8]>>>) {
    slots.resize(slots.len().max(rows.len()), None);
    for ((name, len), slot) in rows.iter().zip(slots) {
        if let Some(v) = head.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v).last() {
            *slot = Some(v[..v.len().min(*len)].into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, framing, parse_request, write};
    use super::*;

    fn normal(text: &str) -> Option<String> {
        let mut h = Head::default();
        parse_request(text.as_bytes(), &mut h, Limits::default()).ok()??;
        let mut meta = framing::request(&h).ok()?;
        request(&mut h, &mut meta, false).then(|| {
            let mut out = Vec::new();
            write::request(&h, None, &mut out);
            String::from_utf8_lossy(&out).replace("\r\n", "|")
        })
    }

    #[test]
    fn one_reading() {
        let cases = [
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Some("GET / HTTP/1.1|host: a||")),
            (
                "POST / HTTP/1.1\r\nA: b\r\nContent-Length: 2, 2\r\nC: d\r\n\r\n",
                Some("POST / HTTP/1.1|a: b|content-length: 2|c: d||"),
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
                Some("POST / HTTP/1.1|transfer-encoding: chunked||"),
            ),
            (
                "GET / HTTP/1.1\r\nConnection: foo, keep-alive\r\n\r\n",
                Some("GET / HTTP/1.1|connection: foo||"),
            ),
            ("GET / HTTP/1.1\r\nConnection: close\r\nA: b\r\n\r\n", Some("GET / HTTP/1.1|a: b||")),
            (
                "GET / HTTP/1.1\r\nUpgrade: h2c, foo\r\nUpgrade: H2\r\nConnection: upgrade\r\n\r\n",
                Some("GET / HTTP/1.1|upgrade: foo|connection: upgrade||"),
            ),
            (
                "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: upgrade, close, b\r\n\r\n",
                Some("GET / HTTP/1.1|connection: b||"),
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 007\r\n\r\n",
                Some("POST / HTTP/1.1|content-length: 7||"),
            ),
            ("GET http://foo/x HTTP/1.1\r\nHost: a\r\n\r\n", None),
            (
                "GET http://foo/x HTTP/1.1\r\nHost: foo:80\r\n\r\n",
                Some("GET http://foo/x HTTP/1.1|host: foo:80||"),
            ),
            ("GET http://foo/x HTTP/1.1\r\n\r\n", Some("GET http://foo/x HTTP/1.1|host: foo||")),
            (
                "GET http://foo HTTP/1.1\r\nHost: FOO:80\r\n\r\n",
                Some("GET http://foo/ HTTP/1.1|host: foo||"),
            ),
            (
                "OPTIONS http://foo HTTP/1.1\r\nHost: foo\r\n\r\n",
                Some("OPTIONS http://foo HTTP/1.1|host: foo||"),
            ),
            ("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", None),
            (
                "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: short\r\n\r\n",
                None,
            ),
        ];
        for (text, want) in cases {
            assert_eq!(normal(text).as_deref(), want, "{text:?}");
        }
    }
}
