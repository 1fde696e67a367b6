//! `do-resolve`: rules that wait for an address.

use std::io::Write;

use hapax_tests::dns::Mood;
use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Dns, Origin};

use super::builder;

const FRONT: &str = "frontend f\n  bind @l@\n  http-request do-resolve(txn.ip,r,ipv4) hdr(x-host)\n  http-request return status 200 \
                     content-type text/plain lf-string \"%[var(txn.ip)]\"\n";

#[test]
fn a_rule_gets_an_address() {
    let dns = Dns::new(&["web.test A 127.0.0.7", "v6.test AAAA fd00::7"]);
    let p = builder(&dns, FRONT).set("retry", "500ms").start();
    let ask = |host: &str| p.connect("l").get_with("/", &format!("x-host: {host}\r\n")).text();
    assert_eq!(ask("web.test"), "127.0.0.7");
    assert_eq!(ask("WEB.test"), "127.0.0.7");
    // The second was known still.
    assert_eq!(dns.asked("web.test", false), 1);
    assert_eq!(ask("v6.test"), "fd00::7");
    for nothing in ["nowhere.test", "", "..", "a b", &"x".repeat(300)] {
        assert_eq!(ask(nothing), "", "{nothing:?}");
    }
    dns.mood(Mood::Silent);
    assert_eq!(ask("late.test"), "");
    dns.mood(Mood::Well);
    assert_eq!(ask("web.test"), "127.0.0.7");
}

#[test]
fn addresses_take_turns() {
    let dns = Dns::new(&["web.test A 127.0.0.1", "web.test A 127.0.0.2"]);
    let p = builder(&dns, FRONT).start();
    let ask = || p.connect("l").get_with("/", "x-host: web.test\r\n").text();
    let mut got: Vec<String> = (0..4).map(|_| ask()).collect();
    assert_ne!(got[0], got[1]);
    got.sort();
    assert_eq!(got, ["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2"]);
}

#[test]
fn a_connection_goes_where_the_name_says() {
    let (dns, http, raw) = (
        Dns::new(&["web.test A 127.0.0.1"]),
        Origin::saying("there"),
        TcpOrigin::new(|mut s| s.write_all(b"hello").unwrap()),
    );
    let config = "listen h\n  bind @h@\n  http-request do-resolve(txn.ip,r,ipv4) hdr(host),host_only\n  http-request set-dst var(txn.ip)\n  \
                  server s 0.0.0.0:@http@\nlisten t\n  mode tcp\n  bind @t@\n  tcp-request content do-resolve(sess.ip,r,ipv4) \
                  str(web.test)\n  tcp-request content set-dst var(sess.ip)\n  server s 0.0.0.0:@raw@\n";
    let port = |addr: String| addr.rsplit(':').next().unwrap().to_owned();
    let p = builder(&dns, config)
        .set("http", &port(http.addr()))
        .set("raw", &port(raw.addr()))
        .start();
    let mut client = p.connect("h");
    client.send("GET / HTTP/1.1\r\nhost: web.test:8080\r\n\r\n");
    assert_eq!(client.answer().text(), "there");
    assert_eq!(p.connect("t").bytes(5), b"hello");
}
