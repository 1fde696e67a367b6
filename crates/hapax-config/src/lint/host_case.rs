//! Host names with capitals, compared with what clients send in small letters.

use hapax_diag::{Code, Severity};

use super::outline::span;
use super::pattern::patterns;
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "host-case",
    code: Code {
        id: "HX0507",
        title: "host name with capitals, compared with case",
        explain: "Browsers send host names in small letters, so a pattern with capitals and without -i does not match them.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "frontend f\n acl a hdr(host) example.com\n",
        "frontend f\n acl a hdr(host) -i Example.com\n",
        "frontend f\n acl a hdr(x-id) Example\n",
        "frontend f\n acl a hdr_reg(host) ^[A-Z]\n",
    ],
    bad: &[
        "frontend f\n acl a hdr(host) Example.com\n",
        "frontend f\n acl a req.hdr(Host) -m end .Example.com\n",
        "frontend f\n use_backend b if { req.ssl_sni www.Example.com }\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    patterns(facts.outline, |test| {
        let fetch = test.fetch.to_ascii_lowercase();
        let host = ["hdr", "hdr_beg", "hdr_end", "hdr_dom", "hdr_sub", "hdr_dir"].iter().any(|name| {
            let fetch = fetch.strip_prefix("req.").unwrap_or(&fetch);
            fetch.strip_prefix(name).is_some_and(|args| args == "(host)")
        });
        let name = host || matches!(&*fetch, "req.ssl_sni" | "ssl_fc_sni");
        if !name || test.ignores_case || matches!(test.method, Some("reg" | "found" | "len")) {
            return;
        }
        for (at, pattern) in &test.patterns {
            if pattern.bytes().any(|b| b.is_ascii_uppercase()) {
                let message = format!("clients send '{}': this pattern has capitals", pattern.to_ascii_lowercase());
                found.say(
                    span(test.line, *at),
                    message,
                    "write it in small letters, or add -i before the patterns",
                );
            }
        }
    });
}
