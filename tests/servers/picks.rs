//! The same server as HAProxy for the same key: every hash algorithm over farms of several kinds, beside the real one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hapax_tests::{Builder, Client, Origin, Program, Reply, compare};

/// Requests for each backend; `PICK_KEYS` asks for more.
fn keys() -> usize {
    std::env::var("PICK_KEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

/// Written to the connection at once.
const PIPELINED: usize = 50;

const ALGORITHMS: &[(&str, &str)] = &[
    ("source", "source"),
    ("uri", "uri"),
    ("whole", "uri whole"),
    ("len", "uri len 7"),
    ("depth", "uri depth 2"),
    ("both", "uri len 9 depth 2"),
    ("path", "uri path-only"),
    ("all", "uri path-only whole"),
    ("param", "url_param id"),
    ("hdr", "hdr(x-key)"),
    ("domain", "hdr(host) use_domain_only"),
    ("expr", "hash hdr(x-key),lower"),
    ("address", "hash src"),
    ("number", "hash hdr(x-num),add(1)"),
];

const FUNCTIONS: &[&str] = &["sdbm", "djb2", "wt6", "crc32"];

/// Farms: equal, weights, one down, a backup in charge, all backups, ids of its own, many.
fn farms(origin: &str) -> Vec<(&'static str, String)> {
    let lines = |options: &[&str]| {
        let line = |(i, o): (usize, &&str)| format!("  server s{} {origin} {o}\n", i + 1);
        options.iter().enumerate().map(line).collect::<String>()
    };
    let many: Vec<String> = (0..40).map(|i| format!("weight {}", 1 + i % 7)).collect();
    vec![
        ("equal", lines(&["", "", "", "", ""])),
        ("weights", lines(&["", "weight 2", "weight 30", "weight 7"])),
        ("down", lines(&["weight 3", "weight 5 disabled", "weight 3", "weight 4"])),
        ("backup", lines(&["disabled", "backup weight 5", "backup weight 2"])),
        (
            "backups",
            format!("  option allbackups\n{}", lines(&["disabled", "backup weight 5", "backup"])),
        ),
        ("ids", lines(&["id 70", "id 3 weight 9", "id 4000 weight 4"])),
        ("many", lines(&many.iter().map(String::as_str).collect::<Vec<_>>())),
    ]
}

/// Every backend by name, with its lines.
fn backends(origin: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut add = |algorithm: &(&str, &str), kind: &str, farm: &(&str, String)| {
        let name = format!("{}-{}-{}", algorithm.0, kind.replace(' ', "-"), farm.0);
        all.insert(name, format!("  balance {}\n  hash-type {kind}\n{}", algorithm.1, farm.1));
    };
    for farm in &farms(origin) {
        for algorithm in ALGORITHMS {
            add(algorithm, "map-based", farm);
            add(algorithm, "consistent", farm);
        }
        for method in ["map-based", "consistent"] {
            for function in FUNCTIONS {
                add(&("hdr", "hdr(x-key)"), &format!("{method} {function}"), farm);
                add(&("hdr", "hdr(x-key)"), &format!("{method} {function} avalanche"), farm);
            }
        }
    }
    // Where one backup is in charge, 2.6 lets requests without a key take turns among all backups; the manual has them all go to one.
    all.remove("param-map-based-backup");
    all
}

/// A request for `backend` whose keys all follow from `i`.
fn request(backend: &str, i: usize) -> String {
    let src = if i.is_multiple_of(3) {
        format!("2001:db8:{i:x}::{:x}", i * 77)
    } else {
        format!("10.{}.{}.{}", i % 256, i * 7 % 256, i * 13 % 251)
    };
    let target = match i % 6 {
        0 => format!("/d{}/e{}/f{i}?id=k{i}&x=1", i % 17, i % 5),
        1 => format!("/q{i}?y=2&id={i}"),
        2 => format!("http://h{}.org/a{i}/b/c?id=z", i % 9),
        3 => format!("/{i}?id=%41"),
        4 => format!("//x//{i}/?id=&b"),
        _ => format!("/a/b/c/d/{i}?id=%41{i}"),
    };
    let host = match (i % 6, i % 5) {
        (2, _) => format!("h{}.org", i % 9),
        (_, 0) => format!("www.ex{i}.com"),
        (_, 1) => format!("h{i}"),
        (_, 2) => format!("10.0.0.{}", i % 250),
        (_, 3) => format!("a.b.c{i}.co.uk:8080"),
        _ => format!("x{i}.y."),
    };
    format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nX-Be: {backend}\r\nX-Key: Key{}\r\nX-Num: {}\r\nX-Src: {src}\r\n\r\n",
        i * 31,
        i * 7919
    )
}

/// The servers that the keys of a backend went to.
fn picked(c: &mut Client, backend: &str) -> String {
    let mut servers = String::new();
    let all: Vec<usize> = (0..keys()).collect();
    for some in all.chunks(PIPELINED) {
        c.send(some.iter().map(|i| request(backend, *i)).collect::<String>());
        for _ in some {
            let _ = write!(servers, "{} ", c.answer().header("x-srv").unwrap_or("-"));
        }
    }
    servers
}

#[test]
fn every_key_goes_where_it_goes_in_haproxy() {
    let origin = Origin::new(|_| Reply::ok(""));
    compare::same("every_key_goes_where_it_goes_in_haproxy", |program| {
        let all = backends(&origin.addr());
        let mut template = String::from(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n  http-reuse always\n\
frontend f\n  bind @f@\n  http-request set-src hdr(x-src)\n  use_backend %[hdr(x-be)]\n",
        );
        for (name, lines) in &all {
            let _ = write!(template, "backend {name}\n  http-response set-header x-srv %s\n{lines}");
        }
        let p = Builder::new(program, &template).start();
        let mut c = p.connect("f");
        all.keys().map(|name| (name.clone(), picked(&mut c, name))).collect::<Vec<_>>()
    });
}

#[test]
fn a_parameter_is_found_in_the_body_too() {
    let origin = Origin::new(|_| Reply::ok(""));
    compare::same("a_parameter_is_found_in_the_body_too", |program| {
        let template = "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
frontend f\n  bind @f@\n  default_backend b\n\
backend b\n  balance url_param id check_post\n  hash-type consistent\n  http-response set-header x-srv %s\n\
  server s1 @o@\n  server s2 @o@\n  server s3 @o@\n  server s4 @o@\n";
        let p = Builder::new(program, template).set("o", &origin.addr()).start();
        let mut servers = String::new();
        for i in 0..12 {
            let body = format!("x=1&id=user{i}&y=2");
            let mut c = p.connect("f");
            c.send(format!("POST /?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len()));
            c.send(body);
            let _ = write!(servers, "{} ", c.answer().header("x-srv").unwrap_or("-"));
        }
        servers
    });
}

#[test]
fn a_request_without_a_key_takes_a_turn() {
    let origin = Origin::new(|_| Reply::ok(""));
    let template = "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
frontend f\n  bind @f@\n  default_backend b\n\
backend b\n  balance hdr(x-key)\n  http-response set-header x-srv %s\n  server s1 @o@\n  server s2 @o@\n";
    let p = Builder::new(Program::Hapax, template).set("o", &origin.addr()).start();
    let mut c = p.connect("f");
    let mut got: Vec<String> = (0..4).map(|_| c.get("/").header("x-srv").unwrap().to_owned()).collect();
    got.sort();
    assert_eq!(got, ["s1", "s1", "s2", "s2"]);
}
