//! Backends that no rule chooses and nothing else names.

use std::collections::HashMap;

use hapax_diag::{Code, Severity};

use super::outline::{Section, span, text};
use super::{Facts, Found, Lint};

pub(super) static LINT: Lint = Lint {
    name: "unused-backend",
    code: Code {
        id: "HX0504",
        title: "backend that nothing uses",
        explain: "No use_backend or default_backend names this backend, and no rule uses its table or its servers. Nothing is said where a \
                  use_backend rule computes a name, or where a SPOE filter's own file may have it.",
    },
    severity: Severity::Note,
    run,
    ok: &[
        "frontend f\n default_backend b\nbackend b\n",
        "frontend f\n use_backend b if x\nbackend b\n",
        "frontend f\n use_backend %[path,map(/x.map)]\nbackend b\n",
        "frontend f\n tcp-request connection track-sc0 src table t\nbackend t\n stick-table type ip size 1\n",
        "frontend f\n http-request deny if { src,table_http_req_rate(t) gt 1 }\nbackend t\n stick-table type ip size 1\n",
        "frontend f\n filter spoe engine e config /x\nbackend b\n",
        "listen l\n server a 1.1.1.1:1 track b/a\nbackend b\n server a 1.1.1.1:1 check\n",
    ],
    bad: &[
        "frontend f\n default_backend b\nbackend b\nbackend c\n server c 1.1.1.1:1\n",
        "backend b\n stick-table type ip size 1\n http-request track-sc0 src\n",
    ],
};

/// Where a name occurs.
#[derive(Clone, Copy)]
enum Occurs {
    Nowhere,
    In(usize),
    Several,
}

fn run(facts: &Facts<'_>, found: &mut Found<'_>) {
    let sections = &facts.outline.sections;
    let dynamic = |s: &Section<'_>| s.lines_of(&["use_backend"]).any(|l| text(l, 1).contains('%'));
    let spoe = |s: &Section<'_>| s.lines_of(&["filter", "spoe"]).next().is_some();
    if sections.iter().any(|s| dynamic(s) || spoe(s)) {
        return;
    }
    // The names of backends, and the section they occur in first; `Several`: in more than one.
    let backends = sections.iter().filter(|s| s.keyword == "backend");
    let mut named: HashMap<&str, Occurs> = backends.map(|s| (s.name(), Occurs::Nowhere)).collect();
    for (at, section) in sections.iter().enumerate() {
        for line in &section.lines {
            let own_name = usize::from(text(line, 0) == "server");
            for word in line.words.iter().skip(1 + own_name) {
                for part in word
                    .str()
                    .split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.' | ':'))
                {
                    if let Some(place) = named.get_mut(part) {
                        *place = match *place {
                            Occurs::Nowhere => Occurs::In(at),
                            Occurs::In(known) if known == at => Occurs::In(at),
                            _ => Occurs::Several,
                        };
                    }
                }
            }
        }
    }
    let used = |at: usize, name: &str| match named.get(name) {
        None | Some(Occurs::Nowhere) => false,
        Some(Occurs::In(known)) => *known != at,
        Some(Occurs::Several) => true,
    };
    for (at, section) in sections.iter().enumerate().filter(|(_, s)| s.keyword == "backend") {
        if !used(at, section.name()) {
            let message = format!("nothing uses the backend '{}'", section.name());
            found.say(
                span(&section.head, 1),
                message,
                "choose it with use_backend or default_backend, or remove it",
            );
        }
    }
}
