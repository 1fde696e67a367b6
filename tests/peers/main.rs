//! Peers: processes that share their stick tables, ours and HAProxy's, in every pairing.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod cable;
mod greeting;
mod leaving;
mod machines;
mod slow;

use cable::Cable;
use hapax_tests::ports::Port;
use hapax_tests::tls::Authority;
use hapax_tests::{Builder, Origin, Program, Proxy, Reply, wait};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

/// Every kind of data with one element; rates are slow enough to stand still.
const SINGLES: &str = "server_id,gpt0,gpc0,gpc0_rate(1h),conn_cnt,conn_rate(1h),conn_cur,sess_cnt,sess_rate(1h),http_req_cnt,\
http_req_rate(1h),http_err_cnt,http_err_rate(1h),bytes_in_cnt,bytes_in_rate(1h),bytes_out_cnt,bytes_out_rate(1h),gpc1,gpc1_rate(1h),\
http_fail_cnt,http_fail_rate(1h)";
const ARRAYS: &str = "gpt(3),gpc(2),gpc_rate(2,1h)";

/// Pairs of programs: the second is a HAProxy too, where there is one.
fn pairs(test: &str) -> Vec<(Program, Program)> {
    let mut all = vec![(Program::Hapax, Program::Hapax)];
    if Program::oracle(test) {
        all.extend([(Program::Hapax, Program::Haproxy), (Program::Haproxy, Program::Hapax)]);
    }
    all
}

/// The configuration of one peer: `a`, `b`, `c` are addresses; everything is set and read on its stats socket, or over HTTP.
fn template() -> String {
    format!(
        "{TIMEOUTS}peers p\n  peer a @a@\n  peer b @b@\n  table strings type string len 20 size 1k expire 1h store {SINGLES}\n  \
table arrays type integer size 1k expire 1h store {ARRAYS}\n  table bytes type binary len 4 size 10 store gpc0\n\
backend v4\n  stick-table type ip size 100 expire 10m store gpc0 peers p\n\
backend v6\n  stick-table type ipv6 size 100 store gpc0 peers p\n\
frontend f\n  bind @f@\n  http-request track-sc0 url table p/strings if {{ path_beg /q }}\n  \
http-request track-sc1 path,length table p/arrays if {{ path_beg /n }}\n  \
http-request track-sc2 str(AB),hex table p/bytes if {{ path /b }}\n  http-request sc-inc-gpc0(2) if {{ path /b }}\n  \
http-request sc-inc-gpc(1,1) if {{ path_beg /n }}\n  http-request sc-set-gpt(2,1) 77 if {{ path_beg /n }}\n  \
http-request return status 200 unless {{ path_beg /server }}\n  use_backend servers if {{ path_beg /server }}\n\
backend servers\n  stick-table type string size 100 expire 1h peers p\n  stick on path\n  server one @o@\n  server two @o@\n"
    )
}

/// Addresses of two peers.
struct Ports(Port, Port);

impl Ports {
    fn reserve() -> Self {
        Self(Port::reserve(), Port::reserve())
    }

    fn builder(&self, program: Program, name: &str, template: &str) -> Builder {
        let builder = Builder::new(program, template).args(&["-db", "-L", name]);
        builder.set("a", &self.0.addr()).set("b", &self.1.addr())
    }
}

/// The entries of a table, without what differs from process to process.
fn entries(p: &Proxy, table: &str) -> Vec<String> {
    let shown = p.cli(&format!("show table {table}"));
    assert!(shown.starts_with("# table: "), "{table}: {shown}");
    let rows = shown.lines().skip(1).filter(|l| !l.is_empty());
    let mut out: Vec<String> = rows
        .map(|l| {
            let words = l.split(' ').skip(1);
            let kept = words.filter(|w| !w.starts_with("exp=") && !w.starts_with("shard=") && !w.starts_with("use="));
            kept.collect::<Vec<_>>().join(" ")
        })
        .collect();
    out.sort();
    out
}

