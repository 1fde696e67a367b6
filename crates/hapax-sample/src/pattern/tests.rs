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
        (Ip, &["10.0.0.1/255.0.0.255"], "::ffff:10.9.9.1", true),
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

mod properties;

#[test]
fn files_are_read_as_haproxy_reads_them() {
    let shelf = Shelf(&[
        ("acl", "# comment\n  a b \r\n\n\t#kept\n   \nlast"),
        ("map", "# comment\n  key   a value \t\r\nonly\n\n k2\tv2"),
    ]);
    let mut refs = PatternRefs::default();
    let entries = |list: &PatternList| {
        let mut found = Vec::new();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        list.for_each(None, |_, key, value| found.push((text(key), value.map(text))));
        found
    };
    let acl = refs.file("acl", false, &shelf).unwrap();
    let no_value = |key: &str| (key.to_owned(), None);
    assert_eq!(entries(&acl), [no_value("a b "), no_value("#kept"), no_value("last")]);
    let map = refs.file("file@map", true, &shelf).unwrap();
    let pair = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    assert_eq!(entries(&map), [pair("key", "a value"), pair("only", ""), pair("k2", "v2")]);
    assert!(Arc::ptr_eq(&map, &refs.file("opt@map", true, &shelf).unwrap()));
    assert!(refs.file("map", false, &shelf).unwrap_err().contains("two column file"));
    assert!(refs.file("none", false, &shelf).is_err());
    assert!(refs.take_absent().is_empty());
    refs.bear_absence();
    assert_eq!(refs.file("none", false, &shelf).unwrap().len(None), 0);
    assert_eq!(refs.take_absent(), ["none"]);
    assert!(refs.take_absent().is_empty());
    assert_eq!(refs.file("opt@none", false, &shelf).unwrap().len(None), 0);
    refs.finish();
    assert!(refs.find("map").is_some() && refs.find("#0").is_some() && refs.find("#9").is_none());
}

#[test]
fn bad_entries_name_their_line() {
    let shelf = Shelf(&[("ips", "1.2.3.4\n\nnot.an.ip\n")]);
    let mut refs = PatternRefs::default();
    let mut set = PatternSet::new(MatchMethod::Ip);
    let error = set.add_file("ips", PatternFlags::default(), &mut refs, &shelf).unwrap_err();
    assert_eq!(error, "'not.an.ip' is not a valid IPv4 or IPv6 address at line 3 of file 'ips'");
    for (method, pattern) in [
        (MatchMethod::Int, "x"),
        (MatchMethod::Int, ""),
        (MatchMethod::Int, ":"),
        (MatchMethod::Int, "9:1"),
        (MatchMethod::Bin, "abc"),
        (MatchMethod::Bin, "zz"),
        (MatchMethod::Ip, "1.2.3.4/33"),
        (MatchMethod::Ip, "::1/129"),
        (MatchMethod::Reg, "("),
    ] {
        let mut set = PatternSet::new(method);
        let added = set.add(
            pattern.as_bytes(),
            PatternFlags::default(),
            &mut PatternRefs::default(),
            &Shelf(&[]),
        );
        assert!(added.is_err(), "{method:?} {pattern}");
    }
}

#[test]
fn flags_hold_for_what_follows() {
    let mut refs = PatternRefs::default();
    let mut set = PatternSet::new(MatchMethod::Str);
    let icase = PatternFlags {
        icase: true,
        ..PatternFlags::default()
    };
    set.add(b"exact", PatternFlags::default(), &mut refs, &Shelf(&[])).unwrap();
    set.add(b"any", icase, &mut refs, &Shelf(&[])).unwrap();
    assert!(set.matches(&str("exact")) && !set.matches(&str("EXACT")));
    assert!(set.matches(&str("any")) && set.matches(&str("ANY")));

    let strict = PatternFlags {
        no_dns: true,
        ..PatternFlags::default()
    };
    let mut set = PatternSet::new(MatchMethod::Ip);
    assert!(set.add(b"10.12", strict, &mut refs, &Shelf(&[])).is_err());

    let mut set = PatternSet::new(MatchMethod::Int).of_versions();
    set.add(b"3.0:3.1", PatternFlags::default(), &mut refs, &Shelf(&[])).unwrap();
    assert!(set.matches(&Value::Int(3 << 16 | 1)) && !set.matches(&Value::Int(3 << 16 | 2)));
}

