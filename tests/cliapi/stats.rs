//! What `show stat` counts, column by column.

use std::collections::BTreeMap;

use hapax_tests::wait::until_true;
use hapax_tests::{Builder, Origin, Program, Proxy};

use super::TIMEOUTS;

const PROXIES: &str = "frontend f\n  option socket-stats\n  bind @f@ name one\n  bind @g@ name two\n  \
http-request deny if { path /deny }\n  http-request return status 200 content-type text/plain string hello if { path /own }\n  \
http-response deny if { res.hdr(x-deny) -m found }\n  \
use_backend none if { path /none }\n  use_backend dead if { path /dead }\n  default_backend b\n\
frontend t\n  mode tcp\n  bind @t@\n  default_backend tb\n\
frontend refuses\n  mode tcp\n  bind @r@\n  tcp-request content reject\n  default_backend tb\n\
backend b\n  balance roundrobin\n  cookie C insert\n  server s @o@ cookie x\nbackend none\n  balance roundrobin\nbackend dead\n  balance roundrobin\n  retries 1\n  server x 127.0.0.1:1\n\
backend tb\n  mode tcp\n  balance roundrobin\n  server s @o@\n";

fn start(program: Program, origin: &Origin) -> Proxy {
    Builder::new(program, &format!("{TIMEOUTS}{PROXIES}"))
        .set("o", &origin.addr())
        .start()
}

/// The rows by `proxy/name`, the cells by column.
fn rows(p: &Proxy) -> BTreeMap<String, BTreeMap<String, String>> {
    let text = p.cli("show stat");
    let mut lines = text.lines().filter(|l| !l.is_empty());
    let names: Vec<String> = lines.next().unwrap()[2..].split(',').map(str::to_owned).collect();
    lines
        .map(|l| {
            let cells: Vec<&str> = l.split(',').collect();
            let row = names.iter().cloned().zip(cells.iter().map(|c| (*c).to_owned()));
            (format!("{}/{}", cells[0], cells[1]), row.collect())
        })
        .collect()
}

/// The traffic that is counted, and the rows once all of it is over.
fn counted(p: &Proxy) -> BTreeMap<String, BTreeMap<String, String>> {
    let close = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let say = |port: &str, bytes: &str| {
        let mut c = p.connect(port);
        c.send(bytes);
        c.rest().unwrap()
    };
    for path in ["/", "/deny", "/own", "/none", "/dead"] {
        say("f", &close(path));
    }
    say("g", &close("/"));
    say("g", &format!("GET / HTTP/1.1\r\nHost: a\r\n\r\n{}", close("/again")));
    say("f", "nonsense\r\n\r\n");
    let mut c = p.connect("t");
    c.send(close("/"));
    c.finish();
    c.rest().unwrap();
    say("r", "");
    let (mut all, ended) = (BTreeMap::new(), |n: &str| n.ends_with("FRONTEND"));
    until_true("the streams to be counted", || {
        all = rows(p);
        let idle = all.iter().filter(|(n, _)| ended(n)).all(|(_, r)| r["scur"] == "0");
        idle && all["f/FRONTEND"]["stot"] == "8" && all["t/FRONTEND"]["bin"] != "0"
    });
    all
}

