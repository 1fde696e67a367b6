//! The action row, the compiled action, and the rule that holds it.

use std::fmt;
use std::sync::Arc;

use bitflags::bitflags;
use hapax_diag::{Diagnostic, Span};
use hapax_sample::acl::Condition;
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
    pub parse: fn(&mut ParseAction<'_, '_>) -> Result<Box<dyn Action>, Diagnostic>,
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
    pub span: Span,
}
