//! What the language costs a request: many `path_beg` ACLs, a regular expression, and ten log-format header values.
//!
//! `cargo bench -p hapax-sample`; the numbers are nanoseconds per request, the best of several rounds.

#![allow(clippy::print_stdout, reason = "a measurement is there to be read")]

use std::hint::black_box;
use std::time::Instant;

use hapax_diag::Span;
use hapax_sample::acl::Verdict;
use hapax_sample::acl::gate::gates;
use hapax_sample::logformat::{HTTP, LogFormat};
use hapax_sample::still::Stage;

const ROUNDS: usize = 15;
const TIMES: u32 = 20_000;

/// The best round's nanoseconds per call.
fn measure(name: &str, mut f: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..TIMES {
            f();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(TIMES));
    }
    println!("{name:<40} {best:8.1} ns");
}

fn main() {
    let mut stage = Stage::request(
        "GET",
        "/zone/some/where/image.png?q=1",
        &[
            ("Host", "www.example.com"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Accept-Encoding", "gzip, deflate, br"),
            ("X-Forwarded-For", "10.0.0.1, 10.0.0.2"),
            ("Cookie", "a=1; session=0123456789abcdef; b=2"),
        ],
    );
    let rules: Vec<_> = (0..60)
        .map(|i| stage.condition(&[], &format!("if {{ path_beg /app{i}/ }}")).expect("rule"))
        .collect();
    let regex = stage.condition(&[], "if { path_reg ^/zone/.*[.](png|jpg)$ }").expect("regex");
    let host = stage.condition(&[], "if { hdr(host) -i www.example.com }").expect("host");
    let formats: Vec<LogFormat> = [
        "%[src]",
        "%ci:%cp",
        "%[path]",
        "%[req.hdr(user-agent)]",
        "%[hdr(x-forwarded-for)]",
        "%[method] %[pathq]",
        "%[req.cook(session)]",
        "const",
        "%[dst_port]",
        "%f",
    ]
    .iter()
    .map(|t| {
        stage
            .compile(|cx| LogFormat::compile_http(t.as_bytes(), Span::default(), cx))
            .expect("format")
    })
    .collect();
    let line = stage
        .compile(|cx| LogFormat::compile(HTTP.as_bytes(), Span::default(), cx))
        .expect("log");
    stage.refs.finish();
    let conditions: Vec<_> = rules.iter().cloned().map(Some).collect();
    let gates = gates(&conditions);
    let env = stage.env();
    let mut out = Vec::with_capacity(4096);
    let acls = || {
        for rule in &rules {
            assert_eq!(black_box(rule).eval(black_box(&env)), Verdict::Fail);
        }
    };
    measure("60 path_beg rules, each by itself", acls);
    let gated = || {
        let mut at = 0;
        while at < rules.len() {
            let skip = gates[at].as_ref().map_or(0, |g| g.skip(black_box(&env)));
            if skip == 0 {
                assert_eq!(black_box(&rules[at]).eval(black_box(&env)), Verdict::Fail);
            }
            at += skip.max(1);
        }
    };
    measure("60 path_beg rules, as they are run", gated);
    measure("one path_reg rule", || {
        assert_eq!(black_box(&regex).eval(black_box(&env)), Verdict::Pass);
    });
    measure("one hdr(host) rule", || {
        assert_eq!(black_box(&host).eval(black_box(&env)), Verdict::Pass);
    });
    measure("10 header values", || {
        out.clear();
        for f in &formats {
            black_box(f).write(black_box(&env), &mut out);
        }
    });
    let mut out = Vec::with_capacity(4096);
    measure("all of these", || {
        gated();
        assert_eq!(black_box(&regex).eval(black_box(&env)), Verdict::Pass);
        out.clear();
        for f in &formats {
            black_box(f).write(black_box(&env), &mut out);
        }
    });
    measure("one httplog line", || {
        out.clear();
        black_box(&line).write(black_box(&env), &mut out);
    });
}
