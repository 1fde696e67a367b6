//! JUnit XML, for build servers that show tests: a file is a suite, a diagnostic a test case that failed (errors) or only said something.

use std::collections::HashSet;
use std::fmt::Write;

use super::sentence;
use crate::{Diagnostic, Diagnostics, FileId, Severity, Sources};

/// A suite for each file, and one for what has no place; a file without errors has a case that passed.
pub fn junit(diags: &Diagnostics, sources: &Sources) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"hapax check\" tests=\"{}\" failures=\"{}\">",
        tests(diags, sources),
        diags.count(Severity::Alert)
    );
    for (id, source) in sources.iter() {
        let of_file: Vec<&Diagnostic> = diags.iter().filter(|d| file_of(d) == Some(id)).collect();
        suite(&mut out, &source.name, &of_file);
    }
    let general: Vec<&Diagnostic> = diags.iter().filter(|d| file_of(d).is_none()).collect();
    if !general.is_empty() {
        suite(&mut out, "configuration", &general);
    }
    out.push_str("</testsuites>\n");
    out
}

/// How many test cases there are: a diagnostic each, and one for each file without an error.
fn tests(diags: &Diagnostics, sources: &Sources) -> usize {
    let failed: HashSet<Option<FileId>> = diags.iter().filter(|d| d.severity == Severity::Alert).map(file_of).collect();
    let general = usize::from(diags.iter().any(|d| file_of(d).is_none()) && !failed.contains(&None));
    let passed = sources.iter().filter(|(id, _)| !failed.contains(&Some(*id))).count();
    diags.len() + passed + general
}

fn file_of(d: &Diagnostic) -> Option<FileId> {
    d.span.map(|s| s.file)
}

fn suite(out: &mut String, name: &str, diags: &[&Diagnostic]) {
    let failures = diags.iter().filter(|d| d.severity == Severity::Alert).count();
    let tests = diags.len() + usize::from(failures == 0);
    let name = escape(name);
    let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">");
    if failures == 0 {
        let _ = writeln!(out, "    <testcase classname=\"{name}\" name=\"valid\"/>");
    }
    for d in diags {
        let line = d.span.map_or(0, |s| s.line);
        let _ = writeln!(
            out,
            "    <testcase classname=\"{name}\" name=\"line {line}: {}\" file=\"{name}\" line=\"{line}\">",
            d.code.id
        );
        let text = escape(sentence(d.words()));
        let help = d.help.as_deref().map(|h| format!("\n{}", escape(h))).unwrap_or_default();
        let _ = if d.severity == Severity::Alert {
            writeln!(
                out,
                "      <failure type=\"{}\" message=\"{text}\">{text}{help}</failure>",
                d.code.id
            )
        } else {
            writeln!(
                out,
                "      <system-out>{}: {text}{help}</system-out>",
                super::json::severity(d.severity)
            )
        };
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n");
}

/// XML 1.0 has no way to write most control characters.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
