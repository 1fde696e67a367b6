//! PCRE2 as HAProxy asks it: over bytes, without Unicode, and compiled to machine code where the machine can.

use pcre2::bytes::{Regex, RegexBuilder};

/// Makes parentheses without a name capture nothing.
const NO_GROUPS: &str = "(?n)";

/// `to_run`: it will be run, and not only judged. The error is in words for the user.
pub(super) fn compile(pattern: &[u8], icase: bool, grouped: bool, to_run: bool) -> Result<Regex, String> {
    let mut text = text_of(pattern);
    let added = if grouped { "" } else { NO_GROUPS };
    text.insert_str(after_verbs(&text), added);
    let built = RegexBuilder::new().caseless(icase).jit_if_available(to_run).build(&text);
    built.map_err(|e| {
        let at = e.offset().unwrap_or_default().saturating_sub(added.len());
        let said = e.to_string();
        // The library's words stand behind where the crate says that it happened.
        let why = said.splitn(3, ": ").last().unwrap_or(&said);
        let pattern = String::from_utf8_lossy(pattern);
        format!("regex '{pattern}' is invalid (error={why}, erroffset={at})")
    })
}

/// The end of the `(*VERBS)` that only the beginning of an expression may have.
fn after_verbs(text: &str) -> usize {
    let mut at = 0;
    while let Some(verb) = text[at..].strip_prefix("(*") {
        let Some(end) = verb.find(')') else { break };
        let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'=');
        if !verb[..end].bytes().all(plain) {
            break;
        }
        at += "(*".len() + end + 1;
    }
    at
}

/// The crate takes text: bytes that are none are written as escapes. And counts are those of every version of PCRE2: `{,3}` and
/// `{ 1, 2 }`, which are counts since 10.43, mean themselves; and `\x` without digits is the byte 0, which 10.45 refuses.
fn text_of(pattern: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(pattern.len() + 16);
    let (mut quoted, mut escaped) = (false, false);
    for chunk in pattern.utf8_chunks() {
        let text = chunk.valid();
        for (at, c) in text.char_indices() {
            match c {
                'E' if escaped => quoted = false,
                'Q' if escaped => quoted = true,
                'x' if escaped && !quoted && !text[at + 1..].starts_with(|c: char| c == '{' || c.is_ascii_hexdigit()) => {
                    out.push_str("x00");
                    escaped = false;
                    continue;
                }
                '{' if !escaped && !quoted && is_late_count(&text[at + 1..]) => out.push('\\'),
                _ => {}
            }
            escaped = c == '\\' && !escaped;
            out.push(c);
        }
        for b in chunk.invalid() {
            if std::mem::take(&mut escaped) && !quoted {
                // The byte means itself, as its own escape says.
                out.pop();
            }
            let (before, behind) = if quoted { ("\\E", "\\Q") } else { ("", "") };
            // Writing to a String cannot fail.
            let _ = write!(out, "{before}\\x{b:02x}{behind}");
        }
    }
    out
}

/// Whether what follows `{` is a count for late versions only.
fn is_late_count(after: &str) -> bool {
    let Some((inner, _)) = after.split_once('}') else { return false };
    let of_a_count = |b: u8| b.is_ascii_digit() || matches!(b, b',' | b' ' | b'\t');
    let low = inner.split(',').next().unwrap_or_default();
    let plain = !low.is_empty() && inner.bytes().all(|b| b.is_ascii_digit() || b == b',');
    !plain && inner.bytes().all(of_a_count) && inner.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_text() {
        let cases: &[(&[u8], &str)] = &[
            (b"a\\.b", "a\\.b"),
            ("\u{e9}".as_bytes(), "\u{e9}"),
            (b"[\xe9]\\\xe9\\d", "[\\xe9]\\xe9\\d"),
            (b"\\Qa\\b\xe9c\\E\\\\", "\\Qa\\b\\E\\xe9\\Qc\\E\\\\"),
            (b"\xff\\", "\\xff\\"),
            (b"\\x\\xz\\x4\\x{41}", "\\x00\\x00z\\x4\\x{41}"),
            (b"a{,3}b{2}c{1,}\\{,3}d{ 1, 2 }{,}", "a\\{,3}b{2}c{1,}\\{,3}d\\{ 1, 2 }{,}"),
        ];
        for (pattern, text) in cases {
            assert_eq!(text_of(pattern), *text, "{pattern:?}");
        }
    }

    #[test]
    fn errors_are_the_librarys_own() {
        let cases = [
            ("(a", true, "regex '(a' is invalid (error=missing closing parenthesis, erroffset=2)"),
            (
                "a**",
                true,
                "regex 'a**' is invalid (error=quantifier does not follow a repeatable item, erroffset=2)",
            ),
            (
                "(a)\\1",
                false,
                "regex '(a)\\1' is invalid (error=reference to non-existent subpattern, erroffset=4)",
            ),
            (
                "(*UTF)(a)\\1",
                false,
                "regex '(*UTF)(a)\\1' is invalid (error=reference to non-existent subpattern, erroffset=10)",
            ),
        ];
        for (pattern, grouped, error) in cases {
            assert_eq!(compile(pattern.as_bytes(), false, grouped, false).unwrap_err(), error, "{pattern}");
        }
        assert!(compile(b"(a)\\1", false, true, false).is_ok());
        assert!(compile(b"(*UCP)(?<n>a)\\k<n>", false, false, true).is_ok());
    }
}
