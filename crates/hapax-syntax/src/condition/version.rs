//! Versions as conditions compare them: HAProxy's own (`2.6`, `3.0.4-12`, `3.5-dev3`) and OpenSSL's (`1.1.1f`, `3.0.0-beta1`).

use std::cmp::Ordering;

/// Orders two HAProxy versions. What is missing is zero; `-dev` and `-rc` come before the release, a commit count after it.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    key(a).cmp(&key(b))
}

fn key(version: &[u8]) -> ([u64; 4], i8, u64) {
    let text = String::from_utf8_lossy(version);
    let (numbers, suffix) = text.split_once('-').unwrap_or((&text, ""));
    let mut parts = [0; 4];
    for (slot, part) in parts.iter_mut().zip(numbers.split('.')) {
        *slot = leading_number(part);
    }
    let (rank, count) = if let Some(n) = suffix.strip_prefix("dev") {
        (-2, leading_number(n))
    } else if let Some(n) = suffix.strip_prefix("rc") {
        (-1, leading_number(n))
    } else {
        (0, leading_number(suffix))
    };
    (parts, rank, count)
}

fn leading_number(text: &str) -> u64 {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().unwrap_or(0)
}

/// An OpenSSL version as something to order: three numbers, then the state (`-alphaN`, `-betaN`, release, patch letter).
///
/// `None` where it is none: the first three numbers are needed from 1.0 on, two are enough from 3 on.
pub(super) fn openssl(version: &[u8]) -> Option<([u32; 3], i8, u32)> {
    let text = std::str::from_utf8(version).ok()?;
    let (numbers, suffix) = match text.find(|c: char| !c.is_ascii_digit() && c != '.') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let mut parts = [0; 3];
    let mut given = 0;
    for part in numbers.split('.') {
        *parts.get_mut(given)? = part.parse().ok()?;
        given += 1;
    }
    if given < 2 || (parts[0] < 3 && given < 3) {
        return None;
    }
    let (state, n) = match suffix.as_bytes() {
        [] => (0, 0),
        [letter @ b'a'..=b'z'] => (1, u32::from(*letter)),
        _ => {
            let (state, n) = match suffix.strip_prefix("-alpha") {
                Some(n) => (-2, n),
                None => (-1, suffix.strip_prefix("-beta")?),
            };
            (state, n.parse().ok()?)
        }
    };
    Some((parts, state, n))
}
