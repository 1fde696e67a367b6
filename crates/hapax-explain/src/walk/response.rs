//! The server's response on its way to the client, and answers that are the proxy's own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use hapax_config::plan::{Options, Proxy, capture_cookie, leaks_cookie};
use hapax_config::tables::Event;
use hapax_proto::h1::framing::{self, BodyLen};
use hapax_proto::h1::{Meta, normalise, reframe};
use hapax_proto::http::{Head, Version};
use hapax_rules::filters::{self, Attach, Direction, Filter, Interest, SharedRates};
use hapax_rules::{Effect, Reply, errors};

use super::{Message, Outcome, Phase, Walk, Way, message};
use crate::question::Question;
use crate::route;
use crate::world::NoRates;

/// A filter that is attached to the stream.
pub(super) type Shown = RefCell<Box<dyn Filter>>;

impl<'w> Walk<'w> {
    /// The request as it leaves for the server that was chosen.
    pub(super) fn sent(&mut self, be: &'w Proxy) -> Message {
        if self.http {
            let before = self.req.clone();
            if let (Some(name), Some(i)) = (&be.send_name_header, self.stream.server) {
                self.req.set(name, be.servers[i.0 as usize].name.as_bytes());
            }
            self.note_request("http-send-name-header", &before);
            self.attach_filters(be);
            let meta = self.meta;
            let modern = self.req.version >= Version::H11;
            self.filter(Direction::Request, &meta, modern);
        }
        message(&self.req, self.body)
    }

    /// The server has answered.
    pub(super) fn answered(&mut self, q: &Question, fe: &'w Proxy, be: &'w Proxy) -> Way<()> {
        let mut head = q.response_head();
        self.vars.begin_response(self.world);
        // Content rules look at a response only where they may wait for it.
        let early = be.tcp_res_inspect_delay == 0;
        if early {
            self.run("tcp-response content", be, &be.tcp_res_rules, Phase::Response)?;
        }
        self.stream.status = head.status;
        self.stream.server_status = head.status;
        if !self.http {
            self.res = Some(head);
            return if early {
                Ok(())
            } else {
                self.run("tcp-response content", be, &be.tcp_res_rules, Phase::Response)
            };
        }
        let relaxed = be.options.contains(Options::ACCEPT_INVALID_RES);
        let Ok(meta) = framing::response(&head, self.req.method(), relaxed) else {
            return Err(self.answer(&Reply::error(502), "response", "the server's response has no single reading", None));
        };
        let before = head.clone();
        normalise::response(&mut head, &meta, errors::reason);
        self.res = Some(head);
        self.note_response("made plain", &before);
        self.stream.response_version = "1.1";
        for (wrong, event) in [
            (self.world.tables.is_error(self.stream.status), Event::Error),
            (self.world.tables.is_failure(self.stream.status), Event::Failure),
        ] {
            if wrong {
                self.world.count(self.sess.tracks.iter().chain(&self.stream.tracks), event);
            }
        }
        self.capture(fe);
        if !early {
            self.run("tcp-response content", be, &be.tcp_res_rules, Phase::Response)?;
        }
        self.run("http-response", be, &be.http_res_rules, Phase::Response)?;
        if self.be_id != self.fe_id {
            self.run("http-response", fe, &fe.http_res_rules, Phase::Response)?;
        }
        let leaks = |res: &Head| leaks_cookie(self.req.method(), res);
        if be.options.contains(Options::CHECKCACHE) && self.res.as_ref().is_some_and(leaks) {
            let text = "option checkcache: caches might give the cookie to others";
            return Err(self.answer(&Reply::error(502), "response", text, None));
        }
        if let (Some((name, len)), Some(res)) = (&fe.cookie_capture, &self.res) {
            let len = (*len).min(self.plan.global.cookielen - 1);
            self.stream.cookie_capture_res = capture_cookie(res, b"set-cookie", name, len);
        }
        self.write_cookie(be);
        if !self.after_response() {
            return Err(self.answer(&Reply::error(500), "response", "a rewrite failed", None));
        }
        self.settle(fe, be, meta)
    }

