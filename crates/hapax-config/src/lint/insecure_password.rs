//! Passwords as plain text.

use hapax_diag::{Code, Severity};

use super::outline::{has, span, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "insecure-password",
    code: Code {
        id: "HX0513",
        title: "password as plain text",
        explain: "Whoever reads the file reads the password. 'password' takes a crypt(3) hash, as 'mkpasswd -m sha-256' prints it.",
    },
    severity: Severity::Note,
    run,
    ok: &["userlist u\n user a password $5$x$y\n", "global\n user insecure-password\n"],
    bad: &["userlist u\n user a insecure-password b\n"],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for section in facts.outline.sections.iter().filter(|s| s.keyword == "userlist") {
        for line in section.lines_of(&["user"]).filter(|l| has(l, 2, "insecure-password")) {
            let message = format!("the password of '{}' is plain text", text(line, 1));
            found.say(span(line, 2), message, "write 'password' and its crypt(3) hash");
        }
    }
}
