//! `cookie`: what the persistence cookie of a request says, and the one that a response is given (manual, 4.2).
//!
//! Heads and dates are all that is looked at here; which server an identifier belongs to, and whether it may be used, the caller says.

mod jar;

use std::sync::Arc;

use hapax_proto::http::Head;

/// How `cookie` works on the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieMode {
    /// Only read: the application sets it.
    Passive,
    Rewrite,
    Insert,
    Prefix,
}

/// `cookie NAME ...` of a backend (manual, 4.2).
#[derive(Clone, Debug)]
pub struct Cookie {
    pub name: Arc<[u8]>,
    pub mode: CookieMode,
    pub indirect: bool,
    pub nocache: bool,
    pub postonly: bool,
    pub preserve: bool,
    pub httponly: bool,
    pub secure: bool,
    pub dynamic: bool,
    pub domains: Vec<Arc<[u8]>>,
    /// Seconds.
    pub maxidle: Option<u32>,
    pub maxlife: Option<u32>,
    pub attrs: Vec<Arc<[u8]>>,
}

/// What the client's cookie said.
#[derive(Clone, Copy, Debug)]
pub struct CookieSeen {
    /// The server it named, usable or not.
    pub named: Option<usize>,
    /// The same, where it can be used.
    pub server: Option<usize>,
    /// The dates that the cookie came with.
    dates: Dates,
    /// HAProxy's first cookie letter.
    pub flag: u8,
    /// It does not count, nor will any that might be set.
    ignored: bool,
}

impl Default for CookieSeen {
    /// No cookie.
    fn default() -> Self {
        Self {
            named: None,
            server: None,
            dates: Dates::default(),
            flag: b'N',
            ignored: false,
        }
    }
}

impl Cookie {
    /// HAProxy's letters where no cookie was seen, and none set yet.
    pub fn flags(&self) -> [u8; 2] {
        if self.mode == CookieMode::Passive { *b"--" } else { *b"NN" }
    }

    /// Reads the cookie, and takes it out of the request where the server is not to see it. `ignored`: it does not count. `named`
    /// finds the server of an identifier, `usable` says whether it may be used, and then whether it is up; `kept`: reused memory.
    pub fn read(
        &self,
        head: &mut Head,
        (ignored, seconds): (bool, u64),
        named: impl FnOnce(&[u8]) -> Option<usize>,
        usable: impl FnOnce(usize) -> Option<bool>,
        kept: &mut Vec<u8>,
    ) -> CookieSeen {
        let mut seen = CookieSeen {
            flag: self.flags()[0],
            ignored,
            ..CookieSeen::default()
        };
        jar::tidy(head, kept);
        let Some(value) = jar::find(head, &self.name) else { return seen };
        let end = if self.mode == CookieMode::Prefix { b'~' } else { b'|' };
        let server = named(value.split(|b| *b == end).next().unwrap_or_default());
        if self.mode == CookieMode::Insert {
            seen.dates = Dates::read(value);
        }
        match seen.dates.over(self, seconds) {
            Some(letter) if !ignored => {
                seen.dates = Dates::default();
                seen.flag = letter;
            }
            _ if ignored => seen.flag = b'U',
            _ => seen.bind(server, usable),
        }
        if self.mode == CookieMode::Passive {
            seen.flag = b'-';
        }
        match self.mode {
            CookieMode::Insert if self.indirect => jar::edit(head, &self.name, kept, |_| None),
            CookieMode::Prefix => jar::edit(head, &self.name, kept, |v| {
                let own = v.iter().position(|b| *b == b'~').map_or(0, |at| at + 1);
                Some(&v[own..])
            }),
            _ => {}
        }
        seen
    }

