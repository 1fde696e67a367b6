//! The runtime API on the network.

use hapax_diag::{Code, Severity};

use super::open_stats::is_open;
use super::outline::{has, span, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "open-admin-socket",
    code: Code {
        id: "HX0512",
        title: "runtime API on the network",
        explain: "The runtime API has no passwords: whoever reaches this address may change servers, maps and certificates. Use a UNIX socket, \
                  or listen on 127.0.0.1.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "global\n stats socket /run/h.sock level admin\n",
        "global\n stats socket ipv4@127.0.0.1:9999 level admin\n",
        "global\n stats socket :9999 level user\n",
    ],
    bad: &[
        "global\n stats socket ipv4@0.0.0.0:9999 level admin\n",
        "global\n stats socket :9999\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for line in facts.outline.sections.iter().flat_map(|s| s.lines_of(&["stats", "socket"])) {
        if is_open(text(line, 2)) && !has(line, 3, "user") {
            found.say(
                span(line, 2),
                "the runtime API has no passwords, and others reach it here",
                "use a UNIX socket, listen on 127.0.0.1, or give it 'level user'",
            );
        }
    }
}
