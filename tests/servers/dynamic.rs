//! `add server`, `del server`, `add backend`, `del backend` and what goes with them.

use hapax_tests::{Builder, Origin, Program, Proxy, Reply, wait};

use super::TIMEOUTS;

fn farm(extra: &str, a: &Origin) -> Proxy {
    let template =
        format!("{TIMEOUTS}frontend f\n  bind @f@\n  default_backend be\nbackend be\n  balance roundrobin\n  server a @a@\n{extra}");
    Builder::new(Program::Hapax, &template).set("a", &a.addr()).start()
}

fn answers(p: &Proxy, n: usize) -> String {
    (0..n).map(|_| p.connect("f").get("/").text()).collect()
}

#[test]
fn a_server_comes_serves_and_goes() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = farm("", &a);
    let add = format!("add server be/b {}", b.addr());
    assert_eq!(p.cli(&add).trim(), "New server registered.");
    assert_eq!(p.cli(&add).trim(), "Already exists a server with the same name in backend.");
    assert_eq!(answers(&p, 3), "aaa", "it comes in maintenance");
    let state = p.cli("show servers state be");
    let row = state.lines().find(|l| l.contains(" b ")).unwrap();
    assert!(row.starts_with("3 be 2 b 127.0.0.1 0 1 1 1 "), "{row}");
    p.cli("enable server be/b");
    let mut got = answers(&p, 6).into_bytes();
    got.sort_unstable();
    assert_eq!(got, b"aaabbb");
    assert_eq!(p.cli("del server be/b").trim(), "Only servers in maintenance mode can be deleted.");
    p.cli("disable server be/b");
    assert_eq!(p.cli("wait 30s srv-removable be/b").trim(), "Done.");
    assert_eq!(p.cli("del server be/b").trim(), "Server deleted.");
    assert_eq!(p.cli("enable server be/b").trim(), "No such server.");
    assert_eq!(answers(&p, 3), "aaa");
    assert!(!p.cli("show stat").contains("be,b,"));
}

#[test]
fn a_place_that_was_left_is_another_servers() {
    let (a, b, c) = (Origin::saying("a"), Origin::saying("b"), Origin::saying("c"));
    let p = farm("", &a);
    for (name, origin, says) in [("b", &b, "b"), ("c", &c, "c"), ("b", &b, "b")] {
        p.cli(&format!("add server be/{name} {} weight 2 maxconn 7", origin.addr()));
        p.cli(&format!("enable server be/{name}; disable server be/a"));
        assert_eq!(answers(&p, 2), says.repeat(2));
        let stat = p.cli("show stat be 4 -1");
        let row = stat.lines().find(|l| l.starts_with(&format!("be,{name},"))).unwrap();
        let fields: Vec<&str> = row.split(',').collect();
        assert_eq!(
            (fields[6], fields[7], fields[18]),
            ("7", "2", "2"),
            "limit, sessions of its own, weight: {row}"
        );
        p.cli(&format!("enable server be/a; disable server be/{name}"));
        assert_eq!(p.cli(&format!("wait 30s srv-removable be/{name}")).trim(), "Done.");
        assert_eq!(p.cli(&format!("del server be/{name}")).trim(), "Server deleted.");
    }
}

