//! The one list of section keywords, indexed by name once per process.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use hapax_syntax::Word;

use crate::keyword::{Class, Keyword, Sections};
use crate::reader::Section;
use crate::topic;

/// A row of a section keyword.
pub type Row = Keyword<Section>;

/// Rows of one class by name.
pub(crate) struct Index<K: Class> {
    by_name: HashMap<&'static str, Vec<&'static Keyword<K>>>,
    /// Most words in a name that starts with this word.
    longest: HashMap<&'static str, usize>,
    /// First words of names that `no` may stand before.
    negated: HashSet<&'static str>,
}

/// What the index knows of the start of a line.
pub(crate) struct Found<K: Class> {
    pub(crate) row: &'static Keyword<K>,
    /// Words of the name.
    pub(crate) words: usize,
}

impl<K: Class> Index<K> {
    pub(crate) fn new(rows: impl Iterator<Item = &'static Keyword<K>>) -> Self {
        let mut by_name: HashMap<_, Vec<_>> = HashMap::new();
        let mut longest = HashMap::new();
        let mut negated = HashSet::new();
        for row in rows {
            by_name.entry(row.name).or_default().push(row);
            let words = row.name.split(' ').count();
            let first = row.name.split(' ').next().unwrap_or(row.name);
            let most: &mut usize = longest.entry(first).or_default();
            *most = words.max(*most);
            if row.negatable {
                negated.insert(first);
            }
        }
        Self { by_name, longest, negated }
    }

    /// Whether `no` and `default` may stand before a line that starts with this word.
    pub(crate) fn takes_prefix(&self, first: &str) -> bool {
        self.negated.contains(first)
    }

    /// The longest row whose name starts the line, for `section` where one of that name is valid there.
    pub(crate) fn find<'w>(&self, words: &'w [Word<'_>], section: Sections) -> Option<Found<K>> {
        // A word may have its argument glued to it: `set-proxy-v2-tlv-fmt(0x20)`.
        let bare = |w: &'w Word<'_>| -> &'w str { w.str().split_once('(').map_or(w.str(), |(name, _)| name) };
        let first = bare(words.first()?);
        let most = *self.longest.get(first)?;
        let mut elsewhere = None;
        let mut name = String::new();
        for n in (1..=most.min(words.len())).rev() {
            let key = if n == 1 {
                first
            } else {
                name.clear();
                for w in &words[..n - 1] {
                    name.push_str(w.str());
                    name.push(' ');
                }
                name.push_str(bare(&words[n - 1]));
                name.as_str()
            };
            let Some(rows) = self.by_name.get(key) else { continue };
            // A family only speaks for names that no row has anywhere.
            let speaks = |r: &Keyword<K>| r.sections.intersects(section) && !(r.family && elsewhere.is_some());
            if let Some(row) = rows.iter().find(|r| speaks(r)) {
                return Some(Found { row, words: n });
            }
            // Of a proxy's word and another section's, a proxy was more likely meant the former.
            let near = |r: &&&Keyword<K>| section.intersects(Sections::REAL) && r.sections.intersects(Sections::PROXY);
            if let (None, Some(row)) = (&elsewhere, rows.iter().find(near).or(rows.first())) {
                elsewhere = Some(Found { row, words: n });
            }
        }
        elsewhere
    }

    pub(crate) fn named(&self, name: &str) -> &[&'static Keyword<K>] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Names valid in `section`, for "did you mean".
    pub(crate) fn names(&self, section: Sections) -> impl Iterator<Item = &'static str> {
        self.by_name
            .values()
            .flatten()
            .filter(move |r| r.sections.intersects(section) && !r.family)
            .map(|r| r.name)
    }
}

static SECTION_KEYWORDS: LazyLock<Index<Section>> = LazyLock::new(|| Index::new(every_keyword()));

pub(crate) fn section_keywords() -> &'static Index<Section> {
    &SECTION_KEYWORDS
}

/// Every section keyword, topic by topic.
pub fn every_keyword() -> impl Iterator<Item = &'static Row> {
    topic::ALL.iter().flat_map(|t| t.rows.iter())
}

/// The rows of this name (`option httplog`).
pub fn find(name: &str) -> &'static [&'static Row] {
    section_keywords().named(name)
}
