//! TCP mode: content rules over the first bytes, a server, and a full-duplex relay with half-close.

use std::task::{Context, Poll, Waker};

use hapax_config::plan::LogStep;
use hapax_proto::h1::framing::BodyLen;
use hapax_proto::h1::{Limits, parse_request};
use hapax_rules::{Effect, Rule, Txn, Wait, Woken};
use hapax_sample::{Body, Env};

use super::exchange::Exchange;
use super::rules::Way;
use super::{Step, Stop};
use crate::buf::Buf;
use crate::io::Gone;
use crate::outcome::{Blame, End, Phase};
use crate::relay::{Coding, HalfError};
use crate::session::Client;
use crate::state::count_front;
use crate::worker::Worker;

/// Serves a connection of a `mode tcp` frontend to its end; `true`: it is to be served as HTTP, from its first byte on.
pub(crate) async fn serve(w: &Worker, c: &mut Client) -> bool {
    let mut parts = w.take_parts();
    let upgrade = {
        let mut x = Exchange::new(w, c, &mut parts);
        let outcome = x.run_tcp().await;
        if x.upgrade {
            // What was read stays for the request; its stream is the connection's first.
            x.leave_backend();
            x.release(super::Next::KeepAlive);
            x.c.streams = 0;
            true
        } else {
            if let Err(Stop::End(end) | Stop::Close(end)) = outcome {
                x.p.facts.termination = end.letters();
                if end.blame == Blame::Client
                    && let Some(up) = x.up.take()
                {
                    // As its client has done.
                    up.close();
                }
                x.count_end(end);
                x.take_what_came();
            }
            x.conclude_tcp();
            x.release(super::Next::Close);
            false
        }
    };
    w.give_parts(parts);
    upgrade
}

