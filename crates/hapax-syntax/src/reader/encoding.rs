//! Marks that editors put before the first character of a file. HAProxy takes them for part of the first word and refuses it; people
//! are told what it is that nobody can see.

use hapax_diag::Diagnostic;

use super::Reader;
use crate::codes;
use crate::tokenize::is_space;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
const CURE: &str = "save the file as UTF-8 without a byte order mark";

/// Whether a file that begins like this is read as one with a mark.
pub(crate) fn is_marked(bytes: &[u8]) -> bool {
    bytes.starts_with(UTF8_MARK) || UTF16_MARKS.iter().any(|m| bytes.starts_with(m))
}

impl Reader<'_> {
    /// What is wrong with the very first bytes. A mark of UTF-8 is stepped over, so that it spoils no line but the first; a file in
    /// UTF-16 has nothing to read.
    pub(super) fn encoding(&mut self) -> Option<Diagnostic> {
        if self.bytes.starts_with(UTF8_MARK) {
            self.pos = UTF8_MARK.len();
            self.line = 1;
            let end = self.bytes.iter().position(|&b| is_space(b) || matches!(b, b'\n' | b'#'));
            let word = String::from_utf8_lossy(&self.bytes[..end.unwrap_or(self.bytes.len())]);
            let message = format!("unknown keyword '{word}' out of section.");
            let d = self.alert(&codes::BYTE_ORDER_MARK, message, 0, UTF8_MARK.len());
            self.line = 0;
            self.mark = UTF8_MARK.len() as u32;
            let d = d.lead(hapax_diag::Lead::default());
            return Some(d.plainly("a byte order mark stands before the first word").help(CURE));
        }
        let utf16 = UTF16_MARKS.iter().any(|m| self.bytes.starts_with(m));
        let nul = memchr::memchr(0, self.bytes).filter(|_| utf16)?;
        self.pos = self.bytes.len();
        self.line = 1;
        let d = self.alert(
            &codes::STRAY_NUL,
            format!("Stray NUL character at position {}.", nul + 1),
            0,
            nul + 1,
        );
        Some(d.plainly("the file is in UTF-16, of which every other byte is a NUL").help(CURE))
    }
}

#[cfg(test)]
mod tests {
    use hapax_diag::{Diagnostics, FileId};

    use crate::{Environment, Line, Reader};

    fn read(bytes: &[u8]) -> (Vec<(u32, String)>, Vec<String>) {
        let (mut lines, mut diags, mut line) = (Vec::new(), Diagnostics::default(), Line::default());
        let mut reader = Reader::new(FileId(0), "t.cfg", bytes);
        while reader.next_line(&Environment::default(), &mut diags, &mut line) {
            lines.push((line.span.line, line.words[0].text().into_owned()));
        }
        let told = diags
            .iter()
            .map(|d| format!("{}:{} {}", d.span.unwrap().line, d.code.id, d.words()));
        (lines, told.collect())
    }

    #[test]
    fn a_mark_spoils_its_line_only() {
        let (lines, told) = read(b"\xef\xbb\xbfglobal\n  maxconn 1\n");
        assert_eq!(lines, [(1, "global".to_owned()), (2, "maxconn".to_owned())]);
        assert_eq!(told, ["1:HX0124 a byte order mark stands before the first word"]);
        assert_eq!(read(b"\xef\xbb\xbf").1.len(), 1, "even where nothing follows");
        assert_eq!(
            read(b"global\n\xef\xbb\xbfmaxconn 1\n").1,
            [""; 0],
            "only the start of a file is looked at"
        );
    }

    #[test]
    fn columns_of_the_line_count_its_mark() {
        let mut diags = Diagnostics::default();
        let mut line = Line::default();
        let mut reader = Reader::new(FileId(0), "t.cfg", b"\xef\xbb\xbfglobal x\nglobal x\n\"");
        let mut spans = Vec::new();
        while reader.next_line(&Environment::default(), &mut diags, &mut line) {
            spans.extend(line.words.iter().map(|w| (w.span.line, w.span.start, w.span.end)));
        }
        assert_eq!(spans, [(1, 3, 9), (1, 10, 11), (2, 0, 6), (2, 7, 8)]);
        let quote = b"\xef\xbb\xbf  a \"b\n";
        let mut diags = Diagnostics::default();
        assert!(!Reader::new(FileId(0), "t.cfg", quote).next_line(&Environment::default(), &mut diags, &mut line));
        assert_eq!(diags.iter().last().and_then(|d| d.span).map(|s| (s.start, s.end)), Some((7, 9)));
    }

    #[test]
    fn utf16_is_told_once() {
        for bytes in [&b"\xff\xfeg\0l\0\n\0"[..], b"\xfe\xff\0g\0l\0\n"] {
            let (lines, told) = read(bytes);
            assert!(lines.is_empty());
            assert_eq!(told, ["1:HX0109 the file is in UTF-16, of which every other byte is a NUL"]);
        }
        assert_eq!(read(b"\xff\xfe\n").1, [""; 0], "no NUL, no UTF-16");
    }

    #[test]
    fn all_errors_where_all_are_asked_for() {
        let text = "\"\n".repeat(200);
        let count = |reader: Reader<'_>| {
            let (mut reader, mut diags, mut line) = (reader, Diagnostics::default(), Line::default());
            while reader.next_line(&Environment::default(), &mut diags, &mut line) {}
            diags.len()
        };
        assert_eq!(count(Reader::new(FileId(0), "t.cfg", text.as_bytes())), 51);
        assert_eq!(count(Reader::new(FileId(0), "t.cfg", text.as_bytes()).to_the_end()), 200);
    }
}
