//! The words that end a rule set without an answer: `accept` and `allow`, `reject`, `close`, `silent-drop`.

use std::sync::Arc;

use hapax_diag::Diagnostic;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "accept",
        rulesets: RuleSets::QUIC_INIT.union(RuleSets::TCP_ANY),
        doc: "Ends the rule set; the connection or message goes on. HTTP rules say `allow`.",
        ok: &["accept", "accept if TRUE"],
        bad: &["accept now"],
        parse: |_| ParseAction::done(Verdict::Accept),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "allow",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Ends the rule set; the message goes on. TCP rules say `accept`.",
        ok: &["allow", "allow unless FALSE"],
        bad: &["allow status 200"],
        parse: |_| ParseAction::done(Verdict::Accept),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "reject",
        rulesets: RuleSets::QUIC_INIT.union(RuleSets::TCP_ANY).union(RuleSets::HTTP_REQ),
        doc: "Closes the connection without an answer. In `tcp-request connection` rules no session is made or logged.",
        ok: &["reject", "reject if TRUE"],
        bad: &["reject status 403"],
        parse: |_| ParseAction::done(Verdict::Reject),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "close",
        rulesets: RuleSets::TCP_RES,
        doc: "Closes the connection to the server at once and ends the rule set.",
        ok: &["close", "close if TRUE"],
        bad: &["close all"],
        parse: |_| ParseAction::done(Verdict::Close),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "silent-drop",
        rulesets: RuleSets::TCP_ANY.union(RuleSets::HTTP_REQ).union(RuleSets::HTTP_RES),
        doc: "Forgets the client's connection without telling the client. `rst-ttl` sends a reset that lives that many hops.",
        ok: &["silent-drop", "silent-drop rst-ttl 4", "silent-drop rst-ttl 255 if TRUE"],
        bad: &[
            "silent-drop rst-ttl",
            "silent-drop rst-ttl 0",
            "silent-drop rst-ttl 256",
            "silent-drop hard",
        ],
        parse: silent_drop,
        ..ActionRow::BASE
    },
];

#[derive(Clone, Copy, Debug)]
enum Verdict {
    Accept,
    Reject,
    Close,
    SilentDrop(Option<u8>),
}

impl Action for Verdict {
    fn run(&self, _: &mut Txn<'_>) -> Effect {
        match self {
            Self::Accept => Effect::Accept,
            Self::Reject => Effect::Reject,
            Self::Close => Effect::Close,
            Self::SilentDrop(ttl) => Effect::SilentDrop(*ttl),
        }
    }

    fn is_final(&self) -> bool {
        true
    }
}

fn silent_drop(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    if !p.take("rst-ttl") {
        return ParseAction::done(Verdict::SilentDrop(None));
    }
    let word = p
        .next()
        .map(crate::parse::text)
        .ok_or_else(|| p.fail(&crate::codes::MISSING_ARG, "missing rst-ttl value"))?;
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &word[digits..];
    if !rest.is_empty() || word.is_empty() {
        return Err(p.bad(format!("invalid character starting at '{rest}' (value 1-255 expected)")));
    }
    match word.parse() {
        Ok(ttl @ 1..) => ParseAction::done(Verdict::SilentDrop(Some(ttl))),
        _ => Err(p.bad("valid rst-ttl values are [1-255]")),
    }
}
