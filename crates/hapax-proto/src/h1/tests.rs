use super::framing::{self, BodyLen, FramingError};
use super::{ChunkDecoder, ChunkEvent, HeadError, Limits, parse_request, parse_response, write};
use crate::http::{Head, Version};

fn req(text: &str) -> Result<Option<(Head, usize)>, HeadError> {
    let mut h = Head::default();
    parse_request(text.as_bytes(), &mut h, Limits::default()).map(|n| n.map(|n| (h, n)))
}

#[test]
fn a_plain_request_is_read_and_written_back() {
    let text = "GET /a?b=c HTTP/1.1\r\nHost: x\r\nAccept:*/*\r\nX-Two:  spaced \t\r\n\r\nrest";
    let (h, n) = req(text).expect("valid").expect("complete");
    assert_eq!(&text[n..], "rest");
    assert_eq!((h.method(), h.uri(), h.version), (&b"GET"[..], &b"/a?b=c"[..], Version::H11));
    let mut out = Vec::new();
    write::request(&h, None, &mut out);
    assert_eq!(
        std::str::from_utf8(&out).expect("ascii"),
        "GET /a?b=c HTTP/1.1\r\nhost: x\r\naccept: */*\r\nx-two: spaced\r\n\r\n"
    );
}

#[test]
fn every_prefix_of_a_head_is_incomplete() {
    let text = "POST /path HTTP/1.1\r\nHost: a\r\nX-Fold: a\r\n b\r\nContent-Length: 3\r\n\r\n";
    for i in 0..text.len() {
        assert!(matches!(req(&text[..i]), Ok(None)), "prefix of {i} bytes");
    }
    let (h, n) = req(text).expect("valid").expect("complete");
    assert_eq!(n, text.len());
    assert_eq!(h.first(b"x-fold"), Some(&b"a   b"[..]));
}

#[test]
fn malformed_heads_are_refused() {
    let cases = [
        ("GET /\x01 HTTP/1.1\r\n\r\n", HeadError::StartLine),
        ("GET /\u{e9} HTTP/1.1\r\n\r\n", HeadError::StartLine),
        ("G@T / HTTP/1.1\r\n\r\n", HeadError::StartLine),
        ("GET / HTTP/1.10\r\n\r\n", HeadError::Version),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", HeadError::Field),
        ("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", HeadError::Field),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", HeadError::Field),
    ];
    for (text, want) in cases {
        assert_eq!(req(text).err(), Some(want), "{text:?}");
    }
}

#[test]
fn edits_keep_order_and_case() {
    let (mut h, _) = req("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nA: 3\r\n\r\n")
        .expect("valid")
        .expect("complete");
    h.set(b"A", b"9");
    h.insert(0, b"First", b"x");
    h.set_value(1, b"22");
    let mut out = Vec::new();
    write::request(&h, None, &mut out);
    assert_eq!(
        std::str::from_utf8(&out).expect("ascii"),
        "GET / HTTP/1.1\r\nfirst: x\r\nb: 22\r\na: 9\r\n\r\n"
    );
}

#[test]
fn request_framing() {
    let ok = |fields: &str, body: BodyLen, keep: bool| {
        let (h, _) = req(&format!("POST / HTTP/1.1\r\n{fields}\r\n")).expect("valid").expect("complete");
        let m = framing::request(&h).expect(fields);
        assert_eq!((m.body, m.keep_alive), (body, keep), "{fields:?}");
    };
    ok("", BodyLen::None, true);
    ok("Content-Length: 5\r\n", BodyLen::Length(5), true);
    ok("Content-Length: 5\r\nContent-Length: 5\r\n", BodyLen::Length(5), true);
    ok("Content-Length: 5, 5\r\n", BodyLen::Length(5), true);
    ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", BodyLen::Chunked, false);
    ok("Connection: close\r\n", BodyLen::None, false);
    ok("Connection: foo, Close\r\n", BodyLen::None, false);
    let bad = |fields: &str, want: FramingError| {
        let (h, _) = req(&format!("POST / HTTP/1.1\r\n{fields}\r\n")).expect("valid").expect("complete");
        assert_eq!(framing::request(&h).err(), Some(want), "{fields:?}");
    };
    bad("Content-Length: 5\r\nContent-Length: 6\r\n", FramingError::Length);
    bad("Content-Length: 5, 6\r\n", FramingError::Length);
    bad("Content-Length: -1\r\n", FramingError::Length);
    bad("Content-Length: 0x5\r\n", FramingError::Length);
    bad("Content-Length: \r\n", FramingError::Length);
    bad("Content-Length: 99999999999999999999\r\n", FramingError::Length);
    bad("Transfer-Encoding: chunked, gzip\r\n", FramingError::Coding);
    bad("Transfer-Encoding: chunked, chunked\r\n", FramingError::Coding);
    bad("Transfer-Encoding: gzip\r\n", FramingError::Coding);
    bad("Transfer-Encoding: gzip, chunked\r\n", FramingError::Unsupported);
    bad("Host: a\r\nHost: b\r\n", FramingError::Host);
}

