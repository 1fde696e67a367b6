//! `spoe`: an engine that asks agents over SPOP.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_value::Support;

use super::{FilterRow, FilterSpec};
use crate::{ParseAction, codes};

pub(super) static ROWS: &[FilterRow] = &[FilterRow {
    name: "spoe",
    doc: "Lets the engine of a file ask agents about streams.",
    ok: &["spoe engine e config /e.cfg", "spoe config /e.cfg"],
    bad: &["spoe", "spoe engine e", "spoe config", "spoe config /e.cfg now"],
    support: Support::NotYet("SPOE"),
    parse,
}];

#[derive(Debug)]
struct Spoe {
    engine: Option<String>,
}

impl FilterSpec for Spoe {
    fn name(&self) -> Option<&str> {
        self.engine.as_deref()
    }

    fn kind(&self) -> &'static str {
        "spoe"
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn FilterSpec>, Diagnostic> {
    let mut engine = None;
    let mut config = false;
    loop {
        let option = if p.take("engine") {
            "engine"
        } else if p.take("config") {
            "config"
        } else {
            break;
        };
        let word = p
            .next()
            .ok_or_else(|| p.fail(&codes::MISSING_ARG, format!("'{option}' option without value")))?;
        if option == "engine" {
            engine = Some(crate::parse::text(word));
        } else {
            config = true;
            let path = crate::parse::text(word);
            if let Err(why) = p.cx.files.read(&path) {
                let message = format!("stat() failed for configuration file {path} : {why}");
                p.cx.diags.push(Diagnostic::alert(&codes::BAD_ARG, message).at(word.span).missing());
            }
        }
    }
    if !config {
        return Err(p.fail(&codes::MISSING_ARG, "missing config file"));
    }
    Ok(Arc::new(Spoe { engine }))
}
