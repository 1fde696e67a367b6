//! What a change of health does beside the choice of servers: sessions that end, servers that follow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use hapax_tests::{Builder, Origin, Program, Proxy, Reply, wait};

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
