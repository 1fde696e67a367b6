//! TLS versions that are no longer safe.

use hapax_diag::{Code, Severity};
use hapax_syntax::Line;

use super::outline::{span, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "old-tls",
    code: Code {
        id: "HX0514",
        title: "TLS version that is no longer safe",
        explain: "SSLv3, TLS 1.0 and TLS 1.1 are broken or deprecated (RFC 8996) and are not spoken by this program: connections have TLS 1.2 \
                  at least, whatever the line asks for.",
    },
    severity: Severity::Note,
    run,
    ok: &[
        "frontend f\n bind :443 ssl crt x ssl-min-ver TLSv1.2\n",
        "frontend f\n bind :443 ssl crt x no-sslv3 no-tlsv10\n",
        "backend b\n http-request set-header x force-tlsv10\n",
    ],
    bad: &[
        "frontend f\n bind :443 ssl crt x ssl-min-ver TLSv1.0\n",
        "backend b\n server a 1.1.1.1:1 ssl force-tlsv11\n",
        "global\n ssl-default-bind-options ssl-min-ver TLSv1.1\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for line in facts.outline.sections.iter().flat_map(|s| &s.lines) {
        let carries = matches!(
            text(line, 0),
            "bind" | "server" | "default-server" | "ssl-default-bind-options" | "ssl-default-server-options"
        );
        if carries && let Some(at) = (1..line.words.len()).find(|&at| is_old(line, at)) {
            found.say(
                span(line, at),
                format!("'{}' is no longer safe, and not spoken here", text(line, at)),
                "ask for TLSv1.2 or later",
            );
        }
    }
}

fn is_old(line: &Line<'_>, at: usize) -> bool {
    match text(line, at) {
        "force-sslv3" | "force-tlsv10" | "force-tlsv11" => true,
        "SSLv3" | "TLSv1.0" | "TLSv1.1" => matches!(text(line, at - 1), "ssl-min-ver" | "ssl-max-ver"),
        _ => false,
    }
}
