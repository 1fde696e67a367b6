//! Whole configurations: what becomes of them, and what is said about them.

use std::net::IpAddr;
use std::sync::Arc;

use hapax_diag::Severity;
use hapax_sample::{Files, ProxyId};
use hapax_value::Endpoint;

use crate::load::{Input, LoadOptions, Loaded, load};
use crate::plan::{BindAddress, CookieMode, HttpMode, LogTransport, Mode, Options, ServerTarget, SwitchTarget};

/// One name that resolves, and one certificate.
struct Shelf;

impl Files for Shelf {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        match path {
            "/certs/site.pem" => Ok(Arc::from(
                &include_bytes!("../../../../haproxy-cfg-samples/guide/files/etc/ssl/certs/haproxy.pem")[..],
            )),
            _ => Err("No such file or directory".to_owned()),
        }
    }

    fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        match host {
            "app.test" => Ok(vec![IpAddr::from([192, 0, 2, 7])]),
            _ => Err("unknown".to_owned()),
        }
    }
}

fn read(text: &str) -> Loaded {
    let input = Input {
        name: "t.cfg".to_owned(),
        bytes: text.as_bytes().into(),
    };
    load(vec![input], &Shelf, &LoadOptions::default())
}

const TIMEOUTS: &str = "    timeout connect 1s\n    timeout client 2s\n    timeout server 3s\n";

/// Alerts and warnings as `line severity text`.
fn told(text: &str) -> Vec<String> {
    read(text)
        .diags
        .iter()
        .filter(|d| d.severity >= Severity::Warning)
        .map(|d| {
            let kind = if d.severity == Severity::Alert { "alert" } else { "warning" };
            format!("{} {kind} {}", d.span.map_or(0, |s| s.line), d.message)
        })
        .collect()
}

/// As HAProxy numbers them: the place counts, also of those that have a number of their own.
#[test]
fn who_has_no_number_gets_that_of_its_place() {
    let servers = |options: &[&str]| {
        let lines = options.iter().enumerate();
        let lines = lines
            .map(|(i, o)| format!("    server s{i} 192.0.2.1:80 {o}\n"))
            .collect::<Vec<_>>()
            .concat();
        let text = format!("defaults\n    mode http\n{TIMEOUTS}backend b\n{lines}");
        let plan = read(&text).plan.expect("valid");
        plan.proxies[0].servers.iter().map(|s| s.id).collect::<Vec<u32>>()
    };
    assert_eq!(servers(&["", "", ""]), [1, 2, 3]);
    assert_eq!(servers(&["id 1000", "", ""]), [1000, 2, 3]);
    assert_eq!(servers(&["id 3", "", "", ""]), [3, 2, 4, 5]);
    assert_eq!(servers(&["", "id 1000", "id 3", ""]), [1, 1000, 3, 4]);
    let binds = "    bind :1 id 10\n    bind :2\n    bind :3 id 1\n    bind :4\n";
    let plan = read(&format!("defaults\n    mode http\n{TIMEOUTS}frontend f\n{binds}"))
        .plan
        .expect("valid");
    let ids: Vec<u32> = plan.proxies[0].binds.iter().map(|b| b.id).collect();
    assert_eq!(ids, [10, 11, 1, 2]);
}

#[test]
fn names_become_indices() {
    let text = format!(
        "global\n    maxconn 400\ndefaults\n    mode http\n{TIMEOUTS}frontend f\n    bind :80\n    acl a path /a\n    use_backend b2 if a\n    use_backend %[path] if a\n    \
         default_backend b1\nbackend b1\n    server s1 192.0.2.1:80\n    server s2 192.0.2.2:80 id 7\n    use-server s2 if TRUE\nbackend b2\n    \
         server s1 192.0.2.1:80 track b3/c\nbackend b3\n    server c 192.0.2.9:80 check\n"
    );
    let loaded = read(&text);
    let plan = loaded.plan.expect("valid");
    let front = &plan.proxies[0];
    assert_eq!(front.default_backend, Some(ProxyId(1)));
    assert!(matches!(front.switching[0].target, SwitchTarget::Fixed(ProxyId(2))));
    assert!(matches!(front.switching[1].target, SwitchTarget::Dynamic(_)));
    assert!(matches!(plan.proxies[1].use_server[0].target, ServerTarget::Fixed(1)));
    assert_eq!(plan.proxies[2].servers[0].track, Some((3, 0)));
    let ids: Vec<u32> = plan.proxies[1].servers.iter().map(|s| s.id).collect();
    assert_eq!(ids, [1, 7]);
    let full: Vec<u32> = plan.proxies.iter().map(|p| p.fullconn).collect();
    assert_eq!(full, [0, 40, 40, 40], "a log format may name any backend");
    let numbers: Vec<u32> = plan.proxies.iter().map(|p| p.iid).collect();
    assert_eq!(numbers, [2, 3, 4, 5]);
}

