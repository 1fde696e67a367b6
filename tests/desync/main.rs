//! Request smuggling and response splitting: hundreds of messages that two readers could read differently, against an origin that
//! records every byte.
//!
//! The tables `requests.txt` and `responses.txt` say what becomes of each. Two things are checked beside them: what passes is read
//! by a strict reader as exactly the messages that were answered, and, where HAProxy is installed, both programs do the same.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod cases;
mod recorder;
mod strict;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use cases::{Case, escaped};
use hapax_tests::{Builder, Origin, Program, Proxy, Reply, wait};
use recorder::Recorder;

/// Timeouts are short because some cases end by them.
// A client that ends its side while an answer is on its way still gets it.
const CONFIG: &str = "defaults\n  mode http\n  no option abortonclose\n  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n  http-reuse never\n\
    listen l\n  bind @l@\n  server s @s@\n";

fn start(program: Program, origin: &Recorder) -> Proxy {
    Builder::new(program, CONFIG).set("s", &origin.addr()).start()
}

/// Sends `bytes`, ends the sending side once `answers` responses have begun, and reads to the end.
fn converse(proxy: &Proxy, bytes: &[u8], answers: usize) -> Vec<u8> {
    let mut c = TcpStream::connect(("127.0.0.1", proxy.port("l"))).unwrap();
    c.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    c.write_all(bytes).unwrap();
    let (mut got, mut room, mut open) = (Vec::new(), [0; 16384], true);
    loop {
        if open && statuses(&got).len() >= answers {
            // The proxy may have closed already.
            let _ = c.shutdown(Shutdown::Write);
            open = false;
        }
        match c.read(&mut room) {
            Ok(n) if n > 0 => got.extend_from_slice(&room[..n]),
            _ => return got,
        }
    }
}

/// The statuses of the responses in `bytes`.
fn statuses(bytes: &[u8]) -> Vec<&str> {
    let text = bytes
        .windows(12)
        .filter(|w| w.starts_with(b"HTTP/1.") && w[8] == b' ' && w[9..].iter().all(u8::is_ascii_digit));
    text.map(|w| std::str::from_utf8(&w[9..]).unwrap()).collect()
}

/// What became of a request: the statuses, and the bytes each connection of the origin received.
fn ask(proxy: &Proxy, origin: &Recorder, case: &Case) -> (String, String) {
    origin.forget();
    // A last status of 400 is often that of a message which the end cuts.
    let expected = case.status.split_whitespace().count();
    let cut = case.status.ends_with("400") || case.status.is_empty();
    let got = converse(proxy, &case.sent, expected.saturating_sub(usize::from(cut)));
    let answers = statuses(&got);
    if answers.last() != Some(&"200") {
        // A connection that carried a refused message may still wait to be accepted: another one comes after it.
        converse(proxy, b"GET /after HTTP/1.1\r\nHost: a\r\n\r\n", 1);
    }
    let mut received = origin.take();
    received.retain(|r| !r.starts_with(b"GET /after "));
    if answers.last() != Some(&"200") {
        // How much of a refused message is on its way before it is seen to be bad is a matter of time.
        for r in &mut received {
            let (_, rest) = strict::messages(r).unwrap_or_default();
            r.truncate(r.len() - rest);
        }
        received.retain(|r| !r.is_empty());
    }
    (
        answers.join(" "),
        received.iter().map(|b| escaped(b)).collect::<Vec<_>>().join(" || "),
    )
}

