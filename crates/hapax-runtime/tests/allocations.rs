//! In the steady state a request costs no allocation: counted over a whole running server, with a client and an origin that allocate
//! nothing themselves. Alone in its binary, as the count is the process's.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use std::alloc::System;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use hapax_config::{Input, LoadOptions, Plan, load};
use hapax_runtime::server::{BoundListener, Owner, Server, StartOptions};
use hapax_sample::{Files, ProxyId};
use hapax_sys::listen::Listener;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Requests before counting, and while counting.
const WARM: usize = 200;
const COUNTED: usize = 1000;

struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Arc<[u8]>, String> {
        Err("No such file or directory".to_owned())
    }
}

/// Answers every request on every connection, without allocating once a connection is open.
fn origin() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(mut stream: TcpStream) {
    let mut buf = [0; 4096];
    let mut got = 0;
    while let Ok(n @ 1..) = stream.read(&mut buf[got..]) {
        got += n;
        if buf[..got].ends_with(b"\r\n\r\n") {
            got = 0;
            if stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\nok")
                .is_err()
            {
                return;
            }
        }
    }
}

fn plan(text: &str) -> Plan {
    let input = Input {
        name: "test.cfg".to_owned(),
        bytes: text.as_bytes().into(),
    };
    let loaded = load(vec![input], &NoFiles, &LoadOptions::default());
    let told: Vec<_> = loaded.diags.iter().map(|d| d.message.clone()).collect();
    loaded.plan.unwrap_or_else(|| panic!("{told:?}"))
}

/// Allocations while [`COUNTED`] keep-alive requests pass.
fn allocations(front: &str, back: &str) -> usize {
    let text = format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 30s\n timeout server 30s\nfrontend f\n bind 127.0.0.1:1\n{front} default_backend b\n\
         backend b\n{back} server s 127.0.0.1:{} cookie s\n",
        origin()
    );
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let port = socket.local_addr().unwrap().port();
    let owner = Owner::Bind {
        proxy: ProxyId(0),
        bind: 0,
    };
    let listeners = vec![BoundListener {
        owner,
        socket: Listener::Tcp(socket),
    }];
    let options = StartOptions {
        threads: 1,
        maxconn: 100,
        no_splice: false,
        debug: false,
        no_server_verify: false,
        replaces: false,
        terminal: None,
        ring_files: Vec::new(),
    };
    let mut server = Server::start(Arc::new(plan(&text)), listeners, &options).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut one = || {
        client
            .write_all(b"GET /index.html HTTP/1.1\r\nHost: www.example\r\nUser-Agent: test\r\nCookie: a=b; SRV=s\r\n\r\n")
            .unwrap();
        let mut buf = [0; 4096];
        let mut got = 0;
        while !buf[..got].ends_with(b"\r\n\r\nok") {
            let n = client.read(&mut buf[got..]).unwrap();
            assert!(n > 0, "the connection ended");
            got += n;
        }
    };
    (0..WARM).for_each(|_| one());
    let region = Region::new(GLOBAL);
    (0..COUNTED).for_each(|_| one());
    let change = region.change();
    server.finish();
    change.allocations + change.reallocations
}

#[test]
fn requests_cost_no_allocation() {
    let table = [
        ("bare", "", ""),
        ("forwardfor", " option forwardfor\n", ""),
        ("cookie", "", " cookie SRV insert indirect nocache\n"),
        (
            "rules",
            " acl api path_beg /api\n acl host hdr(host) -i other.example\n http-request deny if api host\n http-request set-header X-Proto http\n http-request del-header X-Gone\n http-response set-header X-Served yes\n",
            "",
        ),
        (
            "tables",
            " stick-table type ip size 1k expire 1m store conn_cur,http_req_rate(10s),bytes_out_rate(10s)\n http-request track-sc0 src\n http-request deny if { sc_http_req_rate(0) gt 1000000 }\n",
            "",
        ),
        (
            "stickiness",
            "",
            " stick-table type string size 1k expire 1m\n stick on hdr(host)\n",
        ),
        ("log", " log 127.0.0.1:9 local0\n option httplog\n", ""),
    ];
    let mut over = Vec::new();
    for (name, front, back) in table {
        let n = allocations(front, back);
        // Timers and the like may cost one now and then.
        if n > COUNTED / 20 {
            over.push(format!("{name}: {n} allocations in {COUNTED} requests"));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}
