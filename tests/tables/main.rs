//! Stick tables: tracking, sticking to servers, and the commands that show and change them.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod rates;

use hapax_tests::{Builder, Client, Origin, Program, Proxy, Reply, wait};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n  timeout tarpit 10ms\n";

const COUNTED: &str = "conn_cnt,conn_cur,sess_cnt,http_req_cnt,http_err_cnt,http_fail_cnt";

/// The entries of a table, without what differs from run to run.
fn entries(p: &Proxy, table: &str) -> Vec<String> {
    let shown = p.cli(&format!("show table {table}"));
    let rows = shown.lines().skip(1).filter(|l| !l.is_empty());
    let mut out: Vec<String> = rows
        .map(|l| {
            let words = l.split(' ').skip(1);
            words
                .filter(|w| !w.starts_with("exp=") && *w != "shard=0")
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    out.sort();
    out
}

fn ended(p: &Proxy, table: &str) -> Vec<String> {
    wait::until("the connections to have ended", || {
        let all = entries(p, table);
        all.iter().all(|e| e.contains(" use=0 ")).then_some(all)
    })
}

#[test]
fn what_is_counted_when() {
    let origin = Origin::new(|r| match &*r.target {
        "/404" => Reply::status(404, ""),
        "/503" => Reply::status(503, ""),
        "/501" => Reply::status(501, ""),
        _ => Reply::ok("fine"),
    });
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  tcp-request connection track-sc0 src table conns\n  http-request track-sc1 path table paths\n  \
http-request deny if {{ path /deny }}\n  http-request tarpit if {{ path /tarpit }}\n  http-request auth if {{ path /auth }}\n  \
http-request return status 429 if {{ path /return }}\n  default_backend b\n\
backend b\n  http-response track-sc2 str(r) table responses\n  server s @o@\n\
backend conns\n  stick-table type ip size 100 expire 1m store {COUNTED}\n\
backend paths\n  stick-table type string size 100 expire 1m store {COUNTED}\n\
backend responses\n  stick-table type string size 100 expire 1m store {COUNTED}\n"
    );
    let p = Builder::new(Program::Hapax, &template).set("o", &origin.addr()).start();
    let mut c = p.connect("f");
    for path in ["/a", "/a", "/404", "/503", "/501", "/auth", "/deny", "/return"] {
        c.get(path);
    }
    let row = |key: &str, held: u32, counts: [u32; 6]| {
        let [conns, cur, sess, req, err, fail] = counts;
        format!(
            "key={key} use={held} conn_cnt={conns} conn_cur={cur} sess_cnt={sess} http_req_cnt={req} http_err_cnt={err} http_fail_cnt={fail}"
        )
    };
    // The connection's entry is held while it lasts, and sees all of its requests.
    assert_eq!(entries(&p, "conns"), [row("127.0.0.1", 1, [1, 1, 1, 8, 3, 1])]);
    drop(c);
    p.connect("f").get("/tarpit");
    p.connect("f").send("GET /\x01 HTTP/1.1\r\n\r\n");
    wait::until_true("the bad request to be counted", || {
        entries(&p, "conns")[0].contains("http_err_cnt=5")
    });
    assert_eq!(ended(&p, "conns"), [row("127.0.0.1", 0, [3, 0, 3, 10, 5, 1])]);
    assert_eq!(
        ended(&p, "paths"),
        [
            row("/404", 0, [1, 0, 0, 1, 1, 0]),
            row("/501", 0, [1, 0, 0, 1, 0, 0]),
            row("/503", 0, [1, 0, 0, 1, 0, 1]),
            row("/a", 0, [2, 0, 0, 2, 0, 0]),
            row("/auth", 0, [1, 0, 0, 1, 1, 0]),
            row("/deny", 0, [1, 0, 0, 1, 1, 0]),
            row("/return", 0, [1, 0, 0, 1, 0, 0]),
            row("/tarpit", 0, [1, 0, 0, 1, 1, 0]),
        ]
    );
    // An entry tracked from the response on has missed nothing that its status tells.
    assert_eq!(ended(&p, "responses"), [row("r", 0, [5, 0, 0, 5, 1, 1])]);
}

#[test]
fn too_many_requests_are_refused() {
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  http-request track-sc0 src table t\n  \
http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 3 }}\n  http-request return status 200 hdr rate %[sc0_http_req_rate]\n\
backend t\n  stick-table type ip size 100 expire 1m store http_req_rate(1m)\n"
    );
    let p = Builder::new(Program::Hapax, &template).start();
    let mut c = p.connect("f");
    let statuses: Vec<u16> = (0..5).map(|_| c.get("/").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    ended(&p, "t");
    p.cli("clear table t");
    assert_eq!(c.get("/").header("rate"), Some("1"));
}

