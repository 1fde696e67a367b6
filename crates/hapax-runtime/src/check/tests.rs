use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::AtomicUsize;

use hapax_balance::CheckStatus;
use hapax_config::Plan;
use hapax_config::plan::{CheckKind, Proxy, ProxyCaps, Server};
use hapax_value::Endpoint;

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

fn http() -> CheckKind {
    CheckKind::Http {
        method: b"OPTIONS".to_vec(),
        uri: b"/".to_vec(),
        version: b"HTTP/1.0".to_vec(),
        headers: Vec::new(),
        body: Vec::new(),
        expect: hapax_config::plan::ExpectStatus::default(),
    }
}

fn shared(servers: Vec<(Endpoint, CheckKind)>, inter: u64) -> Arc<Shared> {
    let server = |(i, (address, kind))| Server {
        name: format!("s{i}").into(),
        id: i as u32 + 1,
        weight: 1,
        address: Some(address),
        check: Some(Check {
            kind,
            inter,
            rise: 1,
            fall: 1,
            ..Check::default()
        }),
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

/// A port where nobody listens.
fn nobody() -> Endpoint {
    let l = TcpListener::bind("127.0.0.1:0").expect("a port");
    Endpoint::Ip(l.local_addr().expect("bound"))
}

async fn one(address: Endpoint, kind: CheckKind) -> (CheckStatus, u16, String) {
    let shared = shared(vec![(address, kind)], 200);
    let check = conf(&shared, ProxyId(0), ServerId(0)).expect("a check");
    let o = probe::probe(&shared, ProxyId(0), ServerId(0), check, &no_tls()).await;
    (o.status, o.code, o.info)
}

#[tokio::test]
async fn each_way_to_end() {
    let quiet = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = Endpoint::Ip(quiet.local_addr().expect("bound"));
    let cases = [
        (origin(None).0, CheckKind::Tcp, (CheckStatus::L4Ok, 0, "")),
        (nobody(), CheckKind::Tcp, (CheckStatus::L4Con, 0, "Connection refused")),
        (origin(Some("HTTP/1.0 204 No\r\n\r\n")).0, http(), (CheckStatus::L7Ok, 204, "")),
        (
            origin(Some("HTTP/1.1 503 Busy\r\n\r\n")).0,
            http(),
            (CheckStatus::L7Status, 503, "Busy"),
        ),
        (origin(Some("what?\r\n\r\n")).0, http(), (CheckStatus::L7Rsp, 0, "")),
        (origin(Some("")).0, http(), (CheckStatus::L7Rsp, 0, "")),
        (silent, http(), (CheckStatus::L7Timeout, 0, "")),
        (nobody(), http(), (CheckStatus::L4Con, 0, "Connection refused")),
    ];
    for (address, kind, (status, code, info)) in cases {
        let text = format!("{address:?} {kind:?}");
        assert_eq!(one(address, kind).await, (status, code, info.to_owned()), "{text}");
    }
}

#[test]
fn the_control_thread_checks_and_stops() {
    let (up, seen) = origin(None);
    let shared = shared(vec![(up, CheckKind::Tcp), (nobody(), CheckKind::Tcp)], 50);
    let thread = crate::control::ControlThread::start(Arc::clone(&shared), no_tls()).expect("a thread");
    let live = &shared.proxy(ProxyId(0)).live;
    let patience = std::time::Instant::now() + Duration::from_secs(5);
    while (live.usable() != (1, 0) || seen.load(Ordering::SeqCst) < 3) && std::time::Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(live.usable(), (1, 0));
    assert!(seen.load(Ordering::SeqCst) >= 3, "checks go on");
    drop(thread);
    let after = seen.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(seen.load(Ordering::SeqCst), after, "and end with the thread");
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
