//! What `balance source`, `balance uri` and `balance hdr` hash (manual, 4.2 `balance`).

use std::net::IpAddr;

/// An address as a number: its 32-bit words, exclusive-or'ed.
pub fn source_key(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(a) => a.to_bits(),
        IpAddr::V6(a) => {
            let n = a.to_bits();
            (n as u32) ^ ((n >> 32) as u32) ^ ((n >> 64) as u32) ^ ((n >> 96) as u32)
        }
    }
}

/// The label before the last dot of a host name, which `use_domain_only` hashes: of `www.example.org` the `example`. A name without
/// a dot is hashed whole.
pub fn domain(host: &[u8]) -> &[u8] {
    let Some(end) = host.iter().rposition(|b| *b == b'.') else {
        return host;
    };
    let start = host[..end].iter().rposition(|b| *b == b'.').map_or(0, |dot| dot + 1);
    &host[start..end]
}

/// Which part of a URI `balance uri` looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct UriKey {
    /// `len N` and `depth N`; 0: no limit.
    pub len: usize,
    pub depth: usize,
    /// `whole`: the query string too.
    pub whole: bool,
    pub path_only: bool,
}

impl UriKey {
    /// The bytes to hash of a request target.
    pub fn part<'a>(&self, uri: &'a [u8]) -> &'a [u8] {
        let uri = if self.path_only { path_and_query(uri) } else { uri };
        let mut slashes = 0;
        let mut end = uri.len();
        if self.len > 0 {
            end = end.min(self.len);
        }
        for (i, &b) in uri[..end].iter().enumerate() {
            if b == b'/' {
                slashes += 1;
                // The leading slash is one more than the directories that were asked for.
                if self.depth > 0 && slashes == self.depth + 1 {
                    return &uri[..i];
                }
            } else if b == b'?' && !self.whole {
                return &uri[..i];
            }
        }
        &uri[..end]
    }
}

/// From the first slash after the authority on.
fn path_and_query(uri: &[u8]) -> &[u8] {
    if uri.first() == Some(&b'/') {
        return uri;
    }
    let after = uri.windows(3).position(|w| w == b"://").map_or(0, |p| p + 3);
    uri[after..].iter().position(|&b| b == b'/').map_or(&[], |p| &uri[after + p..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uri_parts() {
        let plain = UriKey::default();
        let cases: &[(UriKey, &str, &str)] = &[
            (plain, "/a/b?x=1", "/a/b"),
            (UriKey { whole: true, ..plain }, "/a/b?x=1", "/a/b?x=1"),
            (UriKey { len: 3, ..plain }, "/a/b?x=1", "/a/"),
            (UriKey { depth: 1, ..plain }, "/a/b/c", "/a"),
            (UriKey { depth: 2, ..plain }, "/a/b/c", "/a/b"),
            (UriKey { path_only: true, ..plain }, "http://h/p/q?x", "/p/q"),
            (plain, "http://h/p/q?x", "http://h/p/q"),
            (UriKey { path_only: true, ..plain }, "*", ""),
        ];
        for (k, uri, want) in cases {
            assert_eq!(k.part(uri.as_bytes()), want.as_bytes(), "{k:?} {uri}");
        }
    }

    #[test]
    fn domains() {
        let cases = [
            ("www.example.org", "example"),
            ("haproxy.1wt.eu:80", "1wt"),
            ("a.b.c", "b"),
            ("host", "host"),
            ("x.", "x"),
            (".x", ""),
        ];
        for (host, want) in cases {
            assert_eq!(domain(host.as_bytes()), want.as_bytes(), "{host}");
        }
    }

    #[test]
    fn addresses_fold_to_a_word() {
        let cases = [
            ("1.2.3.4", 0x0102_0304),
            ("::1", 1),
            ("1:0:2:0:4:0:8:0", 0x000f_0000),
            ("0:1:0:1::", 0),
        ];
        for (ip, want) in cases {
            assert_eq!(source_key(ip.parse().expect(ip)), want, "{ip}");
        }
    }
}
