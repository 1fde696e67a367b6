//! Streams: one HTTP transaction, or one TCP session, from its first byte to its log line.
//!
//! The phases of an HTTP stream are files of their own: [`request`], [`rules`], [`route`], [`connect`], [`forward`],
//! [`response`], [`reply`], [`log`]. Each answers with a value or with a [`Stop`], and [`http`] is the chain of them.

mod added;
mod announce;
mod body;
mod connect;
mod cookie;
mod direct;
mod drain;
mod exchange;
pub(crate) mod filters;
mod forward;
pub(crate) mod http;
mod inspect;
mod link;
pub(crate) mod log;
mod reframe;
mod reply;
mod request;
mod response;
mod route;
mod rules;
mod tables;
pub(crate) mod tcp;
mod tunnel;
mod watch;

use hapax_proto::http::Head;
use hapax_rules::Controls;
use hapax_sample::StreamFacts;
use hapax_sample::vars::Vars;

use crate::outcome::End;
use crate::relay::Half;
use crate::world::LiveWorld;

/// The memory of a stream, used again by the next one of the worker.
#[derive(Debug, Default)]
pub(crate) struct StreamParts {
    pub req_head: Head,
    pub res_head: Head,
    /// Client to server, and back.
    pub req: Half,
    pub res: Half,
    pub facts: StreamFacts,
    pub controls: Controls,
    pub vars: Vars,
    /// Attached once the backend is known, where a proxy has any.
    pub filters: Option<Box<filters::Filters>>,
    /// Chunked bodies as rules see them.
    pub req_seen: body::Seen,
    pub res_seen: body::Seen,
}

impl StreamParts {
    /// Forgets the stream, keeps the memory.
    pub(crate) fn clear(&mut self, world: &LiveWorld) {
        self.req_head.clear();
        self.res_head.clear();
        self.req.reset();
        self.res.reset();
        self.facts.clear();
        self.filters = None;
        self.controls.clear();
        self.req_seen.clear();
        self.res_seen.clear();
        self.vars.clear(world);
    }
}

/// What becomes of the client connection after a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    KeepAlive,
    Close,
}

/// Why the chain of phases ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Something ended it: the client gets an error message while it still can.
    End(End),
    /// The client has its answer, and the end is regular.
    Answered,
    /// The connection ends without a word and without a log line (a probe, a keep-alive connection that closes).
    Silent,
    /// The connection ends without a word; this is logged.
    Close(End),
}

impl From<End> for Stop {
    fn from(e: End) -> Self {
        Self::End(e)
    }
}

/// The outcome of a phase.
pub(crate) type Step<T> = Result<T, Stop>;
