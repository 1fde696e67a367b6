//! Every action there is, and how a word finds its row. Families live in `http`, `tcp` and `common`; the list here only gathers them.

use crate::{ActionRow, RuleSets};

/// The rows of every family.
pub static FAMILIES: &[&[ActionRow]] = &[
    crate::common::accept::ROWS,
    crate::common::address::ROWS,
    crate::common::capture::ROWS,
    crate::common::filter::ROWS,
    crate::common::lua::ROWS,
    crate::common::mark::ROWS,
    crate::common::resolve::ROWS,
    crate::common::stream::ROWS,
    crate::common::track::ROWS,
    crate::common::var::ROWS,
    crate::http::auth::ROWS,
    crate::http::cache::ROWS,
    crate::http::early_hint::ROWS,
    crate::http::header::ROWS,
    crate::http::headers_bin::ROWS,
    crate::http::map::ROWS,
    crate::http::normalize::ROWS,
    crate::http::redirect::ROWS,
    crate::http::replace::ROWS,
    crate::http::reply::ROWS,
    crate::http::settings::ROWS,
    crate::http::status::ROWS,
    crate::http::uri::ROWS,
    crate::http::wait::ROWS,
    crate::tcp::ROWS,
];

/// Every row, in the order of the families.
pub fn all() -> impl Iterator<Item = &'static ActionRow> {
    FAMILIES.iter().flat_map(|rows| rows.iter())
}

impl ActionRow {
    /// The name without the star that says that more may follow.
    pub fn stem(&self) -> &'static str {
        self.name.strip_suffix('*').unwrap_or(self.name)
    }

    /// Whether it is there only where a script that declares it is loaded.
    pub fn is_scripted(&self) -> bool {
        self.name.starts_with("lua.")
    }

    fn fits(&self, word: &str) -> bool {
        if self.name.ends_with('*') {
            word.starts_with(self.stem())
        } else {
            word == self.name
        }
    }
}

/// The row for `word` in `ruleset`: the exact one, else the longest whose stem starts the word.
pub fn find(ruleset: RuleSets, word: &str) -> Option<&'static ActionRow> {
    all()
        .filter(|row| row.rulesets.intersects(ruleset) && row.fits(word))
        .max_by_key(|row| (row.name == word, row.stem().len()))
}

/// The names valid in `ruleset`, sorted, as they are told to a user who wrote another. Those that scripts declare are not known.
pub fn names(ruleset: RuleSets) -> Vec<&'static str> {
    let mut names: Vec<_> = all()
        .filter(|row| row.rulesets.intersects(ruleset) && !row.is_scripted())
        .map(|row| row.name)
        .collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests;