#[test]
fn response_framing() {
    let cases = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", BodyLen::Length(3), true),
        ("HTTP/1.1 200 OK\r\n\r\n", "GET", BodyLen::UntilClose, false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD", BodyLen::None, true),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "GET", BodyLen::None, true),
        ("HTTP/1.1 204 No\r\n\r\n", "GET", BodyLen::None, true),
        (
            "HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            "GET",
            BodyLen::UntilClose,
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET",
            BodyLen::Chunked,
            true,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", "GET", BodyLen::Length(3), false),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n",
            "GET",
            BodyLen::Length(3),
            true,
        ),
        ("HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n", "GET", BodyLen::Length(3), true),
    ];
    for (text, method, body, keep) in cases {
        let mut h = Head::default();
        let n = parse_response(text.as_bytes(), &mut h, Limits::default())
            .expect("valid")
            .expect("complete");
        assert_eq!(n, text.len());
        let m = framing::response(&h, method.as_bytes(), false).expect("framed");
        assert_eq!((m.body, m.keep_alive), (body, keep), "{text:?}");
    }
}

/// Decodes `wire` fed in pieces of `step` bytes.
fn dechunk(wire: &[u8], step: usize) -> Result<(Vec<u8>, usize, Head), ()> {
    let (mut d, mut body, mut trailers) = (ChunkDecoder::default(), Vec::new(), Head::default());
    let (mut pos, mut have) = (0, 0);
    loop {
        match d.next(&wire[pos..have], &mut trailers).map_err(|_| ())? {
            ChunkEvent::NeedMore if have == wire.len() => return Err(()),
            ChunkEvent::NeedMore => have = (have + step).min(wire.len()),
            ChunkEvent::Skip(n) => pos += n,
            ChunkEvent::Data(n) => {
                body.extend_from_slice(&wire[pos..pos + n]);
                pos += n;
            }
            ChunkEvent::End(n) => return Ok((body, pos + n, trailers)),
        }
    }
}

#[test]
fn chunks_at_every_split() {
    let wire = b"5\r\nhello\r\n1;ext=\"v\"\r\n,\r\n00006\r\n world\r\n0\r\nX-T: 1\r\n\r\nGET";
    for step in 1..wire.len() {
        let (body, used, t) = dechunk(wire, step).expect("valid");
        assert_eq!((&body[..], used), (&b"hello, world"[..], wire.len() - 3), "step {step}");
        assert_eq!(t.first(b"x-t"), Some(&b"1"[..]));
    }
}

#[test]
fn bad_chunks() {
    let cases: [&[u8]; 9] = [
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"\r\n",
        b"-5\r\nhello\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\n",
        b"ffffffffffffffff\r\n",
        b"5 x\r\nhello\r\n0\r\n\r\n",
    ];
    for wire in cases {
        assert!(dechunk(wire, 100).is_err(), "{:?}", String::from_utf8_lossy(wire));
    }
}

#[test]
fn chunks_written_are_chunks_read() {
    let mut wire = Vec::new();
    for data in [&b"a"[..], &[b'x'; 16], &[b'y'; 4096]] {
        write::chunk(data, &mut wire);
    }
    wire.extend_from_slice(b"0\r\n\r\n");
    let (body, used, _) = dechunk(&wire, 7).expect("valid");
    assert_eq!((body.len(), used), (1 + 16 + 4096, wire.len()));
}
