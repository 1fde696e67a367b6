//! The words of a logical line, as later rooms see them.

use std::borrow::Cow;

use hapax_diag::Span;

/// One argument after quotes, escapes and variables are resolved.
///
/// `bytes` is what HAProxy would see; it need not be UTF-8 (`\xFF` is legal). `span` is where it stands in the file.
#[derive(Clone, Debug)]
pub struct Word<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub span: Span,
}

impl<'a> Word<'a> {
    pub fn new(bytes: impl Into<Cow<'a, [u8]>>, span: Span) -> Self {
        Self { bytes: bytes.into(), span }
    }

    /// The word as text; bytes that are no UTF-8 are shown as U+FFFD, so such a word equals no keyword.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The word as `&str`, or `""` where it is no UTF-8 (no keyword is).
    pub fn str(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or("")
    }
}

impl PartialEq<str> for Word<'_> {
    fn eq(&self, other: &str) -> bool {
        &*self.bytes == other.as_bytes()
    }
}

impl PartialEq<&str> for Word<'_> {
    fn eq(&self, other: &&str) -> bool {
        &*self.bytes == other.as_bytes()
    }
}

/// A logical line that has at least one word.
#[derive(Clone, Debug, Default)]
pub struct Line<'a> {
    /// Whole line: its file and number. HAProxy knows no continued lines: one physical line is one logical line.
    pub span: Span,
    pub words: Vec<Word<'a>>,
}
