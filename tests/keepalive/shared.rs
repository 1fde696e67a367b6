//! Idle connections to servers that several threads share, and what tells them apart.

use hapax_tests::{Builder, Client, Origin, Program, Proxy, wait};

use crate::TIMEOUTS;

fn threads(origin: &Origin, global: &str, lines: &str, server: &str) -> Proxy {
    let head = "global\n  nbthread 4\n  stats socket @dir@/stats.sock mode 600 level admin\n";
    let config = format!("{head}{global}{TIMEOUTS}listen l\n  bind @l@\n  http-reuse always\n{lines}  server s @s@ {server}\n");
    Builder::new(Program::Hapax, &config).set("s", &origin.addr()).start()
}

/// Connections that idle towards the server, as all threads together count them.
fn idle(p: &Proxy) -> usize {
    let all = p.cli("show servers conn");
    let row = all.lines().find(|l| l.starts_with("l/s ")).unwrap();
    row.split(' ').nth(14).unwrap().parse().unwrap()
}

/// One request on a connection of its own, and the server's connection idle again.
fn visit(p: &Proxy, origin: &Origin) {
    assert_eq!(p.connect("l").get("/").text(), "ok");
    wait::until_true("the connection idles", || idle(p) == origin.connections());
}

#[test]
fn threads_take_idle_connections_from_each_other() {
    let origin = Origin::saying("ok");
    let p = threads(&origin, "", "", "");
    for _ in 0..24 {
        visit(&p, &origin);
    }
    assert_eq!(origin.connections(), 1, "whichever thread served the client");
}

#[test]
fn threads_that_share_nothing_have_a_connection_each() {
    let origin = Origin::saying("ok");
    let p = threads(&origin, "  tune.idle-pool.shared off\n", "", "");
    // As many clients as it takes to meet a second thread, and some more.
    wait::until_true("another thread", || {
        visit(&p, &origin);
        origin.connections() > 1
    });
    for _ in 0..24 {
        visit(&p, &origin);
    }
    assert!(origin.connections() <= 4, "{}", origin.connections());
}

#[test]
fn below_the_low_mark_threads_make_their_own() {
    let origin = Origin::saying("ok");
    let p = threads(&origin, "", "", "pool-low-conn 2");
    for _ in 0..24 {
        visit(&p, &origin);
    }
    assert_eq!(origin.connections(), 2, "the second makes them two, which all share");
}

#[test]
fn an_idle_connection_that_died_on_another_thread_is_not_used() {
    let mut origin = Origin::saying("ok");
    let p = threads(&origin, "", "", "");
    visit(&p, &origin);
    origin.die();
    origin.come_back();
    for _ in 0..8 {
        assert_eq!(p.connect("l").get("/").text(), "ok");
    }
}

#[test]
fn names_tell_idle_connections_apart() {
    let origin = Origin::saying("ok");
    let p = threads(&origin, "", "", "pool-low-conn 2 pool-conn-name req.hdr(x-name)");
    let mut c = p.connect("l");
    for name in ["a", "b", "a", "b", "a"] {
        assert_eq!(c.get_with("/", &format!("X-Name: {name}\r\n")).text(), "ok");
    }
    assert_eq!(origin.connections(), 2);
}

#[test]
fn a_client_has_several_connections_to_itself() {
    let origins = [Origin::saying("ok"), Origin::saying("ok")];
    let lines = "listen l\n  bind @l@\n  http-reuse never\n  use-server a if { hdr(to) a }\n  use-server b if { hdr(to) b }\n";
    let config = format!("{TIMEOUTS}{lines}  server a @a@\n  server b @b@\n");
    let p = Builder::new(Program::Hapax, &config)
        .set("a", &origins[0].addr())
        .set("b", &origins[1].addr())
        .start();
    let both = |c: &mut Client| {
        for to in ["a", "b", "a", "b"] {
            assert_eq!(c.get_with("/", &format!("To: {to}\r\n")).text(), "ok");
        }
    };
    both(&mut p.connect("l"));
    both(&mut p.connect("l"));
    assert_eq!(origins.map(|o| o.connections()), [2, 2], "one each for either client");
}

/// One request to each of the two servers in turn, the first one asked again at the end: how many connections it saw.
fn in_turn(tuning: &str) -> usize {
    let (first, second) = (Origin::saying("one"), Origin::saying("two"));
    let sections = "listen l\n  bind @l@\n  http-reuse always\n  use-server b if { path /b }\n  server a @a@\n  server b @b@ weight 0\n";
    let config = format!("global\n  nbthread 1\n  maxconn 20\n{tuning}{TIMEOUTS}{sections}");
    let p = Builder::new(Program::Hapax, &config)
        .set("a", &first.addr())
        .set("b", &second.addr())
        .descriptors(200)
        .start();
    for (path, text) in [("/a", "one"), ("/b", "two"), ("/a", "one")] {
        assert_eq!(p.connect("l").get(path).text(), text);
    }
    first.connections()
}

#[test]
fn few_descriptors_are_not_spent_on_what_idles() {
    assert_eq!(
        in_turn("  tune.pool-low-fd-ratio 90\n  tune.pool-high-fd-ratio 90\n"),
        1,
        "there is room"
    );
    assert_eq!(
        in_turn("  tune.pool-low-fd-ratio 1\n  tune.pool-high-fd-ratio 90\n"),
        2,
        "nothing is kept"
    );
    assert_eq!(
        in_turn("  tune.pool-low-fd-ratio 90\n  tune.pool-high-fd-ratio 1\n"),
        2,
        "the other one's makes room"
    );
}
