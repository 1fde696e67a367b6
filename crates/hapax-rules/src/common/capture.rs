//! `capture`: a sample kept for the log, in a slot of its own or in one declared before.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::Needs;
use hapax_sample::expr::Expr;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Side, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "capture",
    rulesets: RuleSets::TCP_REQ.union(RuleSets::HTTP_ANY),
    doc: "Keeps a sample, cut to a length, in a slot that logs show. Requests make a slot with `len`; `id` names one declared before.",
    ok: &["capture src len 40", "capture src,ipmask(24) len 15 if TRUE"],
    bad: &[
        "capture",
        "capture src",
        "capture src len",
        "capture src len 0",
        "capture src len x",
        "capture src size 3",
        "capture nofetch len 3",
    ],
    parse,
    ..ActionRow::BASE
}];

#[derive(Debug)]
struct Capture {
    expr: Expr,
    slot: usize,
    /// Longest length; `None`: as the slot was declared, which the frontend knows.
    len: Option<usize>,
    request: bool,
}

impl Action for Capture {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let len = self
            .len
            .or_else(|| txn.world.capture_len(txn.sess.frontend, self.request, self.slot));
        // A frontend without that slot: the rule is passed over.
        let Some(len) = len else { return Effect::Continue };
        let mut text = std::mem::take(&mut txn.controls.scratch);
        let found = self.expr.eval_str(&txn.env(), &mut text);
        let kept = found.then(|| Box::from(&text[..text.len().min(len)]));
        text.clear();
        txn.controls.scratch = text;
        if kept.is_some() {
            let (request, slot) = (self.request, self.slot);
            let mut caught = txn.vars.caught.borrow_mut();
            caught.retain(|c| (c.request, c.slot) != (request, slot));
            let slots = if self.request {
                &mut txn.stream.req_captures
            } else {
                &mut txn.stream.res_captures
            };
            if slots.len() <= self.slot {
                slots.resize(self.slot + 1, None);
            }
            slots[self.slot] = kept;
        }
        Effect::Continue
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let request = p.ruleset.intersects(RuleSets::TCP_REQ | RuleSets::HTTP_REQ);
    let http = p.ruleset.intersects(RuleSets::HTTP_ANY);
    if http
        && p.words
            .iter()
            .take(3)
            .take_while(|w| w.bytes != b"if" && w.bytes != b"unless")
            .count()
            < 3
    {
        let forms = if request {
            "expects <expression> [ 'len' <length> | id <idx> ]"
        } else {
            "expects <expression> id <idx>"
        };
        return Err(p.fail(&codes::MISSING_ARG, forms));
    }
    if !http && !p.site.side.intersects(Side::FRONTEND | Side::DEFAULTS) {
        let text = format!("proxy '{}' has no frontend capability", p.site.name);
        return Err(p.fail(&codes::WRONG_PLACE, text));
    }
    // Slots belong to frontends, so a backend's rule too must ask for what its frontends know.
    let place = match p.ruleset {
        RuleSets::TCP_REQ => p.place,
        RuleSets::HTTP_REQ => Needs::FE_HRQ_H,
        _ => Needs::FE_HRS_H,
    };
    let expr = p.expr_at(place)?;
    match p.next().map(|w| w.bytes) {
        Some(b"len") if request => with_slot(p, expr),
        Some(b"id") if http => {
            let word = p.need_text("an id value")?;
            let slot: usize = word.parse().map_err(|_| p.bad(format!("cannot parse id '{word}'")))?;
            p.site.named_captures.push((request, slot, p.name.span));
            let known = if request { &p.site.req_captures } else { &p.site.res_captures };
            let len = known.get(slot).map(|s| s.1);
            ParseAction::done(Capture { expr, slot, len, request })
        }
        Some(other) => {
            if !http {
                return Err(p.fail(&codes::MISSING_ARG, "a positive 'len' argument is mandatory"));
            }
            let forms = if request { "expects 'len' or 'id'" } else { "expects 'id'" };
            Err(p.bad(format!("{forms}, found '{}'", String::from_utf8_lossy(other))))
        }
        None => Err(p.fail(&codes::MISSING_ARG, "a positive 'len' argument is mandatory")),
    }
}

fn with_slot(p: &mut ParseAction<'_, '_>, expr: Expr) -> Result<Arc<dyn Action>, Diagnostic> {
    if !p.site.side.intersects(Side::FRONTEND | Side::DEFAULTS) {
        let text = format!("proxy '{}' has no frontend capability", p.site.name);
        return Err(p.fail(&codes::WRONG_PLACE, text));
    }
    let len = p.need_text("a length")?.parse().unwrap_or(0);
    if len == 0 {
        return Err(p.bad("length must be > 0"));
    }
    let slot = p.site.add_req_slot(len);
    ParseAction::done(Capture {
        expr,
        slot,
        len: Some(len),
        request: true,
    })
}