#[test]
fn what_may_not_come_or_go() {
    let a = Origin::saying("a");
    let p = farm(
        "  server checked @a@ check inter 1h\n  server follows @a@ track checked\n  use-server a if { path /never }\n\
backend fixed\n  balance static-rr\nbackend plain\n  mode tcp\nbackend lines\n  mode log\n\
backend apart\n  server checked @a@ check inter 1h\n",
        &a,
    );
    let cases = [
        ("add server nobody/x 127.0.0.1:1", "No such backend."),
        ("add server be", "Require 'backend/server'."),
        ("add server be/x", "'server' expects <name> and <addr>[:<port>] as arguments."),
        (
            "add server fixed/x 127.0.0.1:1",
            "Backend does not support dynamic servers : backend 'fixed' uses a non dynamic load balancing method.",
        ),
        (
            "add server lines/x 127.0.0.1:1",
            "Backend does not support dynamic servers : backend 'lines' uses mode log.",
        ),
        ("add server be/x 127.0.0.1:1 nonsense", "unknown keyword 'nonsense'."),
        (
            "add server be/x 127.0.0.1:1 redir /y",
            "'redir' option is not accepted for dynamic server",
        ),
        (
            "add server be/x 127.0.0.1:1 weight 300",
            "weight of server x is not within 0 and 256 (300)..",
        ),
        (
            "add server be/x 127.0.0.1:1 id 4294967296",
            "'id' : custom id has to be between 1 and 4294967295..",
        ),
        (
            "add server be/x 127.0.0.1:1 check track be/checked",
            "unable to enable checks and tracking at the same time!",
        ),
        (
            "add server be/x 127.0.0.1 check",
            "config: backend 'be': server 'x' has neither service port nor check port.",
        ),
        (
            "add server be/x 127.0.0.1:1 tcp-md5sig secret",
            "'tcp-md5sig' option is not accepted for dynamic server",
        ),
        ("add server be/x 127.0.0.1:1 quic-cc-algo cubic", "unknown keyword 'quic-cc-algo'."),
        (
            "add server be/x 127.0.0.1:1 ktls on",
            "'ktls' directive is experimental, must be allowed via a global 'expose-experimental-directives'.",
        ),
        ("add server be/x 127.0.0.1:1 from", "from: missing value."),
        ("add server be/x 127.0.0.1:1 from a", "invalid 'a' value for 'from' keyword."),
        (
            "add server be/x 127.0.0.1:1 from srv:b",
            "from: unknown server 'b' in backend 'be'.",
        ),
        ("add server be/x 127.0.0.1:1 from be:b", "from: unknown backend instance 'b'."),
        (
            "add server be/x 127.0.0.1:1 track be/a",
            "unable to use be/a for tracking as it does not have any check nor agent enabled.",
        ),
        ("add server plain/x 127.0.0.1:1 proto h2", "MUX protocol is not usable for server."),
        ("add server be/x 127.0.0.1:1 proto none", "MUX protocol is not usable for server."),
        (
            "add server be/x!y 127.0.0.1:1",
            "character '!' is not permitted in server name 'x!y'.",
        ),
        ("del server be/x", "No such server."),
        (
            "del server be/a",
            "This server cannot be removed at runtime due to other configuration elements pointing to it.",
        ),
        (
            "del server be/checked",
            "This server cannot be removed at runtime due to other configuration elements pointing to it.",
        ),
        (
            "wait 1s srv-removable be/follows",
            "Failed. Only servers in maintenance mode can be deleted.",
        ),
    ];
    for (command, want) in cases {
        assert_eq!(p.cli(command).trim(), want, "{command}");
    }
    // A server that follows one of those that came holds nobody back, and one that is followed stays.
    assert_eq!(
        p.cli("add server be/y 127.0.0.1:1 track be/checked").trim(),
        "New server registered."
    );
    assert_eq!(
        p.cli("add server be/z 127.0.0.1:1 track be/y").trim(),
        "unable to use be/y for tracking as it is a dynamic server."
    );
    assert_eq!(p.cli("del server be/y").trim(), "Server deleted.");
    // Who was followed once stays for good.
    p.cli("add server be/y 127.0.0.1:1 track apart/checked; del server be/y; disable server apart/checked");
    assert_eq!(
        p.cli("del server apart/checked").trim(),
        "This server cannot be removed at runtime due to other configuration elements pointing to it."
    );
}

#[test]
fn what_comes_and_goes_is_shown_on_the_terminal() {
    let a = Origin::saying("a");
    let template = format!("{TIMEOUTS}defaults d\n  mode http\nfrontend f\n  bind @f@\nbackend be from d\n");
    let p = Builder::new(Program::Hapax, &template).set("a", &a.addr()).start();
    p.cli("add server be/b 127.0.0.1:1; add server be/c 127.0.0.1:1 nonsense; add server be/!c 127.0.0.1:1; add server no/c 127.0.0.1:1");
    p.cli("del server be/b; add backend new from d; publish backend new; unpublish backend new; del backend new; del backend nope");
    let told = p.stderr();
    let lines: Vec<&str> = told
        .lines()
        .filter_map(|l| l.split_once(&format!("({}) : ", p.pid())).map(|(_, text)| text))
        .collect();
    let want = [
        "CLI : 'server be/b' : New server registered.",
        "CLI : 'server be/c' : unknown keyword 'nonsense'.",
        "CLI : character '!' is not permitted in server name '!c'.",
        "Server deleted.",
        "CLI : New backend registered.",
        "CLI : Backend published.",
        "CLI : Backend unpublished.",
        "Backend deleted.",
    ];
    assert_eq!(lines[lines.len().saturating_sub(want.len())..], want);
}

