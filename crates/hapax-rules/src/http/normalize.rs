//! `normalize-uri`: brings a request target to one of the forms that mean the same (RFC 3986, 6).

mod forms;

use std::sync::Arc;

use hapax_diag::Diagnostic;
use hapax_proto::http::{Head, uri};

use super::uri::{Part, replace};
use crate::{Action, ActionRow, Effect, ParseAction, RuleSets, Txn, codes};

pub(crate) static ROWS: &[ActionRow] = &[ActionRow {
    name: "normalize-uri",
    rulesets: RuleSets::HTTP_REQ,
    doc: "Normalizes the request target in one way. With `strict`, a target with bad percent-encoding is answered with 400.",
    ok: &[
        "normalize-uri fragment-encode",
        "normalize-uri fragment-strip if TRUE",
        "normalize-uri path-merge-slashes",
        "normalize-uri path-strip-dot",
        "normalize-uri path-strip-dotdot",
        "normalize-uri path-strip-dotdot full if TRUE",
        "normalize-uri percent-decode-unreserved strict",
        "normalize-uri percent-to-uppercase",
        "normalize-uri percent-to-uppercase strict",
        "normalize-uri query-sort-by-name",
    ],
    bad: &[
        "normalize-uri",
        "normalize-uri all",
        "normalize-uri path-strip-dotdot half",
        "normalize-uri path-strip-dot strict",
    ],
    experimental: true,
    parse,
    ..ActionRow::BASE
}];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    FragmentEncode,
    FragmentStrip,
    MergeSlashes,
    StripDot,
    StripDotDot { full: bool },
    DecodeUnreserved { strict: bool },
    PercentUpper { strict: bool },
    QuerySort,
}

impl Action for Form {
    fn run(&self, txn: &mut Txn<'_>) -> Effect {
        let Some(head) = txn.req.as_deref_mut() else {
            return Effect::Continue;
        };
        if self.apply(head) { Effect::Continue } else { Effect::Invalid }
    }
}

impl Form {
    /// `false`: the target is not valid, and a strict normalizer must not guess what it means.
    fn apply(self, head: &mut Head) -> bool {
        let target = uri::split(head.uri());
        let Some(pathq) = target.pathq else { return true };
        let path = target.path().unwrap_or_default();
        let (part, new) = match self {
            Self::FragmentEncode => (Part::PathQuery, forms::fragment_encode(pathq)),
            Self::FragmentStrip => (Part::PathQuery, forms::fragment_strip(pathq).to_vec()),
            Self::MergeSlashes => (Part::Path, forms::merge_slashes(path)),
            Self::StripDot => (Part::Path, forms::strip_dot(path)),
            Self::StripDotDot { full } => (Part::Path, forms::strip_dotdot(path, full)),
            Self::DecodeUnreserved { strict } => match forms::percent_decode(pathq, strict) {
                Some(new) => (Part::PathQuery, new),
                None => return false,
            },
            Self::PercentUpper { strict } => match forms::percent_upper(pathq, strict) {
                Some(new) => (Part::PathQuery, new),
                None => return false,
            },
            Self::QuerySort => match target.query() {
                Some(query) => (Part::Query, forms::query_sort(query)),
                None => return true,
            },
        };
        replace(head, part, &new);
        true
    }
}

fn parse(p: &mut ParseAction<'_, '_>) -> Result<Arc<dyn Action>, Diagnostic> {
    let word = p
        .next()
        .ok_or_else(|| p.fail(&codes::MISSING_ARG, "missing argument <normalizer>"))?;
    let name = crate::parse::text(word);
    let form = match name.as_str() {
        "fragment-encode" => Form::FragmentEncode,
        "fragment-strip" => Form::FragmentStrip,
        "path-merge-slashes" => Form::MergeSlashes,
        "path-strip-dot" => Form::StripDot,
        "path-strip-dotdot" => Form::StripDotDot {
            full: option(p, &name, "full")?,
        },
        "percent-decode-unreserved" => Form::DecodeUnreserved {
            strict: option(p, &name, "strict")?,
        },
        "percent-to-uppercase" => Form::PercentUpper {
            strict: option(p, &name, "strict")?,
        },
        "query-sort-by-name" => Form::QuerySort,
        _ => return Err(p.bad(format!("unknown normalizer '{name}'"))),
    };
    ParseAction::done(form)
}

fn option(p: &mut ParseAction<'_, '_>, normalizer: &str, word: &str) -> Result<bool, Diagnostic> {
    if p.take(word) {
        return Ok(true);
    }
    if p.at_end() {
        return Ok(false);
    }
    let other = p.need_text("an option")?;
    Err(p.bad(format!("unknown argument '{other}' for '{normalizer}' normalizer")))
}
