//! Log lines, byte for byte beside HAProxy's once times and ports are masked.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod content;
mod ends;
mod rings;
mod timers;

use hapax_tests::syslog::mask;
use hapax_tests::{Builder, Origin, Program, Reply, Syslog, compare};

/// Many a case ends by one of these.
const TIMEOUTS: &str =
    "defaults\n  log global\n  timeout connect 10s\n  timeout client 5s\n  timeout server 500ms\n  timeout http-request 500ms\n";

/// The line logged for one exchange of raw bytes with a listener.
fn logged(program: Program, log: &str, lines: &str, request: &str) -> String {
    let syslog = Syslog::new();
    let origin = Origin::new(|r| match r.target.as_str() {
        "/silent" => Reply::silence(),
        "/bad" => Reply::raw("nonsense\r\n\r\n"),
        "/close" => Reply::until_close("all of it"),
        _ => Reply::ok("hello").header("X-Res", "res"),
    });
    let template = format!("global\n  nbthread 1\n  {log}\n{TIMEOUTS}listen l\n  bind @l@\n{lines}  server s @s@\n");
    let p = Builder::new(program, &template)
        .set("log", &syslog.addr())
        .set("s", &origin.addr())
        .start();
    let mut c = p.connect("l");
    c.send(request);
    let _ = c.rest();
    mask(&syslog.next_with("127.0.0.1:"))
}

fn same(name: &str, log: &str, lines: &str, request: &str) {
    compare::same(name, |program| {
        eprintln!("{name}: {program:?}");
        logged(program, log, lines, request)
    });
}

const GET: &str = "GET /x?q=1 HTTP/1.1\r\nHost: h\r\nUser-Agent: tester\r\nConnection: close\r\n\r\n";

#[test]
fn every_wire_format() {
    for format in [
        "",
        " format rfc3164",
        " format rfc5424",
        " format local",
        " format timed",
        " format iso",
        " format short",
        " format raw",
        " format priority",
    ] {
        same(
            &format!("'{format}'"),
            &format!("log-tag tag\n  log @log@{format} local3"),
            "  mode http\n  option httplog\n",
            GET,
        );
    }
    same(
        "host name",
        "log-send-hostname me\n  log-tag tag\n  log @log@ local3",
        "  mode http\n  option httplog\n",
        GET,
    );
}

#[test]
fn http_lines_tell_how_it_ended() {
    let log = "log-tag tag\n  log @log@ local0";
    let http = "  mode http\n  option httplog\n";
    same("served", log, http, GET);
    same(
        "404",
        log,
        "  mode http\n  option httplog\n  http-request deny deny_status 404\n",
        GET,
    );
    same(
        "silent server",
        log,
        &format!("{http}  timeout server 500ms\n"),
        "GET /silent HTTP/1.1\r\nHost: h\r\n\r\n",
    );
    same("bad answer", log, http, "GET /bad HTTP/1.1\r\nHost: h\r\n\r\n");
    same("until close", log, http, "GET /close HTTP/1.1\r\nHost: h\r\n\r\n");
    same("bad request", log, http, "BOGUS\r\n\r\n");
    same(
        "post",
        log,
        http,
        "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
    );
    same("default", log, "  mode http\n", GET);
}

#[test]
fn captures_stand_in_braces() {
    same(
        "captures",
        "log-tag tag\n  log @log@ local0",
        "  mode http\n  option httplog\n  capture request header User-Agent len 20\n  capture request header Absent len 5\n  capture response header X-Res len 2\n",
        GET,
    );
}

#[test]
fn a_format_of_ones_own() {
    same(
        "custom",
        "log-tag tag\n  log @log@ local0",
        "  mode http\n  log-format \"127.0.0.1:0 %f %b %s %ST %HM %HP %HQ %HV %tsc %rc %[capture.req.method] %{+Q}r %{+E}HU end\"\n",
        GET,
    );
}

#[test]
fn statistics_answer_in_the_place_of_a_server() {
    let log = "log-tag tag\n  log @log@ local0";
    let page = "GET /haproxy?stats HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let lines = "  mode http\n  stats enable\n  log-format \"127.0.0.1:0 %ST %tsc %s w=%Tw c=%Tc r=%Tr B=%B end\"\n";
    let line = logged(Program::Hapax, log, lines, page);
    assert!(line.contains("200 LR-- <STATS> w=0 c=0 r="), "{line}");
    let sent = &line[line.find("B=").unwrap() + 2..line.find(" end").unwrap()];
    assert!(sent.parse::<u32>().unwrap() > 1000, "{line}");
    same("statistics", log, &lines.replace(" r=%Tr B=%B", ""), page);
}