    /// Puts the cookie of `server` into the response where the client does not have the right one. `id`: the server's, if it has
    /// one; `seen`: what the request brought. Gives HAProxy's second cookie letter.
    pub fn write(&self, head: &mut Head, method: &[u8], (server, id): (usize, Option<&[u8]>), seen: &CookieSeen, seconds: u64) -> u8 {
        let given = head.values(b"set-cookie").any(|v| named(v, &self.name).is_some());
        let same = seen.named == Some(server);
        match self.mode {
            CookieMode::Passive => b'-',
            // What the rules pass over stays the server's own.
            _ if seen.ignored => b'N',
            CookieMode::Rewrite | CookieMode::Prefix if given && id.is_none() => b'P',
            CookieMode::Insert if given && self.preserve => b'P',
            CookieMode::Insert => {
                if given {
                    remove_set_cookie(head, &self.name);
                }
                let known = same && !seen.dates.stale(self, seconds);
                let post_only = self.postonly && method != b"POST";
                if known || post_only {
                    if given { b'D' } else { b'N' }
                } else {
                    self.insert(head, method, id, seen, seconds);
                    if same { b'U' } else { b'I' }
                }
            }
            _ if given && self.indirect && same => {
                remove_set_cookie(head, &self.name);
                b'D'
            }
            CookieMode::Rewrite if given => {
                rewrite_set_cookie(head, &self.name, |_| id.unwrap_or_default().to_vec());
                b'R'
            }
            CookieMode::Prefix if given => {
                rewrite_set_cookie(head, &self.name, |v| [id.unwrap_or_default(), b"~", v].concat());
                b'R'
            }
            _ => b'N',
        }
    }

    /// `id`: the server's; where it has none, the client is to forget the cookie that it may have.
    fn insert(&self, head: &mut Head, method: &[u8], id: Option<&[u8]>, seen: &CookieSeen, seconds: u64) {
        const FORGET: &[u8] = b"; Expires=Thu, 01-Jan-1970 00:00:01 GMT";
        let mut value = [&self.name[..], b"=", id.unwrap_or(FORGET)].concat();
        // One that is over has no dates.
        if id.is_some() && (self.maxidle.is_some() || self.maxlife.is_some()) {
            stamp(&mut value, self, seconds, seen.dates.first);
        }
        value.extend_from_slice(b"; path=/");
        for domain in &self.domains {
            value.extend_from_slice(b"; domain=");
            value.extend_from_slice(domain);
        }
        for (on, word) in [(self.httponly, &b"; HttpOnly"[..]), (self.secure, b"; Secure")] {
            if on {
                value.extend_from_slice(word);
            }
        }
        for attr in &self.attrs {
            value.extend_from_slice(b"; ");
            value.extend_from_slice(attr);
        }
        head.add(b"set-cookie", &value);
        if self.nocache && is_cacheable(method, head) {
            head.add(b"cache-control", b"private");
        }
    }
}

impl CookieSeen {
    /// Binds the stream to the server that the cookie names.
    fn bind(&mut self, named: Option<usize>, usable: impl FnOnce(usize) -> Option<bool>) {
        self.named = named;
        let up = named.and_then(usable);
        self.server = named.filter(|_| up.is_some());
        self.flag = match (named, up) {
            (None, _) => b'I',
            (_, Some(true)) => b'V',
            _ => b'D',
        };
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
struct Dates {
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
        // One that tells dates nobody asks for any more is made anew, too.
        let vain = !(idle || life) && self.last != 0;
        vain || (idle && self.last == 0) || (life && self.first == 0) || ((idle || life) && old)
    }
}

/// The value of `name=value[; attributes]` when the name is that one; a comma ends it, too.
fn named<'v>(pair: &'v [u8], name: &[u8]) -> Option<&'v [u8]> {
    let pair = pair[..value_end(pair)].trim_ascii();
    let eq = pair.iter().position(|b| *b == b'=')?;
    (pair[..eq].trim_ascii_end() == name).then(|| pair[eq + 1..].trim_ascii_start())
}

/// For `capture cookie`: the whole `name=value` of the first cookie whose name begins so, cut to `len`.
pub fn capture_cookie(head: &Head, field: &[u8], prefix: &[u8], len: usize) -> Option<Box<[u8]>> {
    let pair = head
        .values(field)
        .flat_map(|v| v.split(|b| *b == b';'))
        .map(<[u8]>::trim_ascii)
        .find(|p| p.starts_with(prefix))?;
    Some(pair[..pair.len().min(len)].into())
}

/// Where the first pair of a `Set-Cookie` field ends.
fn value_end(value: &[u8]) -> usize {
    value.iter().position(|b| matches!(b, b';' | b',')).unwrap_or(value.len())
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
        // Blanks before what follows stay.
        let end = value[..value_end(value)].trim_ascii_end().len();
        let rest = &value[end..];
        let new = [name, b"=", &change(old), rest].concat();
        head.set_value(i, &new);
    }
}

/// `option checkcache`: whether a cookie stands in a response that caches might give to others.
pub fn leaks_cookie(method: &[u8], head: &Head) -> bool {
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
mod tests;