#[test]
fn defaults_are_handed_down_to_the_side_that_uses_them() {
    let text = format!(
        "defaults base\n    mode http\n{TIMEOUTS}    option dontlognull\n    option redispatch\n    cookie SRV insert\n    retries 5\n    maxconn 77\n\
         defaults other from base\n    option httpclose\nfrontend f from base\n    bind :80\nbackend b from other\n    no option redispatch\n    \
         server s1 192.0.2.1:80\nlisten l from base\n    bind :81\n    server s1 192.0.2.1:80\n"
    );
    let plan = read(&text).plan.expect("valid");
    let [f, b, l] = &plan.proxies[..] else { panic!("three proxies") };
    assert_eq!((f.mode, b.mode, l.mode), (Mode::Http, Mode::Http, Mode::Http));
    assert_eq!((f.maxconn, l.maxconn), (77, 77));
    assert_eq!((f.timeouts.client, f.timeouts.server), (Some(2000), None));
    assert_eq!((b.timeouts.client, b.timeouts.server), (None, Some(3000)));
    assert_eq!((b.retries, l.retries), (5, 5));
    assert_eq!((f.http_mode, b.http_mode), (HttpMode::KeepAlive, HttpMode::Close));
    assert_eq!((b.redispatch, l.redispatch), (0, -1));
    assert!(f.options.contains(Options::DONTLOGNULL) && l.options.contains(Options::DONTLOGNULL));
    assert!(f.cookie.is_none());
    assert_eq!(b.cookie.as_ref().map(|c| c.mode), Some(CookieMode::Insert));
}

#[test]
fn addresses_are_looked_up_and_spread_out() {
    let text = format!(
        "listen l\n{TIMEOUTS}    bind 127.0.0.1:8000-8002,[::1]:9000 name web ssl crt /certs/site.pem\n    server a app.test:80\n    server b \
         nowhere.test:80 init-addr none\n    server c 192.0.2.1:+1000\n"
    );
    let plan = read(&text).plan.expect("valid");
    let l = &plan.proxies[0];
    let ports: Vec<_> = l.binds.iter().map(|b| (&b.address, b.id)).collect();
    assert_eq!(ports.len(), 4);
    assert!(matches!(ports[3], (BindAddress::At(e), 4) if e.port() == Some(9000)));
    let tls = l.binds[0].tls.as_ref().expect("ssl");
    assert_eq!(
        plan.stored.entries(tls).next().unwrap().0.names,
        ["guide.example", "*.guide.example"]
    );
    assert_eq!(
        l.servers[0].address.as_ref().and_then(Endpoint::ip),
        Some(IpAddr::from([192, 0, 2, 7]))
    );
    assert_eq!(
        (l.servers[1].address.as_ref(), l.servers[1].hostname.as_deref()),
        (None, Some("nowhere.test"))
    );
    assert_eq!(l.servers[2].port_offset, Some(1000));
}

