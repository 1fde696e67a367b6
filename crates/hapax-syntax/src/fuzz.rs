//! What the fuzz targets call: each takes any bytes and panics where something that must always hold does not.
//!
//! The targets in `fuzz/` are one line each; the seeds beside them run as unit tests here.

#![allow(clippy::missing_panics_doc, reason = "panicking is how a fuzz target speaks")]

use hapax_diag::{Diagnostics, FileId, Sources, render};

use crate::fmt::{Style, format};
use crate::{BuildFacts, Environment, Line, Reader, condition};

fn environment() -> Environment {
    let vars = [("A", "x  y"), ("EMPTY", ""), ("PORT", "80")];
    Environment::new(
        vars.map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())),
        BuildFacts::default(),
    )
}

/// A line's number and words.
type Words = (u32, Vec<Vec<u8>>);

fn read(data: &[u8], check: bool) -> (Vec<Words>, Diagnostics) {
    let env = environment();
    let (mut lines, mut diags, mut line) = (Vec::new(), Diagnostics::default(), Line::default());
    let mut reader = Reader::new(FileId(0), "fuzz.cfg", data);
    let raw: Vec<&[u8]> = if check { data.split(|&b| b == b'\n').collect() } else { Vec::new() };
    while reader.next_line(&env, &mut diags, &mut line) {
        assert!(!line.words.is_empty() && line.words.iter().all(|w| !w.bytes.is_empty()));
        for w in &line.words {
            assert!(!check || w.span.end as usize <= raw[w.span.line as usize - 1].len());
            assert!(w.span.start < w.span.end && w.span.line == line.span.line);
        }
        lines.push((line.span.line, line.words.iter().map(|w| w.bytes.to_vec()).collect()));
    }
    (lines, diags)
}

/// Words are never empty and stand where their spans say; every diagnostic can be drawn.
pub fn lexer(data: &[u8]) {
    let (_, diags) = read(data, true);
    let mut sources = Sources::default();
    sources.add("fuzz.cfg", data);
    let _ = render::human(&diags, &sources, render::Human::default());
    let _ = render::haproxy(&diags, &sources, 1, render::Closing::Verdict);
}

/// Any text is true, false or an error whose place is in the text.
pub fn condition(data: &[u8]) {
    let env = environment();
    if let Err(e) = condition::evaluate(data, &env) {
        assert!(e.at <= data.len());
    }
    let _ = condition::evaluate_argument(data, &env);
}

/// Formatting twice is formatting once, and no line's words change.
pub fn formatter(data: &[u8]) {
    let style = Style {
        sections: &["global", "defaults", "frontend", "backend", "listen"],
        indent: 4,
    };
    let mut text = data.to_vec();
    text.push(b'\n');
    let once = format(&text, &style);
    assert_eq!(format(&once, &style), once);
    let ((before, _), (after, _)) = (read(&text, false), read(&once, false));
    assert_eq!(before, after);
}

#[cfg(test)]
#[path = "../../../fuzz/seeds.rs"]
mod seeds;

#[cfg(test)]
mod tests {
    use super::seeds;

    #[test]
    fn the_lexers_seeds_hold() {
        seeds::run("lexer", super::lexer);
        seeds::run("formatter", super::lexer);
    }

    #[test]
    fn the_conditions_seeds_hold() {
        seeds::run("condition", super::condition);
    }

    #[test]
    fn the_formatters_seeds_hold() {
        seeds::run("formatter", super::formatter);
        seeds::run("lexer", super::formatter);
    }
}
