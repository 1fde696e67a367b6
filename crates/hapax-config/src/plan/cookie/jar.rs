//! The cookies of a request, as HAProxy reads and edits them: pairs between semicolons or commas, values that may be quoted, and names
//! with a dollar sign, which say something of the cookie before them and share its fate.

use std::ops::Range;

use hapax_proto::http::Head;

/// One pair of a `Cookie` field, as places in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair {
    start: usize,
    name: Range<usize>,
    /// `None`: there is no equals sign.
    value: Option<Range<usize>>,
    /// Where its delimiter stands, or the field ends.
    end: usize,
}

/// The pairs of a field in their order; an empty one is one, too.
struct Pairs<'f> {
    field: &'f [u8],
    at: Option<usize>,
}

fn pairs(field: &[u8]) -> Pairs<'_> {
    Pairs { field, at: Some(0) }
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

fn is_delimiter(b: u8) -> bool {
    matches!(b, b';' | b',')
}

impl Iterator for Pairs<'_> {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        let start = self.at?;
        let field = self.field;
        let first = |from: usize, what: fn(u8) -> bool| field[from..].iter().position(|b| what(*b)).map_or(field.len(), |n| from + n);
        let trimmed = |from: usize, to: usize| {
            let begin = first(from, |b| !is_blank(b)).min(to);
            let blank = field[begin..to].iter().rev().take_while(|b| is_blank(**b)).count();
            begin..to - blank
        };
        let stop = first(start, |b| is_delimiter(b) || b == b'=');
        let name = trimmed(start, stop);
        let (value, end) = if field.get(stop) == Some(&b'=') {
            let end = value_end(field, stop + 1);
            (Some(trimmed(stop + 1, end)), end)
        } else {
            (None, stop)
        };
        self.at = (end < field.len()).then_some(end + 1);
        Some(Pair { start, name, value, end })
    }
}

/// Where the value that begins at `from` ends: at a delimiter that is not quoted.
fn value_end(field: &[u8], from: usize) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (i, b) in field.iter().enumerate().skip(from) {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b if !quoted && is_delimiter(*b) => return i,
            _ => {}
        }
    }
    field.len()
}

impl Pair {
    /// It says something of another cookie.
    fn is_attribute(&self, field: &[u8]) -> bool {
        field[self.name.clone()].first() == Some(&b'$')
    }

    fn is_named(&self, field: &[u8], name: &[u8]) -> bool {
        self.value.is_some() && &field[self.name.clone()] == name
    }

    /// No blanks stand beside its equals sign.
    fn is_tight(&self) -> bool {
        self.value.as_ref().is_none_or(|v| v.start == self.name.end + 1)
    }
}

/// Value of the first cookie of that name.
pub(super) fn find<'h>(head: &'h Head, name: &[u8]) -> Option<&'h [u8]> {
    head.values(b"cookie").find_map(|field| {
        let pair = pairs(field).find(|p| p.is_named(field, name))?;
        pair.value.map(|v| &field[v])
    })
}

/// Takes the blanks beside equals signs out. `kept`: reused memory, here and below.
pub(super) fn tidy(head: &mut Head, kept: &mut Vec<u8>) {
    let loose = |field: &[u8]| field.windows(2).any(|w| w == b" =" || w == b"= " || w == b"\t=" || w == b"=\t");
    if head.values(b"cookie").any(loose) {
        change_fields(
            head,
            kept,
            |field: &[u8]| pairs(field).any(|p| !p.is_tight()),
            |_| true,
            |v| Some(v),
        );
    }
}

/// Cuts the value of every cookie of that name, or takes it out; an emptied field goes.
pub(super) fn edit(head: &mut Head, name: &[u8], kept: &mut Vec<u8>, change: impl Fn(&[u8]) -> Option<&[u8]>) {
    let concerns = |field: &[u8]| pairs(field).any(|p| p.is_named(field, name));
    change_fields(head, kept, concerns, |n| n == name, change);
}

fn change_fields(
    head: &mut Head,
    kept: &mut Vec<u8>,
    concerns: impl Fn(&[u8]) -> bool,
    meant: impl Fn(&[u8]) -> bool,
    change: impl Fn(&[u8]) -> Option<&[u8]>,
) {
    let mut i = 0;
    while i < head.field_count() {
        let f = head.fields()[i];
        if head.get(f.name) != b"cookie" || !concerns(head.get(f.value)) {
            i += 1;
            continue;
        }
        rewrite(head.get(f.value), &meant, &change, kept);
        if kept.is_empty() {
            head.remove_at(i);
        } else {
            head.set_value(i, kept);
            i += 1;
        }
    }
    kept.clear();
}