#[test]
fn whole_proxies_are_judged_in_haproxys_words() {
    for (text, want) in [
        (
            "frontend f\n    timeout client 1s\n    bind :80\n    default_backend nowhere\n".to_owned(),
            "4 alert Proxy 'f': unable to find required default_backend: 'nowhere'.",
        ),
        (
            "frontend f\n    mode http\n    timeout client 1s\n    bind :80\n    default_backend b\nbackend b\n".to_owned(),
            "5 alert http frontend 'f' (t.cfg:1) tries to use incompatible tcp backend 'b' (t.cfg:6) as its default backend (see 'mode').",
        ),
        (
            "frontend f\n    mode http\n    timeout client 1s\n    bind :80\n    tcp-request content accept if { req.len gt 4 }\n"
                .to_owned(),
            "5 warning Proxy 'f': L6 sample fetches ignored on HTTP proxies (declared at t.cfg:5).",
        ),
        (
            "http-errors e\nfrontend f\n    mode http\n    timeout client 1s\n    bind :80\n    http-request deny errorfiles e\n"
                .to_owned(),
            "6 warning Proxy 'f': status '403' referenced by an http reply not declared in http-errors section 'e'.",
        ),
        (
            "frontend f\n    mode http\n    timeout client 1s\n    bind :80\n    http-request return errorfiles none\n".to_owned(),
            "5 alert Proxy 'f': unknown http-errors section 'none' referenced by an http reply .",
        ),
        (
            "frontend f\n    timeout client 1s\n    bind :80\n    tcp-request content track-sc0 src table none\n".to_owned(),
            "4 alert Proxy 'f': unable to find table 'none' referenced by track-sc0.",
        ),
        (
            "frontend f\n    timeout client 1s\n    bind :80\n    tcp-request content set-bandwidth-limit none\n".to_owned(),
            "4 alert Proxy 'f': unable to find bwlim filter 'none' referenced by set-bandwidth-limit rule.",
        ),
        (
            "frontend f\n    timeout client 1s\n    bind :80\n    tcp-request content do-log profile none\n".to_owned(),
            "4 alert Proxy 'f': do-log action: profile 'none' is invalid.",
        ),
        (
            "frontend f\n    timeout client 1s\n".to_owned(),
            "1 warning frontend 'f' has no 'bind' directive. Please declare it as a backend if this was intended.",
        ),
        (
            "frontend f\n    mode http\n    timeout client 1s\n    bind :80\n    http-request capture path id 1\n".to_owned()
                + "    declare capture request len 4\n",
            "5 alert Proxy 'f': unable to find capture id '1' referenced by http-request capture rule.",
        ),
        (
            "backend b\n    cookie A insert\n".to_owned(),
            "2 warning cookie will be ignored for backend 'b' (needs 'mode http').",
        ),
        (
            "backend b\n    balance uri\n".to_owned(),
            "2 warning Layer 7 hash not possible for backend 'b' (needs 'mode http'). Falling back to round robin.",
        ),
        (
            "frontend f\n    timeout client 1s\n    bind :80\n    option tcplog\n".to_owned(),
            "4 warning log format ignored for frontend 'f' since it has no log address.",
        ),
        (
            "frontend f\n    timeout client 1s\n    bind :443 ssl\n".to_owned(),
            "3 alert Proxy 'f': no SSL certificate specified for bind ':443' at [t.cfg:3] (use 'crt').",
        ),
        (
            "backend b\n    timeout connect 1s\n    timeout server 1s\n    server s1 192.0.2.1:80 track s9\n".to_owned(),
            "4 alert 'server b/s1' : unable to find required server 's9' for tracking.",
        ),
    ] {
        assert_eq!(told(&text), [want], "{text}");
    }
}

#[test]
fn servers_that_track_form_chains_and_no_rings() {
    let text = |lines: &str| format!("backend b\n    timeout connect 1s\n    timeout server 1s\n{lines}");
    let other = "backend c\n    timeout connect 1s\n    timeout server 1s\n";
    let none: &[&str] = &[];
    for (lines, want) in [
        (
            text("    server e :1 track f\n    server f :1 track g\n    server g :1 check\n"),
            none,
        ),
        (
            text("    server e :1 track f\n    server f :1 track g\n    server g :1\n"),
            &["5 alert 'server b/f' : unable to use b/g for tracking as it does not have any check nor agent enabled."],
        ),
        (
            text("    server e :1 track f\n    server f :1 track g\n    server g :1 track e\n"),
            &["6 alert 'server b/g' : unable to track b/e as it belongs to a tracking chain looping back to b/g."],
        ),
        (
            text(&format!("    server e :1 track c/f\n{other}    server f :1 track b/e\n")),
            &["8 alert 'server c/f' : unable to track b/e as it belongs to a tracking chain looping back to b/f."],
        ),
    ] {
        assert_eq!(told(&lines), *want, "{lines}");
    }
}

#[test]
fn missing_timeouts_are_told_with_the_cure() {
    let told = told("frontend f\n    bind :80\n");
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("1 warning missing timeouts for frontend 'f'.\n   | While not properly invalid"),
        "{}",
        told[0]
    );
    assert!(told[0].ends_with("'client', 'connect', 'server'."), "{}", told[0]);
}

