//! Hands out a file's lines one at a time, so that what a line does to the environment (`setenv`) is seen by the lines after it.
//!
//! Blank lines, comments, directives and lines masked by conditions are consumed here.

pub(crate) mod encoding;
mod mistakes;

use hapax_diag::{Code, Diagnostic, Diagnostics, FileId, Severity, Span};

use crate::directive::{Blocks, Outcome};
use crate::tokenize::{Place, is_space, tokenize};
use crate::{Environment, Line, MAX_LINE, codes};

/// Lines with errors after which reading stops, unless all are asked for.
const MAX_ERRORS: u32 = 50;

/// Reads one file.
///
/// ```
/// use hapax_diag::{Diagnostics, FileId};
/// use hapax_syntax::{Environment, Line, Reader};
///
/// let mut env = Environment::default();
/// let (mut reader, mut line, mut diags) = (Reader::new(FileId(0), "a.cfg", b"global\n  setenv A b\n"), Line::default(), Diagnostics::default());
/// while reader.next_line(&env, &mut diags, &mut line) {
///     if line.words[0] == "setenv" {
///         env.set(&line.words[1].bytes, &line.words[2].bytes);
///     }
/// }
/// assert_eq!(env.get(b"A"), Some(&b"b"[..]));
/// assert!(diags.is_empty());
/// ```
#[derive(Debug)]
pub struct Reader<'a> {
    file: FileId,
    name: &'a str,
    bytes: &'a [u8],
    has_nul: bool,
    pos: usize,
    line: u32,
    /// Bytes of a byte order mark, which stands on line 1 before what is read of it.
    mark: u32,
    section: Option<Vec<u8>>,
    scope: Option<&'a [u8]>,
    blocks: Blocks,
    errors: u32,
    most_errors: u32,
    /// How many diagnostics the list held when the last line was handed out.
    seen: usize,
    /// Length of a line that did not end with a line feed.
    unended: Option<usize>,
    state: State,
    /// It stopped where HAProxy's first pass over the files goes on, and that pass is what reads now.
    gave_up: bool,
    skims: bool,
    /// An empty word ends the line in silence.
    bears_empty: bool,
    hinted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    Ended,
    Aborted,
}

