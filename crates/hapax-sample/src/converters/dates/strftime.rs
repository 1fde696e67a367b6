//! Formats of strftime(3) in the C locale, with the flags and widths of the GNU library.

use std::io::Write;

use super::calendar::{Date, MONTHS, WEEKDAYS, is_leap};
use crate::Zone;

/// An instant in a time zone.
pub(super) struct Moment<'z> {
    /// Since the epoch.
    pub(super) seconds: i64,
    /// Nanoseconds, where `%N` is known; before 1970 they are what a negative number is without its sign's meaning.
    pub(super) fraction: Option<u64>,
    pub(super) zone: &'z Zone,
}

/// What stands between the percent sign and the letter.
#[derive(Clone, Copy, Default)]
struct Flags {
    /// `_`, `-` or `0`.
    pad: Option<u8>,
    upper: bool,
    swap: bool,
    width: usize,
}

impl Moment<'_> {
    pub(super) fn write(&self, format: &[u8], out: &mut Vec<u8>) {
        let date = Date::at(self.seconds.saturating_add(i64::from(self.zone.offset)));
        self.write_date(&date, format, out);
    }

    fn write_date(&self, date: &Date, format: &[u8], out: &mut Vec<u8>) {
        let mut rest = format;
        while let Some(percent) = memchr::memchr(b'%', rest) {
            out.extend_from_slice(&rest[..percent]);
            let spec = &rest[percent..];
            let (flags, letter, len) = read(spec);
            let done = letter.is_some_and(|letter| self.field(date, letter, flags, out));
            if !done {
                // Not known: as written.
                out.extend_from_slice(&spec[..len]);
            }
            rest = &spec[len..];
        }
        out.extend_from_slice(rest);
    }

    /// Writes one conversion; `false` when there is no such letter.
    fn field(&self, d: &Date, letter: u8, flags: Flags, out: &mut Vec<u8>) -> bool {
        let hour12 = if d.hour.is_multiple_of(12) { 12 } else { d.hour % 12 };
        let start = out.len();
        match letter {
            b'%' => out.push(b'%'),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'a' => text(&WEEKDAYS[d.weekday as usize][..3], flags, out),
            b'A' => text(WEEKDAYS[d.weekday as usize], flags, out),
            b'b' | b'h' => text(&MONTHS[d.month as usize - 1][..3], flags, out),
            b'B' => text(MONTHS[d.month as usize - 1], flags, out),
            b'p' => text(if flags.swap { half(d).to_ascii_lowercase() } else { half(d) }, flags, out),
            b'P' => text(half(d).to_ascii_lowercase(), flags, out),
            b'Z' if flags.swap => text(self.zone.abbreviation.to_ascii_lowercase(), flags, out),
            b'Z' => text(&*self.zone.abbreviation, flags, out),
            b'C' => numeral(d.year.div_euclid(100), 2, b'0', flags, out),
            b'd' => numeral(d.day, 2, b'0', flags, out),
            b'e' => numeral(d.day, 2, b' ', flags, out),
            b'g' => numeral(iso_week(d).0.rem_euclid(100), 2, b'0', flags, out),
            b'G' => numeral(iso_week(d).0, 1, b'0', flags, out),
            b'V' => numeral(iso_week(d).1, 2, b'0', flags, out),
            b'H' => numeral(d.hour, 2, b'0', flags, out),
            b'I' => numeral(hour12, 2, b'0', flags, out),
            b'k' => numeral(d.hour, 2, b' ', flags, out),
            b'l' => numeral(hour12, 2, b' ', flags, out),
            b'j' => numeral(d.day_of_year + 1, 3, b'0', flags, out),
            b'm' => numeral(d.month, 2, b'0', flags, out),
            b'M' => numeral(d.minute, 2, b'0', flags, out),
            b'S' => numeral(d.second, 2, b'0', flags, out),
            b's' => numeral(self.seconds, 1, b'0', flags, out),
            b'u' => numeral(if d.weekday == 0 { 7 } else { d.weekday }, 1, b'0', flags, out),
            b'w' => numeral(d.weekday, 1, b'0', flags, out),
            b'U' => numeral((d.day_of_year + 7 - d.weekday) / 7, 2, b'0', flags, out),
            b'W' => numeral((d.day_of_year + 7 - (d.weekday + 6) % 7) / 7, 2, b'0', flags, out),
            b'y' => numeral(d.year.rem_euclid(100), 2, b'0', flags, out),
            b'Y' => numeral(d.year, 1, b'0', flags, out),
            b'c' => self.write_date(d, b"%a %b %e %H:%M:%S %Y", out),
            b'D' | b'x' => self.write_date(d, b"%m/%d/%y", out),
            b'F' => self.write_date(d, b"%Y-%m-%d", out),
            b'r' => self.write_date(d, b"%I:%M:%S %p", out),
            b'R' => self.write_date(d, b"%H:%M", out),
            b'T' | b'X' => self.write_date(d, b"%H:%M:%S", out),
            b'z' => {
                let minutes = self.zone.offset.unsigned_abs() / 60;
                let sign = if self.zone.offset < 0 { '-' } else { '+' };
                put(out, format_args!("{sign}{:02}{:02}", minutes / 60, minutes % 60));
            }
            b'N' => {
                let Some(nanos) = self.fraction else { return false };
                let digits = format!("{nanos:09}");
                let width = if flags.width == 0 { 9 } else { flags.width.min(9) };
                out.extend_from_slice(&digits.as_bytes()[..width]);
            }
            _ => return false,
        }
        if flags.upper {
            out[start..].make_ascii_uppercase();
        }
        true
    }
}

