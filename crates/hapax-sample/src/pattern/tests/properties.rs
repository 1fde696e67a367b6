//! Look-ups against a plain walk over the patterns, while lists change.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

/// What one pattern says of a text, as the manual has it.
fn matches_one(method: MatchMethod, pattern: &[u8], text: &[u8], icase: bool) -> bool {
    let fold = |b: &[u8]| if icase { b.to_ascii_lowercase() } else { b.to_vec() };
    let (pattern, text) = (fold(pattern), fold(text));
    let word = |delimiters: &[u8]| {
        let is = |b: &u8| delimiters.contains(b);
        let start = pattern.iter().position(|b| !is(b)).unwrap_or(pattern.len());
        let end = pattern.iter().rposition(|b| !is(b)).map_or(start, |n| n + 1);
        let word = &pattern[start..end];
        let fits = |at: usize| text[at..].starts_with(word) && (at == 0 || is(&text[at - 1])) && text.get(at + word.len()).is_none_or(is);
        !word.is_empty() && (0..text.len()).any(fits)
    };
    match method {
        MatchMethod::Str => text == pattern,
        MatchMethod::Beg => text.starts_with(&pattern),
        MatchMethod::End => text.ends_with(&pattern),
        MatchMethod::Sub => !pattern.is_empty() && text.windows(pattern.len()).any(|w| w == pattern),
        MatchMethod::Dir => word(b"/?"),
        MatchMethod::Dom => word(b"/?.:"),
        _ => false,
    }
}

/// The place of the pattern that HAProxy would give: the longest for `beg`, else the first.
fn expected(method: MatchMethod, patterns: &[String], text: &str, icase: bool) -> Option<usize> {
    let hits = (0..patterns.len()).filter(|&n| matches_one(method, patterns[n].as_bytes(), text.as_bytes(), icase));
    match method {
        MatchMethod::Beg => hits.max_by_key(|&n| (patterns[n].len(), std::cmp::Reverse(n))),
        _ => hits.min(),
    }
}

fn text_method() -> impl Strategy<Value = MatchMethod> {
    use MatchMethod::{Beg, Dir, Dom, End, Str, Sub};
    prop_oneof![Just(Str), Just(Beg), Just(End), Just(Sub), Just(Dir), Just(Dom)]
}

const TEXT: &str = "[abA/.?:]{0,8}";

