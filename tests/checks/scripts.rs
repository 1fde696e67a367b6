//! Checks that talk: steps, protocols, agents, and what is logged and shown of them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hapax_tests::{Builder, Program, Proxy, wait};

use super::{TIMEOUTS, wait_status};

/// A server that runs `talk` on each connection.
fn server(talk: impl Fn(&mut std::net::TcpStream) -> std::io::Result<()> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut c, _)) = listener.accept() {
            // One that hangs up meanwhile is checked again.
            let _ = talk(&mut c);
        }
    });
    at
}

fn ask(c: &mut std::net::TcpStream, n: usize) -> std::io::Result<Vec<u8>> {
    let mut buf = vec![0; n];
    c.read_exact(&mut buf)?;
    Ok(buf)
}

/// Waits until the row of a server shows this. What the last check found has a star before it while the next one runs.
fn until_shown(p: &Proxy, row: &str, what: &str) {
    wait::until_true(&format!("{row} to show {what}"), || {
        let all = p.cli("show stat");
        all.lines().any(|l| l.starts_with(&format!("{row},")) && l.contains(what))
    });
}

#[test]
fn steps_are_walked_and_the_failing_one_is_told() {
    let good = server(|c| {
        c.write_all(b"+OK ready\r\n")?;
        ask(c, 6)?;
        c.write_all(b"+OK bye\r\n")
    });
    let bad = server(|c| c.write_all(b"-ERR busy\r\n"));
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen l\n  bind @l@\n  mode tcp\n  option tcp-check\n  tcp-check connect\n  tcp-check expect rstring ^\\+OK comment greeting\n  \
             tcp-check send QUIT\\r\\n\n  tcp-check expect string bye\n  default-server check inter 50ms rise 1 fall 1\n  server good @good@\n  \
             server bad @bad@\n"
        ),
    )
    .set("good", &good.to_string())
    .set("bad", &bad.to_string())
    .start();
    wait_status(&p, "good", "UP");
    wait_status(&p, "bad", "DOWN");
    until_shown(&p, "l,bad", ",L7RSP,");
    until_shown(&p, "l,bad", "TCPCHK did not match content (regex) at step 2 comment: greeting");
}

#[test]
fn protocols_have_checks_of_their_own() {
    let redis = server(|c| {
        let asked = ask(c, 14)?;
        c.write_all(if asked == b"*1\r\n$4\r\nPING\r\n" {
            b"+PONG\r\n"
        } else {
            b"-ERR\r\n"
        })
    });
    let smtp = server(|c| {
        c.write_all(b"220 mail\r\n")?;
        let hello = ask(c, 15)?;
        c.write_all(if hello == b"EHLO a.example\r"[..15].to_vec() {
            b"250-a\r\n250 b\r\n"
        } else {
            b"500 no\r\n\r\n\r\n"
        })?;
        ask(c, 7)?;
        c.write_all(b"221 bye\r\n")
    });
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}healthcheck ping\n  type redis-check\nlisten l\n  bind @l@\n  mode tcp\n  option smtpchk EHLO a.example\n  \
             default-server check inter 50ms rise 1 fall 1\n  server mail @smtp@\n  server cache @redis@ healthcheck ping\n"
        ),
    )
    .set("redis", &redis.to_string())
    .set("smtp", &smtp.to_string())
    .start();
    until_shown(&p, "l,cache", "Redis server is ok");
    until_shown(&p, "l,mail", ",L7OK,221,");
}

