//! `cache` and `fcgi-app`: the place of a cache or of a FastCGI application among the filters.

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_sample::{NameKind, NameRef};
use hapax_value::Support;

use super::{FilterRow, FilterSpec};
use crate::{ParseAction, codes};

pub(super) static ROWS: &[FilterRow] = &[
    FilterRow {
        name: "cache",
        doc: "Where a cache stores responses, among the other filters.",
        ok: &["cache c"],
        bad: &["cache", "cache c d"],
        support: Support::NotYet("caches"),
        parse: |p| named(p, NameKind::Cache, "expects a <name> argument."),
    },
    FilterRow {
        name: "fcgi-app",
        doc: "Where a FastCGI application sees its messages, among the other filters.",
        ok: &["fcgi-app app"],
        bad: &["fcgi-app", "fcgi-app a b"],
        support: Support::NotYet("FastCGI"),
        parse: |p| named(p, NameKind::FcgiApp, "missing fcgi-app name."),
    },
];

#[derive(Debug)]
struct Named(&'static str, Arc<NameRef>);

impl FilterSpec for Named {
    fn name(&self) -> Option<&str> {
        Some(&self.1.name)
    }

    fn kind(&self) -> &'static str {
        self.0
    }
}

fn named(p: &mut ParseAction<'_, '_>, kind: NameKind, missing: &str) -> Result<Arc<dyn FilterSpec>, Diagnostic> {
    let word = p.next().ok_or_else(|| p.fail(&codes::MISSING_ARG, missing))?;
    let word_of = if kind == NameKind::Cache { "cache" } else { "fcgi-app" };
    Ok(Arc::new(Named(word_of, p.defer(kind, word))))
}