#[test]
fn every_mistake_is_told_in_one_run() {
    let told = told("global\n    nonsense\nfrontend f\n    bind\n    timeout client 5x\nbackend b\n    server\n");
    let lines: Vec<&str> = told.iter().filter_map(|t| t.split(' ').next()).collect();
    assert_eq!(lines, ["2", "4", "5", "7"]);
}

#[test]
fn what_this_machine_lacks_is_a_note_offline() {
    let text = "frontend f\n    timeout client 1s\n    bind :443 ssl crt /certs/other.pem\n";
    assert!(read(text).diags.has_alert());
    let input = Input {
        name: "t.cfg".to_owned(),
        bytes: text.as_bytes().into(),
    };
    let opts = LoadOptions {
        lacking: Some(Severity::Note),
        ..LoadOptions::default()
    };
    let loaded = load(vec![input], &Shelf, &opts);
    assert!(!loaded.diags.has_alert());
    assert!(loaded.diags.iter().any(|d| d.missing && d.severity == Severity::Note));
}

#[test]
fn a_map_that_is_not_here_is_empty_and_told() {
    let text = "backend b\n    acl known src -f /none.lst\n    http-request deny unless known\n    http-request set-header x %[path,map(/none.map)]\n";
    assert!(read(text).diags.has_alert());
    let input = Input {
        name: "t.cfg".to_owned(),
        bytes: text.as_bytes().into(),
    };
    let opts = LoadOptions {
        lacking: Some(Severity::Warning),
        ..LoadOptions::default()
    };
    let loaded = load(vec![input], &Shelf, &opts);
    let missing: Vec<(u32, Severity)> = loaded
        .diags
        .iter()
        .filter(|d| d.missing)
        .map(|d| (d.span.map_or(0, |s| s.line), d.severity))
        .collect();
    assert_eq!(missing, [(2, Severity::Warning), (4, Severity::Warning)]);
    assert!(loaded.plan.is_some());
}

#[test]
fn addresses_know_the_environment() {
    let text = "global\n    setenv PORT 8080\n    setenv APP 192.0.2.9\nfrontend f\n    bind 127.0.0.1:${PORT}\nbackend b\n    server s $APP:${PORT}\n";
    let loaded = read(text);
    let plan = loaded.plan.unwrap();
    let ip = |text: &str| Endpoint::Ip(text.parse().unwrap());
    assert_eq!(plan.proxies[0].binds[0].address, BindAddress::At(ip("127.0.0.1:8080")));
    assert_eq!(plan.proxies[1].servers[0].address, Some(ip("192.0.2.9:8080")));
}

#[test]
fn tables_are_checked() {
    let quiet = "    timeout connect 1s\n    timeout server 1s\n";
    let table = "backend t\n    timeout connect 1s\n    timeout server 1s\n    stick-table type integer size 10";
    for (text, want) in [
        (format!("{table} peers nobody\n"), "unable to find sync peers 'nobody'"),
        (
            format!("{table}\nbackend b\n    stick on req.payload(0,1) table t\n{quiet}"),
            "Proxy 'b': type of fetch not usable with type of stick-table 't'",
        ),
        (format!("{table}\nbackend b\n    stick on src table t\n{quiet}"), ""),
        (
            format!("{table} write-to t\n"),
            "cannot use 'write-to t': a table cannot be written to itself.",
        ),
        (
            format!("{table} write-to u\nbackend u\n{quiet}    stick-table type ip size 10\n"),
            "cannot use 'write-to u': the tables do not have keys of the same type and length.",
        ),
        (
            format!("{table} write-to u\nbackend u\n{quiet}    stick-table type integer size 10\n"),
            "",
        ),
    ] {
        let told = told(&text);
        let found = told.iter().any(|t| t.contains(want));
        assert_eq!((found, told.len()), (!want.is_empty(), usize::from(!want.is_empty())), "{told:?}");
    }
}