impl Exchange<'_> {
    /// A stream that ends early takes what its client has sent so far: closing with that unread would be a reset.
    fn take_what_came(&mut self) {
        if !self.p.req.buf.is_full() {
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(Ok(n)) = self.c.io.poll_read(&mut cx, self.p.req.buf.space()) {
                self.p.req.buf.advance(n);
            }
        }
    }

    async fn run_tcp(&mut self) -> Step<()> {
        self.raw = true;
        let now = self.w.now();
        self.marks.first_byte = self.c.accepted;
        self.marks.wall_us = self.c.facts.accept_us;
        (self.marks.request, self.marks.judged) = (now.mono_ms, now.mono_ms);
        self.p.req.buf = Buf::take(self.plan.global.bufsize);
        let fe = self.fe;
        self.log_step(LogStep::Accept);
        if self.p.req.buf.is_empty() {
            // What came along with the connection: as in HAProxy, the first look of the rules is at it, and it can go along with the
            // connection to the server.
            let n = self.c.io.read_at_once(self.p.req.buf.space());
            self.p.req.buf.advance(n);
        }
        self.content_rules(&fe.tcp_req_rules, fe.tcp_req_inspect_delay).await?;
        self.choose_backend()?;
        if self.be_id != self.fe_id {
            let be = self.be;
            self.content_rules(&be.tcp_req_rules, be.tcp_req_inspect_delay).await?;
        }
        if !self.be.persist_rules.is_empty() {
            self.judge_persistence();
        }
        if self.gone.is_some() {
            return Err(Stop::Close(End::new(Blame::Client, Phase::Request)));
        }
        self.read_rdp_token();
        self.stick_request(|x| x.tcp_env(x.p.req.buf.filled()));
        self.connect().await?;
        self.log_step(LogStep::Connect);
        self.relay_tcp().await
    }

    /// Evaluates content rules, reading more bytes while one of them waits for more, at most for the inspect delay.
    async fn content_rules(&mut self, rules: &[Rule], delay: u64) -> Step<()> {
        if rules.is_empty() {
            return Ok(());
        }
        let until = self.w.now_ms() + delay;
        let (mut from, mut woken, mut no_more, mut ended) = (0, Woken::No, delay == 0, false);
        loop {
            let http = self.looks_like_http();
            let outcome = hapax_rules::run(rules, from, &mut self.tcp_txn(Way::Request, http, no_more, ended, woken));
            woken = Woken::No;
            self.label_client();
            from = outcome.index;
            match outcome.effect {
                Effect::Wait(Wait::More) => {
                    self.c.deadline.set(until);
                    match self.read_some().await? {
                        Some(true) => no_more = self.p.req.buf.is_full(),
                        Some(false) => {
                            no_more = true;
                            ended = true;
                        }
                        None => no_more = true,
                    }
                }
                Effect::Wait(wait) => woken = self.tcp_wait(wait).await?,
                effect => return self.tcp_verdict(&effect, Way::Request),
            }
        }
    }

    /// The same for what the server sends first, while what the client sends is passed on. `true`: the server's connection is to be
    /// closed.
    async fn response_content_rules(&mut self) -> Step<bool> {
        let be = self.be;
        let (rules, delay) = (&be.tcp_res_rules, be.tcp_res_inspect_delay);
        self.p.vars.begin_response(&self.w.world);
        if rules.is_empty() {
            return Ok(false);
        }
        let until = self.w.now_ms() + delay;
        // The first look is at nothing; without a delay it is the only one.
        let (mut from, mut woken, mut no_more, mut ended) = (0, Woken::No, delay == 0, false);
        loop {
            let outcome = hapax_rules::run(rules, from, &mut self.tcp_txn(Way::Response, false, no_more, ended, woken));
            woken = Woken::No;
            self.label_client();
            from = outcome.index;
            match outcome.effect {
                Effect::Wait(Wait::More) => {
                    self.c.deadline.set(until);
                    match self.read_response().await {
                        Ok(more) => {
                            ended = !more;
                            no_more = ended || self.p.res.buf.is_full();
                        }
                        Err(Stop::Close(end)) if matches!(end.blame, Blame::ClientTimeout | Blame::ServerTimeout) => no_more = true,
                        Err(stop) => return Err(stop),
                    }
                }
                Effect::Wait(wait) => woken = self.tcp_wait(wait).await?,
                Effect::Close => return Ok(true),
                effect => {
                    let verdict = self.tcp_verdict(&effect, Way::Response);
                    if verdict.is_err() {
                        self.head_out = self.p.res.buf.len() as u64;
                    }
                    return verdict.map(|()| false);
                }
            }
        }
    }

    async fn tcp_wait(&mut self, wait: Wait) -> Step<Woken> {
        Ok(match wait {
            Wait::Time(ms) => {
                self.pause(ms).await?;
                Woken::Done
            }
            Wait::Log { profile, origin } => {
                self.log_at(origin, origin, profile);
                Woken::Done
            }
            Wait::Lookup(l) => {
                self.look_up(*l).await;
                Woken::Done
            }
            // Their subsystems do not exist yet, and `check` says so.
            _ => Woken::TimedOut,
        })
    }

    /// What a content rule has decided.
    fn tcp_verdict(&mut self, effect: &Effect, way: Way) -> Step<()> {
        let phase = if way == Way::Request { Phase::Request } else { Phase::Data };
        match effect {
            Effect::Continue | Effect::Accept => Ok(()),
            Effect::SilentDrop(ttl) => {
                self.vanish(*ttl);
                Err(Stop::Close(End::new(Blame::Proxy, Phase::Request)))
            }
            // Only HTTP/1 is spoken with clients.
            Effect::SwitchToHttp(proto) if proto.as_deref().is_none_or(|p| p == "h1") => {
                self.upgrade = true;
                Err(Stop::Silent)
            }
            Effect::Fail | Effect::Broken | Effect::Service(_) | Effect::SwitchToHttp(_) => {
                Err(Stop::Close(End::new(Blame::Internal, phase)))
            }
            _ => {
                let w = self.w.id;
                if way == Way::Request {
                    count_front!(self.fe_state(), self.c.facts.listener, w, denied_req, 1);
                } else {
                    count_front!(self.fe_state(), self.c.facts.listener, w, denied_resp, 1);
                    self.be_state().be.denied_resp.inc(w);
                }
                Err(Stop::Close(End::new(Blame::Proxy, phase)))
            }
        }
    }

    /// Waits for more bytes of the server and passes those of the client on meanwhile; `false`: the server has ended.
    async fn read_response(&mut self) -> Step<bool> {
        let read = std::future::poll_fn(|cx| {
            let Some(up) = &mut self.up else {
                return Poll::Ready(Err(End::new(Blame::Internal, Phase::Data)));
            };
            match self.p.req.poll(cx, &mut self.c.io, &mut up.io) {
                Poll::Ready(Err(HalfError::Destination(_))) => return Poll::Ready(Err(End::new(Blame::Server, Phase::Data))),
                Poll::Ready(Err(_)) => return Poll::Ready(Err(End::new(Blame::Client, Phase::Data))),
                _ => {}
            }
            match up.io.poll_read(cx, self.p.res.buf.space()) {
                Poll::Ready(Ok(n)) => Poll::Ready(Ok(n)),
                Poll::Ready(Err(_)) => Poll::Ready(Err(End::new(Blame::Server, Phase::Data))),
                Poll::Pending if self.c.deadline.expired(cx) => Poll::Ready(Err(End::new(Blame::ServerTimeout, Phase::Data))),
                Poll::Pending if self.c.entry.kill.get() => Poll::Ready(Err(End::KILLED)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        let n = read.map_err(Stop::Close)?;
        self.p.res.buf.advance(n);
        Ok(n > 0)
    }

    /// `Some(false)`: the client has ended; `None`: the time is over.
    async fn read_some(&mut self) -> Step<Option<bool>> {
        let (io, deadline, buf, kill) = (&mut self.c.io, &self.c.deadline, &mut self.p.req.buf, &self.c.entry.kill);
        let read = std::future::poll_fn(|cx| match io.poll_read(cx, buf.space()) {
            Poll::Ready(r) => Poll::Ready(Some(r)),
            Poll::Pending if deadline.expired(cx) || kill.get() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await;
        match read {
            None if kill.get() => Err(Stop::Close(End::KILLED)),
            None => Ok(None),
            Some(Ok(n)) => {
                buf.advance(n);
                Ok(Some(n > 0))
            }
            Some(Err(_)) => {
                self.gone = Some(Gone::Reset);
                Ok(Some(false))
            }
        }
    }

    /// Content rules may ask for a request in TCP mode, too: there is one where the bytes are a request's whole head.
    fn looks_like_http(&mut self) -> bool {
        let limits = Limits {
            fields: self.plan.global.maxhdr,
            relaxed: true,
        };
        matches!(parse_request(self.p.req.buf.filled(), &mut self.p.req_head, limits), Ok(Some(_)))
    }

    fn tcp_txn(&mut self, way: Way, http: bool, no_more: bool, ended: bool, woken: Woken) -> Txn<'_> {
        self.p.facts.timers = self.timers();
        Txn {
            now: self.w.now(),
            sess: &mut self.c.facts,
            stream: &mut self.p.facts,
            controls: &mut self.p.controls,
            req: http.then_some(&mut self.p.req_head),
            res: None,
            req_body: Body::default(),
            res_body: Body::default(),
            payload: Some(Body {
                bytes: if way == Way::Request {
                    self.p.req.buf.filled()
                } else {
                    self.p.res.buf.filled()
                },
                complete: ended,
                ..Body::default()
            }),
            no_more,
            woken,
            vars: &self.p.vars,
            world: &self.w.world,
        }
    }

    /// What expressions outside rules see: no message, but the bytes that have come.
    pub(super) fn tcp_env<'e>(&'e self, bytes: &'e [u8]) -> Env<'e> {
        Env {
            req: None,
            payload: Some(Body {
                bytes,
                complete: false,
                ..Body::default()
            }),
            ..self.env(false)
        }
    }

    async fn relay_tcp(&mut self) -> Step<()> {
        let splice = !self.w.no_splice;
        self.tunnel = true;
        self.p.res.buf = Buf::take(self.plan.global.bufsize);
        self.filter_tcp();
        self.p.req.pass_end = true;
        self.p
            .req
            .start(BodyLen::UntilClose, Coding::Plain, splice)
            .map_err(|_| End::new(Blame::Internal, Phase::Data))?;
        if self.response_content_rules().await? {
            self.leave_server(false);
            self.head_out = self.p.res.buf.len() as u64;
            return Ok(());
        }
        self.stick_response(|x| x.tcp_env(x.p.res.buf.filled()));
        self.p.res.pass_end = true;
        self.p
            .res
            .start(BodyLen::UntilClose, Coding::Plain, splice)
            .map_err(|_| End::new(Blame::Internal, Phase::Data))?;
        self.run_tunnel().await.map_err(Stop::Close)
    }

    fn conclude_tcp(&mut self) {
        self.received = self.p.req.payload;
        if self.in_backend && self.marks.connected == 0 {
            // What came while no server could be had.
            self.received += self.p.req.buf.len() as u64;
        }
        if self.marks.connected != 0 {
            self.marks.response = self.marks.connected;
        }
        self.leave_server(false);
        self.leave_backend();
        self.finish_log();
    }
}
