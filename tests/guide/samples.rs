//! The guide's configurations as they stand in `haproxy-cfg-samples/guide`, with only addresses, ports and paths replaced: ten thousand
//! requests over a hundred connections while one of the two servers dies and comes back.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hapax_tests::tls::{Authority, ClientConfig, TlsClient};
use hapax_tests::{Builder, Client, Origin, Program, Proxy, Reply, Response, Syslog, wait};

const CLIENTS: usize = 100;
const REQUESTS: usize = 10_000;
/// What a client thinks between two requests: the storm outlasts a server's death and return without filling the machine.
const THINK: Duration = Duration::from_millis(40);

/// What happened to the servers so far: whether a failure is excused.
#[derive(Default)]
struct Weather {
    /// The server is dead, and the proxy may not have noticed yet.
    dying: AtomicBool,
    over: AtomicBool,
    done: AtomicUsize,
    /// Visits that each client has behind it.
    ended: Vec<AtomicUsize>,
    /// Failures without excuse.
    wrong: Mutex<Vec<String>>,
}

enum Conn {
    Plain(Client),
    Tls(Box<TlsClient>),
}

impl Conn {
    fn open(port: u16, tls: Option<&Arc<ClientConfig>>) -> std::io::Result<Self> {
        match tls {
            Some(config) => TlsClient::connect(port, "www.example", config).map(|c| Self::Tls(Box::new(c))),
            None => Client::try_connect(port).map(Self::Plain),
        }
    }

    fn get(&mut self, path: &str, cookie: Option<&str>) -> std::io::Result<Response> {
        match self {
            Self::Tls(c) => c.try_get(path),
            Self::Plain(c) => {
                let cookie = cookie.map_or_else(String::new, |c| format!("Cookie: {c}\r\n"));
                c.try_send(format!("GET {path} HTTP/1.1\r\nHost: www.example\r\n{cookie}\r\n"))?;
                c.try_answer_to("GET")
            }
        }
    }
}

/// One client: its connection, its cookie, and the servers it saw since it has that.
struct Visitor {
    number: usize,
    conn: Option<Conn>,
    cookie: Option<String>,
    seen: HashSet<String>,
}

impl Visitor {
    /// One request, over a new connection where the old one ended between two requests. Why it failed, otherwise.
    fn visit(&mut self, port: u16, tls: Option<&Arc<ClientConfig>>, path: &str) -> Result<(), String> {
        let mut answer = match &mut self.conn {
            Some(c) => c.get(path, self.cookie.as_deref()),
            None => Err(std::io::ErrorKind::NotConnected.into()),
        };
        if answer.is_err() {
            self.conn = None;
            let mut fresh = Conn::open(port, tls).map_err(|e| format!("connect: {e}"))?;
            answer = fresh.get(path, self.cookie.as_deref());
            self.conn = Some(fresh);
        }
        let r = answer.map_err(|e| {
            self.conn = None;
            format!("answer: {e}")
        })?;
        if r.status != 200 {
            return Err(format!("status {}", r.status));
        }
        let text = r.text();
        let (server, echoed) = text.split_once(' ').ok_or("no server in the answer")?;
        if echoed != path {
            return Err(format!("asked for {path}, got {echoed}"));
        }
        if let Some(set) = r.header("set-cookie") {
            self.cookie = set.split(';').next().map(str::to_owned);
            self.seen.clear();
        }
        if self.cookie.is_some() && path.starts_with("/app") {
            self.seen.insert(server.to_owned());
        }
        Ok(())
    }
}

/// Where clients go, and what their cookies promise.
struct Plan {
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    paths: &'static [&'static str],
    sticky: bool,
}

fn client(number: usize, plan: &Plan, weather: &Weather) {
    let mut v = Visitor {
        number,
        conn: None,
        cookie: None,
        seen: HashSet::new(),
    };
    while !weather.over.load(Ordering::SeqCst) {
        let n = weather.done.fetch_add(1, Ordering::SeqCst);
        let path = format!("{}/{}/{n}", plan.paths[n % plan.paths.len()], v.number);
        let excused = weather.dying.load(Ordering::SeqCst);
        if let Err(why) = v.visit(plan.port, plan.tls.as_ref(), &path) {
            // What began before the death may end in it.
            if !excused && !weather.dying.load(Ordering::SeqCst) {
                weather.wrong.lock().unwrap().push(format!("{path}: {why}"));
            }
        }
        weather.ended[number].fetch_add(1, Ordering::SeqCst);
        if plan.sticky && v.seen.len() > 1 {
            weather
                .wrong
                .lock()
                .unwrap()
                .push(format!("client {number} with {:?} saw {:?}", v.cookie, v.seen));
        }
        std::thread::sleep(THINK);
    }
}

