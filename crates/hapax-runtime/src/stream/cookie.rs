//! Persistence by cookie: finds the server a client is bound to, and binds clients to servers (manual, `cookie`).

use hapax_config::plan::{Cookie, CookieMode};
use hapax_proto::http::Head;

use super::exchange::Exchange;

/// What the client's cookie said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Persistence {
    /// The server to use, if it can be used.
    pub server: Option<usize>,
    /// The server the cookie named, usable or not.
    named: Option<usize>,
    /// A server that is down is tried all the same, and no other instead.
    pub forced: bool,
    /// The cookie does not count.
    pub ignored: bool,
}

impl Persistence {
    /// The server could not be reached: the stream is bound to it no more.
    pub(super) fn lost(&mut self) {
        self.server = None;
    }
}

impl Exchange<'_> {
    /// Reads the persistence cookie, and takes it out of the request where the server is not to see it.
    pub(super) fn read_cookie(&mut self) {
        if !self.be.persist_rules.is_empty() {
            self.judge_persistence();
        }
        let Some(cookie) = &self.be.cookie else { return };
        let flag = if let Some(value) = find(&self.p.req_head, &cookie.name) {
            let id = match cookie.mode {
                CookieMode::Prefix => value.split(|b| *b == b'~').next().unwrap_or_default(),
                _ => value.split(|b| *b == b'|').next().unwrap_or_default(),
            };
            let named = self.be_state().servers.position(|s| s.conf().cookie.as_deref() == Some(id));
            let flag = self.bind_to(named);
            match cookie.mode {
                CookieMode::Insert if cookie.indirect => {
                    edit(&mut self.p.req_head, &cookie.name, &mut self.p.controls.scratch, |_| None);
                }
                CookieMode::Prefix => {
                    // Behind the mark, the application's own value.
                    edit(&mut self.p.req_head, &cookie.name, &mut self.p.controls.scratch, |v| {
                        let own = v.iter().position(|b| *b == b'~').map_or(0, |at| at + 1);
                        Some(&v[own..])
                    });
                }
                _ => {}
            }
            flag
        } else {
            b'N'
        };
        self.p.facts.cookie_flags[0] = flag;
    }

    /// Binds the stream to the server that the cookie names. Gives HAProxy's first cookie letter.
    fn bind_to(&mut self, named: Option<usize>) -> u8 {
        let Some(i) = named.filter(|_| !self.persistence.ignored) else {
            return b'I';
        };
        self.persistence.named = Some(i);
        if !self.may_persist(i) {
            return b'D';
        }
        self.persistence.server = Some(i);
        b'V'
    }

    /// Puts the cookie into the response where the client does not have the right one.
    pub(super) fn write_cookie(&mut self) {
        let (Some(cookie), Some(i)) = (&self.be.cookie, self.server) else {
            return;
        };
        let Some(id) = self.server_conf(i).cookie.clone() else { return };
        let id = &id;
        let given = self.p.res_head.values(b"set-cookie").any(|v| named(v, &cookie.name).is_some());
        let flag = match cookie.mode {
            CookieMode::Insert => {
                if given && cookie.preserve {
                    b'P'
                } else {
                    if given {
                        remove_set_cookie(&mut self.p.res_head, &cookie.name);
                    }
                    let known = self.persistence.named == Some(i) && cookie.maxidle.is_none() && cookie.maxlife.is_none();
                    let post_only = cookie.postonly && self.p.req_head.method() != b"POST";
                    if known || post_only {
                        b'N'
                    } else {
                        self.insert_cookie(cookie, id);
                        b'I'
                    }
                }
            }
            CookieMode::Rewrite if given => {
                rewrite_set_cookie(&mut self.p.res_head, &cookie.name, |_| id.to_vec());
                b'R'
            }
            CookieMode::Prefix if given => {
                rewrite_set_cookie(&mut self.p.res_head, &cookie.name, |v| [id, &b"~"[..], v].concat());
                b'R'
            }
            _ => b'N',
        };
        self.p.facts.cookie_flags[1] = flag;
    }

    fn insert_cookie(&mut self, cookie: &Cookie, id: &[u8]) {
        let mut value = [&cookie.name[..], b"=", id].concat();
        if cookie.maxidle.is_some() || cookie.maxlife.is_some() {
            let seconds = self.w.now().wall_us / 1_000_000;
            stamp(&mut value, cookie, seconds);
        }
        value.extend_from_slice(b"; path=/");
        for domain in &cookie.domains {
            value.extend_from_slice(b"; domain=");
            value.extend_from_slice(domain);
        }
        for (on, word) in [(cookie.httponly, &b"; HttpOnly"[..]), (cookie.secure, b"; Secure")] {
            if on {
                value.extend_from_slice(word);
            }
        }
        for attr in &cookie.attrs {
            value.extend_from_slice(b"; ");
            value.extend_from_slice(attr);
        }
        self.p.res_head.add(b"set-cookie", &value);
        if cookie.nocache && is_cacheable(self.p.req_head.method(), &self.p.res_head) {
            self.p.res_head.add(b"cache-control", b"private");
        }
    }
}

