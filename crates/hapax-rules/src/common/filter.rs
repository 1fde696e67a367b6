//! Actions that reach into a filter or a service: `set-bandwidth-limit`, `send-spoe-group`, `use-service`, `do-log`.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::{NameKind, NameRef};
use hapax_value::{Duration, Support, TimeUnit, parse_size};

use crate::amount::Amount;
use crate::txn::Bandwidth;
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, Wait, Woken, codes};

const CONTENT: RuleSets = RuleSets::TCP_REQ
    .union(RuleSets::TCP_RES)
    .union(RuleSets::HTTP_REQ)
    .union(RuleSets::HTTP_RES);

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "set-bandwidth-limit",
        rulesets: CONTENT,
        doc: "Turns a bandwidth limitation filter on for this stream, with its own limit (bytes) and period (milliseconds) or others.",
        ok: &[
            "set-bandwidth-limit slow",
            "set-bandwidth-limit slow limit 1m period 10s if TRUE",
            "set-bandwidth-limit slow limit int(500)",
        ],
        bad: &[
            "set-bandwidth-limit",
            "set-bandwidth-limit slow limit",
            "set-bandwidth-limit slow limit x",
            "set-bandwidth-limit slow 5",
        ],
        support: Support::Full,
        parse: set_bandwidth_limit,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "send-spoe-group",
        rulesets: CONTENT,
        doc: "Sends a group of messages of an SPOE engine.",
        ok: &["send-spoe-group engine group", "send-spoe-group e g if TRUE"],
        bad: &["send-spoe-group", "send-spoe-group e", "send-spoe-group e g h"],
        support: Support::NotYet("SPOE"),
        parse: send_spoe_group,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "use-service",
        rulesets: RuleSets::TCP_REQ.union(RuleSets::HTTP_REQ),
        doc: "Lets a built-in service answer: `prometheus-exporter`, in HTTP rules. Those of Lua scripts are not run yet, and told.",
        ok: &["use-service prometheus-exporter", "use-service prometheus-exporter if TRUE"],
        bad: &["use-service", "use-service nothing"],
        parse: use_service,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "do-log",
        rulesets: RuleSets::QUIC_INIT.union(RuleSets::TCP_ANY).union(RuleSets::HTTP_ANY),
        doc: "Writes a log line now, beside the one at the end; `profile` names the log profile to write it with.",
        ok: &["do-log", "do-log if TRUE", "do-log profile p"],
        bad: &["do-log profile", "do-log p"],
        parse: do_log,
        ..ActionRow::BASE
    },
];

#[derive(Debug)]
struct SetBandwidthLimit {
    filter: Arc<NameRef>,
    limit: Option<Amount>,
    period: Option<Amount>,
}

impl Action for SetBandwidthLimit {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let Some(filter) = self.filter.id.get() else {
            return Effect::Continue;
        };
        let env = txn.env();
        let number = |a: &Option<Amount>| a.as_ref().and_then(|a| a.get(&env)).and_then(|n| u64::try_from(n).ok());
        let (limit, period) = (number(&self.limit), number(&self.period));
        let filter = *filter as u32;
        // The last rule for a filter counts, and forgets what those before it said.
        txn.controls.bandwidth.retain(|b| b.filter != filter);
        txn.controls.bandwidth.push(Bandwidth { filter, limit, period });
        Effect::Continue
    }
}

fn set_bandwidth_limit(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let word = p.next().ok_or_else(|| p.fail(&codes::MISSING_ARG, "missing bwlim filter name"))?;
    let filter = p.defer(NameKind::Filter, word);
    let (mut limit, mut period) = (None, None);
    loop {
        if p.take("limit") {
            let fixed = |b: &[u8]| parse_size(b, u64::from(u32::MAX)).ok();
            limit = Some(setting(p, "limit", fixed)?);
        } else if p.take("period") {
            let fixed = |b: &[u8]| Duration::parse(b, TimeUnit::Ms).ok().map(|t| t.value.millis());
            period = Some(setting(p, "period", fixed)?);
        } else {
            break;
        }
    }
    ParseAction::done(SetBandwidthLimit { filter, limit, period })
}

