//! The formatter: one indentation, single spaces or the columns the author aligned, and nothing else changed.
//!
//! It works on the raw bytes of each line: quotes, escapes and variables stay as written, and so do lines that cannot be read. Formatting
//! twice is the same as once, and no line's words change.

mod align;
mod scan;

use align::{Row, align};
use scan::{Scanned, scan};

use crate::reader::encoding::is_marked;
use crate::tokenize::is_space;

/// What the formatter must be told, since this room knows no keyword.
#[derive(Clone, Copy, Debug)]
pub struct Style<'s> {
    /// Keywords that start a section: their lines stand at column 0.
    pub sections: &'s [&'s str],
    /// Spaces for each level.
    pub indent: usize,
}

/// The file in its formatted shape.
///
/// Headings stand at column 0 and the lines of a section one level in. `.if` and its kin stand at the level of the blocks around them, so
/// that the lines of an outermost block keep their section's level and those of inner blocks go deeper. A comment at column 0 stays there,
/// any other goes to the level of its place. Blank lines are kept. A last line without a line feed gets one.
pub fn format(bytes: &[u8], style: &Style<'_>) -> Vec<u8> {
    let mut out = Formatter {
        style,
        out: Vec::with_capacity(bytes.len() + bytes.len() / 8),
        block: Vec::new(),
        depth: 0,
        in_section: false,
    };
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    for (i, raw) in text.split(|&b| b == b'\n').enumerate() {
        let blanks = raw.iter().take_while(|&&b| is_space(b)).count();
        // A word that only looks like the mark of an encoding must not come to stand where one is read as such.
        if i == 0 && is_marked(&raw[blanks..]) {
            out.verbatim(raw, b"");
        } else {
            out.line(raw);
        }
    }
    out.flush();
    out.out
}

struct Formatter<'a, 's> {
    style: &'s Style<'s>,
    out: Vec<u8>,
    /// Lines that may be aligned with each other.
    block: Vec<Row<'a>>,
    /// Open `.if` blocks.
    depth: usize,
    in_section: bool,
}

impl<'a> Formatter<'a, '_> {
    fn line(&mut self, raw: &'a [u8]) {
        match scan(raw) {
            Scanned::Verbatim => self.verbatim(raw, b""),
            Scanned::Scope { line, end } => {
                self.verbatim(line, end);
                self.in_section = false;
            }
            Scanned::Blank { end } => self.verbatim(b"", end),
            Scanned::Comment { text, indented, end } => {
                let level = if indented { self.body_level() } else { 0 };
                self.flush();
                self.put(level, text, end);
            }
            Scanned::Words(row) => self.words(row),
        }
    }

    fn words(&mut self, mut row: Row<'a>) {
        match row.keyword() {
            b".if" => {
                self.directive(row, self.depth);
                self.depth += 1;
            }
            b".elif" | b".else" => self.directive(row, self.depth.saturating_sub(1)),
            b".endif" => {
                self.depth = self.depth.saturating_sub(1);
                self.directive(row, self.depth);
            }
            keyword if self.style.sections.iter().any(|s| s.as_bytes() == keyword) => {
                self.in_section = true;
                self.directive(row, 0);
            }
            _ => {
                row.indent = self.body_level() * self.style.indent;
                if self.block.last().is_some_and(|last| last.indent != row.indent) {
                    self.flush();
                }
                self.block.push(row);
            }
        }
    }

    /// A line that is aligned with no other.
    fn directive(&mut self, mut row: Row<'a>, level: usize) {
        self.flush();
        row.indent = level * self.style.indent;
        self.block.push(row);
        self.flush();
    }

    fn body_level(&self) -> usize {
        self.depth.max(usize::from(self.in_section))
    }

    fn verbatim(&mut self, line: &[u8], end: &[u8]) {
        self.flush();
        self.put(0, line, end);
    }

    fn put(&mut self, level: usize, text: &[u8], end: &[u8]) {
        self.out.resize(self.out.len() + level * self.style.indent, b' ');
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(end);
        self.out.push(b'\n');
    }

    fn flush(&mut self) {
        align(&mut self.block, &mut self.out);
        self.block.clear();
    }
}

#[cfg(test)]
mod tests;
