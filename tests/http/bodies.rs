//! Bodies in every framing, in both directions.

use hapax_tests::{Origin, Reply};

use crate::before;

#[test]
fn requests_without_a_body_in_the_answer() {
    let origin = Origin::new(|r| match r.target.as_str() {
        "/204" => Reply::bodiless(204),
        "/304" => Reply::bodiless(304).header("ETag", "\"x\""),
        _ => Reply::ok("twelve bytes"),
    });
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    // All on one connection: a body where none belongs would be read as the next answer.
    c.send("HEAD /h HTTP/1.1\r\nHost: test\r\n\r\n");
    let r = c.answer_to("HEAD");
    assert_eq!((r.status, r.header("content-length")), (200, Some("12")));
    assert_eq!(c.get("/204").status, 204);
    let r = c.get("/304");
    assert_eq!((r.status, r.header("etag")), (304, Some("\"x\"")));
    assert_eq!(c.get("/last").text(), "twelve bytes");
}

#[test]
fn chunks_and_trailers_pass() {
    let origin = Origin::new(|_| {
        Reply::chunked(&[b"one", b"two", &vec![b'x'; 40_000]])
            .header("Trailer", "X-Sum")
            .trailer("X-Sum", "42")
    });
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    let r = c.get_with("/", "TE: trailers\r\n");
    assert_eq!(r.header("transfer-encoding"), Some("chunked"));
    assert_eq!((r.body.len(), &r.body[..6]), (40_006, &b"onetwo"[..]));
    assert_eq!(
        r.trailers
            .iter()
            .map(|(n, v)| (n.to_ascii_lowercase(), v.clone()))
            .collect::<Vec<_>>(),
        [("x-sum".to_owned(), "42".to_owned())]
    );
    assert_eq!(c.get("/").body.len(), 40_006, "the connection goes on");
}

#[test]
fn a_body_that_ends_with_the_connection() {
    let origin = Origin::new(|_| Reply::until_close(vec![b'z'; 100_000]));
    let p = before(&origin, "", "");
    let r = p.connect("f").get("/");
    assert_eq!((r.status, r.body.len()), (200, 100_000));
}

#[test]
fn uploads_arrive_whole() {
    let origin = Origin::new(|r| {
        let sum: u64 = r.body.iter().map(|b| u64::from(*b)).sum();
        Reply::ok(format!("{} {sum}", r.body.len()))
    });
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    for size in [0, 1, 5000, 3_000_000] {
        let body: Vec<u8> = (0..size).map(|i| (i % 253) as u8).collect();
        let sum: u64 = body.iter().map(|b| u64::from(*b)).sum();
        c.send(format!("POST /len HTTP/1.1\r\nHost: test\r\nContent-Length: {size}\r\n\r\n"));
        c.send(&body);
        assert_eq!(c.answer_to("POST").text(), format!("{size} {sum}"));
        c.send("PUT /chunks HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
        for piece in body.chunks(70_000) {
            c.send(format!("{:x}\r\n", piece.len()));
            c.send(piece);
            c.send("\r\n");
        }
        c.send("0\r\n\r\n");
        assert_eq!(c.answer_to("PUT").text(), format!("{size} {sum}"));
    }
}

#[test]
fn large_downloads_arrive_whole() {
    let body: Vec<u8> = (0..8_000_000_u32).map(|i| (i % 251) as u8).collect();
    let answer = body.clone();
    let origin = Origin::new(move |_| Reply::ok(&answer));
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    for _ in 0..2 {
        assert!(c.get("/").body == body);
    }
}

#[test]
fn a_client_may_wait_to_be_told_to_go_on() {
    let origin = Origin::new(|r| Reply::ok(r.text()).after_interim("100 Continue"));
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    c.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    // The scripted origin reads the body before it answers, so the body is sent without waiting, as a client may.
    c.send("data");
    let mut r = c.answer_to("POST");
    if r.status == 100 {
        r = c.answer_to("POST");
    }
    assert_eq!((r.status, r.text().as_str()), (200, "data"));
    assert_eq!(origin.requests()[0].header("expect"), Some("100-continue"));
}

#[test]
fn an_old_client_gets_the_whole_body() {
    let origin = Origin::new(|_| Reply::chunked(&[b"one", b"two"]));
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    c.send("GET / HTTP/1.0\r\n\r\n");
    let r = c.answer();
    assert_eq!(r.text(), "onetwo");
    assert!(c.is_closed());
}

#[test]
fn large_chunks_pass_whole_and_mostly_unseen() {
    let pieces: Vec<Vec<u8>> = [1, 300_000, 65_536, 17, 900_000, 70_000]
        .map(|n: u32| (0..n).map(|i| (i % 249) as u8).collect())
        .to_vec();
    let whole = pieces.concat();
    let answer = pieces.clone();
    let origin = Origin::new(move |r| {
        let chunks: Vec<&[u8]> = answer.iter().map(|p| &p[..]).collect();
        Reply::chunked(&chunks).header("X-Len", &r.body.len().to_string())
    });
    let p = before(&origin, "", "");
    let mut c = p.connect("f");
    for _ in 0..3 {
        c.send("PUT / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
        for piece in &pieces {
            c.send(format!("{:x}\r\n", piece.len()));
            c.send(piece);
            c.send("\r\n");
        }
        c.send("0\r\n\r\n");
        let r = c.answer_to("PUT");
        assert!(r.body == whole);
        assert_eq!(r.header("x-len"), Some(whole.len().to_string().as_str()));
    }
    assert!(origin.requests().iter().all(|r| r.body == whole));
    // An old client gets the bytes alone.
    let mut c = p.connect("f");
    c.send("GET / HTTP/1.0\r\n\r\n");
    assert!(c.answer().body == whole);
    let stats = p.cli("show stat typed");
    let moved = |column: &str| {
        let row = stats.lines().find(|l| l.starts_with("B.") && l.contains(column)).unwrap();
        row.rsplit(':').next().unwrap().parse::<usize>().unwrap()
    };
    assert!(moved(".h1_spliced_bytes_in.") > whole.len(), "what comes of the server");
    assert!(moved(".h1_spliced_bytes_out.") > whole.len(), "what goes to it");
}