impl<'a> Reader<'a> {
    /// `name` is what `"$.FILE"` resolves to.
    pub fn new(file: FileId, name: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            file,
            name,
            bytes,
            has_nul: memchr::memchr(0, bytes).is_some(),
            pos: 0,
            line: 0,
            mark: 0,
            section: None,
            scope: None,
            blocks: Blocks::default(),
            errors: 0,
            most_errors: MAX_ERRORS,
            seen: 0,
            unended: None,
            state: State::Reading,
            gave_up: false,
            skims: false,
            bears_empty: false,
            hinted: false,
        }
    }

    /// Reads on, however many lines have errors.
    #[must_use]
    pub fn to_the_end(mut self) -> Self {
        self.most_errors = u32::MAX;
        self
    }

    /// Reads as HAProxy did before 3.2: an empty word ends the line, and what stands behind it is not seen.
    #[must_use]
    pub fn bearing_empty_words(mut self) -> Self {
        self.bears_empty = true;
        self
    }

    /// Tells what `"$.SECTION"` resolves to from here on: the section's name, or its keyword where it has none.
    pub fn set_section(&mut self, name: &[u8]) {
        let section = self.section.get_or_insert_with(Vec::new);
        section.clear();
        section.extend_from_slice(name);
    }

    /// The last `[scope]` line's name.
    pub fn scope(&self) -> Option<&'a [u8]> {
        self.scope
    }

    /// The number of the line last read.
    pub fn line_number(&self) -> u32 {
        self.line
    }

    /// Whether reading ended before the end of the file, at an error after which HAProxy reads no further file either.
    pub fn aborted(&self) -> bool {
        self.state == State::Aborted
    }

    /// Reads on as HAProxy's first pass over the files does, where reading stopped for something that pass does not look at; what is
    /// found goes to a new list. False where it stopped for nothing of that kind.
    pub fn skim(&mut self) -> bool {
        self.skims = std::mem::take(&mut self.gave_up);
        if self.skims {
            self.state = State::Reading;
            self.errors = 0;
            self.seen = 0;
        }
        self.skims
    }

    /// Reads on to the next configuration line and puts it in `line`, whose storage is reused. False at the end.
    ///
    /// `diags` is where the caller reports too: alerts put there between calls count as errors of the line handed out before.
    pub fn next_line(&mut self, env: &Environment, diags: &mut Diagnostics, line: &mut Line<'a>) -> bool {
        loop {
            if self.state != State::Reading {
                return false;
            }
            let fatal = |d: &Diagnostic| d.severity == Severity::Alert && !d.missing;
            if diags.len() > self.seen {
                self.errors += u32::from(diags.iter().skip(self.seen).any(fatal));
                self.seen = diags.len();
            }
            if self.pos == 0
                && let Some(d) = self.encoding()
            {
                diags.push(d);
            }
            let (pos, number) = (self.pos, self.line);
            let Some(raw) = self.next_raw(diags) else {
                self.end(diags);
                return false;
            };
            if self.errors >= self.most_errors {
                let message = format!("too many fatal errors ({}), stopping now.", self.errors);
                diags.push(self.alert(&codes::TOO_MANY_ERRORS, message, 0, 0));
                self.gave_up = true;
                if self.unended.is_none() {
                    (self.pos, self.line) = (pos, number);
                }
                self.end(diags);
                return false;
            }
            if self.cut(raw, env, diags, line) {
                return true;
            }
        }
    }

    /// The next physical line, without its line feed and up to a NUL.
    fn next_raw(&mut self, diags: &mut Diagnostics) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.pos..).filter(|rest| !rest.is_empty())?;
        if let Some(at) = self.unended.take() {
            diags.push(self.alert(
                &codes::STRAY_NUL,
                format!("Stray NUL character at position {}.", at + 1),
                at,
                at + 1,
            ));
            return None;
        }
        self.line += 1;
        let lf = memchr::memchr(b'\n', rest);
        let mut raw = &rest[..lf.unwrap_or(rest.len())];
        self.pos += lf.map_or(rest.len(), |at| at + 1);
        if lf.is_none() {
            self.unended = Some(raw.len());
        }
        if self.has_nul
            && let Some(nul) = memchr::memchr(0, raw)
        {
            self.unended = Some(nul);
            raw = &raw[..nul];
        }
        Some(raw)
    }

    /// Cuts a line into words and acts on what is not the dictionary's business. True if it is a line to hand out.
    fn cut(&mut self, raw: &'a [u8], env: &Environment, diags: &mut Diagnostics, line: &mut Line<'a>) -> bool {
        line.span = Span::line(self.file, self.line);
        let indent = raw.iter().position(|&b| !is_space(b)).unwrap_or(raw.len());
        match raw.get(indent) {
            None | Some(b'#') => return false,
            Some(b'[') => {
                self.on_scope(raw, indent, diags);
                return false;
            }
            Some(_) if raw.len() > MAX_LINE => {
                diags.push(self.too_long(MAX_LINE, raw.len()));
                return false;
            }
            Some(_) => {}
        }
        let place = Place {
            env,
            file: self.file,
            name: self.name,
            line: self.line,
            shift: self.shift(),
            section: self.section.as_deref(),
            comments: true,
        };
        let empty = match tokenize(raw, &place, &mut line.words) {
            Ok(empty) => empty,
            Err(e) => {
                diags.push(self.lex_error(e, raw, indent, line));
                return false;
            }
        };
        if line.words.first().is_none_or(|w| w.bytes.is_empty()) {
            return false;
        }
        match self.blocks.line(line, env) {
            Outcome::Line => {}
            Outcome::Done => return false,
            Outcome::Say(d) => {
                diags.push(d);
                return false;
            }
            Outcome::Stop(d) | Outcome::Abort(d) if self.skims && !codes::first_pass(&d) => return false,
            Outcome::Stop(d) => {
                self.gave_up = !codes::first_pass(&d);
                diags.push(d);
                self.end(diags);
                return false;
            }
            Outcome::Abort(d) => {
                self.gave_up = !codes::first_pass(&d);
                diags.push(d);
                self.state = State::Aborted;
                return false;
            }
        }
        match line.words.iter().position(|w| w.bytes.is_empty()) {
            Some(index) if self.bears_empty => {
                let message = "an empty word ends the line here: what follows is not looked at";
                let at = line.words[index].span;
                diags.push(Diagnostic::new(&codes::EMPTY_ARGUMENT, Severity::Note, message).at(at));
                line.words.truncate(index);
                true
            }
            Some(index) => {
                diags.push(self.empty_argument(index, empty, raw, indent, line, env));
                false
            }
            None => true,
        }
    }

    /// What is checked once no more lines are read.
    fn end(&mut self, diags: &mut Diagnostics) {
        self.state = State::Ended;
        if let Some(len) = self.unended.take() {
            let message = format!("Missing LF on last line, file might have been truncated at position {}.", len + 1);
            let cut = self.alert(&codes::MISSING_LF, message, len.saturating_sub(1), len);
            diags.push(cut.help("end the file with a newline"));
        }
        if self.blocks.is_open() {
            diags.push(self.alert(&codes::OPEN_IF, "non-terminated '.if' block.".to_owned(), 0, 0));
            self.state = State::Aborted;
        }
    }

    fn alert(&self, code: &'static Code, message: String, start: usize, end: usize) -> Diagnostic {
        Diagnostic::alert(code, message).at(self.span(start, end)).tight()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            line: self.line,
            start: start as u32 + self.shift(),
            end: end as u32 + self.shift(),
        }
    }

    /// Bytes of this line that stand before those that are read.
    fn shift(&self) -> u32 {
        if self.line == 1 { self.mark } else { 0 }
    }

    /// A line that starts with `[`.
    fn on_scope(&mut self, raw: &'a [u8], indent: usize, diags: &mut Diagnostics) {
        let from = indent + 1;
        let bad = |message: String, start, end| Diagnostic::alert(&codes::BAD_SCOPE, message).at(self.span(start, end));
        let Some(len) = raw[from..].iter().position(|&b| b == b']').filter(|&len| len > 0) else {
            diags.push(bad("empty scope name is forbidden.".to_owned(), indent, raw.len()));
            return;
        };
        let name = &raw[from..from + len];
        if let Some(at) = name
            .iter()
            .position(|&b| !b.is_ascii_alphanumeric() && !matches!(b, b'_' | b'-' | b'.' | b':'))
        {
            let message = format!("character '{}' is not permitted in a scope name.", name[at].escape_ascii());
            diags.push(bad(message, from + at, from + at + 1));
            return;
        }
        let after = from + len + 1;
        if let Some(at) = raw[after..].iter().position(|&b| !is_space(b))
            && raw[after + at] != b'#'
        {
            let message = format!(
                "character '{}' is not permitted after scope declaration.",
                raw[after + at].escape_ascii()
            );
            diags.push(bad(message, after + at, raw.len()));
            return;
        }
        self.scope = Some(name);
    }
}

#[cfg(test)]
mod tests;
