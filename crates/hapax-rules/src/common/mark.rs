//! What the kernel is told of a connection's packets: marks and types of service, towards the client (`fc`) and the server (`bc`).

use std::sync::Arc;

use hapax_diag::Diagnostic;

use crate::amount::Amount;
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn};

const FRONT: RuleSets = RuleSets::TCP_ANY.union(RuleSets::HTTP_REQ).union(RuleSets::HTTP_RES);
const BACK: RuleSets = RuleSets::TCP_REQ.union(RuleSets::HTTP_REQ);

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "set-fc-mark",
        rulesets: FRONT,
        doc: "Sets the netfilter mark of the packets sent to the client.",
        ok: &["set-fc-mark 20", "set-fc-mark 0x14", "set-fc-mark int(3) if TRUE"],
        bad: &["set-fc-mark", "set-fc-mark 1x"],
        parse: |p| parse(p, Field::FcMark),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-mark",
        rulesets: FRONT,
        doc: "The older name of `set-fc-mark`.",
        ok: &["set-mark 20", "set-mark 0xff if TRUE"],
        bad: &["set-mark", "set-mark 1x"],
        parse: |p| parse(p, Field::FcMark),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-bc-mark",
        rulesets: BACK,
        doc: "Sets the netfilter mark of the packets sent to the server.",
        ok: &["set-bc-mark 20", "set-bc-mark int(3) if TRUE"],
        bad: &["set-bc-mark", "set-bc-mark 1x"],
        parse: |p| parse(p, Field::BcMark),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-fc-tos",
        rulesets: FRONT,
        doc: "Sets the type-of-service byte of the packets sent to the client.",
        ok: &["set-fc-tos 0x10", "set-fc-tos int(3) if TRUE"],
        bad: &["set-fc-tos", "set-fc-tos 1x"],
        parse: |p| parse(p, Field::FcTos),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-tos",
        rulesets: FRONT,
        doc: "The older name of `set-fc-tos`.",
        ok: &["set-tos 0x10", "set-tos 8 if TRUE"],
        bad: &["set-tos", "set-tos 1x"],
        parse: |p| parse(p, Field::FcTos),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-bc-tos",
        rulesets: BACK,
        doc: "Sets the type-of-service byte of the packets sent to the server.",
        ok: &["set-bc-tos 0x10", "set-bc-tos int(3) if TRUE"],
        bad: &["set-bc-tos", "set-bc-tos 1x"],
        parse: |p| parse(p, Field::BcTos),
        ..ActionRow::BASE
    },
];

#[derive(Clone, Copy, Debug)]
enum Field {
    FcMark,
    BcMark,
    FcTos,
    BcTos,
}

#[derive(Debug)]
struct SetField {
    field: Field,
    value: Amount,
}

impl Action for SetField {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if let Some(n) = self.value.get(&txn.env()) {
            let c = &mut *txn.controls;
            match self.field {
                Field::FcMark => c.fc_mark = Some(n as u32),
                Field::BcMark => c.bc_mark = Some(n as u32),
                Field::FcTos => c.fc_tos = Some(n as u8),
                Field::BcTos => c.bc_tos = Some(n as u8),
            }
        }
        Effect::Continue
    }
}

fn parse(p: &mut ParseAction<'_, '_>, field: Field) -> Result<Arc<dyn Action>, Diagnostic> {
    let value = Amount::integer(p)?;
    ParseAction::done(SetField { field, value })
}