#[test]
fn what_is_known_of_refused_requests() {
    let log = "log-tag tag\n  log @log@ local0";
    let format = "  mode http\n  unique-id-format u-%f\n  log-format \"127.0.0.1:0 %ST %tsc U=%U id=%ID rt=%rt be=%[be_name] m=%HM\"\n";
    let denied = format!("{format}  http-request deny if {{ path /x /p }}\n");
    same("no request", log, format, "BOGUS\r\n\r\n");
    same("nothing", log, format, "GET");
    same("denied", log, &denied, GET);
    same(
        "denied with a body",
        log,
        &denied,
        "POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
    );
    same(
        "denied with a chunked body",
        log,
        &denied,
        "POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    same("old client", log, &denied, "GET /x HTTP/1.0\r\n\r\n");
    let own = |lines: &str, request: &str| {
        let format = "  mode http\n  log-format \"127.0.0.1:0 B=%B ts=%[txn.status] e=%[txn.sess_term_state] i=%[req.bytes_in] o=%[req.bytes_out] \
                      ri=%[res.bytes_in] st=%[cur_server_timeout] n=%[txn.conn_retries] fs=%[fs.id] v=%[capture.res.ver] end\"\n";
        let line = logged(Program::Hapax, log, &format!("{format}{lines}"), request);
        line[line.find("B=").unwrap()..line.find(" end").unwrap()].to_owned()
    };
    let deny = "  http-request deny\n";
    // Nothing came of the connection, so nothing is known of a stream.
    assert_eq!(own(deny, "BOGUS\r\n\r\n"), "B=0 ts=- e=- i=- o=- ri=- st=- n=- fs=- v=-");
    // Nothing went to a server, and nothing came from one.
    assert_eq!(own(deny, GET), "B=0 ts=403 e=PR i=59 o=0 ri=0 st=0 n=0 fs=0 v=HTTP/1.1");
    assert_eq!(own("", GET), "B=68 ts=200 e=-- i=59 o=59 ri=68 st=500 n=0 fs=0 v=HTTP/1.1");
}

#[test]
fn tcp_lines() {
    let log = "log-tag tag\n  log @log@ local0";
    same(
        "tcplog",
        log,
        "  mode tcp\n  option tcplog\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
    same(
        "connection log",
        log,
        "  mode tcp\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
}

#[test]
fn the_queue_of_one_that_left_it() {
    let syslog = Syslog::new();
    let origin = Origin::new(|_| Reply::silence());
    let lines = "  mode http\n  option httplog\n  option abortonclose\n  server s @s@ maxconn 1\n";
    let template = format!(
        "global\n  nbthread 1\n  log @log@ local0\n{TIMEOUTS}listen l\n  bind @l@\n  timeout queue 200ms\n{lines}\
         listen patient\n  bind @patient@\n  timeout queue 2m\n{lines}"
    );
    let p = Builder::new(Program::Hapax, &template)
        .set("log", &syslog.addr())
        .set("s", &origin.addr())
        .start();
    let occupied = |name: &str, times: usize| {
        let mut first = p.connect(name);
        first.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
        hapax_tests::wait::until_true("the server has it", || origin.requests().len() == times);
        first
    };
    let _first = occupied("l", 1);
    let mut late = p.connect("l");
    late.send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
    let line = syslog.next_with("/late");
    assert!(
        line.contains(" l/<NOSRV> ") && line.contains(" 503 ") && line.contains(" sQ-- "),
        "{line}"
    );
    assert!(
        line.contains("/-1/-1/") && !line.contains("/-1/-1/-1/"),
        "it was in the queue: {line}"
    );
    let _first = occupied("patient", 2);
    let mut gone = p.connect("patient");
    gone.send("GET /gone HTTP/1.1\r\nHost: h\r\n\r\n");
    drop(gone);
    let line = syslog.next_with("/gone");
    assert!(line.contains("/-1/-1/") && line.contains(" -1 0 - - CQ-- "), "{line}");
    assert!(!line.contains("/-1/-1/-1/"), "it was in the queue: {line}");
}

#[test]
fn a_client_that_leaves_before_its_request_is_whole() {
    let syslog = Syslog::new();
    let origin = Origin::saying("ok");
    let template = format!(
        "global\n  nbthread 1\n  log @log@ local0\n{TIMEOUTS}  mode http\n  option httplog\n  option http-buffer-request\nfrontend f\n  bind @f@\n  default_backend b\nbackend b\n  server s @s@\n"
    );
    let p = Builder::new(Program::Hapax, &template)
        .set("log", &syslog.addr())
        .set("s", &origin.addr())
        .start();
    let mut c = p.connect("f");
    c.send("POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
    c.finish();
    let line = syslog.next_with("/half");
    assert!(
        line.contains(" f b/<NOSRV> ") && line.contains(" 400 ") && line.contains(" CR-- "),
        "{line}"
    );
    assert!(origin.requests().is_empty());
}
