//! An HTTP stream under way: who takes part, what is known, and when each step was reached.

use hapax_config::Plan;
use hapax_config::plan::{Options, Proxy, RetryOn};
use hapax_proto::h1::Meta;
use hapax_proto::h1::framing::BodyLen;
use hapax_proto::h1::write::CaseMap;
use hapax_rules::{Txn, Woken};
use hapax_sample::{Body, Env, ProxyId};
use hapax_value::Millis;

use super::{Next, StreamParts, body};
use crate::io::Gone;
use crate::session::Client;
use crate::state::{Conf, ProxyState, ServerState};
use crate::upstream::Upstream;
use crate::upstream::need::InUse;
use crate::worker::Worker;

/// One HTTP transaction.
pub(super) struct Exchange<'x> {
    pub w: &'x Worker,
    pub plan: &'x Plan,
    pub c: &'x mut Client,
    pub p: &'x mut StreamParts,
    pub fe_id: ProxyId,
    pub fe: &'x Proxy,
    /// The frontend itself until the backend is known.
    pub be_id: ProxyId,
    pub be: &'x Proxy,
    /// There is a backend, and the stream is counted among those it has now.
    pub in_backend: bool,
    pub be_gauge: bool,
    /// How the request is delimited.
    pub meta: Meta,
    /// TCP mode: expressions see bytes, and no request.
    pub raw: bool,
    /// A line is written of what was before the request came.
    pub unread: bool,
    /// The connection is HTTP from here on (`switch-mode`, or a backend of that mode).
    pub upgrade: bool,
    /// Bytes of the response's head, as HAProxy counts them.
    pub head_out: u64,
    /// A rule wants the server's connection closed after this request.
    pub single_use: bool,
    /// A `tcp-response content` rule waits for the response.
    pub inspection: Option<super::inspect::Inspection>,
    /// Bytes of the client so far; the log learns of them at the end.
    pub received: u64,
    /// The size of an answer of our own.
    pub own_out: u64,
    /// Sizes of the interim responses, and of the heads that went on to the server and to the client.
    pub interim_out: u64,
    pub req_head_out: u64,
    pub res_head_out: u64,
    /// How the response is delimited, once its head came.
    pub res_body: BodyLen,
    pub marks: Marks,
    /// Index of the server chosen; its slot is taken while `slot` is set.
    pub server: Option<usize>,
    pub slot: bool,
    pub up: Option<Box<Upstream>>,
    /// Counts it, where others may have it afterwards.
    pub in_use: Option<InUse<'x>>,
    /// The client's connection may serve another request after this one.
    pub keep_alive: bool,
    /// The head of the final response is on its way to the client.
    pub response_started: bool,
    /// All of the request body was taken from the client, and it reached the server (or never will).
    pub request_read: bool,
    pub request_sent: bool,
    /// Bytes flow both ways until both sides have ended.
    pub tunnel: bool,
    /// The server's connection may serve another request after this one.
    pub reusable: bool,
    /// The server to try next, or to avoid, after a failure.
    pub again: Option<usize>,
    pub avoid: Option<usize>,
    /// The server of the last attempt, where that has failed and another follows.
    pub failed: Option<usize>,
    /// The kind of the failure, where the request may be sent again for it.
    pub failure: RetryOn,
    /// The client's connection is to vanish without a word (`silent-drop`).
    pub vanished: bool,
    /// The client asked for a tunnel, whatever rules have made of it.
    pub tunnel_asked: bool,
    /// The client asked with `HEAD`, whatever rules have made of it.
    pub head_only: bool,
    /// The client is watched while the server works: it may leave.
    pub watched: bool,
    /// The request was sent before: it stands in its half as it was.
    pub resent: bool,
    /// How the client has left, where it was seen to.
    pub gone: Option<Gone>,
    /// Server named by the client's cookie, and whether the response must set a cookie.
    pub persistence: super::cookie::Persistence,
    /// Keys that `stick` rules store once the server has answered.
    pub stores: super::tables::Stores,
}

/// Monotonic milliseconds at which steps were reached; 0: not yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    /// The stream could have begun: accept, or the end of the previous response.
    pub idle: Millis,
    pub first_byte: Millis,
    pub request: Millis,
    /// The rules of the request are over: it was answered by one of them, or goes on to a server.
    pub judged: Millis,
    pub queued: Millis,
    pub connected: Millis,
    pub response: Millis,
    pub wall_us: u64,
}

