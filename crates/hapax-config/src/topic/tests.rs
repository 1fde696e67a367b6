//! Every row of every family answers for its own `ok` and `bad` lines.

use std::collections::HashSet;
use std::sync::Arc;

use hapax_diag::Severity;
use hapax_sample::Files;
use hapax_value::Support;

use crate::dictionary::{Row, every_keyword};
use crate::keyword::{Class, Keyword, Sections};
use crate::load::{Input, LoadOptions, read};
use crate::{bind, section, server};

/// Files that any row's example may name.
struct Shelf;

impl Files for Shelf {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        Err(format!("unable to read {path}"))
    }
}

/// A row as the tests see it, whatever its class.
struct Case {
    name: &'static str,
    heading: String,
    ok: &'static [&'static str],
    bad: &'static [&'static str],
    complete: bool,
}

impl Case {
    fn new<K: Class>(row: &'static Keyword<K>, heading: String) -> Self {
        let refused = matches!(row.support, Support::Refused(_)) || row.family;
        assert!(row.name.is_ascii() && !row.name.is_empty());
        assert!(!row.doc.is_empty(), "{} has no doc", row.name);
        assert!(!row.sections.is_empty(), "{} has no section", row.name);
        Self {
            name: row.name,
            heading,
            ok: row.ok,
            bad: row.bad,
            complete: refused || !row.ok.is_empty(),
        }
    }
}

/// The heading of a section that takes the word.
fn heading(row: &Row) -> String {
    match section::ALL.iter().find(|s| row.sections.contains(s.bit)) {
        Some(s) if s.bit == Sections::DEFAULTS => "defaults named".to_owned(),
        Some(s) if s.usage.contains("<name>") => format!("{} named", s.name),
        Some(s) => s.name.to_owned(),
        None => unreachable!("a row without a section"),
    }
}

fn cases() -> Vec<Case> {
    every_keyword()
        .map(|r| Case::new(r, heading(r)))
        .chain(bind::every_option().map(|r| Case::new(r, "frontend named".to_owned())))
        .chain(server::every_option().map(|r| Case::new(r, "backend named".to_owned())))
        .collect()
}

/// The worst that is told of the line, and the whole of it; what the machine lacks counts where `missing` says so.
fn worst_of_line(case: &Case, line: &str, missing: bool) -> (Option<Severity>, String) {
    let text = format!("global\n    expose-experimental-directives\n{}\n    {line}\n", case.heading);
    let at_line = text.lines().count() as u32;
    let inputs = vec![Input {
        name: "test.cfg".to_owned(),
        bytes: text.into_bytes().into(),
    }];
    let opts = LoadOptions::default();
    // Names are not looked for: an example may name what it does not declare.
    let files = crate::paths::RelativeFiles::new(&Shelf);
    let (reader, _) = read(inputs, &files, &opts);
    let told: Vec<_> = reader
        .diags
        .iter()
        .filter(|d| (missing || !d.missing) && d.span.is_some_and(|s| s.line >= at_line))
        .collect();
    let text = told.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; ");
    (told.iter().map(|d| d.severity).max(), text)
}

#[test]
fn rows_accept_and_refuse_what_they_say() {
    let mut wrong = Vec::new();
    for case in cases() {
        for line in case.ok {
            let (worst, told) = worst_of_line(&case, line, false);
            if worst == Some(Severity::Alert) {
                wrong.push(format!("{}: `{line}` should be accepted: {told}", case.name));
            }
        }
        for line in case.bad {
            if worst_of_line(&case, line, true).0 != Some(Severity::Alert) {
                wrong.push(format!("{}: `{line}` should be refused", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_are_complete_and_distinct() {
    let incomplete: Vec<_> = cases().into_iter().filter(|c| !c.complete).map(|c| c.name).collect();
    assert!(incomplete.is_empty(), "no line that is accepted: {incomplete:?}");
    let sections = every_keyword().flat_map(|r| r.sections.iter().map(|s| (r.name, s)));
    let binds = bind::every_option().map(|r| (r.name, Sections::BIND));
    let servers = server::every_option().map(|r| (r.name, Sections::SERVER));
    let mut seen = HashSet::new();
    let twice: Vec<_> = sections.chain(binds).chain(servers).filter(|k| !seen.insert(*k)).collect();
    assert!(twice.is_empty(), "twice in one section: {twice:?}");
}
