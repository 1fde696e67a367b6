//! The filters of a stream: which there are, when they are asked, and what becomes of what they tell.
//!
//! A stream whose proxies have no filters only finds that out. Others attach theirs once the backend is known, the frontend's
//! first; each then says for each message whether it wants to see the body, and those that do become a [`Tap`] of the half that
//! carries it.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::sync::Arc;

use hapax_config::plan::Proxy;
use hapax_proto::h1::{BodyLen, Meta};
use hapax_proto::http::{Head, Version};
use hapax_rules::Woken;
use hapax_rules::filters::{self, Attach, Direction, Filter, Interest, Message, Report, SharedRates};
use hapax_sample::ProxyId;

use super::body::Seen;
use super::exchange::Exchange;
use crate::buf::Buf;
use crate::relay::{Coding, Tap};
use crate::state::Shared;

/// A filter, as both directions of its stream see it.
pub(crate) type Shown = Rc<RefCell<Box<dyn Filter>>>;

/// The filters attached to a stream, by the order in which they see requests and responses.
#[derive(Debug)]
pub(crate) struct Filters {
    order: [Vec<Shown>; 2],
    ledger: Rc<Ledger>,
}

/// Where what filters tell goes: counters, rates, standard error.
#[derive(Debug)]
pub(crate) struct Ledger {
    shared: Arc<Shared>,
    worker: usize,
    fe: ProxyId,
    be: Option<ProxyId>,
    report: RefCell<Report>,
}

impl Ledger {
    /// Collects what `stages` have to tell.
    pub(crate) fn settle<S>(&self, stages: &[S], filter: impl Fn(&S) -> &Shown) {
        let mut report = self.report.borrow_mut();
        for s in stages {
            filter(s).borrow_mut().report(&mut report);
        }
        if *report == Report::default() {
            return;
        }
        if !report.said.is_empty() {
            // Nobody to tell that standard error is gone.
            let _ = std::io::stderr().write_all(&report.said);
        }
        let (into, out) = report.compressed;
        let w = self.worker;
        let fe = &self.shared.proxy(self.fe).fe;
        fe.comp_in.add(w, into);
        fe.comp_out.add(w, out);
        fe.comp_byp.add(w, report.bypassed);
        fe.comp_rsp.add(w, report.messages);
        if let Some(be) = self.be {
            let be = &self.shared.proxy(be).be;
            be.comp_in.add(w, into);
            be.comp_out.add(w, out);
            be.comp_byp.add(w, report.bypassed);
            be.comp_rsp.add(w, report.messages);
        }
        if into + out > 0 {
            self.shared.compression.count(w, into, out);
            self.shared.compression.refresh(&self.shared);
        }
        report.said.clear();
        report.compressed = (0, 0);
        report.bypassed = 0;
        report.messages = 0;
    }
}

