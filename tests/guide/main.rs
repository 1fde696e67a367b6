//! Whole configurations as a guide would show them, under many clients while a server dies and comes back.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod samples;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hapax_tests::{Builder, Client, Origin, Program, Reply, wait};

const CLIENTS: usize = 100;
const PER_CLIENT: usize = 100;

/// Sends requests over `CLIENTS` connections; connections may end between two requests, never within one.
fn storm(port: u16, done: &Arc<AtomicUsize>) -> usize {
    let threads: Vec<_> = (0..CLIENTS)
        .map(|n| {
            let done = Arc::clone(done);
            std::thread::spawn(move || {
                let mut failed = 0;
                let mut c = Client::connect(port);
                for i in 0..PER_CLIENT {
                    let request = format!("GET /{n}/{i} HTTP/1.1\r\nHost: www.example\r\nX-Id: {n}-{i}\r\n\r\n");
                    let mut answer = c.try_send(&request).and_then(|()| c.try_answer_to("GET"));
                    if answer.is_err() {
                        c = Client::connect(port);
                        c.send(&request);
                        answer = c.try_answer_to("GET");
                    }
                    let r = answer.unwrap();
                    if r.status == 200 {
                        assert_eq!(r.text(), format!("/{n}/{i}"), "an answer to another request");
                    } else {
                        failed += 1;
                    }
                    done.fetch_add(1, Ordering::Relaxed);
                }
                failed
            })
        })
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).sum()
}

#[test]
fn a_web_farm_survives_the_death_of_a_server() {
    let app = || Origin::new(|r| Reply::ok(r.target.clone()));
    let (one, two, mut three) = (app(), app(), app());
    let p = Builder::new(
        Program::Hapax,
        "global
  maxconn 2000
defaults
  mode http
  option httplog
  option dontlognull
  option forwardfor
  option redispatch 1
  retries 3
  retry-on conn-failure empty-response response-timeout
  timeout connect 10s
  timeout client 2m
  timeout server 2m
frontend www
  bind @www@
  acl static path_beg /static /images
  http-request set-header X-Forwarded-Proto http
  http-request deny if { path_beg /admin } !{ src 127.0.0.0/8 }
  use_backend assets if static
  default_backend app
backend app
  balance roundrobin
  cookie SRV insert indirect nocache
  option httpchk GET /health
  default-server check inter 100ms rise 2 fall 2
  server one @one@ cookie 1
  server two @two@ cookie 2
  server three @three@ cookie 3
backend assets
  balance leastconn
  server one @one@
",
    )
    .set("one", &one.addr())
    .set("two", &two.addr())
    .set("three", &three.addr())
    .start();
    let done = Arc::new(AtomicUsize::new(0));
    let port = p.port("www");
    let counted = Arc::clone(&done);
    let clients = std::thread::spawn(move || storm(port, &counted));
    let reach = |n: usize| wait::until_true("requests", || done.load(Ordering::Relaxed) >= n);
    reach(2000);
    three.die();
    reach(5000);
    three.come_back();
    let failed = clients.join().unwrap();
    assert_eq!(done.load(Ordering::Relaxed), CLIENTS * PER_CLIENT);
    // Only requests that were in flight on the dying server may fail: no more than it had connections.
    assert!(failed <= CLIENTS / 3, "{failed} requests failed");
    let before = three.requests().iter().filter(|r| r.target != "/health").count();
    wait::until_true("the server to be used again", || {
        let _ = Client::connect(port).get("/again");
        three.requests().iter().filter(|r| r.target != "/health").count() > before
    });
}

#[test]
fn plain_tcp_balancing_under_many_clients() {
    let app = || Origin::new(|r| Reply::ok(r.target.clone()));
    let (one, two) = (app(), app());
    let p = Builder::new(
        Program::Hapax,
        "defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\nlisten l\n  bind @l@\n  balance leastconn\n  server one @one@\n  server two @two@\n",
    )
    .set("one", &one.addr())
    .set("two", &two.addr())
    .start();
    // Whoever comes next goes where fewer are.
    let mut held = Vec::new();
    for n in 1..=20 {
        let mut c = p.connect("l");
        assert_eq!(c.get("/").text(), "/");
        held.push(c);
        let (a, b) = (one.connections(), two.connections());
        assert!(a + b == n && a.abs_diff(b) <= 1, "{a} and {b}");
    }
    let failed = storm(p.port("l"), &Arc::default());
    assert_eq!(failed, 0);
    assert!(one.connections() > 10 && two.connections() > 10, "all of them went to one server");
}
