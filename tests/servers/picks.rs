//! The same server as HAProxy for the same key: every hash algorithm over farms of several kinds, beside the real one.

mod questions;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hapax_tests::{Builder, Client, Origin, Program, Proxy, Reply, compare};
use questions::{KEYS, backends, in_tables, newer, pack, request};

/// Requests for each backend; `PICK_KEYS` asks for more.
fn keys() -> usize {
    std::env::var("PICK_KEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

/// Written to the connection at once.
const PIPELINED: usize = 50;

/// The servers that the keys of a backend went to.
fn picked(c: &mut Client, backend: &str, keys: usize) -> String {
    let mut servers = String::new();
    let all: Vec<usize> = (0..keys).collect();
    for some in all.chunks(PIPELINED) {
        c.send(some.iter().map(|i| request(backend, *i)).collect::<String>());
        for _ in some {
            let _ = write!(servers, "{} ", c.answer().header("x-srv").unwrap_or("-"));
        }
    }
    servers
}

fn start(program: Program, backends: &BTreeMap<String, String>) -> Proxy {
    let mut template = String::from(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n  http-reuse always\n\
frontend f\n  bind @f@\n  http-request set-src hdr(x-src)\n  use_backend %[hdr(x-be)]\n",
    );
    for (name, lines) in backends {
        let _ = write!(template, "backend {name}\n  http-response set-header x-srv %s\n{lines}");
    }
    Builder::new(program, &template).start()
}

/// Makes the tables that the choice is tested by where there is no HAProxy, or an old one.
#[test]
#[ignore = "writes what HAProxy answers into the project"]
fn make_the_tables() {
    let origin = Origin::new(|_| Reply::ok(""));
    let all = in_tables(&origin.addr());
    let p = start(Program::Haproxy, &all);
    let mut c = p.connect("f");
    let mut out = String::new();
    for name in all.keys() {
        let answers = picked(&mut c, name, KEYS);
        let number = |s: &str| s.trim_start_matches('s').parse().unwrap_or(0);
        let servers: Vec<u8> = answers.split_whitespace().map(number).collect();
        let _ = writeln!(out, "{name} {}", pack(&servers));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../hapax-explain/tests/picks.txt");
    std::fs::write(path, out).unwrap();
}

#[test]
fn every_key_goes_where_it_goes_in_haproxy() {
    let origin = Origin::new(|_| Reply::ok(""));
    compare::same("every_key_goes_where_it_goes_in_haproxy", |program| {
        let mut all = backends(&origin.addr());
        if Program::oracle_since((3, 0)) {
            all.extend(newer());
        }
        let p = start(program, &all);
        let mut c = p.connect("f");
        all.keys()
            .map(|name| (name.clone(), picked(&mut c, name, keys())))
            .collect::<Vec<_>>()
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
