//! Comments that silence diagnostics: `# hapax: ignore=HX0123,HX0456` at the end of the line, or alone on the line above.
//!
//! `haproxy:` may stand for `hapax:`, and `all` for every code. Errors are never silenced.

use crate::{Diagnostics, Severity, Sources, Span};

/// Takes out what comments silence; answers how many.
pub fn suppress(diags: &mut Diagnostics, sources: &Sources) -> usize {
    let before = diags.len();
    diags.retain(|d| d.severity == Severity::Alert || d.span.is_none_or(|span| !silenced(span, d.code.id, sources)));
    before - diags.len()
}

fn silenced(span: Span, code: &str, sources: &Sources) -> bool {
    if names(sources.line(span), code) {
        return true;
    }
    let above = Span {
        line: span.line.saturating_sub(1),
        ..span
    };
    let above = sources.line(above);
    above.trim_ascii_start().starts_with(b"#") && names(above, code)
}

/// Whether a comment of the line lists the code.
fn names(line: &[u8], code: &str) -> bool {
    line.split(|&b| b == b'#').skip(1).any(|comment| {
        let Ok(comment) = std::str::from_utf8(comment) else { return false };
        let Some(list) = ["hapax: ignore=", "haproxy: ignore="]
            .iter()
            .find_map(|lead| comment.trim_start().strip_prefix(lead))
        else {
            return false;
        };
        let list = list.split_ascii_whitespace().next().unwrap_or("");
        list.split(',').any(|c| c.eq_ignore_ascii_case(code) || c == "all")
    })
}

#[cfg(test)]
mod tests;