#[test]
fn operators_are_ranges() {
    for (op, expected) in [("eq", "5"), ("ge", "5:"), ("gt", "6:"), ("le", ":5"), ("lt", ":4")] {
        assert!(is_int_operator(op));
        assert_eq!(int_with_operator(op, "5").unwrap(), expected, "{op}");
    }
    assert!(int_with_operator("gt", "x").is_err());
}

/// A map and its list.
fn live_map(method: MatchMethod, text: &'static str) -> (PatternSet, Arc<PatternList>, PatternRefs) {
    struct One(&'static str);
    impl Files for One {
        fn read(&self, _: &str) -> Result<Arc<[u8]>, String> {
            Ok(Arc::from(self.0.as_bytes()))
        }
    }
    let mut refs = PatternRefs::default();
    let mut set = PatternSet::new(method);
    let flags = PatternFlags {
        map_file: true,
        ..PatternFlags::default()
    };
    let list = set.add_file("m", flags, &mut refs, &One(text)).unwrap();
    refs.finish();
    (set, list, refs)
}

fn value_of(set: &PatternSet, key: &str) -> Option<String> {
    set.find(&str(key), |hit| String::from_utf8_lossy(hit.value.unwrap_or_default()).into_owned())
}

#[test]
fn lists_change_at_run_time() {
    let (set, list, _refs) = live_map(MatchMethod::Str, "a 1\nb 2\na 3\n");
    assert_eq!(value_of(&set, "a").as_deref(), Some("1"));
    list.add(None, b"c", Some(b"4")).unwrap();
    list.set(b"a", b"9").unwrap();
    assert_eq!(value_of(&set, "a").as_deref(), Some("9"));
    assert_eq!(value_of(&set, "c").as_deref(), Some("4"));
    assert_eq!(list.set(b"nope", b"1"), Err(ListError::NotFound));
    list.delete(b"a").unwrap();
    assert_eq!(value_of(&set, "a"), None);
    assert_eq!(list.delete(b"a"), Err(ListError::NotFound));
    let mut first = None;
    list.for_each(None, |entry, _, _| first = first.or(Some(entry)));
    list.set_entry(first.unwrap(), b"22").unwrap();
    assert_eq!(value_of(&set, "b").as_deref(), Some("22"));
    list.delete_entry(first.unwrap()).unwrap();
    assert_eq!(list.delete_entry(first.unwrap()), Err(ListError::NotFound));
    assert_eq!(list.len(None), 1);
    list.clear(None);
    assert_eq!((list.len(None), value_of(&set, "c")), (0, None));
}

#[test]
fn versions_replace_as_a_whole() {
    let (set, list, _refs) = live_map(MatchMethod::Beg, "/ old\n");
    let next = list.prepare();
    assert_eq!(list.versions(), Versions { current: 0, next });
    list.add(Some(next), b"/new", Some(b"1")).unwrap();
    assert_eq!(list.add(Some(next + 1), b"x", Some(b"1")), Err(ListError::BadVersion));
    assert_eq!(value_of(&set, "/new/x").as_deref(), Some("old"));
    assert_eq!(list.len(Some(next)), 1);
    let later = list.prepare();
    list.add(Some(later), b"/later", Some(b"2")).unwrap();
    list.commit(next).unwrap();
    assert_eq!(value_of(&set, "/new/x").as_deref(), Some("1"));
    assert_eq!(value_of(&set, "/x"), None);
    assert_eq!(list.len(Some(later)), 1);
    assert_eq!(list.commit(later + 1), Err(ListError::BadVersion));
    assert_eq!(list.commit(0), Err(ListError::BadVersion));
    list.commit(later).unwrap();
    assert_eq!(value_of(&set, "/later").as_deref(), Some("2"));
}

#[test]
fn a_bad_entry_leaves_nothing_behind() {
    let (set, list, _refs) = live_map(MatchMethod::Ip, "10.0.0.0/8 ten\n");
    assert!(matches!(list.add(None, b"nonsense", Some(b"x")), Err(ListError::BadEntry(_))));
    assert_eq!(list.len(None), 1);
    assert_eq!(value_of(&set, "10.1.1.1").as_deref(), Some("ten"));
}

#[test]
fn readers_and_a_writer_agree() {
    let (set, list, _refs) = live_map(MatchMethod::Str, "key 0\n");
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                for _ in 0..2_000 {
                    assert!(value_of(&set, "key").is_some());
                }
            });
        }
        s.spawn(|| {
            for n in 0..500 {
                list.set(b"key", n.to_string().as_bytes()).unwrap();
                list.add(None, format!("k{n}").as_bytes(), Some(b"v")).unwrap();
            }
        });
    });
    assert_eq!(list.len(None), 501);
}