/// Seconds since the epoch in HAProxy's five letters of 6 bits, after a bar: `|` last seen `|` first seen.
fn stamp(out: &mut Vec<u8>, cookie: &Cookie, seconds: u64) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // Units of four seconds, 30 bits.
    let units = seconds >> 2;
    let letters = |out: &mut Vec<u8>| out.extend((0..5).rev().map(|i| ALPHABET[(units >> (6 * i)) as usize & 63]));
    out.push(b'|');
    if cookie.maxidle.is_some() {
        letters(out);
    }
    if cookie.maxlife.is_some() {
        out.push(b'|');
        letters(out);
    }
}

/// Value of the first cookie of that name in the `Cookie` fields.
fn find<'h>(head: &'h Head, name: &[u8]) -> Option<&'h [u8]> {
    head.values(b"cookie")
        .flat_map(|v| v.split(|b| *b == b';'))
        .find_map(|pair| named(pair, name))
}

/// The value of `name=value[; attributes]` when the name is that one.
fn named<'v>(pair: &'v [u8], name: &[u8]) -> Option<&'v [u8]> {
    let pair = pair.split(|b| *b == b';').next()?.trim_ascii();
    let eq = pair.iter().position(|b| *b == b'=')?;
    (pair[..eq].trim_ascii_end() == name).then(|| pair[eq + 1..].trim_ascii_start())
}

/// For `capture cookie`: the whole `name=value` of the first cookie whose name begins so, cut to `len`.
pub(super) fn capture(head: &Head, field: &[u8], prefix: &[u8], len: usize) -> Option<Box<[u8]>> {
    let pair = head
        .values(field)
        .flat_map(|v| v.split(|b| *b == b';'))
        .map(<[u8]>::trim_ascii)
        .find(|p| p.starts_with(prefix))?;
    Some(pair[..pair.len().min(len)].into())
}

/// Cuts the value of every request cookie of that name, or takes it out; an emptied field goes. `kept`: reused memory.
fn edit(head: &mut Head, name: &[u8], kept: &mut Vec<u8>, change: impl Fn(&[u8]) -> Option<&[u8]>) {
    let mut i = 0;
    while i < head.field_count() {
        let f = head.fields()[i];
        if head.get(f.name) != b"cookie" || !head.get(f.value).split(|b| *b == b';').any(|p| named(p, name).is_some()) {
            i += 1;
            continue;
        }
        kept.clear();
        for pair in head.get(f.value).split(|b| *b == b';').map(<[u8]>::trim_ascii) {
            let own = named(pair, name);
            let changed = own.map(&change);
            if changed == Some(None) {
                continue;
            }
            if !kept.is_empty() {
                kept.extend_from_slice(b"; ");
            }
            match changed.flatten() {
                None => kept.extend_from_slice(pair),
                Some(value) => {
                    kept.extend_from_slice(name);
                    kept.push(b'=');
                    kept.extend_from_slice(value);
                }
            }
        }
        if kept.is_empty() {
            head.remove_at(i);
        } else {
            head.set_value(i, kept);
            i += 1;
        }
    }
    kept.clear();
}

