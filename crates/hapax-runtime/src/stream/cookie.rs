//! Persistence by cookie: finds the server a client is bound to, and binds clients to servers (manual, `cookie`).

use hapax_config::plan::{Cookie, CookieMode};
use hapax_proto::http::Head;
use hapax_sample::ServerId;

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
    /// The dates that the cookie came with.
    dates: Dates,
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
        self.bind_by_cookie();
    }

    /// A request that is refused is logged with what its cookie said, and with the server that it named.
    pub(super) fn note_cookie(&mut self) {
        self.bind_by_cookie();
        if let Some(i) = self.persistence.server {
            self.p.facts.backend = Some(self.be_id);
            self.p.facts.server = Some(ServerId(i as u32));
        }
    }

    fn bind_by_cookie(&mut self) {
        let Some(cookie) = &self.be.cookie else { return };
        let flag = if let Some(value) = find(&self.p.req_head, &cookie.name) {
            let id = match cookie.mode {
                CookieMode::Prefix => value.split(|b| *b == b'~').next().unwrap_or_default(),
                _ => value.split(|b| *b == b'|').next().unwrap_or_default(),
            };
            let named = self.be_state().servers.position(|s| s.conf().cookie.as_deref() == Some(id));
            let seconds = self.w.now().wall_us / 1_000_000;
            let dated = cookie.mode == CookieMode::Insert && (cookie.maxidle.is_some() || cookie.maxlife.is_some());
            let dates = if dated { Dates::read(value) } else { Dates::default() };
            self.persistence.dates = dates;
            let flag = match dates.over(cookie, seconds) {
                Some(letter) if !self.persistence.ignored => {
                    self.persistence.dates = Dates::default();
                    letter
                }
                _ => self.bind_to(named),
            };
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
        // An answer that is not a server's sets no cookie.
        self.p.facts.cookie_flags = [flag, b'N'];
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
        let id = self.server_conf(i).cookie.clone();
        if id.is_none() && cookie.mode != CookieMode::Insert {
            return;
        }
        let id = id.as_deref();
        let given = self.p.res_head.values(b"set-cookie").any(|v| named(v, &cookie.name).is_some());
        let flag = match cookie.mode {
            CookieMode::Insert => {
                if given && cookie.preserve {
                    b'P'
                } else {
                    if given {
                        remove_set_cookie(&mut self.p.res_head, &cookie.name);
                    }
                    let same = self.persistence.named == Some(i);
                    let stale = self.persistence.dates.stale(cookie, self.w.now().wall_us / 1_000_000);
                    let known = same && !stale;
                    let post_only = cookie.postonly && self.p.req_head.method() != b"POST";
                    if known || post_only {
                        b'N'
                    } else {
                        self.insert_cookie(cookie, id);
                        if same { b'U' } else { b'I' }
                    }
                }
            }
            CookieMode::Rewrite if given => {
                rewrite_set_cookie(&mut self.p.res_head, &cookie.name, |_| id.unwrap_or_default().to_vec());
                b'R'
            }
            CookieMode::Prefix if given => {
                rewrite_set_cookie(&mut self.p.res_head, &cookie.name, |v| [id.unwrap_or_default(), b"~", v].concat());
                b'R'
            }
            _ => b'N',
        };
        self.p.facts.cookie_flags[1] = flag;
    }

    /// `id`: the server's; where it has none, the client is to forget the cookie that it may have.
    fn insert_cookie(&mut self, cookie: &Cookie, id: Option<&[u8]>) {
        const FORGET: &[u8] = b"; Expires=Thu, 01-Jan-1970 00:00:01 GMT";
        let mut value = [&cookie.name[..], b"=", id.unwrap_or(FORGET)].concat();
        if id.is_none() {
            // No dates: it is over.
        } else if cookie.maxidle.is_some() || cookie.maxlife.is_some() {
            let seconds = self.w.now().wall_us / 1_000_000;
            stamp(&mut value, cookie, seconds, self.persistence.dates.first);
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

/// The letters of dates, six bits each.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A date of a cookie: 30 bits in units of four seconds, five letters.
fn letters(out: &mut Vec<u8>, units: u64) {
    out.extend((0..5).rev().map(|i| ALPHABET[(units >> (6 * i)) as usize & 63]));
}

/// Units since the epoch, rounded up.
fn units(seconds: u64) -> u64 {
    (seconds + 3) >> 2
}

/// What follows the server in an inserted cookie: when it was sent, and with `maxlife` when the first was. `first`: units, 0 for now.
fn stamp(out: &mut Vec<u8>, cookie: &Cookie, seconds: u64, first: u64) {
    let now = units(seconds);
    out.push(b'|');
    letters(out, now);
    if cookie.maxlife.is_some() {
        out.push(b'|');
        letters(out, if first == 0 { now } else { first });
    }
}

/// The dates of the client's cookie, in units of four seconds; 0: it has none that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dates {
    last: u64,
    first: u64,
}

impl Dates {
    fn read(value: &[u8]) -> Self {
        let mut parts = value.split(|b| *b == b'|').skip(1);
        let mut date = || {
            let text = parts.next().filter(|t| t.len() >= 5)?;
            text[..5].iter().try_fold(0, |n, c| {
                let bits = ALPHABET.iter().position(|a| a == c)?;
                Some(n << 6 | bits as u64)
            })
        };
        Self {
            last: date().unwrap_or(0),
            first: date().unwrap_or(0),
        }
    }

    /// The letter of a cookie that was idle for too long, or has lived for too long. A date more than a day ahead is of somebody whose
    /// clock was wrong, and does not count either.
    fn over(self, cookie: &Cookie, now: u64) -> Option<u8> {
        let wrong = |at: u64, limit: u64| now.saturating_sub(at) > limit || at > now + 86400;
        let older = |units: u64, limit: Option<u64>| units != 0 && limit.is_some_and(|l| wrong(units << 2, l));
        if older(self.last, cookie.maxidle.map(u64::from)) {
            Some(b'E')
        } else if older(self.first, cookie.maxlife.map(u64::from)) {
            Some(b'O')
        } else {
            None
        }
    }

    /// The client is to get its cookie anew, with the dates of now.
    fn stale(self, cookie: &Cookie, now: u64) -> bool {
        let (idle, life) = (cookie.maxidle.is_some(), cookie.maxlife.is_some());
        let old = self.last != 0 && self.last < units(now);
        (idle && self.last == 0) || (life && self.first == 0) || ((idle || life) && old)
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

#[cfg(test)]
mod date_tests {
    use super::*;

    const NOW: u64 = 1_800_000_002;

    fn cookie(maxidle: Option<u32>, maxlife: Option<u32>) -> Cookie {
        Cookie {
            name: b"SRV"[..].into(),
            mode: CookieMode::Insert,
            indirect: false,
            nocache: false,
            postonly: false,
            preserve: false,
            httponly: false,
            secure: false,
            dynamic: false,
            domains: Vec::new(),
            maxidle,
            maxlife,
            attrs: Vec::new(),
        }
    }

    /// `B` with the dates of so many seconds ago.
    fn value(ago: &[Option<i64>]) -> Vec<u8> {
        let mut out = b"B".to_vec();
        for seconds in ago {
            out.push(b'|');
            if let Some(s) = seconds {
                letters(&mut out, NOW.wrapping_add_signed(-s) >> 2);
            }
        }
        out
    }

    /// A cookie, the dates it comes with, what becomes of it, and whether it still counts.
    type Case<'c> = (&'c Cookie, &'c [Option<i64>], Option<u8>, bool);

    #[test]
    fn as_haproxy_judges_them() {
        let (idle, life, both) = (cookie(Some(60), None), cookie(None, Some(100)), cookie(Some(60), Some(100)));
        let cases: &[Case<'_>] = &[
            (&idle, &[], None, true),
            (&idle, &[Some(0)], None, true),
            (&idle, &[Some(50)], None, true),
            (&idle, &[Some(70)], Some(b'E'), true),
            (&idle, &[Some(-3600)], None, false),
            (&idle, &[Some(-90_000)], Some(b'E'), false),
            (&life, &[Some(10)], None, true),
            (&life, &[Some(10), Some(90)], None, true),
            (&life, &[Some(10), Some(110)], Some(b'O'), true),
            (&life, &[Some(70), Some(80)], None, true),
            (&life, &[None, Some(5)], None, false),
            (&both, &[None, Some(5)], None, true),
            (&both, &[Some(70), Some(80)], Some(b'E'), true),
            (&both, &[Some(10), Some(110)], Some(b'O'), true),
        ];
        for (cookie, ago, over, stale) in cases {
            let dates = Dates::read(&value(ago));
            assert_eq!((dates.over(cookie, NOW), dates.stale(cookie, NOW)), (*over, *stale), "{ago:?}");
        }
        assert_eq!(Dates::read(b"B|xx"), Dates::default());
        assert_eq!(Dates::read(b"B|!!!!!"), Dates::default());
    }

    #[test]
    fn the_first_date_stays() {
        let mut out = Vec::new();
        stamp(&mut out, &cookie(None, Some(100)), NOW, (NOW - 50) >> 2);
        let dates = Dates::read(&[b"B", &out[..]].concat());
        assert_eq!((dates.last, dates.first), (units(NOW), (NOW - 50) >> 2));
        out.clear();
        stamp(&mut out, &cookie(Some(60), None), NOW, 0);
        assert_eq!(out.len(), 6, "only the date of now");
    }
}
