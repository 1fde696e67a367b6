//! `comp-req`, `comp-res`, `compression`: bodies are compressed where both peers and the `compression` lines agree (manual, 9.2).
//!
//! What a stream is compressed with is settled in two steps: the request's `Accept-Encoding` chooses among the algorithms, and
//! the head of the message says whether its body may be touched at all. [`decide`] is those rules; [`codec`] does the work.

mod codec;
mod decide;

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use hapax_value::{Millis, Support};

pub use codec::Algorithm;

use super::{Attach, Direction, Filter, FilterRow, FilterSpec, Interest, Message, Pass, Report};
use crate::Txn;
use codec::Codec;

pub(super) static ROWS: &[FilterRow] = &[
    FilterRow {
        name: "comp-req",
        doc: "Compresses requests, as the `compression` lines say.",
        ok: &["comp-req"],
        bad: &["comp-req gzip"],
        support: Support::Full,
        parse: |_| Ok(Arc::new(Compression("comp-req"))),
    },
    FilterRow {
        name: "comp-res",
        doc: "Compresses responses, as the `compression` lines say.",
        ok: &["comp-res"],
        bad: &["comp-res gzip"],
        support: Support::Full,
        parse: |_| Ok(Arc::new(Compression("comp-res"))),
    },
    FilterRow {
        name: "compression",
        doc: "The older name of both `comp-req` and `comp-res`.",
        ok: &["compression"],
        bad: &["compression gzip"],
        support: Support::Full,
        parse: |_| Ok(Arc::new(Compression("compression"))),
    },
];

/// The `compression` lines of a proxy.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub request: Way,
    pub response: Way,
    /// `compression direction`, for the filter `compression`; without a line, responses.
    pub directions: Option<(bool, bool)>,
    /// Servers are not told what the client accepts.
    pub offload: bool,
}

/// Of one direction.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// In the order of the lines.
    pub algorithms: Vec<Algorithm>,
    /// What content types begin with; empty: any.
    pub types: Vec<Arc<[u8]>>,
    /// Smallest body that is worth it.
    pub min_size: u64,
}

impl Settings {
    fn way(&self, direction: Direction) -> &Way {
        match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        }
    }
}

/// The filter that `compression` lines need where no `filter` line names one.
pub fn implied() -> Arc<dyn FilterSpec> {
    Arc::new(Compression("compression"))
}

#[derive(Debug)]
struct Compression(&'static str);

impl FilterSpec for Compression {
    fn kind(&self) -> &'static str {
        self.0
    }

    fn attach(&self, cx: &Attach<'_>) -> Option<Box<dyn Filter>> {
        let own = [cx.compression[0].cloned(), cx.compression[1].cloned()];
        let (request, response) = match self.0 {
            "comp-req" => (true, false),
            "comp-res" => (false, true),
            _ => {
                let said = own.iter().flatten().filter_map(|s| s.directions);
                said.reduce(|a, b| (a.0 | b.0, a.1 | b.1)).unwrap_or((false, true))
            }
        };
        own.iter().any(Option::is_some).then(|| {
            Box::new(Compressor {
                settings: own,
                on: [request, response],
                limit: Arc::clone(cx.level),
                chosen: None,
                codecs: [None, None],
                told: Report::default(),
            }) as Box<dyn Filter>
        })
    }
}

/// Compression of one stream.
#[derive(Debug)]
struct Compressor {
    settings: [Option<Arc<Settings>>; 2],
    /// By direction.
    on: [bool; 2],
    /// The level that the process can afford now; 0: none.
    limit: Arc<AtomicU8>,
    /// What the client and the lines agree on for the response.
    chosen: Option<Algorithm>,
    codecs: [Option<Codec>; 2],
    told: Report,
}

impl Compressor {
    /// What the backend says, else what the frontend says.
    fn setting<T: ?Sized>(&self, get: impl Fn(&Settings) -> Option<&T>) -> Option<&T> {
        self.settings.iter().flatten().find_map(|s| get(s))
    }