#[test]
fn requests() {
    let origin = Recorder::answering();
    let proxy = start(Program::Hapax, &origin);
    let cases = cases::load(include_str!("requests.txt"));
    assert!(cases.len() >= 150, "only {} requests", cases.len());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| differs(case, || ask(&proxy, &origin, case)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What differs, where it does so twice: on a loaded machine a timeout of one second may end a case before its time.
fn differs(case: &Case, run: impl Fn() -> (String, String)) -> Option<String> {
    let want = (&case.status, &case.received);
    let same = |got: &(String, String)| want == (&got.0, &got.1);
    let first = run();
    if same(&first) {
        return None;
    }
    let again = run();
    (!same(&again)).then(|| format!("{}\n  want {want:?}\n  got  {again:?}", case.name))
}

#[test]
fn what_passes_is_read_by_a_strict_reader_as_what_was_answered() {
    for case in cases::load(include_str!("requests.txt")) {
        let answered = case.status.split_whitespace().filter(|s| *s == "200").count();
        let received = cases::unescaped(&case.received);
        let (read, rest) = strict::messages(&received).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        assert_eq!(read, answered, "{}", case.name);
        assert!(rest == 0 || case.name.contains("CONNECT"), "{}: {rest} bytes left over", case.name);
    }
}

#[test]
fn haproxy_does_the_same_with_requests() {
    if !Program::oracle("desync requests") {
        return;
    }
    let origin = Recorder::answering();
    let proxy = start(Program::Haproxy, &origin);
    let cases = cases::load(include_str!("requests.txt"));
    let same = cases.iter().filter(|c| c.other.is_none());
    let wrong: Vec<String> = same.filter_map(|case| differs(case, || ask(&proxy, &origin, case))).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What a client receives of a scripted response.
fn fetch(proxy: &Proxy, origin: &Recorder, case: &Case) -> (String, String) {
    origin.forget();
    origin.script(&case.answer);
    let got = converse(proxy, &case.sent, 1);
    origin.take();
    let status = statuses(&got).first().copied().unwrap_or_default().to_owned();
    // The proxy's own message is another test's business.
    let own = status == "502";
    (status, if own { String::new() } else { escaped(&got) })
}

#[test]
fn responses() {
    let origin = Recorder::scripted();
    let proxy = start(Program::Hapax, &origin);
    let cases = cases::load(include_str!("responses.txt"));
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| differs(case, || fetch(&proxy, &origin, case)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn haproxy_does_the_same_with_responses() {
    if !Program::oracle("desync responses") {
        return;
    }
    let origin = Recorder::scripted();
    let proxy = start(Program::Haproxy, &origin);
    let cases = cases::load(include_str!("responses.txt"));
    let same = cases.iter().filter(|c| c.other.is_none());
    let wrong: Vec<String> = same.filter_map(|case| differs(case, || fetch(&proxy, &origin, case))).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Options that name a field may name one that frames the message: what is sent has one reading all the same.
#[test]
fn options_do_not_change_where_a_message_ends() {
    let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let plain = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    for (options, request, status) in [
        ("unique-id-format 5\n  unique-id-header content-length", get, "500"),
        ("unique-id-format 5\n  unique-id-header content-length", plain, "500"),
        ("unique-id-format 3\n  unique-id-header content-length", plain, "200"),
        ("unique-id-format chunked\n  unique-id-header transfer-encoding", get, "200"),
        ("unique-id-format chunked\n  unique-id-header transfer-encoding", plain, "200"),
        ("option forwardfor header content-length", get, "500"),
        ("option forwardfor header te", get, "200"),
        ("option originalto header transfer-encoding", plain, "200"),
    ] {
        let origin = Recorder::answering();
        let text = CONFIG.replace("  server", &format!("  {options}\n  server"));
        let proxy = Builder::new(Program::Hapax, &text).set("s", &origin.addr()).start();
        let answer = converse(&proxy, request.as_bytes(), 1);
        assert_eq!(
            statuses(&answer).join(" ").split(' ').next_back(),
            Some(status),
            "{options} {request:?}"
        );
        let received = String::from_utf8(origin.take().concat()).unwrap();
        let want = if status == "200" { request.to_lowercase() } else { String::new() };
        assert_eq!(received.to_lowercase(), want, "{options}");
    }
}

/// Rules may edit the fields that frame messages, and statuses that say whether a body follows: what is sent has one reading all
/// the same.
#[test]
fn rules_do_not_change_where_a_message_ends() {
    let plain = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let seen = |rule: &str, request: &str| {
        let origin = Recorder::answering();
        let text = CONFIG.replace("  server", &format!("  http-request {rule}\n  server"));
        let proxy = Builder::new(Program::Hapax, &text).set("s", &origin.addr()).start();
        let answer = converse(&proxy, request.as_bytes(), 1);
        let received: Vec<u8> = origin.take().concat();
        (statuses(&answer).join(" "), String::from_utf8(received).unwrap())
    };
    for (rule, request, want) in [
        ("del-header content-length", plain, plain),
        ("del-header -length -m end", plain, plain),
        ("set-header transfer-encoding chunked", plain, plain),
        ("set-header content-length 3", plain, plain),
        ("replace-header content-length .* 3", plain, plain),
        ("del-header transfer-encoding", chunked, chunked),
        ("add-header transfer-encoding gzip", chunked, chunked),
        ("set-header content-length 1", chunked, chunked),
        ("set-header transfer-encoding chunked", get, get),
        ("set-header connection keep-alive", get, get),
        // "content" in front, and an "e" somewhere.
        ("del-headers-bin bin(07636f6e74656e7400) -m beg", plain, plain),
        ("del-headers-bin bin(016500) -m sub", chunked, chunked),
    ] {
        let want = want.replace("Host", "host").replace("Content-Length", "content-length");
        let want = want.replace("Transfer-Encoding", "transfer-encoding");
        assert_eq!(seen(rule, request), ("200".to_owned(), want), "{rule}");
    }
    for (rule, request) in [
        ("set-header content-length 1", plain),
        ("add-header content-length 30", plain),
        ("set-header content-length 3", get),
    ] {
        assert_eq!(seen(rule, request), ("500".to_owned(), String::new()), "{rule}");
    }
    let closing = get.replace("Host: h\r\n", "host: h\r\nconnection: close\r\n");
    assert_eq!(seen("set-header Connection close", get), ("200".to_owned(), closing));
}

#[test]
fn rules_do_not_change_where_a_response_ends() {
    let heard = |rule: &str| {
        let origin = Origin::new(|_| Reply::ok("ok"));
        let text = CONFIG.replace("  server", &format!("  {rule}\n  server"));
        let proxy = Builder::new(Program::Hapax, &text).set("s", &origin.addr()).start();
        let twice = b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
        let answer = String::from_utf8(converse(&proxy, twice, 2)).unwrap();
        let ended = answer.contains("connection: close");
        (statuses(answer.as_bytes()).join(" "), answer.matches("\r\n\r\nok").count(), ended)
    };
    let told = |status: &str, bodies, ended| (status.to_owned(), bodies, ended);
    assert_eq!(heard("http-response set-header x y"), told("200 200", 2, false));
    for set in ["http-response", "http-after-response"] {
        // No body follows these, whatever the server sent.
        assert_eq!(heard(&format!("{set} set-status 204")), told("204 204", 0, false), "{set}");
        assert_eq!(heard(&format!("{set} set-status 304")), told("304 304", 0, false), "{set}");
        // A body of unknown length ends with its connection.
        assert_eq!(heard(&format!("{set} del-header content-length")), told("200", 1, true), "{set}");
        assert_eq!(heard(&format!("{set} set-header connection close")), told("200", 1, true), "{set}");
        assert_eq!(
            heard(&format!("{set} set-header transfer-encoding chunked")),
            told("200 200", 2, false),
            "{set}"
        );
        assert_eq!(heard(&format!("{set} set-header content-length 9")).0, "500 500", "{set}");
        assert_eq!(heard(&format!("{set} set-status 101")).0, "500 500", "{set}");
    }
    let own = "http-request return status 200 content-type a/b string ok\n  http-after-response";
    assert_eq!(heard(&format!("{own} set-header content-length 9")), told("200 200", 2, false));
    assert_eq!(heard(&format!("{own} set-status 204")), told("204 204", 0, false));
    assert_eq!(heard(&format!("{own} set-status 100")), told("200 200", 2, false));
}
