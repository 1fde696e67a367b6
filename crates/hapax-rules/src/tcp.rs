//! Actions of TCP and QUIC rule sets alone: what a connection must begin with, what becomes of it.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::expr::Expr;
use hapax_sample::{NameKind, NameRef};
use hapax_value::Support;

use crate::txn::Attach;
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Side, Txn, Woken, codes};

pub(crate) static ROWS: &[ActionRow] = &[
    ActionRow {
        name: "expect-proxy",
        rulesets: RuleSets::TCP_CONN,
        doc: "The connection must begin with a PROXY header, as with `accept-proxy` on the bind line.",
        ok: &["expect-proxy layer4", "expect-proxy layer4 if TRUE"],
        bad: &["expect-proxy", "expect-proxy layer7"],
        support: Support::Full,
        parse: |p| expect(p, Effect::ExpectProxy),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "expect-netscaler-cip",
        rulesets: RuleSets::TCP_CONN,
        doc: "The connection must begin with a NetScaler client-IP header.",
        ok: &["expect-netscaler-cip layer4", "expect-netscaler-cip layer4 if TRUE"],
        bad: &["expect-netscaler-cip", "expect-netscaler-cip layer7"],
        support: Support::Full,
        parse: |p| expect(p, Effect::ExpectNetscalerCip),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "switch-mode",
        rulesets: RuleSets::TCP_REQ,
        doc: "Takes the connection for HTTP from here on, over the protocol named (`h1`, `h2`) or the one it looks like.",
        ok: &["switch-mode http", "switch-mode http proto h2 if TRUE"],
        bad: &[
            "switch-mode",
            "switch-mode tcp",
            "switch-mode http proto",
            "switch-mode http proto h9",
        ],
        support: Support::Partial("HTTP/2 is not spoken with clients"),
        parse: switch_mode,
        ..ActionRow::BASE
    },
    ActionRow {
        name: "attach-srv",
        rulesets: RuleSets::TCP_SESS,
        doc: "Hands the connection to a server of its own accord (reverse HTTP), under the name that an expression gives.",
        ok: &["attach-srv b/s", "attach-srv b/s name src if TRUE"],
        bad: &["attach-srv", "attach-srv b/s name", "attach-srv b/s as"],
        support: Support::NotYet("reverse HTTP"),
        experimental: true,
        parse: attach_srv,
    },
    ActionRow {
        name: "dgram-drop",
        rulesets: RuleSets::QUIC_INIT,
        doc: "Ignores the QUIC packet that would open a connection.",
        ok: &["dgram-drop", "dgram-drop if TRUE"],
        bad: &["dgram-drop now"],
        support: Support::NotYet("QUIC"),
        parse: |_| ParseAction::done(Quic::Drop),
        ..ActionRow::BASE
    },
    ActionRow {
        name: "send-retry",
        rulesets: RuleSets::QUIC_INIT,
        doc: "Has the client prove its address with a token before a QUIC connection is opened.",
        ok: &["send-retry", "send-retry if TRUE"],
        bad: &["send-retry now"],
        support: Support::NotYet("QUIC"),
        parse: |_| ParseAction::done(Quic::Retry),
        ..ActionRow::BASE
    },
];

#[derive(Debug)]
struct Expect(Effect);

impl Action for Expect {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        if txn.woken == Woken::No { self.0.clone() } else { Effect::Continue }
    }
}

fn expect(p: &mut ParseAction<'_, '_>, effect: Effect) -> Result<Arc<dyn Action>, Diagnostic> {
    if !p.take("layer4") {
        let got = p.peek().map(crate::parse::text).unwrap_or_default();
        let (set, word) = (p.ruleset.keyword(), p.word());
        let text = format!(
            "'{set} {word}' only supports 'layer4' in {} '{}' (got '{got}')",
            p.site.kind(),
            p.site.name
        );
        return Err(p.fail(&codes::BAD_ARG, text).at(p.span()));
    }
    ParseAction::done(Expect(effect))
}

#[derive(Debug)]
struct SwitchMode(Option<Arc<str>>);

impl Action for SwitchMode {
    fn run(&self, _: &mut Txn<'_>) -> Effect {
        Effect::SwitchToHttp(self.0.clone())
    }

    fn is_final(&self) -> bool {
        true
    }
}

fn switch_mode(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let mode = p
        .next()
        .ok_or_else(|| p.fail(&codes::MISSING_ARG, "'tcp-request switch-mode' expects a mode as argument."))?;
    if !p.site.side.intersects(Side::FRONTEND | Side::DEFAULTS) {
        let text = format!("not allowed because {} '{}' has no frontend capability", p.site.kind(), p.site.name);
        return Err(p.fail(&codes::WRONG_PLACE, text));
    }
    if mode.bytes != b"http" {
        let text = format!(
            "'tcp-request switch-mode' expects a valid mode (got '{}').",
            crate::parse::text(mode)
        );
        return Err(p.bad(text));
    }
    let mut proto = None;
    if p.take("proto") {
        let word = p.next().map(crate::parse::text).unwrap_or_default();
        if !matches!(word.as_str(), "h1" | "h2") {
            return Err(p.bad(format!("'proto' expects a valid MUX protocol, if specified (got '{word}')")));
        }
        proto = Some(word.into());
    }
    ParseAction::done(SwitchMode(proto))
}

#[derive(Debug)]
struct AttachSrv {
    server: Arc<NameRef>,
    name: Option<Expr>,
}

impl Action for AttachSrv {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let Some(server) = self.server.id.get() else {
            return Effect::Continue;
        };
        let mut name = Vec::new();
        if let Some(expr) = &self.name {
            expr.eval_str(&txn.env(), &mut name);
        }
        txn.controls.attach = Some(Attach {
            server: *server,
            name: name.into(),
        });
        Effect::Continue
    }
}

fn attach_srv(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let word = p.need("a server")?;
    let server = p.defer(NameKind::Server, word);
    let name = if p.take("name") { Some(p.expr()?) } else { None };
    ParseAction::done(AttachSrv { server, name })
}

#[derive(Clone, Copy, Debug)]
enum Quic {
    Drop,
    Retry,
}

impl Action for Quic {
    fn run(&self, _: &mut Txn<'_>) -> Effect {
        match self {
            Self::Drop => Effect::SilentDrop(None),
            Self::Retry => Effect::SendRetry,
        }
    }

    fn is_final(&self) -> bool {
        true
    }
}
