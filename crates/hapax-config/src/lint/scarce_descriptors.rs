//! More connections than the process may open.

use hapax_diag::{Code, Severity};

use super::outline::{span, starts};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "scarce-descriptors",
    code: Code {
        id: "HX0518",
        title: "maxconn beyond the limit of open files",
        explain: "Every connection takes up to two descriptors, one to the client and one to the server. Where the system allows fewer (ulimit \
                  -Hn, LimitNOFILE= of systemd), connections are refused long before maxconn is reached. Root may raise the limit, so \
                  nothing is said where it checks.",
    },
    severity: Severity::Warning,
    run,
    ok: &["global\n maxconn 400\n", "frontend f\n bind :1\n maxconn 100000\n"],
    bad: &["global\n maxconn 600\n"],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    let Some(limit) = facts.around.open_files else { return };
    let global = facts.outline.sections.iter().filter(|s| s.keyword == "global");
    let Some(line) = global.flat_map(|s| &s.lines).rfind(|l| starts(l, &["maxconn"])) else {
        return;
    };
    let wanted = line.words.get(1).and_then(|w| w.str().parse::<u64>().ok()).unwrap_or(0);
    if wanted.saturating_mul(2) > limit {
        let message = format!(
            "{wanted} connections take up to {} descriptors, and {limit} may be open here",
            wanted * 2
        );
        found.say(span(line, 1), message, "raise the limit of open files, or lower maxconn");
    }
}
