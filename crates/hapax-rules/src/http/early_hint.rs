//! `early-hint`: fields of a 103 response that goes before the real one.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::logformat::LogFormat;

use crate::{Action, ActionRow, Effect, Hint, ParseAction, RuleSets, Txn};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "early-hint",
    rulesets: RuleSets::HTTP_REQ,
    doc: "Adds a field to a 103 response that is sent before any other. Rules without a condition that follow one another share it.",
    ok: &["early-hint Link \"</a.css>; rel=preload\"", "early-hint X %[src] if TRUE"],
    bad: &["early-hint", "early-hint Link", "early-hint Link a b"],
    parse,
    ..ActionRow::BASE
}];

#[derive(Debug)]
struct EarlyHint {
    name: Box<[u8]>,
    value: LogFormat,
    /// Where the rule stands among those of its section.
    rule: u32,
    /// The rule before may be one of these too, and this one has no condition: they share a response.
    joins: bool,
}

impl Action for EarlyHint {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.with_text(
            |env, out| {
                self.value.write(env, out);
                super::header::one_line(out);
            },
            |txn, value| {
                let hints = &mut txn.controls.early_hints;
                let joins = self.joins && hints.last().is_some_and(|h| h.rule + 1 == self.rule);
                hints.push(Hint {
                    starts: !joins,
                    rule: self.rule,
                    name: self.name.clone(),
                    value: value.into(),
                });
            },
        );
        Effect::Continue
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let name = super::header::name(p, "exactly 2 arguments")?;
    let value = p.http_format("exactly 2 arguments")?;
    ParseAction::done(EarlyHint {
        name,
        value,
        rule: p.site.rules,
        joins: p.peek().is_none(),
    })
}