#[test]
fn what_is_counted_of_requests_and_answers() {
    let origin = Origin::saying("hello");
    let p = start(Program::Hapax, &origin);
    let all = counted(&p);
    let cell = |row: &str, column: &str| all[row][column].clone();
    let cases = [
        ("f/FRONTEND", "h1sess", "8"),
        ("f/FRONTEND", "sess_other", "0"),
        ("f/FRONTEND", "h1req", "9"),
        ("f/FRONTEND", "req_tot", "9"),
        ("f/FRONTEND", "h1_total_streams", "9"),
        ("f/FRONTEND", "h1_open_streams", "0"),
        ("f/FRONTEND", "ereq", "1"),
        ("f/FRONTEND", "dreq", "1"),
        ("f/FRONTEND", "hrsp_2xx", "5"),
        ("f/FRONTEND", "hrsp_4xx", "2"),
        ("f/FRONTEND", "hrsp_5xx", "2"),
        ("f/FRONTEND", "h2_open_connections", "0"),
        ("f/FRONTEND", "ssl_sess", "0"),
        ("f/one", "stot", "6"),
        ("f/one", "dreq", "1"),
        ("f/one", "proto", "tcpv4"),
        ("f/two", "stot", "2"),
        ("f/two", "smax", "1"),
        ("none/BACKEND", "econ", "1"),
        ("none/BACKEND", "bout", "0"),
        ("dead/x", "connect", "2"),
        ("dead/x", "hrsp_5xx", "0"),
        ("dead/BACKEND", "hrsp_5xx", "1"),
        ("dead/BACKEND", "h1_total_connections", "2"),
        ("b/s", "req_tot", "4"),
        ("b/s", "h1_total_streams", ""),
        ("b/BACKEND", "h1_total_streams", "4"),
        ("t/FRONTEND", "h1sess", "0"),
        ("t/FRONTEND", "sess_other", "1"),
        ("t/FRONTEND", "intercepted", ""),
        ("refuses/FRONTEND", "dreq", "1"),
        ("refuses/FRONTEND", "ereq", "0"),
        ("refuses/FRONTEND", "stot", "1"),
    ];
    for (row, column, want) in cases {
        assert_eq!(cell(row, column), want, "{row} {column}");
    }
    let number = |row: &str, column: &str| cell(row, column).parse::<u64>().unwrap();
    // Answers of our own are none of a server's, but they are sent.
    assert_eq!(number("f/FRONTEND", "bout"), number("b/BACKEND", "bout"));
    assert_eq!(number("f/FRONTEND", "resbin"), number("b/s", "resbin"));
    assert!(number("f/FRONTEND", "resbout") > number("b/BACKEND", "resbout"));
    // The cookie is put in on the way to the client.
    assert!(number("b/s", "resbout") > number("b/s", "resbin"));
    for column in ["bin", "bout", "reqbin", "reqbout", "resbin", "resbout", "conn_tot", "stot"] {
        let of_both = number("f/one", column) + number("f/two", column);
        let whole = number("f/FRONTEND", column);
        assert_eq!(of_both, whole, "{column}");
    }
    // Sizes on the wire: what the client sent went to the server without its `connection`, and came with what was refused.
    assert!(number("f/FRONTEND", "h1_bytes_in") > number("b/BACKEND", "h1_bytes_out"));
    assert!(number("f/FRONTEND", "h1_bytes_out") > number("b/BACKEND", "h1_bytes_in"));
    p.cli("clear counters all");
    let after = rows(&p);
    assert_eq!(after["f/one"]["stot"], "0");
    assert_eq!(after["f/FRONTEND"]["h1_open_streams"], "0");
}

/// Where HAProxy's and ours may differ: in what moments and ports make of them, in sizes of answers that each words in its own way, and
/// in what HAProxy counts twice.
const APART: &[&str] = &[
    "#",
    "addr",
    "check_duration",
    "lastchg",
    "rate",
    "rate_max",
    "smax",
    "req_rate",
    "req_rate_max",
    "conn_rate",
    "conn_rate_max",
    "lastsess",
    "qtime",
    "ctime",
    "rtime",
    "ttime",
    "qtime_max",
    "ctime_max",
    "rtime_max",
    "ttime_max",
    "downtime",
    "need_conn_est",
    "resbout",
    "h1_bytes_in",
    "h1_bytes_out",
    "h1_open_connections",
    "srv_icur",
    "idle_conn_cur",
    "safe_conn_cur",
    "pid",
    "slim",
];

#[test]
fn every_column_counts_what_it_counts_in_haproxy() {
    if !Program::oracle_since((3, 5)) {
        return;
    }
    let of = |program| {
        let origin = Origin::saying("hello");
        let p = start(program, &origin);
        (counted(&p), p.cli("show stat").lines().next().unwrap().to_owned())
    };
    let ((ours, our_head), (theirs, their_head)) = (of(Program::Hapax), of(Program::Haproxy));
    assert_eq!(our_head, their_head);
    for (name, row) in &theirs {
        for (column, want) in row {
            if !APART.contains(&column.as_str()) {
                assert_eq!(&ours[name][column], want, "{name} {column}");
            }
        }
    }
}
