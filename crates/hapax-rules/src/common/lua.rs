//! Actions that Lua scripts declare: `lua.NAME`. They exist where a script is loaded; nothing runs them yet.

use hapax_diag::Diagnostic;
use hapax_value::Support;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "lua.*",
    rulesets: RuleSets::TCP_REQ.union(RuleSets::TCP_RES).union(RuleSets::HTTP_ANY),
    doc: "Runs the action of that name that a Lua script has declared, with the words after it as arguments.",
    ok: &["lua.act", "lua.act a b if TRUE"],
    bad: &["lua.", "lua. a"],
    support: Support::NotYet("Lua"),
    parse: |p| {
        let lua = parse(p)?;
        ParseAction::done(lua)
    },
    ..ActionRow::BASE
}];

#[derive(Debug)]
struct Lua;

impl Action for Lua {
    fn run(&self, _: &mut Txn<'_>) -> Effect {
        Effect::Continue
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Lua, Diagnostic> {
    if p.name.bytes == b"lua." {
        return Err(p.fail(&codes::BAD_ARG, "expects the name of an action after 'lua.'"));
    }
    // Only the script knows how many arguments there are.
    while !p.at_end() {
        p.next();
    }
    Ok(Lua)
}
