//! Timeouts of a few milliseconds: most likely seconds were meant.

use hapax_diag::{Code, Severity};

use super::outline::{span, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "suspicious-timeout",
    code: Code {
        id: "HX0509",
        title: "very short timeout",
        explain: "A number without a unit is in milliseconds. A connection or a message rarely makes it within this many: write the unit to \
                  say what is meant, 5s or 5ms.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "defaults\n timeout connect 5000\n timeout client 50s\n timeout server 1m\n",
        "defaults\n timeout connect 50ms\n timeout client 0\n timeout check 10\n",
    ],
    bad: &[
        "defaults\n timeout connect 5\n",
        "backend b\n timeout server 30\n",
        "frontend f\n timeout http-request 10\n",
    ],
};

/// Below this many milliseconds a bare number is suspicious.
const FLOOR: u64 = 100;

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for line in facts.outline.sections.iter().flat_map(|s| s.lines_of(&["timeout"])) {
        let watched = matches!(
            text(line, 1),
            "client" | "server" | "connect" | "http-request" | "http-keep-alive" | "queue" | "tunnel" | "tarpit"
        );
        if let Ok(ms @ 1..FLOOR) = text(line, 2).parse::<u64>()
            && watched
        {
            let message = format!("a number without a unit is in milliseconds: this is {ms} ms");
            found.say(span(line, 2), message, format!("write {ms}s if seconds are meant, {ms}ms if not"));
        }
    }
}
