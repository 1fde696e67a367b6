//! Every row of every family answers for its own `ok` and `bad` lines.

use std::collections::HashSet;
use std::sync::Arc;

use hapax_diag::Severity;
use hapax_sample::Files;
use hapax_value::Support;

use crate::dictionary::{Row, every_keyword};
use crate::keyword::Sections;
use crate::load::{Input, LoadOptions, load};
use crate::section;

/// Files that any row's example may name.
struct Shelf;

impl Files for Shelf {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        Err(format!("unable to read {path}"))
    }
}

/// The smallest file that puts `line` into a section that takes it; the line is the last one.
fn around(row: &Row, line: &str) -> String {
    let heading = match section::ALL.iter().find(|s| row.sections.contains(s.bit)) {
        Some(s) if s.bit == Sections::DEFAULTS => "defaults named".to_owned(),
        Some(s) if s.usage.contains("<name>") => format!("{} named", s.name),
        Some(s) => s.name.to_owned(),
        None => unreachable!("a row without a section"),
    };
    format!("{heading}\n    {line}\n")
}

/// The worst that is told of the line, and the whole of it; what the machine lacks counts where `missing` says so.
fn worst_of_line(row: &Row, line: &str, missing: bool) -> (Option<Severity>, String) {
    let text = around(row, line);
    let inputs = vec![Input {
        name: "test.cfg".to_owned(),
        bytes: text.clone().into_bytes().into(),
    }];
    let loaded = load(inputs, &Shelf, &LoadOptions::default());
    let at_line = text.lines().count() as u32;
    let told: Vec<_> = loaded
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
    for row in every_keyword() {
        for line in row.ok {
            let (worst, told) = worst_of_line(row, line, false);
            if worst == Some(Severity::Alert) {
                wrong.push(format!("{}: `{line}` should be accepted: {told}", row.name));
            }
        }
        for line in row.bad {
            if worst_of_line(row, line, true).0 != Some(Severity::Alert) {
                wrong.push(format!("{}: `{line}` should be refused", row.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_are_complete_and_distinct() {
    let mut seen: HashSet<(&str, u32)> = HashSet::new();
    let mut twice = Vec::new();
    for row in every_keyword() {
        assert!(row.name.is_ascii() && !row.name.is_empty());
        assert!(!row.doc.is_empty(), "{} has no doc", row.name);
        assert!(!row.sections.is_empty(), "{} has no section", row.name);
        let refused = matches!(row.support, Support::Refused(_)) || row.family;
        assert!(refused || !row.ok.is_empty(), "{} has no line that is accepted", row.name);
        for section in row.sections.iter() {
            if !seen.insert((row.name, section.bits())) {
                twice.push(row.name);
            }
        }
    }
    assert!(twice.is_empty(), "twice in one section: {twice:?}");
}
