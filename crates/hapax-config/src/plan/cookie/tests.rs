//! Cookies found, edited and dated.

use super::jar::{edit, find};
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
    for (before, after) in [
        (&b"J = abc ; path=/"[..], &b"J=s1 ; path=/"[..]),
        (b"J=a, b=c", b"J=s1, b=c"),
        (b"J=", b"J=s1"),
    ] {
        h.set(b"set-cookie", before);
        rewrite_set_cookie(&mut h, b"J", |_| b"s1".to_vec());
        assert_eq!(h.first(b"set-cookie"), Some(after));
    }
}

#[test]
fn what_is_ignored_is_left_to_the_server() {
    let seen = CookieSeen {
        ignored: true,
        ..CookieSeen::default()
    };
    for mode in [CookieMode::Insert, CookieMode::Rewrite, CookieMode::Prefix] {
        let cookie = Cookie {
            mode,
            ..cookie(None, None)
        };
        let mut head = Head::default();
        head.add(b"set-cookie", b"SRV=own");
        assert_eq!(cookie.write(&mut head, b"GET", (0, Some(b"a")), &seen, NOW), b'N');
        assert_eq!(head.first(b"set-cookie"), Some(&b"SRV=own"[..]));
    }
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
    let plain = cookie(None, None);
    let cases: &[Case<'_>] = &[
        (&plain, &[], None, false),
        (&plain, &[Some(10)], None, true),
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
