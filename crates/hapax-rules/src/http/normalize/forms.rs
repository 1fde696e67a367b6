//! The normal forms themselves, as functions of bytes.

/// `#` as `%23`: for clients that forget to encode it.
pub(super) fn fragment_encode(pathq: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pathq.len() + 8);
    for b in pathq {
        match b {
            b'#' => out.extend_from_slice(b"%23"),
            b => out.push(*b),
        }
    }
    out
}

pub(super) fn fragment_strip(pathq: &[u8]) -> &[u8] {
    pathq.split(|b| *b == b'#').next().unwrap_or_default()
}

pub(super) fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut out = path.to_vec();
    out.dedup_by(|a, b| *a == b'/' && *b == b'/');
    out
}

/// Drops the segments that are one dot.
pub(super) fn strip_dot(path: &[u8]) -> Vec<u8> {
    let segments: Vec<&[u8]> = path.split(|b| *b == b'/').collect();
    let last = segments.len() - 1;
    let kept: Vec<&[u8]> = segments
        .iter()
        .enumerate()
        .filter(|(i, s)| **s != b"." || *i == last)
        .map(|(_, s)| *s)
        .collect();
    let mut out = kept.join(&b'/');
    if segments[last] == b"." {
        out.pop();
    }
    out
}

/// Takes back one segment for each that is two dots. Those that lead above the root stay, or go where `full` is set.
pub(super) fn strip_dotdot(path: &[u8], full: bool) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    // Segments at the front that nothing may take back: what stands before the first slash, and dots above the root.
    let mut base = 0;
    let mut segments = path.split(|b| *b == b'/').peekable();
    while let Some(segment) = segments.next() {
        if kept.is_empty() {
            kept.push(segment);
            base = 1;
            continue;
        }
        if segment != b".." {
            kept.push(segment);
            continue;
        }
        if kept.len() > base {
            kept.pop();
        } else if !full {
            kept.push(segment);
            base += 1;
        }
        // What is left is a directory, and is written as one.
        if segments.peek().is_none() {
            kept.push(b"");
        }
    }
    kept.join(&b'/')
}

fn unreserved(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~')
}

fn hex(c: u8) -> Option<u8> {
    char::from(c).to_digit(16).map(|d| d as u8)
}

/// Calls `each` with the two digits of every percent sequence and with every other byte; `None` where `strict` and a percent
/// sign starts no sequence.
fn percent(input: &[u8], strict: bool, mut each: impl FnMut(&mut Vec<u8>, [u8; 2])) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((b, tail)) = rest.split_first() {
        rest = tail;
        match tail {
            [a, c, after @ ..] if *b == b'%' && hex(*a).is_some() && hex(*c).is_some() => {
                each(&mut out, [*a, *c]);
                rest = after;
            }
            _ if *b == b'%' && strict => return None,
            _ => out.push(*b),
        }
    }
    Some(out)
}

/// Decodes the characters that never need encoding.
pub(super) fn percent_decode(input: &[u8], strict: bool) -> Option<Vec<u8>> {
    percent(input, strict, |out, [a, b]| {
        let c = hex(a).unwrap_or(0) << 4 | hex(b).unwrap_or(0);
        if unreserved(c) {
            out.push(c);
        } else {
            out.extend_from_slice(&[b'%', a, b]);
        }
    })
}

/// Writes the digits of percent sequences in upper case.
pub(super) fn percent_upper(input: &[u8], strict: bool) -> Option<Vec<u8>> {
    percent(input, strict, |out, [a, b]| {
        out.extend_from_slice(&[b'%', a.to_ascii_uppercase(), b.to_ascii_uppercase()]);
    })
}

