//! Servers with a host name.

use hapax_tests::dns::Mood;
use hapax_tests::{Dns, Origin, Syslog, wait};

use super::{builder, counter, state, wait_state};

fn port(o: &Origin) -> String {
    o.addr().rsplit(':').next().unwrap().to_owned()
}

#[test]
fn a_server_gets_its_address_and_traffic() {
    let (dns, origin) = (Dns::new(&["web.test A 127.0.0.1"]), Origin::saying("found"));
    let p = builder(
        &dns,
        "listen l\n  bind @l@\n  server s web.test:@port@ resolvers r init-addr none resolve-prefer ipv4\n",
    )
    .set("port", &port(&origin))
    .start();
    wait_state(&p, "s", "srv_addr", "127.0.0.1");
    assert_eq!(p.connect("l").get("/").text(), "found");
    assert_eq!(state(&p, "s", "srv_fqdn"), "web.test");
    // Gone from there: nobody to talk to.
    dns.set(&["web.test A 127.9.9.9"]);
    wait_state(&p, "s", "srv_addr", "127.9.9.9");
    assert!(counter(&p, "update") >= 2);
    assert_eq!(p.connect("l").get("/").status, 503);
}

#[test]
fn each_change_is_told_as_haproxy_tells_it() {
    let (dns, log) = (Dns::new(&["web.test A 127.0.0.1"]), Syslog::new());
    let config = "backend b\n  log @log@ local0\n  server-template s 2 web.test:80 resolvers r init-addr none resolve-prefer ipv4\n";
    let p = builder(&dns, config).set("log", &log.addr()).start();
    let told = |part: &str, whole: &str| {
        let line = log.next_with(part);
        assert!(line.trim_end().ends_with(whole), "{line}");
    };
    told("s1: IP", "b/s1: IP changed from '(none)' to '127.0.0.1' by 'r/ns'.");
    told("again", "Server b/s1 ('web.test') is UP/READY (resolves again).");
    told("READY thanks", "Server b/s1 administratively READY thanks to valid DNS answer.");
    dns.set(&["web.test A 127.0.0.1", "web.test A 127.0.0.2"]);
    told("s2: IP", "b/s2: IP changed from '(none)' to '127.0.0.2' by 'DNS cache'.");
    dns.set(&["web.test A 127.0.0.2"]);
    told(
        "going DOWN",
        "Server b/s1 is going DOWN for maintenance (No IP for server ). 1 active and 0 backup servers left. 0 sessions active, \
         0 requeued, 0 remaining in queue.",
    );
    assert_eq!(state(&p, "s1", "srv_admin_state"), "32");
    assert_eq!(state(&p, "s1", "srv_addr"), "-");
    dns.mood(Mood::Code(3));
    told(
        "going DOWN",
        "Server b/s2 is going DOWN for maintenance (DNS NX status). 0 active and 0 backup servers left. 0 sessions active, 0 requeued, \
         0 remaining in queue.",
    );
    told("no server", "backend b has no server available!");
}

#[test]
fn two_servers_do_not_share_an_address_unless_told() {
    let dns = Dns::new(&["web.test A 127.0.0.1"]);
    let line = "web.test:80 resolvers r init-addr none resolve-prefer ipv4";
    let config = format!("backend a\n  server-template s 2 {line}\nbackend b\n  server-template t 2 {line} resolve-opts allow-dup-ip\n");
    let p = builder(&dns, &config).start();
    for server in ["s1", "t1", "t2"] {
        wait_state(&p, server, "srv_addr", "127.0.0.1");
    }
    assert_eq!(state(&p, "s2", "srv_addr"), "-");
}

#[test]
fn families_and_networks_are_preferred() {
    let dns = Dns::new(&[
        "web.test A 127.0.0.1",
        "web.test A 127.7.0.1",
        "web.test AAAA ::1",
        "four.test A 127.0.0.4",
        "other.test CNAME more.test",
        "more.test CNAME web.test",
    ]);
    let config = "backend b\n  default-server resolvers r init-addr none\n  server v4 web.test:80 resolve-prefer ipv4\n  server v6 web.test:80\n  \
                  server net other.test:80 resolve-prefer ipv4 resolve-net 127.0.0.0/16\n  server only four.test:80\n";
    let p = builder(&dns, config).start();
    for (server, want) in [("v4", "127.7.0.1"), ("v6", "::1"), ("net", "127.0.0.1"), ("only", "127.0.0.4")] {
        wait_state(&p, server, "srv_addr", want);
    }
    // A family that has nothing is asked first and the other after it.
    assert_eq!(dns.types("four.test")[..2], [28, 1]);
    assert!(counter(&p, "cname") >= 1);
    assert!(counter(&p, "any_err") >= 1);
}

#[test]
fn the_accepted_family_is_the_only_one_asked_for() {
    let dns = Dns::new(&["web.test A 127.0.0.1", "web.test AAAA ::1"]);
    let config = "backend b\n  server s web.test:80 resolvers r init-addr none\n";
    let p = builder(&dns, config).args(&["-4"]).start();
    wait_state(&p, "s", "srv_addr", "127.0.0.1");
    assert!(dns.types("web.test").iter().all(|t| *t == 1));
}

