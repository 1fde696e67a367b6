//! What is bound to no server goes to one address: `dispatch`, `option transparent`, which HAProxy had until 3.4.

use hapax_tests::{Builder, Origin, Program, Proxy, Reply, compare};

use super::TIMEOUTS;

fn start(program: Program, lines: &str, stand_in: &Origin, server: &str) -> Proxy {
    let template = format!(
        "global\n  stats socket @dir@/stats.sock level admin\n{TIMEOUTS}  retries 1\nfrontend f\n  bind @f@\n  default_backend b\n\
backend b\n  http-response set-header x-server %s\n{lines}"
    );
    let port = stand_in.addr().rsplit(':').next().unwrap().to_owned();
    Builder::new(program, &template)
        .set("d", &stand_in.addr())
        .set("port", &port)
        .set("s", server)
        .start()
}

/// Who answered, and what the proxy calls it.
fn asked(p: &Proxy, path: &str, headers: &str) -> (u16, String, String) {
    let mut c = p.connect("f");
    c.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n"));
    let r = c.answer();
    let server = r.header("x-server").unwrap_or_default().to_owned();
    (r.status, if r.status == 200 { r.text() } else { String::new() }, server)
}

const NOBODY: &str = "<NOSRV>";

#[test]
fn what_is_bound_to_no_server_goes_to_one_address() {
    let (stand_in, server) = (Origin::new(|_| Reply::ok("stand-in")), Origin::new(|_| Reply::ok("server")));
    let (by_stand_in, by_server) = (
        (200, "stand-in".to_owned(), NOBODY.to_owned()),
        (200, "server".to_owned(), "s1".to_owned()),
    );
    let bound = "  cookie S insert indirect\n  use-server s1 if { path /ruled }\n  server s1 @s@ cookie one\n";
    let original = "  option transparent\n  http-request set-dst ipv4(127.0.0.1)\n  http-request set-dst-port int(@port@)\n";
    let cases = [
        ("  dispatch @d@\n".to_owned(), false),
        (format!("  dispatch @d@\n{bound}"), true),
        (original.to_owned(), false),
        (format!("{original}{bound}"), true),
        (format!("  option transparent\n  dispatch @d@\n{bound}"), true),
    ];
    for (lines, bound) in cases {
        let scenario = |program| {
            let p = start(program, &lines, &stand_in, &server.addr());
            let asked = [asked(&p, "/", ""), asked(&p, "/", "Cookie: S=one\r\n"), asked(&p, "/ruled", "")];
            let stat = p.cli("show stat");
            let row = stat.lines().find(|l| l.starts_with("b,BACKEND,")).unwrap();
            // Sessions so far, failed connections, failed answers, retries, redispatches.
            let counted: Vec<_> = [7, 13, 14, 15, 16].map(|i| row.split(',').nth(i).unwrap().to_owned()).to_vec();
            (asked, counted)
        };
        let (who, _) = scenario(Program::Hapax);
        let second = if bound { &by_server } else { &by_stand_in };
        assert_eq!([&who[0], &who[1], &who[2]], [&by_stand_in, second, second], "{lines}");
        compare::same("what_is_bound_to_no_server_goes_to_one_address", scenario);
    }
}

#[test]
fn a_stand_in_is_tried_again_and_takes_over_from_a_server() {
    let stand_in = Origin::new(|_| Reply::ok("stand-in"));
    let cases = [
        // Nobody listens there.
        ("  dispatch @s@\n", "", (503, String::new(), String::new())),
        (
            "  dispatch @d@\n  option redispatch\n  cookie S insert indirect\n  server s1 @s@ cookie one\n",
            "Cookie: S=one\r\n",
            (200, "stand-in".to_owned(), NOBODY.to_owned()),
        ),
    ];
    for (lines, headers, expected) in cases {
        let scenario = |program| {
            let p = start(program, lines, &stand_in, "127.0.0.1:1");
            let got = asked(&p, "/", headers);
            let stat = p.cli("show stat");
            let row = stat.lines().find(|l| l.starts_with("b,BACKEND,")).unwrap();
            let counted: Vec<_> = [7, 13, 15, 16].map(|i| row.split(',').nth(i).unwrap().to_owned()).to_vec();
            (got, counted)
        };
        assert_eq!(scenario(Program::Hapax).0, expected, "{lines}");
        compare::same("a_stand_in_is_tried_again_and_takes_over_from_a_server", scenario);
    }
}

#[test]
fn balance_has_the_word_where_there_is_one() {
    let (stand_in, server) = (Origin::new(|_| Reply::ok("stand-in")), Origin::new(|_| Reply::ok("server")));
    for lines in [
        "  balance roundrobin\n  dispatch @d@\n  server s1 @s@\n",
        "  balance roundrobin\n  dispatch @d@\n",
    ] {
        let scenario = |program| asked(&start(program, lines, &stand_in, &server.addr()), "/", "");
        let status = if lines.contains("server") { 200 } else { 503 };
        let (got, who, _) = scenario(Program::Hapax);
        assert_eq!((got, who == "server"), (status, status == 200), "{lines}");
        compare::same("balance_has_the_word_where_there_is_one", scenario);
    }
}