#[test]
fn targets_of_logs_are_looked_up() {
    let text = "global\n    log ring@later local0\n\n    log backend@nobody local0\n    log backend@b local0\n\
                backend b\nring later\nring later\nlog-forward f\n    dgram-bind 127.0.0.1:1514\n    log ring@later local0\n    log global\n";
    assert_eq!(
        told(text),
        [
            "8 alert sink 'later' already exists.",
            "4 alert unable to find backend 'nobody' referenced.",
            "5 alert log : backend 'b' must be in 'log' mode to be a target.",
        ]
    );
    let text = "global\n    log ring@nobody local0\n";
    assert_eq!(
        told(text),
        ["2 warning log server uses unknown ring named 'nobody': a start is refused."]
    );
    let plan = read(text).plan.expect("a plan");
    assert_eq!(plan.unknown_ring().map(|r| &*r.name), Some("nobody"));
    let text = "global\n    log tcp@127.0.0.1:1 local0\nring r\n    size 64k\nlog-forward f\n    log ring@r local0\n    maxconn 3\n    option host keep\n";
    let plan = read(text).plan.expect("a plan");
    assert!(plan.unknown_ring().is_none());
    assert_eq!(
        plan.rings.iter().map(|r| (r.implicit, r.size)).collect::<Vec<_>>(),
        [(true, 0), (false, 65_536)]
    );
    let LogTransport::Ring(name) = &plan.log_forwards[0].log[0].transport else {
        panic!("a ring");
    };
    assert_eq!((name.id.get(), plan.log_forwards[0].maxconn), (Some(&1), 3));
}

/// The configuration of somebody called `a`.
fn as_a(text: &str) -> Loaded {
    let opts = LoadOptions {
        local_peer: Some("a".to_owned()),
        ..LoadOptions::default()
    };
    let input = Input {
        name: "t.cfg".to_owned(),
        bytes: text.as_bytes().into(),
    };
    load(vec![input], &Shelf, &opts)
}

#[test]
fn peers_find_themselves_and_their_tables() {
    let loaded = as_a(
        "peers other\n    peer b 192.0.2.1:1\npeers off\n    disabled\n    peer a 192.0.2.1:1\npeers p\n    shards 3\n    default-bind backlog 7\n    bind \
         192.0.2.2:9\n    default-server send-proxy\n    server b 192.0.2.3:9 shard 2\n    server a\n    server c 192.0.2.4:9 shard 4\n    table t type ip \
         size 10\nbackend x\n    stick-table type ip size 10 peers p\nbackend y\n    stick-table type ip size 10 peers other\nbackend z\n    stick-table \
         type ip size 10 peers off\n",
    );
    let plan = loaded.plan.expect("valid");
    let [p] = &plan.peers[..] else { panic!("{:?}", plan.peers) };
    assert_eq!((&*p.name, p.local, p.local_name(), p.shards), ("p", 1, "a", 3));
    let peers: Vec<_> = p
        .peers
        .iter()
        .map(|s| (&*s.name, s.address.is_some(), s.shard, s.send_proxy))
        .collect();
    assert_eq!(peers, [("b", true, 2, 1), ("a", false, 0, 1), ("c", true, 0, 1)]);
    assert_eq!(p.remotes().map(|(i, _)| i).collect::<Vec<_>>(), [0, 2]);
    assert_eq!((p.binds.len(), p.binds[0].backlog), (1, Some(7)));
    let shared: Vec<_> = plan.tables.iter().map(|t| (&*t.name, &*t.peer_name, t.peers_id)).collect();
    assert_eq!(
        shared,
        [("p/t", "/t", Some(0)), ("x", "x", Some(0)), ("y", "y", None), ("z", "z", None)]
    );
    assert_eq!(p.tables, [0, 1]);
}

#[test]
fn more_threads_than_there_may_be() {
    let warned = |text: &str| {
        let loaded = read(text);
        let said = loaded.diags.iter().filter(|d| d.message.starts_with("nbthread forced")).count();
        (loaded.plan.is_some(), said)
    };
    assert_eq!(warned("global\n    nbthread 3\n    thread-hard-limit 2\n"), (true, 1));
    assert_eq!(warned("global\n    thread-hard-limit 2\n    nbthread 2\n"), (true, 0));
    assert_eq!(warned("global\n    thread-hard-limit 2\n"), (true, 0));
}

