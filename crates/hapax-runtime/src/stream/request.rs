//! Reads and judges a request head.

use std::sync::atomic::Ordering;
use std::task::Poll;

use hapax_config::plan::Options;
use hapax_proto::h1::framing::{self, BodyLen, FramingError};
use hapax_proto::h1::{Limits, normalise, parse_request};
use hapax_proto::http::{Head, Version};

use super::exchange::Exchange;
use super::{Step, Stop};
use crate::buf::Buf;
use crate::outcome::{Blame, End, Phase};
use crate::state::{Event, count_front};
use crate::timer::NEVER;

impl Exchange<'_> {
    /// Until the head is complete and known to be safe to act on.
    pub(super) async fn read_request(&mut self) -> Step<()> {
        let limits = Limits {
            fields: self.plan.global.maxhdr,
            relaxed: self.fe.options.contains(Options::ACCEPT_INVALID_REQ),
        };
        if self.p.req.buf.capacity() == 0 {
            self.p.req.buf = Buf::take(self.plan.global.bufsize);
        }
        let mut had = 0;
        loop {
            if self.p.req.buf.len() > had {
                if had == 0 {
                    self.begin();
                }
                had = self.p.req.buf.len();
                match parse_request(self.p.req.buf.filled(), &mut self.p.req_head, limits) {
                    Ok(Some(n)) if self.p.req_head.exceeds(n, self.head_room()) => return Err(self.refuse(431)),
                    Ok(Some(n)) => {
                        self.p.req.buf.consume(n);
                        break;
                    }
                    Ok(None) if self.p.req.buf.is_full() => return Err(self.refuse(431)),
                    Ok(None) => {}
                    Err(_) => return Err(self.refuse(400)),
                }
            }
            self.read_more_of_head(had).await?;
        }
        if self.p.req_head.strayed > 0 {
            self.note_glitches(self.p.req_head.strayed)?;
        }
        self.judge()?;
        self.marks.request = self.w.now_ms();
        Ok(())
    }

    /// What a head may take of a buffer: `tune.maxrewrite` is left to rules.
    pub(super) fn head_room(&self) -> usize {
        self.plan.global.bufsize - self.plan.global.maxrewrite
    }

    /// Counts where the client strayed from the protocol; too often is the end of its connection.
    #[cold]
    fn note_glitches(&mut self, n: u32) -> Step<()> {
        let all = &mut self.c.facts.glitches;
        *all = all.saturating_add(n);
        let limit = self.plan.global.client_glitches;
        let over = limit > 0 && *all >= limit;
        self.c.count(self.w, Event::Glitches(n));
        if over {
            return Err(Stop::Close(End::with_status(Blame::Proxy, Phase::Request, 400)));
        }
        Ok(())
    }

    /// The first bytes are there: the stream exists from here on.
    fn begin(&mut self) {
        let now = self.w.now();
        self.marks.first_byte = now.mono_ms;
        self.marks.wall_us = now.wall_us;
        self.count_stream();
        self.p.facts.start_us = now.wall_us;
        let t = &self.fe.timeouts;
        // The whole head has to come within `timeout http-request`, counted from accept for the first one.
        let from = if self.c.streams == 1 { self.c.accepted } else { now.mono_ms };
        match t.http_request {
            Some(limit) => self.c.deadline.set(from.saturating_add(limit)),
            None => self.c.deadline.after(now.mono_ms, t.client),
        }
    }

    /// Counts a stream, and that it is there.
    fn count_stream(&self) {
        let (state, w) = (self.fe_state(), self.w.id);
        state.http_begun.inc(w);
        state.fe.h1_streams.inc(w);
    }

    async fn read_more_of_head(&mut self, had: usize) -> Step<()> {
        let (io, deadline, entry) = (&mut self.c.io, &self.c.deadline, &self.c.entry);
        let buf = &mut self.p.req.buf;
        let read = std::future::poll_fn(|cx| match io.poll_read_told(cx, buf.space()) {
            Poll::Ready(r) => Poll::Ready(Some(r)),
            Poll::Pending if deadline.expired(cx) || entry.kill.get() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await;
        let first = self.c.streams == 1;
        match read {
            Some(Ok(n)) if n > 0 => {
                self.p.req.buf.advance(n);
                self.p.req.wire_in += n as u64;
                if had > 0 && self.fe.timeouts.http_request.is_none() {
                    // No limit for all of the head: each piece has the time of the client anew.
                    self.c.deadline.after(self.w.now_ms(), self.fe.timeouts.client);
                }
                Ok(())
            }
            // A probe, or a kept connection that ends between requests.
            Some(_) | None if had == 0 && (!first || self.fe.options.contains(Options::HTTP_IGNORE_PROBES)) => Err(Stop::Silent),
            Some(Err(_)) if had == 0 && self.fe.options.contains(Options::DONTLOGNULL) => Err(Stop::Silent),
            Some(Ok(_)) => Err(self.refuse_by(Blame::Client, 400)),
            Some(Err(_)) => {
                self.begin_bad();
                self.c.count(self.w, Event::Error);
                Err(Stop::Close(End::with_status(Blame::Client, Phase::Request, 400)))
            }
            None => Err(self.refuse_by(Blame::ClientTimeout, 408)),
        }
    }

    fn begin_bad(&mut self) {
        if self.marks.first_byte == 0 {
            // Nothing came: the stream is as old as the wait for it.
            self.marks.first_byte = self.marks.idle;
            self.fe_state().http_begun.inc(self.w.id);
            self.marks.wall_us = self.c.facts.accept_us;
        }
        count_front!(self.fe_state(), self.c.facts.listener, self.w.id, req_tot, 1);
        self.c.count(self.w, Event::Request);
        self.p.req_head.clear();
        self.p.facts.request_line.clear();
    }

    fn refuse(&mut self, status: u16) -> Stop {
        self.refuse_by(Blame::Proxy, status)
    }

    fn refuse_by(&mut self, blame: Blame, status: u16) -> Stop {
        if self.marks.first_byte == 0 && self.fe.options.contains(Options::DONTLOGNULL) {
            self.p.facts.log_level = Some(hapax_sample::LOG_SILENT);
        }
        self.begin_bad();
        // One that was too slow has done nothing wrong yet.
        if blame != Blame::ClientTimeout {
            self.c.count(self.w, Event::Error);
        }
        Stop::End(End::with_status(blame, Phase::Request, status))
    }

    /// Framing, and what HAProxy puts right before anyone sees the request.
    fn judge(&mut self) -> Step<()> {
        let relaxed = self.fe.options.contains(Options::ACCEPT_INVALID_REQ);
        let head = &mut self.p.req_head;
        self.meta = match framing::request(head) {
            Ok(m) => m,
            Err(FramingError::Unsupported) => return Err(self.refuse(422)),
            Err(_) => return Err(self.refuse(400)),
        };
        if self.meta.body == BodyLen::Chunked {
            self.p.req_seen.look(self.p.req.buf.filled());
            if self.p.req_seen.is_malformed() {
                return Err(self.refuse(400));
            }
        }
        let head = &mut self.p.req_head;
        // What is left out on the way to the server has come all the same.
        let te = |head: &Head| {
            head.iter()
                .filter(|(n, _)| *n == b"te")
                .map(|(n, v)| (n.len() + v.len()) as u64)
                .sum::<u64>()
        };
        let before = if self.meta.te { te(head) } else { 0 };
        if !normalise::request(head, &mut self.meta, relaxed) {
            return Err(self.refuse(400));
        }
        if self.meta.conflicting && self.plan.global.keep_insecure_coding && self.p.req_head.version >= Version::H11 {
            self.meta.conflicting = false;
            self.meta.keep_alive = !self.meta.connection.close;
        }
        let head = &self.p.req_head;
        self.head_only = head.method() == b"HEAD";
        self.tunnel_asked = head.method() == b"CONNECT";
        self.p.facts.request_line.clear();
        self.keep_alive = self.meta.keep_alive && self.fe.http_mode != hapax_config::plan::HttpMode::Close && !self.w.stopping();
        self.request_read = self.meta.body == BodyLen::None;
        self.c.deadline.set(NEVER);
        let w = self.w.id;
        let fe = self.fe_state();
        count_front!(fe, self.c.facts.listener, w, req_tot, 1);
        fe.req_rate.tick(w, self.marks.wall_us / 1000);
        self.c.count(self.w, Event::Request);
        self.received += self.p.req_head.counted_len();
        if before > 0 {
            self.received += before - te(&self.p.req_head).min(before);
        }
        self.w.shared.requests_total.fetch_add(1, Ordering::Relaxed);
        // Absolute targets come from clients that take this for their proxy.
        let absolute = !matches!(self.p.req_head.uri().first(), Some(b'/' | b'*'));
        self.p.facts.proxy_auth = absolute && self.fe.options.contains(Options::HTTP_USE_PROXY_HDR);
        Ok(())
    }

    /// What the log and its captures keep of the request as it came: content rules have let it pass.
    pub(super) fn note_request(&mut self) {
        normalise::request_line(&self.p.req_head, &mut self.p.facts.request_line);
        self.p.facts.request_line.truncate(self.plan.global.logged_line);
        if !self.fe.req_captures.is_empty() {
            normalise::capture(&self.p.req_head, &self.fe.req_captures, &mut self.p.facts.req_captures);
        }
    }

    /// The client speaks HTTP/1.0 or older.
    pub(super) fn old_client(&self) -> bool {
        self.p.req_head.version < Version::H11
    }
}
