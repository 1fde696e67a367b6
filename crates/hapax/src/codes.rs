//! Every code of every room, for `check --explain`.

use hapax_diag::Code;

/// One list per crate that gives diagnostics.
static LISTS: &[&[&Code]] = &[
    hapax_syntax::CODES,
    hapax_config::codes::ALL,
    hapax_rules::codes::CODES,
    hapax_diag::suppress::CODES,
];

pub(crate) fn all() -> impl Iterator<Item = &'static Code> {
    let lints = hapax_config::lint::ALL.iter().map(|lint| &lint.code);
    LISTS.iter().flat_map(|list| list.iter().copied()).chain(lints)
}

/// The code of this name, in either letter case, or of this piece of advice.
pub(crate) fn find(id: &str) -> Option<&'static Code> {
    let lint = || hapax_config::lint::find(id).map(|lint| &lint.code);
    all().find(|code| code.id.eq_ignore_ascii_case(id)).or_else(lint)
}

/// Every word that a comment may ask to ignore, with its code.
pub(crate) fn names() -> Vec<(&'static str, &'static str)> {
    let lints = hapax_config::lint::ALL.iter().map(|lint| (lint.name, lint.code.id));
    lints.chain(all().map(|code| (code.id, code.id))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_name_and_says_something() {
        let mut seen = std::collections::HashSet::new();
        for code in all() {
            assert!(seen.insert(code.id), "{} is given twice", code.id);
            assert!(code.id.len() == 6 && code.id.starts_with("HX"), "{}", code.id);
            assert!(!code.title.is_empty() && !code.explain.is_empty(), "{}", code.id);
        }
    }
}
