use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::AtomicUsize;

use hapax_balance::CheckStatus;
use hapax_config::Plan;
use hapax_config::plan::{Act, Check, Connect, CopyOnWrite, Expect, Pattern, Proxy, ProxyCaps, Script, ScriptKind, Server, Step, Text};
use hapax_value::Endpoint;
use socket2::{Domain, Socket, Type};

use super::*;

/// A server that answers each connection with `answer` (`None`: closes at once), counting them.
fn origin(answer: Option<&'static str>) -> (Endpoint, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = Endpoint::Ip(listener.local_addr().expect("bound"));
    let count = Arc::new(AtomicUsize::new(0));
    let n = Arc::clone(&count);
    std::thread::spawn(move || {
        while let Ok((mut c, _)) = listener.accept() {
            n.fetch_add(1, Ordering::SeqCst);
            if let Some(text) = answer {
                let mut buf = [0; 1024];
                let _ = c.read(&mut buf);
                let _ = c.write_all(text.as_bytes());
            }
        }
    });
    (address, count)
}

/// A check of these steps after a connection.
fn script(kind: ScriptKind, acts: Vec<Act>) -> Arc<Script> {
    let connect = Act::Connect(Box::new(Connect {
        like_server: true,
        ..Connect::default()
    }));
    let step = |(n, act): (u32, Act)| {
        Arc::new(Step {
            number: n,
            comment: None,
            act,
        })
    };
    Arc::new(Script {
        kind,
        steps: (1..).zip(std::iter::once(connect).chain(acts)).map(step).collect(),
        ..Script::default()
    })
}

fn tcp() -> Arc<Script> {
    script(ScriptKind::Connect, Vec::new())
}

fn http() -> Arc<Script> {
    let usual = Expect::new(Pattern::Status(vec![(200, 399)]));
    script(ScriptKind::Http, vec![Act::SendHttp(Box::default()), Act::Expect(Box::new(usual))])
}

/// Sends `ask`, and expects `pattern`.
fn talk(ask: &str, expect: Expect) -> Arc<Script> {
    let ask = Act::Send(Text::Fixed(ask.as_bytes().into()));
    script(ScriptKind::Tcp, vec![ask, Act::Expect(Box::new(expect))])
}

fn text(pattern: &str) -> Expect {
    Expect::new(Pattern::String(pattern.as_bytes().into()))
}

/// Expects a body that says "bad", or must not say it.
fn body(negated: bool) -> Arc<Script> {
    let expect = Expect {
        negated,
        ..Expect::new(Pattern::Body(b"bad".as_slice().into()))
    };
    script(ScriptKind::Http, vec![Act::SendHttp(Box::default()), Act::Expect(Box::new(expect))])
}

/// A server that says this, and stays.
fn lingering(text: &'static str) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = Endpoint::Ip(listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        let mut guests = Vec::new();
        while let Ok((mut c, _)) = listener.accept() {
            let _ = c.write_all(text.as_bytes());
            guests.push(c);
        }
    });
    address
}

fn shared(servers: Vec<(Endpoint, Arc<Script>)>, inter: u64) -> Arc<Shared> {
    let server = |(i, (address, script))| Server {
        name: format!("s{i}").into(),
        id: i as u32 + 1,
        weight: 1,
        address: Some(address),
        check: Some(CopyOnWrite::from(Check {
            script,
            inter,
            rise: 1,
            fall: 1,
            ..Check::default()
        })),
        ..Server::default()
    };
    let proxy = Proxy {
        name: "b".into(),
        caps: ProxyCaps::BACKEND,
        servers: servers.into_iter().enumerate().map(server).collect(),
        ..Proxy::default()
    };
    let plan = Plan {
        proxies: vec![proxy],
        ..Plan::default()
    };
    Arc::new(Shared::new(Arc::new(plan), 1, 100, 0))
}

fn no_tls() -> TlsOf {
    Arc::new(|_, _| None)
}