proptest! {
    #[test]
    fn texts(
        method in text_method(),
        icase: bool,
        patterns in proptest::collection::vec(TEXT, 0..40),
        removed in proptest::collection::vec(0_usize..40, 0..8),
        texts in proptest::collection::vec("[abA/.?:]{0,12}", 1..20),
    ) {
        let mut refs = PatternRefs::default();
        let mut set = PatternSet::new(method);
        let flags = PatternFlags { icase, ..PatternFlags::default() };
        for p in &patterns {
            set.add(p.as_bytes(), flags, &mut refs, &Shelf(&[])).unwrap();
        }
        refs.finish();
        let mut left = patterns;
        for n in removed {
            if n < left.len() {
                let key = left[n].clone();
                refs.lists()[0].delete(key.as_bytes()).unwrap();
                left.retain(|p| *p != key);
            }
        }
        for text in texts {
            let want = expected(method, &left, &text, icase);
            let found = set.find(&str(&text), |hit| hit.key.to_vec());
            if icase && method == MatchMethod::Beg {
                prop_assert_eq!(found.is_some(), want.is_some());
            } else {
                prop_assert_eq!(found, want.map(|n| left[n].clone().into_bytes()), "{:?} {:?}", method, text);
            }
            prop_assert_eq!(set.matches(&str(&text)), want.is_some());
        }
    }

    #[test]
    fn integers(
        ranges in proptest::collection::vec((proptest::option::of(-4_i64..20), proptest::option::of(-4_i64..20)), 0..30),
        removed in 0_usize..30,
        numbers in proptest::collection::vec(-8_i64..24, 1..30),
    ) {
        let mut refs = PatternRefs::default();
        let mut set = PatternSet::new(MatchMethod::Int);
        let mut kept: Vec<(Option<i64>, Option<i64>, String)> = Vec::new();
        for (low, high) in ranges {
            let show = |n: Option<i64>| n.filter(|n| *n >= 0).map(|n| n.to_string()).unwrap_or_default();
            let (low, high) = (low.filter(|n| *n >= 0), high.filter(|n| *n >= 0));
            let text = if low == high { show(low) } else { format!("{}:{}", show(low), show(high)) };
            let added = set.add(text.as_bytes(), PatternFlags::default(), &mut refs, &Shelf(&[]));
            let good = low.is_some() && high.is_none_or(|h| low <= Some(h)) || low.is_none() && high.is_some();
            prop_assert_eq!(added.is_ok(), good, "{}", text);
            if good {
                kept.push((low, high, text));
            }
        }
        refs.finish();
        if let Some((_, _, text)) = kept.get(removed).cloned() {
            refs.lists()[0].delete(text.as_bytes()).unwrap();
            kept.retain(|(_, _, other)| *other != text);
        }
        for n in numbers {
            let want = kept.iter().find(|(low, high, _)| low.is_none_or(|l| l <= n) && high.is_none_or(|h| n <= h));
            let found = set.find(&Value::Int(n), |hit| String::from_utf8_lossy(hit.key).into_owned());
            prop_assert_eq!(found, want.map(|(_, _, text)| text.clone()));
        }
    }

    #[test]
    fn networks(
        nets in proptest::collection::vec((any::<bool>(), 0_u32..4, 24_u32..=32), 0..30),
        removed in 0_usize..30,
        hosts in proptest::collection::vec((0_u8..3, 0_u32..1024), 1..30),
    ) {
        let mut refs = PatternRefs::default();
        let mut set = PatternSet::new(MatchMethod::Ip);
        let mut kept: Vec<(IpAddr, u32, String)> = Vec::new();
        for (v6, n, bits) in nets {
            let v4 = Ipv4Addr::from_bits(0x0a00_0000 + n * 256 + n);
            let (addr, bits) = if v6 { (IpAddr::V6(v4.to_ipv6_mapped()), bits + 96) } else { (IpAddr::V4(v4), bits) };
            let text = format!("{addr}/{bits}");
            set.add(text.as_bytes(), PatternFlags::default(), &mut refs, &Shelf(&[])).unwrap();
            kept.push((addr, bits, text));
        }
        refs.finish();
        if let Some((_, _, text)) = kept.get(removed).cloned() {
            refs.lists()[0].delete(text.as_bytes()).unwrap();
            kept.retain(|(_, _, other)| *other != text);
        }
        for (kind, n) in hosts {
            let v4 = Ipv4Addr::from_bits(0x0a00_0000 + n);
            let (sample, v4_first) = match kind {
                0 => (Value::V4(v4), true),
                1 => (Value::V6(v4.to_ipv6_mapped()), false),
                _ => (Value::V6(Ipv6Addr::from_bits(0x2002 << 112 | u128::from(v4.to_bits()) << 80)), false),
            };
            let longest = |v6: bool| {
                let hit = |(addr, bits, _): &&(IpAddr, u32, String)| match addr {
                    IpAddr::V4(a) => !v6 && (a.to_bits() ^ v4.to_bits()).leading_zeros() >= *bits,
                    IpAddr::V6(a) => {
                        let host = match &sample {
                            Value::V6(a) => *a,
                            _ => v4.to_ipv6_mapped(),
                        };
                        v6 && (a.to_bits() ^ host.to_bits()).leading_zeros() >= *bits
                    }
                };
                let rank = |(at, (_, bits, _)): &(usize, &(IpAddr, u32, String))| (*bits, std::cmp::Reverse(*at));
                kept.iter().enumerate().filter(|(_, net)| hit(net)).max_by_key(rank).map(|(_, net)| net.2.clone())
            };
            let want = if v4_first { longest(false).or_else(|| longest(true)) } else { longest(true).or_else(|| longest(false)) };
            let found = set.find(&sample, |hit| String::from_utf8_lossy(hit.key).into_owned());
            prop_assert_eq!(found, want, "{:?}", sample);
        }
    }

    /// What was added and not removed is there, in order, whatever happened.
    #[test]
    fn operations(ops in proptest::collection::vec((0_u8..6, "[ab]{1,2}", "[xy]{0,2}"), 0..60)) {
        let (set, list, _refs) = live_map(MatchMethod::Str, "");
        let mut model: Vec<(String, String)> = Vec::new();
        for (op, key, value) in ops {
            let has = model.iter().any(|(k, _)| *k == key);
            match op {
                0..=2 => {
                    list.add(None, key.as_bytes(), Some(value.as_bytes())).unwrap();
                    model.push((key.clone(), value));
                }
                3 => {
                    prop_assert_eq!(list.delete(key.as_bytes()).is_ok(), has);
                    model.retain(|(k, _)| *k != key);
                }
                4 => {
                    prop_assert_eq!(list.set(key.as_bytes(), value.as_bytes()).is_ok(), has);
                    for (_, v) in model.iter_mut().filter(|(k, _)| *k == key) {
                        v.clone_from(&value);
                    }
                }
                _ => {
                    let version = list.prepare();
                    for (k, v) in &model {
                        list.add(Some(version), k.as_bytes(), Some(v.as_bytes())).unwrap();
                    }
                    list.commit(version).unwrap();
                }
            }
            let first = model.iter().find(|(k, _)| *k == key).map(|(_, v)| v.clone());
            prop_assert_eq!(value_of(&set, &key), first);
        }
        let mut all = Vec::new();
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        list.for_each(None, |_, k, v| all.push((text(k), text(v.unwrap_or_default()))));
        prop_assert_eq!(all, model);
    }

    #[test]
    fn nothing_panics(method in 0_usize..13, pattern: Vec<u8>, text: Vec<u8>, icase: bool) {
        let mut refs = PatternRefs::default();
        let mut set = PatternSet::new(MatchMethod::ALL[method]);
        let flags = PatternFlags { icase, ..PatternFlags::default() };
        if set.add(&pattern, flags, &mut refs, &Shelf(&[])).is_ok() {
            set.matches(&Value::Bin(text.into()));
        }
    }
}
