//! `cache-use` and `cache-store`: answers from and into a cache section.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::{NameKind, NameRef};
use hapax_value::Support;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, Wait, Woken, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "cache-use",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Answers from a cache where it has the object, and lets the response be stored where it has not.",
        ok: &["cache-use c", "cache-use c no-early-hints if TRUE"],
        bad: &["cache-use", "cache-use if TRUE", "cache-use c now"],
        support: Support::NotYet("caches"),
        parse: |p| {
            let cache = name(p)?;
            // Hints are part of the cache's answer.
            let hints = !p.take("no-early-hints");
            ParseAction::done(Use { cache, hints })
        },
        ..ActionRow::BASE
    },
    ActionRow {
        name: "cache-store",
        rulesets: RuleSets::HTTP_RES,
        doc: "Stores the response in a cache, with its fields as they are now.",
        ok: &["cache-store c", "cache-store c if TRUE"],
        bad: &["cache-store", "cache-store if TRUE", "cache-store c now"],
        support: Support::NotYet("caches"),
        parse: |p| {
            let cache = name(p)?;
            ParseAction::done(Store { cache })
        },
        ..ActionRow::BASE
    },
];

fn name(p: &mut ParseAction<'_, '_>) -> Result<Arc<NameRef>, Diagnostic> {
    if p.at_end() {
        return Err(p.fail(&codes::MISSING_ARG, "expects a cache name"));
    }
    let word = p.need("a cache name")?;
    Ok(p.defer(NameKind::Cache, word))
}

#[derive(Debug)]
struct Use {
    cache: Arc<NameRef>,
    hints: bool,
}

impl Action for Use {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        match self.cache.id.get() {
            Some(id) if txn.woken == Woken::No => Effect::Wait(Wait::Cache {
                cache: *id as u32,
                hints: self.hints,
            }),
            _ => Effect::Continue,
        }
    }
}

#[derive(Debug)]
struct Store {
    cache: Arc<NameRef>,
}

impl Action for Store {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.controls.cache_store = self.cache.id.get().map(|id| *id as u32);
        Effect::Continue
    }
}