/// The field without the cookies that are taken out. What says something of one goes with it, be it before or behind; what follows the
/// hole moves up to the delimiter before it, with one blank between.
fn rewrite(field: &[u8], meant: impl Fn(&[u8]) -> bool, change: impl Fn(&[u8]) -> Option<&[u8]>, out: &mut Vec<u8>) {
    out.clear();
    // The delimiter behind the last cookie that stays, and whether a hole begins there.
    let (mut last, mut hole) = (None, false);
    for pair in pairs(field) {
        let attribute = pair.is_attribute(field);
        if attribute && hole {
            continue;
        }
        let own = &field[pair.name.clone()];
        let value = pair.value.clone().map(|v| &field[v]);
        let new = match value {
            Some(value) if meant(own) => change(value).map(Some),
            other => Some(other),
        };
        let Some(new) = new else {
            hole = true;
            continue;
        };
        let mut start = pair.start;
        if std::mem::take(&mut hole) {
            close_hole(out, last);
            start = pair.name.start;
        }
        out.extend_from_slice(&field[start..pair.name.end]);
        if let Some(value) = new {
            out.push(b'=');
            out.extend_from_slice(value);
        }
        let behind = pair.value.map_or(pair.name.end, |v| v.end);
        out.extend_from_slice(&field[behind..pair.end]);
        if let Some(delimiter) = field.get(pair.end) {
            if !attribute {
                last = Some(out.len());
            }
            out.push(*delimiter);
        }
    }
    if hole {
        out.truncate(last.unwrap_or(0));
    }
}

fn close_hole(out: &mut Vec<u8>, last: Option<usize>) {
    let Some(at) = last else {
        out.clear();
        return;
    };
    let delimiter = out[at];
    let blank = out[..at].iter().rev().take_while(|b| is_blank(**b)).count();
    out.truncate(at - blank);
    out.extend_from_slice(&[delimiter, b' ']);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(field: &str, change: impl Fn(&[u8]) -> Option<&[u8]>) -> String {
        let mut out = Vec::new();
        rewrite(field.as_bytes(), |n| n == b"S", change, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_cookie_is_taken_out() {
        for (field, rest) in [
            ("S=c", ""),
            ("a=1", "a=1"),
            ("S=c; a=1", "a=1"),
            ("a=1; S=c", "a=1"),
            ("a=1 ;S=c", "a=1 "),
            ("a=1;S=c;b=2", "a=1; b=2"),
            ("a=1,S=c,b=2", "a=1, b=2"),
            ("a = b ; S = c ; d = e", "a=b; d=e"),
            ("S=c;;a=1", ";a=1"),
            ("a=1;S=c;", "a=1; "),
            ("S=c;a=1;S=d", "a=1"),
            ("$Version=1; S=c; $Path=/", ""),
            ("a=1;S=c; $Path=/; $Port=\"1;2\"; b=2", "a=1; b=2"),
            ("a=\"x;S=c\"; S=d", "a=\"x;S=c\""),
            ("a=\"x\\\"; S=c\"; S=d", "a=\"x\\\"; S=c\""),
            ("a=\"x; S=c", "a=\"x; S=c"),
        ] {
            assert_eq!(edited(field, |_| None), rest, "{field}");
        }
    }

    #[test]
    fn a_cookie_is_changed_where_it_stands() {
        for (field, rest) in [
            ("a=1;  S=c~x  ;  b=2", "a=1;  S=x  ;  b=2"),
            ("S = c~x;a", "S=x;a"),
            ("S=c~;S;S=d~y", "S=;S;S=y"),
            (" a = b ; c=d", " a=b ; c=d"),
        ] {
            let cut = |v: &[u8]| v.iter().position(|b| *b == b'~').map_or(0, |at| at + 1);
            assert_eq!(edited(field, |v| Some(&v[cut(v)..])), rest, "{field}");
        }
    }

    proptest::proptest! {
        /// Any field: what is not meant stays byte for byte but for blanks and what goes along with a hole.
        #[test]
        fn any_field_holds(field in "[aS=;, $\"\\\\\t~]{0,40}") {
            let mut end = 0;
            for pair in pairs(field.as_bytes()) {
                proptest::prop_assert!(pair.start == end && pair.end >= pair.start);
                end = pair.end + 1;
            }
            proptest::prop_assert_eq!(end, field.len() + 1);
            let gone = edited(&field, |_| None);
            proptest::prop_assert!(gone.len() <= field.len() + 1);
            proptest::prop_assert!(pairs(gone.as_bytes()).all(|p| !p.is_named(gone.as_bytes(), b"S")), "{}", gone);
        }
    }
}
