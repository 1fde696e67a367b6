//! Workflow commands of GitHub Actions: each diagnostic becomes an annotation on its line.

use std::fmt::Write;

use super::place::Place;
use super::sentence;
use crate::{Diagnostics, Severity, Sources};

/// `::error file=...,line=...,title=...::message`, one line each.
pub fn github(diags: &Diagnostics, sources: &Sources) -> String {
    let mut out = String::new();
    for d in diags {
        let command = match d.severity {
            Severity::Alert => "error",
            Severity::Warning => "warning",
            Severity::Notice | Severity::Diag | Severity::Note => "notice",
        };
        let _ = write!(out, "::{command} ");
        if let Some(span) = d.span {
            let Place { file, line, columns } = Place::of(span, sources);
            let _ = write!(out, "file={},line={line},", escape(file, true));
            if let Some((start, end)) = columns {
                // The last column is part of an annotation.
                let _ = write!(out, "col={start},endColumn={},", end - 1);
            }
        }
        let title = format!("{} {}", d.code.id, d.code.title);
        let mut text = sentence(d.words()).to_owned();
        if let Some(help) = &d.help {
            text.push('\n');
            text.push_str(help);
        }
        let _ = writeln!(out, "title={}::{}", escape(&title, true), escape(&text, false));
    }
    out
}

/// What would end the command, or a property of it, is percent-encoded.
fn escape(text: &str, property: bool) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if property {
        text.replace(':', "%3A").replace(',', "%2C")
    } else {
        text
    }
}
