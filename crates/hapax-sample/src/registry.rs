//! Every fetch and converter by name, gathered from the families once.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::{Converter, Fetch, converters, fetches};

static FETCHES: LazyLock<HashMap<&'static str, &'static Fetch>> = LazyLock::new(|| all_fetches().map(|f| (f.name, f)).collect());

static CONVERTERS: LazyLock<HashMap<&'static str, &'static Converter>> = LazyLock::new(|| all_converters().map(|c| (c.name, c)).collect());

/// The fetch of that name.
pub fn fetch(name: &str) -> Option<&'static Fetch> {
    FETCHES.get(name).copied()
}

/// The converter of that name.
pub fn converter(name: &str) -> Option<&'static Converter> {
    CONVERTERS.get(name).copied()
}

/// Every fetch, family by family.
pub fn all_fetches() -> impl Iterator<Item = &'static Fetch> {
    fetches::FAMILIES.iter().flat_map(|rows| rows.iter())
}

/// Every converter, family by family.
pub fn all_converters() -> impl Iterator<Item = &'static Converter> {
    converters::all()
}
