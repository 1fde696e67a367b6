//! HAProxy's own text, for the tools and eyes that are used to it.

use std::fmt::Write;

use crate::{Diagnostic, Diagnostics, FileId, Lead, Severity, Sources};

/// What is said after the diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    None,
    /// As a start or `-c` does: which files have errors, that errors are fatal, that there were warnings.
    Verdict,
}

/// `[ALERT]    (PID) : ` and its kin: what every line of HAProxy's starts with.
pub fn label(severity: Severity, pid: u32) -> String {
    let name = match severity {
        Severity::Alert => "[ALERT]",
        Severity::Warning => "[WARNING]",
        Severity::Notice | Severity::Note => "[NOTICE]",
        Severity::Diag => "[DIAG]",
    };
    format!("{name:<10} ({pid}) : ")
}

/// Every diagnostic as HAProxy writes it to standard error.
pub fn haproxy(diags: &Diagnostics, sources: &Sources, pid: u32, closing: Closing) -> String {
    let mut out = String::new();
    // HAProxy tells of a file's errors where the file ends: after the last of them.
    let last_in_file: Vec<(FileId, usize)> = sources
        .iter()
        .filter_map(|(id, _)| {
            let of_file = |d: &Diagnostic| is_parsing_alert(d) && d.span.is_some_and(|s| s.file == id);
            diags.iter().rposition(of_file).map(|at| (id, at))
        })
        .collect();
    for (at, d) in diags.iter().enumerate() {
        one(&mut out, d, sources, pid);
        if closing == Closing::Verdict {
            for (file, _) in last_in_file.iter().filter(|(_, last)| *last == at) {
                let alert = label(Severity::Alert, pid);
                let _ = writeln!(
                    out,
                    "{alert}config : Error(s) found in configuration file : {}",
                    sources.name(*file)
                );
            }
        }
    }
    if closing == Closing::Verdict {
        if diags.has_alert() {
            let _ = writeln!(out, "{}config : Fatal errors found in configuration.", label(Severity::Alert, pid));
        } else if diags.count(Severity::Warning) > 0 {
            out.push_str("Warnings were found.\n");
        }
    }
    out
}

fn is_parsing_alert(d: &Diagnostic) -> bool {
    d.severity == Severity::Alert && matches!(d.lead, Lead::Parsing | Lead::ParsingTight | Lead::Place)
}

fn one(out: &mut String, d: &Diagnostic, sources: &Sources, pid: u32) {
    out.push_str(&label(d.severity, pid));
    let place = d.span.map(|s| format!("[{}:{}]", sources.name(s.file), s.line));
    let _ = match (d.lead, place) {
        (Lead::Bare, _) => Ok(()),
        (Lead::Parsing, Some(place)) => write!(out, "config : parsing {place} : "),
        (Lead::ParsingTight, Some(place)) => write!(out, "config : parsing {place}: "),
        (Lead::Place, Some(place)) => write!(out, "config : {place} : "),
        (Lead::Parsing | Lead::ParsingTight | Lead::Place | Lead::Config, _) => write!(out, "config : "),
    };
    out.push_str(d.message.trim_end_matches('\n'));
    out.push('\n');
    if let Some(excerpt) = &d.excerpt {
        out.push_str(excerpt);
        out.push('\n');
    }
}
