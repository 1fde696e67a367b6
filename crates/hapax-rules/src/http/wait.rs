//! What makes a message wait: `pause`, `wait-for-body`, `wait-for-handshake`.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_value::{Duration, Millis, Support, TimeError, TimeUnit, parse_size};

use crate::amount::Amount;
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, Wait, Woken, codes};

const BOTH: RuleSets = RuleSets::HTTP_REQ.union(RuleSets::HTTP_RES);

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "pause",
        rulesets: BOTH,
        doc: "Holds the message for a time, given or computed (in milliseconds). No time, or a negative one: no pause.",
        ok: &["pause 10", "pause 1s if TRUE", "pause int(5),mul(2)"],
        bad: &["pause", "pause 0", "pause 30d", "pause soon"],
        parse: |p| {
            let time = Amount::time(p, "pause")?;
            ParseAction::done(Pause(time))
        },
        ..ActionRow::BASE
    },
    ActionRow {
        name: "wait-for-body",
        rulesets: BOTH,
        doc: "Holds the message until its body, or so many bytes of it, has come; after the time a request is answered with 408.",
        ok: &[
            "wait-for-body time 1s",
            "wait-for-body time 100 at-least 1k if TRUE",
            "wait-for-body at-least 5 time 0",
            "wait-for-body time 1s use-large-buffer",
        ],
        bad: &[
            "wait-for-body",
            "wait-for-body at-least 1k",
            "wait-for-body time",
            "wait-for-body time x",
            "wait-for-body time 1s at-least 1x",
            "wait-for-body 1s",
        ],
        parse: wait_for_body,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "wait-for-handshake",
        rulesets: RuleSets::HTTP_REQ,
        doc: "Holds a request that came as TLS early data until the handshake is over.",
        ok: &["wait-for-handshake", "wait-for-handshake if TRUE"],
        bad: &["wait-for-handshake 1s"],
        support: Support::NoEffect("early data is not accepted, so that every request comes after its handshake"),
        parse: |_| ParseAction::done(WaitForHandshake),
        ..ActionRow::BASE
    },
];

#[derive(Debug)]
struct Pause(Amount);

impl Action for Pause {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if txn.woken != Woken::No {
            return Effect::Continue;
        }
        match self.0.get(&txn.env()).and_then(|ms| Millis::try_from(ms).ok()) {
            Some(ms) if ms > 0 => Effect::Wait(Wait::Time(ms)),
            _ => Effect::Continue,
        }
    }
}

#[derive(Debug)]
struct WaitForBody {
    time: Millis,
    /// 0: all of it.
    at_least: u64,
    large: bool,
    request: bool,
}

impl Action for WaitForBody {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let body = if self.request { txn.req_body } else { txn.res_body };
        let here = body.bytes.len() as u64;
        let enough = body.complete || body.announced.is_some_and(|n| here >= n) || (self.at_least > 0 && here >= self.at_least);
        match txn.woken {
            _ if enough => Effect::Continue,
            // A full buffer holds no more: what is there must do.
            Woken::Done => Effect::Continue,
            Woken::TimedOut => Effect::Late,
            Woken::No => Effect::Wait(Wait::Body {
                time: self.time,
                at_least: self.at_least,
                large: self.large,
            }),
        }
    }
}

fn wait_for_body(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let forms = "expects time <time> [ at-least <bytes> ]";
    let mut time = None;
    let mut at_least = 0;
    let mut large = false;
    loop {
        if p.take("time") {
            let word = p.next().ok_or_else(|| p.fail(&codes::MISSING_ARG, "missing argument for 'time'"))?;
            let parsed = Duration::parse(word.bytes, TimeUnit::Ms);
            time = Some(parsed.map_err(|e| p.bad(time_error(e)))?.value.millis());
        } else if p.take("at-least") {
            let word = p
                .next()
                .ok_or_else(|| p.fail(&codes::MISSING_ARG, "missing argument for 'at-least'"))?;
            at_least = parse_size(word.bytes, u64::from(u32::MAX)).map_err(|e| p.bad(e.to_string()))?;
        } else if p.take("use-large-buffer") {
            large = true;
        } else {
            break;
        }
    }
    let time = time.ok_or_else(|| p.fail(&codes::MISSING_ARG, forms))?;
    // No time at all is no limit.
    let time = if time == 0 { Millis::MAX >> 1 } else { time };
    let request = p.ruleset == RuleSets::HTTP_REQ;
    ParseAction::done(WaitForBody {
        time,
        at_least,
        large,
        request,
    })
}

fn time_error(e: TimeError) -> String {
    match e {
        TimeError::Overflow => "time overflow (maximum value is 2147483647 ms or ~24.8 days)".into(),
        other => other.to_string(),
    }
}

#[derive(Debug)]
struct WaitForHandshake;

impl Action for WaitForHandshake {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if txn.woken == Woken::No && txn.sess.tls.as_ref().is_some_and(|t| t.handshaking) {
            Effect::Wait(Wait::Handshake)
        } else {
            Effect::Continue
        }
    }
}
