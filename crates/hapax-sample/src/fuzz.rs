//! What the fuzz targets call: each takes any bytes and panics where something that must always hold does not.
//!
//! The targets in `fuzz/` are one line each; the seeds beside them run as unit tests here.

#![allow(clippy::missing_panics_doc, reason = "panicking is how a fuzz target speaks")]

use hapax_value::Value;

use crate::logformat::LogFormat;
use crate::pattern::{MatchMethod, PatternFlags, PatternSet};
use crate::still::Stage;

/// Any text compiles or gives a message, and what compiles evaluates.
pub fn expression(data: &[u8]) {
    let mut stage = stage(b"GET", data);
    match stage.expr(data) {
        Ok(expr) => {
            assert!(data.starts_with(expr.text().as_bytes()) || expr.text().contains('\u{fffd}'));
            let mut out = Vec::new();
            expr.eval_str(&stage.env(), &mut out);
        }
        Err(d) => assert!(!d.message.is_empty()),
    }
}

/// Any text compiles or gives a message; what compiles for a message never writes a byte that ends a line of it.
pub fn log_format(data: &[u8]) {
    let mut stage = stage(b"GET", data);
    let mut out = Vec::new();
    if let Ok(f) = stage.compile(|cx| LogFormat::compile(data, hapax_diag::Span::default(), cx)) {
        f.write(&stage.env(), &mut out);
    }
    if data.contains(&b'\r') || data.contains(&b'\n') {
        return;
    }
    if let Ok(f) = stage.compile(|cx| LogFormat::compile_http(data, hapax_diag::Span::default(), cx)) {
        out.clear();
        f.write(&stage.env(), &mut out);
        assert!(!out.iter().any(|b| matches!(b, b'\r' | b'\n')));
    }
}

/// Expressions that read messages, on any message: a head's line and fields, and the same bytes as payload.
pub fn evaluate(data: &[u8]) {
    const READERS: &[&str] = &[
        "path",
        "pathq",
        "query",
        "base32+src",
        "url_ip",
        "url_port",
        "hdr(a)",
        "hdr(a,-2)",
        "hdr_ip(a)",
        "hdr_cnt",
        "req.hdrs_bin",
        "cook(a)",
        "cook_cnt",
        "cook",
        "urlp(a)",
        "urlp(a,;,i)",
        "http_auth_pass",
        "req.ssl_sni",
        "req.ssl_alpn",
        "req.ssl_keyshare_groups",
        "rdp_cookie",
        "payload(3,4)",
        "payload_lv(1,2,-1)",
        "req.ssl_ver",
    ];
    let mut stage = stage(b"GET", data);
    stage.payload = Some((data.to_vec(), false));
    for text in READERS {
        let expr = stage.expr(text).unwrap_or_else(|d| panic!("{text}: {}", d.message));
        let env = stage.env();
        let mut iter = crate::Iter {
            each: true,
            ..crate::Iter::default()
        };
        // Every walk over occurrences ends.
        let mut steps = 0;
        loop {
            iter.more = false;
            drop(expr.eval_at(&env, &mut iter));
            if !iter.more {
                break;
            }
            steps += 1;
            assert!(steps <= data.len() + 64, "{text} never ends");
        }
        drop(expr.eval(&env));
    }
}

/// Every converter that takes bytes or a text, on any bytes, with the arguments of its own first case.
pub fn convert(data: &[u8]) {
    let mut stage = stage(b"GET", b"/");
    stage.payload = Some((data.to_vec(), true));
    for row in crate::converters::all() {
        let Some((_, chain)) = row.ok.first().and_then(|case| case.split_once("),")) else {
            continue;
        };
        if let Ok(expr) = stage.expr(format!("req.payload(0,0),{chain}")) {
            drop(expr.eval(&stage.env()));
        }
    }
}

/// The first byte tells the method, the next line is a pattern, the rest is a sample: whatever is taken can be matched, and
/// what is matched is found.
pub fn pattern(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let mut parts = rest.splitn(2, |b| *b == b'\n');
    let (pattern, text) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let method = MatchMethod::ALL[usize::from(first >> 1) % MatchMethod::ALL.len()];
    let flags = PatternFlags {
        icase: first & 1 == 1,
        ..PatternFlags::default()
    };
    let mut set = PatternSet::new(method);
    let mut stage = stage(b"GET", b"/");
    if stage.compile(|cx| set.add(pattern, flags, cx.refs, cx.files)).is_ok() && !method.takes_no_pattern() {
        let value = Value::Bin(text.into());
        assert_eq!(set.matches(&value), set.find(&value, |_| ()).is_some());
    }
}

/// The first line is the target, each other one a field's value, under two names in turn.
fn stage(method: &[u8], data: &[u8]) -> Stage {
    let mut stage = Stage::request(&String::from_utf8_lossy(method), "/", &[]);
    let mut lines = data.split(|b| *b == b'\n');
    if let Some(head) = &mut stage.req {
        head.set_uri(lines.next().unwrap_or_default());
        for (i, value) in lines.take(64).enumerate() {
            head.add([&b"a"[..], b"cookie", b"authorization"][i % 3], value);
        }
    }
    stage
}

#[cfg(test)]
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
    use super::seeds;

    type Target = (&'static str, fn(&[u8]));

    const TARGETS: &[Target] = &[
        ("expression", super::expression),
        ("log_format", super::log_format),
        ("evaluate", super::evaluate),
        ("convert", super::convert),
        ("pattern", super::pattern),
    ];

    #[test]
    fn seeds_hold() {
        for (name, target) in TARGETS {
            seeds::run(name, |bytes| {
                // Each cut and each single wrong byte is a case of its own.
                for end in 0..=bytes.len() {
                    target(&bytes[..end]);
                }
                for at in 0..bytes.len() {
                    for b in [0, b'%', b'(', b'\n', 0xff] {
                        let mut bad = bytes.to_vec();
                        bad[at] = b;
                        target(&bad);
                    }
                }
            });
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_hold(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            for (_, target) in TARGETS {
                target(&bytes);
            }
        }

        #[test]
        fn any_likely_text_holds(text in "[a-z.(),%\\[\\]{}+QE0-9\" ]{0,60}") {
            for (_, target) in TARGETS {
                target(text.as_bytes());
            }
        }
    }
}
