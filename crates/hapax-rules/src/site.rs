//! The proxy that a rule stands in, as far as its parsing depends on it.

use std::sync::Arc;

use bitflags::bitflags;
use hapax_diag::Span;

bitflags! {
    /// What the section may do.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Side: u8 {
        const FRONTEND = 1;
        const BACKEND  = 2;
        /// A `defaults` section: its rules run in the proxies that name it.
        const DEFAULTS = 4;
    }
}

/// A capture slot: the header it is filled from (empty for a slot that a rule fills), and its longest length.
pub type Slot = (Arc<[u8]>, usize);

/// The section being read. Rules that declare capture slots add them here.
#[derive(Clone, Debug)]
pub struct Site {
    pub name: Arc<str>,
    pub side: Side,
    /// `mode http`, as far as it is known when the rule is read.
    pub http: bool,
    /// `expose-experimental-directives` was seen.
    pub experimental: bool,
    /// A Lua script was loaded: it may declare actions and services.
    pub scripts: bool,
    /// `tune.bufsize` and `tune.maxrewrite`: the longest reply, and the room that it should leave.
    pub bufsize: usize,
    pub maxrewrite: usize,
    /// How many rules were read so far.
    pub rules: u32,
    /// `tune.stick-counters`
    pub counters: u8,
    pub req_captures: Vec<Slot>,
    pub res_captures: Vec<Slot>,
    /// Slots that rules name by number, of the request or the response: they may be declared further down.
    pub named_captures: Vec<(bool, usize, Span)>,
}

impl Site {
    /// A section of that name with the defaults of the global section.
    pub fn new(name: impl Into<Arc<str>>, side: Side) -> Self {
        Self {
            name: name.into(),
            side,
            http: true,
            experimental: false,
            scripts: false,
            bufsize: 16384,
            maxrewrite: 1024,
            rules: 0,
            counters: 3,
            req_captures: Vec::new(),
            res_captures: Vec::new(),
            named_captures: Vec::new(),
        }
    }

    /// The word for the section in messages.
    pub fn kind(&self) -> &'static str {
        let both = Side::FRONTEND | Side::BACKEND;
        if self.side.contains(Side::DEFAULTS) {
            "defaults"
        } else if self.side.contains(both) {
            "proxy"
        } else if self.side.contains(Side::FRONTEND) {
            "frontend"
        } else {
            "backend"
        }
    }

    /// Adds a slot for `len` bytes; gives its index.
    pub fn add_req_slot(&mut self, len: usize) -> usize {
        self.req_captures.push((Arc::from(&b""[..]), len));
        self.req_captures.len() - 1
    }
}