    fn algorithms(&self, d: Direction) -> &[Algorithm] {
        let own = |s: &Settings| !s.way(d).algorithms.is_empty();
        self.settings
            .iter()
            .flatten()
            .find(|s| own(s))
            .map_or(&[], |s| &s.way(d).algorithms)
    }

    fn rules(&self, d: Direction) -> decide::Rules<'_> {
        let types = self.setting(|s| Some(&s.way(d).types[..]).filter(|t| !t.is_empty()));
        let least = self.setting(|s| Some(&s.way(d).min_size).filter(|n| **n > 0));
        decide::Rules {
            types: types.unwrap_or(&[]),
            min_size: least.copied().unwrap_or(0),
            response: d == Direction::Response,
        }
    }

    fn start(&mut self, d: Direction, algorithm: Algorithm) -> Interest {
        let level = self.limit.load(Ordering::Relaxed);
        self.codecs[d as usize] = Some(Codec::new(algorithm, level));
        self.told.messages += u64::from(d == Direction::Response);
        Interest::Change
    }

    fn request(&mut self, message: &Message, txn: &mut Txn<'_>) -> Interest {
        let Some(head) = txn.req.as_deref_mut() else {
            return Interest::None;
        };
        if self.on[1] {
            self.chosen = decide::accepted(head, self.algorithms(Direction::Response));
            let offload = self.settings.iter().flatten().any(|s| s.offload);
            if self.chosen.is_some() && offload {
                head.remove(b"accept-encoding");
            }
        }
        let first = self.algorithms(Direction::Request).first().copied();
        match first.filter(|_| self.on[0] && self.affordable()) {
            Some(a) if self.rules(Direction::Request).allow(head, message) => {
                decide::label(head, a);
                self.start(Direction::Request, a)
            }
            _ => Interest::None,
        }
    }

    fn response(&mut self, message: &Message, txn: &mut Txn<'_>) -> Interest {
        let Some(head) = txn.res.as_deref_mut() else {
            return Interest::None;
        };
        match self.chosen.filter(|_| self.on[1]) {
            Some(a) if decide::status(head.status) && self.rules(Direction::Response).allow(head, message) => {
                if !self.affordable() {
                    return Interest::Look;
                }
                decide::label(head, a);
                txn.stream.compressed_as = a.word();
                self.start(Direction::Response, a)
            }
            _ => Interest::None,
        }
    }

    fn affordable(&self) -> bool {
        self.limit.load(Ordering::Relaxed) > 0
    }
}

impl Filter for Compressor {
    fn begin(&mut self, direction: Direction, message: &Message, txn: &mut Txn<'_>) -> Interest {
        self.codecs[direction as usize] = None;
        if !message.http {
            return Interest::None;
        }
        match direction {
            Direction::Request => self.request(message, txn),
            Direction::Response => self.response(message, txn),
        }
    }

    fn data(&mut self, direction: Direction, data: &[u8], _: Millis, out: &mut Vec<u8>) -> Pass {
        let before = out.len();
        let Some(codec) = &mut self.codecs[direction as usize] else {
            self.told.bypassed += data.len() as u64;
            return Pass::all(data);
        };
        codec.write(data, self.limit.load(Ordering::Relaxed), out);
        self.told.compressed.0 += data.len() as u64;
        self.told.compressed.1 += (out.len() - before) as u64;
        Pass::all(data)
    }

    fn end(&mut self, direction: Direction, out: &mut Vec<u8>) {
        let before = out.len();
        if let Some(codec) = self.codecs[direction as usize].take() {
            codec.finish(out);
        }
        self.told.compressed.1 += (out.len() - before) as u64;
    }

    fn report(&mut self, report: &mut Report) {
        report.compressed.0 += self.told.compressed.0;
        report.compressed.1 += self.told.compressed.1;
        report.bypassed += self.told.bypassed;
        report.messages += self.told.messages;
        self.told = Report::default();
    }
}

#[cfg(test)]
mod tests;