    fn capture(&mut self, fe: &'w Proxy) {
        let Some(res) = &self.res else { return };
        normalise::capture(res, &fe.res_captures, &mut self.stream.res_captures);
    }

    fn write_cookie(&mut self, be: &'w Proxy) {
        let (Some(cookie), Some(server)) = (&be.cookie, self.stream.server) else {
            return;
        };
        let Some(res) = &mut self.res else { return };
        let before = res.clone();
        let i = server.0 as usize;
        let id = be.servers[i].cookie.as_deref();
        let seconds = self.world.now.wall_us / 1_000_000;
        self.stream.cookie_flags[1] = cookie.write(res, self.req.method(), (i, id), &self.cookie, seconds);
        self.note_response("cookie", &before);
    }

    /// The response as it leaves: framed as it is, filtered, and with what becomes of the client's connection.
    fn settle(&mut self, fe: &'w Proxy, be: &'w Proxy, meta: Meta) -> Way<()> {
        let Some(mut head) = self.res.take() else { return Ok(()) };
        let changed = head.status != self.stream.server_status;
        self.stream.status = head.status;
        if changed && (100..200).contains(&head.status) {
            let text = "the rules cannot be followed: the status says that another response is to come";
            return Err(self.answer(&Reply::error(500), "response", text, None));
        }
        let emptied = changed && reframe::is_bodiless(head.status);
        if emptied {
            head.remove(b"transfer-encoding");
        }
        if std::mem::take(&mut self.controls.framing_edited) {
            self.keep_alive &= !normalise::connection_closes(&mut head);
            match reframe::response(&mut head, meta.body, emptied || self.head_only) {
                Ok(announced) => self.keep_alive &= announced,
                Err(e) => {
                    let text = format!("the rules cannot be followed: {e}");
                    return Err(self.answer(&Reply::error(500), "response", &text, None));
                }
            }
        }
        let tunnel = meta.body == BodyLen::UntilClose && (head.status == 101 || self.req.method() == b"CONNECT");
        self.keep_alive &= meta.body != BodyLen::UntilClose;
        self.res = Some(head);
        let _ = (fe, be);
        let modern = self.req.version >= Version::H11;
        self.filter(Direction::Response, &meta, modern);
        let old = self.req.version < Version::H11;
        if let Some(head) = self.res.as_mut().filter(|_| !tunnel) {
            normalise::tell_client(head, self.keep_alive, old);
        }
        Ok(())
    }

    fn attach_filters(&mut self, be: &'w Proxy) {
        let fe = self.proxy(self.fe_id);
        if fe.filters.is_empty() && be.filters.is_empty() {
            return;
        }
        let rates: Arc<dyn SharedRates> = Arc::new(NoRates);
        let level = Arc::new(AtomicU8::new(1));
        let compression = [be.compression.as_ref(), fe.compression.as_ref()];
        let own = (self.be_id != self.fe_id).then_some(be);
        for proxy in [Some(fe), own].into_iter().flatten() {
            for (i, spec) in proxy.filters.iter().enumerate() {
                let cx = Attach {
                    id: proxy.first_filter + i as u32,
                    stream: 0,
                    compression,
                    level: &level,
                    rates: &rates,
                };
                self.filters.extend(spec.attach(&cx).map(|f| Rc::new(RefCell::new(f))));
            }
        }
    }

