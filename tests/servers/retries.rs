//! Where the next attempt goes when a server refuses a connection or does not answer, and what is counted then.

use std::fmt::Write;

use hapax_tests::ports::Port;
use hapax_tests::{Builder, Origin, Reply, compare};

use super::TIMEOUTS;

/// What became of one request: its status, server and retries, then the backend's `wretr` and `wredis`.
fn outcomes(name: &str, cases: &[(&str, &str)]) {
    let (alive, mute) = (Origin::saying("alive"), Origin::new(|_| Reply::raw("").closing()));
    let nobody = Port::reserve();
    let mut template = format!("global\n  nbthread 1\n  stats socket @dir@/stats.sock level admin\n{TIMEOUTS}  timeout connect 200ms\n");
    for (i, (lines, servers)) in cases.iter().enumerate() {
        let balance = if lines.contains("balance") { "" } else { "balance roundrobin\n" };
        let lines = lines.replace(';', "\n ");
        let servers = servers.split(' ').map(|s| match s {
            "alive" => "  server alive @alive@\n".to_owned(),
            "backup" => "  server alive @alive@ backup\n".to_owned(),
            s if s.starts_with("mute") => format!("  server {s} @mute@ cookie {s}\n"),
            s => format!("  server {s} @nobody@ cookie {s}\n"),
        });
        let servers: String = servers.collect();
        writeln!(
            template,
            "listen l{i}\n  bind @l{i}@\n  {balance} {lines}\n  http-after-response set-header X-Tries \"%s %rc\"\n{servers}"
        )
        .unwrap();
    }
    compare::same(name, |program| {
        let p = Builder::new(program, &template)
            .set("alive", &alive.addr())
            .set("mute", &mute.addr())
            .set("nobody", &nobody.addr())
            .start();
        let answers = (0..cases.len()).map(|i| {
            let r = p.connect(&format!("l{i}")).get_with("/", "Cookie: S=d0; M=mute0\r\n");
            format!("{} {}", r.status, r.header("x-tries").unwrap_or("-"))
        });
        let answers: Vec<String> = answers.collect();
        let stat = p.cli("show stat");
        let counts = (0..cases.len()).map(|i| {
            let row = stat.lines().find(|l| l.starts_with(&format!("l{i},BACKEND,"))).unwrap();
            row.split(',').skip(15).take(2).collect::<Vec<_>>().join(" ")
        });
        let told = cases.iter().zip(answers).zip(counts);
        told.map(|((case, a), c)| format!("{case:?}: {a}, {c}")).collect::<Vec<_>>()
    });
}

#[test]
fn who_refuses_is_left_at_once_or_in_turn() {
    outcomes(
        "who_refuses_is_left_at_once_or_in_turn",
        &[
            // Nothing binds the request to its server.
            (" retries 1", "d0 alive"),
            (" retries 2; option redispatch", "d0 alive"),
            (" retries 2; option redispatch 2", "d0 alive"),
            (" retries 1; option redispatch", "d0 d1 alive"),
            (" retries 2; option redispatch", "d0 d1 alive"),
            (" retries 2; option redispatch; balance static-rr", "d0 alive"),
            (" retries 2; option redispatch; balance first", "d0 alive"),
            // A cookie or a rule does.
            (" retries 0; option redispatch; cookie S insert", "d0 alive"),
            (" retries 2; option redispatch; cookie S insert", "d0 alive"),
            (" retries 3; option redispatch 2; cookie S insert", "d0 alive"),
            (" retries 3; option redispatch -3; cookie S insert", "d0 alive"),
            (" retries 3; option redispatch -2; cookie S insert", "d0 alive"),
            (" retries 2; option redispatch; use-server d0 if TRUE", "d0 alive"),
            // There is nobody else.
            (" retries 1; option redispatch", "d0"),
            (" retries 2; option redispatch", "d0 backup"),
            (" retries 2; option redispatch; balance hdr(cookie)", "d0"),
            (" retries 2; option redispatch 1; balance hdr(cookie)", "d0 d1"),
        ],
    );
}

#[test]
fn who_does_not_answer_is_left_the_same_way() {
    outcomes(
        "who_does_not_answer_is_left_the_same_way",
        &[
            (" retries 2; retry-on all-retryable-errors", "mute0 alive"),
            (" retries 2; retry-on all-retryable-errors; option redispatch", "mute0 alive"),
            (" retries 2; retry-on all-retryable-errors; option redispatch", "mute0 mute1 alive"),
            (
                " retries 3; retry-on all-retryable-errors; option redispatch; cookie M insert",
                "mute0 alive",
            ),
            (
                " retries 3; retry-on all-retryable-errors; option redispatch 2; cookie M insert",
                "mute0 alive",
            ),
            (" retries 2; retry-on all-retryable-errors; option redispatch", "mute0"),
            (
                " retries 2; retry-on all-retryable-errors; option redispatch; balance hdr(cookie)",
                "mute0 mute1",
            ),
        ],
    );
}
