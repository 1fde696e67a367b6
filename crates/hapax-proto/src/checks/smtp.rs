//! SMTP (RFC 5321, 4.2): answers of one or more lines, each a number of three digits and words.

use super::{Reply, text};

/// The next line of `b` and what follows it; without its end only where `b` has none.
fn line(b: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = b.iter().position(|c| *c == b'\n')?;
    let line = &b[..end];
    Some((line.strip_suffix(b"\r").unwrap_or(line), &b[end + 1..]))
}

/// Reads one answer: good where its number starts with 2.
pub fn read(b: &[u8]) -> Reply {
    let mut rest = b;
    loop {
        // What is no answer need not end its line.
        let digits = rest.iter().take(3).take_while(|c| c.is_ascii_digit()).count();
        if digits < rest.len().min(3) {
            let words = line(rest).map_or(rest, |(l, _)| l);
            return Reply::Invalid(Some(text(words.strip_suffix(b"\r").unwrap_or(words))));
        }
        let Some((line, after)) = line(rest) else { return Reply::More };
        match line.get(3) {
            // More lines follow.
            Some(b'-') => rest = after,
            Some(b' ') | None if line.len() >= 3 => {
                let code = line[..3].iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
                let words = Some(text(line[3..].trim_ascii()));
                let good = line[0] == b'2';
                return if good {
                    Reply::Good(code, words)
                } else {
                    Reply::Refused(code, words)
                };
            }
            _ => return Reply::Invalid(Some(text(line))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let good = |n, w: &str| Reply::Good(n, Some(w.into()));
        let no = |n, w: &str| Reply::Refused(n, Some(w.into()));
        let bad = |w: &str| Reply::Invalid(Some(w.into()));
        let cases: &[(&str, Reply)] = &[
            ("", Reply::More),
            ("22", Reply::More),
            ("220 mail.example ready", Reply::More),
            ("220 mail.example ready\r\n", good(220, "mail.example ready")),
            ("250-a\r\n250-b\r\n", Reply::More),
            ("250-a\r\n250-b\r\n250 c\r\n", good(250, "c")),
            ("421 Later\r\n", no(421, "Later")),
            ("250\n", good(250, "")),
            ("hello\r\n", bad("hello")),
            ("I am something else", bad("I am something else")),
            ("2500\r\n", bad("2500")),
            ("25\r\n", bad("25")),
        ];
        for (bytes, want) in cases {
            assert_eq!(read(bytes.as_bytes()), *want, "{bytes:?}");
        }
    }
}
