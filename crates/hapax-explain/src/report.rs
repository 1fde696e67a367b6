//! What was found out: plain data, for people ([`render`](crate::render)), for programs (JSON) and for tests.

use std::collections::BTreeMap;

use hapax_diag::Span;
use serde::Serialize;

/// The whole way of a request.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The request as it came in.
    pub request: String,
    pub frontend: Option<String>,
    /// The bind line that takes it, as `address:port` and its place.
    pub bind: Option<String>,
    pub steps: Vec<Step>,
    /// What variables hold at the end, by scope and name (`txn.x`).
    pub variables: BTreeMap<String, String>,
    pub outcome: Outcome,
    /// Every named ACL that was looked at, by its first line, and whether it matched.
    #[serde(skip)]
    pub(crate) acls: Vec<(Span, bool)>,
}

/// One thing that happens on the way.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// A rule set is entered.
    Enter {
        set: &'static str,
        proxy: String,
    },
    Rule(RuleReport),
    /// Anything else worth knowing: a backend chosen, a cookie read.
    Note {
        text: String,
        place: Option<String>,
    },
}

/// One rule, taken or not.
#[derive(Clone, Debug, Serialize)]
pub struct RuleReport {
    pub set: &'static str,
    pub proxy: String,
    /// `file:line`
    pub place: String,
    /// The line as written.
    pub text: String,
    pub condition: Option<ConditionReport>,
    pub taken: bool,
    /// What it came to, where it is more than going on.
    pub effect: Option<String>,
    /// What it changed.
    pub edits: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ConditionReport {
    pub unless: bool,
    pub holds: bool,
    /// Alternatives, as far as they were looked at.
    pub alternatives: Vec<Vec<TestReport>>,
}

/// One ACL.
#[derive(Clone, Debug, Serialize)]
pub struct TestReport {
    pub acl: Option<String>,
    /// Where an ACL with a name stands, as `file:line`: its first line.
    pub place: Option<String>,
    pub negated: bool,
    /// Of the ACL, its negation included.
    pub holds: bool,
    /// Each expression with the values that were compared.
    pub samples: Vec<SampleReport>,
}

#[derive(Clone, Debug, Serialize)]
pub struct SampleReport {
    pub expression: String,
    /// The line of an ACL with a name, where it has several.
    pub place: Option<String>,
    /// What stands behind the name of an ACL in that line: the expression and what it is compared with.
    pub written: Option<String>,
    pub values: Vec<String>,
    pub matches: bool,
}

/// Where it ends.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// `server`, `response`, `reject`, `drop`, `service`, `refused`.
    pub kind: &'static str,
    /// What it came to, in a sentence.
    pub text: String,
    pub backend: Option<String>,
    pub server: Option<String>,
    /// Servers that may take it, where the algorithm depends on more than the request.
    pub candidates: Vec<String>,
    pub balance: Option<String>,
    /// The bytes that a hash is made of.
    pub balance_key: Option<String>,
    /// The request as the server gets it.
    pub sent: Option<Message>,
    /// The response as the client gets it.
    pub response: Option<Message>,
    /// The rule that decided, as `file:line`.
    pub rule: Option<String>,
}

/// A message, head and body as text.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Message {
    /// Of a request.
    pub method: Option<String>,
    pub uri: Option<String>,
    /// Of a response.
    pub status: Option<u16>,
    pub reason: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Message {
    /// Values of every field of that name, in any case.
    pub fn values<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }
}
