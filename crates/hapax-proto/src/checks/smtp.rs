//! SMTP (RFC 5321, 4.2): answers of one or more lines, each a number of three digits and words.
//!
//! Nobody waits for the end of a line: what tells an answer is its number and the byte behind it.

use super::{Reply, text};

/// Number and the byte after it: as much as an answer needs.
const NUMBER: usize = 4;

/// The number that an answer starts with, and the byte behind it.
fn number(b: &[u8]) -> Option<(u16, u8)> {
    let (digits, after) = (b.get(..3)?, *b.get(3)?);
    let all = digits.iter().all(u8::is_ascii_digit);
    all.then(|| (digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')), after))
}

fn is_last(after: u8) -> bool {
    matches!(after, b' ' | b'\r')
}

/// The rest of the first line, without blanks before it.
fn words(b: &[u8]) -> String {
    let rest = b.get(NUMBER..).unwrap_or_default();
    let start = rest.iter().position(|c| *c != b' ').unwrap_or(rest.len());
    text(line(&rest[start..]))
}

fn line(b: &[u8]) -> &[u8] {
    let end = b.iter().position(|c| matches!(c, b'\r' | b'\n'));
    &b[..end.unwrap_or(b.len())]
}

fn refused(b: &[u8]) -> Reply {
    Reply::Refused(number(b).map_or(0, |(code, _)| code), Some(words(b)))
}

/// Reads what a server says first: one line, good where its number starts with 2.
pub fn greeting(b: &[u8], closed: bool) -> Reply {
    if b.len() < NUMBER && !closed {
        return Reply::More;
    }
    match number(b) {
        Some((code, after)) if is_last(after) && b[0] == b'2' => Reply::Good(code, Some(words(b))),
        Some((_, after)) if is_last(after) => refused(b),
        _ => Reply::Invalid(Some(text(line(b)))),
    }
}

/// Reads the answer to HELO or EHLO, which may have lines before its last one. What is not good need not be all.
pub fn hello(b: &[u8], closed: bool) -> Reply {
    let mut rest = b;
    while let Some((code, after)) = number(rest).filter(|_| rest[0] == b'2') {
        if is_last(after) {
            return Reply::Good(code, Some(words(b)));
        }
        let end = rest.iter().position(|c| *c == b'\r').filter(|_| after == b'-');
        match end.and_then(|n| rest[n..].strip_prefix(b"\r\n")) {
            Some(next) => rest = next,
            None => break,
        }
    }
    if closed { refused(b) } else { Reply::More }
}

/// Reads the answer to QUIT.
pub fn bye(b: &[u8], closed: bool) -> Reply {
    match number(b) {
        Some((code, after)) if b[0] == b'2' && (after == b'-' || is_last(after)) => Reply::Good(code, Some(words(b))),
        None if b.len() < NUMBER && !closed => Reply::More,
        _ => refused(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good(n: u16, w: &str) -> Reply {
        Reply::Good(n, Some(w.into()))
    }

    fn no(n: u16, w: &str) -> Reply {
        Reply::Refused(n, Some(w.into()))
    }

    fn bad(w: &str) -> Reply {
        Reply::Invalid(Some(w.into()))
    }

    type Cases<'a> = &'a [(&'a str, bool, Reply)];

    fn all(read: fn(&[u8], bool) -> Reply, cases: Cases<'_>) {
        for (bytes, closed, want) in cases {
            assert_eq!(read(bytes.as_bytes(), *closed), *want, "{bytes:?} {closed}");
        }
    }

    #[test]
    fn greetings() {
        let cases: Cases<'_> = &[
            ("", false, Reply::More),
            ("", true, bad("")),
            ("220", false, Reply::More),
            ("220", true, bad("220")),
            ("220 mail.example ready", false, good(220, "mail.example ready")),
            ("220   mail  x  \r\n", false, good(220, "mail  x  ")),
            ("220\r\n", false, good(220, "")),
            ("220\n", false, bad("220")),
            ("220-a\r\n220 b\r\n", false, bad("220-a")),
            ("421 Later\r\n", false, no(421, "Later")),
            ("354 hm\r\n", false, no(354, "hm")),
            ("hello\r\n", false, bad("hello")),
            ("2200 x\r\n", false, bad("2200 x")),
            ("he", false, Reply::More),
        ];
        all(greeting, cases);
    }

    #[test]
    fn answers_to_hello() {
        let cases: Cases<'_> = &[
            ("250 ok", false, good(250, "ok")),
            ("250-a\r\n", false, Reply::More),
            ("250-a\r\n", true, no(250, "a")),
            ("250-a\r\n260 b\r\n", false, good(260, "a")),
            ("250-a\n250 b\n", false, Reply::More),
            ("250-a\r\n500 c\r\n", true, no(250, "a")),
            ("500 what\r\n", false, Reply::More),
            ("500 what\r\n", true, no(500, "what")),
            ("what\r\n", true, no(0, "")),
            ("", true, no(0, "")),
        ];
        all(hello, cases);
    }

    #[test]
    fn answers_to_quit() {
        let cases: Cases<'_> = &[
            ("221 bye", false, good(221, "bye")),
            ("221-bye\r\n221 x\r\n", false, good(221, "bye")),
            ("22", false, Reply::More),
            ("22", true, no(0, "")),
            ("500\r\n", false, no(500, "")),
            ("what\r\n", false, no(0, "")),
        ];
        all(bye, cases);
    }
}
