//! What a configuration keyword is: one row beside the code that reads it.
//!
//! A row names its word, the sections that take it, the [`Shape`] of its arguments and the function that stores them. The
//! machinery ([`crate::dispatch`]) finds the row, checks place, prefix, version and arguments, tells what is not acted on, and
//! only then calls the setter. Rows are made with [`Keyword::new`] and its `const` builder methods.

use bitflags::bitflags;
use hapax_diag::Diagnostic;
use hapax_sample::Compile;
use hapax_value::Support;

use crate::args::Args;
use crate::once::Once;
use crate::shape::Shape;

bitflags! {
    /// The places a keyword may stand in. A word valid in five sections has one row.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
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
        const NAMESPACE_LIST = 1 << 20;
        /// Options of a `bind` line and of a `server` line.
        const BIND        = 1 << 24;
        const SERVER      = 1 << 25;
        const PROXY       = Self::DEFAULTS.bits() | Self::FRONTEND.bits() | Self::LISTEN.bits() | Self::BACKEND.bits();
        /// Proxies with a frontend, and the `defaults` they inherit from.
        const FRONT       = Self::DEFAULTS.bits() | Self::FRONTEND.bits() | Self::LISTEN.bits();
        /// Proxies with a backend, and the `defaults` they inherit from.
        const BACK        = Self::DEFAULTS.bits() | Self::LISTEN.bits() | Self::BACKEND.bits();
        /// Every proxy but `defaults`.
        const REAL        = Self::FRONTEND.bits() | Self::LISTEN.bits() | Self::BACKEND.bits();
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

/// A class of rows: what their setters fill. Sections, `bind` options and `server` options are one class each.
pub trait Class: 'static {
    type Cx<'a>;

    /// What compiling an expression or a log format needs, for the shapes that do.
    fn compile<'x>(cx: &'x mut Self::Cx<'_>) -> Compile<'x>;

    /// The version whose language is asked for (`--for`), where the class knows it.
    fn version(_: &Self::Cx<'_>) -> Option<Version> {
        None
    }

    /// Whether experimental words may be used, where the class knows it.
    fn experimental(_: &Self::Cx<'_>) -> bool {
        true
    }
}

/// Stores what a line says. `Err` refuses the line; a place is added where the diagnostic has none.
pub type Setter<K> = for<'a, 'w, 'x> fn(&'x mut <K as Class>::Cx<'a>, &'x Args<'w>) -> Result<(), Diagnostic>;

/// What happens to a proxy keyword in a proxy that lacks the side (frontend or backend) it acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misplaced {
    /// A warning, and the line is left out, but for its mistakes.
    Ignored,
    /// A warning, and nothing of the line is looked at.
    Unread,
    /// A warning, and the line is read all the same.
    Read,
    /// The configuration is refused.
    Refused,
    /// It is refused, in the words that lines of servers have for it.
    NotAllowed,
    /// A warning in the words that log formats have for it, and the line is left out.
    InBackend,
}

/// One keyword of one or more sections.
///
/// `name` may be several words (`timeout connect`, `option httplog`, `stats uri`): the longest row that fits a line wins.
/// Two rows may share a name when their sections differ.
pub struct Keyword<K: Class> {
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
    pub shape: Shape,
    pub misplaced: Misplaced,
    /// `no` may stand before it (and `default`, where the word has a default to go back to).
    pub negatable: bool,
    /// Read only in a `defaults` section that has a name.
    pub named_defaults: bool,
    /// Stands for every word of its family that has no row (`option`, `stats`): its setter tells what the family has.
    pub family: bool,
    /// HAProxy refuses it unless `expose-experimental-directives` stands in `global`.
    pub experimental: bool,
    /// Words behind those that the shape takes are passed over, and that is noted.
    pub lenient: bool,
    /// HAProxy reads it in its first pass over the files, to know how it is to run: its mistakes are told before all others.
    pub read_first: bool,
    /// Its value is given once.
    pub once: Option<Once>,
    /// Whole lines that are accepted and refused in the first of `sections`.
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
    pub set: Setter<K>,
}

