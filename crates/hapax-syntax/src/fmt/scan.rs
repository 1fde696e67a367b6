//! A line's raw words: where they stand, with their quotes and escapes as written.

use super::align::{Piece, Row};
use crate::tokenize::is_space;
use crate::variable::reference;

/// What a physical line is.
pub(super) enum Scanned<'a> {
    /// Cannot be read, or has bytes that are not to be touched: stays as it is.
    Verbatim,
    /// `[scope]`
    Scope {
        line: &'a [u8],
        end: &'a [u8],
    },
    Blank {
        end: &'a [u8],
    },
    Comment {
        text: &'a [u8],
        indented: bool,
        end: &'a [u8],
    },
    Words(Row<'a>),
}

/// Reads a line that has no line feed.
pub(super) fn scan(raw: &[u8]) -> Scanned<'_> {
    let (line, end) = match raw.strip_suffix(b"\r") {
        Some(line) => (line, &raw[raw.len() - 1..]),
        None => (raw, &b""[..]),
    };
    // A carriage return elsewhere ends the line for HAProxy, and a NUL ends the file.
    if memchr::memchr2(b'\r', 0, line).is_some() {
        return Scanned::Verbatim;
    }
    let start = line.iter().position(|&b| !is_space(b));
    match start.map(|at| (at, line[at])) {
        None => Scanned::Blank { end },
        Some((at, b'#')) => Scanned::Comment {
            text: line[at..].trim_ascii_end(),
            indented: at > 0,
            end,
        },
        Some((at, b'[')) => Scanned::Scope {
            line: line[at..].trim_ascii_end(),
            end,
        },
        Some((at, _)) => match words(line, at) {
            Some((words, comment)) => Scanned::Words(Row {
                indent: 0,
                words,
                comment,
                end,
            }),
            None => Scanned::Verbatim,
        },
    }
}

/// The words of the line, and its comment; `None` where HAProxy could not cut it.
fn words(line: &[u8], mut at: usize) -> Option<(Vec<Piece<'_>>, Option<Piece<'_>>)> {
    let mut list = Vec::new();
    // Columns are counted once, from left to right. A tab is eight wide between words, and one inside of quotes: there it stays, and
    // how wide it is must not hang on where the word goes.
    let (mut column, mut counted, mut ended) = (0, 0, 0);
    let mut piece = |from: usize, to: usize| {
        column += line[counted..ended].iter().map(|&b| width(b)).sum::<usize>();
        for &b in &line[ended..from] {
            column = if b == b'\t' { (column / 8 + 1) * 8 } else { column + width(b) };
        }
        ended = to;
        let gap = from - line[..from].trim_ascii_end().len();
        let tab = line[..from].ends_with(b"\t");
        counted = from;
        Piece {
            bytes: &line[from..to],
            column,
            wide: gap > 1 || tab,
        }
    };
    while at < line.len() {
        if is_space(line[at]) {
            at += 1;
        } else if line[at] == b'#' {
            let to = line.trim_ascii_end().len();
            return Some((list, Some(piece(at, to))));
        } else {
            let to = word_end(line, at)?;
            list.push(piece(at, to));
            at = to;
        }
    }
    Some((list, None))
}

/// Bytes that go on with a character take no column.
pub(super) fn width(b: u8) -> usize {
    usize::from(b & 0xc0 != 0x80)
}

fn word_end(line: &[u8], mut at: usize) -> Option<usize> {
    while let Some(&b) = line.get(at) {
        match b {
            b'#' => break,
            b if is_space(b) => break,
            b'\'' => at += 1 + memchr::memchr(b'\'', &line[at + 1..])? + 1,
            b'"' => at = weak_end(line, at + 1)?,
            // A lone backslash before a tab parts words, but would escape the space that replaces the tab.
            b'\\' if line.get(at + 1).is_some_and(|&b| b != b' ' && is_space(b)) => return None,
            b'\\' => at += escape_len(&line[at..], false)?,
            _ => at += 1,
        }
    }
    Some(at)
}

fn weak_end(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match line.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += escape_len(&line[at..], true)?,
            b'$' => {
                let (rest, _) = reference(&line[at + 1..]).ok()?;
                at = line.len() - rest.len();
            }
            _ => at += 1,
        }
    }
}

fn escape_len(text: &[u8], quoted: bool) -> Option<usize> {
    Some(match text.get(1) {
        Some(b'x') => {
            let hex = |i: usize| text.get(i).is_some_and(u8::is_ascii_hexdigit);
            if !hex(2) || !hex(3) {
                return None;
            }
            4
        }
        Some(b' ' | b'\\' | b'#' | b'\'' | b'"' | b't' | b'n' | b'r') => 2,
        Some(b'$') if quoted => 2,
        _ => 1,
    })
}
