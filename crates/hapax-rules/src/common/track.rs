//! Sticky counters: `track-sc*` follows a stick-table entry, `sc-*` change the entry that is followed.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::acl::Token;
use hapax_sample::expr::Expr;
use hapax_sample::{Absent, Keyed, KeyedBy, NameKind, NameRef, TableChange, TrackStart};

use crate::amount::{Amount, c_integer};
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, Wait, codes};

const REQUESTS: RuleSets = RuleSets::TCP_CONN
    .union(RuleSets::TCP_SESS)
    .union(RuleSets::TCP_REQ)
    .union(RuleSets::HTTP_REQ)
    .union(RuleSets::HTTP_RES);
const ANY: RuleSets = RuleSets::TCP_ANY.union(RuleSets::HTTP_ANY);

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "track-sc*",
        rulesets: REQUESTS,
        doc: "Follows the entry of a key in a stick table with the sticky counter of that number; the first rule that runs wins.",
        ok: &["track-sc0 src", "track-sc2 src table t if TRUE", "track-sc1 src,ipmask(24)"],
        bad: &[
            "track-sc-1 src",
            "track-sc3 src",
            "track-scx src",
            "track-sc0",
            "track-sc0 src table",
            "track-sc0 src t",
        ],
        parse: track,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "sc-inc-gpc*",
        rulesets: ANY,
        doc: "Adds one to the general-purpose counter at an index, of the entry that a sticky counter follows.",
        ok: &["sc-inc-gpc(0,1)", "sc-inc-gpc(12,0) if TRUE"],
        bad: &[
            "sc-inc-gpc",
            "sc-inc-gpc(0)",
            "sc-inc-gpc(0,3)",
            "sc-inc-gpc(0,1",
            "sc-inc-gpc2(0)",
            "sc-inc-gpc(0,1) 5",
        ],
        parse: |p| change(p, "sc-inc-gpc", Kind::AddGpc),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "sc-inc-gpc0*",
        rulesets: ANY,
        doc: "Adds one to the first general-purpose counter of the entry that a sticky counter (by default 0) follows.",
        ok: &["sc-inc-gpc0", "sc-inc-gpc0(1) if TRUE"],
        bad: &["sc-inc-gpc0(3)", "sc-inc-gpc0(1", "sc-inc-gpc0x", "sc-inc-gpc0(0) 5"],
        parse: |p| change(p, "sc-inc-gpc0", Kind::IncGpc01(0)),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "sc-inc-gpc1*",
        rulesets: ANY,
        doc: "Adds one to the second general-purpose counter of the entry that a sticky counter (by default 0) follows.",
        ok: &["sc-inc-gpc1", "sc-inc-gpc1(1) if TRUE"],
        bad: &["sc-inc-gpc1(3)", "sc-inc-gpc1(1", "sc-inc-gpc1x"],
        parse: |p| change(p, "sc-inc-gpc1", Kind::IncGpc01(1)),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "sc-add-gpc*",
        rulesets: ANY,
        doc: "Adds a number, given or computed, to the general-purpose counter at an index.",
        ok: &["sc-add-gpc(0,1) 5", "sc-add-gpc(0,0) int(3) if TRUE"],
        bad: &["sc-add-gpc 5", "sc-add-gpc(0) 5", "sc-add-gpc(0,3) 5", "sc-add-gpc(0,1) x"],
        parse: |p| change(p, "sc-add-gpc", Kind::AddGpc),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "sc-set-gpt*",
        rulesets: ANY,
        doc: "Sets the general-purpose tag at an index to a number, given or computed.",
        ok: &["sc-set-gpt(0,1) 5", "sc-set-gpt(0,0) int(3) if TRUE"],
        bad: &["sc-set-gpt 5", "sc-set-gpt(0) 5", "sc-set-gpt(0,3) 5", "sc-set-gpt(0,1) x"],
        parse: |p| change(p, "sc-set-gpt", Kind::SetGpt),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "sc-set-gpt0*",
        rulesets: ANY,
        doc: "Sets the first general-purpose tag to a number, given or computed.",
        ok: &["sc-set-gpt0 5", "sc-set-gpt0(1) int(3) if TRUE"],
        bad: &["sc-set-gpt0(3) 5", "sc-set-gpt0(1 5", "sc-set-gpt0(1) x"],
        parse: |p| change(p, "sc-set-gpt0", Kind::SetGpt0),
        ..ActionRow::BASE
    },
];

