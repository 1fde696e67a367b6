//! One JSON object for scripts. Its shape is kept: fields may be added, none is renamed.

use serde_json::{Value, json};

use super::place::Place;
use super::{Tool, counts, sentence};
use crate::{Diagnostic, Diagnostics, Severity, Sources, Span};

/// The word for a severity in tool formats.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Alert => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
        Severity::Diag => "diag",
        Severity::Note => "note",
    }
}

/// `{"tool", "diagnostics": [...], "summary": {...}}`
pub fn json(diags: &Diagnostics, sources: &Sources, tool: Tool) -> String {
    let (errors, warnings, notes) = counts(diags);
    let list: Vec<Value> = diags.iter().map(|d| one(d, sources)).collect();
    let files: Vec<&str> = sources.iter().map(|(_, s)| s.name.as_str()).collect();
    let whole = json!({
        "tool": { "name": tool.name, "version": tool.version },
        "files": files,
        "diagnostics": list,
        "summary": { "valid": errors == 0, "errors": errors, "warnings": warnings, "notes": notes },
    });
    format!("{whole:#}\n")
}

fn one(d: &Diagnostic, sources: &Sources) -> Value {
    let related: Vec<Value> = d
        .related
        .iter()
        .map(|(span, label)| json!({ "message": label, "place": place(*span, sources) }))
        .collect();
    json!({
        "code": d.code.id,
        "title": d.code.title,
        "severity": severity(d.severity),
        "message": sentence(d.words()),
        "help": d.help,
        "place": d.span.map(|span| place(span, sources)),
        "related": related,
        "missing": d.missing,
    })
}

fn place(span: Span, sources: &Sources) -> Value {
    let Place { file, line, columns } = Place::of(span, sources);
    json!({ "file": file, "line": line, "column": columns.map(|c| c.0), "end_column": columns.map(|c| c.1) })
}
