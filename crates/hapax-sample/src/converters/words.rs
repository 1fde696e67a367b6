//! Parts of a text between delimiters: fields, words and parameters.

use std::borrow::Cow;
use std::ops::Range;

use hapax_value::{Type, Value};

use super::arg;
use crate::{Absent, Arg, ArgKind, Compile, Converter, Env, Sampled};

const PLACE: &[ArgKind] = &[ArgKind::Sint, ArgKind::Str, ArgKind::Sint];

pub(super) static ROWS: &[Converter] = &[
    Converter::new(
        "field",
        Type::Str,
        Type::Str,
        "The field of that number, from 1, or from the end for negative numbers; every delimiter ends one. Then so many of \
         them, all the rest for 0.",
        |a, v, _| part_of(a, v, fields),
    )
    .args(PLACE, 2)
    .check(not_zero)
    .cases(
        &["str(a_b),field(1,_)", "str(a_b),field(-1,_,0)"],
        &["str(a),field(0,_)", "str(a),field(1)", "str(a),field(1,)", "str(a),field(x,_)"],
    ),
    Converter::new(
        "word",
        Type::Str,
        Type::Str,
        "The word of that number, from 1, or from the end for negative numbers; several delimiters in a row count as one. \
         Then so many of them, all the rest for 0.",
        |a, v, _| part_of(a, v, words),
    )
    .args(PLACE, 2)
    .check(not_zero)
    .cases(
        &["str(a_b),word(1,_)", "str(a_b),word(-1,_,0)"],
        &["str(a),word(0,_)", "str(a),word(1)", "str(a),word(x,_)"],
    ),
    Converter::new(
        "param",
        Type::Str,
        Type::Str,
        "The value of the first parameter of that name in a query string or a form; the delimiter between parameters is `&`, \
         one other character, or `0xHH`. A parameter without `=` has an empty value.",
        param,
    )
    .args(&[ArgKind::Str, ArgKind::Str], 1)
    .check(check_param)
    .cases(
        &["str(a=1),param(a)", "str(a=1;b),param(b,;)", "str(a=1),param(a,0x3b)"],
        &["str(a),param(a,bc)", "str(a),param(a,0xzz)"],
    ),
];

fn not_zero(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    match arg::int(args, 0) {
        Some(0) => Err("Unexpected value 0 for index.".to_owned()),
        _ if arg::text(args, 1).is_none_or(<[u8]>::is_empty) => Err("Empty separators list.".to_owned()),
        _ => Ok(()),
    }
}

type Cut = fn(&[u8], &[u8], i64, usize) -> Option<Range<usize>>;

fn part_of<'e>(args: &'e [Arg], value: Value<'e>, cut: Cut) -> Sampled<'e> {
    let subject = arg::bytes(value)?;
    let delimiters = arg::text(args, 1).unwrap_or_default();
    let index = arg::int(args, 0).ok_or(Absent::Never)?;
    let count = match arg::int(args, 2) {
        None => 1,
        Some(n) => usize::try_from(n).ok().filter(|&n| n > 0).unwrap_or(usize::MAX),
    };
    let range = cut(&subject, delimiters, index, count).ok_or(Absent::Never)?;
    Ok(Value::Str(arg::part(subject, range)))
}

/// Where fields begin and end. A field that is not there is none at all.
fn fields(subject: &[u8], delimiters: &[u8], index: i64, count: usize) -> Option<Range<usize>> {
    let cuts = || subject.iter().enumerate().filter(|(_, b)| delimiters.contains(b)).map(|(at, _)| at);
    let steps = usize::try_from(index.unsigned_abs() - 1).ok()?;
    if index > 0 {
        let start = match steps.checked_sub(1) {
            None => 0,
            Some(n) => cuts().nth(n)? + 1,
        };
        let end = cuts().filter(|&at| at >= start).nth(count - 1).unwrap_or(subject.len());
        Some(start..end)
    } else {
        let end = match steps.checked_sub(1) {
            None => subject.len(),
            Some(n) => cuts().rev().nth(n)?,
        };
        let start = cuts().rev().filter(|&at| at < end).nth(count - 1).map_or(0, |at| at + 1);
        Some(start..end)
    }
}

/// Where words begin and end.
fn words(subject: &[u8], delimiters: &[u8], index: i64, count: usize) -> Option<Range<usize>> {
    let steps = usize::try_from(index.unsigned_abs() - 1).ok()?;
    let mut all = Spans {
        subject,
        delimiters,
        at: 0,
    };
    if index > 0 {
        let first = all.nth(steps)?;
        // Fewer words than asked for: up to the very end, with the delimiters there.
        let end = match count {
            1 => first.end,
            _ => all.nth(count - 2).map_or(subject.len(), |last| last.end),
        };
        return Some(first.start..end);
    }
    let spans: smallvec::SmallVec<[Range<usize>; 16]> = all.collect();
    let last = spans.len().checked_sub(steps + 1)?;
    let start = match last.checked_sub(count - 1) {
        Some(first) => spans.get(first)?.start,
        None => 0,
    };
    Some(start..spans.get(last)?.end)
}

/// Runs of bytes that are no delimiter.
struct Spans<'s> {
    subject: &'s [u8],
    delimiters: &'s [u8],
    at: usize,
}

impl Iterator for Spans<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.subject.get(self.at..)?;
        let start = self.at + rest.iter().position(|b| !self.delimiters.contains(b))?;
        let len = self.subject[start..].iter().position(|b| self.delimiters.contains(b));
        let end = len.map_or(self.subject.len(), |len| start + len);
        self.at = end;
        Some(start..end)
    }
}

fn check_param(args: &mut Vec<Arg>, _: &mut Compile<'_>) -> Result<(), String> {
    let delimiter = match arg::text(args, 1) {
        None => b'&',
        Some([one]) => *one,
        Some([b'0', b'x' | b'X', digits @ ..]) if digits.len() == 2 => std::str::from_utf8(digits)
            .ok()
            .and_then(|d| u8::from_str_radix(d, 16).ok())
            .ok_or("delimiter argument must be a single character or 0xHH")?,
        Some(_) => return Err("delimiter argument must be a single character or 0xHH".to_owned()),
    };
    arg::put(args, 1, Arg::Int(i64::from(delimiter)));
    Ok(())
}

fn param<'e>(args: &'e [Arg], value: Value<'e>, _: &'e Env<'e>) -> Sampled<'e> {
    let subject = arg::bytes(value)?;
    let name = arg::text(args, 0).unwrap_or_default();
    let delimiter = arg::int(args, 1).unwrap_or_default() as u8;
    let mut start = 0;
    while start < subject.len() {
        let end = memchr::memchr(delimiter, &subject[start..]).map_or(subject.len(), |n| start + n);
        match subject[start..end].strip_prefix(name) {
            Some([]) => return Ok(Value::Str(Cow::Borrowed(b""))),
            Some([b'=', rest @ ..]) => {
                let at = end - rest.len();
                return Ok(Value::Str(arg::part(subject, at..end)));
            }
            _ => start = end + 1,
        }
    }
    Err(Absent::Never)
}