/// A setter for words that are read and checked, and have nothing to store.
pub fn ignore<K: Class>(_: &mut K::Cx<'_>, _: &Args<'_>) -> Result<(), Diagnostic> {
    Ok(())
}

impl<K: Class> Keyword<K> {
    /// A row that takes any words and stores nothing; the builder methods say the rest.
    pub const fn new(name: &'static str, sections: Sections) -> Self {
        Self {
            name,
            sections,
            usage: "",
            doc: "",
            since: (0, 0),
            until: None,
            support: Support::Full,
            shape: Shape::Any,
            misplaced: Misplaced::Ignored,
            negatable: false,
            named_defaults: false,
            family: false,
            experimental: false,
            lenient: false,
            read_first: false,
            once: None,
            ok: &[],
            bad: &[],
            set: ignore::<K>,
        }
    }

    #[must_use]
    pub const fn usage(mut self, usage: &'static str) -> Self {
        self.usage = usage;
        self
    }

    #[must_use]
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    #[must_use]
    pub const fn shape(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    #[must_use]
    pub const fn set(mut self, set: Setter<K>) -> Self {
        self.set = set;
        self
    }

    #[must_use]
    pub const fn ok(mut self, ok: &'static [&'static str]) -> Self {
        self.ok = ok;
        self
    }

    #[must_use]
    pub const fn bad(mut self, bad: &'static [&'static str]) -> Self {
        self.bad = bad;
        self
    }

    #[must_use]
    pub const fn since(mut self, major: u8, minor: u8) -> Self {
        self.since = (major, minor);
        self
    }

    /// Gone since `version`, and read all the same with a warning unless that version is asked for; `instead` is the whole
    /// message.
    #[must_use]
    pub const fn until(mut self, major: u8, minor: u8, instead: &'static str) -> Self {
        self.until = Some(((major, minor), instead));
        self
    }

    /// Gone since `version` and refused whatever version is asked for; `instead` is the whole message.
    #[must_use]
    pub const fn removed(mut self, major: u8, minor: u8, instead: &'static str) -> Self {
        self.until = Some(((major, minor), instead));
        self.support = Support::Refused(instead);
        self
    }

    /// Read and checked, not acted on: `what` names what is missing.
    #[must_use]
    pub const fn not_yet(mut self, what: &'static str) -> Self {
        self.support = Support::NotYet(what);
        self
    }

    #[must_use]
    pub const fn no_effect(mut self, why: &'static str) -> Self {
        self.support = Support::NoEffect(why);
        self
    }

    #[must_use]
    pub const fn partial(mut self, what: &'static str) -> Self {
        self.support = Support::Partial(what);
        self
    }

    /// Not accepted; `why` is the whole message.
    #[must_use]
    pub const fn refused(mut self, why: &'static str) -> Self {
        self.support = Support::Refused(why);
        self
    }

    /// `no X` and `default X` are valid.
    #[must_use]
    pub const fn negatable(mut self) -> Self {
        self.negatable = true;
        self
    }

    #[must_use]
    pub const fn read_first(mut self) -> Self {
        self.read_first = true;
        self
    }

    #[must_use]
    pub const fn once(mut self, once: Once) -> Self {
        self.once = Some(once);
        self
    }

    #[must_use]
    pub const fn misplaced(mut self, misplaced: Misplaced) -> Self {
        self.misplaced = misplaced;
        self
    }

    #[must_use]
    pub const fn named_defaults(mut self) -> Self {
        self.named_defaults = true;
        self
    }

    #[must_use]
    pub const fn experimental(mut self) -> Self {
        self.experimental = true;
        self
    }

    /// HAProxy reads the words that the shape takes, and never looks whether there are more.
    #[must_use]
    pub const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    #[must_use]
    pub const fn family(mut self) -> Self {
        self.family = true;
        self
    }
}
