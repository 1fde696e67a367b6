//! Filters: what looks at, delays or changes the parts of every message of a stream (manual, 9).
//!
//! A filter of the configuration is a [`FilterSpec`]. A stream asks each for a [`Filter`], which lives as long as the stream
//! and is called at the places its trait names, in the order of the configuration for requests and for responses alike:
//!
//! ```text
//! attach -> begin(request)  -> data(request)*  -> end(request)
//!        -> begin(response) -> data(response)* -> end(response) -> drop
//! ```
//!
//! `begin` runs once all rules have run and says what the filter wants of the body: a body that nobody wants to see is never
//! shown, and may stay in the kernel.

mod bandwidth;
mod cache;
pub mod compression;
mod spoe;
mod trace;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use hapax_diag::{Diagnostic, Span};
use hapax_proto::h1::Meta;
use hapax_proto::h1::framing::BodyLen;
use hapax_proto::http::Head;
use hapax_sample::acl::Token;
use hapax_sample::{Compile, Track};
use hapax_value::{Millis, Support, Value};

use crate::{ParseAction, RuleSets, Side, Site, Txn, codes};

/// Which way a part of a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

/// The message whose body follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Message {
    /// It has a head; bytes of TCP have none.
    pub http: bool,
    /// Bytes of body to come, where it is known.
    pub length: Option<u64>,
    /// Bytes of a chunked body all of which is there already.
    pub whole: Option<u64>,
    /// Its end is known by its length or by the chunked coding, not by the end of the connection.
    pub framed: bool,
    /// Both peers speak at least HTTP/1.1, so that a body of unknown length can be told of.
    pub modern: bool,
    /// No body follows, whatever the head says (the response to HEAD).
    pub empty: bool,
}

impl Message {
    /// What is known of an HTTP message. `modern` and `whole`: see there.
    pub fn of(meta: &Meta, modern: bool, whole: Option<u64>) -> Self {
        Self {
            http: true,
            whole,
            length: if let BodyLen::Length(n) = meta.body { Some(n) } else { None },
            framed: matches!(meta.body, BodyLen::Length(_) | BodyLen::Chunked),
            modern,
            empty: meta.body == BodyLen::None,
        }
    }
}

/// A body that is changed has another length, which nobody knows yet; whether it is sent in chunks. `chunked`: it comes in chunks.
/// `fields`: how many the head had before filters saw it; what they have added stands behind the coding.
pub fn unknown_length(head: &mut Head, message: &Message, chunked: bool, fields: usize) -> bool {
    let before = head.field_count();
    head.remove(b"content-length");
    if message.modern && !chunked {
        let gone = before - head.field_count();
        head.insert(
            fields.saturating_sub(gone).min(head.field_count()),
            b"transfer-encoding",
            b"chunked",
        );
        return true;
    }
    chunked
}

/// What a filter wants of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interest {
    /// Not to see it.
    None,
    /// To see it, and to say how much of it goes on when.
    Look,
    /// To replace it: its length will be another.
    Change,
}

/// What becomes of the data that a filter was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    /// So many bytes are done with: they go on now, or what was made of them does.
    pub bytes: usize,
    /// Where that is not all: when to ask again.
    pub again_in: Option<Millis>,
}

impl Pass {
    pub fn all(data: &[u8]) -> Self {
        Self {
            bytes: data.len(),
            again_in: None,
        }
    }
}

/// What a filter has to tell since it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Text for standard error.
    pub said: Vec<u8>,
    /// Bytes that went into a compressor, and that came out.
    pub compressed: (u64, u64),
    /// Bytes that would have been compressed, had the process's limits allowed it.
    pub bypassed: u64,
    /// Responses that are compressed.
    pub messages: u64,
}

/// A filter at work on one stream. What it does not override lets everything pass.
pub trait Filter: fmt::Debug {
    /// The body comes next; the heads, which may be changed, are in `txn`.
    fn begin(&mut self, direction: Direction, message: &Message, txn: &mut Txn<'_>) -> Interest {
        let _ = (direction, message, txn);
        Interest::None
    }

    /// `data` is about to be sent on; `now` is on the monotonic clock. A filter that changes the body writes what goes on instead
    /// to `out`.
    fn data(&mut self, direction: Direction, data: &[u8], now: Millis, out: &mut Vec<u8>) -> Pass {
        let _ = (direction, now, out);
        Pass::all(data)
    }

    /// The body is over; a filter that changes it may have a last word.
    fn end(&mut self, direction: Direction, out: &mut Vec<u8>) {
        let _ = (direction, out);
    }

    /// Adds what there is to tell.
    fn report(&mut self, report: &mut Report) {
        let _ = report;
    }
}

/// Byte rates that the streams of a key share, kept in a stick table.
pub trait SharedRates: Send + Sync {
    /// Holds the entry of a key; `None`: there is none and none can be made.
    fn hold(&self, table: u32, key: Value<'_>, direction: Direction) -> Option<Track>;
    /// So many of `want` bytes may go on now, `limit` in each period of the table; they are counted. See [`Pass::again_in`].
    fn spend(&self, entry: Track, direction: Direction, limit: u64, want: u64, least: u64) -> Pass;
    /// The stream needs it no more.
    fn release(&self, entry: Track, direction: Direction);
}

/// What a filter may know of the stream it is attached to.
#[derive(Clone, Copy)]
pub struct Attach<'a> {
    /// Its number among the filters of the configuration, which is what rules know it by.
    pub id: u32,
    /// A number of the stream.
    pub stream: u64,
    /// `compression` lines of the backend and of the frontend, in the order in which they count.
    pub compression: [Option<&'a Arc<compression::Settings>>; 2],
    /// The compression level that the process can afford now: `tune.comp.maxlevel`, or 0 beyond its limits.
    pub level: &'a Arc<AtomicU8>,
    pub rates: &'a Arc<dyn SharedRates>,
}

/// A `filter` line, ready to be attached to streams.
pub trait FilterSpec: fmt::Debug + Send + Sync {
    /// The name that rules know it by (`set-bandwidth-limit NAME`, `send-spoe-group ENGINE`), where it has one.
    fn name(&self) -> Option<&str> {
        None
    }

    /// The word after `filter`, which is what `filter-sequence` calls it.
    fn kind(&self) -> &'static str;

    /// A filter for a new stream; `None`: this stream is left alone.
    fn attach(&self, cx: &Attach<'_>) -> Option<Box<dyn Filter>> {
        let _ = cx;
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
    let knows = |r: &&FilterRow| cx.knows(crate::since::filter(r.name));
    let Some(row) = all().find(|r| r.name == word).filter(knows) else {
        let known: Vec<&str> = all().filter(knows).map(|r| r.name).collect();
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
