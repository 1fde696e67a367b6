//! Health checks in HTTP/1.1 that name no host.

use hapax_diag::{Code, Severity};
use hapax_syntax::Line;

use super::outline::{has, span, starts, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "hostless-check",
    code: Code {
        id: "HX0517",
        title: "HTTP/1.1 health check without a host",
        explain: "A request in HTTP/1.1 must have a Host field (RFC 9112, 3.2): servers answer 400 to one without, and are taken for dead. Give \
                  it with 'http-check send hdr Host <name>', or ask in HTTP/1.0.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "backend b\n option httpchk\n server a 1.1.1.1:1 check\n",
        "backend b\n option httpchk GET /health\n server a 1.1.1.1:1 check\n",
        "backend b\n option httpchk GET /health HTTP/1.1\\r\\nHost:\\ www\n server a 1.1.1.1:1 check\n",
        "backend b\n option httpchk\n http-check send meth GET uri / ver HTTP/1.1 hdr Host www\n",
        "defaults\n option httpchk GET / HTTP/1.1\nbackend b\n http-check send hdr host www\n server a 1.1.1.1:1 check\n",
        "frontend f\n bind :1\n",
    ],
    bad: &[
        "backend b\n option httpchk GET /health HTTP/1.1\n server a 1.1.1.1:1 check\n",
        "backend b\n option httpchk\n http-check send meth GET uri / ver HTTP/1.1 hdr X-A b\n server a 1.1.1.1:1 check\n",
        "defaults\n option httpchk GET / HTTP/1.1\nbackend b\n server a 1.1.1.1:1 check\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for section in facts.outline.proxies() {
        let lines = || facts.outline.with_defaults(section);
        let checked = section
            .lines
            .iter()
            .any(|l| starts(l, &["server"]) || starts(l, &["server-template"]));
        if !checked || !lines().any(|l| starts(l, &["option", "httpchk"])) || lines().any(names_host) {
            continue;
        }
        let asks = lines().filter_map(|l| Some((l, version(l)?)));
        if let Some((line, at)) = asks.last() {
            let message = format!("the checks of '{}' speak HTTP/1.1 and name no host", section.name());
            found.say(span(line, at), message, "add 'http-check send hdr Host <name>'");
        }
    }
}

/// Where the line asks for HTTP/1.1.
fn version(line: &Line<'_>) -> Option<usize> {
    let at = if starts(line, &["option", "httpchk"]) {
        4
    } else if starts(line, &["http-check", "send"]) {
        (2..line.words.len()).find(|&i| text(line, i) == "ver")? + 1
    } else {
        return None;
    };
    text(line, at).to_ascii_uppercase().starts_with("HTTP/1.1").then_some(at)
}

fn names_host(line: &Line<'_>) -> bool {
    if starts(line, &["option", "httpchk"]) {
        return line.words.iter().any(|w| w.str().to_ascii_lowercase().contains("host:"));
    }
    starts(line, &["http-check", "send"]) && ["Host", "host", "HOST"].iter().any(|name| has(line, 2, name))
}
