//! What the fuzz targets call: each takes any bytes and panics where something that must always hold does not.
//!
//! The targets in `fuzz/` are one line each; the seeds beside them run as unit tests here.

#![allow(clippy::missing_panics_doc, reason = "panicking is how a fuzz target speaks")]

use crate::h1::{BodyLen, ChunkDecoder, ChunkEvent, Limits, framing, parse_request, parse_response, write};
use crate::http::Head;
use crate::peers::{Event, Hello, Session};
use crate::proxy::{Parsed, netscaler, tlv};
use crate::tls_hello::{Sniffed, client_hello, handshake_type};
use crate::{checks, proxy, rdp, smtp, socks4, syslog};

/// Splits off the first byte, which chooses what is done with the others.
fn choice(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(c, rest)| (*c, rest))
}

/// Heads: what was read is read again from what is written of it; no shorter piece is taken for the whole; and a message whose
/// body can be delimited is one to a reader who forgives nothing.
pub fn http1(data: &[u8]) {
    let (how, bytes) = choice(data);
    let limits = Limits {
        relaxed: how & 1 == 1,
        ..Limits::default()
    };
    let response = how & 2 == 2;
    let read = |bytes: &[u8], head: &mut Head| {
        let read = if response { parse_response } else { parse_request };
        read(bytes, head, limits)
    };
    let mut head = Head::default();
    let Ok(Some(taken)) = read(bytes, &mut head) else { return };
    assert!(taken <= bytes.len());
    let mut other = Head::default();
    assert_eq!(read(&bytes[..taken], &mut other), Ok(Some(taken)));
    for cut in [0, taken / 3, taken / 2, taken.saturating_sub(1)] {
        assert_eq!(read(&bytes[..cut], &mut other), Ok(None), "{cut} of {taken}");
    }
    let mut wire = Vec::new();
    let written = if response { write::response } else { write::request };
    written(&head, None, &mut wire);
    assert_eq!(read(&wire, &mut other), Ok(Some(wire.len())));
    let fields = |h: &Head| h.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect::<Vec<_>>();
    assert_eq!(fields(&head), fields(&other));
    let meta = if response {
        framing::response(&head, b"GET", limits.relaxed)
    } else {
        framing::request(&head)
    };
    if let Ok(meta) = meta
        && !limits.relaxed
    {
        strict(&wire, meta.body);
    }
}

/// Reads a head as whoever wants to find fault with it.
fn strict(wire: &[u8], body: BodyLen) {
    let text = wire.strip_suffix(b"\r\n\r\n").expect("a head ends with an empty line");
    let mut lines = text.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let start = lines.next().expect("a start line");
    assert!(!start.is_empty() && !start.contains(&0) && !start.contains(&b'\r'));
    let (mut lengths, mut chunked) = (Vec::new(), false);
    for line in lines {
        let colon = line.iter().position(|b| *b == b':').expect("a field has a colon");
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        assert!(!name.is_empty() && name.iter().all(u8::is_ascii_graphic), "{line:?}");
        assert!(!value.iter().any(|b| matches!(b, 0 | b'\r')), "{line:?}");
        match name {
            b"content-length" => lengths.extend(value.split(|b| *b == b',').map(|n| {
                let n = n.trim_ascii();
                assert!(!n.is_empty() && n.iter().all(u8::is_ascii_digit), "{line:?}");
                n.iter().fold(0u128, |n, d| (n * 10 + u128::from(d - b'0')).min(u128::MAX >> 8))
            })),
            b"transfer-encoding" => chunked |= value.to_ascii_lowercase().ends_with(b"chunked"),
            _ => {}
        }
    }
    match body {
        BodyLen::Length(n) => assert!(!chunked && !lengths.is_empty() && lengths.iter().all(|l| *l == u128::from(n))),
        BodyLen::Chunked => assert!(chunked),
        BodyLen::None | BodyLen::UntilClose => {}
    }
}

/// What a chunked body decodes to: its bytes, whether it ended, and how much was read; an error ends it.
fn decode(pieces: &[&[u8]]) -> (Vec<u8>, Result<bool, ()>, usize) {
    let (mut decoder, mut trailers) = (ChunkDecoder::default(), Head::default());
    let (mut body, mut buffer, mut read) = (Vec::new(), Vec::new(), 0);
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while !decoder.is_end() {
            let n = match decoder.next(&buffer, &mut trailers) {
                Err(_) => return (body, Err(()), read),
                Ok(ChunkEvent::NeedMore) => break,
                Ok(ChunkEvent::Skip(n) | ChunkEvent::End(n)) => n,
                Ok(ChunkEvent::Data(n)) => {
                    body.extend_from_slice(&buffer[..n]);
                    n
                }
            };
            buffer.drain(..n);
            read += n;
        }
    }
    (body, Ok(decoder.is_end()), read)
}

