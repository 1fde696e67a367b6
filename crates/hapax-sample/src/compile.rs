//! What compiling an expression needs of the rest of the configuration: files, and names that are known only at its end.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use hapax_diag::{Diagnostics, Span};

/// The door to the file system at load time. `check --offline` and tests put other doors here.
pub trait Files {
    /// The whole file, or why not (already in words for the user).
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String>;

    /// An environment variable's value.
    fn env(&self, name: &str) -> Option<Vec<u8>> {
        let _ = name;
        None
    }

    /// The names in a directory, sorted; an error where it is none (`crt /etc/ssl/private/`).
    fn list(&self, path: &str) -> Result<Vec<String>, String> {
        Err(format!("{path} is no directory"))
    }

    /// The addresses of a host name, in the resolver's order.
    fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        Err(format!("'{host}' is not looked up here"))
    }

    /// Whether this descriptor, which a parent should have left open, is a socket; why not. Where nobody can tell, it is.
    fn socket(&self, fd: i32) -> Result<(), String> {
        let _ = fd;
        Ok(())
    }
}

/// What a deferred name must turn out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameKind {
    Frontend,
    Backend,
    /// A proxy or peers section that has a stick table; empty name: the current proxy's own.
    Table,
    /// `backend/server`, or `server` of the current proxy.
    Server,
    Userlist,
    /// An `http-errors` section.
    HttpErrors,
    Resolvers,
    Cache,
    FcgiApp,
    LogProfile,
    /// A `ring` section.
    Ring,
    /// A bandwidth limitation `filter` of the current proxy, by its name.
    Filter,
    /// A `filter spoe` of the current proxy, by its engine's name.
    Engine,
    /// A service of `use-service`.
    Service,
    /// An ACL of the current proxy (or one that every proxy has), maybe with `!` before it; see [`NameRef::acl`].
    Acl,
}

/// A name in an expression, resolved after the last line is read.
#[derive(Debug)]
pub struct NameRef {
    pub kind: NameKind,
    pub name: Box<str>,
    pub span: Span,
    /// Name of the proxy the expression stands in, where there is one.
    pub within: Option<Arc<str>>,
    /// Index of the proxy, table or user list; for a server `(proxy << 32 | server)`.
    pub id: OnceLock<u64>,
    /// What the name of an ACL turned out to be.
    pub acl: OnceLock<crate::acl::Named>,
    /// How the table of that name is looked into.
    pub keyed: OnceLock<Keyed>,
    /// The status that an `http-errors` section is asked for.
    pub status: OnceLock<u16>,
}

/// Who looks into a table with a key, which must become one of the table's.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// What the key's expression gives.
    pub out: hapax_value::Type,
    pub by: KeyedBy,
}

#[derive(Clone, Debug)]
pub enum KeyedBy {
    /// A rule that tracks: its action as written.
    Track(Box<str>),
    /// A filter that limits bandwidth: its name, and the rate that it counts in.
    Limit(Box<str>, &'static str),
}

impl NameRef {
    /// The proxy that runs the rule, whichever it is: no name was given, and the rule stands in a `defaults` section.
    pub fn means_the_proxy_at_hand(&self) -> bool {
        self.within.is_none() && self.name.is_empty() && matches!(self.kind, NameKind::Frontend | NameKind::Backend)
    }
}

/// Names to resolve.
pub type Deferred = Vec<Arc<NameRef>>;

/// What is gathered only where an expression asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What names a TLS session in key logs: the client's random bytes, and the master secret of TLS 1.2.
    pub tls_randoms: bool,
    /// The address that a connection to a server comes from: a system call each.
    pub server_source: bool,
}

/// Everything an expression's compilation may ask for or add to.
pub struct Compile<'c> {
    pub files: &'c dyn Files,
    pub diags: &'c mut Diagnostics,
    pub deferred: &'c mut Deferred,
    /// Name of the proxy being read.
    pub within: Option<Arc<str>>,
    pub vars: &'c mut crate::vars::VarNames,
    /// Map and pattern files already read, shared by name.
    pub refs: &'c mut crate::pattern::PatternRefs,
    pub wanted: &'c mut Wanted,
    /// The version whose language is asked for; `None`: every word there is.
    pub version: Option<crate::since::Version>,
}

impl Compile<'_> {
    /// Whether the version asked for has a word that exists since `since`.
    pub fn knows(&self, since: crate::since::Version) -> bool {
        self.version.is_none_or(|asked| asked >= since)
    }
}
