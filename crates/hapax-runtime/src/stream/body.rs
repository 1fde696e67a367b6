//! Waiting for bodies, and bodies as expressions see them: decoded, though what is buffered is what came.

use std::task::Poll;

use hapax_config::plan::{Options, Proxy};
use hapax_proto::h1::framing::BodyLen;
use hapax_proto::h1::{ChunkDecoder, ChunkEvent};
use hapax_proto::http::Head;
use hapax_rules::Woken;
use hapax_sample::Body;
use hapax_value::Millis;

use super::exchange::Exchange;
use super::rules::Way;
use super::{Step, Stop};
use crate::buf::Buf;
use crate::io::Gone;
use crate::outcome::{Blame, End, Phase};

/// The decoded copy of a chunked body as far as it is buffered. Empty for other bodies, which are looked at where they are.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    bytes: Vec<u8>,
    /// How far the buffer is decoded.
    at: usize,
    decoder: ChunkDecoder,
    malformed: bool,
    /// What its trailers count as.
    trailers: u64,
}

impl Seen {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
        self.decoder = ChunkDecoder::default();
        self.malformed = false;
        self.trailers = 0;
    }

    /// Decodes what came since.
    pub(super) fn look(&mut self, buffered: &[u8]) {
        let mut trailers = Head::default();
        while !self.malformed && !self.decoder.is_end() {
            let rest = buffered.get(self.at..).unwrap_or_default();
            match self.decoder.next(rest, &mut trailers) {
                Err(_) => self.malformed = true,
                Ok(ChunkEvent::NeedMore) => return,
                Ok(ChunkEvent::Skip(n)) => self.at += n,
                Ok(ChunkEvent::End(n)) => {
                    self.at += n;
                    self.trailers = trailers.fields_len();
                }
                Ok(ChunkEvent::Data(n)) => {
                    self.bytes.extend_from_slice(&rest[..n]);
                    self.at += n;
                }
            }
        }
    }

    /// What has come is no chunked body.
    pub(super) fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Whether the body ends in what was looked at, how many bytes it counts as (see
    /// [`Half::payload`](crate::relay::Half::payload)), and how many it takes up.
    pub(super) fn extent(&self) -> (bool, u64, usize) {
        let whole = self.decoder.is_end();
        (whole, self.bytes.len() as u64 + self.trailers + u64::from(whole), self.at)
    }

    pub(super) fn body(&self) -> Body<'_> {
        Body {
            bytes: &self.bytes,
            complete: self.decoder.is_end(),
            beside: self.trailers + u64::from(self.decoder.is_end()),
            ..Body::default()
        }
    }
}

/// What is known of a body: `seen` is its decoded copy where it is chunked.
pub(super) fn view<'b>(len: BodyLen, buf: &'b Buf, seen: &'b Seen, eof: bool) -> Body<'b> {
    let bytes = buf.filled();
    match len {
        BodyLen::None => Body {
            complete: true,
            ..Body::default()
        },
        BodyLen::Length(n) => Body {
            bytes: &bytes[..bytes.len().min(usize::try_from(n).unwrap_or(usize::MAX))],
            complete: bytes.len() as u64 >= n,
            announced: Some(n),
            ..Body::default()
        },
        BodyLen::Chunked => seen.body(),
        BodyLen::UntilClose => Body {
            bytes,
            complete: eof,
            ..Body::default()
        },
    }
}