#[derive(Debug)]
struct TrackEntry {
    sc: u8,
    key: Expr,
    table: Arc<NameRef>,
    /// Followed until the stream ends, not the connection.
    stream: bool,
}

impl Action for TrackEntry {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let env = txn.env();
        if env.track(self.sc).is_some() {
            return Effect::Continue;
        }
        let Some(table) = self.table.id.get() else {
            return Effect::Continue;
        };
        let start = TrackStart {
            request: self.stream && env.req.is_some(),
            status: env.res.map_or(0, |r| r.status),
        };
        let entry = match self.key.eval(&env) {
            Ok(key) => env.world.track(*table as u32, key, start, env.now),
            Err(Absent::NotYet) if !txn.no_more => return Effect::Wait(Wait::More),
            Err(_) => None,
        };
        if let Some(entry) = entry {
            let tracks = if self.stream {
                &mut txn.stream.tracks
            } else {
                &mut txn.sess.tracks
            };
            tracks.push((self.sc, entry));
        }
        Effect::Continue
    }
}

fn track(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let word = p.word();
    let number = word.strip_prefix("track-sc").unwrap_or_default();
    // No number is the first one.
    let sc = if number.is_empty() { Ok(0) } else { number.parse() };
    let sc = sc.map_err(|_| p.fail(&codes::BAD_ARG, format!("Wrong track-sc number '{number}'")))?;
    if p.site.counters > 0 && sc >= p.site.counters {
        let most = p.site.counters - 1;
        let text = format!("{sc} track-sc number exceeding {most} (tune.stick-counters-1) value");
        return Err(p.fail(&codes::BAD_ARG, text));
    }
    check_counter(p, sc)?;
    let key = p.expr()?;
    let table = if p.take("table") {
        let name = p
            .next()
            .filter(|w| !w.bytes.is_empty())
            .ok_or_else(|| p.fail(&codes::MISSING_ARG, "missing table name"))?;
        p.defer(NameKind::Table, name)
    } else {
        let own = Token {
            bytes: b"",
            span: p.name.span,
        };
        p.defer(NameKind::Table, own)
    };
    let _ = table.keyed.set(Keyed {
        out: key.out(),
        by: KeyedBy::Track(word.into()),
    });
    let stream = !p.ruleset.intersects(RuleSets::TCP_CONN | RuleSets::TCP_SESS);
    ParseAction::done(TrackEntry { sc, key, table, stream })
}

fn check_counter(p: &ParseAction<'_, '_>, sc: u8) -> Result<(), Diagnostic> {
    let word = p.word();
    match p.site.counters {
        0 => {
            let text = format!("Cannot use '{word}', stick-counters are disabled via tune.stick-counters");
            Err(p.fail(&codes::WRONG_PLACE, text))
        }
        n if sc >= n => {
            let shown = if word.starts_with("sc-inc-gpc0") || word.starts_with("sc-inc-gpc1") {
                String::new()
            } else {
                format!(" '{word}'")
            };
            let text = format!(
                "invalid stick table track ID{shown}. The max allowed ID is {} (tune.stick-counters)",
                n - 1
            );
            Err(p.fail(&codes::BAD_ARG, text))
        }
        _ => Ok(()),
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    IncGpc01(u8),
    AddGpc,
    SetGpt,
    SetGpt0,
}

#[derive(Debug)]
struct ChangeEntry {
    kind: Kind,
    idx: u8,
    sc: u8,
    value: Amount,
}

impl Action for ChangeEntry {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let env = txn.env();
        if let Some(entry) = env.track(self.sc)
            && let Some(n) = self.value.get(&env)
        {
            let n = n as u32;
            let change = match self.kind {
                Kind::IncGpc01(which) => TableChange::IncGpc01(which),
                Kind::AddGpc => TableChange::AddGpc(self.idx, n),
                Kind::SetGpt => TableChange::SetGpt(self.idx, n),
                Kind::SetGpt0 => TableChange::SetGpt0(n),
            };
            env.world.update(entry, change, env.now);
        }
        Effect::Continue
    }
}

