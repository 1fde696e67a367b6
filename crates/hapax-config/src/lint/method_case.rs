//! Methods in lower case.

use hapax_diag::{Code, Severity};

use super::outline::span;
use super::pattern::patterns;
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "method-case",
    code: Code {
        id: "HX0506",
        title: "method in lower case",
        explain: "Methods are compared as they are, and clients send them in upper case: GET, POST, HEAD.",
    },
    severity: Severity::Warning,
    run,
    ok: &["frontend f\n acl a method GET POST\n", "frontend f\n acl a method -m str -i get\n"],
    bad: &[
        "frontend f\n acl a method get\n",
        "frontend f\n use_backend b if { method GET post }\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    patterns(facts.outline, |test| {
        if test.fetch != "method" || test.ignores_case {
            return;
        }
        for (at, pattern) in &test.patterns {
            if pattern.bytes().any(|b| b.is_ascii_lowercase()) {
                let message = format!("methods are compared as they are, and no client sends '{pattern}'");
                found.say(span(test.line, *at), message, format!("write {}", pattern.to_ascii_uppercase()));
            }
        }
    });
}
