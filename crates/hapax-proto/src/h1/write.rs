//! Heads to bytes. Fields that stand in the arena as they will on the wire are copied in runs.

use std::collections::HashMap;

use crate::http::Head;

/// How field names are written to peers that are particular about case: by their lower-case form.
#[derive(Clone, Debug, Default)]
pub struct CaseMap(HashMap<Box<[u8]>, Box<[u8]>>);

impl CaseMap {
    /// `false`: there is one for this name already.
    pub fn add(&mut self, from: &[u8], to: &[u8]) -> bool {
        self.0.insert(from.into(), to.into()).is_none()
    }

    fn get<'n>(&'n self, name: &'n [u8]) -> &'n [u8] {
        self.0.get(name).map_or(name, |n| n)
    }
}

/// Appends the request line and the fields, and the empty line after them. `case`: names are written as it says.
pub fn request(head: &Head, case: Option<&CaseMap>, out: &mut Vec<u8>) {
    out.reserve(head.arena().len() + 64);
    out.extend_from_slice(head.method());
    out.push(b' ');
    out.extend_from_slice(head.uri());
    out.push(b' ');
    out.extend_from_slice(head.version_sent());
    out.extend_from_slice(b"\r\n");
    match case {
        None => fields(head, out),
        Some(case) => adjusted(head, case, out),
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the status line and the fields, and the empty line after them; `case` as in [`request`].
pub fn response(head: &Head, case: Option<&CaseMap>, out: &mut Vec<u8>) {
    out.reserve(head.arena().len() + 64);
    out.extend_from_slice(head.version_sent());
    out.push(b' ');
    out.extend_from_slice(itoa::Buffer::new().format(head.status).as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.reason());
    out.extend_from_slice(b"\r\n");
    match case {
        None => fields(head, out),
        Some(case) => adjusted(head, case, out),
    }
    out.extend_from_slice(b"\r\n");
}

fn fields(head: &Head, out: &mut Vec<u8>) {
    let arena = head.arena();
    let mut run = 0..0;
    for &f in head.fields() {
        if let Some(line) = head.wire_line(f) {
            if line.start == run.end {
                run.end = line.end;
            } else {
                out.extend_from_slice(&arena[run]);
                run = line;
            }
        } else {
            out.extend_from_slice(&arena[run]);
            run = 0..0;
            out.extend_from_slice(head.get(f.name));
            out.extend_from_slice(b": ");
            out.extend_from_slice(head.get(f.value));
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(&arena[run]);
}

fn adjusted(head: &Head, case: &CaseMap, out: &mut Vec<u8>) {
    for (name, value) in head {
        out.extend_from_slice(case.get(name));
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends one chunk of `data` (none for empty data: that would end the body).
pub fn chunk(data: &[u8], out: &mut Vec<u8>) {
    if data.is_empty() {
        return;
    }
    let mut digits = [0u8; 16];
    let mut at = digits.len();
    let mut n = data.len();
    while n > 0 {
        at -= 1;
        digits[at] = b"0123456789ABCDEF"[n & 15];
        n >>= 4;
    }
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}