/// Orders parameters by name; those of one name keep their order.
pub(super) fn query_sort(query: &[u8]) -> Vec<u8> {
    // Nothing behind the last separator is no parameter.
    let whole = query.strip_suffix(b"&").unwrap_or(query);
    let mut params: Vec<&[u8]> = whole.split(|b| *b == b'&').collect();
    params.sort_by_key(|p| p.split(|b| *b == b'=').next().unwrap_or_default());
    params.join(&b'&')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(f: impl Fn(&[u8]) -> Vec<u8>, cases: &[(&str, &str)]) {
        for (input, want) in cases {
            assert_eq!(String::from_utf8_lossy(&f(input.as_bytes())), *want, "{input}");
        }
    }

    #[test]
    fn fragments() {
        check(fragment_encode, &[("/#foo", "/%23foo"), ("/a##", "/a%23%23"), ("/a", "/a")]);
        check(
            |p| fragment_strip(p).to_vec(),
            &[("/#foo", "/"), ("/a?b#c#d", "/a?b"), ("/a", "/a")],
        );
    }

    #[test]
    fn slashes_and_dots() {
        check(
            merge_slashes,
            &[("//", "/"), ("/foo//bar", "/foo/bar"), ("///a///", "/a/"), ("/", "/")],
        );
        check(
            strip_dot,
            &[
                ("/.", "/"),
                ("/./bar/", "/bar/"),
                ("/a/./a", "/a/a"),
                ("/.well-known/", "/.well-known/"),
                ("/a/.", "/a/"),
                ("/././.", "/"),
                ("/a./b", "/a./b"),
            ],
        );
    }

    #[test]
    fn two_dots_take_back_a_segment() {
        let cases = [
            ("/foo/../", "/", "/"),
            ("/foo/../bar/", "/bar/", "/bar/"),
            ("/foo/bar/../", "/foo/", "/foo/"),
            ("/../bar/", "/../bar/", "/bar/"),
            ("/bar/../../", "/../", "/"),
            ("/foo//../", "/foo/", "/foo/"),
            ("/foo/%2E%2E/", "/foo/%2E%2E/", "/foo/%2E%2E/"),
            ("/foo/..", "/", "/"),
            ("/foo/bar/..", "/foo/", "/foo/"),
            ("/..", "/../", "/"),
            ("/a/../../b/..", "/../", "/"),
            ("/", "/", "/"),
            ("/..a/", "/..a/", "/..a/"),
        ];
        for (input, kept, full) in cases {
            assert_eq!(String::from_utf8_lossy(&strip_dotdot(input.as_bytes(), false)), kept, "{input}");
            assert_eq!(String::from_utf8_lossy(&strip_dotdot(input.as_bytes(), true)), full, "{input} full");
        }
    }

    #[test]
    fn percent_sequences() {
        check(
            |p| percent_decode(p, false).unwrap_or_default(),
            &[
                ("/%61dmin", "/admin"),
                ("/foo%3Fbar=baz", "/foo%3Fbar=baz"),
                ("/%%36%36", "/%66"),
                ("/%ZZ", "/%ZZ"),
                ("/%7e%2d%", "/~-%"),
            ],
        );
        check(
            |p| percent_upper(p, false).unwrap_or_default(),
            &[("/%6f", "/%6F"), ("/%zz", "/%zz"), ("/%ab%CD", "/%AB%CD")],
        );
        for bad in ["/%%36%36", "/%ZZ", "/%", "/%a"] {
            assert_eq!(percent_decode(bad.as_bytes(), true), None, "{bad}");
            assert_eq!(percent_upper(bad.as_bytes(), true), None, "{bad}");
        }
        assert_eq!(percent_upper(b"/%6f", true).as_deref(), Some(&b"/%6F"[..]));
    }

    #[test]
    fn parameters_are_sorted_by_name() {
        check(
            query_sort,
            &[
                ("c=3&a=1&b=2", "a=1&b=2&c=3"),
                ("aaa=3&a=1&aa=2", "a=1&aa=2&aaa=3"),
                ("a=3&b=4&a=1&b=5&a=2", "a=3&a=1&a=2&b=4&b=5"),
                ("", ""),
                ("b&a&=x", "=x&a&b"),
                ("b&a&", "a&b"),
                ("&b&&a", "&&a&b"),
                ("b&&", "&b"),
                ("&", ""),
            ],
        );
    }
}
