//! The dictionary's families: one file per topic, each with its rows and what a proxy inherits of it.
//!
//! To add a family: a file with `pub static TOPIC: Topic`, one line in the list below.

use crate::dictionary::Row;
use crate::draft::Draft;

mod timeouts;

/// One family of keywords.
pub struct Topic {
    pub name: &'static str,
    pub rows: &'static [Row],
    /// Hands the family's values over from a `defaults` section to a new proxy (whose kind and name are set already).
    pub inherit: fn(&mut Draft, &Draft),
}

/// For families that nothing is inherited of.
pub fn no_inherit(_: &mut Draft, _: &Draft) {}

/// Every family. The order is that of the reference pages.
pub static ALL: &[&Topic] = &[&timeouts::TOPIC];

#[cfg(test)]
mod tests;