#[test]
fn fetches_converters_and_actions() {
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  http-request track-sc0 src table t\n  http-request sc-inc-gpc(1,0)\n  \
http-request sc-add-gpc(1,0) int(4)\n  http-request sc-set-gpt(2,0) int(7)\n  http-request sc-set-gpt0(0) 9\n  \
http-request return status 200 hdr r \"%[sc_get_gpc(1,0)]|%[sc_gpc_rate(1,0)]|%[sc_get_gpt(2,0)]|%[sc0_get_gpt0]|%[sc_get_gpc(5,0)]|\
%[sc0_get_gpc0]|%[sc0_inc_gpc0]|%[sc0_trackers]|%[sc0_tracked]|%[sc0_key]|%[sc1_conn_cnt]|%[sc0_conn_cnt]|%[sc_inc_gpc0(0,u)]|\
%[src_get_gpc0(u)]|%[src_inc_gpc0(u)]|%[src_clr_gpc0(u)]|%[str(9.9.9.9),table_gpc0(u)]|%[str(x),table_gpc0(u)]|%[str(9.9.9.9),in_table(u)]|\
%[src,in_table(u)]|%[src,table_conn_cnt(u)]|%[src,table_expire(t)]|%[str(9.9.9.9),table_idle(t,-3)]|%[table_cnt(u)]|%[table_avl(u)]\"\n\
backend t\n  stick-table type ip size 100 expire 1m store gpc(2),gpc_rate(2,1m),gpt(3)\n\
backend u\n  stick-table type ip size 100 expire 1m store gpc0\n"
    );
    let p = Builder::new(Program::Hapax, &template).start();
    let r = p.connect("f").get("/");
    let mut facts: Vec<&str> = r.header("r").unwrap().split('|').collect();
    // What is left of a minute.
    let left: u32 = facts.remove(21).parse().unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
    assert_eq!(facts.join("|"), "5|5|7|9||0|1|1|1|127.0.0.1|||1|1|2|2|0|0|0|1||-3|1|99");
}

#[test]
fn clients_stick_to_their_server() {
    let origins: Vec<Origin> = ["a", "b"].into_iter().map(Origin::saying).collect();
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  default_backend b\n\
backend b\n  balance roundrobin\n  stick on url_param(id)\n  stick store-response res.hdr(x-none)\n  stick-table type string size 100 expire 1m\n  \
server s1 @o1@ id 11\n  server s2 @o2@ id 22\n\
backend c\n  stick match url_param(id) table b\n  server s1 @o1@ id 11\n"
    );
    let p = Builder::new(Program::Hapax, &template)
        .set("o1", &origins[0].addr())
        .set("o2", &origins[1].addr())
        .start();
    let get = |id: &str| p.connect("f").get(&format!("/?id={id}")).text();
    let (x, y) = (get("x"), get("y"));
    assert_ne!(x, y, "round robin");
    for _ in 0..3 {
        assert_eq!((get("x"), get("y")), (x.clone(), y.clone()));
    }
    let (id, name) = if x == "a" { (11, "s1") } else { (22, "s2") };
    assert!(entries(&p, "b").contains(&format!("key=x use=0 server_id={id} server_key={name}")));
    // A server in maintenance takes nobody: the client is bound anew.
    p.cli(&format!("disable server b/{name}"));
    assert_eq!(get("x"), y);
    p.cli(&format!("enable server b/{name}"));
    assert_eq!(get("x"), y);
}

#[test]
fn down_servers_may_be_forced() {
    let origins: Vec<Origin> = ["a", "b"].into_iter().map(Origin::saying).collect();
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  default_backend b\n\
backend b\n  balance roundrobin\n  stick match url_param(id)\n  force-persist if {{ hdr(x-test) yes }}\n  stick-table type string size 100 expire 1m\n  \
server s1 @o1@\n  server s2 @o2@\n"
    );
    let p = Builder::new(Program::Hapax, &template)
        .set("o1", &origins[0].addr())
        .set("o2", &origins[1].addr())
        .start();
    p.cli("set table b key x data.server_id 1");
    assert_eq!(p.connect("f").get("/?id=x").text(), "a");
    p.cli("disable server b/s1");
    assert_eq!(p.connect("f").get("/?id=x").text(), "b");
    assert_eq!(p.connect("f").get_with("/?id=x", "x-test: yes\r\n").text(), "a");
}

