//! The word lists of HAProxy 3.5, as facts: names and the places they are valid in, one a line in `xtask/data`.

use anyhow::{Result, bail};

use crate::dictionary::Kind;

/// A word that HAProxy knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Known {
    pub(crate) kind: Kind,
    /// Section or rule set.
    pub(crate) place: &'static str,
    pub(crate) name: &'static str,
}

const KEYWORDS: &str = include_str!("../data/keywords.txt");
const BIND: &str = include_str!("../data/bind.txt");
const SERVER: &str = include_str!("../data/server.txt");
const ACTIONS: &str = include_str!("../data/actions.txt");
const FETCHES: &str = include_str!("../data/fetches.txt");
const CONVERTERS: &str = include_str!("../data/converters.txt");
const ACLS: &str = include_str!("../data/acls.txt");
const FILTERS: &str = include_str!("../data/filters.txt");
const COMMANDS: &str = include_str!("../data/commands.txt");

/// Sections by the letters of the proxy matrix.
const PROXIES: &[(char, &str)] = &[
    ('d', "defaults"),
    ('n', "defaults"),
    ('f', "frontend"),
    ('l', "listen"),
    ('b', "backend"),
];

/// Every word in every place.
pub(crate) fn known() -> Result<Vec<Known>> {
    let mut list = Vec::new();
    for (kind, text) in [
        (Kind::Keyword, KEYWORDS),
        (Kind::Bind, BIND),
        (Kind::Server, SERVER),
        (Kind::Action, ACTIONS),
        (Kind::Fetch, FETCHES),
        (Kind::Converter, CONVERTERS),
        (Kind::Acl, ACLS),
        (Kind::Filter, FILTERS),
        (Kind::Command, COMMANDS),
    ] {
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let (place, name) = match kind {
                // What follows the name is what it is short for.
                Kind::Acl => ("", line.split('\t').next().unwrap_or(line)),
                _ => line.split_once('\t').unwrap_or(("", line)),
            };
            if name.is_empty() {
                bail!("{kind:?}: `{line}` has no name");
            }
            if kind == Kind::Keyword && place.chars().all(|c| PROXIES.iter().any(|(letter, _)| *letter == c)) {
                for (_, place) in PROXIES.iter().filter(|(letter, _)| place.contains(*letter)) {
                    list.push(Known { kind, place, name });
                }
            } else {
                list.push(Known { kind, place, name });
            }
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_spread_over_sections() {
        let list = known().expect("lists are well formed");
        let has = |place, name| {
            list.contains(&Known {
                kind: Kind::Keyword,
                place,
                name,
            })
        };
        assert!(has("defaults", "timeout client") && has("frontend", "timeout client"));
        assert!(!has("backend", "timeout client"));
        assert!(has("global", "maxconn") && has("peers", "peer"));
        assert!(
            list.iter()
                .any(|k| k.kind == Kind::Action && k.place == "http-request" && k.name == "deny")
        );
    }
}