fn setting(p: &mut ParseAction<'_, '_>, name: &str, fixed: impl Fn(&[u8]) -> Option<u64>) -> Result<Amount, Diagnostic> {
    let word = p
        .peek()
        .ok_or_else(|| p.fail(&codes::MISSING_ARG, format!("missing {name} value or expression")))?;
    if let Some(n) = fixed(word.bytes) {
        p.pos += 1;
        return Ok(Amount::Fixed(n as i64));
    }
    Ok(Amount::Of(p.expr()?))
}

#[derive(Debug)]
struct SendSpoeGroup {
    engine: Arc<NameRef>,
    group: Arc<str>,
}

impl Action for SendSpoeGroup {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        match self.engine.id.get() {
            Some(id) if txn.woken == Woken::No => Effect::Wait(Wait::Spoe {
                engine: *id as u32,
                group: self.group.clone(),
            }),
            _ => Effect::Continue,
        }
    }
}

fn send_spoe_group(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let forms = "expects 2 arguments: <engine-id> <group-id>";
    let pair = p.next().zip(p.next());
    let (engine, group) = pair.filter(|_| p.at_end()).ok_or_else(|| p.fail(&codes::MISSING_ARG, forms))?;
    let engine = p.defer(NameKind::Engine, engine);
    let group = crate::parse::text(group).into();
    ParseAction::done(SendSpoeGroup { engine, group })
}

/// The services there are, by index.
pub static SERVICES: &[&str] = &["prometheus-exporter"];

#[derive(Debug)]
struct UseService(u32);

impl Action for UseService {
    fn run(&self, _: &mut Txn<'_>) -> Effect {
        Effect::Service(self.0)
    }

    fn is_final(&self) -> bool {
        true
    }
}

/// A service of a Lua script: nothing runs it yet.
#[derive(Debug)]
struct Scripted;

impl Action for Scripted {
    fn run(&self, _: &mut Txn<'_>) -> Effect {
        Effect::Fail
    }

    fn is_final(&self) -> bool {
        true
    }
}

fn use_service(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let set = p.ruleset.keyword();
    let name = p
        .next()
        .ok_or_else(|| p.fail(&codes::MISSING_ARG, format!("'{set}' expects a service name.")))?;
    let text = crate::parse::text(name);
    if text.starts_with("lua.") && p.site.scripts {
        p.warn(format!("service '{text}' is accepted but not acted on yet: Lua scripts"));
        return ParseAction::done(Scripted);
    }
    let known = SERVICES.iter().position(|s| s.as_bytes() == name.bytes);
    let index = known.ok_or_else(|| {
        let d = p.bad(format!("'{text}' unknown service name."));
        if text.starts_with("lua.") {
            d.help("Lua scripts are not run, so that what they register is not there")
        } else {
            d
        }
    })?;
    if p.ruleset != RuleSets::HTTP_REQ {
        return Err(p
            .fail(
                &codes::WRONG_PLACE,
                "Prometheus exporter service only available on 'http-request' rulesets",
            )
            .at(name.span));
    }
    ParseAction::done(UseService(index as u32))
}

#[derive(Debug)]
struct DoLog {
    profile: Option<Arc<NameRef>>,
    origin: &'static str,
}

impl Action for DoLog {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if txn.woken != Woken::No {
            return Effect::Continue;
        }
        let profile = self.profile.as_ref().and_then(|p| p.id.get()).map(|id| *id as u32);
        Effect::Wait(Wait::Log {
            profile,
            origin: self.origin,
        })
    }
}

fn do_log(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let profile = if p.take("profile") {
        let text = format!("action '{}': 'profile' expects argument.", p.word());
        let word = p.next().ok_or_else(|| p.fail(&codes::MISSING_ARG, text))?;
        Some(p.defer(NameKind::LogProfile, word))
    } else {
        None
    };
    let origin = match p.ruleset {
        RuleSets::QUIC_INIT => "quic-init",
        RuleSets::TCP_CONN => "tcp-req-conn",
        RuleSets::TCP_SESS => "tcp-req-sess",
        RuleSets::TCP_REQ => "tcp-req-cont",
        RuleSets::TCP_RES => "tcp-res-cont",
        RuleSets::HTTP_REQ => "http-req",
        RuleSets::HTTP_RES => "http-res",
        _ => "http-after-res",
    };
    ParseAction::done(DoLog { profile, origin })
}
