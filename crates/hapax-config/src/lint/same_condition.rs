//! `use_backend` rules with the condition of an earlier one.

use std::collections::HashMap;

use hapax_diag::{Code, Severity};

use super::outline::{condition, whole};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "same-condition",
    code: Code {
        id: "HX0502",
        title: "condition of an earlier rule",
        explain: "An earlier use_backend rule of this section has the very same condition, so it always decides first and this rule is never \
                  applied.",
    },
    severity: Severity::Warning,
    run,
    ok: &[
        "frontend f\n use_backend a if x\n use_backend b if y\n use_backend c unless x\n",
        "frontend f\n use_backend a if x\nfrontend g\n use_backend b if x\n",
    ],
    bad: &["frontend f\n use_backend a if x\n use_backend c if z\n use_backend b if x\n"],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for section in facts.outline.proxies() {
        let mut seen: HashMap<Vec<&[u8]>, &hapax_syntax::Line<'_>> = HashMap::new();
        for line in section.lines_of(&["use_backend"]) {
            let Some(at) = condition(line) else { continue };
            let words = line.words[at..].iter().map(|w| &*w.bytes).collect();
            if let Some(first) = seen.get(&words) {
                let message = "this rule has the condition of an earlier one and is never applied";
                let help = "remove one of the two, or make their conditions differ";
                found.say_with(whole(line), message, help, (whole(first), "decides first"));
            } else {
                seen.insert(words, line);
            }
        }
    }
}
