//! One physical line to words. A word that is one run of the line's bytes borrows it; only escapes, variables and mixed quoting copy.
//!
//! The rules (manual, 2.2 and 2.3): spaces part words; `#` outside quotes ends the line; single quotes keep everything; double quotes keep
//! spaces and resolve variables; a backslash protects a few characters and is itself otherwise. A carriage return ends the line.

use std::borrow::Cow;

use hapax_diag::{FileId, Span};

use crate::variable::{Name, Reference, reference};
use crate::{Environment, MAX_LINE, MAX_WORDS, Word};

/// Why a line cannot be cut into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Quote,
    Brace,
    VariableName,
    Hex,
    WordExpansion,
    TooManyWords,
    TooLong,
}

/// A mistake and the byte of the line it is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LexError {
    pub(crate) mistake: Mistake,
    pub(crate) at: usize,
}

/// Where the line stands, and what its variables are looked up in.
pub(crate) struct Place<'e> {
    pub(crate) env: &'e Environment,
    pub(crate) file: FileId,
    pub(crate) name: &'e str,
    pub(crate) line: u32,
    /// Bytes that stand on the line before what is cut.
    pub(crate) shift: u32,
    pub(crate) section: Option<&'e [u8]>,
    /// Whether `#` starts a comment (it does not on the command line).
    pub(crate) comments: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    Space,
    End,
    Hash,
    Double,
    Single,
    Backslash,
}

const CLASS: [Class; 256] = {
    let mut table = [Class::Plain; 256];
    table[b' ' as usize] = Class::Space;
    table[b'\t' as usize] = Class::Space;
    table[0x0b] = Class::Space;
    table[0x0c] = Class::Space;
    table[b'\r' as usize] = Class::End;
    table[b'\n' as usize] = Class::End;
    table[0] = Class::End;
    table[b'#' as usize] = Class::Hash;
    table[b'"' as usize] = Class::Double;
    table[b'\'' as usize] = Class::Single;
    table[b'\\' as usize] = Class::Backslash;
    table
};

/// C's `isspace`.
pub(crate) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r')
}

/// Cuts `raw` (no line feed in it) into `words`, which it empties first.
///
/// Answers the place of the first empty word, if any.
pub(crate) fn tokenize<'a>(raw: &'a [u8], place: &Place<'_>, words: &mut Vec<Word<'a>>) -> Result<Option<usize>, LexError> {
    words.clear();
    let mut cutter = Cutter {
        raw,
        place,
        words,
        at: 0,
        word: None,
        opened: None,
        unknown: None,
        empty: None,
        overflow: false,
        expanded: 0,
    };
    cutter.run()?;
    if cutter.overflow {
        return Err(LexError {
            mistake: Mistake::TooManyWords,
            at: cutter.at,
        });
    }
    Ok(cutter.empty)
}

/// The word being read.
struct Building<'a> {
    /// First byte of it in the line, its opening quote included.
    start: usize,
    /// Where it was known to be a word.
    begin: usize,
    bytes: Cow<'a, [u8]>,
    /// End of the run that `bytes` borrows: a run that goes on from there is appended without copying.
    run_end: usize,
}

struct Cutter<'a, 'w, 'e> {
    raw: &'a [u8],
    place: &'w Place<'e>,
    words: &'w mut Vec<Word<'a>>,
    at: usize,
    word: Option<Building<'a>>,
    /// An opening quote seen while no word was begun.
    opened: Option<usize>,
    /// The name of the last variable that is not set.
    unknown: Option<usize>,
    empty: Option<usize>,
    overflow: bool,
    /// Bytes that variables stood for so far.
    expanded: usize,
}

