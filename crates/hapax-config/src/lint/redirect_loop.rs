//! Redirects to https that https requests meet again.

use hapax_diag::{Code, Severity};

use super::outline::{condition, has, starts, text, whole};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "redirect-loop",
    code: Code {
        id: "HX0508",
        title: "redirect that leads back to itself",
        explain: "The section listens with TLS and redirects every request to https, those that came by https included: clients go round in \
                  circles. Redirect unless { ssl_fc }.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "frontend f\n bind :80\n http-request redirect scheme https\n",
        "frontend f\n bind :443 ssl crt x\n http-request redirect scheme https unless { ssl_fc }\n",
        "frontend f\n bind :443 ssl crt x\n http-request redirect scheme http\n",
    ],
    bad: &[
        "frontend f\n bind :80\n bind :443 ssl crt x\n http-request redirect scheme https code 301\n",
        "listen f\n bind :443 ssl crt x\n redirect scheme https\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for section in facts.outline.proxies() {
        let Some(tls) = section.lines_of(&["bind"]).find(|l| has(l, 2, "ssl")) else {
            continue;
        };
        for line in section.lines.iter().filter(|l| to_https(l) && condition(l).is_none()) {
            let other = (whole(tls), "https requests come in here");
            let message = "https requests are redirected to https again";
            found.say_with(whole(line), message, "add 'unless { ssl_fc }'", other);
        }
    }
}

fn to_https(line: &hapax_syntax::Line<'_>) -> bool {
    let at = if starts(line, &["http-request", "redirect"]) {
        2
    } else if text(line, 0) == "redirect" {
        1
    } else {
        return false;
    };
    text(line, at) == "scheme" && text(line, at + 1) == "https"
}
