//! Runs rule sets over the stream and does what their effects ask for.

use std::net::IpAddr;

use hapax_config::plan::LogStep;
use hapax_rules::{Effect, Lookup, Rule, Wait, Woken};
use hapax_sample::vars::StoreIf;
use hapax_value::{Millis, Value};

use super::exchange::Exchange;
use super::{Step, Stop};
use crate::outcome::{Blame, End, Phase};
use crate::state::{Asked, Event, count_front};

/// The direction a rule set looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Request,
    Response,
}

impl Exchange<'_> {
    /// `tcp-request content`, then `http-request` of the frontend, then its statistics.
    pub(super) async fn frontend_rules(&mut self) -> Step<()> {
        let fe = self.fe;
        if !fe.tcp_req_rules.is_empty() {
            self.inspect(&fe.tcp_req_rules, Way::Request, fe.tcp_req_inspect_delay).await?;
        }
        self.note_request();
        self.log_step(LogStep::Request);
        if self.monitor() {
            return self.answer_monitor().await;
        }
        self.buffer_request(fe).await?;
        if !fe.http_req_rules.is_empty() {
            self.run_rules(&fe.http_req_rules, Way::Request).await?;
        }
        self.restrict_names(fe)?;
        self.serve_stats(fe, self.fe_id).await?;
        self.run_redirects(&fe.redirects).await
    }

    /// `redirect` lines, which an `allow` among the rules before does not skip.
    async fn run_redirects(&mut self, rules: &[Rule]) -> Step<()> {
        if rules.is_empty() {
            return Ok(());
        }
        // They are no rules to who asks for the last one.
        let last = self.p.facts.last_rule;
        let outcome = self.run_rules(rules, Way::Request).await;
        self.p.facts.last_rule = last;
        outcome
    }

    /// The same of the backend, where it is another proxy.
    pub(super) async fn backend_rules(&mut self) -> Step<()> {
        if self.be_id == self.fe_id {
            return Ok(());
        }
        let be = self.be;
        self.buffer_request(be).await?;
        if !be.tcp_req_rules.is_empty() {
            self.inspect(&be.tcp_req_rules, Way::Request, be.tcp_req_inspect_delay).await?;
        }
        if !be.http_req_rules.is_empty() {
            self.run_rules(&be.http_req_rules, Way::Request).await?;
        }
        self.restrict_names(be)?;
        self.serve_stats(be, self.be_id).await?;
        self.run_redirects(&be.redirects).await
    }

    /// `tcp-response content` and `http-response` of the backend, then of the frontend.
    pub(super) async fn response_rules(&mut self) -> Step<()> {
        let (be, fe) = (self.be, self.fe);
        self.p.vars.begin_response(&self.w.world);
        self.inspect_response().await?;
        if !be.http_res_rules.is_empty() {
            self.run_rules(&be.http_res_rules, Way::Response).await?;
        }
        if self.be_id != self.fe_id && !fe.http_res_rules.is_empty() {
            self.run_rules(&fe.http_res_rules, Way::Response).await?;
        }
        Ok(())
    }

    /// Runs one rule set to its end, waiting where a rule has to wait.
    pub(super) async fn run_rules(&mut self, rules: &[Rule], way: Way) -> Step<()> {
        self.inspect(rules, way, 0).await
    }

    /// The same; rules that need more of the message than is there wait for it that long.
    async fn inspect(&mut self, rules: &[Rule], way: Way, delay: Millis) -> Step<()> {
        let verdict = self.verdict(rules, 0, way, delay).await?;
        self.act(verdict, way).await
    }

    /// What a rule set comes to, from one of its rules on.
    pub(super) async fn verdict(&mut self, rules: &[Rule], mut from: usize, way: Way, delay: Millis) -> Step<Effect> {
        let mut woken = Woken::No;
        self.look_at_bodies();
        self.measure_room(way);
        // Rules that wait do so for all of the delay, also where the message is whole: so does HAProxy.
        let (mut no_more, until) = (delay == 0, self.w.now_ms().saturating_add(delay));
        loop {
            let mut txn = self.txn(way == Way::Response, woken);
            txn.no_more = no_more;
            let outcome = hapax_rules::run(rules, from, &mut txn);
            self.label_client();
            self.count_failed_rewrites();
            if !self.p.controls.early_hints.is_empty() {
                self.send_early_hints().await?;
            }
            from = outcome.index;
            woken = match outcome.effect {
                Effect::Wait(Wait::More) if !no_more => {
                    no_more = !self.more_came(way, until).await?;
                    Woken::No
                }
                Effect::Wait(wait) => self.wait(wait, way).await?,
                effect => return Ok(effect),
            };
        }
    }

    /// Waits for more of the body than is there; `false`: there will be none, or it has not come in time.
    async fn more_came(&mut self, way: Way, until: Millis) -> Step<bool> {
        let body = self.body(way, false);
        let (whole, have) = (body.complete, body.bytes.len() as u64);
        let left = until.saturating_sub(self.w.now_ms());
        if whole {
            self.pause(left).await?;
            return Ok(false);
        }
        let woken = self.wait_for_body(way, left, have + 1, false).await?;
        let buf = if way == Way::Request { &self.p.req.buf } else { &self.p.res.buf };
        Ok(woken == Woken::Done && !buf.is_full() && self.gone.is_none())
    }

    /// How far rules may let the head grow: what `tune.bufsize` leaves beside the part of the body that is there, of which
    /// `tune.maxrewrite` is kept free for them. As it was when the first rules came to see the message.
    pub(super) fn measure_room(&mut self, way: Way) {
        let at = usize::from(way == Way::Response);
        if self.p.controls.room[at] == 0 {
            let g = &self.plan.global;
            let head = if way == Way::Request { &self.p.req_head } else { &self.p.res_head };
            let taken = self.body(way, false).bytes.len();
            let most = g.bufsize.saturating_sub(g.maxrewrite).saturating_sub(head.counted_len() as usize);
            self.p.controls.room[at] = g.bufsize.saturating_sub(taken.min(most)).max(1);
        }
    }

    #[inline]
    pub(super) fn count_failed_rewrites(&mut self) {
        let n = std::mem::take(&mut self.p.controls.failed_rewrites);
        if n == 0 {
            return;
        }
        let (w, n) = (self.w.id, u64::from(n));
        count_front!(self.fe_state(), self.c.facts.listener, w, failed_rewrites, n);
        if self.in_backend {
            self.be_state().be.failed_rewrites.add(w, n);
        }
        if let Some(s) = self.server_state() {
            s.counters.failed_rewrites.add(w, n);
        }
    }

    pub(super) async fn wait(&mut self, wait: Wait, way: Way) -> Step<Woken> {
        match wait {
            // Heads are complete here: what is not known now never will be.
            Wait::More | Wait::Handshake => Ok(Woken::Done),
            // Their subsystems do not exist yet, and `check` says so: the rule goes on as if its wait had been in vain.
            Wait::Lookup(l) => {
                self.look_up(*l).await;
                Ok(Woken::Done)
            }
            Wait::Cache { .. } | Wait::Spoe { .. } => Ok(Woken::TimedOut),
            Wait::Log { profile, origin } => {
                self.log_at(origin, origin, profile);
                Ok(Woken::Done)
            }
            Wait::Time(ms) => {
                self.pause(ms).await?;
                Ok(Woken::Done)
            }
            Wait::Body { time, at_least, large } => self.wait_for_body(way, time, at_least, large).await,
        }
    }

    /// Marks the client's packets as rules have asked.
    #[inline]
    pub(super) fn label_client(&mut self) {
        let c = &mut self.p.controls;
        if c.fc_mark.is_some() || c.fc_tos.is_some() {
            let (mark, tos) = (c.fc_mark.take(), c.fc_tos.take());
            if let Some(raw) = self.c.io.raw() {
                raw.label(mark, tos);
            }
        }
    }

    /// `do-resolve`: asks the section's task, and keeps what it finds in the variable.
    pub(super) async fn look_up(&mut self, l: Lookup) {
        // A name is text; what is none has no address.
        let Ok(host) = String::from_utf8(l.host) else { return };
        let Some(section) = self.w.shared.resolvers.get(l.resolvers as usize) else {
            return;
        };
        let (reply, answer) = tokio::sync::oneshot::channel();
        section.ask(Asked::Address {
            host,
            v4_first: l.ipv4_first,
            reply,
        });
        // The task answers within its retries.
        let found = match answer.await {
            Ok(Some(IpAddr::V4(ip))) => Value::V4(ip),
            Ok(Some(IpAddr::V6(ip))) => Value::V6(ip),
            _ => return,
        };
        self.env(false).set_var(l.var, found, StoreIf::empty());
    }

    pub(super) async fn act(&mut self, effect: Effect, way: Way) -> Step<()> {
        let phase = if way == Way::Request { Phase::Request } else { Phase::Headers };
        let w = self.w.id;
        match effect {
            // A connection that was switched is looked at again as HTTP.
            Effect::Continue | Effect::Accept | Effect::Wait(_) | Effect::SwitchToHttp(_) => Ok(()),
            Effect::Return(reply) => {
                self.fe_state().fe.intercepted.inc(w);
                if std::mem::take(&mut self.p.controls.challenged) {
                    self.count_tracked(Event::Error);
                }
                self.abandon_response(way);
                self.answer(&reply, End::new(Blame::Local, phase)).await
            }
            Effect::Deny(reply) => {
                self.count_denied(way);
                self.count_refused(way);
                self.abandon_response(way);
                if way == Way::Request {
                    self.note_cookie();
                }
                self.answer(&reply, End::new(Blame::Proxy, phase)).await
            }
            Effect::Tarpit(reply) => {
                self.count_denied(way);
                self.count_refused(way);
                let limit = self
                    .p
                    .facts
                    .set
                    .timeout_tarpit
                    .or(self.be.timeouts.tarpit)
                    .or(self.be.timeouts.connect);
                self.pause(limit.unwrap_or(0)).await?;
                self.marks.queued = self.w.now_ms();
                self.note_cookie();
                self.answer(&reply, End::new(Blame::Proxy, Phase::Tarpit)).await
            }
            Effect::Reject | Effect::Close => {
                self.count_denied(way);
                Err(Stop::Close(End::new(Blame::Proxy, phase)))
            }
            Effect::SilentDrop(ttl) => {
                self.vanish(ttl);
                let end = End::new(Blame::Proxy, Phase::Request);
                let status = Some(self.p.facts.status).filter(|_| way == Way::Response);
                Err(Stop::Close(End { status, ..end }))
            }
            Effect::Late if way == Way::Request => Err(End::with_status(Blame::ClientTimeout, phase, 408).into()),
            Effect::Late => Err(End::new(Blame::ServerTimeout, phase).into()),
            Effect::Invalid => Err(Stop::End(End::with_status(Blame::Proxy, phase, 400))),
            Effect::Service(_) => {
                let reply = self.exported();
                self.answer(&reply, End::new(Blame::Local, phase)).await
            }
            Effect::SendRetry | Effect::ExpectProxy | Effect::ExpectNetscalerCip | Effect::Fail | Effect::Broken => {
                let end = super::reply::failure(&effect, phase);
                Err(Stop::End(end.unwrap_or(End::with_status(Blame::Internal, phase, 500))))
            }
        }
    }

    pub(super) fn vanish(&mut self, ttl: Option<u8>) {
        self.c.io.drop_silently(ttl);
        self.vanished = true;
    }

    /// A refused request is an error of the client's; a refused response is nobody's.
    fn count_refused(&self, way: Way) {
        if way == Way::Request {
            self.count_tracked(Event::Error);
        }
    }

    pub(super) fn count_denied(&self, way: Way) {
        let w = self.w.id;
        match way {
            Way::Request => {
                count_front!(self.fe_state(), self.c.facts.listener, w, denied_req, 1);
                if self.in_backend {
                    self.be_state().be.denied_req.inc(w);
                }
            }
            Way::Response => {
                count_front!(self.fe_state(), self.c.facts.listener, w, denied_resp, 1);
                self.be_state().be.denied_resp.inc(w);
                if let Some(s) = self.server_state() {
                    s.counters.denied_resp.inc(w);
                }
            }
        }
    }

    /// The server's response is not wanted any more; its connection can serve others where all of it has come.
    fn abandon_response(&mut self, way: Way) {
        if way == Way::Response {
            let whole = self.request_sent && self.request_read && self.response_is_here();
            self.leave_server(whole);
        }
    }
}