fn remove_set_cookie(head: &mut Head, name: &[u8]) {
    head.remove_if(|n, v| n == b"set-cookie" && named(v, name).is_some());
}

fn rewrite_set_cookie(head: &mut Head, name: &[u8], change: impl Fn(&[u8]) -> Vec<u8>) {
    for i in 0..head.field_count() {
        let f = head.fields()[i];
        if head.get(f.name) != b"set-cookie" {
            continue;
        }
        let value = head.get(f.value);
        let Some(old) = named(value, name) else { continue };
        let rest = value.iter().position(|b| *b == b';').map_or(&b""[..], |at| &value[at..]);
        let new = [name, b"=", &change(old), rest].concat();
        head.set_value(i, &new);
    }
}

/// `option checkcache`: whether a cookie stands in a response that caches might give to others.
pub(super) fn leaks(method: &[u8], head: &Head) -> bool {
    if !head.contains(b"set-cookie") && !head.contains(b"set-cookie2") {
        return false;
    }
    is_cacheable(method, head)
}

/// Whether a shared cache might keep this response (RFC 9111, 3; what HAProxy looks at).
fn is_cacheable(method: &[u8], head: &Head) -> bool {
    if !matches!(method, b"GET" | b"HEAD") || !matches!(head.status, 200 | 203 | 204 | 206 | 300 | 301 | 404 | 405 | 410 | 414 | 501) {
        return false;
    }
    let words = |name: &'static [u8]| head.values(name).flat_map(|v| v.split(|b| *b == b',')).map(<[u8]>::trim_ascii);
    if words(b"pragma").any(|w| w.eq_ignore_ascii_case(b"no-cache")) {
        return false;
    }
    // Neither fresh for a known time nor comparable later: no cache would keep it (RFC 9111, 3).
    let mut worth = head.contains(b"etag") || head.contains(b"last-modified") || head.contains(b"expires");
    for w in words(b"cache-control") {
        let w = w.to_ascii_lowercase();
        if matches!(&w[..], b"private" | b"no-store" | b"max-age=0" | b"s-maxage=0") || w.starts_with(b"no-cache") {
            return false;
        }
        worth |= w.starts_with(b"max-age=") || w.starts_with(b"s-maxage=");
    }
    worth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(fields: &[&str]) -> Head {
        let mut h = Head::default();
        for f in fields {
            h.add(b"Cookie", f.as_bytes());
        }
        h
    }

    #[test]
    fn finding() {
        let h = cookies(&["a=1; SRV=s1; b=2", "SRV=s2"]);
        assert_eq!(find(&h, b"SRV"), Some(&b"s1"[..]));
        assert_eq!(find(&h, b"SR"), None);
        assert_eq!(find(&cookies(&["XSRV=s1;SRV=s3"]), b"SRV"), Some(&b"s3"[..]));
    }

    #[test]
    fn removing() {
        let cases = [
            ("SRV=s1", None),
            ("a=1; SRV=s1; b=2", Some("a=1; b=2")),
            ("SRV=s1;b=2", Some("b=2")),
            ("a=1;SRV=x", Some("a=1")),
        ];
        for (text, want) in cases {
            let mut h = cookies(&[text]);
            edit(&mut h, b"SRV", &mut Vec::new(), |_| None);
            assert_eq!(h.first(b"cookie"), want.map(str::as_bytes), "{text:?}");
        }
    }

    #[test]
    fn rewriting() {
        let mut h = Head::default();
        h.add(b"Set-Cookie", b"J=abc; path=/");
        rewrite_set_cookie(&mut h, b"J", |v| [b"s1~", v].concat());
        assert_eq!(h.first(b"set-cookie"), Some(&b"J=s1~abc; path=/"[..]));
    }

    #[test]
    fn cacheability() {
        let mut h = Head::default();
        h.status = 200;
        assert!(!is_cacheable(b"GET", &h), "nothing tells how long it is fresh");
        h.add(b"etag", b"x");
        assert!(is_cacheable(b"GET", &h));
        assert!(!is_cacheable(b"POST", &h));
        h.add(b"cache-control", b"max-age=0, foo");
        assert!(!is_cacheable(b"GET", &h));
    }
}
