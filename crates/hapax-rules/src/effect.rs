//! What an action answers.

use std::sync::Arc;

use hapax_sample::vars::VarId;
use hapax_value::Millis;

use crate::errors::Page;

/// Where the message of a [`Reply`] comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReplySource {
    /// The reply's own body and fields.
    #[default]
    Own,
    /// The proxy's message for the status: errorfile, http-errors, or built-in. The reply's fields replace those of the same name.
    Errors,
    /// The built-in message for the status.
    Builtin,
    /// A message read from an errorfile.
    Page(Arc<Page>),
    /// The message of an `http-errors` section, by its index in the plan; where that has none, one without a body.
    Section(u64),
}

/// A response that the proxy itself gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Empty: the standard reason of `status`.
    pub reason: Vec<u8>,
    /// In the order they are sent; names as written. Length and type of the body are not among them.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Sent where there is a body.
    pub content_type: Option<Arc<[u8]>>,
    pub body: Arc<[u8]>,
    /// The length is the first field, as redirects have it; else it follows `fields`.
    pub length_first: bool,
    pub source: ReplySource,
}

/// What must happen before the rule set goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// More bytes of the direction looked at, or its end.
    More,
    /// `wait-for-body`: so many bytes (or the end), at most for that long; in a large buffer where one is asked for.
    Body { time: Millis, at_least: u64, large: bool },
    /// `pause`
    Time(Millis),
    /// `wait-for-handshake`
    Handshake,
    /// `do-resolve`: the variable is set before the rule is run again.
    Lookup(Box<Lookup>),
    /// `cache-use`: answer from the cache, or run the rule again where it has nothing.
    Cache { cache: u32, hints: bool },
    /// `send-spoe-group`
    Spoe { engine: u32, group: Arc<str> },
    /// `do-log`, with a log profile: log, then run the rule again at once. `origin` is what `%OG` says.
    Log { profile: Option<u32>, origin: &'static str },
}

/// A name to be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Index of the resolvers section.
    pub resolvers: u32,
    pub host: Vec<u8>,
    pub ipv4_first: bool,
    pub var: VarId,
}

/// What a rule set or one of its rules comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Go on with the next rule.
    Continue,
    /// Stop this rule set; the message goes on (`allow`, `accept`).
    Accept,
    /// Answer with this and stop (`return`, `redirect`, `auth`). Counted as a regular answer.
    Return(Box<Reply>),
    /// Refuse with this (`deny`): counted as denied.
    Deny(Box<Reply>),
    /// Hold for the tarpit timeout, then refuse with this.
    Tarpit(Box<Reply>),
    /// Close both ways without a word (`reject`).
    Reject,
    /// tcp `close`: end the connection to the server; what it sent still goes to the client.
    Close,
    /// Forget the connection without telling the client; the value is the TTL of a reset to send instead.
    SilentDrop(Option<u8>),
    /// Run again from this rule, with [`Txn::woken`](crate::Txn::woken) set, when this has happened.
    Wait(Wait),
    /// Hand the message to an internal service (`use-service`), by index.
    Service(u32),
    /// QUIC's Retry packet is sent instead of a connection being opened.
    SendRetry,
    /// `expect-proxy`: a PROXY header must come before any other byte; then go on with the next rule.
    ExpectProxy,
    /// `expect-netscaler-cip`, likewise.
    ExpectNetscalerCip,
    /// `switch-mode http`: the connection is HTTP from here on, over this protocol where it is named.
    SwitchToHttp(Option<Arc<str>>),
    /// What was waited for has not come in time: whoever should have sent it is to blame, which is 408 for a request and 504 for a
    /// response.
    Late,
    /// The action failed and `strict-mode` is on: 500.
    Fail,
    /// What the action was given is broken, whatever `strict-mode` says: 500, an internal error.
    Broken,
    /// The message is not valid (`normalize-uri` with `strict`): 400.
    Invalid,
}
