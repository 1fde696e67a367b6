//! The runtime API on the stats socket.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod stats;

use hapax_tests::{Builder, Origin, Program, Proxy, compare};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

fn two(program: Program, a: &Origin, b: &Origin) -> Proxy {
    Builder::new(
        program,
        &format!("{TIMEOUTS}frontend f\n  bind @f@\n  default_backend be\nbackend be\n  balance roundrobin\n  server a @a@\n  server b @b@ weight 2\n"),
    )
    .set("a", &a.addr())
    .set("b", &b.addr())
    .start()
}

#[test]
fn info_and_stat_have_the_fields_tools_read() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(Program::Hapax, &a, &b);
    p.connect("f").get("/");
    let info = p.cli("show info");
    for field in [
        "Name: ",
        "Version: ",
        "Pid: ",
        "Uptime_sec: ",
        "Maxconn: ",
        "CurrConns: ",
        "CumReq: ",
    ] {
        assert!(info.contains(&format!("\n{field}")) || info.starts_with(field), "{field}\n{info}");
    }
    assert!(info.contains(&format!("Pid: {}\n", p.pid())));
    let stat = p.cli("show stat");
    assert!(stat.starts_with(
        "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,"
    ));
    let rows: Vec<String> = stat
        .lines()
        .skip(1)
        .filter(|l| !l.is_empty())
        .map(|l| l.split(',').take(2).collect::<Vec<_>>().join("/"))
        .collect();
    assert_eq!(rows, ["f/FRONTEND", "be/a", "be/b", "be/BACKEND"]);
}

#[test]
fn a_server_is_taken_out_and_put_back() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(Program::Hapax, &a, &b);
    assert_eq!(p.cli("disable server be/a").trim(), "");
    for _ in 0..4 {
        assert_eq!(p.connect("f").get("/").text(), "b");
    }
    assert_eq!(p.cli("enable server be/a").trim(), "");
    let got: String = (0..6).map(|_| p.connect("f").get("/").text()).collect();
    assert_eq!(got.matches('a').count(), 2, "{got}");
    p.cli("set server be/b state drain");
    let got: String = (0..3).map(|_| p.connect("f").get("/").text()).collect();
    assert_eq!(got, "aaa");
}

#[test]
fn weights_change_while_it_runs() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(Program::Hapax, &a, &b);
    assert_eq!(p.cli("get weight be/b").trim(), "2 (initial 2)");
    p.cli("set weight be/b 0");
    assert_eq!(p.cli("get weight be/b").trim(), "0 (initial 2)");
    let got: String = (0..3).map(|_| p.connect("f").get("/").text()).collect();
    assert_eq!(got, "aaa");
}

/// A line of `show servers state` without the seconds since the server's last change, and without the counter of checks that nobody
/// makes: versions differ in where that one starts.
fn without_age(line: &str) -> String {
    let state = line.split(' ').nth(1) == Some("be");
    let words = line.split(' ').enumerate();
    let shown = words.map(|(i, w)| if state && matches!(i, 9 | 12) { "-" } else { w });
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn answers_are_those_of_haproxy() {
    for command in [
        "get weight be/nobody",
        "get weight nobody/a",
        "set weight be/a 300",
        "disable server be",
        "get weight be/b",
        "set server be/a state maint; show servers state be",
        "show backend",
    ] {
        compare::same(command, |program| {
            let (a, b) = (Origin::saying("a"), Origin::saying("b"));
            let p = two(program, &a, &b);
            let answer = p.cli(command);
            // Ports and times differ between two runs.
            let ports = [a.port(), b.port()];
            let lines: Vec<String> = answer
                .lines()
                .filter(|l| !l.contains("FRONTEND"))
                .map(|l| ports.iter().fold(l.to_owned(), |l, p| l.replace(&p.to_string(), "PORT")))
                .map(|l| without_age(&l))
                .collect();
            lines
        });
    }
}

#[test]
fn several_commands_and_a_prompt() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(Program::Hapax, &a, &b);
    let out = p.cli("get weight be/a; get weight be/b");
    assert_eq!(
        out.lines().filter(|l| !l.is_empty()).collect::<Vec<_>>(),
        ["1 (initial 1)", "2 (initial 2)"]
    );
    assert!(p.cli("no such command").contains("Unknown command"));
}

#[test]
fn a_socket_tells_severities_and_bounds_payloads() {
    let global = "global\n  stats socket @dir@/stats.sock level admin\n  stats socket @c@ level admin severity-output number\n  tune.cli.max-payload-size 64\n";
    let p = Builder::new(
        Program::Hapax,
        &format!("{global}{TIMEOUTS}frontend f\n  bind @f@\n  http-request set-header X %[path,map(virt@list)]\n"),
    )
    .start();
    let told = |text: String| {
        let mut c = p.connect("c");
        c.send(text);
        c.finish();
        String::from_utf8(c.rest().unwrap()).unwrap()
    };
    assert!(told("disable server x/y\n".to_owned()).contains("[3]: No such backend."));
    assert!(
        p.cli("disable server x/y").starts_with("No such backend."),
        "another socket does not"
    );
    let fits = "add map virt@list <<\n/a 1\n/b 2\n\n";
    let said = told(fits.to_owned());
    assert!(!said.contains('['), "{said}");
    assert!(p.cli("show map virt@list").contains("/b"));
    told(format!("add map virt@list <<\n/c 1\n/{} 2\n\n", "x".repeat(80)));
    assert!(!p.cli("show map virt@list").contains("/c"), "what is too long is not carried out");
}

