//! The tables of cases: text in which every byte can be written.

/// One message and what becomes of it.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What the client sends.
    pub(crate) sent: Vec<u8>,
    /// What the origin answers, where that is the matter.
    pub(crate) answer: Vec<u8>,
    pub(crate) status: String,
    pub(crate) received: String,
    /// Why HAProxy does otherwise.
    pub(crate) other: Option<String>,
}

pub(crate) fn load(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        let value = line.get(2..).unwrap_or_default();
        if line.starts_with('#') {
            cases.push(Case {
                name: value.to_owned(),
                ..Case::default()
            });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        match line.as_bytes().first() {
            Some(b'>') => {
                let (sent, answer) = value.split_once(" | ").unwrap_or((value, ""));
                (case.sent, case.answer) = (unescaped(sent), unescaped(answer));
            }
            Some(b'=') => value.clone_into(&mut case.status),
            Some(b'<') => value.clone_into(&mut case.received),
            Some(b'~') => case.other = Some(value.to_owned()),
            _ => panic!("what is {line:?}?"),
        }
    }
    cases
}

pub(crate) fn unescaped(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        if b != b'\\' {
            out.push(b);
            continue;
        }
        let (&kind, tail) = rest.split_first().unwrap();
        rest = tail;
        match kind {
            b'r' => out.push(b'\r'),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'x' => {
                let digits = std::str::from_utf8(&rest[..2]).unwrap();
                out.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &rest[2..];
            }
            other => out.push(other),
        }
    }
    out
}

pub(crate) fn escaped(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for b in bytes {
        match b {
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(*b)),
            _ => write!(out, "\\x{b:02x}").unwrap(),
        }
    }
    out
}