#[test]
fn commands() {
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  tcp-request connection track-sc0 src table ips\n  http-request return status 200\n\
backend ips\n  stick-table type ip size 100 expire 1m store gpc0,http_req_rate(10s),gpt(2)\n\
backend ints\n  stick-table type integer size 100 store bytes_in_cnt\n\
backend bins\n  stick-table type binary len 4 size 100\n\
peers pp\n  table t type string len 5 size 100 store gpc0\n"
    );
    let p = Builder::new(Program::Hapax, &template).start();
    let head = |name: &str, kind: &str, used: u32| format!("# table: {name}, type: {kind}, size:100, used:{used}\n");
    assert_eq!(
        p.cli("show table"),
        format!(
            "{}{}{}{}\n",
            head("pp/t", "string", 0),
            head("bins", "binary", 0),
            head("ints", "integer", 0),
            head("ips", "ip", 0)
        )
    );
    let cases: &[(&str, &str)] = &[
        ("show table nope", "No such table"),
        ("show table ips key", "Key value expected"),
        ("show table ips key 1.2.3.4", ""),
        ("show table ips data.foo gt 1", "Filter entry #1: Unknown data type"),
        (
            "show table ips data.gpc1 gt 1",
            "Filter entry #1: Data type not stored in this table",
        ),
        (
            "show table ips data.gpc0 gt x",
            "Filter entry #1: Require a valid integer value to compare against",
        ),
        (
            "set table bins key ab",
            "Inserting keys into tables of type other than ip, ipv6, string and integer is not supported",
        ),
        ("set table ints key x", ""),
        ("clear table ints key 0", ""),
        ("set table ips key 1.2.3.4 data.gpc0", "Require a valid integer value to store"),
        ("set table ips key 1.2.3.4 data.gpc0 3 data.gpt[1] 5 data.http_req_rate 8", ""),
        ("set table ips key 1.2.3.5 data.gpc0 4", ""),
        ("set table ints key 7 data.bytes_in_cnt 99999999999", ""),
        ("set table pp/t key abcdefg data.gpc0 1", ""),
    ];
    for (command, answer) in cases {
        assert_eq!(p.cli(command).trim_end(), *answer, "{command}");
    }
    assert_eq!(entries(&p, "pp/t"), ["key=abcde use=0 gpc0=1"]);
    assert_eq!(entries(&p, "ints"), ["key=7 use=0 bytes_in_cnt=99999999999"]);
    let four = "key=1.2.3.4 use=0 gpc0=3 http_req_rate(10000)=8 gpt0=0 gpt1=5";
    assert_eq!(entries(&p, "ips data.gpc0 gt 1 data.gpt[1] eq 5"), [four]);
    assert_eq!(entries(&p, "ips key 1.2.3.4"), [four]);
    let shown = p.cli("show table ips key 1.2.3.4");
    let pointer = shown.lines().nth(1).unwrap().split(':').next().unwrap();
    assert_eq!(entries(&p, &format!("ips ptr {pointer}")), [four]);
    p.cli(&format!("clear table ips ptr {pointer}"));
    p.cli("clear table ips data.gpc0 lt 4");
    assert_eq!(entries(&p, "ips").len(), 1);
    // What is tracked stays.
    let mut c: Client = p.connect("f");
    c.get("/");
    assert_eq!(
        p.cli("clear table ips key 127.0.0.1").trim_end(),
        "Entry currently in use, cannot remove"
    );
    p.cli("clear table ips");
    assert_eq!(entries(&p, "ips").len(), 1);
}

#[test]
fn entries_go_when_their_time_is_over() {
    let template = format!(
        "{TIMEOUTS}frontend f\n  bind @f@\n  http-request track-sc0 src table t\n  http-request return status 200\n\
backend t\n  stick-table type ip size 100 expire 50ms store http_req_cnt\n"
    );
    let p = Builder::new(Program::Hapax, &template).start();
    p.connect("f").get("/");
    wait::until_true("the entry to go", || p.cli("show table t").contains("used:0"));
}
