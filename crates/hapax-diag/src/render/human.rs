//! Annotated source: the line with the very words underlined, the cure, and the other places that matter.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use super::{counts, sentence};
use crate::{Diagnostic, Diagnostics, Severity, Sources, Span};

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub struct Human {
    pub color: bool,
    /// Box-drawing characters rather than ASCII.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Human {
    fn default() -> Self {
        Self {
            color: false,
            unicode: false,
            width: 120,
        }
    }
}

/// Every diagnostic with its source, then a line that counts them.
pub fn human(diags: &Diagnostics, sources: &Sources, style: Human) -> String {
    let base = if style.color { Renderer::styled() } else { Renderer::plain() };
    let decor = if style.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    let renderer = base.decor_style(decor).term_width(style.width);
    let mut out = String::new();
    for d in diags {
        out.push_str(&renderer.render(&[group(d, sources)]));
        out.push_str("\n\n");
    }
    out.push_str(&summary(diags, sources));
    out.push('\n');
    out
}

fn group<'d>(d: &'d Diagnostic, sources: &'d Sources) -> Group<'d> {
    let level = match d.severity {
        Severity::Alert => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Notice => Level::INFO.with_name("notice"),
        Severity::Diag => Level::INFO.with_name("diag"),
        Severity::Note => Level::NOTE,
    };
    let mut group = level
        .primary_title(clean(&sentence(d.words()).replace("\n   | ", " ")))
        .id(d.code.id)
        .elements(d.span.map(|span| snippet(span, sources, AnnotationKind::Primary, None)));
    for (span, label) in &d.related {
        group = group.element(snippet(*span, sources, AnnotationKind::Context, Some(label)));
    }
    if let Some(help) = &d.help {
        group = group.element(Level::HELP.message(clean(help)));
    }
    group
}

/// One line of a file. Only that line is given to the renderer, so the size of the file does not matter.
fn snippet<'d>(span: Span, sources: &'d Sources, kind: AnnotationKind, label: Option<&'d str>) -> Snippet<'d, Annotation<'d>> {
    let raw = sources.line(span);
    let (start, end) = if span.end > span.start {
        ((span.start as usize).min(raw.len()), (span.end as usize).min(raw.len()))
    } else {
        let indent = raw.len() - raw.trim_ascii_start().len();
        (indent, raw.trim_ascii_end().len().max(indent))
    };
    // Bytes that are no text grow when they are shown: the underlined range is counted in what is shown.
    let (before, words) = (clean_bytes(&raw[..start]), clean_bytes(&raw[start..end]));
    let range = before.len()..before.len() + words.len();
    let line = before + &words + &clean_bytes(&raw[end..]);
    let mut annotation = kind.span(range);
    if let Some(label) = label {
        annotation = annotation.label(clean(label));
    }
    Snippet::source(line)
        .line_start((span.line as usize).max(1))
        .path(sources.name(span.file))
        .annotation(annotation)
}

fn clean_bytes(bytes: &[u8]) -> String {
    clean(&String::from_utf8_lossy(bytes))
}

/// Control characters would move the cursor or end the line: they are shown as U+FFFD.
fn clean(text: &str) -> String {
    let show = |c: char| if c.is_control() && c != '\t' { '\u{fffd}' } else { c };
    text.chars().map(show).collect()
}

fn summary(diags: &Diagnostics, sources: &Sources) -> String {
    let (errors, warnings, rest) = counts(diags);
    let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let files = many(sources.iter().count(), "file");
    if diags.is_empty() {
        return format!("{files}: valid");
    }
    let verdict = if errors > 0 { "not valid" } else { "valid" };
    let mut parts = vec![many(errors, "error"), many(warnings, "warning")];
    if rest > 0 {
        parts.push(many(rest, "note"));
    }
    format!("{files}: {verdict}, {}", parts.join(", "))
}
