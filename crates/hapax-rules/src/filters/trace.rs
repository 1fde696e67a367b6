//! `trace`: tells on standard error what filters are shown.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_value::Support;

use super::{FilterRow, FilterSpec};
use crate::{ParseAction, codes};

pub(super) static ROWS: &[FilterRow] = &[FilterRow {
    name: "trace",
    doc: "Tells on standard error what passes, for those who develop filters.",
    ok: &["trace", "trace name T quiet hexdump random-forwarding random-parsing max-fwd 10"],
    bad: &[
        "trace name",
        "trace max-fwd",
        "trace max-fwd x",
        "trace max-fwd -1",
        "trace loud",
        "trace name A name B",
    ],
    support: Support::NotYet("filter traces"),
    parse,
}];

#[derive(Debug)]
struct Trace {
    name: Option<String>,
}

impl FilterSpec for Trace {
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn FilterSpec>, Diagnostic> {
    let mut name = None;
    while let Some(word) = p.peek() {
        match word.bytes {
            b"quiet" | b"random-parsing" | b"random-forwarding" | b"hexdump" => p.pos += 1,
            b"name" | b"max-fwd" => {
                p.pos += 1;
                let option = crate::parse::text(word);
                let value = p
                    .next()
                    .ok_or_else(|| p.fail(&codes::MISSING_ARG, format!("'{option}' option without value")))?;
                let value = crate::parse::text(value);
                if option == "max-fwd" {
                    if value.parse::<u32>().is_err() {
                        return Err(p.bad("'max-fwd' expect unsigned integer (0 to 4294967295 expected)"));
                    }
                } else if name.replace(value).is_some() {
                    return Err(p.bad("'name' option already defined"));
                }
            }
            _ => break,
        }
    }
    Ok(Arc::new(Trace { name }))
}