/// An origin that says its name and what it was asked for.
fn app(name: &'static str) -> Origin {
    Origin::new(move |r| Reply::ok(format!("{name} {}", r.target)))
}

/// Waits for a line of the proxy's log; traffic lines pass by.
fn until_logged(syslog: &Syslog, part: &str) {
    syslog.next_with(part);
}

/// The sample's text with addresses, ports and paths of this machine.
fn sample(name: &str, log: &Syslog) -> String {
    let path = format!("{}/../../haproxy-cfg-samples/guide/{name}.cfg", env!("CARGO_MANIFEST_DIR"));
    let mut text = std::fs::read_to_string(path).unwrap();
    let swaps = [
        ("*:80\n", "@front@\n"),
        ("*:443", "@tls@"),
        ("*:8404", "@stats@"),
        ("/etc/ssl/certs/haproxy.pem", "@dir@/site.pem"),
        ("192.168.1.10:80", "@one@"),
        ("192.168.1.11:80", "@two@"),
        ("192.168.1.20:8080", "@api1@"),
        ("192.168.1.21:8080", "@api2@"),
        ("192.168.1.30:80", "@static1@"),
    ];
    for (from, to) in swaps {
        text = text.replace(from, to);
    }
    // Only root may become another user, and only one that exists.
    let known = std::fs::read_to_string("/etc/passwd").is_ok_and(|p| p.lines().any(|l| l.starts_with("haproxy:")));
    if !(rustix::process::geteuid().is_root() && known) {
        text = text.replace("    user haproxy\n    group haproxy\n", "");
    }
    text.replace("/dev/log", &log.addr())
}

fn survive(name: &str, port: &str, paths: &'static [&'static str], sticky: bool) {
    let log = Syslog::new();
    let (mut one, two) = (app("one"), app("two"));
    let (api1, api2, static1) = (app("api"), app("api"), app("static"));
    let ca = Authority::new();
    let identity = ca.issue(&["www.example"]);
    let p: Proxy = Builder::new(Program::Hapax, &sample(name, &log))
        .file("site.pem", &identity.both())
        .set("one", &one.addr())
        .set("two", &two.addr())
        .set("api1", &api1.addr())
        .set("api2", &api2.addr())
        .set("static1", &static1.addr())
        .start();
    let plan = Arc::new(Plan {
        port: p.port(port),
        tls: (port == "tls").then(|| ca.client(&[], None)),
        paths,
        sticky,
    });
    let weather = Arc::new(Weather {
        ended: (0..CLIENTS).map(|_| AtomicUsize::new(0)).collect(),
        ..Weather::default()
    });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (plan, weather) = (Arc::clone(&plan), Arc::clone(&weather));
            std::thread::spawn(move || client(number, &plan, &weather))
        })
        .collect();
    let reach = |n: usize| {
        let from = weather.done.load(Ordering::SeqCst);
        wait::until_true("requests", || weather.done.load(Ordering::SeqCst) >= from + n);
    };
    reach(1000);
    weather.dying.store(true, Ordering::SeqCst);
    one.die();
    until_logged(&log, "Server http_back/server1 is DOWN");
    reach(1000);
    // Requests that were on their way to it when it was taken out have one second for each of three retries.
    let ended = || weather.ended.iter().map(|n| n.load(Ordering::SeqCst));
    let before: Vec<usize> = ended().collect();
    wait::until_true("requests under way", || ended().zip(&before).all(|(now, then)| now > *then));
    weather.dying.store(false, Ordering::SeqCst);
    reach(1000);
    one.come_back();
    until_logged(&log, "Server http_back/server1 is UP");
    let before = one.connections();
    wait::until_true("the server to be used again", || {
        let _ = Conn::open(plan.port, plan.tls.as_ref()).and_then(|mut c| c.get("/app/again", None));
        one.connections() > before
    });
    wait::until_true("all requests", || weather.done.load(Ordering::SeqCst) >= REQUESTS);
    weather.over.store(true, Ordering::SeqCst);
    for t in clients {
        t.join().unwrap();
    }
    let wrong = weather.wrong.lock().unwrap();
    assert!(
        wrong.is_empty(),
        "{} failures without excuse: {:?}",
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );
}

#[test]
fn passthrough() {
    survive("1-basic", "front", &["/app"], false);
}

#[test]
fn tls_termination() {
    survive("2-tls", "tls", &["/app"], false);
}

#[test]
fn sticky_sessions() {
    survive("3-sticky-with-mode", "front", &["/app"], true);
}

#[test]
fn sticky_sessions_without_the_mode_balance_all_the_same() {
    survive("3-sticky-without-mode", "front", &["/app"], false);
}

#[test]
fn a_gateway_of_all() {
    survive("4-all", "front", &["/app", "/api", "/static"], true);
}
