//! The exchange with the server: the request goes out, the response comes in, both at once where they overlap.

use std::io;
use std::task::{Context, Poll};

use hapax_config::plan::{HttpMode, Options, RetryOn};
use hapax_proto::h1::framing::{self, BodyLen};
use hapax_proto::h1::write::CaseMap;
use hapax_proto::h1::{Limits, Meta, normalise, parse_response, websocket, write};

use super::exchange::Exchange;
use super::{Step, Stop};
use crate::buf::Buf;
use crate::io::Gone;
use crate::outcome::{Blame, End, Phase};
use crate::relay::{Coding, HalfError};

/// What waiting for a response came to.
enum Waited {
    /// Bytes of the response are in the buffer.
    Bytes,
    /// The server's connection ended.
    Ended(io::Result<()>),
    Timeout,
    Killed,
    /// The client's half failed.
    Client(HalfError),
    /// The client has left behind its whole request.
    Left,
}

impl<'x> Exchange<'x> {
    /// Sends the request and brings the response back; `false`: it has to be sent again.
    pub(super) async fn forward(&mut self) -> Step<bool> {
        let splice = !self.w.no_splice;
        self.send_request(splice)?;
        if !self.be.tcp_res_rules.is_empty() {
            self.inspect_server().await?;
        }
        loop {
            let level = self.p.facts.log_level;
            if let Err(stop) = self.await_response().await {
                if !self.retried(self.failure, false) {
                    return Err(stop);
                }
                self.p.facts.log_level = level;
                return Ok(false);
            }
            let status = self.p.res_head.status;
            if (100..200).contains(&status) && status != 101 {
                self.count_of_server(status);
                self.relay_interim().await?;
                continue;
            }
            break;
        }
        if self.be.retry_on.after_sending() && self.retried(RetryOn::status(self.p.res_head.status), self.is_answered_whole()) {
            return Ok(false);
        }
        let meta = match self.judge_final() {
            Ok(meta) => meta,
            Err(end) => {
                return if self.retried(self.failure, false) {
                    Ok(false)
                } else {
                    Err(end.into())
                };
            }
        };
        self.marks.response = self.w.now_ms();
        self.process_response(meta).await?;
        self.p.req.forget();
        self.relay_bodies(splice).await?;
        Ok(true)
    }

    /// Nothing follows the head of the response, and the server's connection may serve other requests.
    fn is_answered_whole(&self) -> bool {
        let lasts = |m: Meta| m.keep_alive && !m.conflicting && matches!(m.body, BodyLen::None | BodyLen::Length(0));
        let said = self.request_sent && self.request_read && self.p.res.buf.is_empty() && !self.meta.conflicting;
        said && !self.server_closes() && self.judge_response().is_ok_and(lasts)
    }

    /// Whether the request goes out again after this failure (`retry-on`): the server is left then, after a `whole` answer for others.
    fn retried(&mut self, failure: RetryOn, whole: bool) -> bool {
        let Some(i) = self.server else { return false };
        if failure.is_empty() || !self.be.retry_on.intersects(failure) || self.p.controls.no_l7_retry || self.gone.is_some() {
            return false;
        }
        let mut head = Vec::new();
        write::request(&self.p.req_head, self.server_case(), &mut head);
        if !self.p.req.rewind(&head) {
            return false;
        }
        if !self.try_again(i, true) {
            return false;
        }
        self.reusable = whole;
        if whole
            && super::added::binds_connection(&self.p.res_head)
            && let Some(up) = &mut self.up
        {
            up.private = true;
        }
        self.leave_server(whole);
        self.p.res_head.clear();
        let came = self.p.res.wire_in;
        self.p.res.reset();
        self.p.res.wire_in = came;
        self.p.res.buf = Buf::default();
        self.request_sent = false;
        self.resent = true;
        true
    }

