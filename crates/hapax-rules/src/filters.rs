//! Filters: what looks at, delays or changes the parts of every message of a stream (manual, 9).
//!
//! A filter of the configuration is a [`FilterSpec`]. A stream asks each for a [`Filter`], which lives as long as the stream
//! and is called at the places its trait names, in the order of the configuration for requests and for responses alike:
//!
//! ```text
//! attach -> request head -> request data* -> request end
//!                        -> response head -> response data* -> response end -> detach (drop)
//! ```

mod bandwidth;
mod cache;
mod compression;
mod spoe;
mod trace;

use std::fmt;
use std::sync::Arc;

use hapax_diag::{Diagnostic, Span};
use hapax_proto::http::Head;
use hapax_sample::Compile;
use hapax_sample::acl::Token;
use hapax_value::{Millis, Support};

use crate::{ParseAction, RuleSets, Side, Site, codes};

/// Which way a part of a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

/// What becomes of the data that a filter was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// So many bytes go on now.
    pub bytes: usize,
    /// Where that is not all: when to ask again.
    pub again_in: Option<Millis>,
}

/// A filter at work on one stream. What it does not override lets everything pass.
pub trait Filter: fmt::Debug + Send {
    /// The head is about to be sent on, and may be changed.
    fn head(&mut self, direction: Direction, head: &mut Head) {
        let _ = (direction, head);
    }

    /// `data` is about to be sent on; `now` is on the monotonic clock.
    fn data(&mut self, direction: Direction, data: &[u8], now: Millis) -> Pass {
        let _ = (direction, now);
        Pass {
            bytes: data.len(),
            again_in: None,
        }
    }

    /// The message is over.
    fn end(&mut self, direction: Direction) {
        let _ = direction;
    }
}

/// A `filter` line, ready to be attached to streams.
pub trait FilterSpec: fmt::Debug + Send + Sync {
    /// The name that rules know it by (`set-bandwidth-limit NAME`, `send-spoe-group ENGINE`), where it has one.
    fn name(&self) -> Option<&str> {
        None
    }

    /// A filter for a new stream; `None`: this stream is left alone.
    fn attach(&self) -> Option<Box<dyn Filter>> {
        None
    }
}

/// One word after `filter`.
pub struct FilterRow {
    pub name: &'static str,
    pub doc: &'static str,
    /// Whole lines without the word `filter`.
    pub ok: &'static [&'static str],
    pub bad: &'static [&'static str],
    pub support: Support,
    pub parse: fn(&mut ParseAction<'_, '_>) -> Result<Arc<dyn FilterSpec>, Diagnostic>,
}

static FAMILIES: &[&[FilterRow]] = &[bandwidth::ROWS, cache::ROWS, compression::ROWS, spoe::ROWS, trace::ROWS];

/// Every row.
pub fn all() -> impl Iterator<Item = &'static FilterRow> {
    FAMILIES.iter().flat_map(|rows| rows.iter())
}

/// Reads the words after `filter`.
pub fn parse_filter(words: &[Token<'_>], site: &mut Site, cx: &mut Compile<'_>, at: Span) -> Result<Arc<dyn FilterSpec>, Diagnostic> {
    if site.side.contains(Side::DEFAULTS) {
        let text = "filter is not allowed in a 'default' section.";
        return Err(Diagnostic::alert(&codes::WRONG_PLACE, text).at(at));
    }
    let Some((name, rest)) = words.split_first() else {
        let text = format!("missing argument for 'filter' in {} '{}'.", site.kind(), site.name);
        return Err(Diagnostic::alert(&codes::MISSING_ARG, text).at(at));
    };
    let word = crate::parse::text(*name);
    let Some(row) = all().find(|r| r.name == word) else {
        let known: Vec<&str> = all().map(|r| r.name).collect();
        let text = format!("'filter' : unknown keyword '{word}'. Registered keywords : {}", known.join(", "));
        let d = Diagnostic::alert(&codes::UNKNOWN_FILTER, text).at(name.span);
        return Err(match hapax_diag::suggest(&word, known) {
            Some(near) => d.help(format!("did you mean '{near}'?")),
            None => d,
        });
    };
    crate::parse::tell_support(&format!("filter {}", row.name), row.support, name.span, cx);
    let place = crate::place(RuleSets::HTTP_REQ, site.side);
    let mut p = ParseAction {
        name: *name,
        words: rest,
        pos: 0,
        // Filters are told of as HTTP rules are: the words of the section are put before the message here.
        ruleset: RuleSets::HTTP_REQ,
        place,
        site,
        cx,
    };
    let spec = (row.parse)(&mut p).map_err(|d| {
        let d = d.or_at(name.span);
        Diagnostic {
            message: format!("'filter' : '{word}' : {}", d.message),
            ..d
        }
    })?;
    match rest.get(p.pos) {
        None => Ok(spec),
        Some(w) => {
            let text = format!("'filter {word}' : unknown keyword '{}'.", crate::parse::text(*w));
            Err(Diagnostic::alert(&codes::LEFTOVER, text).at(w.span))
        }
    }
}

#[cfg(test)]
mod tests;