impl Exchange<'_> {
    /// Decodes what is buffered of chunked bodies, for rules that are about to look. Once a body is on its way on, what came of it
    /// before stays in view.
    pub(super) fn look_at_bodies(&mut self) {
        if self.meta.body == BodyLen::Chunked && self.marks.connected == 0 {
            self.p.req_seen.look(self.p.req.buf.filled());
        }
        if self.res_body == BodyLen::Chunked && !self.response_started {
            self.p.res_seen.look(self.p.res.buf.filled());
        }
    }

    /// `balance url_param ... check_post`: the choice of the server depends on the body.
    fn balanced_by_body(&self, proxy: &Proxy) -> bool {
        proxy.balance.needs_body() && self.p.req_head.method() == b"POST"
    }

    /// `option http-buffer-request`: the whole body, or a full buffer of it, within `timeout http-request`.
    pub(super) async fn buffer_request(&mut self, proxy: &Proxy) -> Step<()> {
        let asked = proxy.options.contains(Options::HTTP_BUFFER_REQUEST) || self.balanced_by_body(proxy);
        if !asked || self.meta.body == BodyLen::None {
            return Ok(());
        }
        let limit = proxy.timeouts.http_request.or(self.client_timeout());
        let waited = self.wait_for_body(Way::Request, limit.unwrap_or(Millis::MAX >> 1), 0, false).await;
        // The request is not whole yet: whatever ends it here ends it in its first phase.
        let early = |blame, status| Err(Stop::End(End::with_status(blame, Phase::Request, status)));
        match waited {
            Ok(Woken::TimedOut) => early(Blame::ClientTimeout, 408),
            Err(Stop::End(end)) => early(end.blame, end.status()),
            Err(stop) => Err(stop),
            Ok(_) => {
                self.marks.judged = self.w.now_ms();
                Ok(())
            }
        }
    }

    /// Waits until `at_least` bytes of the body (0: all of it) are buffered, or the buffer is full, or the time is over. `large`:
    /// a full buffer is changed for one of `tune.bufsize.large`.
    pub(super) async fn wait_for_body(&mut self, way: Way, time: Millis, at_least: u64, large: bool) -> Step<Woken> {
        let now = self.w.now_ms();
        self.look_at_bodies();
        let request = way == Way::Request;
        if request && self.meta.expect_continue {
            self.p.req_head.remove(b"expect");
            self.meta.expect_continue = false;
            self.write_now(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        self.c.deadline.set(now.saturating_add(time));
        let mut left = false;
        let large = if large { self.plan.global.bufsize_large } else { 0 };
        let woken = std::future::poll_fn(|cx| {
            loop {
                self.look_at_bodies();
                let seen = if request { &self.p.req_seen } else { &self.p.res_seen };
                if seen.malformed {
                    return Poll::Ready(None);
                }
                if enough(&self.body(way, false), at_least) {
                    return Poll::Ready(Some(Woken::Done));
                }
                let buf = if request { &mut self.p.req.buf } else { &mut self.p.res.buf };
                if buf.is_full() {
                    if buf.capacity() >= large {
                        return Poll::Ready(Some(Woken::Done));
                    }
                    buf.grow(large);
                }
                let io = match (request, &mut self.up) {
                    (true, _) => &mut self.c.io,
                    (false, Some(up)) => &mut up.io,
                    (false, None) => return Poll::Ready(Some(Woken::Done)),
                };
                match io.poll_read(cx, buf.space()) {
                    Poll::Ready(Ok(n)) if n > 0 => {
                        buf.advance(n);
                        if request {
                            self.p.req.wire_in += n as u64;
                        } else {
                            self.p.res.wire_in += n as u64;
                        }
                    }
                    // The end of the connection is the end of the body, where nothing else is.
                    Poll::Ready(Ok(_)) if !request && self.res_body == BodyLen::UntilClose => {
                        return Poll::Ready(Some(Woken::Done));
                    }
                    Poll::Ready(_) if request => {
                        left = true;
                        return Poll::Ready(Some(Woken::Done));
                    }
                    Poll::Ready(_) => return Poll::Ready(None),
                    Poll::Pending if self.c.entry.kill.get() => return Poll::Ready(None),
                    Poll::Pending if self.c.deadline.expired(cx) => return Poll::Ready(Some(Woken::TimedOut)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        self.c.deadline.clear();
        if left {
            // As in HAProxy, the request still gets as far as its backend, which is logged.
            self.gone = Some(Gone::Closed);
        }
        if self.c.entry.kill.get() {
            return Err(Stop::Close(End::KILLED));
        }
        let broken = if request {
            End::with_status(Blame::Proxy, Phase::Data, 400)
        } else {
            End::with_status(Blame::Server, Phase::Data, 502)
        };
        woken.ok_or(Stop::End(broken))
    }

    /// All of the response is buffered, and nothing else.
    pub(super) fn response_is_here(&mut self) -> bool {
        let buffered = self.p.res.buf.len();
        match self.res_body {
            BodyLen::None => buffered == 0,
            BodyLen::Length(n) => buffered as u64 == n,
            BodyLen::Chunked => {
                self.look_at_bodies();
                let (whole, _, at) = self.p.res_seen.extent();
                whole && at == buffered
            }
            BodyLen::UntilClose => false,
        }
    }

    /// The body of one direction as rules see it.
    pub(super) fn body(&self, way: Way, eof: bool) -> Body<'_> {
        match way {
            Way::Request => view(self.meta.body, &self.p.req.buf, &self.p.req_seen, eof),
            Way::Response => view(self.res_body, &self.p.res.buf, &self.p.res_seen, eof),
        }
    }
}

fn enough(body: &Body<'_>, at_least: u64) -> bool {
    body.complete || (at_least > 0 && body.bytes.len() as u64 >= at_least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_seen_as_they_come() {
        let whole = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        for cut in 0..whole.len() {
            let mut seen = Seen::default();
            seen.look(&whole[..cut]);
            assert!(b"abcde".starts_with(seen.body().bytes) && !seen.body().complete);
            seen.look(whole);
            assert_eq!((seen.body().bytes, seen.body().complete), (&b"abcde"[..], true));
        }
    }

    #[test]
    fn what_is_no_chunk_is_told() {
        let mut seen = Seen::default();
        seen.look(b"3\r\nabcd");
        assert!(seen.malformed && !seen.body().complete);
        seen.clear();
        assert!(!seen.malformed);
        for (bytes, malformed) in [
            (&b"3\r\nabcd"[..], true),
            (b"3\r\nabc\r\nzz", true),
            (b"3\r\nab", false),
            (b"0\r\n\r\nzz", false),
        ] {
            let mut seen = Seen::default();
            seen.look(bytes);
            assert_eq!(seen.is_malformed(), malformed, "{bytes:?}");
        }
    }
}
