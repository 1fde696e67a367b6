//! The sections a configuration is made of: one row each, with what its heading starts and what its end checks.

use hapax_diag::Diagnostic;

use crate::args::Args;
use crate::keyword::Sections;
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
    pub start: fn(&mut Reader<'_>, &Args<'_>) -> Result<(), Diagnostic>,
    pub end: fn(&mut Reader<'_>) -> Result<(), Diagnostic>,
}

/// Nothing is checked at the end of most sections.
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
];

/// The section of this name.
pub fn find(name: &str) -> Option<&'static SectionRow> {
    ALL.iter().find(|s| s.name == name)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|s| s.name)
}
