//! Persistence by cookie, as the messages show it.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use hapax_tests::{Builder, Origin, Program, Proxy, Reply, Syslog};

const TIMEOUTS: &str =
    "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n  option redispatch 1\n  retries 2\n";

fn two(a: &Origin, b: &Origin, cookie: &str) -> Proxy {
    Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@\n  balance roundrobin\n  {cookie}\n  server a @a@ cookie ka\n  server b @b@ cookie kb\n"),
    )
    .set("a", &a.addr())
    .set("b", &b.addr())
    .start()
}

#[test]
fn an_inserted_cookie_brings_the_client_back() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(&a, &b, "cookie SRV insert indirect nocache httponly");
    let first = p.connect("l").get("/");
    let set = first.header("set-cookie").unwrap().to_owned();
    let value = set.split(';').next().unwrap().to_owned();
    assert_eq!(value, format!("SRV=k{}", first.text()));
    assert!(set.contains("path=/") && set.contains("HttpOnly"), "{set}");
    for _ in 0..6 {
        let r = p.connect("l").get_with("/", &format!("Cookie: x=1; {value}; y=2\r\n"));
        assert_eq!((r.text(), r.header("set-cookie")), (first.text(), None));
    }
    // Indirect: the server does not see it.
    let origin = if first.text() == "a" { &a } else { &b };
    assert_eq!(origin.requests().last().unwrap().header("cookie"), Some("x=1; y=2"));
}

#[test]
fn a_prefixed_cookie_is_the_servers_own() {
    let session = |name: &'static str| {
        Origin::new(move |r| {
            let seen = r.header("cookie").unwrap_or("none").to_owned();
            Reply::ok(format!("{name} {seen}")).header("Set-Cookie", "SID=abc; path=/")
        })
    };
    let (a, b) = (session("a"), session("b"));
    let p = two(&a, &b, "cookie SID prefix");
    let r = p.connect("l").get("/");
    let name = r.text()[..1].to_owned();
    assert_eq!(r.header("set-cookie"), Some(format!("SID=k{name}~abc; path=/").as_str()));
    for _ in 0..4 {
        let r = p.connect("l").get_with("/", &format!("Cookie: SID=k{name}~abc\r\n"));
        assert_eq!(r.text(), format!("{name} SID=abc"));
    }
}

#[test]
fn a_rewritten_cookie_names_the_server() {
    let app = |name: &'static str| Origin::new(move |_| Reply::ok(name).header("Set-Cookie", "SRV=; path=/"));
    let (a, b) = (app("a"), app("b"));
    let p = two(&a, &b, "cookie SRV rewrite");
    let r = p.connect("l").get("/");
    assert_eq!(r.header("set-cookie"), Some(format!("SRV=k{}; path=/", r.text()).as_str()));
}

#[test]
fn a_client_whose_server_died_gets_another() {
    let (mut a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(&a, &b, "cookie SRV insert indirect nocache");
    assert_eq!(p.connect("l").get_with("/", "Cookie: SRV=ka\r\n").text(), "a");
    a.die();
    let r = p.connect("l").get_with("/", "Cookie: SRV=ka\r\n");
    assert_eq!((r.status, r.text().as_str()), (200, "b"));
    assert!(r.header("set-cookie").unwrap().starts_with("SRV=kb"));
}

#[test]
fn an_unknown_cookie_is_balanced_and_replaced() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let p = two(&a, &b, "cookie SRV insert indirect nocache");
    let r = p.connect("l").get_with("/", "Cookie: SRV=nobody\r\n");
    assert_eq!(r.status, 200);
    assert!(r.header("set-cookie").unwrap().starts_with(&format!("SRV=k{}", r.text())));
}