#[test]
fn an_http_check_can_be_a_dialogue() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let own = Arc::clone(&seen);
    let origin = server(move |c| {
        let mut buf = [0; 1024];
        let n = c.read(&mut buf)?;
        own.lock().unwrap().push(String::from_utf8_lossy(&buf[..n]).into_owned());
        c.write_all(b"HTTP/1.1 200 OK\r\nx-next: /two\r\ncontent-length: 5\r\n\r\nready")
    });
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen l\n  bind @l@\n  option httpchk\n  http-check send-state\n  http-check connect\n  http-check send meth GET uri /one \
             ver HTTP/1.1 hdr host %[be_name]\n  http-check expect string ready\n  http-check set-var(check.next) res.hdr(x-next)\n  \
             http-check connect\n  http-check send meth POST uri-lf %[var(check.next)] body hi\n  http-check expect hdr name x-next value -m beg /\n  \
             server s @s@ check inter 50ms rise 1 fall 1 weight 7\n"
        ),
    )
    .set("s", &origin.to_string())
    .start();
    wait::until_true("two requests", || seen.lock().unwrap().len() > 1);
    wait_status(&p, "s", "UP");
    let seen = seen.lock().unwrap();
    let one = "GET /one HTTP/1.1\r\nhost: l\r\nx-haproxy-server-state: UP 0/1; address=127.0.0.1; port=";
    assert!(
        seen[0].starts_with(one) && seen[0].contains("; name=l/s; ") && seen[0].contains("; weight=7/7; "),
        "{}",
        seen[0]
    );
    assert!(
        seen[1].starts_with("POST /two HTTP/1.0\r\n") && seen[1].ends_with("\r\ncontent-length: 2\r\n\r\nhi"),
        "{}",
        seen[1]
    );
}

#[test]
fn the_trust_of_a_start_is_not_yet_earned() {
    let good = server(|c| {
        ask(c, 6)?;
        c.write_all(b"221 bye\r\n")
    });
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen l\n  bind @l@\n  mode tcp\n  option tcp-check\n  tcp-check send QUIT\\r\\n\n  tcp-check expect status-code \
             res.payload(0,3) on-success \"said %[res.payload(4,3)]\" string 221\n  server plain @good@ check inter 1d rise 3 fall 5\n  \
             server given @good@ check inter 1d rise 3 fall 5 init-state up\n"
        ),
    )
    .set("good", &good.to_string())
    .start();
    until_shown(&p, "l,plain", ",L7OK,221,");
    until_shown(&p, "l,plain", "said bye");
    wait_status(&p, "plain", "UP -1/5");
    // Not checked before half a day is over.
    wait_status(&p, "given", "UP 1/5");
    assert_eq!(p.cli("set server l/plain state maint"), "\n");
    assert_eq!(p.cli("set server l/plain state ready"), "\n");
    wait_status(&p, "plain", "UP 1/5");
}

#[test]
fn a_server_that_answers_404_keeps_only_its_clients() {
    let origin = server(|c| {
        ask(c, 10)?;
        c.write_all(b"HTTP/1.0 404 Gone\r\n\r\n")
    });
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen l\n  bind @l@\n  option httpchk\n  http-check disable-on-404\n  server s @s@ check inter 50ms rise 1 fall 1\n"
        ),
    )
    .set("s", &origin.to_string())
    .start();
    wait_status(&p, "s", "NOLB");
    assert_eq!(p.connect("l").get("/").status, 503);
}

#[test]
fn an_agent_sets_weight_limit_and_state() {
    let line = Arc::new(Mutex::new("50%,maxconn:30 up\n"));
    let own = Arc::clone(&line);
    let agent = server(move |c| {
        ask(c, 5)?;
        c.write_all(own.lock().unwrap().as_bytes())
    });
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "{TIMEOUTS}listen l\n  bind @l@\n  server s 127.0.0.1:1 weight 100 agent-check agent-addr 127.0.0.1 agent-port {} agent-send hello \
             agent-inter 50ms\n",
            agent.port()
        ),
    )
    .start();
    let state = || {
        let all = p.cli("show servers state");
        all.lines().nth(2).unwrap().split(' ').skip(5).take(3).collect::<Vec<_>>().join(" ")
    };
    let becomes = |want: &str| wait::until_true(&format!("state {want}"), || state() == want);
    becomes("2 0 50");
    wait::until_true("a limit", || p.cli("show stat").lines().any(|l| l.starts_with("l,s,0,0,0,0,30,")));
    for (said, want) in [
        ("75% down # overloaded\n", "0 0 75"),
        ("up\n", "2 0 75"),
        ("drain\n", "2 8 75"),
        ("ready 100%\n", "2 0 100"),
        ("maint\n", "0 1 100"),
    ] {
        *line.lock().unwrap() = said;
        becomes(want);
    }
}