    /// Shows the head to the filters, which may change it.
    fn filter(&mut self, direction: Direction, meta: &Meta, modern: bool) {
        let filters = std::mem::take(&mut self.filters);
        let asked = filters::Message::of(meta, modern, None);
        let phase = if direction == Direction::Request {
            Phase::Request
        } else {
            Phase::Response
        };
        let before = match phase {
            Phase::Response => self.res.clone().unwrap_or_default(),
            _ => self.req.clone(),
        };
        let mut changes = false;
        for filter in &filters {
            let interest = filter.borrow_mut().begin(direction, &asked, &mut self.txn(phase, b""));
            changes |= interest == Interest::Change;
        }
        let head = match phase {
            Phase::Response => self.res.as_mut(),
            _ => Some(&mut self.req),
        };
        if let Some(head) = head.filter(|_| changes) {
            let chunked = filters::unknown_length(head, &asked, meta.body == BodyLen::Chunked, before.field_count());
            if phase == Phase::Response {
                self.keep_alive &= chunked;
            }
        }
        match phase {
            Phase::Response => self.note_response("filter", &before),
            _ => self.note_request("filter", &before),
        }
        if changes {
            self.note("a filter changes the body, which is shown as it was before", None);
        }
        self.filters = filters;
    }

    /// No body follows the head of the response.
    pub(super) fn answers_without_body(&self) -> bool {
        let status = self.res.as_ref().map_or(0, |h| h.status);
        self.head_only || reframe::is_bodiless(status)
    }

    /// The client gets `reply`, after the rules for every response.
    pub(super) fn answer(&mut self, reply: &Reply, kind: &'static str, text: &str, rule: Option<String>) -> Box<Outcome> {
        let mut head = Head::default();
        let own = &self.proxy(self.be_id).errors;
        let pages = if own.own(reply.status).is_some() {
            own
        } else {
            &self.proxy(self.fe_id).errors
        };
        let reply = reply
            .settle(pages, &self.plan.error_sections, &self.txn(Phase::Request, &[]).env())
            .into_owned();
        let mut body: Arc<[u8]> = reply.render(pages, &self.plan.error_sections, &mut head);
        let backend = (self.be_id != self.fe_id).then(|| self.proxy(self.be_id).name.to_string());
        if head.status == 0 {
            // An error file of no bytes.
            return Box::new(Outcome {
                kind: "reject",
                text: format!("{text}; the error file is empty, and the connection is closed without an answer"),
                backend,
                rule,
                ..Outcome::default()
            });
        }
        let mut status = head.status;
        self.stream.status = reply.status;
        self.res = Some(head);
        if self.http && !self.after_response() {
            // What goes out instead has a second try, which may fail.
            let mut head = Head::default();
            body = Reply::error(500).render(pages, &self.plan.error_sections, &mut head);
            (status, self.stream.status) = (head.status, 500);
            self.res = Some(head);
            self.after_response();
        }
        let mut head = self.res.take().unwrap_or_default();
        if (100..200).contains(&head.status) {
            head.status = status;
        }
        if std::mem::take(&mut self.controls.framing_edited) {
            reframe::own(&mut head, body.len());
        }
        self.keep_alive &= normalise::lives_on(&mut head);
        normalise::tell_client(&mut head, self.keep_alive, self.req.version < Version::H11);
        self.stream.status = head.status;
        self.res = Some(head);
        let body = if self.answers_without_body() { &[][..] } else { &*body };
        Box::new(Outcome {
            kind,
            text: text.into(),
            response: self.res.as_ref().map(|h| message(h, body)),
            backend,
            rule,
            ..Outcome::default()
        })
    }

    /// `false`: a rule could not do what it should.
    fn after_response(&mut self) -> bool {
        self.vars.begin_response(self.world);
        let (be, fe) = (self.proxy(self.be_id), self.proxy(self.fe_id));
        let own = (self.be_id != self.fe_id).then_some(be);
        for proxy in [own, Some(fe)].into_iter().flatten().filter(|p| route::is_http(p)) {
            // These rules edit; they cannot refuse.
            let (effect, _) = self.evaluate("http-after-response", proxy, &proxy.http_after_rules, Phase::Response);
            if matches!(effect, Effect::Fail | Effect::Broken) {
                return false;
            }
        }
        true
    }
}