#[test]
fn an_open_connection_holds_a_server() {
    let a = Origin::saying("a");
    let held = Origin::new(|_| Reply::silence());
    let p = farm("", &a);
    p.cli(&format!("add server be/t {}", held.addr()));
    p.cli("enable server be/t; disable server be/a");
    let mut c = p.connect("f");
    c.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    wait::until_true("the request to arrive", || held.requests().len() == 1);
    p.cli("disable server be/t");
    assert_eq!(
        p.cli("del server be/t").trim(),
        "Server still has connections attached to it, cannot remove it."
    );
    assert_eq!(p.cli("wait 20ms srv-removable be/t").trim(), "Wait delay expired.");
    p.cli("shutdown sessions server be/t");
    assert_eq!(p.cli("wait 30s srv-removable be/t").trim(), "Done.");
    assert_eq!(p.cli("del server be/t").trim(), "Server deleted.");
}

#[test]
fn idle_connections_do_not_hold_a_server() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = farm("  http-reuse always\n", &a);
    p.cli(&format!("add server be/b {}", b.addr()));
    p.cli("enable server be/b; disable server be/a");
    let mut c = p.connect("f");
    assert_eq!((c.get("/").text(), c.get("/").text()), ("b".into(), "b".into()));
    assert_eq!(b.connections(), 1);
    p.cli("disable server be/b");
    assert_eq!(p.cli("wait 30s srv-removable be/b").trim(), "Done.");
    assert_eq!(p.cli("del server be/b").trim(), "Server deleted.");
}

#[test]
fn checks_of_a_new_server_start_when_they_are_asked_for() {
    let a = Origin::saying("a");
    let (b, checks) = (Origin::saying("b"), Origin::new(|_| Reply::status(500, "")));
    let p = farm("  option httpchk\n", &a);
    let at = b.addr();
    p.cli(&format!(
        "add server be/b {at} check inter 20ms fall 1 rise 1 addr 127.0.0.1 port {}",
        checks.port()
    ));
    // Configured, enabled, paused by maintenance: who was never out of it has nothing to pause.
    let state = || {
        let all = p.cli("show servers state be");
        let row = all.lines().find(|l| l.contains(" b ")).unwrap();
        row.split(' ').nth(13).unwrap().to_owned()
    };
    assert_eq!(state(), "2");
    p.cli("enable server be/b; disable server be/b");
    assert_eq!(state(), "10");
    p.cli("enable server be/b");
    assert_eq!(checks.connections(), 0);
    p.cli("enable health be/b");
    wait::until_true("the check to fail", || p.cli("show stat be 4 -1").contains("DOWN"));
    p.cli("disable server be/b");
    assert_eq!(p.cli("del server be/b").trim(), "Server deleted.");
    let before = checks.requests().len();
    p.cli("wait 100ms");
    assert!(checks.requests().len() <= before + 1, "its checks have ended with it");
}

#[test]
fn settings_come_from_where_they_are_asked_for() {
    let a = Origin::saying("a");
    let p = farm(
        "  default-server weight 10\n  default-server name light from none weight 5\n  server c @a@\n  server d @a@ from none\n",
        &a,
    );
    let weight = |name: &str| p.cli(&format!("get weight be/{name}")).trim().to_owned();
    assert_eq!((weight("c"), weight("d")), ("10 (initial 10)".into(), "1 (initial 1)".into()));
    for (name, from, want) in [
        ("e", "", "1 (initial 1)"),
        ("g", "from be:", "10 (initial 10)"),
        ("h", "from srv:light", "5 (initial 5)"),
        ("i", "from srv:c weight 7", "7 (initial 7)"),
    ] {
        assert_eq!(
            p.cli(&format!("add server be/{name} 127.0.0.1:1 {from}")).trim(),
            "New server registered."
        );
        assert_eq!(weight(name), want, "{name}");
    }
    assert_eq!(p.cli("show default-server").trim(), "* be\n  be/light");
}