/// A port where nobody listens: a socket that does not listen keeps it from others, for as long as the process lives.
fn nobody() -> Endpoint {
    let s = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    s.bind(&any.into()).expect("a port");
    let address = s.local_addr().expect("bound").as_socket().expect("an address");
    std::mem::forget(s);
    Endpoint::Ip(address)
}

async fn one(address: Endpoint, script: Arc<Script>, time: u64) -> (CheckStatus, u16, String) {
    let shared = shared(vec![(address, script)], time);
    let conf = shared.server_conf(ProxyId(0), ServerId(0));
    let check = conf.check.as_ref().expect("a check");
    let cx = Checker {
        world: LiveWorld::new(Arc::clone(&shared), 1),
        slots: Semaphore::new(1),
        tls: no_tls(),
        shared: Arc::clone(&shared),
    };
    let o = probe::probe(&cx, ProxyId(0), ServerId(0), check).await;
    (o.status, o.code, o.info)
}

#[tokio::test]
async fn each_way_to_end() {
    let quiet = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = Endpoint::Ip(quiet.local_addr().expect("bound"));
    let refused = "ECONNREFUSED returned by OS (Connection refused)";
    let refused_at = "ECONNREFUSED returned by OS (Connection refused) at step 1 of tcp-check (connect)";
    let unwanted = Expect {
        negated: true,
        ..text("ng")
    };
    let enough = Expect {
        min_recv: Some(3),
        negated: true,
        ..Expect::new(Pattern::Regex(
            hapax_sample::regexp::Regexp::new(b"^error", false).expect("a regex"),
        ))
    };
    let cases = [
        (origin(None).0, tcp(), (CheckStatus::L4Ok, 0, "")),
        (nobody(), tcp(), (CheckStatus::L4Con, 0, refused)),
        (origin(Some("HTTP/1.0 204 No\r\n\r\n")).0, http(), (CheckStatus::L7Ok, 204, "")),
        (
            origin(Some("HTTP/1.1 503 Busy\r\n\r\n")).0,
            http(),
            (CheckStatus::L7Status, 503, "Busy"),
        ),
        (origin(Some("what?\r\n\r\n")).0, http(), (CheckStatus::SockErr, 0, "")),
        (origin(Some("")).0, http(), (CheckStatus::SockErr, 0, "")),
        (
            origin(Some("HTTP/1.1 200 OK\r\ncontent-le")).0,
            http(),
            (CheckStatus::SockErr, 0, ""),
        ),
        (silent.clone(), http(), (CheckStatus::L7Timeout, 0, "")),
        (nobody(), http(), (CheckStatus::L4Con, 0, refused)),
        (
            origin(Some("pong")).0,
            talk("ping", text("pong")),
            (CheckStatus::L7Ok, 0, "(tcp-check)"),
        ),
        (
            origin(Some("pang")).0,
            talk("ping", text("pong")),
            (CheckStatus::L7Rsp, 0, "TCPCHK did not match content 'pong' at step 3"),
        ),
        (
            origin(Some("pong")).0,
            talk("ping", unwanted),
            (CheckStatus::L7Rsp, 0, "TCPCHK matched unwanted content 'ng' at step 3"),
        ),
        (origin(Some("fine")).0, talk("ping", enough), (CheckStatus::L7Ok, 0, "(tcp-check)")),
        (
            origin(Some("")).0,
            talk("ping", text("pong")),
            (CheckStatus::L7Rsp, 0, "TCPCHK got an empty response at step 3"),
        ),
        (
            silent,
            talk("ping", text("pong")),
            (CheckStatus::L7Timeout, 0, " at step 3 of tcp-check (expect string 'pong')"),
        ),
        (nobody(), talk("ping", text("pong")), (CheckStatus::L4Con, 0, refused_at)),
    ];
    all(cases).await;
}

