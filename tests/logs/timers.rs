//! The timers of requests that rules keep waiting, answer or refuse, as HAProxy 3.5 tells them: a request is over when its last rule
//! is, and one that is refused without an answer never was.

use hapax_tests::{Builder, Client, Origin, Program, Syslog};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// What the log says of one request; `told` is the format.
fn logged(lines: &str, told: &str, request: &str) -> String {
    let (syslog, origin) = (Syslog::new(), Origin::saying("ok"));
    let template = format!(
        "global\n  log @log@ local0\ndefaults\n  mode http\n  log global\n  timeout connect 10s\n  timeout client 20s\n  \
         timeout server 20s\nlisten l\n  bind @l@\n  log-format \"<{told}>\"\n{lines}  server s @s@\n"
    );
    let p = Builder::new(Program::Hapax, &template)
        .set("log", &syslog.addr())
        .set("s", &origin.addr())
        .start();
    let mut c: Client = p.connect("l");
    c.send(request);
    let line = syslog.next_with("<");
    let said = line.rsplit_once('<').map_or("", |(_, l)| l);
    said.trim_end().trim_end_matches('>').to_owned()
}

#[test]
fn the_size_of_the_statistics_is_that_of_what_was_sent() {
    let head = logged(
        "  stats enable\n  stats uri /\n",
        "%ts %ST %B",
        "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    let size: u32 = head.strip_prefix("LR 200 ").unwrap().parse().unwrap();
    assert!(size < 200, "{head}");
}

/// Each timer as `-`, `0` for one that is short, or `+` for one of at least the 300 ms that rules wait here.
fn shape(timers: &str) -> String {
    let one = |t: &str| match t.parse::<i64>().unwrap() {
        -1 => '-',
        n if n >= 300 => '+',
        _ => '0',
    };
    timers.split('/').map(one).collect()
}

#[test]
fn a_request_lasts_until_its_last_rule() {
    let pause = "  http-request pause 300ms\n";
    let whole = "  tcp-request inspect-delay 300ms\n  tcp-request content accept if WAIT_END\n";
    for (rules, want) in [
        (format!("{pause}  http-request deny\n"), "+---"),
        (format!("{pause}  http-request return status 200\n"), "+---"),
        (format!("{pause}  redirect location /x\n"), "+---"),
        (format!("{pause}  http-request reject\n"), "----"),
        ("  http-request reject\n".to_owned(), "----"),
        ("  tcp-request content reject\n".to_owned(), "----"),
        ("  timeout tarpit 300ms\n  http-request tarpit\n".to_owned(), "-+--"),
        (format!("{whole}  http-request deny\n"), "+---"),
        (
            format!("{}  http-request deny\n", whole.replace("WAIT_END", "{ req.len 9999 }")),
            "+---",
        ),
    ] {
        let line = logged(&rules, "%TR/%Tw/%Tc/%Tr", GET);
        assert_eq!(shape(&line), want, "{rules}{line}");
    }
    let line = logged(pause, "%TR/%Tw/%Tc/%Tr", GET);
    assert_eq!(shape(line.split_once('/').unwrap().0), "+", "{line}");
}

#[test]
fn a_plus_tells_that_lines_may_be_written_early() {
    for (rules, want) in [
        ("", "-- 200 +"),
        ("  http-request deny\n", "PR 403 +"),
        ("  timeout server 300ms\n  http-request return status 503\n", "LR 503 +"),
    ] {
        let line = logged(&format!("  option logasap\n{rules}"), "%ts %ST %B", GET);
        assert!(line.starts_with(want), "{line}");
    }
}

#[test]
fn an_answer_of_no_bytes_has_its_status_all_the_same() {
    let line = logged("  errorfile 403 /dev/null\n  http-request deny\n", "%ts %ST %B", GET);
    assert_eq!(line, "PR 403 0");
}

#[test]
fn a_form_is_waited_for_only_where_it_may_change_something() {
    const FORM: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf";
    let stats = "  stats enable\n  stats uri /\n  timeout http-request 300ms\n";
    for (lines, want) in [("", "LR 303"), ("  stats admin if TRUE\n", "LR 408")] {
        assert_eq!(logged(&format!("{stats}{lines}"), "%ts %ST", FORM), want, "{lines}");
    }
}