/// Chunked bodies: however they are cut on their way they mean the same, and what is written of them means it, too.
pub fn chunks(data: &[u8]) {
    let (cut, bytes) = choice(data);
    let whole = decode(&[bytes]);
    let (a, b) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let cut = decode(&[a, b]);
    assert_eq!(whole.1, cut.1);
    if whole.1.is_ok() {
        assert_eq!((&whole.0, whole.2), (&cut.0, cut.2));
    }
    if whole.1 == Ok(true) {
        let mut wire = Vec::new();
        write::chunk(&whole.0, &mut wire);
        wire.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(decode(&[&wire]), (whole.0, Ok(true), wire.len()));
    }
}

/// PROXY and NetScaler headers: no header is longer than what is there, and every header that is accepted is written and read
/// back.
pub fn proxy_header(data: &[u8]) {
    if let Parsed::Done(header, len) = proxy::parse(data) {
        assert!(len <= data.len());
        for (_, value) in tlv::all(header.tlvs) {
            assert!(value.len() <= header.tlvs.len());
        }
        let mut wire = Vec::new();
        proxy::write_v1(header.ends, &mut wire);
        assert!(matches!(proxy::parse(&wire), Parsed::Done(h, n) if h.ends == header.ends && n == wire.len()));
        wire.clear();
        proxy::write_v2(header.ends, (&[], &[]), true, &mut wire);
        assert!(matches!(proxy::parse(&wire), Parsed::Done(h, n) if h.ends == header.ends && n == wire.len()));
    }
    let _ = netscaler::parse(data, 0x1234_5678);
}

fn events(pieces: &[&[u8]]) -> Vec<String> {
    let mut session = Session::new(0);
    let mut told = Vec::new();
    for piece in pieces {
        session.feed(piece, 0);
        loop {
            match session.next_event() {
                Ok(Some(Event::Failed)) => told.push("failed".to_owned()),
                Ok(Some(event)) => told.push(format!("{event:?}")),
                Ok(None) => break,
                Err(e) => {
                    told.push(format!("{e:?}"));
                    return told;
                }
            }
        }
    }
    told
}

/// The peers protocol: however its bytes are cut, they tell the same.
pub fn peers(data: &[u8]) {
    let (cut, bytes) = choice(data);
    let (a, b) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(events(&[bytes]), events(&[a, b]));
    if let Ok(Some((hello, taken))) = Hello::read(bytes) {
        assert!(taken <= bytes.len());
        let written = hello.write();
        assert!(matches!(Hello::read(written.as_bytes()), Ok(Some((again, n))) if again.write() == written && n == written.len()));
    }
    let _ = crate::peers::status(bytes);
}

/// What servers answer to checks, mails and SOCKS, what loggers send, and what a TLS client begins with: reading ends, and in bounds.
pub fn answers(data: &[u8]) {
    let readers = [
        checks::read_ldap,
        checks::read_mysql_greeting,
        checks::read_mysql_result,
        checks::read_smtp_greeting,
        checks::read_smtp_hello,
        checks::read_smtp_bye,
        checks::read_ssl,
        checks::read_spop,
    ];
    for (read, closed) in readers.into_iter().flat_map(|r| [(r, false), (r, true)]) {
        let _ = read(data, closed);
    }
    let _ = rdp::server_of(data);
    if let Some(answer) = data.first_chunk() {
        let _ = socks4::granted(answer);
    }
    let _ = handshake_type(data);
    if let Sniffed::Found(hello) = client_hello(data) {
        let _ = (hello.server_name(), hello.alpn().count(), hello.extensions().count());
    }
    let message = syslog::Message::parse(data);
    assert!(message.text.len() <= data.len());
    for lines in [false, true] {
        if let syslog::Framed::Message { start, end, next } = syslog::framed(data, lines, 4096) {
            assert!(start <= end && end <= next && next <= data.len() && next > 0);
        }
    }
    let mut talk = smtp::Client::new(smtp::Mail {
        host: "us",
        from: "a@b",
        to: "c@d",
        date: "now",
        subject: "s",
        text: "t",
    });
    for line in data.split_inclusive(|b| *b == b'\n') {
        let _ = talk.hear(line);
    }
    crate::dns::survive(data);
}

#[cfg(test)]
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
    use super::seeds;

    #[test]
    fn the_seeds_hold() {
        seeds::run("http1", super::http1);
        seeds::run("chunks", super::chunks);
        seeds::run("proxy_header", super::proxy_header);
        seeds::run("peers", super::peers);
        seeds::run("answers", super::answers);
    }
}
