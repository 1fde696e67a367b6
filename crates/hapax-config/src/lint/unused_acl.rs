//! ACLs that no condition names.

use std::collections::HashMap;

use hapax_diag::{Code, Severity};

use super::outline::{Section, span, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "unused-acl",
    code: Code {
        id: "HX0503",
        title: "ACL that nothing uses",
        explain: "No condition of the section names this ACL. ACLs are known in their own section only: one declared in a frontend is not \
                  seen by its backends.",
    },
    severity: Severity::Note,
    run,
    ok: &[
        "frontend f\n acl a path /\n use_backend b if a\n",
        "frontend f\n acl a path /\n http-request deny if { src 10.0.0.1 } !a\n",
        "frontend f\n acl a path /\n acl b path /b\n http-request set-var(txn.x) acl(a,!b)\n",
        "frontend f\n acl a path /\n acl b acl(a)\n http-request deny if b\n",
        "frontend f\n acl a path /\n http-request set-header x %[acl(a)]\n",
    ],
    bad: &[
        "frontend f\n acl a path /\n use_backend b if c\n",
        "frontend f\n acl a path /\nbackend b\n http-request deny if a\n",
        "frontend f\n acl a path /\n acl a path /b\n",
    ],
};

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    for section in &facts.outline.sections {
        let mut declared = HashMap::new();
        for line in section.lines_of(&["acl"]) {
            declared.entry(text(line, 1)).or_insert(line);
        }
        if declared.is_empty() {
            continue;
        }
        for_each_use(section, |name| {
            declared.remove(name);
        });
        let mut unused: Vec<_> = declared.into_iter().collect();
        unused.sort_by_key(|(_, line)| (line.span.file, line.span.line));
        for (name, line) in unused {
            let message = format!("no condition of this section names the ACL '{name}'");
            found.say(
                span(line, 1),
                message,
                "remove it, or use it; ACLs are known in their own section only",
            );
        }
    }
}

/// Calls `used` with every word that may name an ACL: alone, negated, or an argument of `acl()`.
fn for_each_use<'s>(section: &'s Section<'_>, mut used: impl FnMut(&'s str)) {
    for line in &section.lines {
        let declares = text(line, 0) == "acl";
        for word in line.words.iter().skip(if declares { 2 } else { 1 }) {
            let word = word.str();
            used(word.trim_start_matches('!'));
            if let Some((_, args)) = word.split_once("acl(") {
                args.split([',', ')', '!']).for_each(&mut used);
            }
        }
    }
}
