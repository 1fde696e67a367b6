//! `set-status`: another status line for a response.

use std::sync::Arc;

use hapax_diag::Diagnostic;

use crate::errors::reason;
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "set-status",
    rulesets: RuleSets::HTTP_RES.union(RuleSets::HTTP_AFTER),
    doc: "Gives the response another status, with its standard reason or the one given.",
    ok: &["set-status 431", "set-status 503 reason \"Slow Down\" if TRUE", "set-status 999"],
    bad: &[
        "set-status",
        "set-status 99",
        "set-status 1000",
        "set-status ok",
        "set-status 200 reason",
        "set-status 200 OK",
    ],
    parse,
    ..ActionRow::BASE
}];

#[derive(Debug)]
struct SetStatus {
    status: u16,
    reason: Option<Box<[u8]>>,
}

impl Action for SetStatus {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if let Some(head) = txn.res.as_deref_mut() {
            head.status = self.status;
            head.set_reason(self.reason.as_deref().unwrap_or(reason(self.status).as_bytes()));
        }
        Effect::Continue
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let forms = "expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>";
    let word = p.next().ok_or_else(|| p.fail(&codes::MISSING_ARG, forms))?;
    let status = crate::parse::text(word).parse().unwrap_or(0);
    if !(100..=999).contains(&status) {
        return Err(p.bad("expects an integer status code between 100 and 999"));
    }
    let mut reason = None;
    let start = p.pos;
    if p.take("reason") {
        if p.at_end() {
            p.pos = start;
        } else {
            reason = p.next().map(|w| w.bytes.into());
        }
    }
    ParseAction::done(SetStatus { status, reason })
}
