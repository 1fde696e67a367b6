//! What a server may have at most: bounded loads of a hash, queues that are full.

use hapax_tests::{Builder, Client, Origin, Program, Proxy, Reply, compare, wait};

use super::TIMEOUTS;

/// Streams on a server, and in its queue.
fn load(p: &Proxy, server: &str) -> (u32, u32) {
    let stat = p.cli("show stat");
    let row = stat.lines().find(|l| l.starts_with(&format!("b,{server},"))).unwrap();
    let cell = |i: usize| row.split(',').nth(i).unwrap().parse().unwrap_or(0);
    (cell(4), cell(2))
}

fn start(program: Program, lines: &str, origin: &Origin) -> Proxy {
    let template = format!(
        "global\n  nbthread 1\n  stats socket @dir@/stats.sock level admin\n{TIMEOUTS}  timeout queue 1m\nfrontend f\n  bind @f@\n  default_backend b\nbackend b\n{lines}"
    );
    Builder::new(program, &template).set("o", &origin.addr()).start()
}

/// Sends a request that nobody answers, and waits until it is somewhere: on a server or in a queue.
fn leave_one(p: &Proxy, headers: &str, count: u32, servers: &[&str]) -> Client {
    let mut c = p.connect("f");
    c.send(format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n"));
    wait::until_true("the request has a place", || {
        let loads = servers.iter().map(|s| load(p, s));
        loads.map(|(on, queued)| on + queued).sum::<u32>() == count
    });
    c
}

#[test]
fn a_key_that_many_ask_for_is_shared_by_bounded_loads() {
    let origin = Origin::new(|_| Reply::silence());
    compare::same("a_key_that_many_ask_for_is_shared_by_bounded_loads", |program| {
        let lines = "  balance hdr(x-key)\n  hash-type consistent\n  hash-balance-factor 130\n\
  server s1 @o@ weight 10\n  server s2 @o@ weight 3\n  server s3 @o@ weight 7\n";
        let p = start(program, lines, &origin);
        let names = ["s1", "s2", "s3"];
        let mut waiting = Vec::new();
        let mut placed = Vec::new();
        for n in 1..=16 {
            waiting.push(leave_one(&p, &format!("X-Key: k{}\r\n", n % 2), n, &names));
            placed.push(names.map(|s| load(&p, s).0));
        }
        placed
    });
}

#[test]
fn a_full_queue_takes_nobody() {
    let origin = Origin::new(|_| Reply::silence());
    let cases = [
        ("  cookie S insert\n", "Cookie: S=s1\r\n"),
        ("  cookie S insert\n  option redispatch\n", "Cookie: S=s1\r\n"),
        ("  use-server s1 if TRUE\n", ""),
        ("  use-server s1 if TRUE\n  option redispatch\n", ""),
        ("  balance hdr(x-key)\n  option redispatch\n", "X-Key: a\r\n"),
    ];
    for (lines, headers) in cases {
        compare::same("a_full_queue_takes_nobody", |program| {
            let turns = if lines.contains("balance") { "" } else { "  balance roundrobin\n" };
            let servers = "  server s1 @o@ cookie s1 maxconn 1 maxqueue 1\n  server s2 @o@ cookie s2 maxconn 1 maxqueue 1\n";
            let p = start(program, &format!("{turns}{lines}{servers}"), &origin);
            let names = ["s1", "s2"];
            let _first = leave_one(&p, headers, 1, &names);
            let _second = leave_one(&p, headers, 2, &names);
            let mut third = p.connect("f");
            third.send(format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n"));
            let refused = lines.contains("balance") || !lines.contains("redispatch");
            let status = if refused {
                Some(third.answer().status)
            } else {
                wait::until_true("the other server has it", || load(&p, "s2").0 == 1);
                None
            };
            (status, load(&p, "s1"), load(&p, "s2"))
        });
    }
}

#[test]
fn a_hash_may_pass_by_who_is_full_or_has_a_full_queue() {
    let origin = Origin::new(|_| Reply::silence());
    for (affinity, before_another) in [("maxconn", 1), ("maxqueue", 3)] {
        let lines = format!(
            "  balance hdr(x-key)\n  hash-type consistent\n  hash-preserve-affinity {affinity}\n  \
server s1 @o@ maxconn 1 maxqueue 2\n  server s2 @o@ maxconn 1 maxqueue 2\n"
        );
        let p = start(Program::Hapax, &lines, &origin);
        let names = ["s1", "s2"];
        let mut waiting = Vec::new();
        for n in 1..=before_another {
            waiting.push(leave_one(&p, "X-Key: a\r\n", n, &names));
        }
        let total = |s| {
            let (on, queued) = load(&p, s);
            on + queued
        };
        let own = if total("s1") > 0 { "s1" } else { "s2" };
        assert_eq!(total(own), before_another, "{affinity}");
        waiting.push(leave_one(&p, "X-Key: a\r\n", before_another + 1, &names));
        assert_eq!(total(own), before_another, "{affinity}: the next one goes elsewhere");
    }
}

#[test]
fn a_server_may_start_down() {
    let origin = Origin::new(|_| Reply::ok("here"));
    let lines = "  server s1 @o@ init-state down check inter 50ms\n  server s2 @o@ init-state down\n  \
server s3 @o@ init-state fully-down check inter 50ms rise 3\n";
    let p = start(Program::Hapax, lines, &origin);
    let state = |s: &str| {
        let all = p.cli("show servers state b");
        let row = all.lines().find(|l| l.contains(&format!(" {s} "))).unwrap();
        row.split(' ').nth(5).unwrap().to_owned()
    };
    wait::until_true("one check that passes brings it up", || state("s1") == "2");
    wait::until_true("three checks that pass bring it up", || state("s3") == "2");
    assert_eq!(state("s2"), "0", "nobody checks it");
    assert_eq!(p.connect("f").get("/").text(), "here");
}

#[test]
fn who_has_the_least_for_its_weight_is_next() {
    let origin = Origin::new(|_| Reply::silence());
    compare::same("who_has_the_least_for_its_weight_is_next", |program| {
        let names = ["s1", "s2", "s3", "s4"];
        let weights = [10, 20, 30, 7];
        let servers = names.iter().zip(weights).map(|(s, w)| format!("  server {s} @o@ weight {w}\n"));
        let lines = format!("  balance leastconn\n{}", servers.collect::<String>());
        let p = start(program, &lines, &origin);
        let mut waiting = Vec::new();
        let mut seen = Vec::new();
        for n in 1..=14 {
            waiting.push(leave_one(&p, "", n, &names));
            // Of equals either may be next: looked at when all of them have been.
            if [4, 7, 10, 14].contains(&n) {
                seen.push(names.map(|s| load(&p, s).0));
            }
        }
        seen
    });
}

#[test]
fn a_client_that_leaves_makes_room() {
    let origin = Origin::new(|_| Reply::silence());
    for (option, status) in [("", Some(400)), ("  no option abortonclose\n", None)] {
        let p = start(Program::Hapax, &format!("{option}  server s1 @o@ maxconn 1\n"), &origin);
        // Who waits for any server stands in the backend's queue.
        let whole = |queue, streams| {
            let stat = p.cli("show stat");
            stat.lines().any(|l| l.starts_with(&format!("b,BACKEND,{queue},1,{streams},")))
        };
        let mut first = leave_one(&p, "", 1, &["s1"]);
        let mut second = p.connect("f");
        second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        wait::until_true("the second waits", || whole(1, 2));
        first.finish();
        if let Some(status) = status {
            assert_eq!(first.answer().status, status);
            wait::until_true("the second has the server", || whole(0, 1));
        } else {
            assert!(whole(1, 2));
        }
        assert_eq!(load(&p, "s1"), (1, 0));
    }
}

/// A column of `show stat`, of the servers and the backend.
fn column(p: &Proxy, name: &str) -> Vec<String> {
    let stat = p.cli("show stat");
    let at = stat.lines().next().unwrap()[2..].split(',').position(|n| n == name).unwrap();
    let rows = stat.lines().filter(|l| l.starts_with("b,"));
    rows.map(|l| l.split(',').nth(at).unwrap().to_owned()).collect()
}

#[test]
fn who_waits_for_a_server_that_goes_down_is_anybodys() {
    if !Program::oracle_since((3, 5)) {
        return;
    }
    let origin = Origin::new(|_| Reply::silence());
    compare::same("who_waits_for_a_server_that_goes_down_is_anybodys", |program| {
        let lines = "  balance roundrobin\n  cookie C\n  server s1 @o@ maxconn 1 cookie a\n  server s2 @o@ maxconn 1 cookie b\n";
        let p = start(program, lines, &origin);
        let names = ["s1", "s2"];
        let _clients: Vec<Client> = (1..=4).map(|n| leave_one(&p, "Cookie: C=a\r\n", n, &names)).collect();
        // The backend's own queue is that of those who wait for nobody in particular.
        let before = (names.map(|s| load(&p, s)), load(&p, "BACKEND"));
        p.cli("disable server b/s1");
        wait::until_true("they went", || load(&p, "BACKEND").1 == 2 && load(&p, "s2").0 == 1);
        let after = names.map(|s| load(&p, s));
        (before, after, column(&p, "qmax"), column(&p, "wredis"), column(&p, "cli_abrt"))
    });
}

#[test]
fn a_wait_that_was_too_long_is_a_failed_connection() {
    if !Program::oracle_since((3, 5)) {
        return;
    }
    let origin = Origin::new(|_| Reply::silence());
    compare::same("a_wait_that_was_too_long_is_a_failed_connection", |program| {
        let lines = "  timeout queue 100ms\n  cookie C\n  server s1 @o@ maxconn 1 cookie a\n";
        let p = start(program, lines, &origin);
        let _first = leave_one(&p, "", 1, &["s1"]);
        let statuses = ["Cookie: C=a\r\n", ""].map(|headers| p.connect("f").get_with("/", headers).status);
        (statuses, column(&p, "econ"), column(&p, "qmax"), column(&p, "hrsp_5xx"))
    });
}

#[test]
fn who_comes_does_not_overtake_who_waits() {
    let origin = Origin::new(|_| Reply::silence());
    // The limit is half of the backend's streams: the fourth to come makes room for one more.
    let p = start(Program::Hapax, "  fullconn 8\n  server s1 @o@ minconn 1 maxconn 4\n", &origin);
    let _clients: Vec<Client> = (1..=4)
        .map(|n| {
            let mut c = p.connect("f");
            c.send(format!("GET /{n} HTTP/1.1\r\nHost: x\r\n\r\n"));
            wait::until_true("it is counted", || column(&p, "scur").last() == Some(&n.to_string()));
            c
        })
        .collect();
    wait::until_true("two are served", || origin.requests().len() == 2);
    let paths: Vec<String> = origin.requests().iter().map(|r| r.target.clone()).collect();
    assert_eq!(paths, ["/1", "/2"]);
}
