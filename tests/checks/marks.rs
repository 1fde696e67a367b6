//! What a change of health does beside the choice of servers: sessions that end, servers that follow.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Origin, Program, Proxy, Reply, compare, wait};

use super::{status, wait_status};

/// Sessions that a server has now.
fn sessions(p: &Proxy, server: &str) -> String {
    let stat = p.cli("show stat");
    let row = stat.lines().find(|l| l.split(',').nth(1) == Some(server)).unwrap();
    row.split(',').nth(4).unwrap().to_owned()
}

#[test]
fn sessions_end_with_their_server_and_with_the_need_for_a_backup() {
    let code = Arc::new(AtomicU16::new(200));
    let own = Arc::clone(&code);
    let origin = Origin::new(move |r| match &*r.target {
        "/health" => Reply::status(own.load(Ordering::SeqCst), ""),
        _ => Reply::silence(),
    });
    let p = Builder::new(
        Program::Hapax,
        "global\n  stats socket @dir@/stats.sock level admin\ndefaults\n  mode tcp\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n\
listen l\n  bind @l@\n  option httpchk GET /health\n  server s @o@ check inter 50ms rise 1 fall 1 on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions\n  \
server spare @o@ backup\n  server follows @o@ track s weight 0\n  server next @o@ track follows weight 0\n",
    )
    .set("o", &origin.addr())
    .start();
    let leave_one = |server: &str| {
        let mut c = p.connect("l");
        c.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        wait::until_true("the session has its server", || sessions(&p, server) == "1");
        c
    };
    wait_status(&p, "s", "UP");
    let mut first = leave_one("s");
    code.store(500, Ordering::SeqCst);
    wait_status(&p, "next", "DOWN");
    assert!(first.is_closed());
    assert_eq!((status(&p, "s"), status(&p, "follows")), ("DOWN".into(), "DOWN".into()));
    let mut second = leave_one("spare");
    code.store(200, Ordering::SeqCst);
    wait_status(&p, "next", "UP");
    assert!(second.is_closed());
    let mut third = leave_one("s");
    p.cli("set server l/s state maint");
    assert!(third.is_closed());
    assert_eq!(status(&p, "follows"), "MAINT (via l/s)");
    assert_eq!(status(&p, "next"), "MAINT (via l/follows)");
}

#[test]
fn checks_and_agents_start_from_where_the_traffic_does() {
    let scenario = |program| {
        let (told, heard) = mpsc::channel();
        let listener = |name: &'static str, answer: &'static [u8]| {
            let told = Mutex::new(told.clone());
            TcpOrigin::new(move |mut s| {
                let from = s.peer_addr().unwrap().ip().to_string();
                let _ = told.lock().unwrap().send((name, from));
                let _ = s.read(&mut [0; 256]);
                let _ = s.write_all(answer);
            })
        };
        let ok = b"HTTP/1.0 200 OK\r\n\r\n";
        let (own, shared, agent) = (listener("own", ok), listener("shared", ok), listener("agent", b"up\n"));
        let agent_addr = agent.addr();
        let agent_port = agent_addr.rsplit(':').next().unwrap();
        let _p = Builder::new(
            program,
            &format!(
                "{}listen l\n  bind @l@\n  source 127.0.0.2\n  option httpchk GET /\n  server own @own@ check inter 50ms source 127.0.0.3\n  \
server shared @shared@ check inter 50ms agent-check agent-send hello agent-port {agent_port} agent-inter 50ms\n",
                super::TIMEOUTS
            ),
        )
        .set("own", &own.addr())
        .set("shared", &shared.addr())
        .start();
        ["own", "shared", "agent"].map(|name| {
            let (_, from) = heard.iter().find(|(who, _)| *who == name).unwrap();
            from
        })
    };
    assert_eq!(scenario(Program::Hapax), ["127.0.0.3", "127.0.0.2", "127.0.0.2"]);
    compare::same("checks_and_agents_start_from_where_the_traffic_does", scenario);
}