impl Exchange<'_> {
    fn has_filters(&self) -> bool {
        !self.fe.filters.is_empty() || !self.be.filters.is_empty()
    }

    /// Shows the request to the filters, once it is as the server will see it. How its body is to be written.
    pub(super) fn filter_request(&mut self, coding: Coding) -> Coding {
        if !self.has_filters() {
            return coding;
        }
        self.attach_filters();
        let meta = self.meta;
        let whole = whole(&meta, &mut self.p.req_seen, &self.p.req.buf);
        let message = Message::of(&meta, self.p.req_head.version >= Version::H11, whole);
        let fields = self.p.req_head.field_count();
        let offered = self.p.req_head.values(b"accept-encoding").count();
        let wants = self.begin_message(Direction::Request, &message);
        // What the client offered may be kept from the server.
        let fields = fields + self.p.req_head.values(b"accept-encoding").count() - offered;
        let coding = reframe(&mut self.p.req_head, &wants, &message, (coding, fields));
        self.tap(Direction::Request, wants);
        coding
    }

    /// The same for a response on its way to the client. The connection cannot be kept where nothing can tell the body's end.
    pub(super) fn filter_response(&mut self, meta: &Meta, coding: Coding) -> Coding {
        if self.p.filters.is_none() {
            return coding;
        }
        let modern = self.p.req_head.version >= Version::H11 && self.p.res_head.version >= Version::H11;
        let whole = whole(meta, &mut self.p.res_seen, &self.p.res.buf);
        let message = Message::of(meta, modern, whole);
        let fields = self.p.res_head.field_count();
        let wants = self.begin_message(Direction::Response, &message);
        let coding = reframe(&mut self.p.res_head, &wants, &message, (coding, fields));
        self.keep_alive &= coding == Coding::Chunked || !changes(&wants);
        self.tap(Direction::Response, wants);
        coding
    }

    /// Both directions of a TCP stream.
    pub(super) fn filter_tcp(&mut self) {
        if !self.has_filters() {
            return;
        }
        self.attach_filters();
        for direction in [Direction::Request, Direction::Response] {
            let wants = self.begin_message(direction, &Message::default());
            self.tap(direction, wants);
        }
    }

    #[cold]
    fn attach_filters(&mut self) {
        let shared = &self.w.shared;
        shared.compression.refresh(shared);
        let rates: Arc<dyn SharedRates> = Arc::<Shared>::clone(shared);
        let mut order = [Vec::new(), Vec::new()];
        let mut attach = |p: &Proxy| {
            let compression = [self.be.compression.as_ref(), self.fe.compression.as_ref()];
            let filters: Vec<Option<Shown>> = p
                .filters
                .iter()
                .enumerate()
                .map(|(i, spec)| {
                    let cx = Attach {
                        id: p.first_filter + i as u32,
                        stream: self.p.facts.id,
                        compression,
                        level: &shared.compression.level,
                        rates: &rates,
                    };
                    spec.attach(&cx).map(|f| Rc::new(RefCell::new(f)))
                })
                .collect();
            for (seen, said) in order.iter_mut().zip(&p.filter_order) {
                match said {
                    Some(said) => seen.extend(said.iter().filter_map(|i| filters[usize::from(*i)].clone())),
                    None => seen.extend(filters.iter().flatten().cloned()),
                }
            }
        };
        attach(self.fe);
        if self.be_id != self.fe_id {
            attach(self.be);
        }
        let ledger = Ledger {
            shared: Arc::clone(shared),
            worker: self.w.id,
            fe: self.fe_id,
            be: self.in_backend.then_some(self.be_id),
            report: RefCell::default(),
        };
        self.p.filters = Some(Box::new(Filters {
            order,
            ledger: Rc::new(ledger),
        }));
    }

    /// Asks each filter what it wants of the body.
    fn begin_message(&mut self, direction: Direction, message: &Message) -> Vec<(Shown, Interest)> {
        let Some(filters) = self.p.filters.take() else { return Vec::new() };
        let mut wants = Vec::new();
        for filter in &filters.order[direction as usize] {
            let response = direction == Direction::Response && message.http;
            let interest = filter.borrow_mut().begin(direction, message, &mut self.txn(response, Woken::No));
            if interest != Interest::None {
                wants.push((Rc::clone(filter), interest));
            }
        }
        filters.ledger.settle(&filters.order[direction as usize], |f| f);
        self.p.filters = Some(filters);
        wants
    }

    fn tap(&mut self, direction: Direction, wants: Vec<(Shown, Interest)>) {
        if wants.is_empty() {
            return;
        }
        let Some(filters) = &self.p.filters else { return };
        let tap = Tap::new(direction, wants, Rc::clone(&filters.ledger), &self.w.timers);
        let half = match direction {
            Direction::Request => &mut self.p.req,
            Direction::Response => &mut self.p.res,
        };
        half.tap = Some(Box::new(tap));
    }
}

fn changes(wants: &[(Shown, Interest)]) -> bool {
    wants.iter().any(|(_, i)| *i == Interest::Change)
}

/// A body that is changed has another length, which nobody knows yet.
/// How long a chunked body is all of which is there.
fn whole(meta: &Meta, seen: &mut Seen, buf: &Buf) -> Option<u64> {
    if meta.body != BodyLen::Chunked {
        return None;
    }
    seen.look(buf.filled());
    let body = seen.body();
    body.complete.then_some(body.bytes.len() as u64)
}

fn reframe(head: &mut Head, wants: &[(Shown, Interest)], message: &Message, (coding, fields): (Coding, usize)) -> Coding {
    if !changes(wants) {
        return coding;
    }
    if filters::unknown_length(head, message, coding == Coding::Chunked, fields) {
        return Coding::Chunked;
    }
    coding
}
