//! The sections a configuration is made of: one row each, with what its heading starts and what its end checks.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::keyword::{Sections, Version};
use crate::reader::Reader;

pub(crate) mod other;
pub(crate) mod proxy;

/// One kind of section.
#[derive(Debug)]
pub struct SectionRow {
    pub name: &'static str,
    pub bit: Sections,
    /// What stands after the name.
    pub usage: &'static str,
    pub doc: &'static str,
    /// First version that knows it; `(0, 0)`: older than 2.4.
    pub since: Version,
    /// First version that no longer knows it.
    pub until: Option<Version>,
    /// HAProxy refuses it unless `expose-experimental-directives` stands in `global`.
    pub experimental: bool,
    pub start: fn(&mut Reader<'_>, &Args<'_>) -> Result<(), Diagnostic>,
    pub end: fn(&mut Reader<'_>) -> Result<(), Diagnostic>,
}

pub use other::invalid_char;
/// What most sections have in common.
pub(crate) const BASE: SectionRow = SectionRow {
    name: "",
    bit: Sections::empty(),
    usage: "",
    doc: "",
    since: (0, 0),
    until: None,
    experimental: false,
    start: |_, _| Ok(()),
    end: no_end,
};

/// Nothing is checked at the end of most sections.
#[allow(clippy::unnecessary_wraps, reason = "every end has this shape")]
pub(crate) fn no_end(_: &mut Reader<'_>) -> Result<(), Diagnostic> {
    Ok(())
}

/// Every section.
pub static ALL: &[SectionRow] = &[
    other::GLOBAL,
    proxy::DEFAULTS,
    proxy::FRONTEND,
    proxy::LISTEN,
    proxy::BACKEND,
    other::USERLIST,
    other::PEERS,
    other::RESOLVERS,
    other::MAILERS,
    other::CACHE,
    other::PROGRAM,
    other::HTTP_ERRORS,
    other::RING,
    other::LOG_FORWARD,
    other::LOG_PROFILE,
    other::FCGI_APP,
    other::CRT_STORE,
    other::TRACES,
    other::ACME,
    other::HEALTHCHECK,
    other::NAMESPACE_LIST,
];

/// The section of this name, unless the version asked for does not know it.
pub fn find(name: &str, version: Option<Version>) -> Option<&'static SectionRow> {
    ALL.iter()
        .find(|s| s.name == name)
        .filter(|s| version.is_none_or(|v| s.since <= v && s.until.is_none_or(|gone| v < gone)))
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|s| s.name)
}
