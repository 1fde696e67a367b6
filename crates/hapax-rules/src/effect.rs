//! What an action answers.

use hapax_value::Millis;

/// A response that the proxy itself gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Empty: the standard reason of `status`.
    pub reason: Vec<u8>,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
    /// `true`: use the proxy's error message for `status` (errorfile, http-errors, built-in); `fields` and `body` are ignored.
    pub from_errors: bool,
}

/// What must happen before the rule set goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// More bytes of the direction looked at, or its end.
    More,
    /// `wait-for-body`: so many bytes (or the end), at most for that long.
    Body { time: Millis, at_least: u64 },
    /// `pause`
    Time(Millis),
    /// `wait-for-handshake`
    Handshake,
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
    /// Close both ways without a word (`reject`, tcp `close`).
    Reject,
    /// Forget the connection without telling the client.
    SilentDrop,
    /// The rule is to be evaluated again when this has happened.
    Wait(Wait),
    /// Hand the message to an internal service (`use-service`), by index.
    Service(u32),
    /// The action failed and `strict-mode` is on: 500.
    Fail,
}
