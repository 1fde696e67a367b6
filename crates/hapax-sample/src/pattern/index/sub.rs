//! Substrings: one automaton over all keys; keys added since it was built are looked for one by one.

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;

use super::super::store::Store;

/// So many keys may wait outside the automaton.
const PATIENCE: usize = 32;

#[derive(Clone, Debug)]
pub(crate) struct SubIndex {
    icase: bool,
    /// Entries in order; the first `built` are in the automaton, in the same order.
    ids: Vec<u32>,
    built: usize,
    automaton: Option<AhoCorasick>,
    /// Removed since the automaton was built.
    gone: Vec<u32>,
}

impl SubIndex {
    pub(super) fn new(icase: bool) -> Self {
        Self {
            icase,
            ids: Vec::new(),
            built: 0,
            automaton: None,
            gone: Vec::new(),
        }
    }

    pub(super) fn insert(&mut self, id: u32) {
        self.ids.push(id);
    }

    pub(super) fn remove(&mut self, id: u32) {
        match self.ids.binary_search(&id) {
            Ok(at) if at >= self.built => {
                self.ids.remove(at);
            }
            // The automaton's numbers are places in `ids`: the entry stays there and is skipped.
            Ok(_) => {
                if let Err(at) = self.gone.binary_search(&id) {
                    self.gone.insert(at, id);
                }
            }
            Err(_) => {}
        }
    }

    pub(super) fn wants_finish(&self) -> bool {
        let waiting = self.ids.len() - self.built;
        waiting + self.gone.len() > PATIENCE + self.built / 16 || (self.built == 0 && waiting > 1)
    }

    pub(super) fn finish(&mut self, store: &Store) {
        if !self.wants_finish() {
            return;
        }
        let gone = std::mem::take(&mut self.gone);
        self.ids.retain(|id| gone.binary_search(id).is_err());
        // Empty keys match nothing here, as in HAProxy; the automaton would find them everywhere.
        let keys = self.ids.iter().map(|&id| store.key(id));
        self.automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(self.icase)
            .build(keys)
            .ok();
        self.built = if self.automaton.is_some() { self.ids.len() } else { 0 };
    }

    pub(super) fn find(&self, store: &Store, subject: &[u8]) -> Option<u32> {
        let mut best: Option<usize> = None;
        if let Some(automaton) = &self.automaton {
            for hit in automaton.find_overlapping_iter(subject) {
                let place = hit.pattern().as_usize();
                let counts = !hit.is_empty() && best.is_none_or(|b| place < b) && self.gone.binary_search(self.ids.get(place)?).is_err();
                if counts {
                    best = Some(place);
                    if place == 0 {
                        break;
                    }
                }
            }
        }
        if best.is_none() {
            best = (self.built..self.ids.len())
                .find(|&place| self.ids.get(place).is_some_and(|&id| contains(subject, store.key(id), self.icase)));
        }
        best.and_then(|place| self.ids.get(place).copied())
    }
}

fn contains(subject: &[u8], key: &[u8], icase: bool) -> bool {
    if key.is_empty() {
        return false;
    }
    if icase {
        subject.windows(key.len()).any(|w| w.eq_ignore_ascii_case(key))
    } else {
        memmem::find(subject, key).is_some()
    }
}
