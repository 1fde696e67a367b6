//! Answers that the proxy gives itself: rule replies, error messages, the monitor page, statistics.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use hapax_config::plan::{Options, Proxy, StatsUri};
use hapax_proto::h1::framing::BodyLen;
use hapax_proto::h1::{normalise, write};
use hapax_rules::errors::{self, Message};
use hapax_rules::{Effect, Reply, Wait, Woken};
use hapax_sample::ProxyId;
use hapax_sample::acl::Verdict;
use hapax_value::Millis;

use super::exchange::Exchange;
use super::rules::Way;
use super::{Next, Step, Stop};
use crate::outcome::{Blame, End, Phase};
use crate::state::count_front;
use crate::stats::{VERSION, page, prometheus};

/// How long, and for how many bytes, a connection that was answered early is read on before it closes, so that the answer is not
/// lost to a reset.
const LINGER: Millis = 2000;
const LINGER_BYTES: usize = 4 << 20;

impl Exchange<'_> {
    /// Sends `reply` as the response of this stream.
    pub(super) async fn answer(&mut self, reply: &Reply, end: End) -> Step<()> {
        self.p.facts.termination = end.letters();
        if end.phase == Phase::Request {
            self.marks.judged = self.w.now_ms();
        }
        let body = self.make(reply);
        if self.p.res_head.status == 0 {
            let status = Some(reply.status);
            return Err(Stop::Close(End { status, ..end }));
        }
        // Who is to blame was decided before, whether or not the client has waited for it.
        self.keep_alive &= self.send_own(reply.status, body).await.is_ok();
        Err(Stop::Answered)
    }

    /// Makes the head of `reply` in `res_head`, and gives its body. The backend's messages go before the frontend's.
    fn make(&mut self, reply: &Reply) -> Arc<[u8]> {
        let own = &self.be.errors;
        let pages = if own.own(reply.status).is_some() { own } else { &self.fe.errors };
        let mut env = self.env(false);
        if self.marks.connected != 0 {
            // The request is with the server: nothing of it can be quoted any more.
            env.req = None;
        }
        let reply = reply.settle(pages, &self.plan.error_sections, &env);
        reply.render(pages, &self.plan.error_sections, &mut self.p.res_head)
    }

    /// Sends the head in `res_head` and `body`. The status that is told and counted is `status`, whatever a page says.
    async fn send_own(&mut self, status: u16, mut body: Arc<[u8]>) -> Step<()> {
        self.take_buffered_body();
        self.keep_alive &= self.may_keep_alive() && !self.w.stopping();
        self.p.facts.status = status;
        let mut given = self.p.res_head.status;
        if self.after_response_rules().is_err() {
            (body, given) = (self.instead(), 500);
        }
        let body = &*body;
        let bodiless = self.reframe_own(body.len(), given);
        if self.p.res_head.status != given {
            self.p.facts.status = self.p.res_head.status;
        }
        self.keep_alive &= normalise::lives_on(&mut self.p.res_head);
        self.own_out = self.p.res_head.counted_len() + body.len() as u64;
        self.write_connection();
        let mut out = std::mem::take(self.p.res.out());
        out.clear();
        write::response(&self.p.res_head, self.client_case(), &mut out);
        if !self.head_only && !bodiless {
            out.extend_from_slice(body);
        }
        self.response_started = true;
        self.p.facts.response_version = if self.old_client() { "1.0" } else { "1.1" };
        if self.marks.connected == 0 {
            // Where there was a server, the time of its response is told, and it gave none.
            self.marks.response = self.w.now_ms();
        }
        if !self.p.facts.applet.is_empty() && self.p.facts.termination[0] == b'L' {
            self.note_applet();
        }
        let sent = self.write(&out, self.request_read && self.ends_with_last()).await;
        out.clear();
        *self.p.res.out() = out;
        sent
    }

    /// Rules could not do with our answer what they should: this is what goes out instead. They have a second try, which may fail.
    #[cold]
    fn instead(&mut self) -> Arc<[u8]> {
        self.p.facts.status = 500;
        count_front!(self.fe_state(), self.c.facts.listener, self.w.id, internal_errors, 1);
        let body = self.make(&Reply::error(500));
        if self.after_response_rules().is_err() {
            // Half of their work is none.
            return self.make(&Reply::error(500));
        }
        body
    }

    /// Whoever answers in the place of a server is one to the log: what it gave counts, and it was reached at once.
    fn note_applet(&mut self) {
        self.head_out = if self.head_only {
            self.p.res_head.counted_len()
        } else {
            self.own_out
        };
        let m = &mut self.marks;
        (m.queued, m.connected) = (m.response, m.response);
    }

    /// `http-after-response` of the backend, then of the frontend. The error: a rule could not do what it should.
    pub(super) fn after_response_rules(&mut self) -> Result<(), End> {
        self.p.vars.begin_response(&self.w.world);
        let mut sets = [Some(&self.be.http_after_rules), Some(&self.fe.http_after_rules)];
        if self.be_id == self.fe_id {
            sets[1] = None;
        }
        for rules in sets.into_iter().flatten().filter(|r| !r.is_empty()) {
            self.look_at_bodies();
            self.measure_room(Way::Response);
            // These rules edit; they cannot refuse nor wait, but may write a line.
            let mut outcome = hapax_rules::run(rules, 0, &mut self.txn(true, Woken::No));
            while let Effect::Wait(Wait::Log { profile, origin }) = outcome.effect {
                self.log_at(origin, origin, profile);
                outcome = hapax_rules::run(rules, outcome.index, &mut self.txn(true, Woken::Done));
            }
            self.count_failed_rewrites();
            failure(&outcome.effect, Phase::Headers).map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// A request body that is already here is read over, so that the connection can be kept.
    pub(super) fn take_buffered_body(&mut self) {
        if self.marks.connected != 0 {
            // It is on its way to a server, which has answered.
            self.received += self.p.req.payload;
            self.look_at_bodies();
            self.head_out += match self.res_body {
                BodyLen::Chunked => self.p.res_seen.extent().1,
                _ => self.body(Way::Response, true).bytes.len() as u64,
            };
            return;
        }
        if self.request_read {
            return;
        }
        let (whole, counted, on_wire) = match self.meta.body {
            BodyLen::Length(n) => {
                let here = (self.p.req.buf.len() as u64).min(n);
                (here == n, here, here as usize)
            }
            BodyLen::Chunked => {
                self.look_at_bodies();
                self.p.req_seen.extent()
            }
            BodyLen::None | BodyLen::UntilClose => return,
        };
        self.received += counted;
        if whole {
            self.p.req.buf.consume(on_wire);
            self.request_read = true;
        }
    }

    /// Answers with the error message for `end`.
    pub(super) async fn answer_error(&mut self, end: End) -> Next {
        let status = end.status();
        if self.marks.request == 0 {
            // No request, no stream: HAProxy's multiplexer answers with bytes of its own and closes.
            self.p.facts.status = status;
            self.count_response();
            let page = match self.fe.errors.own(status) {
                Some(Message::Page(p)) => {
                    let mut out = Vec::new();
                    if p.head.status != 0 {
                        write::response(&p.head, None, &mut out);
                        out.extend_from_slice(&p.body);
                    }
                    Some(out)
                }
                _ => None,
            };
            let bytes = page.as_deref().unwrap_or_else(|| errors::raw(status));
            let _ = self.write_now(bytes).await;
            return Next::Close;
        }
        self.p.facts.termination = end.letters();
        self.p.facts.status = status;
        self.keep_alive &= !matches!(end.blame, Blame::Client | Blame::ClientTimeout) && !self.p.req_seen.is_malformed();
        let body = self.make(&Reply::error(status));
        if self.p.res_head.status == 0 {
            self.p.facts.status = status;
            return Next::Close;
        }
        match self.send_own(status, body).await {
            Ok(()) if self.keep_alive => Next::KeepAlive,
            _ => Next::Close,
        }
    }

    /// Writes bytes to the client now, within `timeout client`.
    pub(super) async fn write_now(&mut self, bytes: &[u8]) -> Step<()> {
        self.write(bytes, false).await
    }

    /// Whether what is written last may wait for the end of the client's connection: the end is to follow, and is no reset.
    pub(super) fn ends_with_last(&self) -> bool {
        !self.keep_alive && !self.fe.options.contains(Options::NOLINGER)
    }

    /// `last` as in [`crate::io::Io::poll_write2`].
    async fn write(&mut self, bytes: &[u8], last: bool) -> Step<()> {
        self.c.deadline.after(self.w.now_ms(), self.client_timeout());
        let (io, deadline) = (&mut self.c.io, &self.c.deadline);
        let mut at = 0;
        let written = std::future::poll_fn(|cx| {
            while at < bytes.len() {
                match io.poll_write2(cx, &bytes[at..], &[], last) {
                    Poll::Ready(Ok(n)) if n > 0 => at += n,
                    Poll::Ready(_) => return Poll::Ready(false),
                    Poll::Pending if deadline.expired(cx) => return Poll::Ready(false),
                    Poll::Pending => return Poll::Pending,
                }
            }
            io.poll_flush(cx).map(|r| r.is_ok())
        })
        .await;
        self.c.deadline.clear();
        self.p.res.wire_out += at as u64;
        if written {
            Ok(())
        } else {
            Err(Stop::Close(End::new(Blame::Client, Phase::Data)))
        }
    }

    /// `103 Early Hints` collected by rules.
    pub(super) async fn send_early_hints(&mut self) -> Step<()> {
        let hints = std::mem::take(&mut self.p.controls.early_hints);
        if self.old_client() {
            return Ok(());
        }
        let mut out = Vec::with_capacity(128);
        for hint in &hints {
            if hint.starts {
                if !out.is_empty() {
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\n");
            }
            out.extend_from_slice(&hint.name.to_ascii_lowercase());
            out.extend_from_slice(b": ");
            out.extend_from_slice(&hint.value);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        self.write_now(&out).await
    }

    /// The client is told that we are done, and what it still sends is read over for a moment.
    pub(super) async fn linger(&mut self) {
        if self.p.facts.status == 0 {
            return;
        }
        if self.fe.options.contains(Options::NOLINGER) {
            // The reset that is to come must not overtake the end of the answer.
            let _ = self.c.io.poll_shutdown(&mut Context::from_waker(Waker::noop()));
        }
        let quiet = self.request_read && self.p.req.buf.is_empty();
        if quiet && self.c.io.is_spent() {
            // Nothing of the client's is under way: closing resets nothing.
            return;
        }
        self.c.deadline.set(self.w.now_ms() + LINGER);
        let mut buf = std::mem::take(&mut self.p.req.buf);
        if buf.capacity() == 0 {
            buf = crate::buf::Buf::take(self.plan.global.bufsize);
        }
        let (io, deadline) = (&mut self.c.io, &self.c.deadline);
        let (mut left, mut shut) = (LINGER_BYTES, false);
        std::future::poll_fn(|cx| {
            if !shut {
                match io.poll_shutdown(cx) {
                    Poll::Ready(Ok(())) => shut = true,
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => {}
                }
            }
            if shut && quiet {
                return Poll::Ready(());
            }
            loop {
                let len = buf.len();
                buf.consume(len);
                match io.poll_read(cx, buf.space()) {
                    Poll::Ready(Ok(n)) if n > 0 && n < left => left -= n,
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending if deadline.expired(cx) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }

    /// `monitor-uri`: is this request for it?
    pub(super) fn monitor(&self) -> bool {
        let Some(uri) = &self.fe.monitor_uri else { return false };
        let target = self.p.req_head.uri();
        // A path is compared with the path, however the target is written.
        let target = if uri.first() == Some(&b'/') {
            hapax_proto::http::uri::split(target).path().unwrap_or(target)
        } else {
            target
        };
        target.split(|b| *b == b'?').next() == Some(&uri[..])
    }

    /// 200 while all is well, 503 when a `monitor fail` condition holds. Not logged.
    pub(super) async fn answer_monitor(&mut self) -> Step<()> {
        let failing = self.fe.monitor_fail.iter().any(|c| c.eval(&self.env(false)) == Verdict::Pass);
        self.fe_state().fe.intercepted.inc(self.w.id);
        self.p.facts.log_level = Some(hapax_sample::LOG_SILENT);
        let reply = Reply::error(if failing { 503 } else { 200 });
        self.answer(&reply, End::new(Blame::Local, Phase::Request)).await
    }

    /// `stats uri` of `proxy`: answered here where the request is for it.
    pub(super) async fn serve_stats(&mut self, proxy: &Proxy, id: ProxyId) -> Step<()> {
        let Some(stats) = &proxy.stats else { return Ok(()) };
        let asks = matches!(self.p.req_head.method(), b"GET" | b"HEAD" | b"POST");
        if !(asks && self.stats_target().starts_with(&stats.uri)) {
            return Ok(());
        }
        self.p.facts.applet = "STATS";
        if !stats.http_request.is_empty() {
            Box::pin(self.run_rules(&stats.http_request, Way::Request)).await?;
        }
        self.fe_state().fe.intercepted.inc(self.w.id);
        let reply = self.stats_reply(stats, id).await?;
        self.answer(&reply, End::new(Blame::Local, Phase::Request)).await
    }

    /// The path of the request with its query, whatever its form is.
    fn stats_target(&self) -> &[u8] {
        let uri = self.p.req_head.uri();
        hapax_proto::http::uri::split(uri).pathq.unwrap_or(uri)
    }

    /// What the one service there is, `prometheus-exporter`, answers.
    pub(super) fn exported(&mut self) -> Reply {
        self.p.facts.applet = "PROMEX";
        self.fe_state().fe.intercepted.inc(self.w.id);
        let shared = &self.w.shared;
        let uri = String::from_utf8_lossy(self.p.req_head.uri());
        let query = uri.split_once('?').map_or("", |(_, q)| q);
        match prometheus::metrics(shared, &shared.process.facts(), query, self.w.now().wall_us) {
            None => Reply::error(400),
            Some(text) => Reply {
                status: 200,
                fields: vec![(b"cache-control".to_vec(), b"no-cache".to_vec())],
                content_type: Some(Arc::from(&b"text/plain; version=0.0.4"[..])),
                body: Arc::from(text.into_bytes()),
                ..Reply::default()
            },
        }
    }

    /// The page, table or document that the request asks the statistics for.
    async fn stats_reply(&mut self, stats: &StatsUri, own: ProxyId) -> Step<Reply> {
        let own_timeouts = &self.plan.proxies[own.0 as usize].timeouts;
        let admin = stats.admin.iter().any(|a| a.cond.eval(&self.env(false)) == Verdict::Pass);
        // A form counts only where it may change something.
        if admin && self.p.req_head.method() == b"POST" {
            let limit = own_timeouts.http_request.or(own_timeouts.client).unwrap_or(Millis::MAX >> 1);
            if self.wait_for_body(Way::Request, limit, 0, false).await? == Woken::TimedOut {
                self.keep_alive = false;
                return Ok(Reply::error(408));
            }
        }
        let now_ms = self.w.now().wall_us / 1000;
        let head = &self.p.req_head;
        let ask = page::Ask {
            method: head.method(),
            uri: self.stats_target(),
            authorization: head.first(b"authorization"),
            body: self.body(Way::Request, false).bytes,
            admin,
            own,
            now_ms,
            version: VERSION,
        };
        Ok(page::answer(&self.w.shared, stats, &ask))
    }
}

/// What becomes of a message when an action could not be done: `strict-mode` blames the proxy, and is counted as an internal error.
pub(super) fn failure(effect: &Effect, phase: Phase) -> Option<End> {
    match effect {
        Effect::Fail => Some(End::with_status(Blame::Proxy, phase, 500)),
        Effect::Broken => Some(End::with_status(Blame::Internal, phase, 500)),
        _ => None,
    }
}
