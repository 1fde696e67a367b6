//! What a configuration keyword is: one row beside the code that reads it.

use bitflags::bitflags;
use hapax_diag::Diagnostic;
use hapax_syntax::Line;
use hapax_value::Support;

bitflags! {
    /// The places a keyword may stand in. A word valid in five sections has one row.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Sections: u32 {
        const GLOBAL      = 1 << 0;
        const DEFAULTS    = 1 << 1;
        const FRONTEND    = 1 << 2;
        const LISTEN      = 1 << 3;
        const BACKEND     = 1 << 4;
        const USERLIST    = 1 << 5;
        const PEERS       = 1 << 6;
        const RESOLVERS   = 1 << 7;
        const MAILERS     = 1 << 8;
        const CACHE       = 1 << 9;
        const PROGRAM     = 1 << 10;
        const HTTP_ERRORS = 1 << 11;
        const RING        = 1 << 12;
        const LOG_FORWARD = 1 << 13;
        const LOG_PROFILE = 1 << 14;
        const FCGI_APP    = 1 << 15;
        const CRT_STORE   = 1 << 16;
        const TRACES      = 1 << 17;
        const ACME        = 1 << 18;
        const HEALTHCHECK = 1 << 19;
        /// Options of a `bind` line and of a `server` line.
        const BIND        = 1 << 24;
        const SERVER      = 1 << 25;
        const PROXY       = Self::DEFAULTS.bits() | Self::FRONTEND.bits() | Self::LISTEN.bits() | Self::BACKEND.bits();
    }
}

/// Which prefix stood before the keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Prefix {
    #[default]
    None,
    /// `no option forwardfor`
    No,
    /// `default option forwardfor`
    Default,
}

/// A HAProxy version as (major, minor), such as (2, 6).
pub type Version = (u8, u8);

/// One keyword of one or more sections.
///
/// `name` may be several words (`timeout connect`, `option httplog`, `stats uri`): the longest row that fits a line wins.
pub struct Keyword<C: ?Sized> {
    pub name: &'static str,
    pub sections: Sections,
    /// Arguments as the reference page shows them: `<name> [if <condition>]`.
    pub usage: &'static str,
    pub doc: &'static str,
    /// First version that knows it; `(0, 0)`: older than 2.4.
    pub since: Version,
    /// First version that no longer knows it, with what to write instead.
    pub until: Option<(Version, &'static str)>,
    pub support: Support,
    /// Whole lines that are accepted and refused in the first of `sections`.
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
    /// Reads the line into the section's state. `line.words[0]` is the keyword itself (after any `no`/`default`).
    pub set: fn(&mut C, &Line<'_>, Prefix) -> Result<(), Diagnostic>,
}
