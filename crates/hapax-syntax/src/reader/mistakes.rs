//! What the reader says of a line that cannot be cut, or that has an empty argument: HAProxy's texts and excerpts, and a cure.

use hapax_diag::Diagnostic;

use super::Reader;
use crate::excerpt::excerpt;
use crate::tokenize::{LexError, Mistake};
use crate::{Environment, Line, MAX_LINE, MAX_WORDS, codes};

impl Reader<'_> {
    pub(super) fn lex_error(&self, e: LexError, raw: &[u8], indent: usize, line: &Line<'_>) -> Diagnostic {
        let (code, what, end, cure) = match e.mistake {
            Mistake::Quote => (
                &codes::UNMATCHED_QUOTE,
                "unmatched quote",
                raw.len(),
                "close it on this line, or write a backslash before it if the quote itself is meant",
            ),
            Mistake::Brace => (
                &codes::UNMATCHED_BRACE,
                "unmatched brace in environment variable name",
                e.at + 1,
                "a reference is \"${NAME}\", \"${NAME-default}\" or \"${NAME[*]}\"",
            ),
            Mistake::VariableName => (
                &codes::VARIABLE_NAME,
                "forbidden first char in environment variable name",
                e.at + 1,
                "for a literal dollar write \\$, or use single quotes",
            ),
            Mistake::Hex => (
                &codes::BAD_HEX,
                "truncated or invalid hexadecimal sequence",
                e.at + 2,
                "\\x takes two hexadecimal digits; for a literal backslash write \\\\",
            ),
            Mistake::WordExpansion => (
                &codes::WORD_EXPANSION,
                "truncated or invalid word expansion sequence",
                e.at + 1,
                "only [*] is known between the brackets",
            ),
            Mistake::TooManyWords => return self.too_many_words(e, line),
            Mistake::TooLong => return self.too_long(e.at, raw.len()),
        };
        self.alert(code, format!("{what} at position {}:", e.at + 1), e.at, end.min(raw.len()))
            .excerpt(excerpt("", &raw[indent..], e.at - indent, 80))
            .help(cure)
    }

    /// A line beyond all measure, from the byte where it gets so.
    pub(super) fn too_long(&self, at: usize, end: usize) -> Diagnostic {
        let message = format!("line too long, limit: {MAX_LINE}.");
        // So long a line is not drawn in full.
        self.alert(&codes::LINE_TOO_LONG, message, at, end.min(at + 80))
            .help("split the line, or give its keyword a file to read")
    }

    fn too_many_words(&self, e: LexError, line: &Line<'_>) -> Diagnostic {
        let last = line.words.last();
        let before: usize = line.words.iter().rev().skip(1).map(|w| w.bytes.len() + 1).sum();
        let message = format!(
            "too many words, truncating after word {MAX_WORDS}, position {}: <{}>.",
            before + 1,
            last.map(|w| w.text()).unwrap_or_default()
        );
        let end = last.map_or(0, |w| (w.span.end - self.shift()) as usize);
        self.alert(&codes::TOO_MANY_WORDS, message, end, e.at)
            .help("split the line, or quote what is one argument")
    }

    pub(super) fn empty_argument(
        &mut self,
        index: usize,
        empty: Option<usize>,
        raw: &[u8],
        indent: usize,
        line: &Line<'_>,
        env: &Environment,
    ) -> Diagnostic {
        let span = line.words[index].span;
        let at = empty.unwrap_or((span.start - self.shift()) as usize);
        let name = &raw[at..];
        let name = &name[..name
            .iter()
            .position(|&b| !b.is_ascii_alphanumeric() && b != b'_')
            .unwrap_or(name.len())];
        let mut lines = String::from(excerpt("", &raw[indent..], at - indent, 80));
        if !self.hinted {
            self.hinted = true;
            lines.push_str(
                "\nAborting to prevent all subsequent arguments from being silently ignored. If this is caused by an environment variable \
                 expansion, please have a look at section 2.3 of the configuration manual to find solutions to address this.",
            );
        }
        let message = format!(
            "argument number {index} at position {} is empty and marks the end of the argument list:",
            at + 1
        );
        let d = Diagnostic::alert(&codes::EMPTY_ARGUMENT, message).at(span).tight().excerpt(lines);
        if name.is_empty() {
            return d;
        }
        let name = String::from_utf8_lossy(name);
        let known = env.iter().map(|(k, _)| String::from_utf8_lossy(k).into_owned()).collect::<Vec<_>>();
        match hapax_diag::suggest(&name, known.iter().map(String::as_str)) {
            Some(near) => d.help(format!("the variable {name} is empty or not set; did you mean {near}?")),
            None => d.help(format!(
                "the variable {name} is empty or not set: give it a default with \"${{{name}-value}}\", or drop the word with \"${{{name}[*]}}\""
            )),
        }
    }
}
