//! Health checks: who is in the farm, and when that changes.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod marks;
mod names;
mod pool;
mod scripts;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use hapax_tests::{Builder, Origin, Program, Proxy, Reply, wait};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n  timeout check 10s\n";

fn status(p: &Proxy, server: &str) -> String {
    let csv = p.cli("show stat");
    let header: Vec<&str> = csv.lines().next().unwrap().trim_start_matches("# ").split(',').collect();
    let column = header.iter().position(|c| *c == "status").unwrap();
    let line = csv.lines().find(|l| l.split(',').nth(1) == Some(server)).unwrap();
    line.split(',').nth(column).unwrap().to_owned()
}

fn wait_status(p: &Proxy, server: &str, want: &str) {
    wait::until_true(&format!("{server} to be {want}"), || status(p, server) == want);
}

#[test]
fn a_server_that_dies_leaves_the_farm_and_comes_back() {
    let (mut a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@\n  balance roundrobin\n  default-server check inter 50ms rise 2 fall 2\n  server a @a@\n  server b @b@\n"),
    )
    .set("a", &a.addr())
    .set("b", &b.addr())
    .start();
    wait_status(&p, "a", "UP");
    a.die();
    wait_status(&p, "a", "DOWN");
    for _ in 0..4 {
        assert_eq!(p.connect("l").get("/").text(), "b");
    }
    a.come_back();
    wait_status(&p, "a", "UP");
    let got: String = (0..4).map(|_| p.connect("l").get("/").text()).collect();
    assert!(got.contains('a') && got.contains('b'), "{got}");
}

#[test]
fn an_http_check_goes_by_the_status() {
    let code = Arc::new(AtomicU16::new(200));
    let own = Arc::clone(&code);
    let origin = Origin::new(move |r| {
        if r.target == "/health" {
            Reply::status(own.load(Ordering::SeqCst), "")
        } else {
            Reply::ok("served")
        }
    });
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@\n  option httpchk GET /health\n  server s @s@ check inter 50ms rise 1 fall 2\n"),
    )
    .set("s", &origin.addr())
    .start();
    wait_status(&p, "s", "UP");
    for (answer, want) in [(503, "DOWN"), (302, "UP"), (404, "DOWN"), (204, "UP")] {
        code.store(answer, Ordering::SeqCst);
        wait_status(&p, "s", want);
    }
    code.store(500, Ordering::SeqCst);
    wait_status(&p, "s", "DOWN");
    assert_eq!(p.connect("l").get("/").status, 503);
    let asked = origin.requests();
    assert!(asked.iter().any(|r| r.method == "GET" && r.target == "/health"));
}

#[test]
fn a_backup_serves_when_nobody_else_does() {
    let (mut a, b) = (Origin::saying("main"), Origin::saying("backup"));
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen l\n  bind @l@\n  default-server check inter 50ms rise 1 fall 1\n  server a @a@\n  server b @b@ backup\n"
        ),
    )
    .set("a", &a.addr())
    .set("b", &b.addr())
    .start();
    wait_status(&p, "a", "UP");
    for _ in 0..3 {
        assert_eq!(p.connect("l").get("/").text(), "main");
    }
    a.die();
    wait_status(&p, "a", "DOWN");
    assert_eq!(p.connect("l").get("/").text(), "backup");
    a.come_back();
    wait_status(&p, "a", "UP");
    assert_eq!(p.connect("l").get("/").text(), "main");
}

#[test]
fn traffic_is_observed() {
    // Checks pass all along; the responses to real requests take the server out.
    let origin = Origin::new(|r| {
        if r.target == "/health" {
            Reply::ok("fine")
        } else {
            Reply::status(503, "no")
        }
    });
    let p = Builder::new(
        Program::Hapax,
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 10s\n  timeout server 10s\nlisten l\n  bind @l@\n  option httpchk GET /health\n\
         \x20 server s @s@ check inter 100s rise 1 observe layer7 error-limit 3 on-error mark-down\n",
    )
    .set("s", &origin.addr())
    .start();
    for _ in 0..2 {
        assert_eq!(p.connect("l").get("/").status, 503);
    }
    assert_eq!(status(&p, "s"), "UP");
    assert_eq!(p.connect("l").get("/").status, 503);
    wait_status(&p, "s", "DOWN");
}
