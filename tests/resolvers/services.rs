//! Services: places with hosts, ports and weights (SRV).

use hapax_tests::dns::Mood;
use hapax_tests::{Dns, Origin, Syslog};

use super::{builder, state, wait_state};

const SERVICE: &str = "_web._tcp.test";
const TEMPLATE: &str = "server-template s 1-3 _web._tcp.test resolvers r init-addr none resolve-prefer ipv4";

fn place(o: &Origin, weight: u16, host: &str) -> String {
    let addr = o.addr();
    let port = addr.rsplit(':').next().unwrap();
    format!("{SERVICE} SRV 0 {weight} {port} {host}")
}

#[test]
fn places_become_servers() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let host = "h.test A 127.0.0.1";
    let (pa, pb) = (place(&a, 5120, "h.test"), place(&b, 0, "h.test"));
    let dns = Dns::new(&[&pa, host]);
    let p = builder(
        &dns,
        &format!("listen l\n  bind @l@\n  {TEMPLATE} resolve-opts allow-dup-ip\nbackend strict\n  {TEMPLATE}\n"),
    )
    .start();
    wait_state(&p, "s1", "srv_addr", "127.0.0.1");
    assert_eq!(state(&p, "s1", "srv_fqdn"), "h.test");
    assert_eq!(state(&p, "s1", "srvrecord"), SERVICE);
    assert_eq!(state(&p, "s1", "srv_uweight"), "20");
    assert_eq!(state(&p, "s2", "srv_admin_state"), "32");
    assert_eq!(p.connect("l").get("/").text(), "a");
    // A second place on the same host, and no more weight for it.
    dns.set(&[&pa, &pb, host]);
    wait_state(&p, "s2", "srv_addr", "127.0.0.1");
    wait_state(&p, "s2", "srv_uweight", "0");
    // Where servers do not share addresses, it waits for one of its own.
    let strict = p.cli("show servers state strict");
    let told: Vec<Vec<&str>> = strict.lines().skip(2).map(|l| l.split(' ').collect()).collect();
    assert_eq!((told[0][4], told[0][17]), ("127.0.0.1", "h.test"));
    assert_eq!((told[1][4], told[1][17], told[1][18]), ("-", "h.test", &*b.port().to_string()));
    // The first one goes: what is left has no weight until the record says so.
    let heavier = place(&b, 65535, "h.test");
    dns.set(&[&heavier, host]);
    wait_state(&p, "s1", "srv_addr", "-");
    wait_state(&p, "s2", "srv_uweight", "256");
    assert_eq!(p.connect("l").get("/").text(), "b");
    assert_eq!(
        (state(&p, "s1", "srv_fqdn"), state(&p, "s1", "srv_admin_state")),
        ("-".into(), "96".into())
    );
}

#[test]
fn an_address_may_come_along() {
    let (origin, log) = (Origin::saying("along"), Syslog::new());
    let dns = Dns::new(&[&place(&origin, 1, "h.test"), "+h.test A 127.0.0.1"]);
    let config = format!("listen l\n  bind @l@\n  log @log@ local0\n  {TEMPLATE} resolve-opts ignore-weight weight 7\n");
    let p = builder(&dns, &config).set("log", &log.addr()).start();
    let line = log.next_with("IP changed");
    assert!(
        line.contains("l/s1: IP changed from '(none)' to '127.0.0.1', port changed from '+0' to '"),
        "{line}"
    );
    assert!(line.trim_end().ends_with("' by 'DNS additional record'."), "{line}");
    wait_state(&p, "s1", "srv_op_state", "2");
    assert_eq!(p.connect("l").get("/").text(), "along");
    assert_eq!(state(&p, "s1", "srv_uweight"), "7");
    assert_eq!(dns.asked("h.test", false), 0);
    assert!(p.cli("set server l/s1 fqdn x.test").contains("SRV resolution is configured"));
}

#[test]
fn a_service_that_is_gone_takes_its_servers_along() {
    let (origin, log) = (Origin::saying("x"), Syslog::new());
    let dns = Dns::new(&[&place(&origin, 1, "h.test"), "h.test A 127.0.0.1"]);
    let p = builder(&dns, &format!("listen l\n  bind @l@\n  log @log@ local0\n  {TEMPLATE}\n"))
        .set("log", &log.addr())
        .start();
    assert!(
        log.next_with("FQDN")
            .trim_end()
            .ends_with("l/s1 changed its FQDN from (null) to h.test by 'SRV record'")
    );
    wait_state(&p, "s1", "srv_op_state", "2");
    dns.mood(Mood::Code(3));
    wait_state(&p, "s1", "srv_op_state", "0");
    assert_eq!(p.connect("l").get("/").status, 503);
    dns.mood(Mood::Well);
    // Two servers have waited for longer.
    wait_state(&p, "s2", "srv_op_state", "2");
    assert_eq!(p.connect("l").get("/").text(), "x");
    assert_eq!(state(&p, "s1", "srv_addr"), "-");
}

/// All that an answer brings is taken before the first server works, so that it is not alone for a moment.
#[test]
fn servers_of_one_answer_come_up_together() {
    let (origin, log) = (Origin::saying("x"), Syslog::new());
    let hosts = ["a.test", "b.test", "c.test"];
    let places = hosts.map(|h| place(&origin, 1, h));
    let addresses = [1, 2, 3].map(|n| format!("+{} A 127.0.0.{n}", hosts[n - 1]));
    let lines: Vec<&str> = places.iter().chain(&addresses).map(String::as_str).collect();
    let dns = Dns::new(&lines);
    let config = format!("backend b\n  log @log@ local0\n  {TEMPLATE}\n");
    let p = builder(&dns, &config).set("log", &log.addr()).start();
    wait_state(&p, "s3", "srv_admin_state", "64");
    let (mut addressed, mut working) = (0, 0);
    while working < 3 {
        let line = log.next_with("b/s");
        addressed += u32::from(line.contains("IP changed"));
        if line.contains("is UP/READY") {
            working += 1;
            assert_eq!(addressed, 3, "{line}");
        }
    }
    // The port is the place's, whatever a command says.
    let own = ["srv_port", "srv_addr"].map(|what| state(&p, "s1", what));
    p.cli("set server b/s1 addr 127.0.0.9 port 9");
    wait_state(&p, "s1", "srv_port", &own[0]);
    assert_eq!(state(&p, "s1", "srv_addr"), own[1]);
}