#[test]
fn what_is_said_of_peers() {
    for (text, want) in [
        (
            "peers p\n    peer b 192.0.2.1:1\n",
            "warning Removing incomplete section 'peers p' (no peer named 'a').",
        ),
        (
            "peers p\n    bind :1\n    server a\n    bind :2\n",
            "alert One listener per \"peers\" section is authorized but another is already configured at [t.cfg:2].",
        ),
        (
            "peers p\n    bind :1\n    peer a 192.0.2.1:1\n",
            "alert mixing \"peer\" and \"bind\" line is forbidden",
        ),
        (
            "peers p\n    peer a 192.0.2.1:1\n    bind :1\n",
            "alert mixing \"peer\" and \"bind\" line is forbidden",
        ),
        (
            "peers p\n    peer a 192.0.2.1:1\n    peer a 192.0.2.2:1\n",
            "alert 'peer a' : local peer name already referenced at t.cfg:2. a",
        ),
        (
            "peers p\n    peer a 192.0.2.1:1\npeers p\n    peer a 192.0.2.2:1\n",
            "alert peers section 'p' has the same name as another peers section declared at t.cfg:1.",
        ),
        (
            "peers p\n    peer a 192.0.2.1\n",
            "alert 'peer a' : missing port specification in '192.0.2.1'",
        ),
        (
            "peers p\n    bind :1\n    server a 192.0.2.1:1\n",
            "alert 'server a/a' : unknown keyword '192.0.2.1:1'. Hint: no address was expected for this server.",
        ),
        (
            "peers p\n    peer a 192.0.2.1:1\n    peer b 192.0.2.1:1 check\n",
            "warning 'peer b' : init_addr, resolvers, check and agent are ignored for peers.",
        ),
        (
            "peers p\n    peer a 192.0.2.1:1 ssl verify none\n",
            "warning Peers section 'a': local peer have a non-SSL listener and a SSL server configured at line t.cfg:2.",
        ),
        (
            "peers p\n    peer a 192.0.2.1:1\nglobal\n    localpeer b\n",
            "warning 'localpeer' ignored since it is already set by using the '-L' command line argument.",
        ),
        (
            "peers p\n    peer a 192.0.2.1:1\nbackend x\n    stick-table type ip size 10 peers q\n",
            "alert Proxy 'x': unable to find sync peers 'q'.",
        ),
    ] {
        let loaded = as_a(text);
        let said: Vec<String> = loaded
            .diags
            .iter()
            .filter(|d| d.severity >= Severity::Warning)
            .map(|d| {
                let kind = if d.severity == Severity::Alert { "alert" } else { "warning" };
                format!("{kind} {}", d.message)
            })
            .collect();
        assert_eq!(said, [want], "{text}");
    }
    let late = told("peers p\n    peer b 192.0.2.1:1\nglobal\n    localpeer b\n");
    assert_eq!(late[0], "4 warning 'localpeer' ignored since it is used after 'peers' section.");
    let named = read("global\n    localpeer b\npeers p\n    peer b 192.0.2.1:1\n")
        .plan
        .expect("valid");
    assert_eq!(named.peers[0].local_name(), "b");
}

#[test]
fn checks_that_cannot_work_are_refused() {
    let backend = |global: &str, lines: &str| told(&format!("{global}defaults\n{TIMEOUTS}backend b\n{lines}"));
    let none = " has neither service port nor check port";
    let server = |lines: &str, end: &str| (lines.to_owned(), format!("config: backend 'b': server 's'{none}{end}"));
    for (lines, want) in [
        server("server s 192.0.2.1 check\n", "."),
        server("server s 192.0.2.1:+1 check\n", "."),
        server(
            "option httpchk\nserver s 192.0.2.1 check\n",
            " nor tcp_check rule 'connect' with port information.",
        ),
        server(
            "option tcp-check\ntcp-check connect port 80\ntcp-check connect\nserver s 192.0.2.1 check\n",
            ", and a tcp_check rule 'connect' with no port information.",
        ),
    ] {
        let got = backend("", &lines);
        assert!(got.len() == 1 && got[0].ends_with(&want), "{got:?} for {lines}");
    }
    for good in [
        "server s 192.0.2.1 check port 80\n",
        "server s : check\n",
        "server s 192.0.2.1 check addr 192.0.2.2:80\n",
        "server s /run/s.sock check\n",
        "server s nowhere.test check init-addr none\n",
        "option tcp-check\ntcp-check connect port 80\nserver s 192.0.2.1 check\n",
    ] {
        assert_eq!(backend("", good), Vec::<String>::new(), "{good}");
    }
    let wanted = "global\nexternal-check\ninsecure-fork-wanted\n";
    let external = "option external-check\n";
    for (global, lines, want) in [
        (
            "global\ninsecure-fork-wanted\n",
            "external-check command /bin/true\n",
            "'global.external-check'",
        ),
        (wanted, "", "unable to find required 'external-check command'"),
        (wanted, "external-check command true\n", "does not have a leading '/'"),
        (
            "global\nexternal-check\n",
            "external-check command /bin/true\n",
            "'insecure-fork-wanted' not enabled",
        ),
    ] {
        let got = backend(global, &format!("{external}{lines}"));
        assert!(got.len() == 1 && got[0].contains(want), "{got:?}");
    }
    let idle = backend("", "external-check command /bin/true\n");
    assert!(
        idle.len() == 1 && idle[0].contains("'external-check command' will be ignored for backend 'b'"),
        "{idle:?}"
    );
}

