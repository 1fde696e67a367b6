//! How relays end that nobody ends in order. Each side has a patience of its own. Where a case would only be told by waiting, the
//! timeout that must not count is an hour: counting it is a test that never ends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use hapax_tests::origin::TcpOrigin;
use hapax_tests::{Builder, Program, Proxy, Syslog, compare, wait};

struct Lab {
    proxy: Proxy,
    syslog: Syslog,
}

impl Lab {
    fn new(program: Program, lines: &str, server: &TcpOrigin) -> Self {
        let syslog = Syslog::new();
        let config = format!(
            "global\n  stats socket @dir@/stats.sock mode 600 level admin\n  log @log@ local0\ndefaults\n  mode tcp\n  log global\n  log-format \"<%ts>\"\n  timeout connect 10s\n  \
             timeout client 1h\n  timeout server 1h\nlisten l\n  bind @l@\n{lines}  server s @s@\n"
        );
        let proxy = Builder::new(program, &config)
            .set("s", &server.addr())
            .set("log", &syslog.addr())
            .start();
        Self { proxy, syslog }
    }

    fn how_it_ended(&self) -> String {
        let line = self.syslog.next_with("<");
        line[line.rfind('<').unwrap()..].trim_end().to_owned()
    }
}

/// A server that takes what comes, and says nothing until it has all.
fn listener(answer: &'static str) -> TcpOrigin {
    TcpOrigin::new(move |mut s| {
        let _ = s.read_to_end(&mut Vec::new());
        let _ = s.write_all(answer.as_bytes());
    })
}

/// A server whose connections stay open as long as the second value lives.
fn holder(first: impl Fn(&TcpStream) + Send + Sync + 'static) -> (TcpOrigin, Arc<Mutex<Vec<TcpStream>>>) {
    let held = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&held);
    let server = TcpOrigin::new(move |s| {
        first(&s);
        keep.lock().unwrap().push(s);
    });
    (server, held)
}

#[test]
fn a_side_that_is_told_of_the_end_of_the_other_has_less_time() {
    compare::same("tcp::timeouts fin", |program| {
        // The client has ended: it is the server that is waited for.
        let (server, held) = holder(|_| {});
        let lab = Lab::new(program, "  timeout server-fin 200ms\n", &server);
        let mut c = lab.proxy.connect("l");
        c.send("x");
        c.finish();
        let rest = c.rest().unwrap();
        let first = (rest, lab.how_it_ended());
        // The server has ended: it is the client.
        drop(held);
        let (server, _held) = holder(|s| s.shutdown(Shutdown::Write).unwrap());
        let lab = Lab::new(program, "  timeout client-fin 200ms\n", &server);
        let mut c = lab.proxy.connect("l");
        let rest = c.rest().unwrap();
        (first, rest, lab.how_it_ended())
    });
}

#[test]
fn what_still_comes_passes_a_side_that_was_silent_for_too_long() {
    compare::same("tcp::timeouts half", |program| {
        let server = listener("too late?");
        let lab = Lab::new(program, "  timeout client 200ms\n", &server);
        let mut c = lab.proxy.connect("l");
        c.send("x");
        let rest = c.rest().unwrap();
        (rest, lab.how_it_ended())
    });
}

#[test]
fn what_is_sent_to_a_silent_server_does_not_keep_it_where_directions_are_independent() {
    compare::same("tcp::timeouts server alone", |program| {
        let server = listener("");
        let lines = "  option independent-streams\n  timeout server 300ms\n";
        let lab = Lab::new(program, lines, &server);
        let mut c = lab.proxy.connect("l");
        // It talks without a pause that is long enough, until it is told that nobody answers.
        let over = wait::until("an end", || {
            c.try_send("are you there?").ok()?;
            let waits = c.is_quiet_for(Duration::from_millis(10));
            (!waits).then(|| c.is_closed())
        });
        drop(c);
        (over, lab.how_it_ended())
    });
}

#[test]
fn what_is_sent_to_a_silent_client_does_not_keep_it_where_directions_are_independent() {
    compare::same("tcp::timeouts client alone", |program| {
        let (told, ended) = mpsc::channel();
        let told = Mutex::new(told);
        let server = TcpOrigin::new(move |mut s| {
            s.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
            loop {
                if s.write_all(b"still here").is_err() {
                    return;
                }
                match s.read(&mut [0; 16]) {
                    Ok(0) => break,
                    Ok(_) => return,
                    Err(_) => {}
                }
            }
            let _ = s.write_all(b", and over");
            let _ = told.lock().unwrap().send(());
        });
        let lines = "  option independent-streams\n  timeout client 300ms\n";
        let lab = Lab::new(program, lines, &server);
        let mut c = lab.proxy.connect("l");
        let rest = c.rest().unwrap();
        let whole = rest.ends_with(b"still here, and over");
        (whole, ended.recv_timeout(wait::PATIENCE).is_ok(), lab.how_it_ended())
    });
}

#[test]
fn an_operator_ends_a_session() {
    compare::same("tcp::timeouts shutdown session", |program| {
        let (server, _held) = holder(|mut s| s.write_all(b"hello").unwrap());
        let lab = Lab::new(program, "", &server);
        let mut c = lab.proxy.connect("l");
        c.send("x");
        assert_eq!(c.bytes(5), b"hello");
        let all = lab.proxy.cli("show sess");
        let row = all.lines().find(|l| l.contains("fe=l ")).unwrap();
        let id = row.split(':').next().unwrap();
        let said = lab.proxy.cli(&format!("shutdown session {id}"));
        // How far it was is told differently by each version of HAProxy.
        let killed = lab.how_it_ended().starts_with("<K");
        (said.trim().to_owned(), c.is_closed(), killed)
    });
}
