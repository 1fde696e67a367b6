//! Since which version of HAProxy actions and filters exist, for judging a file as an older version would.
//!
//! One table rather than a field of each row: an action may have come to one rule set years after another, what is past never
//! changes, and only `--for` asks.

use hapax_sample::since::Version;

use crate::RuleSets;

const EVERY: RuleSets = RuleSets::all();

/// Actions that 2.4 did not know, or not in these rule sets.
static ACTIONS: &[(&str, RuleSets, Version)] = &[
    ("add-headers-bin", EVERY, (3, 4)),
    ("attach-srv", EVERY, (2, 9)),
    ("capture", RuleSets::HTTP_AFTER, (2, 6)),
    ("del-acl", RuleSets::HTTP_AFTER, (2, 8)),
    ("del-headers-bin", EVERY, (3, 4)),
    ("del-map", RuleSets::HTTP_AFTER, (2, 8)),
    ("dgram-drop", EVERY, (3, 1)),
    ("do-log", EVERY, (3, 1)),
    ("pause", EVERY, (3, 2)),
    ("sc-add-gpc", EVERY, (2, 8)),
    ("sc-inc-gpc", EVERY, (2, 5)),
    ("sc-inc-gpc", RuleSets::HTTP_AFTER, (2, 8)),
    ("sc-inc-gpc0", RuleSets::HTTP_AFTER, (2, 8)),
    ("sc-inc-gpc1", RuleSets::HTTP_AFTER, (2, 8)),
    ("sc-set-gpt", EVERY, (2, 5)),
    ("sc-set-gpt", RuleSets::HTTP_AFTER, (2, 8)),
    ("sc-set-gpt0", RuleSets::HTTP_AFTER, (2, 8)),
    ("send-retry", EVERY, (3, 1)),
    ("set-bandwidth-limit", EVERY, (2, 7)),
    ("set-bc-mark", EVERY, (3, 0)),
    ("set-bc-tos", EVERY, (3, 0)),
    ("set-fc-mark", EVERY, (3, 0)),
    ("set-fc-tos", EVERY, (3, 0)),
    ("set-headers-bin", EVERY, (3, 4)),
    ("set-log-level", RuleSets::HTTP_AFTER, (2, 8)),
    ("set-map", RuleSets::HTTP_AFTER, (2, 8)),
    ("set-retries", EVERY, (3, 1)),
    ("set-timeout", RuleSets::HTTP_RES, (2, 9)),
    ("set-var-fmt", EVERY, (2, 5)),
];

/// Filters that 2.4 did not know.
static FILTERS: &[(&str, Version)] = &[
    ("bwlim-in", (2, 7)),
    ("bwlim-out", (2, 7)),
    ("comp-req", (3, 4)),
    ("comp-res", (3, 4)),
];

/// The first version with this action (a row's stem) in this rule set; (0, 0) where it is older than 2.4.
pub fn action(stem: &str, set: RuleSets) -> Version {
    let name = stem.trim_end_matches('(');
    let of = |(word, sets, _): &&(&str, RuleSets, Version)| *word == name && sets.intersects(set);
    ACTIONS.iter().filter(of).map(|(_, _, version)| *version).max().unwrap_or_default()
}

/// The first version with this filter; (0, 0) where it is older than 2.4.
pub fn filter(name: &str) -> Version {
    FILTERS
        .iter()
        .find(|(word, _)| *word == name)
        .map_or((0, 0), |(_, version)| *version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{filters, registry};

    #[test]
    fn every_name_has_a_row_in_a_rule_set_of_it() {
        for (name, sets, _) in ACTIONS {
            let known = registry::all().any(|r| r.stem().trim_end_matches('(') == *name && r.rulesets.intersects(*sets));
            assert!(known, "{name} is no action");
        }
        for (name, _) in FILTERS {
            assert!(filters::all().any(|r| r.name == *name), "{name} is no filter");
        }
    }

    #[test]
    fn versions() {
        assert_eq!(action("deny", RuleSets::HTTP_REQ), (0, 0));
        assert_eq!(action("sc-inc-gpc(", RuleSets::HTTP_REQ), (2, 5));
        assert_eq!(action("sc-inc-gpc(", RuleSets::HTTP_AFTER), (2, 8));
        assert_eq!(action("set-map(", RuleSets::HTTP_REQ), (0, 0));
        assert_eq!(filter("bwlim-in"), (2, 7));
    }
}