#[test]
fn names_are_looked_up_as_the_lines_say() {
    let head = format!("resolvers r\nnameserver a 192.0.2.53:53\ndefaults\n{TIMEOUTS}backend b\n");
    for (line, end) in [
        (
            "server e nowhere.test init-addr last\n",
            "no method found to resolve address 'nowhere.test'.",
        ),
        ("server e nowhere.test\n", "could not resolve address 'nowhere.test'."),
        (
            "server f app.test resolvers unknown\n",
            "unable to find required resolvers 'unknown'",
        ),
    ] {
        let got = told(&format!("{head}{line}"));
        assert!(got.len() == 1 && got[0].ends_with(end), "{got:?}");
    }
    let loaded = read(&format!(
        "{head}server a app.test:80\nserver b nowhere.test:81 init-addr last,libc,192.0.2.9\nserver c nowhere.test:82 resolvers \
         r\nserver-template d 3-4 _web._tcp.test resolvers r resolve-prefer ipv4\nserver f nowhere.test from srv:b\n"
    ));
    let notices = loaded.diags.iter().filter(|d| d.severity == Severity::Notice).count();
    assert_eq!(notices, 3);
    let plan = loaded.plan.unwrap();
    let shown: Vec<String> = plan.proxies[0]
        .servers
        .iter()
        .map(|s| {
            let address = s
                .address
                .as_ref()
                .and_then(Endpoint::ip)
                .map_or_else(|| "-".to_owned(), |ip| ip.to_string());
            let service = s.resolve.as_ref().map(|r| r.service);
            format!("{} {address} {} {service:?} {:?}", s.name, s.port, s.port_offset)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "a 192.0.2.7 80 None None",
            "b 192.0.2.9 81 None None",
            "c - 82 Some(false) None",
            "d3 - 0 Some(true) None",
            "d4 - 0 Some(true) None",
            "f 192.0.2.9 0 None Some(0)",
        ]
    );
}

#[test]
fn certificates_are_named_by_their_store() {
    let text = |name: &str| {
        format!(
            "crt-store\n    crt-base /certs\n    load crt site.pem\ncrt-store web\n    crt-base /certs\n    load crt site.pem alias main jwt on\n\
             frontend f\n    mode http\n    timeout client 1s\n    bind :443 ssl crt {name}\n"
        )
    };
    for name in ["@/site.pem", "/certs/site.pem", "@web/site.pem", "@web/main"] {
        assert!(told(&text(name)).is_empty(), "{name}: {:?}", told(&text(name)));
        let plan = read(&text(name)).plan.expect("a plan");
        let tls = plan.proxies[0].binds[0].tls.as_ref().expect("TLS");
        assert_eq!(
            plan.stored.entries(tls).next().unwrap().0.names,
            ["guide.example", "*.guide.example"],
            "{name}"
        );
        assert_eq!(plan.patterns.jwt.usable(), ["@web/main", "@web/site.pem"]);
    }
    // What a store names is known, whether or not this machine has it.
    let absent = "crt-store web\n load crt absent.pem alias main\nfrontend f\n mode http\n timeout client 1s\n \
                  bind :443 ssl crt @web/main\n bind :444 ssl crt @web/absent.pem\n";
    let loaded = read(absent);
    assert!(loaded.diags.iter().all(|d| d.missing), "{:?}", loaded.diags);
    assert_eq!(loaded.diags.len(), 3);
    assert!(told(&text("@web/other"))[0].contains("no crt-store has loaded '@web/other'"));
}

