//! `early-hint`: fields of a 103 response that goes before the real one.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::logformat::LogFormat;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "early-hint",
    rulesets: RuleSets::HTTP_REQ,
    doc: "Adds a field to the 103 response that is sent before any other.",
    ok: &["early-hint Link \"</a.css>; rel=preload\"", "early-hint X %[src] if TRUE"],
    bad: &["early-hint", "early-hint Link", "early-hint Link a b"],
    parse,
    ..ActionRow::BASE
}];

#[derive(Debug)]
struct EarlyHint {
    name: Box<[u8]>,
    value: LogFormat,
}

impl Action for EarlyHint {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.with_text(
            |env, out| {
                self.value.write(env, out);
                super::header::one_line(out);
            },
            |txn, value| txn.controls.early_hints.push((self.name.clone(), value.into())),
        );
        Effect::Continue
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let name = super::header::name(p, "exactly 2 arguments")?;
    let value = p.http_format("exactly 2 arguments")?;
    ParseAction::done(EarlyHint { name, value })
}
