use super::*;

#[test]
fn errorfiles_are_judged() {
    let ok: [&[u8]; 6] = [
        // Nothing is said, the connection just ends.
        b"",
        b"HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<html></html>\n",
        b"HTTP/1.0 503 Service Unavailable\nContent-Length: 2\n\nhi",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 503 \r\n\r\n",
    ];
    for raw in ok {
        let page = parse_errorfile(raw);
        assert!(page.is_ok(), "{}: {page:?}", String::from_utf8_lossy(raw));
    }
    let bad: [(&[u8], &str); 7] = [
        (b"<html></html>", "unable to parse headers"),
        (b"HTTP/1.0 503 Oops\r\nA: b\r\n", "unable to parse headers"),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n",
            "invalid http status code for an error message (100)",
        ),
        (
            b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "chunk-encoded payload not supported",
        ),
        (b"HTTP/1.1 204 X\r\n\r\nbody", "message payload not expected"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\nbody", "message payload not expected"),
        (
            b"HTTP/1.1 503 X\r\nContent-Length: 5\r\n\r\nbody",
            "payload size does not match the announced content-length (4 != 5)",
        ),
    ];
    for (raw, part) in bad {
        let why = parse_errorfile(raw).expect_err(part);
        assert!(why.contains(part), "{}: {why}", String::from_utf8_lossy(raw));
    }
}

#[test]
fn what_a_section_lacks_has_no_body() {
    let page = |text: &'static str| Message::Page(Arc::new(parse_errorfile(text.as_bytes()).expect(text)));
    let mut section = Pages::default();
    section.set(404, page("HTTP/1.1 404 Gone Fishing\r\n\r\nsection"));
    let mut own = Pages::default();
    own.set(404, page("HTTP/1.1 404 X\r\n\r\nown"));
    own.set(503, page("HTTP/1.1 503 X\r\n\r\nown"));
    let sections = [section];
    for (status, index, want) in [(404, 0, "section"), (503, 0, ""), (404, 1, "")] {
        let reply = Reply {
            status,
            source: ReplySource::Section(index),
            ..Reply::default()
        };
        let mut head = Head::default();
        assert_eq!(String::from_utf8_lossy(&reply.render(&own, &sections, &mut head)), want);
        assert_eq!(head.status, status);
    }
}

#[test]
fn an_empty_errorfile_sends_nothing() {
    let page = parse_errorfile(b"").expect("nothing is a page too");
    let mut pages = Pages::default();
    pages.set(403, Message::Page(Arc::new(page)));
    let mut head = Head::default();
    let body = Reply::error(403).render(&pages, &[], &mut head);
    assert_eq!((head.status, body.len()), (0, 0));
}
