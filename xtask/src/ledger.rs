//! `cargo xtask ledger`: how much of HAProxy 3.5's language is known, and how much of that is done.
//!
//! A word of the reference lists that no row mentions is an error: what is not done must at least say so.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, bail};
use hapax_value::Support;

use crate::dictionary::{Entry, Kind, entries};
use crate::reference::{Known, known};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also list the words that are not done, kind by kind
    #[arg(long)]
    list: bool,
}

/// What became of the words of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) known: usize,
    pub(crate) full: usize,
    pub(crate) partial: usize,
    pub(crate) no_effect: usize,
    pub(crate) not_yet: usize,
    pub(crate) refused: usize,
    pub(crate) missing: usize,
}

impl Tally {
    fn count(&mut self, support: Option<Support>) {
        self.known += 1;
        match support {
            Some(Support::Full) => self.full += 1,
            Some(Support::Partial(_)) => self.partial += 1,
            Some(Support::NoEffect(_)) => self.no_effect += 1,
            Some(Support::NotYet(_)) => self.not_yet += 1,
            Some(Support::Refused(_)) => self.refused += 1,
            None => self.missing += 1,
        }
    }
}

/// The reference's words with what our rows say of them. A word valid in several places is counted once, at its weakest.
pub(crate) struct Ledger {
    /// By kind, group of places, and name.
    pub(crate) words: BTreeMap<(Kind, &'static str, &'static str), Option<Support>>,
    pub(crate) missing: Vec<Known>,
}

impl Ledger {
    pub(crate) fn new() -> Result<Self> {
        let entries = entries();
        let index = Index::new(&entries);
        let mut words: BTreeMap<(Kind, &'static str, &'static str), Option<Support>> = BTreeMap::new();
        let mut missing = Vec::new();
        for word in known()? {
            let support = index.support(word);
            if support.is_none() {
                missing.push(word);
            }
            words
                .entry((word.kind, group(word), word.name))
                .and_modify(|s| *s = weaker(*s, support))
                .or_insert(support);
        }
        Ok(Self { words, missing })
    }

    pub(crate) fn tally(&self, kind: Kind) -> Tally {
        let mut tally = Tally::default();
        for support in self.words.iter().filter(|((k, ..), _)| *k == kind).map(|(_, s)| s) {
            tally.count(*support);
        }
        tally
    }
}

/// The same name in another kind of section is another word; proxies share theirs, and so do rule sets.
fn group(word: Known) -> &'static str {
    match (word.kind, word.place) {
        (Kind::Keyword, "defaults" | "frontend" | "listen" | "backend") => "proxies",
        (Kind::Keyword, place) => place,
        _ => "",
    }
}

/// Of two answers about one word, the one that promises less.
fn weaker(a: Option<Support>, b: Option<Support>) -> Option<Support> {
    fn rank(s: Option<Support>) -> u8 {
        match s {
            None => 0,
            Some(Support::Refused(_)) => 1,
            Some(Support::NotYet(_)) => 2,
            Some(Support::Partial(_)) => 3,
            Some(Support::NoEffect(_)) => 4,
            Some(Support::Full) => 5,
        }
    }
    if rank(a) <= rank(b) { a } else { b }
}

/// Rows by kind and place.
struct Index<'e> {
    exact: HashMap<(Kind, &'e str, &'e str), &'e Entry>,
    by_place: HashMap<(Kind, &'e str), Vec<&'e Entry>>,
}

impl<'e> Index<'e> {
    fn new(entries: &'e [Entry]) -> Self {
        let mut exact = HashMap::new();
        let mut by_place: HashMap<_, Vec<_>> = HashMap::new();
        for e in entries {
            exact.insert((e.kind, e.place, e.name), e);
            by_place.entry((e.kind, e.place)).or_default().push(e);
        }
        Self { exact, by_place }
    }

    /// A word is known by its own row, by a row for the word it starts with (`http-request` reads every action), by rows for
    /// what may follow it, or by a row that ends in `*`.
    fn support(&self, word: Known) -> Option<Support> {
        if let Some(e) = self.exact.get(&(word.kind, word.place, word.name)) {
            return Some(e.support);
        }
        let rows = self.by_place.get(&(word.kind, word.place))?;
        let starts = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with(' '));
        let wild = |e: &&&Entry| e.name.strip_suffix('*').is_some_and(|stem| word.name.starts_with(stem));
        if let Some(e) = rows.iter().find(wild) {
            return Some(e.support);
        }
        if let Some(e) = rows.iter().find(|e| !e.family && starts(word.name, e.name)) {
            return Some(e.support);
        }
        rows.iter()
            .filter(|e| starts(e.name, word.name))
            .map(|e| Some(e.support))
            .reduce(weaker)
            .flatten()
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let ledger = Ledger::new()?;
    println!(
        "{:<24} {:>6} {:>6} {:>8} {:>10} {:>8} {:>8} {:>8}",
        "", "known", "done", "partial", "no effect", "not yet", "refused", "missing"
    );
    for kind in Kind::ALL {
        let t = ledger.tally(*kind);
        println!(
            "{:<24} {:>6} {:>6} {:>8} {:>10} {:>8} {:>8} {:>8}",
            kind.title(),
            t.known,
            t.full,
            t.partial,
            t.no_effect,
            t.not_yet,
            t.refused,
            t.missing
        );
    }
    if options.list {
        for ((kind, group, name), support) in &ledger.words {
            if !matches!(support, Some(Support::Full | Support::NoEffect(_)) | None) {
                println!("{}: {group} {name}: {support:?}", kind.title());
            }
        }
    }
    for word in &ledger.missing {
        println!("missing: {}: {} {}", word.kind.title(), word.place, word.name);
    }
    if !ledger.missing.is_empty() {
        bail!("{} word(s) of the reference have no row", ledger.missing.len());
    }
    Ok(())
}
