//! The action row, the compiled action, and the rule that holds it.

use std::fmt;
use std::sync::Arc;

use bitflags::bitflags;
use hapax_diag::{Diagnostic, Span};
use hapax_sample::acl::Condition;
use hapax_sample::acl::gate::{Gated, gates};
use hapax_value::Support;

use crate::{Effect, ParseAction, Txn};

bitflags! {
    /// The rule sets that take an action (manual, 4.3).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct RuleSets: u16 {
        const QUIC_INIT = 1 << 0;
        const TCP_CONN  = 1 << 1;
        const TCP_SESS  = 1 << 2;
        const TCP_REQ   = 1 << 3;
        const TCP_RES   = 1 << 4;
        const HTTP_REQ  = 1 << 5;
        const HTTP_RES  = 1 << 6;
        const HTTP_AFTER= 1 << 7;
        const TCP_ANY   = Self::TCP_CONN.bits() | Self::TCP_SESS.bits() | Self::TCP_REQ.bits() | Self::TCP_RES.bits();
        const HTTP_ANY  = Self::HTTP_REQ.bits() | Self::HTTP_RES.bits() | Self::HTTP_AFTER.bits();
        const RESPONSE  = Self::TCP_RES.bits() | Self::HTTP_RES.bits() | Self::HTTP_AFTER.bits();
    }
}

impl RuleSets {
    /// The words that start a rule of this (single) set.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::QUIC_INIT => "quic-initial",
            Self::TCP_CONN => "tcp-request connection",
            Self::TCP_SESS => "tcp-request session",
            Self::TCP_REQ => "tcp-request content",
            Self::TCP_RES => "tcp-response content",
            Self::HTTP_REQ => "http-request",
            Self::HTTP_RES => "http-response",
            _ => "http-after-response",
        }
    }
}

/// One word that a rule may do (manual, 4.4).
pub struct ActionRow {
    /// As written; `*` at the end: any suffix (`track-sc*`).
    pub name: &'static str,
    pub rulesets: RuleSets,
    pub doc: &'static str,
    /// Whole rules without the rule set's own word: `deny deny_status 429`.
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
    pub support: Support,
    /// Needs `expose-experimental-directives`.
    pub experimental: bool,
    pub parse: fn(&mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic>,
}

impl ActionRow {
    /// What most rows have in common; every row names the rest.
    pub(crate) const BASE: Self = Self {
        name: "",
        rulesets: RuleSets::empty(),
        doc: "",
        ok: &[],
        bad: &[],
        support: Support::Full,
        experimental: false,
        parse: |p| Err(p.bad("has no parser")),
    };
}

/// A compiled action.
pub trait Action: fmt::Debug + Send + Sync {
    fn run(&self, txn: &mut Txn<'_>) -> Effect;

    /// Whether nothing after an unconditional rule of this action is ever reached.
    fn is_final(&self) -> bool {
        false
    }

    /// Readable form for `hapax explain`.
    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

/// `action [args] [if|unless cond]`, ready to run. Shared, because the rules of a `defaults` section are run by every proxy
/// that names it.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: &'static str,
    pub action: Arc<dyn Action>,
    pub cond: Option<Arc<Condition>>,
    /// Tells of those behind it that cannot hold either, where it stands among many that ask alike.
    pub gate: Option<Gated>,
    pub span: Span,
}

impl Rule {
    /// Puts gates before the runs among these rules, once all that their conditions name is known.
    pub fn gate(rules: &mut [Self]) {
        let conditions: Vec<_> = rules.iter().map(|r| r.cond.clone()).collect();
        for (rule, gate) in rules.iter_mut().zip(gates(&conditions)) {
            rule.gate = gate;
        }
    }
}