impl<'a> Cutter<'a, '_, '_> {
    fn run(&mut self) -> Result<(), LexError> {
        while let Some(&b) = self.raw.get(self.at) {
            match CLASS[b as usize] {
                Class::Plain => {
                    let start = self.at;
                    self.skip_while(|b| CLASS[b as usize] == Class::Plain);
                    if self.word.is_none() && self.opened.is_none() && self.raw.get(self.at).is_none_or(|&b| is_space(b)) {
                        self.push(Word::new(&self.raw[start..self.at], self.span(start, self.at)));
                    } else {
                        self.run_of(start, self.at);
                    }
                }
                Class::Space => {
                    self.end_word(self.at);
                    self.skip_while(is_space);
                }
                Class::End => break,
                Class::Hash if self.place.comments => break,
                Class::Hash => {
                    self.run_of(self.at, self.at + 1);
                    self.at += 1;
                }
                Class::Double => self.weak()?,
                Class::Single => self.strong()?,
                Class::Backslash => self.escape(false)?,
            }
        }
        self.end_word(self.at);
        Ok(())
    }

    fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        while self.raw.get(self.at).is_some_and(|&b| test(b)) {
            self.at += 1;
        }
    }

    fn open_quote(&mut self) -> usize {
        let open = self.at;
        if self.word.is_none() {
            self.opened.get_or_insert(open);
        }
        self.at += 1;
        open
    }

    /// A quote that closes over nothing still makes a word, unless what it held was an expansion to no word.
    fn close_quote(&mut self, makes_word: bool) {
        if makes_word && self.word.is_none() {
            self.begin(self.at);
        }
        self.at += 1;
    }

    fn strong(&mut self) -> Result<(), LexError> {
        let open = self.open_quote();
        let start = self.at;
        self.skip_while(|b| b != b'\'' && CLASS[b as usize] != Class::End);
        self.run_of(start, self.at);
        if self.raw.get(self.at) == Some(&b'\'') {
            self.close_quote(true);
            Ok(())
        } else {
            Err(LexError {
                mistake: Mistake::Quote,
                at: open,
            })
        }
    }

    fn weak(&mut self) -> Result<(), LexError> {
        let open = self.open_quote();
        let mut makes_word = true;
        loop {
            let start = self.at;
            self.skip_while(|b| !matches!(b, b'"' | b'\\' | b'$') && CLASS[b as usize] != Class::End);
            self.run_of(start, self.at);
            match self.raw.get(self.at) {
                Some(b'"') => {
                    self.close_quote(makes_word);
                    return Ok(());
                }
                Some(b'\\') => self.escape(true)?,
                Some(b'$') => makes_word &= !self.variable()?,
                _ => {
                    return Err(LexError {
                        mistake: Mistake::Quote,
                        at: open,
                    });
                }
            }
        }
    }

    /// A backslash: `quoted` within double quotes, where a dollar may be escaped too.
    fn escape(&mut self, quoted: bool) -> Result<(), LexError> {
        let at = self.at;
        let next = self.raw.get(at + 1).copied();
        let (byte, len) = match next {
            Some(b @ (b' ' | b'\\' | b'"' | b'\'')) => (b, 2),
            Some(b'#') if self.place.comments => (b'#', 2),
            Some(b'$') if quoted => (b'$', 2),
            Some(b't') => (b'\t', 2),
            Some(b'n') => (b'\n', 2),
            Some(b'r') => (b'\r', 2),
            Some(b'x') => {
                let digit = |i: usize| self.raw.get(i).and_then(|&b| (b as char).to_digit(16));
                match (digit(at + 2), digit(at + 3)) {
                    (Some(high), Some(low)) => ((high * 16 + low) as u8, 4),
                    _ => {
                        return Err(LexError { mistake: Mistake::Hex, at });
                    }
                }
            }
            _ => (b'\\', 1),
        };
        self.byte(byte, at);
        self.at += len;
        Ok(())
    }

    /// A dollar inside double quotes. Answers whether it was a word expansion.
    fn variable(&mut self) -> Result<bool, LexError> {
        let dollar = self.at;
        let (rest, Reference { name, expand, default }) = match reference(&self.raw[dollar + 1..]) {
            Ok(read) => read,
            Err(nom::Err::Error(t) | nom::Err::Failure(t)) => {
                return Err(LexError {
                    mistake: t.mistake,
                    at: self.raw.len() - t.left,
                });
            }
            Err(nom::Err::Incomplete(_)) => {
                return Err(LexError {
                    mistake: Mistake::Brace,
                    at: dollar + 1,
                });
            }
        };
        self.at = self.raw.len() - rest.len();
        let place = self.place;
        let value: Option<Cow<'_, [u8]>> = match name {
            Name::Variable(name) => place.env.get(name).map(Cow::Borrowed),
            Name::File => Some(Cow::Borrowed(place.name.as_bytes())),
            Name::Section => place.section.map(Cow::Borrowed),
            Name::Line => Some(Cow::Owned(place.line.to_string().into_bytes())),
        };
        match value.or(default.map(Cow::Borrowed)) {
            Some(value) => {
                self.unknown = None;
                self.expanded += value.len();
                if self.expanded > MAX_LINE {
                    return Err(LexError {
                        mistake: Mistake::TooLong,
                        at: dollar,
                    });
                }
                self.expand(&value, expand, dollar);
            }
            // An unknown variable counts as a word, unless it is expanded to words.
            None if !expand => {
                if self.word.is_none() {
                    self.begin(dollar);
                }
                let braced = usize::from(self.raw.get(dollar + 1) == Some(&b'{'));
                self.unknown.get_or_insert(dollar + 1 + braced);
            }
            None => {}
        }
        Ok(expand)
    }

    fn expand(&mut self, value: &[u8], split: bool, dollar: usize) {
        if !split {
            for &b in value {
                self.byte(b, dollar);
            }
            return;
        }
        for &b in value {
            if is_space(b) {
                self.end_word(self.at);
            } else {
                self.byte(b, dollar);
            }
        }
    }

    fn begin(&mut self, at: usize) -> &mut Building<'a> {
        let start = self.opened.take().unwrap_or(at);
        self.word.get_or_insert(Building {
            start,
            begin: at,
            bytes: Cow::Borrowed(&[]),
            run_end: at,
        })
    }

    /// Adds a run of the line as it is.
    fn run_of(&mut self, start: usize, end: usize) {
        if start == end {
            return;
        }
        let raw = self.raw;
        if self.word.is_none() {
            self.begin(start);
        }
        let Some(word) = &mut self.word else { return };
        match &mut word.bytes {
            Cow::Borrowed(run) if run.is_empty() => *run = &raw[start..end],
            Cow::Borrowed(run) if word.run_end == start => *run = &raw[start - run.len()..end],
            bytes => bytes.to_mut().extend_from_slice(&raw[start..end]),
        }
        word.run_end = end;
    }

    /// Adds a byte that the line does not have as such.
    fn byte(&mut self, b: u8, at: usize) {
        if self.word.is_none() {
            self.begin(at);
        }
        if let Some(word) = &mut self.word {
            word.bytes.to_mut().push(b);
        }
    }

    fn end_word(&mut self, end: usize) {
        self.opened = None;
        let Some(Building {
            start, begin, mut bytes, ..
        }) = self.word.take()
        else {
            return;
        };
        if bytes.is_empty() {
            self.empty.get_or_insert(self.unknown.unwrap_or(begin));
        }
        // HAProxy's words end at a NUL, which \x00 can make.
        if let Cow::Owned(bytes) = &mut bytes
            && let Some(nul) = memchr::memchr(0, bytes)
        {
            bytes.truncate(nul);
        }
        self.push(Word {
            bytes,
            span: self.span(start, end),
        });
    }

    fn push(&mut self, word: Word<'a>) {
        if self.words.len() < MAX_WORDS {
            self.words.push(word);
        } else {
            self.overflow = true;
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.place.file,
            line: self.place.line,
            start: start as u32 + self.place.shift,
            end: end as u32 + self.place.shift,
        }
    }
}
