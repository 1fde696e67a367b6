//! SARIF 2.1.0, for code scanning services.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::place::Place;
use super::{Tool, sentence};
use crate::{Code, Diagnostic, Diagnostics, Severity, Sources, Span, baseline};

/// A SARIF log of one run, with a rule for each code that occurs.
pub fn sarif(diags: &Diagnostics, sources: &Sources, tool: Tool) -> String {
    let mut rules: Vec<&'static Code> = Vec::new();
    let mut results = Vec::with_capacity(diags.len());
    for d in diags {
        let index = rules.iter().position(|c| *c == d.code).unwrap_or_else(|| {
            rules.push(d.code);
            rules.len() - 1
        });
        results.push(result(d, index, sources));
    }
    let rules: Vec<Value> = rules.into_iter().map(rule).collect();
    let whole = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": tool.name, "version": tool.version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{whole:#}\n")
}

fn rule(code: &'static Code) -> Value {
    json!({
        "id": code.id,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": code.explain },
    })
}

fn result(d: &Diagnostic, rule: usize, sources: &Sources) -> Value {
    let level = match d.severity {
        Severity::Alert => "error",
        Severity::Warning => "warning",
        Severity::Notice | Severity::Diag | Severity::Note => "note",
    };
    let mut text = sentence(d.words()).to_owned();
    if let Some(help) = &d.help {
        text.push('\n');
        text.push_str(help);
    }
    let mut result = Map::new();
    result.insert("ruleId".into(), json!(d.code.id));
    result.insert("ruleIndex".into(), json!(rule));
    result.insert("level".into(), json!(level));
    result.insert("message".into(), json!({ "text": text }));
    if let Some(span) = d.span {
        result.insert("locations".into(), json!([location(span, None, sources)]));
        let print = format!("{:016x}", baseline::fingerprint(sources.line(span)));
        result.insert("partialFingerprints".into(), json!({ "lineText/v1": print }));
    }
    if !d.related.is_empty() {
        let related: Vec<Value> = d
            .related
            .iter()
            .map(|(span, label)| location(*span, Some(label), sources))
            .collect();
        result.insert("relatedLocations".into(), Value::Array(related));
    }
    Value::Object(result)
}

fn location(span: Span, label: Option<&str>, sources: &Sources) -> Value {
    let Place { file, line, columns } = Place::of(span, sources);
    let mut region = json!({ "startLine": line.max(1) });
    if let Some((start, end)) = columns {
        region["startColumn"] = json!(start);
        region["endColumn"] = json!(end);
    }
    let mut location = json!({ "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": region } });
    if let Some(label) = label {
        location["message"] = json!({ "text": label });
    }
    location
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for &b in path.as_bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~') {
            out.push(b as char);
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}