#[test]
fn a_dynamic_cookie_follows_the_servers_address_and_is_haproxys() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let config = format!(
        "{TIMEOUTS}listen l\n  bind @l@\n  cookie SRV insert indirect dynamic\n  dynamic-cookie-key secret\n  server a @a@\n  server b @a@ cookie kb \
         disabled\n"
    );
    let start = |program| Builder::new(program, &config).set("a", &a.addr()).start();
    let given = |p: &Proxy| p.connect("l").get("/").header("set-cookie").unwrap().to_owned();
    let p = start(Program::Hapax);
    let first = given(&p);
    assert_eq!(
        p.connect("l").get_with("/", &format!("Cookie: {first}\r\n")).header("set-cookie"),
        None
    );
    if Program::oracle("a_dynamic_cookie_follows_the_servers_address_and_is_haproxys") {
        assert_eq!(first, given(&start(Program::Haproxy)));
    }
    let (host, port) = b.addr().split_once(':').map(|(h, p)| (h.to_owned(), p.to_owned())).unwrap();
    p.cli(&format!("set server l/a addr {host} port {port}"));
    let r = p.connect("l").get_with("/", &format!("Cookie: {first}\r\n"));
    assert_eq!(r.text(), "b");
    let then = r.header("set-cookie").unwrap();
    assert_ne!(then, first);
    assert_eq!(
        p.connect("l").get_with("/", &format!("Cookie: {then}\r\n")).header("set-cookie"),
        None
    );
}

#[test]
fn the_runtime_api_turns_dynamic_cookies_on_and_off_and_changes_their_key() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let config = format!(
        "{TIMEOUTS}listen l\n  bind @l@\n  balance roundrobin\n  cookie SRV insert indirect\n  server a @a@\n  server b @b@ cookie kb disabled\n"
    );
    let seen = |program| {
        let p = Builder::new(program, &config).set("a", &a.addr()).set("b", &b.addr()).start();
        let commands = [
            "enable dynamic-cookie backend l",
            "set dynamic-cookie-key backend l secret",
            "set dynamic-cookie-key backend l other",
            "disable dynamic-cookie backend l",
            "set dynamic-cookie-key backend l secret",
            "enable dynamic-cookie backend l",
        ];
        let step = |command: &&str| {
            assert_eq!(p.cli(command).trim(), "", "{command}");
            p.connect("l").get("/").header("set-cookie").map(str::to_owned)
        };
        let mut seen: Vec<Option<String>> = commands.iter().map(step).collect();
        let refused = [
            "enable dynamic-cookie backend",
            "disable dynamic-cookie backend no",
            "set dynamic-cookie-key backend l",
        ];
        seen.extend(refused.iter().map(|command| Some(p.cli(command))));
        seen
    };
    let ours = seen(Program::Hapax);
    // A server without a cookie: the client is to forget the one of another.
    for forgotten in [&ours[0], &ours[3], &ours[4]] {
        assert!(
            forgotten.as_deref().is_some_and(|c| c.starts_with("SRV=; Expires=")),
            "{forgotten:?}"
        );
    }
    assert!(ours[1].is_some() && ours[2].is_some() && ours[1] != ours[2]);
    assert_eq!(ours[5], ours[1]);
    if Program::oracle("the_runtime_api_turns_dynamic_cookies_on_and_off_and_changes_their_key") {
        assert_eq!(ours, seen(Program::Haproxy));
    }
}

#[test]
fn a_refused_request_is_logged_with_the_server_that_its_cookie_names() {
    let log = Syslog::new();
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}  log @log@ local0\n  log-format \"%b/%s %ST %tsc\"\nlisten l\n  bind @l@\n  cookie SRV insert\n  http-request \
             deny\n  server a 192.0.2.1:1 cookie ka\nfrontend f\n  bind @f@\n  default_backend b\nbackend b\n  cookie SRV insert\n  \
             http-request deny\n  server a 192.0.2.1:1 cookie ka\n"
        ),
    )
    .set("log", &log.addr())
    .start();
    for (name, proxy) in [("l", "l"), ("f", "b")] {
        for (cookie, want) in [
            ("", "<NOSRV> 403 PRNN"),
            ("Cookie: SRV=ka\r\n", "a 403 PRVN"),
            ("Cookie: SRV=other\r\n", "<NOSRV> 403 PRIN"),
        ] {
            assert_eq!(p.connect(name).get_with("/", cookie).status, 403);
            let line = log.next();
            assert!(line.trim_end().ends_with(&format!("{proxy}/{want}")), "{line}");
        }
    }
}