#[test]
fn a_backend_comes_is_offered_and_goes() {
    let a = Origin::saying("a");
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  force-be-switch if {{ hdr(x-try) yes }}\n  use_backend %[hdr(x-be)]\n\
defaults made\n  mode http\n  timeout connect 1s\n  timeout server 2s\ndefaults bare\n"
    );
    let p = Builder::new(Program::Hapax, &template).start();
    let status = |headers: &str| p.connect("f").get_with("/", headers).status;
    let (plain, forced) = ("x-be: new\r\n", "x-be: new\r\nx-try: yes\r\n");
    assert_eq!(p.cli("add backend new from nothing").trim(), "Cannot find default proxy 'nothing'.");
    assert_eq!(
        p.cli("add backend new from bare").trim(),
        "Mode is required as 'bare' default proxy does not explicitly defines it."
    );
    assert_eq!(p.cli("add backend new from made mode any").trim(), "Unknown proxy mode.");
    assert_eq!(p.cli("show defaults").trim(), "made\nbare");
    assert_eq!(p.cli("add backend new from made").trim(), "New backend registered.");
    assert_eq!((status(plain), status(forced)), (503, 503));
    let told = |name: &str| {
        let stat = p.cli(&format!("show stat {name} 2 -1"));
        let row = stat.lines().find(|l| l.starts_with(name)).unwrap_or_default();
        let fields: Vec<&str> = row.split(',').collect();
        [fields[6], fields[17], fields[76]].map(str::to_owned)
    };
    // No frontend is known to lead to it, so it is always full; the default algorithm has no name.
    assert_eq!(told("new"), ["0", "UP (UNPUB)", "unknown"]);
    p.cli(&format!("add server new/a {}", a.addr()));
    p.cli("enable server new/a");
    assert_eq!((status(plain), status(forced)), (503, 200));
    assert_eq!(p.cli("publish backend new").trim(), "Backend published.");
    assert_eq!((status(plain), status(forced)), (200, 200));
    assert_eq!(
        p.cli("del backend new").trim(),
        "Backend must be unpublished prior to its deletion."
    );
    p.cli("unpublish backend new");
    assert_eq!(p.cli("del backend new").trim(), "Only a backend without server can be deleted.");
    p.cli("disable server new/a");
    assert_eq!(p.cli("wait 30s srv-removable new/a").trim(), "Done.");
    p.cli("del server new/a");
    assert_eq!(p.cli("del backend new").trim(), "Backend deleted.");
    assert_eq!((status(plain), status(forced)), (503, 503));
    assert!(!p.cli("show stat").contains("new,BACKEND"));
    // The same again takes the place it had.
    assert_eq!(p.cli("add backend new from made").trim(), "New backend registered.");
    p.cli(&format!("publish backend new; add server new/b {}", a.addr()));
    p.cli("enable server new/b");
    assert_eq!(status(plain), 200);
}

#[test]
fn numbers_of_backends_go_on_from_the_highest() {
    let a = Origin::saying("a");
    let p = farm("defaults made\n  mode http\n  timeout connect 1s\n  timeout server 2s\n", &a);
    let number = |name: &str| {
        p.cli(&format!("add backend {name} from made; add server {name}/s 127.0.0.1:1"));
        let state = p.cli(&format!("show servers state {name}"));
        state.lines().nth(2).unwrap().split(' ').next().unwrap().to_owned()
    };
    let remove = |name: &str| p.cli(&format!("del server {name}/s; del backend {name}"));
    assert_eq!((number("one"), number("two")), ("4".into(), "5".into()));
    remove("two");
    assert_eq!(number("two"), "5");
    remove("one");
    assert_eq!(number("one"), "6");
}

#[test]
fn a_port_may_follow_the_clients_from_now_on() {
    let a = Origin::saying("a");
    let p = farm("  server local /nowhere\n  server back 127.0.0.1:-7 disabled\n", &a);
    p.cli("disable server be/local");
    let own = a.port();
    let distance = own.wrapping_sub(p.port("f"));
    assert_eq!(
        p.cli(&format!("set server be/a addr 127.0.0.1 port +{distance}")).trim(),
        format!("port changed from '{own}' to '+{distance}' by 'stats socket command'")
    );
    assert_eq!(answers(&p, 2), "aa");
    let state = p.cli("show servers state be");
    let ports: Vec<&str> = state.lines().skip(2).filter_map(|l| l.split(' ').nth(18)).collect();
    assert_eq!(ports, [&distance.to_string(), "0", "4294967289"]);
    let stat = p.cli("show stat be 4 -1");
    let addresses: Vec<&str> = stat.lines().skip(1).filter_map(|l| l.split(',').nth(73)).collect();
    assert_eq!(addresses, [&format!("127.0.0.1:{distance}"), "unix", "127.0.0.1:-7"]);
    assert_eq!(
        p.cli(&format!("set server be/a addr 127.0.0.1 port {own}")).trim(),
        format!("port changed from '+{distance}' to '{own}' by 'stats socket command'")
    );
    assert_eq!(answers(&p, 2), "aa");
}

#[test]
fn a_server_takes_another_name() {
    let a = Origin::saying("a");
    let p = farm("  server b @a@\n", &a);
    assert!(p.cli("set server be/b name c").starts_with("Server must be in maintenance mode"));
    p.cli("disable server be/b");
    assert_eq!(p.cli("set server be/b name c").trim(), "Server name updated.");
    assert_eq!(p.cli("enable server be/b").trim(), "No such server.");
    assert_eq!(p.cli("enable server be/c").trim(), "");
    assert!(p.cli("show stat").contains("\nbe,c,"));
}