#[test]
fn threads_are_bounded() {
    for (limit, threads) in [("", "3"), ("  thread-hard-limit 2\n", "2"), ("  thread-hard-limit 8\n", "3")] {
        let template =
            format!("global\n  stats socket @dir@/stats.sock level admin\n  nbthread 3\n{limit}{TIMEOUTS}frontend f\n  bind @f@\n");
        let p = Builder::new(Program::Hapax, &template).start();
        assert!(p.cli("show info").contains(&format!("\nNbthread: {threads}\n")), "{limit}");
    }
}

#[test]
fn rates_are_limited_while_it_runs() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(Program::Hapax, &a, &b);
    let field = |name: &str| {
        let info = p.cli("show info");
        let line = info
            .lines()
            .find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
            .map(str::to_owned);
        line.unwrap_or(info)
    };
    for (setting, name, shown) in [
        ("connections", "ConnRateLimit", "2"),
        ("sessions", "SessRateLimit", "2"),
        ("ssl-sessions", "SslRateLimit", "2"),
        ("http-compression", "CompressBpsRateLim", "2048"),
    ] {
        assert_eq!(p.cli(&format!("set rate-limit {setting} global 2")).trim(), "");
        assert_eq!(field(name), shown, "{setting}");
        assert_eq!(p.cli(&format!("set rate-limit {setting} global 0")).trim(), "");
        assert_eq!(field(name), "0", "{setting}");
        assert_eq!(p.cli(&format!("set rate-limit {setting} global -1")).trim(), "Value out of range.");
        assert_eq!(
            p.cli(&format!("set rate-limit {setting} global")).trim(),
            "Expects an integer value."
        );
    }
    for wrong in ["set rate-limit", "set rate-limit connections", "set rate-limit lines global 1"] {
        let told = p.cli(wrong);
        assert!(
            told.starts_with("'set rate-limit' only supports :\n   - 'connections global' to set"),
            "{told}"
        );
    }
    assert_eq!(p.cli("set rate-limit connections global 1").trim(), "");
    for _ in 0..3 {
        p.connect("f").get("/");
    }
    // Seconds slide: what is left of the last one may count on top.
    assert!(
        field("MaxConnRate").parse::<u32>().unwrap() <= 2,
        "nobody came in before their second"
    );
}

#[test]
fn each_connection_to_the_socket_is_counted() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(Program::Hapax, &a, &b);
    let counts = || {
        let info = p.cli("show info");
        let number = |name: &str| info.lines().find_map(|l| l.strip_prefix(name)?.trim().parse::<u64>().ok());
        (number("CumConns:").unwrap(), number("CumReq:").unwrap())
    };
    let (conns, requests) = counts();
    p.cli("show version;show version");
    assert_eq!(counts(), (conns + 2, requests + 2));
    p.connect("f").get("/");
    assert_eq!(counts(), (conns + 4, requests + 4));
}

#[test]
fn an_added_server_is_checked_by_a_section_that_exists() {
    let a = Origin::saying("a");
    let p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}healthcheck quick\n  type httpchk\nfrontend f\n  bind @f@\n  default_backend be\nbackend be\n  server a @a@\n"),
    )
    .set("a", &a.addr())
    .start();
    let told = p.cli(&format!("add server be/b {} check healthcheck none", a.addr()));
    assert_eq!(told.trim(), "healthcheck section 'none' not found for server 'b'.");
    let told = p.cli(&format!("add server be/b {} check inter 50ms healthcheck quick", a.addr()));
    assert_eq!(told.trim(), "New server registered.");
    let column = |name: &str| {
        let stat = p.cli("show stat be 4 -1");
        let mut lines = stat.lines();
        let at = lines.next().and_then(|l| l.split(',').position(|c| c == name)).unwrap();
        lines
            .find(|l| l.starts_with("be,b,"))
            .unwrap()
            .split(',')
            .nth(at)
            .unwrap()
            .to_owned()
    };
    assert_eq!(p.cli("enable server be/b").trim(), "");
    assert_eq!(column("status"), "no check");
    assert_eq!(p.cli("enable health be/b").trim(), "");
    while column("check_status") != "L7OK" {
        std::thread::yield_now();
    }
    assert_eq!(column("status"), "UP");
    assert_eq!(p.cli("disable health be/b").trim(), "");
    assert_eq!(column("status"), "no check");
}

#[test]
fn a_drained_server_with_an_agent_says_so() {
    let a = Origin::saying("a");
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}frontend f\n  bind @f@\n  default_backend be\nbackend be\n  server a @a@ agent-check agent-port 1 agent-inter 1h\n"
        ),
    )
    .set("a", &a.addr())
    .start();
    let status = || {
        let stat = p.cli("show stat be 4 -1");
        stat.lines()
            .find(|l| l.starts_with("be,a,"))
            .unwrap()
            .split(',')
            .nth(17)
            .unwrap()
            .to_owned()
    };
    assert_eq!(p.cli("set server be/a state drain").trim(), "");
    assert_eq!(status(), "DRAIN (agent)");
    assert_eq!(p.cli("disable agent be/a").trim(), "");
    assert_eq!(status(), "DRAIN");
}
