//! A process that leaves hands everything over to the one that follows.

use hapax_tests::{Builder, Program, Proxy, wait};
use rustix::process::Signal;

use crate::{Ports, SINGLES, TIMEOUTS, entries, pairs, until_entries, until_settled};

fn text() -> String {
    format!(
        "{TIMEOUTS}peers p\n  peer a @a@\n  peer b @b@\n  table strings type string size 1k expire 1h store {SINGLES}\n\
backend v4\n  stick-table type ip size 10k store gpc0 peers p\nfrontend f\n  bind @f@\n  http-request deny\n"
    )
}

fn fill(p: &Proxy) -> [Vec<String>; 2] {
    for n in 0..100 {
        p.cli(&format!("set table v4 key 192.0.2.{n} data.gpc0 {n}"));
    }
    p.cli("set table p/strings key x data.gpc0 1 data.http_req_rate 20 data.bytes_out_cnt 3000000000000");
    [entries(p, "v4"), entries(p, "p/strings")]
}

/// Old and new are of any make.
#[test]
fn a_successor_knows_everything() {
    for (first, second) in pairs("a_successor_knows_everything") {
        let ports = Ports::reserve();
        let mut old = ports.builder(first, "a", &text()).start();
        let want = fill(&old);
        if first == Program::Haproxy {
            // It hands over only what it is sure to know.
            until_settled(&old);
        }
        let pid = old.pid().to_string();
        let builder = ports.builder(second, "a", &text()).beside(&old);
        let new = builder.args(&["-db", "-L", "a", "-sf", &pid]).start();
        assert!(old.exit_status().success());
        until_entries(&new, "v4", &want[0]);
        until_entries(&new, "p/strings", &want[1]);
    }
}

/// What is counted while the last requests of the old one end is not lost.
#[test]
fn a_successor_hears_of_what_changes_late() {
    let text = text().replace(
        "http-request deny",
        "http-request track-sc0 path table p/strings\n  http-request sc-inc-gpc0(0)\n  http-request return status 200",
    );
    // HAProxy as the one that leaves does not always tell.
    let pairs = pairs("a_successor_hears_of_what_changes_late");
    for (first, second) in pairs.into_iter().filter(|(first, _)| *first == Program::Hapax) {
        let ports = Ports::reserve();
        let mut old = ports.builder(first, "a", &text).start();
        let want = fill(&old);
        let mut late = old.connect("f");
        late.send("GET /late HTTP/1.1\r\nHost: a\r\n");
        let taken = || old.cli("show info").contains("CurrConns: 1\n");
        wait::until_true("the request to have begun", taken);
        let pid = old.pid().to_string();
        let new = ports
            .builder(second, "a", &text)
            .beside(&old)
            .args(&["-db", "-L", "a", "-sf", &pid])
            .start();
        until_entries(&new, "v4", &want[0]);
        assert!(old.is_running());
        late.send("\r\n");
        assert_eq!(late.answer().status, 200);
        assert!(old.exit_status().success());
        wait::until_true("the late one to be known", || {
            entries(&new, "p/strings")
                .iter()
                .any(|e| e.starts_with("key=/late ") && e.contains(" gpc0=1 "))
        });
    }
}

#[test]
fn a_reloaded_worker_knows_everything() {
    let ports = Ports::reserve();
    let template = format!("global\n  master-worker\n  stats socket @dir@/stats.sock level admin\n{}", text());
    let master = ports.builder(Program::Hapax, "a", &template).args(&["-W", "-L", "a"]).start();
    let want = fill(&master);
    let pid = || {
        let info = master.cli("show info");
        info.lines().find(|l| l.starts_with("Pid: ")).map(str::to_owned)
    };
    let old = pid();
    master.signal(Signal::USR2);
    wait::until_true("another worker", || pid() != old);
    until_entries(&master, "v4", &want[0]);
    until_entries(&master, "p/strings", &want[1]);
}

/// Nobody follows: there is nothing to wait for.
#[test]
fn alone_it_just_leaves() {
    for args in [&["-db", "-L", "a"][..], &["-W", "-L", "a"]] {
        let ports = Ports::reserve();
        let builder: Builder = ports.builder(Program::Hapax, "a", &text());
        let mut p = builder.args(args).start();
        fill(&p);
        p.signal(Signal::USR1);
        assert!(p.exit_status().success());
    }
}

/// A name that only one process may listen on at a time is handed over like the others.
#[test]
fn sockets_of_peers_are_handed_over() {
    let text = "global\n  stats socket @dir@/stats.sock level admin expose-fd listeners\ndefaults\n  timeout client 5s\n  mode http\npeers p\n  \
                peer a @name@\n  table t type ip size 10 store gpc0\nfrontend f\n  bind @f@\n  http-request deny\n";
    let args = ["-db", "-L", "a"];
    let name = format!("abns@hapax-test-{}", std::process::id());
    let mut old = Builder::new(Program::Hapax, text).args(&args).set("name", &name).start();
    old.cli("set table p/t key 192.0.2.1 data.gpc0 5");
    let (pid, socket) = (old.pid().to_string(), old.dir().join("stats.sock"));
    let builder = Builder::new(Program::Hapax, text).beside(&old).set("name", &name);
    let new = builder
        .args(&[&args[..], &["-x", socket.to_str().unwrap(), "-sf", &pid]].concat())
        .start();
    assert!(old.exit_status().success());
    until_entries(&new, "p/t", &["key=192.0.2.1 gpc0=5".to_owned()]);
}