#[tokio::test]
async fn answers_that_are_none() {
    let cases = [
        (
            origin(Some("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")).0,
            http(),
            (CheckStatus::L7Rsp, 200, "TCPCHK did not match content(status codes) at step 3"),
        ),
        (
            origin(Some("HTTP/1.1 500 \r\n\r\n")).0,
            http(),
            (CheckStatus::L7Status, 500, "TCPCHK did not match content(status codes) at step 3"),
        ),
        // The first answer counts, be it only an interim one.
        (
            origin(Some("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")).0,
            http(),
            (CheckStatus::L7Status, 100, "Continue"),
        ),
        (
            origin(Some("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).0,
            body(true),
            (CheckStatus::L7Rsp, 200, "HTTP content check could not find a response body"),
        ),
        (
            origin(Some("HTTP/1.1 200 OK\r\n\r\nfine")).0,
            body(false),
            (CheckStatus::L7Rsp, 200, "HTTP content check did not match"),
        ),
        (
            origin(Some("")).0,
            talk(
                "ping",
                Expect {
                    negated: true,
                    ..text("pong")
                },
            ),
            (CheckStatus::L7Ok, 0, "(tcp-check)"),
        ),
        (
            origin(Some("x")).0,
            talk("ping", Expect::new(Pattern::Anything)),
            (CheckStatus::L7Ok, 0, "(tcp-check)"),
        ),
        (
            lingering("pong"),
            talk(
                "ping",
                Expect {
                    min_recv: Some(5),
                    ..text("pong")
                },
            ),
            (CheckStatus::L7Timeout, 0, " at step 3 of tcp-check (expect string 'pong')"),
        ),
    ];
    all(cases).await;
}

/// A server, how it is checked, and what comes of it.
type Case = (Endpoint, Arc<Script>, (CheckStatus, u16, &'static str));

async fn all<const N: usize>(cases: [Case; N]) {
    for (address, script, (status, code, info)) in cases {
        let what = format!("{address:?} {script:?}");
        // Only who is silent is to take too long.
        let time = if status == CheckStatus::L7Timeout { 200 } else { 60_000 };
        assert_eq!(one(address, script, time).await, (status, code, info.to_owned()), "{what}");
    }
}

#[test]
fn the_control_thread_checks_and_stops() {
    // A check that says nothing is never seen by who accepts connections.
    let (up, seen) = origin(Some("HTTP/1.0 204 No\r\n\r\n"));
    let shared = shared(vec![(up, http()), (nobody(), tcp())], 50);
    let thread = crate::control::ControlThread::start(Arc::clone(&shared), no_tls()).expect("a thread");
    let live = &shared.proxy(ProxyId(0)).live;
    let patience = std::time::Instant::now() + Duration::from_mins(1);
    while (live.usable() != (1, 0) || seen.load(Ordering::SeqCst) < 3) && std::time::Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(live.usable(), (1, 0));
    assert!(seen.load(Ordering::SeqCst) >= 3, "checks go on");
    drop(thread);
    assert_eq!(
        Arc::strong_count(&shared),
        1,
        "and end with the thread: nobody is left to make them"
    );
}

#[test]
fn spreading_stays_in_its_share() {
    let mut seed = 7;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let w = spread(2000, 10, &mut seed);
        assert!((1800..=2200).contains(&w));
        seen.insert(w);
    }
    assert!(seen.len() > 100);
    assert_eq!(spread(2000, 0, &mut seed), 2000);
}

#[test]
fn first_checks_come_within_the_longest_spread() {
    assert_eq!(
        [spread_over(2000, 0), spread_over(2000, 500), spread_over(100, 500)],
        [2000, 500, 100]
    );
}

#[test]
fn threads_share_the_limit_of_checks() {
    assert_eq!(
        [at_once(0, 4), at_once(3, 4), at_once(3, 0), at_once(u32::MAX, 4)],
        [AT_ONCE, 12, 3, AT_ONCE]
    );
}
