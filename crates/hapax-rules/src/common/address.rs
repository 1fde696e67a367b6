//! Who the client is and where it went: `set-src`, `set-dst` and their ports.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::expr::Expr;
use hapax_value::{Endpoint, Type, Value};

use crate::amount::request_place;
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn};

const SETS: RuleSets = RuleSets::TCP_CONN
    .union(RuleSets::TCP_SESS)
    .union(RuleSets::TCP_REQ)
    .union(RuleSets::HTTP_REQ);

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "set-src",
        rulesets: SETS,
        doc: "Gives the client another address, keeping the port. Connection and session rules change it for every stream to come.",
        ok: &["set-src src,ipmask(24)", "set-src src if TRUE"],
        bad: &["set-src", "set-src nofetch", "set-src src dst"],
        parse: |p| parse(p, Which::Src, What::Address),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-src-port",
        rulesets: SETS,
        doc: "Gives the client another port.",
        ok: &["set-src-port int(4000)", "set-src-port src_port if TRUE"],
        bad: &["set-src-port", "set-src-port 4000"],
        parse: |p| parse(p, Which::Src, What::Port),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-dst",
        rulesets: SETS,
        doc: "Gives the address that the client reached another value, keeping the port.",
        ok: &["set-dst dst,ipmask(24)", "set-dst dst if TRUE"],
        bad: &["set-dst", "set-dst nofetch"],
        parse: |p| parse(p, Which::Dst, What::Address),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "set-dst-port",
        rulesets: SETS,
        doc: "Gives the port that the client reached another value.",
        ok: &["set-dst-port int(4000)", "set-dst-port dst_port if TRUE"],
        bad: &["set-dst-port", "set-dst-port 4000"],
        parse: |p| parse(p, Which::Dst, What::Port),
        ..ActionRow::BASE
    },
];

#[derive(Clone, Copy, Debug)]
enum Which {
    Src,
    Dst,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Address,
    Port,
}

#[derive(Debug)]
struct SetAddress {
    which: Which,
    what: What,
    expr: Expr,
    scope: Scope,
}

/// What the change is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The connection itself: whoever asks for its ends sees them changed.
    Connection,
    /// Every stream of it.
    Session,
    Stream,
}

impl Action for SetAddress {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if let Some(new) = self.changed(txn) {
            let sess = &mut *txn.sess;
            if self.scope == Scope::Connection {
                match self.which {
                    Which::Src => sess.real_src = Some(new.clone()),
                    Which::Dst => sess.real_dst = Some(new.clone()),
                }
            }
            let (src, dst) = if self.scope == Scope::Stream {
                (&mut txn.stream.src, &mut txn.stream.dst)
            } else {
                (&mut sess.src, &mut sess.dst)
            };
            match self.which {
                Which::Src => *src = Some(new),
                Which::Dst => *dst = Some(new),
            }
        }
        Effect::Continue
    }
}

impl SetAddress {
    fn changed(&self, txn: &Txn<'_>) -> Option<Endpoint> {
        let env = txn.env();
        let old = match self.which {
            Which::Src => env.src(),
            Which::Dst => env.dst(),
        }?;
        let value = self.expr.eval(&env).ok()?;
        let new = match (self.what, value) {
            (What::Address, value) => {
                let ip = match value.cast(Type::Addr)? {
                    Value::V4(ip) => IpAddr::V4(ip),
                    Value::V6(ip) => IpAddr::V6(ip),
                    _ => return None,
                };
                SocketAddr::new(ip, old.port().unwrap_or(0))
            }
            (What::Port, value) => {
                let Value::Int(port) = value.cast(Type::Sint)? else { return None };
                // As the 16 bits on the wire: a port out of range wraps.
                SocketAddr::new(old.ip().unwrap_or(Ipv4Addr::UNSPECIFIED.into()), port as u16)
            }
        };
        Some(Endpoint::Ip(new))
    }
}

fn parse(p: &mut ParseAction<'_, '_>, which: Which, what: What) -> Result<Arc<dyn Action>, Diagnostic> {
    let expr = p.expr_word(request_place(p))?;
    let scope = if p.ruleset.intersects(RuleSets::TCP_REQ | RuleSets::HTTP_REQ) {
        Scope::Stream
    } else if p.ruleset.intersects(RuleSets::TCP_CONN) {
        Scope::Connection
    } else {
        Scope::Session
    };
    ParseAction::done(SetAddress { which, what, expr, scope })
}
