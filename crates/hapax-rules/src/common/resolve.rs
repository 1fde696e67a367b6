//! `do-resolve`: an address for a name, into a variable.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::acl::Token;
use hapax_sample::expr::Expr;
use hapax_sample::vars::VarId;
use hapax_sample::{NameKind, NameRef};
use hapax_value::Support;

use crate::amount::request_place;
use crate::effect::Lookup;
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, Wait, Woken, codes};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "do-resolve*",
    rulesets: RuleSets::TCP_REQ.union(RuleSets::HTTP_REQ),
    doc: "Asks a resolvers section for the address of the name that an expression gives, and keeps it in a variable.",
    ok: &["do-resolve(txn.ip,dns) str(h)", "do-resolve(txn.ip,dns,ipv4) str(h) if TRUE"],
    bad: &[
        "do-resolve(txn.ip) str(h)",
        "do-resolve str(h)",
        "do-resolve(txn.ip,dns,ipv5) str(h)",
        "do-resolve(txn.ip,dns)",
    ],
    support: Support::Full,
    parse,
    ..ActionRow::BASE
}];

#[derive(Debug)]
struct Resolve {
    var: Option<VarId>,
    resolvers: Arc<NameRef>,
    ipv4_first: bool,
    name: Expr,
}

impl Action for Resolve {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        // The runtime has set the variable, or found nothing.
        if txn.woken != Woken::No {
            return Effect::Continue;
        }
        let (Some(resolvers), Some(var)) = (self.resolvers.id.get(), self.var) else {
            return Effect::Continue;
        };
        let mut host = Vec::new();
        if !self.name.eval_str(&txn.env(), &mut host) {
            return Effect::Continue;
        }
        Effect::Wait(Wait::Lookup(Box::new(Lookup {
            resolvers: *resolvers as u32,
            host,
            ipv4_first: self.ipv4_first,
            var,
        })))
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let forms = "Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and 'ipv6'";
    let wrong = |p: &ParseAction<'_, '_>| p.fail(&codes::BAD_ARG, format!("Can't parse '{}'. {forms}", p.word()));
    let inside = p.glued("do-resolve").ok_or_else(|| wrong(p))?;
    let mut parts = inside.split(',');
    let (Some(var), Some(resolvers)) = (parts.next(), parts.next().filter(|r| !r.is_empty())) else {
        return Err(wrong(p));
    };
    // IPv6 is preferred unless told otherwise.
    let mut ipv4_first = false;
    for option in parts {
        ipv4_first = match option {
            "ipv4" => true,
            "ipv6" => false,
            _ => return Err(wrong(p)),
        };
    }
    // A name that is none is found out at run time by HAProxy, which sets nothing then.
    let var = p.cx.vars.intern(var).ok();
    let word = Token {
        bytes: resolvers.as_bytes(),
        span: p.name.span,
    };
    let resolvers = p.defer(NameKind::Resolvers, word);
    let written = p.peek().map(crate::parse::text).unwrap_or_default();
    let name = p.expr_at(request_place(p)).map_err(|d| Diagnostic {
        message: format!("Can't parse '{written}': {}. {forms}", d.message),
        ..d
    })?;
    ParseAction::done(Resolve {
        var,
        resolvers,
        ipv4_first,
        name,
    })
}