/// Flags, width and letter of a conversion, and how many bytes they took with the percent sign.
fn read(spec: &[u8]) -> (Flags, Option<u8>, usize) {
    let mut flags = Flags::default();
    let mut at = 1;
    while let Some(&b) = spec.get(at) {
        match b {
            b'_' | b'-' => flags.pad = Some(b),
            b'0' if flags.width == 0 => flags.pad = Some(b),
            b'^' => flags.upper = true,
            b'#' => flags.swap = true,
            b'0'..=b'9' => flags.width = (flags.width * 10 + usize::from(b - b'0')).min(1000),
            // Other representations are the usual ones in this locale.
            b'E' | b'O' => {}
            letter => return (flags, Some(letter), at + 1),
        }
        at += 1;
    }
    (flags, None, at)
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a vector cannot fail.
    let _ = out.write_fmt(text);
}

fn text(text: impl AsRef<str>, flags: Flags, out: &mut Vec<u8>) {
    let text = text.as_ref();
    let fill = if flags.pad == Some(b'0') { b'0' } else { b' ' };
    out.resize(out.len() + flags.width.saturating_sub(text.len()), fill);
    let upper = flags.swap && text.bytes().any(|b| b.is_ascii_uppercase());
    let start = out.len();
    out.extend_from_slice(text.as_bytes());
    if upper {
        out[start..].make_ascii_uppercase();
    }
}

fn numeral(n: impl Into<i64>, width: usize, fill: u8, flags: Flags, out: &mut Vec<u8>) {
    let n = n.into();
    let fill = match flags.pad {
        Some(b'_') => b' ',
        Some(b'0') => b'0',
        _ => fill,
    };
    let width = match flags {
        Flags {
            width: 0, pad: Some(b'-'), ..
        } => 0,
        Flags { width: 0, .. } => width,
        Flags { width, .. } => width,
    };
    let digits = n.unsigned_abs().to_string();
    if n < 0 {
        out.push(b'-');
    }
    out.resize(out.len() + width.saturating_sub(digits.len()), fill);
    out.extend_from_slice(digits.as_bytes());
}

fn half(d: &Date) -> String {
    if d.hour < 12 { "AM" } else { "PM" }.to_owned()
}

/// Year and week of ISO 8601: weeks begin on Monday, the first one has the year's first Thursday.
fn iso_week(d: &Date) -> (i64, u32) {
    let monday_based = (d.weekday + 6) % 7;
    let week = (d.day_of_year + 10 - (monday_based + 1)) / 7;
    let weeks_in = |year: i64| {
        let first = (super::calendar::days_from(year, 1, 1) + 3).rem_euclid(7);
        if first == 3 || (first == 2 && is_leap(year)) { 53 } else { 52 }
    };
    match week {
        0 => (d.year - 1, weeks_in(d.year - 1)),
        week if week > weeks_in(d.year) => (d.year + 1, 1),
        week => (d.year, week),
    }
}
