//! Columns: where the author aligned words of neighbouring lines, they stay aligned; elsewhere one space parts words.

use super::scan::width;

/// A raw word or comment of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    pub(super) bytes: &'a [u8],
    /// Where it stood, tabs counted as eight.
    pub(super) column: usize,
    /// Whether more than one space stood before it.
    pub(super) wide: bool,
}

impl Piece<'_> {
    fn width(&self) -> usize {
        self.bytes.iter().map(|&b| width(b)).sum()
    }
}

/// A line with words.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// Spaces before the first word.
    pub(super) indent: usize,
    pub(super) words: Vec<Piece<'a>>,
    pub(super) comment: Option<Piece<'a>>,
    /// What ends the line before its line feed: a carriage return or nothing.
    pub(super) end: &'a [u8],
}

impl<'a> Row<'a> {
    pub(super) fn keyword(&self) -> &'a [u8] {
        self.words.first().map_or(&[], |w| w.bytes)
    }
}

/// Writes neighbouring lines of one indentation.
pub(super) fn align(rows: &mut [Row<'_>], out: &mut Vec<u8>) {
    // Where each line has come to, and the columns given to its words so far.
    let mut ends: Vec<usize> = rows.iter().map(|row| row.indent).collect();
    let mut starts: Vec<Vec<usize>> = rows.iter().map(|row| Vec::with_capacity(row.words.len())).collect();
    let longest = rows.iter().map(|row| row.words.len()).max().unwrap_or(0);
    for k in 0..longest {
        let column = |i: usize| rows[i].words.get(k).copied();
        place(rows.len(), column, usize::from(k > 0), &mut ends, |i, at| starts[i].push(at));
    }
    let mut comments = vec![0; rows.len()];
    place(rows.len(), |i| rows[i].comment, 1, &mut ends, |i, at| comments[i] = at);
    for (i, row) in rows.iter().enumerate() {
        let from = out.len();
        let mut column = 0;
        let pieces = row.words.iter().zip(&starts[i]);
        for (piece, &at) in pieces.chain(row.comment.iter().zip(std::iter::once(&comments[i]))) {
            out.resize(out.len() + at.saturating_sub(column), b' ');
            out.extend_from_slice(piece.bytes);
            column = at + piece.width();
        }
        debug_assert!(out.len() > from, "a row has a word");
        out.extend_from_slice(row.end);
        out.push(b'\n');
    }
}

/// Places one column of pieces: runs of lines whose pieces stood at one column, one of them after a wide gap, are aligned.
fn place<'a>(rows: usize, piece: impl Fn(usize) -> Option<Piece<'a>>, gap: usize, ends: &mut [usize], mut put: impl FnMut(usize, usize)) {
    let mut i = 0;
    while i < rows {
        let Some(first) = piece(i) else {
            i += 1;
            continue;
        };
        let run = (i..rows)
            .take_while(|&j| piece(j).is_some_and(|p| p.column == first.column))
            .count();
        let range = i..i + run;
        let aligned = gap > 0 && run > 1 && range.clone().any(|j| piece(j).is_some_and(|p| p.wide));
        let common = range.clone().map(|j| ends[j] + gap).max().unwrap_or(0);
        for j in range {
            let at = if aligned { common } else { ends[j] + gap };
            put(j, at);
            ends[j] = at + piece(j).map_or(0, |p| p.width());
        }
        i += run;
    }
}
