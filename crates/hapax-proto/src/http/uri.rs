//! The parts of a request target (RFC 9112, 3.2), as ranges of its bytes.

/// A target cut at its seams; concatenating the parts (with the user information) gives it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Target<'u> {
    /// `http://`: with the separator; empty in every form but the absolute one.
    pub scheme: &'u [u8],
    /// Host and port, without user information; in authority form (`CONNECT`), the whole target.
    pub authority: &'u [u8],
    /// From the slash on, with the query; `None` where there is no path (`*`, authority form, `http://host`).
    pub pathq: Option<&'u [u8]>,
}

/// Cuts a request target.
pub fn split(uri: &[u8]) -> Target<'_> {
    match uri.first() {
        None | Some(b'*') => return Target::default(),
        Some(b'/') => {
            return Target {
                pathq: Some(uri),
                ..Target::default()
            };
        }
        Some(_) => {}
    }
    let Some(scheme) = scheme_len(uri) else {
        return Target {
            authority: uri,
            ..Target::default()
        };
    };
    let (scheme, rest) = uri.split_at(scheme);
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let (authority, pathq) = rest.split_at(end);
    let host = authority.iter().rposition(|b| *b == b'@').map_or(0, |i| i + 1);
    Target {
        scheme,
        authority: &authority[host..],
        pathq: (!pathq.is_empty()).then_some(pathq),
    }
}

/// Length of `scheme://` at the start.
pub(crate) fn scheme_len(uri: &[u8]) -> Option<usize> {
    if !uri.first()?.is_ascii_alphabetic() {
        return None;
    }
    let end = uri
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')))?;
    uri[end..].starts_with(b"://").then_some(end + 3)
}

impl<'u> Target<'u> {
    /// The path without its query.
    pub fn path(&self) -> Option<&'u [u8]> {
        self.pathq.map(|p| p.split(|b| *b == b'?').next().unwrap_or_default())
    }

    /// What follows the first question mark of the path.
    pub fn query(&self) -> Option<&'u [u8]> {
        let p = self.pathq?;
        p.iter().position(|b| *b == b'?').map(|i| &p[i + 1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_cut() {
        type Parts = (&'static str, &'static str, Option<&'static str>, Option<&'static str>);
        let cases: [(&str, Parts); 13] = [
            ("", ("", "", None, None)),
            ("*", ("", "", None, None)),
            ("/", ("", "", Some("/"), None)),
            ("/a?b=c?d", ("", "", Some("/a"), Some("b=c?d"))),
            ("/a?", ("", "", Some("/a"), Some(""))),
            ("//h/p", ("", "", Some("//h/p"), None)),
            ("host:443", ("", "host:443", None, None)),
            ("a.b", ("", "a.b", None, None)),
            ("http://h", ("http://", "h", None, None)),
            ("http://h/", ("http://", "h", Some("/"), None)),
            ("https://u:p@h:8/p?q", ("https://", "h:8", Some("/p"), Some("q"))),
            ("http://h?q", ("http://", "h", Some(""), Some("q"))),
            ("h2+x://h/p", ("h2+x://", "h", Some("/p"), None)),
        ];
        for (uri, (scheme, authority, path, query)) in cases {
            let t = split(uri.as_bytes());
            assert_eq!(t.scheme, scheme.as_bytes(), "{uri}");
            assert_eq!(t.authority, authority.as_bytes(), "{uri}");
            assert_eq!(t.path(), path.map(str::as_bytes), "{uri}");
            assert_eq!(t.query(), query.map(str::as_bytes), "{uri}");
        }
    }
}
