//! Request targets (RFC 9112, 3.2): which may stand with which method, and how target and `Host` are made to agree.
//!
//! A target that names a scheme's default port, or an empty one, loses it, and `Host` becomes what is left; `CONNECT` keeps its
//! target and loses the port in `Host`. Where the two name different authorities there is no single reading, and the request is
//! refused.

use crate::http::Head;
use crate::http::uri::scheme_len;

/// Whether this target may stand with this method. `relaxed`: what `CONNECT` names need not have a port.
pub(super) fn is_valid(method: &[u8], target: &[u8], relaxed: bool) -> bool {
    match target.first() {
        None => false,
        Some(first) if relaxed && method == b"CONNECT" => *first != b'/',
        _ if method == b"CONNECT" => port(target).is_some_and(|p| !p.is_empty()),
        Some(b'/') => method != b"PRI",
        Some(b'*') => target == b"*" && !takes_no_asterisk(method),
        Some(_) => scheme_len(target).is_some(),
    }
}

/// Methods that are about one resource; of those unknown to it HAProxy supposes the best.
fn takes_no_asterisk(method: &[u8]) -> bool {
    matches!(method, b"GET" | b"HEAD" | b"POST" | b"PUT" | b"DELETE" | b"TRACE" | b"PRI")
}

/// The port of `host:port`, where there is one and it is a number; empty where only the colon stands there.
fn port(authority: &[u8]) -> Option<&[u8]> {
    let digits = authority.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (host, port) = authority.split_at(authority.len() - digits);
    (host.last() == Some(&b':') && !host.contains(&b'/')).then_some(port)
}

/// `authority` without its port, where that is empty or one of `defaults`.
fn without_default<'a>(authority: &'a [u8], defaults: &[&[u8]]) -> &'a [u8] {
    match port(authority) {
        Some(p) if p.is_empty() || defaults.contains(&p) => &authority[..authority.len() - p.len() - 1],
        _ => authority,
    }
}

/// Whether a `Host` value is an authority: no byte that ends one or that no address has, and brackets around the whole of a
/// literal address alone.
pub fn is_authority(host: &[u8]) -> bool {
    let rest = match host.strip_prefix(b"[") {
        None => host,
        Some(literal) => match literal.iter().position(|b| *b == b']') {
            Some(end) if matches!(literal.get(end + 1), None | Some(b':')) => &literal[end + 1..],
            _ => return false,
        },
    };
    let literal = &host[..host.len() - rest.len()];
    literal.iter().all(|b| IN_AUTHORITY[usize::from(*b)] > 0) && rest.iter().all(|b| IN_AUTHORITY[usize::from(*b)] > 1)
}

/// Bytes that an authority may have: 2 anywhere, 1 in a literal address alone, 0 nowhere.
const IN_AUTHORITY: [u8; 256] = {
    let mut may = [0; 256];
    let mut b = 0x21;
    while b < 0x7f {
        may[b as usize] = match b {
            b'#' | b',' | b'/' | b'?' | b'@' | b'\\' => 0,
            b'[' | b']' => 1,
            _ => 2,
        };
        b += 1;
    }
    may
};

/// Makes an absolute target (or that of `CONNECT`) and `Host` agree. `false`: they name different authorities.
/// A missing `Host` is made of the target.
pub fn agree_on_host(head: &mut Head) -> bool {
    let uri = head.uri();
    if uri.first().is_none_or(|b| matches!(b, b'/' | b'*')) {
        return true;
    }
    if head.method() == b"CONNECT" {
        return connect(head);
    }
    let Some(scheme) = scheme_len(uri) else { return true };
    let defaults: &[&[u8]] = match &uri[..scheme] {
        s if s.eq_ignore_ascii_case(b"http://") => &[b"80"],
        s if s.eq_ignore_ascii_case(b"https://") => &[b"443"],
        _ => &[],
    };
    let rest = &uri[scheme..];
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let whole = &rest[..end];
    let authority = whole.iter().rposition(|b| *b == b'@').map_or(whole, |i| &whole[i + 1..]);
    let bare = if defaults.is_empty() {
        authority
    } else {
        without_default(authority, defaults)
    };
    let shorter = bare.len() < authority.len();
    let agrees = head.first(b"host").is_none_or(|host| {
        let host = if defaults.is_empty() {
            host
        } else {
            without_default(host, defaults)
        };
        host.eq_ignore_ascii_case(bare)
    });
    // `OPTIONS` without a path is about the server as a whole.
    let no_path = end == rest.len() && head.method() != b"OPTIONS";
    let new = (shorter || no_path).then(|| {
        let kept = scheme + end - (authority.len() - bare.len());
        [&uri[..kept], if no_path { b"/" } else { b"" }, &rest[end..]].concat()
    });
    let bare = (new.is_some() || !head.contains(b"host")).then(|| bare.to_vec());
    if let Some(new) = new {
        head.set_uri(&new);
    }
    if let Some(host) = bare {
        set_host(head, &host);
    }
    agrees
}

