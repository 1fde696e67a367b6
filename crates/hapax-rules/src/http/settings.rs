//! Settings of the stream that HTTP rules change: `set-timeout`, `strict-mode`, `disable-l7-retry`.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_value::Millis;

use crate::amount::Amount;
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Side, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "set-timeout",
        rulesets: RuleSets::HTTP_REQ.union(RuleSets::HTTP_RES),
        doc: "Gives this stream another timeout: `client` in frontends; `connect`, `queue`, `server`, `tunnel` in backends; `tarpit`.",
        ok: &[
            "set-timeout server 10s",
            "set-timeout tarpit 5 if TRUE",
            "set-timeout tunnel int(5000)",
        ],
        bad: &[
            "set-timeout",
            "set-timeout server",
            "set-timeout server 0",
            "set-timeout check 5s",
            "set-timeout server 30d",
        ],
        parse: set_timeout,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "strict-mode",
        rulesets: RuleSets::HTTP_ANY,
        doc: "Whether a rewrite that fails, in a rule after this one, is an internal error (on, the default) or passed over (off).",
        ok: &["strict-mode on", "strict-mode OFF if TRUE"],
        bad: &["strict-mode", "strict-mode maybe"],
        parse: strict_mode,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "disable-l7-retry",
        rulesets: RuleSets::HTTP_REQ,
        doc: "The request is not sent again once a connection to a server was made.",
        ok: &["disable-l7-retry", "disable-l7-retry if TRUE"],
        bad: &["disable-l7-retry now"],
        parse: |_| ParseAction::done(DisableRetry),
        ..ActionRow::BASE
    },
];

/// The shortest of times.
const AT_ONCE: Millis = 1;

#[derive(Clone, Copy, Debug)]
enum Timeout {
    Client,
    Connect,
    Queue,
    Server,
    Tarpit,
    Tunnel,
}

#[derive(Debug)]
struct SetTimeout {
    which: Timeout,
    value: Amount,
}

impl Action for SetTimeout {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        // As in HAProxy, the low 32 bits count; what is negative has passed already.
        let Some(ms) = self.value.get(&txn.env()).map(|n| n as i32) else {
            return Effect::Continue;
        };
        let waits = matches!(self.which, Timeout::Connect | Timeout::Queue | Timeout::Tarpit);
        let ms = match Millis::try_from(ms) {
            Ok(0) if waits => AT_ONCE,
            Ok(ms) => ms,
            Err(_) => AT_ONCE,
        };
        // There is no limit of 0: it takes the one that there is away, unless there is one to fall back on later.
        let void = ms == 0 && txn.res.is_none() && matches!(self.which, Timeout::Server | Timeout::Tunnel);
        let c = &mut txn.stream.set;
        let slot = match self.which {
            Timeout::Client => &mut c.timeout_client,
            Timeout::Connect => &mut c.timeout_connect,
            Timeout::Queue => &mut c.timeout_queue,
            Timeout::Server => &mut c.timeout_server,
            Timeout::Tarpit => &mut c.timeout_tarpit,
            Timeout::Tunnel => &mut c.timeout_tunnel,
        };
        *slot = Some(ms).filter(|_| !void);
        Effect::Continue
    }
}

fn set_timeout(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    if p.words.len() < p.pos + 2 {
        return Err(p.fail(&codes::MISSING_ARG, "expects exactly 2 arguments"));
    }
    let name = p.need_text("exactly 2 arguments")?;
    let (which, side) = match name.as_str() {
        "client" => (Timeout::Client, Side::FRONTEND),
        "connect" => (Timeout::Connect, Side::BACKEND),
        "queue" => (Timeout::Queue, Side::BACKEND),
        "server" => (Timeout::Server, Side::BACKEND),
        "tunnel" => (Timeout::Tunnel, Side::BACKEND),
        "tarpit" => (Timeout::Tarpit, Side::all()),
        _ => {
            return Err(p.bad(format!(
                "'set-timeout' rule supports 'client'/'connect'/'queue'/'server'/'tarpit'/'tunnel' (got '{name}')"
            )));
        }
    };
    if !p.site.side.intersects(side | Side::DEFAULTS) {
        let what = if side == Side::BACKEND { "backend" } else { "frontend" };
        let text = format!("'{}' has no {what} capability", p.site.name);
        return Err(p.fail(&codes::WRONG_PLACE, text).at(p.last_span()));
    }
    let value = Amount::time(p, &format!("set-timeout {name}"))?;
    ParseAction::done(SetTimeout { which, value })
}

#[derive(Debug)]
struct StrictMode(bool);

impl Action for StrictMode {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.controls.lenient = !self.0;
        Effect::Continue
    }
}

fn strict_mode(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let word = p.need_text("exactly 1 arguments")?;
    if word.eq_ignore_ascii_case("on") || word.eq_ignore_ascii_case("off") {
        return ParseAction::done(StrictMode(word.eq_ignore_ascii_case("on")));
    }
    Err(p.bad(format!("Unexpected value '{word}'. Only 'on' and 'off' are supported")))
}

#[derive(Debug)]
struct DisableRetry;

impl Action for DisableRetry {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.controls.no_l7_retry = true;
        Effect::Continue
    }
}
