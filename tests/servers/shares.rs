//! How much of the traffic a server gets: slow starts, backups.

use hapax_tests::{Builder, Origin, Program, Proxy, Reply, compare};

use super::TIMEOUTS;

fn start(program: Program, origin: &Origin, lines: &str) -> Proxy {
    let template =
        format!("{TIMEOUTS}frontend f\n  bind @f@\n  default_backend b\nbackend b\n  http-response set-header x-srv %s\n{lines}");
    Builder::new(program, &template).set("o", &origin.addr()).start()
}

fn servers(p: &Proxy, n: usize) -> Vec<String> {
    let mut c = p.connect("f");
    (0..n).map(|_| c.get("/").header("x-srv").unwrap_or("-").to_owned()).collect()
}

/// Operational state and weight of a server.
fn state_of(p: &Proxy, name: &str) -> (String, String) {
    let state = p.cli("show servers state b");
    let row: Vec<&str> = state
        .lines()
        .find(|l| l.contains(&format!(" {name} ")))
        .unwrap()
        .split(' ')
        .collect();
    (row[5].to_owned(), row[7].to_owned())
}

/// Weight and throttle of a line of the statistics.
fn shown(p: &Proxy, name: &str) -> (String, String) {
    let stat = p.cli("show stat b");
    let mut lines = stat.trim_start_matches("# ").lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row: Vec<&str> = lines.map(|l| l.split(',').collect()).find(|r: &Vec<&str>| r[1] == name).unwrap();
    let value = |column: &str| row[columns.iter().position(|c| *c == column).unwrap()].to_owned();
    (value("weight"), value("throttle"))
}

#[test]
fn a_server_that_comes_back_starts_with_little() {
    let origin = Origin::new(|_| Reply::ok(""));
    for algorithm in ["roundrobin", "leastconn", "static-rr"] {
        compare::same("a_server_that_comes_back_starts_with_little", |program| {
            let lines = format!("  balance {algorithm}\n  server s1 @o@ weight 16\n  server s2 @o@ weight 16 slowstart 1h maxconn 50\n");
            let p = start(program, &origin, &lines);
            let before = servers(&p, 4).iter().filter(|s| *s == "s2").count();
            p.cli("disable server b/s2");
            p.cli("enable server b/s2");
            let states = (state_of(&p, "s1"), state_of(&p, "s2"));
            let shown = ["s1", "s2", "BACKEND"].map(|name| shown(&p, name));
            // Of 17 turns it has one.
            let after = servers(&p, 34).iter().filter(|s| *s == "s2").count();
            // Later versions of HAProxy draw lots among servers that are equally loaded.
            let counted = (algorithm != "leastconn").then_some((before, after));
            (states, shown, counted)
        });
    }
}

#[test]
fn one_backup_or_all_of_them() {
    let origin = Origin::new(|_| Reply::ok(""));
    for option in ["", "  option allbackups\n"] {
        compare::same("one_backup_or_all_of_them", |program| {
            let lines = format!("  balance roundrobin\n{option}  server s1 @o@\n  server s2 @o@ backup\n  server s3 @o@ backup weight 3\n");
            let p = start(program, &origin, &lines);
            let first = servers(&p, 3);
            p.cli("disable server b/s1");
            let mut rest = servers(&p, 8);
            rest.sort();
            (first, rest)
        });
    }
}