/// `CONNECT`: the target stays as it is.
fn connect(head: &mut Head) -> bool {
    const DEFAULTS: &[&[u8]] = &[b"80", b"443"];
    let target = head.uri();
    let authority = target.iter().rposition(|b| *b == b'@').map_or(target, |i| &target[i + 1..]);
    let Some(host) = head.first(b"host") else {
        let host = authority.to_vec();
        head.add(b"host", &host);
        return true;
    };
    let bare = without_default(authority, DEFAULTS);
    if host.eq_ignore_ascii_case(authority) {
        if bare.len() < authority.len() {
            let bare = bare.to_vec();
            set_host(head, &bare);
        }
        return true;
    }
    // No port, or an empty one, stands for the default port.
    bare.len() < authority.len() && host.strip_suffix(b":").unwrap_or(host).eq_ignore_ascii_case(bare)
}

fn set_host(head: &mut Head, host: &[u8]) {
    match head.iter().position(|(n, _)| n == b"host") {
        Some(i) => head.set_value(i, host),
        None => head.add(b"host", host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_told_from_what_is_none() {
        for good in ["", "a", "a:80", "a:", "[::1]", "[::1]:80", "[v1.x]", "a_b", "a..b", "a;b=c", "a:x"] {
            assert!(is_authority(good.as_bytes()), "{good}");
        }
        for bad in [
            "a, b", "a b", "a/b", "u@a", "a#b", "a?b", "a\\b", "a\x01", "\u{e9}", "[::1", "[::1]x", "a[b", "a]b", "\x7f",
        ] {
            assert!(!is_authority(bad.as_bytes()), "{bad:?}");
        }
    }

    #[test]
    fn which_target_with_which_method() {
        let cases = [
            ("OPTIONS", "*", true),
            ("OPTIONS", "*/x", false),
            ("PATCH", "*", true),
            ("PATCH", "*x", false),
            ("GET", "*", false),
            ("TRACE", "*", false),
            ("PRI", "*", false),
            ("GET", "*", false),
            ("GET", "/", true),
            ("PRI", "/", false),
            ("GET", "http://h", true),
            ("GET", "http:/h", false),
            ("GET", "1http://h", false),
            ("GET", "://h", false),
            ("GET", "h:80", false),
            ("GET", "admin/a", false),
            ("GET", "?q", false),
            ("CONNECT", "h:80", true),
            ("CONNECT", "[::1]:80", true),
            ("CONNECT", "h", false),
            ("CONNECT", "h:", false),
            ("CONNECT", "h:x", false),
            ("CONNECT", "/", false),
            ("CONNECT", "http://h:80", false),
            ("CONNECT", "[::1]", false),
        ];
        for (method, target, want) in cases {
            assert_eq!(is_valid(method.as_bytes(), target.as_bytes(), false), want, "{method} {target}");
            let relaxed = if method == "CONNECT" { target != "/" } else { want };
            assert_eq!(
                is_valid(method.as_bytes(), target.as_bytes(), true),
                relaxed,
                "{method} {target} relaxed"
            );
        }
    }

    #[test]
    fn target_and_host_are_made_to_agree() {
        let cases = [
            ("GET", "http://h:80/p", "h:80", Some(("http://h/p", "h"))),
            ("GET", "http://u:p@h:80/p", "h", Some(("http://u:p@h/p", "h"))),
            ("GET", "http://h/p", "h:80", Some(("http://h/p", "h:80"))),
            ("GET", "http://h/p", "h:", Some(("http://h/p", "h:"))),
            ("GET", "http://h:/p", "h:80", Some(("http://h/p", "h"))),
            ("GET", "https://h:443", "H", Some(("https://h/", "h"))),
            ("GET", "https://h:80/p", "h:80", Some(("https://h:80/p", "h:80"))),
            ("GET", "http://h:81", "h:81", Some(("http://h:81/", "h:81"))),
            ("GET", "http://h:80?q", "h", Some(("http://h?q", "h"))),
            ("GET", "http://:", ":80", Some(("http:///", ""))),
            ("GET", "http://[::1]:80/", "[::1]", Some(("http://[::1]/", "[::1]"))),
            ("GET", "http://h/", "g", None),
            ("GET", "http://h:8080/", "h", None),
            ("GET", "http://h/", "h:443", None),
            ("GET", "foo://h:80/", "h", None),
            ("CONNECT", "h:443", "h:443", Some(("h:443", "h"))),
            ("CONNECT", "h:443", "h", Some(("h:443", "h"))),
            ("CONNECT", "h:80", "h:", Some(("h:80", "h:"))),
            ("CONNECT", "h:8443", "h:8443", Some(("h:8443", "h:8443"))),
            ("CONNECT", "h:8443", "h", None),
            ("CONNECT", "h:80", "h:443", None),
            ("CONNECT", "h:80", "g:80", None),
        ];
        for (method, target, host, want) in cases {
            let mut h = Head::default();
            h.set_method(method.as_bytes());
            h.set_uri(target.as_bytes());
            h.add(b"host", host.as_bytes());
            let agreed = agree_on_host(&mut h);
            let got = agreed.then(|| (h.uri(), h.first(b"host").unwrap_or_default()));
            assert_eq!(got, want.map(|(u, h)| (u.as_bytes(), h.as_bytes())), "{method} {target} {host}");
        }
    }
}
