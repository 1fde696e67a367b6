//! Regular expressions: one set over those that the linear engine can say, the others one by one.

use std::sync::Arc;

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
    /// In order.
    list: Vec<(u32, Arc<Regexp>)>,
    /// Over the linear ones, and the place in `list` of each.
    set: Option<(RegexSet, Vec<usize>)>,
}

impl RegIndex {
    pub(super) fn new(icase: bool) -> Self {
        Self {
            icase,
            list: Vec::new(),
            set: None,
        }
    }

    pub(super) fn insert(&mut self, store: &Store, id: u32) -> Result<(), String> {
        let compiled = Regexp::new(store.key(id), self.icase)?;
        self.list.push((id, Arc::new(compiled)));
        self.set = None;
        Ok(())
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.list.retain(|(other, _)| *other != id);
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
        let linear = |(place, (_, r)): (usize, &(u32, Arc<Regexp>))| r.as_linear().map(|text| (place, text.to_owned()));
        let (places, texts): (Vec<usize>, Vec<String>) = self.list.iter().enumerate().filter_map(linear).unzip();
        if places.len() >= SET_FROM {
            let set = RegexSetBuilder::new(texts)
                .unicode(false)
                .case_insensitive(self.icase)
                .size_limit(SET_SIZE)
                .dfa_size_limit(SET_SIZE)
                .build();
            self.set = set.ok().map(|set| (set, places));
        }
    }

    pub(super) fn find(&self, subject: &[u8]) -> Option<u32> {
        let Some((set, places)) = &self.set else {
            return self.list.iter().find(|(_, r)| r.is_match(subject)).map(|(id, _)| *id);
        };
        let in_set = set.matches(subject).iter().next().and_then(|n| places.get(n).copied());
        // Expressions outside the set count when they come before the set's first.
        let end = in_set.unwrap_or(self.list.len());
        let earlier = self
            .list
            .iter()
            .take(end)
            .find(|(_, r)| r.as_linear().is_none() && r.is_match(subject))
            .map(|(id, _)| *id);
        earlier.or_else(|| self.list.get(in_set?).map(|(id, _)| *id))
    }

    pub(super) fn regexp(&self, id: u32) -> Option<Arc<Regexp>> {
        self.list.iter().find(|(other, _)| *other == id).map(|(_, r)| Arc::clone(r))
    }
}
