//! What a request asks of the kernel, counted by `strace` where it is installed and allowed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use hapax_tests::wait::until;
use hapax_tests::{Builder, Origin, Program, Proxy};

use super::TIMEOUTS;

/// What a loop does for all that happened in one turn, however much that was; and `fcntl`, by which debug builds look whether a
/// descriptor is open.
const NOT_COUNTED: [&str; 5] = ["epoll_wait", "epoll_pwait2", "clock_gettime", "futex", "fcntl"];

/// `strace` on a running proxy; `None`: it cannot be had here, which is said.
struct Tracer {
    child: Child,
    out: std::path::PathBuf,
}

impl Tracer {
    fn on(p: &Proxy) -> Option<Self> {
        let out = p.dir().join("calls");
        let child = Command::new("strace")
            .args(["-f", "-c", "-U", "calls,name", "-p", &p.pid().to_string(), "-o"])
            .arg(&out)
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("skipped: strace is not installed");
            return None;
        };
        let told = BufReader::new(child.stderr.take().unwrap());
        if told.lines().map_while(Result::ok).any(|l| l.contains("attached")) {
            return Some(Self { child, out });
        }
        eprintln!("skipped: strace may not look at other processes here");
        None
    }

    /// The calls made since, by name.
    fn counts(mut self) -> BTreeMap<String, f64> {
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(self.child.id().cast_signed()).unwrap(),
            rustix::process::Signal::INT,
        )
        .unwrap();
        self.child.wait().unwrap();
        let text = until("strace has written", || {
            std::fs::read_to_string(&self.out).ok().filter(|t| t.contains("total"))
        });
        text.lines()
            .filter_map(|l| {
                let mut words = l.split_whitespace();
                let (n, name) = (words.next()?.parse().ok()?, words.next()?);
                (name != "total" && !NOT_COUNTED.contains(&name)).then(|| (name.to_owned(), n))
            })
            .collect()
    }
}

fn proxy(origin: &Origin) -> Proxy {
    let text = format!("global\n  nbthread 1\n{TIMEOUTS}listen l\n  bind @l@\n  server s @s@\n");
    Builder::new(Program::Hapax, &text).set("s", &origin.addr()).start()
}

#[test]
fn a_kept_alive_request_costs_two_reads_and_two_writes() {
    const REQUESTS: u32 = 200;
    let origin = Origin::saying("ok");
    let p = proxy(&origin);
    let mut c = p.connect("l");
    c.get("/");
    let Some(tracer) = Tracer::on(&p) else { return };
    for _ in 0..REQUESTS {
        assert_eq!(c.get("/").text(), "ok");
    }
    let calls = tracer.counts();
    let all: f64 = calls.values().sum();
    // The clock of the process ticks meanwhile, which may cost a few calls.
    assert!(all <= f64::from(REQUESTS) * 4.0 + 40.0, "{calls:?}");
    // A connection that was never waited for before is made known once, when it is.
    let told = calls.get("epoll_ctl").copied().unwrap_or_default();
    assert!(told <= 2.0, "{calls:?}");
}

#[test]
fn a_connection_per_request_costs_few_calls() {
    const REQUESTS: u32 = 100;
    let origin = Origin::saying("ok");
    let p = proxy(&origin);
    p.connect("l").get_with("/", "Connection: close\r\n");
    let Some(tracer) = Tracer::on(&p) else { return };
    for _ in 0..REQUESTS {
        let mut c = p.connect("l");
        assert_eq!(c.get_with("/", "Connection: close\r\n").text(), "ok");
        assert!(c.is_closed());
    }
    let calls = tracer.counts();
    let all: f64 = calls.values().sum();
    // Two to accept (the second finds no other client), two reads, two writes, a look whether the client has sent more, two closes;
    // the server's socket with three options, its connection and its two addresses; the loop is told of it and to forget it. A
    // server that takes its time has the client watched meanwhile, which are two more.
    assert!(all <= f64::from(REQUESTS) * 20.0 + 40.0, "{calls:?}");
}
