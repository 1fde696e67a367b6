//! Places as tools count them: lines and columns from 1, columns in characters.

use crate::{Sources, Span};

/// A place; the columns are there where words of the line are meant rather than the whole of it.
pub(super) struct Place<'s> {
    pub(super) file: &'s str,
    pub(super) line: u32,
    /// First column, and the one after the last.
    pub(super) columns: Option<(usize, usize)>,
}

impl<'s> Place<'s> {
    pub(super) fn of(span: Span, sources: &'s Sources) -> Self {
        let line = sources.line(span);
        let column = |at: u32| {
            let before = &line[..(at as usize).min(line.len())];
            String::from_utf8_lossy(before).chars().count() + 1
        };
        Self {
            file: sources.name(span.file),
            line: span.line,
            columns: (span.end > span.start).then(|| (column(span.start), column(span.end))),
        }
    }
}
