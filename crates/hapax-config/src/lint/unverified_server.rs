//! TLS to servers whose certificates nobody looks at.

use hapax_diag::{Code, Severity};

use super::outline::{has, span, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "unverified-server",
    code: Code {
        id: "HX0515",
        title: "server certificate not verified",
        explain: "With 'verify none' anybody between here and the server can pose as it. Name the authority with 'ca-file' and the expected \
                  name with 'verifyhost' or 'sni'.",
    },
    severity: Severity::Note,
    run,
    ok: &[
        "backend b\n server a 1.1.1.1:1 ssl verify required ca-file /x\n",
        "backend b\n server a 1.1.1.1:1 check-ssl verify none\n",
        "backend b\n server a 127.0.0.1:1 ssl verify none\n",
    ],
    bad: &["backend b\n server a 1.1.1.1:1 ssl verify none\n"],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for line in facts.outline.proxies().flat_map(|s| s.lines_of(&["server"])) {
        let local = text(line, 2).starts_with("127.") || text(line, 2).starts_with('/');
        let none = (3..line.words.len()).find(|&at| text(line, at) == "none" && text(line, at - 1) == "verify");
        if let Some(at) = none
            && has(line, 3, "ssl")
            && !local
        {
            let message = format!("the certificate of '{}' is not verified", text(line, 1));
            found.say(span(line, at), message, "name the authority: 'verify required ca-file FILE'");
        }
    }
}
