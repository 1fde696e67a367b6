//! `auth`: asks the client for a name and a password.

use hapax_diag::Diagnostic;

use crate::{Action, ActionRow, Effect, ParseAction, Reply, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "auth",
    rulesets: RuleSets::HTTP_REQ,
    doc: "Answers 401 (407 to clients that use this as their proxy) with a basic challenge for the realm, by default the proxy's name.",
    ok: &["auth", "auth realm Gimme", "auth realm \"The Site\" unless TRUE"],
    bad: &["auth realm", "auth Gimme"],
    parse: |p| {
        let auth = parse(p)?;
        ParseAction::done(auth)
    },
    ..ActionRow::BASE
}];

#[derive(Debug)]
struct Auth {
    /// The whole challenge.
    challenge: Box<[u8]>,
}

impl Action for Auth {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let (status, field): (_, &[u8]) = if txn.stream.proxy_auth {
            (407, b"proxy-authenticate")
        } else {
            (401, b"www-authenticate")
        };
        txn.controls.challenged = true;
        Effect::Return(Box::new(Reply {
            fields: vec![(field.to_vec(), self.challenge.to_vec())],
            ..Reply::error(status)
        }))
    }

    fn is_final(&self) -> bool {
        true
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Auth, Diagnostic> {
    let realm = if p.take("realm") {
        let word = p.next().filter(|w| !w.bytes.is_empty());
        word.ok_or_else(|| p.fail(&codes::MISSING_ARG, "missing realm value."))
            .map(|w| w.bytes.to_vec())?
    } else {
        p.site.name.as_bytes().to_vec()
    };
    Ok(Auth {
        challenge: [b"Basic realm=\"", &realm[..], b"\""].concat().into(),
    })
}
