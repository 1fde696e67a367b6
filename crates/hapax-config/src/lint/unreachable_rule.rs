//! Rules after one that always ends its rule set.

use hapax_diag::{Code, Severity};

use super::outline::{Section, condition, starts, text, whole};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "unreachable-rule",
    code: Code {
        id: "HX0501",
        title: "rule that is never reached",
        explain: "A rule before it in the same rule set ends the set and has no condition, so this one is never evaluated. Give the earlier \
                  rule a condition, or move it to the end.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "frontend f\n http-request deny if { src 10.0.0.1 }\n http-request return status 200\n",
        "frontend f\n http-request set-header a b\n http-request set-header c d\n",
        "frontend f\n tcp-request connection accept\n tcp-request content reject\n",
        "frontend f\n use_backend a if { path /a }\n use_backend b\n default_backend c\n",
    ],
    bad: &[
        "frontend f\n http-request deny\n http-request set-header a b\n",
        "frontend f\n tcp-request content accept\n tcp-request content reject if { src 10.0.0.1 }\n",
        "frontend f\n use_backend a\n use_backend b if { path /b }\n",
        "backend b\n redirect location /x\n redirect location /y if { path / }\n",
    ],
};

/// A rule set by the words its lines start with, and the actions that end it. Without actions, every rule does.
static SETS: &[(&[&str], &[&str])] = &[
    (
        &["http-request"],
        &[
            "allow",
            "auth",
            "deny",
            "redirect",
            "reject",
            "return",
            "silent-drop",
            "tarpit",
            "use-service",
        ],
    ),
    (&["http-response"], &["allow", "deny", "redirect", "return", "silent-drop"]),
    (&["http-after-response"], &["allow"]),
    (&["tcp-request", "connection"], &["accept", "reject", "silent-drop"]),
    (&["tcp-request", "session"], &["accept", "reject", "silent-drop"]),
    (&["tcp-request", "content"], &["accept", "reject", "silent-drop", "use-service"]),
    (&["tcp-response", "content"], &["accept", "close", "reject", "silent-drop"]),
    (&["redirect"], &[]),
    (&["use_backend"], &[]),
];

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for section in facts.outline.proxies() {
        for (keyword, last) in SETS {
            one(section, keyword, last, found);
        }
    }
}

fn one(section: &Section<'_>, keyword: &[&str], last: &[&str], found: &mut Found<'_>) {
    let mut end = None;
    for line in section.lines.iter().filter(|line| starts(line, keyword)) {
        if let Some(end) = end {
            let message = format!("this '{}' rule is never reached", keyword.join(" "));
            let help = "give the earlier rule a condition, or move it to the end";
            found.say_with(whole(line), message, help, (whole(end), "this rule always ends the set"));
            return;
        }
        let action = text(line, keyword.len()).split('(').next().unwrap_or("");
        if (last.is_empty() || last.contains(&action)) && condition(line).is_none() {
            end = Some(line);
        }
    }
}