#[test]
fn a_program_can_be_the_check() {
    let p = Builder::new(
        Program::Hapax,
        &format!(
            "global\n  stats socket @dir@/stats.sock level admin\n  external-check\n{TIMEOUTS}backend good\n  option external-check\n  external-check command /bin/true\n  server a 127.0.0.1:1 \
             check inter 50ms\nlisten l\n  bind @l@\n  option external-check\n  external-check command /bin/false\n  server b 127.0.0.1:1 check inter \
             50ms\nbackend none\n  option external-check\n  external-check command /bin/no-such-program\n  server c 127.0.0.1:1 check inter 50ms\n"
        ),
    )
    .start();
    wait_status(&p, "a", "UP");
    wait_status(&p, "b", "DOWN");
    until_shown(&p, "good,a", ",PROCOK,0,");
    until_shown(&p, "l,b", ",PROCERR,1,");
    until_shown(&p, "none,c", ",PROCERR,255,");
    until_shown(&p, "none,c", "No such file or directory");
}

#[test]
fn answers_that_are_none_are_observed() {
    let cases: [(&[u8], &str); 3] = [
        (b"what?\r\n\r\n", "Invalid http response (headers)"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "Invalid http response (headers)"),
        (b"", "Read error (http)"),
    ];
    for (answer, why) in cases {
        let at = server(move |c| {
            let _ = c.read(&mut [0; 1024])?;
            c.write_all(answer)
        });
        let p = Builder::new(
            Program::Hapax,
            &format!(
                "{TIMEOUTS}listen l\n  bind @l@\n  retries 0\n  \
                 server s @s@ check inter 100s rise 1 observe layer7 error-limit 2 on-error mark-down\n"
            ),
        )
        .set("s", &at.to_string())
        .start();
        wait_status(&p, "s", "UP");
        for _ in 0..2 {
            assert_eq!(p.connect("l").get("/").status, 502);
        }
        wait_status(&p, "s", "DOWN");
        until_shown(&p, "l,s", &format!("Detected 2 consecutive errors, last one was: {why}"));
    }
}

#[test]
fn intervals_are_counted_from_the_end_of_the_last_check() {
    const INTER: Duration = Duration::from_millis(300);
    // When each check was answered, and when the next one came.
    let (ends, starts) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (own_ends, own_starts) = (Arc::clone(&ends), Arc::clone(&starts));
    let at = server(move |c| {
        own_starts.lock().unwrap().push(Instant::now());
        let _ = c.read(&mut [0; 1024])?;
        // A slow server is left alone for as long as any other.
        std::thread::sleep(INTER / 2);
        own_ends.lock().unwrap().push(Instant::now());
        c.write_all(b"HTTP/1.0 200 OK\r\n\r\n")
    });
    let _p = Builder::new(
        Program::Hapax,
        &format!("{TIMEOUTS}listen l\n  bind @l@\n  option httpchk\n  server s @s@ check inter 300ms\n"),
    )
    .set("s", &at.to_string())
    .start();
    wait::until_true("three checks", || starts.lock().unwrap().len() >= 3);
    let (ends, starts) = (ends.lock().unwrap(), starts.lock().unwrap());
    for (end, next) in ends.iter().zip(starts.iter().skip(1)) {
        assert!(next.duration_since(*end) >= INTER, "{:?}", next.duration_since(*end));
    }
}
