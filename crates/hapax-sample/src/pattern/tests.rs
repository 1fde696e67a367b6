//! Lists, sets and their look-ups.

use std::sync::Arc;

use hapax_value::Value;

use super::*;
use crate::Files;

/// Files by name.
struct Shelf(&'static [(&'static str, &'static str)]);

impl Files for Shelf {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| Arc::from(text.as_bytes())).ok_or_else(|| "none".to_owned())
    }
}

fn set(method: MatchMethod, icase: bool, patterns: &[&str]) -> (PatternSet, PatternRefs) {
    let mut refs = PatternRefs::default();
    let mut set = PatternSet::new(method);
    let flags = PatternFlags {
        icase,
        ..PatternFlags::default()
    };
    for p in patterns {
        set.add(p.as_bytes(), flags, &mut refs, &Shelf(&[])).unwrap();
    }
    refs.finish();
    (set, refs)
}

fn str(text: &str) -> Value<'_> {
    Value::Str(text.as_bytes().into())
}

#[test]
fn methods_match() {
    use MatchMethod::{Beg, Bin, Bool, Dir, Dom, End, Found, Int, Ip, Len, Reg, Str, Sub};
    let url = "http://www1.dc-eu.example.com:80/blah";
    let path = "/images/png/logo/32x32.png";
    let cases: &[(MatchMethod, &[&str], &str, bool)] = &[
        (Found, &[], "x", true),
        (Bool, &[], "1", true),
        (Bool, &[], "0", false),
        (Int, &["5"], "5", true),
        (Int, &["5"], "6", false),
        (Int, &["5:"], "6", true),
        (Int, &[":5"], "-6", true),
        (Int, &["-5"], "5", true),
        (Int, &["1", "7:9"], "8", true),
        (Int, &["1", "7:9"], "6", false),
        (Len, &["3"], "abc", true),
        (Len, &["4:"], "abc", false),
        (Ip, &["10.0.0.0/8"], "10.1.2.3", true),
        (Ip, &["10.12"], "10.0.0.12", true),
        (Ip, &["10.0.0.1/255.0.0.255"], "10.9.9.1", true),
        (Ip, &["10.0.0.1/255.0.0.255"], "10.9.9.2", false),
        (Ip, &["2001:db8::/32"], "2001:db8::1", true),
        (Ip, &["::ffff:0:0/96"], "1.2.3.4", true),
        (Ip, &["1.2.3.4"], "::ffff:1.2.3.4", true),
        (Ip, &["1.2.3.4"], "2002:102:304::", true),
        (Ip, &["1.2.3.4"], "::1:102:304", false),
        (Bin, &["616263"], "abc", true),
        (Str, &["abc", "def"], "def", true),
        (Str, &["abc"], "ABC", false),
        (Beg, &["/static", "/img"], "/img/x", true),
        (Beg, &["/img"], "/im", false),
        (Beg, &[""], "", true),
        (End, &[".gif", ".png"], path, true),
        (End, &[".gif"], path, false),
        (Sub, &["logo"], path, true),
        (Sub, &["nope", "logo", "x"], path, true),
        (Sub, &[""], path, false),
        (Dir, &["/images/png"], path, true),
        (Dir, &["logo/32x32.png"], path, true),
        (Dir, &["png"], path, true),
        (Dir, &["32x32"], path, false),
        (Dom, &["http"], url, true),
        (Dom, &[".www1"], url, true),
        (Dom, &["dc-eu.example:80"], url, false),
        (Dom, &["example.com:80"], url, true),
        (Dom, &["eu"], url, false),
        (Dom, &[":80:"], url, true),
        (Reg, &["^/images/.*\\.png$"], path, true),
        (Reg, &["^a", "b$", "c", "^d", "(?=/)/im"], path, true),
    ];
    for (method, patterns, subject, expected) in cases {
        let (set, _refs) = set(*method, false, patterns);
        assert_eq!(set.matches(&str(subject)), *expected, "{method:?} {patterns:?} {subject}");
    }
}
