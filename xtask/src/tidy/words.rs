//! One word, one row: no name stands twice in the same place.

use std::collections::HashSet;

use anyhow::Result;

use super::Problem;
use crate::dictionary::entries;
use crate::repo::Repo;

#[allow(clippy::unnecessary_wraps, reason = "every rule has this shape")]
pub(super) fn duplicates(_: &Repo) -> Result<Vec<Problem>> {
    let mut seen = HashSet::new();
    let mut problems = Vec::new();
    for e in entries() {
        if !seen.insert((e.kind, e.place, e.name)) {
            problems.push(Problem::new(e.kind.title(), format!("`{} {}` has two rows", e.place, e.name)));
        }
    }
    Ok(problems)
}