fn change(p: &mut ParseAction<'_, '_>, stem: &str, kind: Kind) -> Result<Arc<dyn Action>, Diagnostic> {
    let (idx, sc) = numbers(p, stem, matches!(kind, Kind::AddGpc | Kind::SetGpt))?;
    check_counter(p, sc)?;
    let value = if stem.starts_with("sc-inc") { Amount::Fixed(1) } else { value(p)? };
    ParseAction::done(ChangeEntry { kind, idx, sc, value })
}

/// The numbers in the parentheses: `(index,counter)`, or `(counter)` and nothing at all where there is no index. A number that is
/// left out is 0.
fn numbers(p: &ParseAction<'_, '_>, stem: &str, indexed: bool) -> Result<(u8, u8), Diagnostic> {
    let word = p.word();
    if !indexed && word == stem {
        return Ok((0, 0));
    }
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse().ok() };
    let inside = word[stem.len()..].strip_prefix('(');
    let parts = inside.and_then(|i| i.split_once(',')).filter(|_| indexed);
    let parsed = match (indexed, parts) {
        (true, Some((idx, sc))) => number(idx).zip(sc.strip_suffix(')').and_then(number)),
        (true, None) => None,
        (false, _) => p.glued(stem).and_then(|i| i.parse().ok()).map(|sc| (0, sc)),
    };
    parsed.ok_or_else(|| {
        p.fail(
            &codes::BAD_ARG,
            misnumbered(stem, &word, inside, parts.map(|(idx, _)| number(idx).is_some())),
        )
    })
}

/// What is wrong with the numbers, as HAProxy says it of each word. `index`: there is one, and whether it is a number.
fn misnumbered(stem: &str, word: &str, inside: Option<&str>, index: Option<bool>) -> String {
    let what = if stem == "sc-set-gpt" { "gpt" } else { "gpc" };
    let form = match stem {
        "sc-inc-gpc" | "sc-add-gpc" => "<GPC ID>,<Track ID>",
        "sc-set-gpt" => "<GPT ID>,<Track ID>",
        _ => "<Track ID>",
    };
    match stem {
        "sc-inc-gpc0" | "sc-inc-gpc1" => format!("invalid stick table track ID. Expects {word}({form})"),
        "sc-add-gpc" if inside.is_none() => format!("Missing or invalid arguments for '{word}'. Expects {stem}({form})"),
        "sc-add-gpc" if index != Some(true) => format!("Missing gpc ID. Expects {word}({form})"),
        "sc-inc-gpc" | "sc-set-gpt" if inside.is_none() => format!("invalid {what} ID '{word}'. Expects {stem}({form})"),
        "sc-inc-gpc" | "sc-set-gpt" if index != Some(true) => format!("Missing {what} ID '{word}'. Expects {stem}({form})"),
        _ => format!("invalid stick table track ID '{word}'. Expects {stem}({form})"),
    }
}

/// A decimal number or an expression; nothing at all is zero.
fn value(p: &mut ParseAction<'_, '_>) -> Result<Amount, Diagnostic> {
    if p.peek().is_none() {
        return Ok(Amount::Fixed(0));
    }
    if let Some(n) = p.peek().and_then(|w| c_integer(w.bytes)) {
        p.pos += 1;
        return Ok(Amount::Fixed(n));
    }
    Ok(Amount::Of(p.expr()?))
}
