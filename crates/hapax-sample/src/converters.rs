//! Converters (manual, 7.3.1): one file per family, each with its rows beside the functions that do the work.

use crate::Converter;

/// Every family, in the order of the reference pages.
pub static FAMILIES: &[&[Converter]] = &[];

/// All rows.
pub fn all() -> impl Iterator<Item = &'static Converter> {
    FAMILIES.iter().copied().flatten()
}

/// The row of a name.
pub fn find(name: &str) -> Option<&'static Converter> {
    all().find(|row| row.name == name)
}