fn until_entries(p: &Proxy, table: &str, want: &[String]) {
    let mut seen = Vec::new();
    let end = std::time::Instant::now() + wait::PATIENCE;
    while std::time::Instant::now() < end {
        seen = entries(p, table);
        if seen == want {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{table}: {seen:#?}\nwanted {want:#?}");
}

/// Puts something into every table, by commands and by traffic.
fn fill(p: &Proxy) {
    let mut set = "set table p/strings key set".to_owned();
    for (n, kind) in SINGLES.split(',').enumerate() {
        let name = kind.split('(').next().unwrap();
        if name != "conn_cur" {
            set.extend([" data.", name, " ", &(100 + n).to_string()]);
        }
    }
    for command in [
        &set[..],
        "set table p/strings key odd\\ one data.gpt0 4294967295 data.bytes_in_cnt 1234567890123",
        "set table v4 key 192.0.2.7 data.gpc0 4",
        "set table v6 key 2001:db8::7 data.gpc0 6",
    ] {
        assert_eq!(p.cli(command).trim(), "", "{command}");
    }
    let mut c = p.connect("f");
    for path in ["/query?q=1", "/query?q=1", "/n23", "/n23", "/b", "/server/a", "/server/b"] {
        assert_eq!(c.get(path).status, 200, "{path}");
    }
    drop(c);
    // What a connection holds is counted, and not taught.
    for table in TABLES {
        wait::until_true("the connection to have ended", || {
            !p.cli(&format!("show table {table}")).contains("use=1")
        });
    }
}

const TABLES: [&str; 6] = ["p/strings", "p/arrays", "p/bytes", "v4", "v6", "servers"];

#[test]
fn everything_is_taught_to_who_comes_later() {
    let origin = Origin::new(|_| Reply::ok("fine"));
    for (teacher, learner) in pairs("everything_is_taught_to_who_comes_later") {
        let ports = Ports::reserve();
        let a = ports.builder(teacher, "a", &template()).set("o", &origin.addr()).start();
        fill(&a);
        let taught: Vec<_> = TABLES.map(|t| entries(&a, t)).into();
        assert_eq!(taught.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1, 1, 1, 2]);
        let b = ports.builder(learner, "b", &template()).set("o", &origin.addr()).start();
        for (table, want) in TABLES.iter().zip(&taught) {
            until_entries(&b, table, want);
        }
    }
}

#[test]
fn changes_are_told_as_they_come() {
    let origin = Origin::new(|_| Reply::ok("fine"));
    for (one, other) in pairs("changes_are_told_as_they_come") {
        let ports = Ports::reserve();
        let a = ports.builder(one, "a", &template()).set("o", &origin.addr()).start();
        let b = ports.builder(other, "b", &template()).set("o", &origin.addr()).start();
        a.cli("set table v4 key 192.0.2.1 data.gpc0 1");
        until_entries(&b, "v4", &["key=192.0.2.1 gpc0=1".to_owned()]);
        fill(&b);
        for table in TABLES {
            until_entries(&a, table, &entries(&b, table));
        }
        // The other way, over what was learned.
        a.cli("set table v4 key 192.0.2.7 data.gpc0 9");
        until_entries(&b, "v4", &["key=192.0.2.1 gpc0=1".to_owned(), "key=192.0.2.7 gpc0=9".to_owned()]);
        // A server that was learned is used; both have the same numbers.
        let stuck = |p: &Proxy| entries(p, "servers");
        let before = stuck(&a);
        assert_eq!(a.connect("f").get("/server/a").status, 200);
        assert_eq!(stuck(&a), before);
    }
}

#[test]
fn peers_are_shown_from_the_last_to_the_first() {
    let mut programs = vec![Program::Hapax];
    if Program::oracle_since((3, 5)) {
        programs.push(Program::Haproxy);
    }
    let origin = Origin::new(|_| Reply::ok("fine"));
    for program in programs {
        let ports = Ports::reserve();
        let start = |name| ports.builder(program, name, &template()).set("o", &origin.addr()).start();
        let (a, _b) = (start("a"), start("b"));
        let running = format!(
            "id=b(remote,active) addr={} app_state=RUNNING learn_state=NOTASSIGNED last_status=ESTA last_hdshk=",
            ports.1.addr()
        );
        wait::until_true("a session", || a.cli("show peers p").contains(&running));
        let shown = a.cli("show peers");
        let (head, own) = shown.split_once("id=a(local,inactive) addr=").expect("itself");
        assert!(head.contains(&running), "{program:?} {shown}");
        assert!(
            own.starts_with(&format!(
                "{} app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>\n",
                ports.0.addr()
            )),
            "{program:?} {shown}"
        );
        let tables: Vec<_> = own.lines().filter(|l| l.contains(" id=v4 ")).collect();
        assert_eq!(tables.len(), 1, "{program:?} {shown}");
        assert!(tables[0].ends_with(" id=v4 update=0 localupdate=0 refcnt=1"), "{program:?} {shown}");
    }
}

#[test]
fn who_was_away_learns_what_it_missed() {
    let origin = Origin::new(|_| Reply::ok("fine"));
    for (stays, leaves) in pairs("who_was_away_learns_what_it_missed") {
        let ports = Ports::reserve();
        let a = ports.builder(stays, "a", &template()).set("o", &origin.addr()).start();
        let b = ports.builder(leaves, "b", &template()).set("o", &origin.addr()).start();
        a.cli("set table v4 key 192.0.2.1 data.gpc0 1");
        b.cli("set table v4 key 192.0.2.2 data.gpc0 2");
        let both = ["key=192.0.2.1 gpc0=1".to_owned(), "key=192.0.2.2 gpc0=2".to_owned()];
        until_entries(&a, "v4", &both);
        until_entries(&b, "v4", &both);
        drop(b);
        a.cli("set table v4 key 192.0.2.1 data.gpc0 11");
        let b = ports.builder(leaves, "b", &template()).set("o", &origin.addr()).start();
        // What it told the others before comes back to it.
        until_entries(&b, "v4", &["key=192.0.2.1 gpc0=11".to_owned(), both[1].clone()]);
    }
}

/// Nobody looks for a teacher any more: whoever is back is not taught over what it has counted itself.
fn until_settled(p: &Proxy) {
    let digit = |s: &str| s.starts_with(|c: char| c.is_ascii_digit());
    wait::until_true("peers to be settled", || {
        let shown = p.cli("show peers");
        shown.split_once("resync_timeout=").is_some_and(|(_, rest)| !digit(rest))
    });
}

#[test]
fn three_and_one_is_cut_off() {
    let mut programs = vec![[Program::Hapax; 3]];
    if Program::oracle("three_and_one_is_cut_off") {
        programs.push([Program::Hapax, Program::Hapax, Program::Haproxy]);
        programs.push([Program::Haproxy, Program::Hapax, Program::Hapax]);
    }
    let all: Vec<_> = programs.into_iter().map(|trio| std::thread::spawn(move || cut_off(trio))).collect();
    for one in all {
        one.join().unwrap();
    }
}

fn cut_off(trio: [Program; 3]) {
    let ports = [Port::reserve(), Port::reserve(), Port::reserve()];
    // A wire from each to each.
    let wires = || ports.iter().map(|p| Cable::new(&p.addr())).collect();
    let cables: [Vec<Cable>; 3] = [wires(), wires(), wires()];
    let names = ["a", "b", "c"];
    let start = |i: usize| {
        let address = |j: usize| if i == j { ports[j].addr() } else { cables[i][j].addr.clone() };
        let lines: Vec<String> = (0..3).map(|j| format!("  peer {} {}\n", names[j], address(j))).collect();
        let lines = lines.concat();
        let text = format!(
            "{TIMEOUTS}peers p\n{lines}  table t type ip size 100 expire 1h store gpc0\nfrontend f\n  bind @f@\n  http-request deny\n"
        );
        Builder::new(trio[i], &text).args(&["-db", "-L", names[i]]).start()
    };
    let all: Vec<Proxy> = (0..3).map(start).collect();
    for (i, p) in all.iter().enumerate() {
        p.cli(&format!("set table p/t key 192.0.2.{} data.gpc0 1", i + 1));
    }
    let rows = |values: [u32; 3]| {
        (0..3)
            .map(|i| format!("key=192.0.2.{} gpc0={}", i + 1, values[i]))
            .collect::<Vec<_>>()
    };
    for p in &all {
        until_entries(p, "p/t", &rows([1, 1, 1]));
    }
    all.iter().for_each(until_settled);
    let of_c: Vec<(usize, usize)> = vec![(0, 2), (1, 2), (2, 0), (2, 1)];
    for (i, j) in &of_c {
        cables[*i][*j].cut();
    }
    all[0].cli("set table p/t key 192.0.2.1 data.gpc0 2");
    all[2].cli("set table p/t key 192.0.2.3 data.gpc0 3");
    until_entries(&all[1], "p/t", &rows([2, 1, 1]));
    assert_eq!(entries(&all[2], "p/t"), rows([1, 1, 3]));
    for (i, j) in &of_c {
        cables[*i][*j].mend();
    }
    for p in &all {
        until_entries(p, "p/t", &rows([2, 1, 3]));
    }
}

#[test]
fn over_tls() {
    let authority = Authority::new();
    let identity = authority.issue(&["peers.test"]);
    for (one, other) in pairs("over_tls") {
        let ports = Ports::reserve();
        let text = format!(
            "{TIMEOUTS}peers p\n  default-server ssl verify required ca-file @dir@/ca.pem crt @dir@/site.pem verifyhost peers.test\n  \
bind @own@ ssl crt @dir@/site.pem ca-file @dir@/ca.pem verify required\n  server a @a-line@\n  server b @b-line@\n  \
table t type ip size 100 expire 1h store gpc0\nfrontend f\n  bind @f@\n  http-request deny\n"
        );
        let start = |program, name: &str| {
            let (own, a, b) = match name {
                "a" => (ports.0.addr(), String::new(), ports.1.addr()),
                _ => (ports.1.addr(), ports.0.addr(), String::new()),
            };
            let builder = Builder::new(program, &text).args(&["-db", "-L", name]).set("own", &own);
            let builder = builder.set("a-line", &a).set("b-line", &b);
            builder.file("site.pem", &identity.both()).file("ca.pem", &authority.pem()).start()
        };
        let (a, b) = (start(one, "a"), start(other, "b"));
        a.cli("set table p/t key 192.0.2.1 data.gpc0 1");
        b.cli("set table p/t key 192.0.2.2 data.gpc0 2");
        let both = ["key=192.0.2.1 gpc0=1".to_owned(), "key=192.0.2.2 gpc0=2".to_owned()];
        until_entries(&a, "p/t", &both);
        until_entries(&b, "p/t", &both);
    }
}

/// What is counted on each side is not mixed, unless the table is there to be looked at; what sticks goes where the line says.
#[test]
fn what_is_learned_and_where_it_goes() {
    let ports = Ports::reserve();
    let text = |own: &str| {
        format!(
            "{TIMEOUTS}peers p\n  peer a @a@\n  peer b @b@\n  table t type ip size 100 expire 1h store conn_cur,gpc0,gpt0 {own}\n\
backend copy\n  stick-table type ip size 100 expire 1h store conn_cur,gpc0,gpt0\nfrontend f\n  bind @f@\n  http-request deny\n"
        )
    };
    let a = ports.builder(Program::Hapax, "a", &text("")).start();
    let b = ports.builder(Program::Hapax, "b", &text("write-to copy recv-only")).start();
    a.cli("set table p/t key 192.0.2.1 data.conn_cur 3 data.gpc0 5 data.gpt0 7");
    until_entries(&b, "p/t", &["key=192.0.2.1 gpt0=7 gpc0=5 conn_cur=3".to_owned()]);
    until_entries(&b, "copy", &["key=192.0.2.1 gpt0=7 gpc0=0 conn_cur=0".to_owned()]);
    b.cli("set table p/t key 192.0.2.2 data.conn_cur 3 data.gpc0 5 data.gpt0 7");
    until_entries(
        &a,
        "p/t",
        &[
            "key=192.0.2.1 gpt0=7 gpc0=5 conn_cur=3".to_owned(),
            "key=192.0.2.2 gpt0=7 gpc0=5 conn_cur=0".to_owned(),
        ],
    );
}

/// Keys are dealt out: each of the others has its part, and together they have all.
#[test]
fn parts() {
    let ports = [Port::reserve(), Port::reserve(), Port::reserve()];
    let start = |i: usize| {
        let text = format!(
            "{TIMEOUTS}peers p\n  shards 2\n  peer a {}\n  peer b {} shard 1\n  peer c {} shard 2\n  table t type integer size 1k expire 1h store gpc0\n\
frontend f\n  bind @f@\n  http-request deny\n",
            ports[0].addr(),
            ports[1].addr(),
            ports[2].addr()
        );
        Builder::new(Program::Hapax, &text).args(&["-db", "-L", ["a", "b", "c"][i]]).start()
    };
    let all: Vec<Proxy> = (0..3).map(start).collect();
    (0..50).for_each(|n| _ = all[0].cli(&format!("set table p/t key {n} data.gpc0 1")));
    let shown = all[0].cli("show table p/t");
    let part = |n: u32| {
        let word = format!("shard={n}");
        let mut keys: Vec<String> = shown
            .lines()
            .filter(|l| l.contains(&word))
            .map(|l| l.split(' ').nth(1).unwrap().to_owned())
            .collect();
        keys.sort();
        keys
    };
    let (first, second) = (part(1), part(2));
    assert_eq!(first.len() + second.len(), 50, "{shown}");
    assert!(first.len() > 10 && second.len() > 10, "{} and {}", first.len(), second.len());
    for (p, keys) in [(&all[1], first), (&all[2], second)] {
        let want: Vec<String> = keys.iter().map(|k| format!("{k} gpc0=1")).collect();
        until_entries(p, "p/t", &want);
    }
}
