//! Regular expressions: one set over those that the linear engine can say, the others one by one.

use std::sync::{Arc, OnceLock};

use regex::bytes::{RegexSet, RegexSetBuilder};

use super::super::store::Store;
use crate::regexp::Regexp;

/// Fewer than this are tried in turn: a set pays from here on.
const SET_FROM: usize = 4;
/// Memory that one set's automaton may take.
const SET_SIZE: usize = 64 << 20;

#[derive(Clone, Debug)]
pub(crate) struct RegIndex {
    icase: bool,
    groups: bool,
    /// In order.
    list: Vec<Entry>,
    /// Over the linear ones, and the place in `list` of each.
    set: Option<(RegexSet, Vec<usize>)>,
}

/// An expression. Where a set finds it, it is compiled on its own only when its groups are asked for: thousands of them would
/// take hundreds of megabytes.
#[derive(Clone, Debug)]
struct Entry {
    id: u32,
    /// As the linear engine reads it, where that engine runs it.
    linear: Option<Box<str>>,
    compiled: OnceLock<Arc<Regexp>>,
}

fn compile(source: &[u8], (icase, groups): (bool, bool)) -> Result<Regexp, String> {
    if groups {
        Regexp::new(source, icase)
    } else {
        Regexp::without_groups(source, icase)
    }
}

impl Entry {
    fn new(id: u32, compiled: Regexp) -> Self {
        Self {
            id,
            linear: compiled.as_linear().map(Into::into),
            compiled: Arc::new(compiled).into(),
        }
    }

    /// `source`: as written, which was compiled before.
    fn regexp(&self, source: &[u8], how: (bool, bool)) -> Option<Arc<Regexp>> {
        if let Some(compiled) = self.compiled.get() {
            return Some(Arc::clone(compiled));
        }
        let compiled = Arc::new(compile(source, how).ok()?);
        Some(Arc::clone(self.compiled.get_or_init(|| compiled)))
    }

    fn is_match(&self, store: &Store, subject: &[u8], how: (bool, bool)) -> bool {
        self.regexp(store.key(self.id), how).is_some_and(|r| r.is_match(subject))
    }
}

impl RegIndex {
    pub(super) fn new(icase: bool, groups: bool) -> Self {
        Self {
            icase,
            groups,
            list: Vec::new(),
            set: None,
        }
    }

    fn how(&self) -> (bool, bool) {
        (self.icase, self.groups)
    }

    pub(super) fn insert(&mut self, store: &Store, id: u32) -> Result<(), String> {
        let compiled = compile(store.key(id), self.how())?;
        let mut entry = Entry::new(id, compiled);
        if entry.linear.is_some() && self.list.len() >= SET_FROM {
            // It will be in a set, and never was it needed on its own.
            entry.compiled = OnceLock::new();
        }
        self.list.push(entry);
        self.set = None;
        Ok(())
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.list.retain(|e| e.id != id);
        self.set = None;
        self.finish();
    }

    pub(super) fn wants_finish(&self) -> bool {
        self.set.is_none() && self.list.len() >= SET_FROM
    }

    pub(super) fn finish(&mut self) {
        if !self.wants_finish() {
            return;
        }
        let linear = |(place, entry): (usize, &'_ Entry)| Some((place, entry.linear.as_deref()?.to_owned()));
        let (places, texts): (Vec<usize>, Vec<String>) = self.list.iter().enumerate().filter_map(linear).unzip();
        if places.len() >= SET_FROM {
            let set = RegexSetBuilder::new(texts)
                .unicode(false)
                .case_insensitive(self.icase)
                .size_limit(SET_SIZE)
                .dfa_size_limit(SET_SIZE)
                .build();
            self.set = set.ok().map(|set| (set, places));
            if let Some((_, places)) = &self.set {
                for place in places {
                    self.list[*place].compiled = OnceLock::new();
                }
            }
        }
    }

    pub(super) fn find(&self, store: &Store, subject: &[u8]) -> Option<u32> {
        let matches = |e: &&Entry| e.is_match(store, subject, self.how());
        // At a last line feed, `$` is what the set's engine cannot say.
        let Some((set, places)) = self.set.as_ref().filter(|_| !subject.ends_with(b"\n")) else {
            return self.list.iter().find(matches).map(|e| e.id);
        };
        let in_set = set.matches(subject).iter().next().and_then(|n| places.get(n).copied());
        // Expressions outside the set count when they come before the set's first.
        let end = in_set.unwrap_or(self.list.len());
        let earlier = self.list.iter().take(end).find(|e| e.linear.is_none() && matches(e)).map(|e| e.id);
        earlier.or_else(|| self.list.get(in_set?).map(|e| e.id))
    }

    /// `source`: as it was written.
    pub(super) fn regexp(&self, id: u32, source: &[u8]) -> Option<Arc<Regexp>> {
        // They come in the order of their numbers, but for those that were put in later.
        let near = self.list.binary_search_by_key(&id, |e| e.id).ok();
        let place = near.or_else(|| self.list.iter().position(|e| e.id == id))?;
        self.list[place].regexp(source, self.how())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::store::Record;
    use super::*;

    fn record(key: &str) -> Record<'_> {
        Record {
            line: 1,
            key: key.as_bytes(),
            value: None,
        }
    }

    #[test]
    fn what_a_set_finds_is_compiled_when_it_is_asked_for() {
        let mut store = Store::default();
        let mut index = RegIndex::new(false, true);
        let keys = ["^a(b*)$", "(x)(?=y)", "c+d", "^e", "f$", "g"];
        let ids: Vec<u32> = keys
            .iter()
            .map(|key| {
                let id = store.push(&record(key)).expect(key);
                index.insert(&store, id).expect(key);
                id
            })
            .collect();
        let ready = |index: &RegIndex| index.list.iter().map(|e| e.compiled.get().is_some()).collect::<Vec<_>>();
        index.finish();
        // The one with a look-ahead is in no set.
        assert_eq!(ready(&index), [false, true, false, false, false, false]);
        for (subject, place) in [("abb", 0), ("xy", 1), ("zccd", 2), ("e", 3), ("of", 4), ("gx", 5)] {
            assert_eq!(index.find(&store, subject.as_bytes()), Some(ids[place]), "{subject}");
        }
        assert_eq!(ready(&index), [false, true, false, false, false, false]);
        let groups = index
            .regexp(ids[0], b"^a(b*)$")
            .and_then(|r| r.groups_at(b"abb", 0))
            .expect("groups");
        assert_eq!(groups[1], Some((1, 3)));
        // Fewer than a set takes: each is compiled as it is tried.
        for id in &ids[2..] {
            index.remove(*id);
        }
        assert_eq!(index.find(&store, b"abb"), Some(ids[0]));
        assert_eq!(index.find(&store, b"g"), None);
    }
}
