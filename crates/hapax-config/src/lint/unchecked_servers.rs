//! Several servers, and none is checked.

use hapax_diag::{Code, Severity};

use super::outline::{has, span, starts, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "unchecked-servers",
    code: Code {
        id: "HX0510",
        title: "servers without health checks",
        explain: "Load is spread over several servers and none is checked, so a dead one keeps getting its share of requests. Add 'check' to \
                  the servers or to default-server, or 'observe' and 'track'.",
    },
    severity: Severity::Note,
    run,
    ok: &[
        "backend b\n server a 1.1.1.1:1\n",
        "backend b\n server a 1.1.1.1:1 check\n server b 1.1.1.1:2\n",
        "backend b\n default-server check\n server a 1.1.1.1:1\n server b 1.1.1.1:2\n",
        "defaults\n default-server inter 1s check\nbackend b\n server a 1.1.1.1:1\n server b 1.1.1.1:2\n",
        "backend b\n server a 1.1.1.1:1 track c/a\n server b 1.1.1.1:2 track c/b\n",
    ],
    bad: &["backend b\n server a 1.1.1.1:1\n server b 1.1.1.1:2\n"],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for section in facts.outline.proxies() {
        let watched = |line: &hapax_syntax::Line<'_>| {
            matches!(text(line, 0), "server" | "default-server" | "server-template")
                && ["check", "track", "observe", "agent-check"].iter().any(|word| has(line, 1, word))
        };
        if section.lines.iter().filter(|l| starts(l, &["server"])).count() < 2 || facts.outline.with_defaults(section).any(watched) {
            continue;
        }
        let message = format!("no server of '{}' is checked: a dead one keeps its share", section.name());
        found.say(span(&section.head, 1), message, "add 'default-server check'");
    }
}
