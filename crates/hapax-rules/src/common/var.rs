//! Variables: `set-var`, `set-var-fmt`, `unset-var`.

use std::borrow::Cow;
use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::expr::Expr;
use hapax_sample::logformat::LogFormat;
use hapax_sample::vars::{StoreIf, VarId};
use hapax_value::Value;

use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

const SETS: RuleSets = RuleSets::TCP_ANY.union(RuleSets::HTTP_ANY);

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "set-var*",
        rulesets: SETS,
        doc: "Gives a variable the value of an expression, where every condition after the name holds.",
        ok: &[
            "set-var(sess.a) src",
            "set-var(proc.n,ifexists,ifgt) int(3)",
            "set-var(sess.a) src,ipmask(24) if TRUE",
        ],
        bad: &[
            "set-var src",
            "set-var(sess.a src",
            "set-var(sess.a)",
            "set-var(nowhere.a) src",
            "set-var(sess.a,ifmaybe) src",
            "set-var(sess.a) nofetch",
        ],
        parse: set_var,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-var-fmt*",
        rulesets: SETS,
        doc: "Gives a variable the text of a log-format string, where every condition after the name holds.",
        ok: &["set-var-fmt(sess.a) %[src]:%[src_port]", "set-var-fmt(proc.a,ifnotempty) x"],
        bad: &["set-var-fmt x", "set-var-fmt(a) x"],
        parse: set_var_fmt,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "unset-var*",
        rulesets: SETS,
        doc: "Makes a variable have no value.",
        ok: &["unset-var(sess.a)", "unset-var(proc.a) if TRUE"],
        bad: &["unset-var", "unset-var(a)", "unset-var(sess.a,ifexists)", "unset-var(sess.a) x"],
        parse: unset_var,
        ..ActionRow::BASE
    },
];

#[derive(Debug)]
struct SetVar {
    var: VarId,
    when: StoreIf,
    expr: Expr,
}

impl Action for SetVar {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let env = txn.env();
        // No value, or none yet: the variable keeps what it has.
        if let Ok(value) = self.expr.eval(&env) {
            env.set_var(self.var, value, self.when);
        }
        Effect::Continue
    }
}

#[derive(Debug)]
struct SetVarFmt {
    var: VarId,
    when: StoreIf,
    fmt: LogFormat,
}

impl Action for SetVarFmt {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.with_text(
            |env, out| self.fmt.write(env, out),
            |txn, text| txn.env().set_var(self.var, Value::Str(Cow::Borrowed(text)), self.when),
        );
        Effect::Continue
    }
}

#[derive(Debug)]
struct UnsetVar(VarId);

impl Action for UnsetVar {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        txn.env().unset_var(self.0);
        Effect::Continue
    }
}

const FORMS: &str = "'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'";

/// The variable and the conditions in the parentheses after `stem`.
fn target(p: &mut ParseAction<'_, '_>, stem: &str) -> Result<(VarId, StoreIf), Diagnostic> {
    let word = p.word();
    let Some(inside) = p.glued(stem) else {
        let text = if word[stem.len()..].starts_with('(') {
            format!("incomplete argument after action '{word}'. Expects {FORMS}")
        } else {
            format!("invalid or incomplete action '{word}'. Expects {FORMS}")
        };
        return Err(p.fail(&codes::BAD_ARG, text));
    };
    let (name, conds) = inside.split_once(',').unwrap_or((inside, ""));
    let mut when = StoreIf::empty();
    for cond in conds.split(',').take_while(|c| !c.is_empty()) {
        if stem == "unset-var" {
            let text =
                "unset-var does not expect parameters after the variable name. Only \"set-var\" and \"set-var-fmt\" manage conditions";
            return Err(p.fail(&codes::BAD_ARG, text));
        }
        when |= StoreIf::from_word(cond).map_err(|e| p.fail(&codes::BAD_ARG, e))?;
    }
    let var = p.cx.vars.intern(name).map_err(|e| p.fail(&codes::BAD_ARG, e))?;
    Ok((var, when))
}

fn set_var(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let (var, when) = target(p, "set-var")?;
    let expr = p.expr()?;
    ParseAction::done(SetVar { var, when, expr })
}

fn set_var_fmt(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let (var, when) = target(p, "set-var-fmt")?;
    let fmt = match p.next() {
        Some(word) => p.text_format(word.bytes, word.span)?,
        // Nothing at all is the empty text.
        None => p.text_format(b"", p.name.span)?,
    };
    ParseAction::done(SetVarFmt { var, when, fmt })
}

fn unset_var(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let (var, _) = target(p, "unset-var")?;
    ParseAction::done(UnsetVar(var))
}