#[test]
fn sockets_with_a_path_start_from_unix_bind() {
    let text = "global\n unix-bind prefix /run/x mode 660 uid 3\nfrontend f\n mode http\n timeout client 1s\n bind /a.sock\n \
                bind unix@/b.sock mode 600 gid 4\n bind abns@c\n bind :80\n";
    let plan = read(text).plan.expect("a plan");
    let binds = plan.proxies[0].binds.iter();
    let seen: Vec<String> = binds
        .map(|b| format!("{:?} {:?} {:?} {:?}", b.address, b.mode, b.uid, b.gid))
        .collect();
    assert_eq!(seen[0], "At(Unix(\"/run/x/a.sock\")) Some(432) Some(3) None");
    assert_eq!(seen[1], "At(Unix(\"/run/x/b.sock\")) Some(384) Some(3) Some(4)");
    assert!(seen[2..].iter().all(|s| s.ends_with("None None None")), "{seen:?}");
}

#[test]
fn what_is_too_large_is_said_where_the_room_ends() {
    let read = |text: &str, full: Option<fn() -> bool>| {
        let input = Input {
            name: "t.cfg".into(),
            bytes: text.as_bytes().into(),
        };
        let opts = LoadOptions {
            full,
            ..LoadOptions::default()
        };
        load(vec![input], &Shelf, &opts)
    };
    let many = "backend b\n".to_owned() + &" option redispatch\n".repeat(40);
    let told = |loaded: &Loaded| -> Vec<(&'static str, u32)> {
        let alerts = loaded.diags.iter().filter(|d| d.severity == Severity::Alert);
        alerts.map(|d| (d.code.id, d.span.map_or(0, |s| s.line))).collect()
    };
    assert!(told(&read(&many, Some(|| false))).is_empty());
    let ended = read(&many, Some(|| true));
    assert_eq!(told(&ended), [("HX0224", 16)]);
    assert!(ended.plan.is_none());
    // One line that makes more than there can be room for.
    for line in ["server-template s 1-100000000 127.0.0.1:80", "server-template s 600000 127.0.0.1"] {
        let ended = read(&format!("backend b\n {line}\nfrontend f\n"), Some(|| false));
        assert_eq!(told(&ended), [("HX0224", 2)], "{line}");
    }
}

#[test]
fn a_server_that_tracks_has_no_state_of_its_own_and_one_guid_is_one_objects() {
    let backend = |lines: &str| told(&format!("defaults\n{TIMEOUTS}backend b\n{lines}"));
    let state = "unable to set init-state and tracking at the same time!";
    for (lines, end) in [
        ("server s 192.0.2.1:1 check\nserver t 192.0.2.1:1 track s init-state up\n", state),
        (
            "default-server init-state down\nserver s 192.0.2.1:1 check\nserver t 192.0.2.1:1 track s\n",
            state,
        ),
        (
            "guid a\nserver s 192.0.2.1:1 guid a\n",
            "'server b/s' : 'guid': duplicate entry with backend b.",
        ),
        (
            "server s 192.0.2.1:1 guid a\nserver t 192.0.2.1:1 guid a\n",
            "'server b/t' : 'guid': duplicate entry with server b/s.",
        ),
        (
            "default-server guid a\n",
            "'guid' option is not accepted in default-server sections",
        ),
    ] {
        let got = backend(lines);
        assert!(got.len() == 1 && got[0].ends_with(end), "{got:?} for {lines}");
    }
    for good in [
        "default-server init-state down\nserver s 192.0.2.1:1 check\nserver t 192.0.2.1:1 track s init-state none\n",
        "server-template s 3 192.0.2.1:1 guid a\n",
        "server s 192.0.2.1:1 guid a guid b\nserver t 192.0.2.1:1 guid a\n",
        "server s 192.0.2.1:1 guid a\nserver t 192.0.2.1:1 from srv:s\n",
    ] {
        assert_eq!(backend(good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn a_server_starts_from_the_checks_of_one_that_has_none() {
    let plan = read(&format!(
        "defaults\n{TIMEOUTS}backend b\nserver s 192.0.2.1:1 inter 7s fall 9\nserver t 192.0.2.1:1 from srv:s check\ndefault-server inter 5s\nserver \
         u 192.0.2.1:1\nserver v 192.0.2.1:1\n"
    ))
    .plan
    .expect("valid");
    let servers = &plan.proxies[0].servers;
    assert!(servers[0].check.is_none());
    let check = servers[1].check.as_ref().expect("a check");
    assert_eq!((check.inter, check.fall, check.rise), (7000, 9, 2));
    assert!(servers[2].rest.same(&servers[3].rest), "what is equal is shared");
}