impl<'x> Exchange<'x> {
    pub(super) fn new(w: &'x Worker, c: &'x mut Client, p: &'x mut StreamParts) -> Self {
        let plan = w.plan();
        let fe_id = c.facts.frontend;
        let fe = &plan.proxies[fe_id.0 as usize];
        p.req.buf = std::mem::take(&mut c.buf);
        if c.streams == 0 {
            // What came along with the connection; what was read ahead later is counted already.
            p.req.wire_in = p.req.buf.len() as u64;
        }
        p.facts.id = w.shared.next_id();
        p.facts.begun = true;
        p.facts.log_soon = fe.options.contains(Options::LOGASAP);
        p.vars.limits = plan.global.var_limits;
        p.facts.termination = *b"--";
        p.facts.cookie_flags = *b"--";
        p.vars.sess.swap(&std::cell::RefCell::new(std::mem::take(&mut c.vars)));
        c.streams += 1;
        c.facts.requests = c.streams;
        p.facts.first_request = c.streams == 1;
        c.entry.requests.set(u64::from(c.streams));
        let idle = c.idle_since;
        Self {
            w,
            plan,
            c,
            p,
            fe_id,
            fe,
            be_id: fe_id,
            be: fe,
            in_backend: false,
            be_gauge: false,
            meta: Meta::default(),
            raw: false,
            upgrade: false,
            head_out: 0,
            single_use: false,
            inspection: None,
            received: 0,
            own_out: 0,
            interim_out: 0,
            req_head_out: 0,
            res_head_out: 0,
            res_body: BodyLen::None,
            marks: Marks { idle, ..Marks::default() },
            server: None,
            slot: false,
            up: None,
            in_use: None,
            keep_alive: false,
            response_started: false,
            request_read: false,
            request_sent: false,
            tunnel: false,
            reusable: false,
            again: None,
            avoid: None,
            failed: None,
            failure: RetryOn::empty(),
            unread: false,
            vanished: false,
            tunnel_asked: false,
            head_only: false,
            watched: false,
            resent: false,
            gone: None,
            persistence: super::cookie::Persistence::default(),
            stores: super::tables::Stores::new(),
        }
    }

    pub(super) fn fe_state(&self) -> &'x ProxyState {
        self.w.shared.proxy(self.fe_id)
    }

    pub(super) fn be_state(&self) -> &'x ProxyState {
        self.w.shared.proxy(self.be_id)
    }

    /// The settings of a server of the backend.
    pub(super) fn server_conf(&self, i: usize) -> Conf<'x> {
        self.be_state().servers[i].conf()
    }

    pub(super) fn server_state(&self) -> Option<&'x ServerState> {
        self.server.map(|i| &self.be_state().servers[i])
    }

    /// How names are written to the client, where it is particular about them.
    pub(super) fn client_case(&self) -> Option<&'x CaseMap> {
        let asked = self.fe.options.contains(Options::H1_CASE_BOGUS_CLI);
        asked.then_some(&self.plan.global.case_map)
    }

    /// `timeout client` as rules have left it.
    pub(super) fn client_timeout(&self) -> Option<Millis> {
        self.p.facts.set.timeout_client.or(self.fe.timeouts.client).filter(|t| *t != 0)
    }

    /// The same of the server; a rule that says 0 takes the limit away.
    pub(super) fn server_timeout(&self) -> Option<Millis> {
        self.p.facts.set.timeout_server.or(self.be.timeouts.server).filter(|t| *t != 0)
    }

    /// The transaction as rules see it. `response`: the response head is there.
    pub(super) fn txn(&mut self, response: bool, woken: Woken) -> Txn<'_> {
        let now = self.w.now();
        self.p.facts.timers = self.timers();
        let req_body = body::view(self.meta.body, &self.p.req.buf, &self.p.req_seen, false);
        let res_body = body::view(self.res_body, &self.p.res.buf, &self.p.res_seen, false);
        Txn {
            now,
            sess: &mut self.c.facts,
            stream: &mut self.p.facts,
            controls: &mut self.p.controls,
            req: Some(&mut self.p.req_head),
            res: response.then_some(&mut self.p.res_head),
            req_body,
            res_body,
            payload: None,
            no_more: true,
            woken,
            vars: &self.p.vars,
            world: &self.w.world,
        }
    }

    /// What expressions outside rules see.
    pub(super) fn env(&self, response: bool) -> Env<'_> {
        Env {
            now: self.w.now(),
            sess: &self.c.facts,
            stream: &self.p.facts,
            req: (self.marks.request != 0 && !self.raw && !self.unread).then_some(&self.p.req_head),
            res: response.then_some(&self.p.res_head),
            req_body: body::view(self.meta.body, &self.p.req.buf, &self.p.req_seen, false),
            res_body: Body::default(),
            payload: self.raw.then(|| Body {
                bytes: self.p.req.buf.filled(),
                ..Body::default()
            }),
            no_more: true,
            vars: &self.p.vars,
            world: &self.w.world,
        }
    }

    /// Gives back to the connection what outlives the stream.
    pub(super) fn release(&mut self, next: Next) {
        self.release_tracks();
        self.c.vars = self.p.vars.sess.take();
        self.c.deadline.clear();
        self.c.entry.backend.set(None);
        self.c.entry.server.set(None);
        if next == Next::KeepAlive && !self.p.req.buf.is_empty() {
            self.c.buf = std::mem::take(&mut self.p.req.buf);
        } else {
            self.p.req.buf = crate::buf::Buf::default();
        }
        self.p.res.buf = crate::buf::Buf::default();
    }
}
