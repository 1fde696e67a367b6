//! Path patterns that no path can match.

use hapax_diag::{Code, Severity};

use super::outline::span;
use super::{Facts, Found, Lint};
use crate::lint::pattern::patterns;

pub(super) static LINT: Lint = Lint {
    name: "path-without-slash",
    code: Code {
        id: "HX0505",
        title: "path pattern without a leading slash",
        explain: "The path of a request starts with a slash, so a whole path or the beginning of one that is compared with a text without it \
                  never matches. To look for a directory anywhere in the path use path_dir, for any part of it path_sub.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "frontend f\n acl a path_beg /api /v2\n",
        "frontend f\n acl a path_beg -i /api\n",
        "frontend f\n acl a path *\n",
        "frontend f\n acl a path_beg -f /etc/list\n",
        "frontend f\n acl a path_end .html\n",
        "frontend f\n acl a path -m reg ^api\n",
        "frontend f\n acl a path,lower,field(2,/) api\n",
        "frontend f\n use_backend b if { path_beg /x } { hdr(a) b }\n",
    ],
    bad: &[
        "frontend f\n acl a path_beg api\n",
        "frontend f\n acl a path_beg -i /x api\n",
        "frontend f\n acl a path -m beg api\n",
        "frontend f\n use_backend b if { path api }\n",
        "frontend f\n acl a path,lower api\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    patterns(facts.outline, |test| {
        let mut parts = test.fetch.split(',');
        let fetch = parts.next().unwrap_or("");
        let begins = match (fetch, test.method) {
            ("path_beg", None) => true,
            ("path" | "pathq", None | Some("str" | "beg")) => parts.all(|c| c == "lower"),
            _ => false,
        };
        if !begins {
            return;
        }
        for (at, pattern) in &test.patterns {
            // What is no name of anything is a slip of another kind.
            let name = pattern.bytes().any(|b| b.is_ascii_alphanumeric()) && *pattern != "eq";
            if name && !pattern.starts_with('/') {
                let message = format!("no path starts with '{pattern}': it lacks its leading slash");
                found.say(
                    span(test.line, *at),
                    message,
                    format!("write '/{pattern}', or use path_sub or path_dir"),
                );
            }
        }
    });
}