    /// How names are written to the server, where it is particular about them.
    fn server_case(&self) -> Option<&'x CaseMap> {
        let asked = self.be.options.contains(Options::H1_CASE_BOGUS_SRV);
        asked.then_some(&self.plan.global.case_map)
    }

    /// Puts the head and what is there of the body into the outgoing half.
    fn send_request(&mut self, splice: bool) -> Step<()> {
        let coding = if self.meta.body == BodyLen::Chunked {
            Coding::Chunked
        } else {
            Coding::Plain
        };
        self.failure = RetryOn::empty();
        self.name_server();
        if self.resent {
            // The half holds it already; only a server's name may have changed.
            if self.be.send_name_header.is_some() {
                let mut head = Vec::new();
                write::request(&self.p.req_head, self.server_case(), &mut head);
                self.p.req.rewind(&head);
            }
            return Ok(());
        }
        let coding = self.filter_request(coding);
        self.p.req.drop_trailers = self.be.options.contains(Options::HTTP_DROP_REQ_TRAILERS);
        let case = self.server_case();
        self.req_head_out = self.p.req_head.counted_len();
        write::request(&self.p.req_head, case, self.p.req.out());
        let keep = self.be.retry_on.after_sending() && !self.p.controls.no_l7_retry;
        self.p.req.head_stands(keep);
        let splice = splice && !keep;
        self.p
            .req
            .start(self.meta.body, coding, splice)
            .map_err(|e| Stop::Close(client_failure(&e)))
    }

    /// Counts where the server strayed from the protocol; too often is the end of its connection.
    fn note_server_glitches(&mut self) -> Step<()> {
        if let (n @ 1.., Some(up)) = (self.p.res_head.strayed, &mut self.up) {
            up.glitches = up.glitches.saturating_add(n);
            self.p.facts.bc_glitches = up.glitches;
            let limit = self.plan.global.server_glitches;
            if limit > 0 && up.glitches >= limit {
                return Err(End::new(Blame::Proxy, Phase::Headers).into());
            }
        }
        Ok(())
    }

    /// Until the head of a response is complete.
    async fn await_response(&mut self) -> Step<()> {
        let limits = Limits {
            fields: self.plan.global.maxhdr,
            relaxed: self.be.options.contains(Options::ACCEPT_INVALID_RES),
        };
        // The head as a whole has to come in time: what comes of it is no reason to wait for longer.
        self.arm_for_response();
        loop {
            if !self.p.res.buf.is_empty() {
                match parse_response(self.p.res.buf.filled(), &mut self.p.res_head, limits) {
                    Ok(Some(n)) if !self.p.res_head.exceeds(n, self.head_room()) => {
                        self.p.res.buf.consume(n);
                        return self.note_server_glitches();
                    }
                    Ok(None) if !self.p.res.buf.is_full() => {}
                    Ok(_) | Err(_) => {
                        self.failure = RetryOn::JUNK_RESPONSE;
                        return Err(End::new(Blame::Proxy, Phase::Headers).into());
                    }
                }
            }
            match std::future::poll_fn(|cx| self.poll_response(cx)).await {
                Waited::Bytes => {}
                Waited::Ended(result) => return Err(self.no_response(&result)),
                Waited::Timeout if !self.request_read && self.p.req.is_flushed() => {
                    return Err(End::with_status(Blame::ClientTimeout, Phase::Headers, 400).into());
                }
                // It has taken nothing of the request for too long.
                Waited::Timeout if !self.p.req.is_flushed() => return Err(End::new(Blame::Server, Phase::Headers).into()),
                Waited::Timeout => {
                    self.failure = RetryOn::RESPONSE_TIMEOUT;
                    return Err(End::new(Blame::ServerTimeout, Phase::Headers).into());
                }
                Waited::Killed => return Err(Stop::Close(End::KILLED)),
                // It has sent half a message: whatever came of it, there is no answer to it.
                Waited::Client(e) => return Err(Stop::Close(client_failure(&e))),
                Waited::Left => {
                    let reset = self.gone == Some(Gone::Reset);
                    let phase = if reset { Phase::Data } else { Phase::Headers };
                    return Err(End::with_status(Blame::Client, phase, 400).into());
                }
            }
        }
    }

    /// While the client still sends, it is the client that is waited for; then the server.
    fn arm_for_response(&self) {
        let limit = if self.request_read || !self.p.req.is_flushed() {
            self.server_timeout()
        } else {
            self.client_timeout()
        };
        self.c.deadline.after(self.w.now_ms(), limit);
    }

    fn poll_response(&mut self, cx: &mut Context<'_>) -> Poll<Waited> {
        let Some(up) = &mut self.up else {
            return Poll::Ready(Waited::Ended(Ok(())));
        };
        if !self.request_sent {
            match self.p.req.poll(cx, &mut self.c.io, &mut up.io) {
                Poll::Ready(Ok(())) => {
                    self.request_sent = true;
                    self.request_read = true;
                    self.watched = true;
                    self.c.deadline.after(self.w.now_ms(), self.server_timeout());
                }
                // The server takes no more: it may have answered already.
                Poll::Ready(Err(HalfError::Destination(_))) => {
                    self.request_sent = true;
                    self.reusable = false;
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Waited::Client(e)),
                Poll::Pending if self.p.req.stands_back_at_first() => return Poll::Pending,
                Poll::Pending if std::mem::take(&mut self.p.req.moved) => self.arm_for_response(),
                Poll::Pending => {}
            }
        }
        let Some(up) = &mut self.up else {
            return Poll::Ready(Waited::Ended(Ok(())));
        };
        let buf = &mut self.p.res.buf;
        if buf.capacity() == 0 {
            // No buffer is borrowed before there is something to put into it.
            if up.io.poll_readable(cx).is_ready() {
                *buf = Buf::take(self.plan.global.bufsize);
            }
        }
        if buf.capacity() > 0 {
            match up.io.poll_read_told(cx, buf.space()) {
                Poll::Ready(Ok(0)) => {
                    up.ended = true;
                    return Poll::Ready(Waited::Ended(Ok(())));
                }
                Poll::Ready(Ok(n)) => {
                    buf.advance(n);
                    self.p.res.wire_in += n as u64;
                    return Poll::Ready(Waited::Bytes);
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Waited::Ended(Err(e))),
                Poll::Pending => {}
            }
        }
        if self.c.deadline.expired(cx) {
            return Poll::Ready(Waited::Timeout);
        }
        if self.request_read && self.poll_client(cx, Phase::Headers) {
            return Poll::Ready(Waited::Left);
        }
        if self.c.entry.kill.get() {
            return Poll::Ready(Waited::Killed);
        }
        Poll::Pending
    }

    /// The server ended without a response.
    fn no_response(&mut self, result: &io::Result<()>) -> Stop {
        tracing::debug!(?result, "no response");
        let reused = self.up.as_ref().is_some_and(|u| u.served > 0);
        self.failure = match (self.p.res.buf.is_empty(), reused && self.p.req.written == 0) {
            (true, true) => RetryOn::CONN_FAILURE,
            (true, false) => RetryOn::EMPTY_RESPONSE,
            _ => RetryOn::JUNK_RESPONSE,
        };
        if self.failure == RetryOn::JUNK_RESPONSE {
            // Half a head is no response, however it ends.
            return End::new(Blame::Proxy, Phase::Headers).into();
        }
        if reused && self.p.res.buf.is_empty() {
            // A kept connection died under the request. The client sees what it would have seen without us: a closed
            // connection, after which it may try again. As in HAProxy, no line tells of it.
            self.p.facts.log_level = Some(hapax_sample::LOG_SILENT);
            return Stop::Close(End::with_status(Blame::Server, Phase::Headers, 0));
        }
        End::new(Blame::Server, Phase::Headers).into()
    }

    /// A 1xx response: passed on at once, and the real one is still to come.
    async fn relay_interim(&mut self) -> Step<()> {
        if self.old_client() {
            return Ok(());
        }
        let meta = self.judge_response()?;
        normalise::response(&mut self.p.res_head, &meta, hapax_rules::errors::reason);
        self.interim_out += self.p.res_head.counted_len();
        self.head_out = self.interim_out;
        let mut out = Vec::new();
        write::response(&self.p.res_head, self.client_case(), &mut out);
        self.write_now(&out).await
    }

    /// The same of the final response: one that cannot be is no better than rubbish.
    fn judge_final(&mut self) -> Result<Meta, End> {
        let asked = self.meta.upgrade && websocket::is_websocket(&self.p.req_head);
        if self.p.res_head.status == 101 && self.request_read && (!asked || self.p.res_head.contains(b"sec-websocket-accept")) {
            // As in HAProxy, one that may not be here counts all the same, but not one without the proof that was asked for.
            self.head_out = self.interim_out + self.p.res_head.counted_len();
        }
        let judged = self.judge_response();
        if judged.is_err() {
            self.failure = RetryOn::JUNK_RESPONSE;
        }
        judged
    }

    /// How the response is delimited, and whether it may be one to this request at all.
    fn judge_response(&self) -> Result<Meta, End> {
        let bad = End::new(Blame::Proxy, Phase::Headers);
        let relaxed = self.be.options.contains(Options::ACCEPT_INVALID_RES);
        let (request, response) = (&self.p.req_head, &self.p.res_head);
        let meta = framing::response(response, request.method(), relaxed).map_err(|_| bad)?;
        if response.status == 101 {
            let asked = self.meta.upgrade && meta.upgrade;
            let proved = relaxed || !websocket::is_websocket(request) || websocket::accepts(request, response);
            if !asked || !proved {
                return Err(bad);
            }
        }
        Ok(meta)
    }

    /// Both bodies at once, until the response is with the client.
    async fn relay_bodies(&mut self, splice: bool) -> Step<()> {
        let tunnel = self.tunnel;
        let outcome = if tunnel {
            self.enter_tunnel(splice)?;
            self.run_tunnel().await
        } else {
            self.p.res.closes = self.request_sent && self.request_read && self.ends_with_last();
            self.arm_for_bodies();
            std::future::poll_fn(|cx| self.poll_bodies(cx)).await
        };
        self.received += self.p.req.payload;
        if self.p.req.spliced | self.p.res.spliced != 0 {
            self.count_spliced();
        }
        match outcome {
            Ok(()) => {
                self.reusable &= self.request_sent && self.request_read && !tunnel && !self.p.res.eof && self.p.res.buf.is_empty();
                Ok(())
            }
            Err(end) => Err(Stop::Close(end)),
        }
    }

    /// What went through pipes: of the request in from the client and out to the server, of the response the other way.
    #[cold]
    fn count_spliced(&self) {
        let (w, req, res) = (self.w.id, self.p.req.spliced, self.p.res.spliced);
        let (fe, be) = (self.fe_state(), self.be_state());
        fe.fe.spliced_in.add(w, req);
        fe.fe.spliced_out.add(w, res);
        be.be.spliced_in.add(w, res);
        be.be.spliced_out.add(w, req);
        if let Some(s) = self.server_state() {
            s.counters.spliced_in.add(w, res);
            s.counters.spliced_out.add(w, req);
        }
    }

    fn enter_tunnel(&mut self, splice: bool) -> Step<()> {
        for half in [&mut self.p.req, &mut self.p.res] {
            half.pass_end = true;
        }
        self.request_sent = false;
        self.keep_alive = false;
        self.p
            .req
            .start(BodyLen::UntilClose, Coding::Plain, splice)
            .map_err(|e| client_failure(&e).into())
    }

    /// Who is waited for, and for how long: one who has to take something, or to send it; of two, who has less time.
    fn patience(&self) -> Option<(hapax_value::Millis, Blame)> {
        let (req, res) = (&self.p.req, &self.p.res);
        let client = !res.is_flushed() || (!self.request_read && req.is_flushed());
        let server = !self.request_sent && !req.is_flushed() || (res.is_flushed() && !res.is_read());
        let client = self.client_timeout().filter(|_| client).map(|t| (t, Blame::ClientTimeout));
        let server = self.server_timeout().filter(|_| server).map(|t| (t, Blame::ServerTimeout));
        client.into_iter().chain(server).min_by_key(|(t, _)| *t)
    }

    fn arm_for_bodies(&self) {
        self.c.deadline.after(self.w.now_ms(), self.patience().map(|(t, _)| t));
    }

    fn poll_bodies(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let Some(up) = &mut self.up else {
            return Poll::Ready(Err(End::new(Blame::Internal, Phase::Data)));
        };
        let response = self.p.res.poll(cx, &mut up.io, &mut self.c.io);
        if self.p.res.stands_back_at_first() {
            return Poll::Pending;
        }
        match response {
            // The server may answer before it has the whole request: the rest still goes to it.
            Poll::Ready(Ok(())) if self.request_sent => return Poll::Ready(Ok(())),
            Poll::Ready(Err(e)) => {
                return Poll::Ready(Err(match e {
                    HalfError::Destination(_) => End::new(Blame::Client, Phase::Data),
                    HalfError::Source(_) | HalfError::Truncated => End::new(Blame::Server, Phase::Data),
                    HalfError::Malformed => End::new(Blame::Proxy, Phase::Data),
                }));
            }
            _ => {}
        }
        // An answer that is whole is over as soon as its request is; one that only closing ends is never known to be whole.
        let endless = self.res_body == BodyLen::UntilClose;
        let phase = if response.is_ready() && !endless {
            Phase::Last
        } else {
            Phase::Data
        };
        if !self.request_sent {
            if endless && response.is_ready() {
                // The client knows only by this that the response is whole, however long the rest of its request takes.
                let _ = self.c.io.poll_shutdown(cx);
            }
            match self.p.req.poll(cx, &mut self.c.io, &mut up.io) {
                Poll::Ready(Ok(())) => {
                    self.request_sent = true;
                    self.request_read = true;
                    self.watched = true;
                }
                // It has answered, and is gone before it had all.
                Poll::Ready(Err(HalfError::Destination(_))) if response.is_ready() => {
                    return Poll::Ready(Err(End::new(Blame::Server, phase)));
                }
                Poll::Ready(Err(HalfError::Destination(_))) => {
                    self.request_sent = true;
                    self.reusable = false;
                }
                Poll::Ready(Err(e)) => {
                    let malformed = matches!(e, HalfError::Malformed);
                    let blame = if malformed { Blame::Proxy } else { Blame::Client };
                    return Poll::Ready(Err(End::new(blame, phase)));
                }
                Poll::Pending => {}
            }
        }
        if self.request_sent && response.is_ready() {
            return Poll::Ready(Ok(()));
        }
        let moved = std::mem::take(&mut self.p.req.moved) | std::mem::take(&mut self.p.res.moved);
        if moved {
            self.arm_for_bodies();
        }
        if self.c.deadline.expired(cx) {
            let blame = self.patience().map_or(Blame::ServerTimeout, |(_, b)| b);
            let phase = if blame == Blame::ServerTimeout { Phase::Data } else { phase };
            return Poll::Ready(Err(End::new(blame, phase)));
        }
        if self.request_read && self.poll_client(cx, Phase::Data) && self.has_given_up() {
            return Poll::Ready(Err(End::new(Blame::Client, Phase::Data)));
        }
        if self.c.entry.kill.get() {
            return Poll::Ready(Err(End::KILLED));
        }
        Poll::Pending
    }

    /// Whether a client that has ended its side, or left, ends the response under way. An end alone is none where the response has
    /// no other end than closing, nor while the client has yet to take what was sent to it.
    fn has_given_up(&mut self) -> bool {
        let half = self.gone == Some(Gone::Closed) && (self.res_body == BodyLen::UntilClose || !self.p.res.is_flushed());
        if half {
            (self.gone, self.watched) = (None, false);
        }
        !half
    }

    /// Whether the frontend lets the client's connection live.
    pub(super) fn may_keep_alive(&self) -> bool {
        self.fe.http_mode != HttpMode::Close
    }
}

/// What a failure of the client's half means, while its server has not answered.
fn client_failure(e: &HalfError) -> End {
    let blame = if matches!(e, HalfError::Malformed) {
        Blame::Proxy
    } else {
        Blame::Client
    };
    End::with_status(blame, Phase::Headers, 400)
}