#[test]
fn a_name_is_changed_by_the_runtime_api() {
    let dns = Dns::new(&["one.test A 127.0.0.1", "two.test A 127.0.0.2"]);
    let config = "backend b\n  server s 127.0.0.9:80 resolvers r resolve-prefer ipv4\n  server plain 127.0.0.9:80\n";
    let p = builder(&dns, config).start();
    assert!(p.cli("set server b/plain fqdn one.test").contains("no resolution is configured"));
    assert!(p.cli("set server b/s fqdn").contains("requires a FQDN"));
    assert!(
        p.cli("set server b/s fqdn one.test")
            .contains("b/s changed its FQDN from (null) to one.test")
    );
    wait_state(&p, "s", "srv_addr", "127.0.0.1");
    assert_eq!(state(&p, "s", "srv_fqdn"), "one.test");
    assert!(p.cli("set server b/s fqdn two.test").contains("from one.test to two.test"));
    wait_state(&p, "s", "srv_addr", "127.0.0.2");
    assert!(p.cli("show resolvers nowhere").contains("Can't find that resolvers section"));
}

#[test]
fn a_server_without_an_address_waits_for_one() {
    let (dns, log) = (Dns::new(&[]), Syslog::new());
    let config = "backend b\n  log @log@ local0\n  server s nowhere.invalid:80 init-addr none\n  server t 127.0.0.1:80 track b/u\n  server u \
                  nowhere.invalid:80 init-addr none check\n  server v nowhere.invalid:80 init-addr libc,127.0.0.3\n";
    let p = builder(&dns, config).set("log", &log.addr()).start();
    let admin = |server: &str| state(&p, server, "srv_admin_state");
    assert_eq!(
        (admin("s"), admin("t"), admin("u"), admin("v")),
        ("32".into(), "2".into(), "32".into(), "0".into())
    );
    assert_eq!(state(&p, "s", "srv_port"), "80");
    assert_eq!(state(&p, "v", "srv_addr"), "127.0.0.3");
    // Whoever gives it an address ends its maintenance, and that of those who follow it.
    p.cli("set server b/s state ready");
    assert_eq!(admin("s"), "32");
    p.cli("set server b/s addr 127.0.0.2");
    assert_eq!((admin("s"), state(&p, "s", "srv_op_state")), ("0".into(), "2".into()));
    let line = log.next_with("again");
    assert!(
        line.trim_end()
            .ends_with("Server b/s ('nowhere.invalid') is UP/READY (resolves again)."),
        "{line}"
    );
    p.cli("set server b/u addr 127.0.0.2");
    assert_eq!(admin("t"), "0");
}

#[test]
fn name_servers_have_statistics() {
    let dns = Dns::new(&["web.test A 127.0.0.1"]);
    let p = builder(
        &dns,
        "backend b\n  server s web.test:80 resolvers r init-addr none resolve-prefer ipv4\n",
    )
    .start();
    wait_state(&p, "s", "srv_addr", "127.0.0.1");
    let csv = p.cli("show stat domain resolvers");
    let mut lines = csv.lines();
    let head =
        "# id,pid,sent,send_error,valid,update,cname,cname_error,any_err,nx,timeout,refused,other,invalid,too_big,truncated,outdated,";
    assert_eq!(lines.next(), Some(head));
    let values: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(
        (values[0], values[1], values[3], values.len()),
        ("ns", "r", "0", head.split(',').count())
    );
    assert_ne!(values[4], "0");
    assert!(
        p.cli("show stat domain resolvers typed")
            .starts_with("N.0.id:CGP:str:ns\nN.1.pid:CGP:str:r\nN.2.sent:MGP:u64:")
    );
    let json = p.cli("show stat domain resolvers json");
    assert!(
        json.starts_with("[[{\"field\":{\"pos\":0,\"name\":\"id\"},\"tags\":{\"origin\":\"Config\""),
        "{json}"
    );
    assert!(p.cli("show stat domain other").contains("Invalid statistics domain."));
}

#[test]
fn an_address_of_the_start_outlives_bad_news_for_the_hold_time() {
    let dns = Dns::new(&[]);
    let rest = "resolvers q\n  nameserver ns @dns@\n  hold nx 1h\nlisten l\n  bind @l@\n  server kept x.test:80 resolvers q init-addr \
                192.0.2.1\n  server lost y.test:80 resolvers r init-addr 192.0.2.2\n";
    let p = builder(&dns, rest).start();
    wait_state(&p, "lost", "srv_admin_state", "32");
    assert_eq!(state(&p, "lost", "srv_addr"), "-");
    wait::until_true("the other name to be asked for", || dns.asked("x.test", false) > 0);
    assert_eq!(state(&p, "kept", "srv_addr"), "192.0.2.1");
}

#[test]
fn what_an_answer_gave_is_kept_as_long_as_it_is_there() {
    let dns = Dns::new(&["x.test A 10.0.0.1"]);
    let options = "resolvers r init-addr 10.0.0.1 resolve-prefer ipv4";
    let p = builder(
        &dns,
        &format!("listen l\n  bind @l@\n  server a x.test:80 {options} resolve-net 10.0.0.4/32\n  server b x.test:80 {options}\n"),
    )
    .start();
    // Both started with it; the first one has it.
    wait_state(&p, "b", "srv_admin_state", "32");
    assert_eq!(state(&p, "a", "srv_addr"), "10.0.0.1");
    // The network that `a` prefers is there too late.
    dns.set(&["x.test A 10.0.0.1", "x.test A 10.0.0.4"]);
    wait_state(&p, "b", "srv_addr", "10.0.0.4");
    assert_eq!(state(&p, "a", "srv_addr"), "10.0.0.1");
    // A command comes before answers that tell nothing new.
    p.cli("set server l/a addr 10.9.9.9");
    let seen = dns.asked("x.test", false);
    wait::until_true("more answers", || dns.asked("x.test", false) > seen + 3);
    assert_eq!(state(&p, "a", "srv_addr"), "10.9.9.9");
}
