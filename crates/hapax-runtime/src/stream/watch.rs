//! A client that leaves while its stream has nothing to do but wait for a server (`option abortonclose`).
//!
//! What its leaving means depends on what is left of its request: half a body will never be whole, a reset leaves nobody to answer,
//! and the end of a connection behind a whole request is the end of the stream only where the option says so.

use std::task::{Context, Poll, ready};

use hapax_config::plan::Options;
use hapax_proto::h1::framing::BodyLen;
use hapax_value::Millis;

use super::body::{Seen, view};
use super::exchange::Exchange;
use super::{Step, Stop};
use crate::buf::Buf;
use crate::io::{Gone, Io};
use crate::outcome::{Blame, End, Phase};
use crate::timer::Deadline;
use crate::worker::SessionEntry;

/// One look after the other at whether anybody still waits.
pub(super) struct Watch<'w> {
    io: &'w mut Io,
    phase: Phase,
    raw: bool,
    abort_on_close: bool,
    /// How the request is delimited, where it is not known to be whole.
    body: BodyLen,
    /// What the client sends meanwhile is taken in, as its end may follow.
    buf: &'w mut Buf,
    bufsize: usize,
    seen: &'w mut Seen,
    wire_in: &'w mut u64,
    pub deadline: &'w Deadline,
    entry: &'w SessionEntry,
    watched: &'w mut bool,
    gone: &'w mut Option<Gone>,
}

impl Exchange<'_> {
    pub(super) fn watch(&mut self, phase: Phase) -> Watch<'_> {
        let whole = self.raw || self.request_read || self.resent;
        Watch {
            io: &mut self.c.io,
            phase,
            raw: self.raw,
            abort_on_close: self.be.options.contains(Options::ABORTONCLOSE),
            body: if whole { BodyLen::None } else { self.meta.body },
            buf: &mut self.p.req.buf,
            bufsize: self.plan.global.bufsize,
            seen: &mut self.p.req_seen,
            wire_in: &mut self.p.req.wire_in,
            deadline: &self.c.deadline,
            entry: &self.c.entry,
            watched: &mut self.watched,
            gone: &mut self.gone,
        }
    }

    /// Whether the client has left. `watched` is turned off where that cannot be told any more, or does not matter.
    pub(super) fn poll_client(&mut self, cx: &mut Context<'_>, phase: Phase) -> bool {
        (self.watched || self.gone.is_some()) && self.watch(phase).has_left(cx)
    }

    /// The end of a stream that nobody waits for any more.
    pub(super) fn abandoned(&self, phase: Phase) -> Stop {
        Stop::Close(match self.gone {
            None => End::KILLED,
            Some(Gone::Reset) if self.raw => End::new(Blame::Client, Phase::Data),
            Some(_) => End::new(Blame::Client, phase),
        })
    }

    /// Waits for a time that rules have set, unless the stream is ended or its client leaves meanwhile.
    pub(super) async fn pause(&mut self, ms: Millis) -> Step<()> {
        self.c.deadline.set(self.w.now_ms() + ms);
        let (io, deadline, entry) = (&mut self.c.io, &self.c.deadline, &self.c.entry);
        let mut watched = true;
        let left = std::future::poll_fn(|cx| {
            if deadline.expired(cx) || entry.kill.get() {
                return Poll::Ready(None);
            }
            match io.poll_left(cx) {
                Poll::Ready(None) => watched = false,
                Poll::Ready(left) if watched => return Poll::Ready(left),
                _ => {}
            }
            Poll::Pending
        })
        .await;
        if left == Some(Gone::Reset) {
            self.gone = left;
        }
        self.c.deadline.clear();
        if self.c.entry.kill.get() {
            return Err(Stop::Close(End::KILLED));
        }
        Ok(())
    }
}

impl Watch<'_> {
    /// Nobody waits any more: the client has left, or the stream was ended.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.has_left(cx) || self.entry.kill.get()
    }

    fn has_left(&mut self, cx: &mut Context<'_>) -> bool {
        if *self.watched && self.gone.is_none() && self.matters() {
            match self.poll(cx) {
                Poll::Pending => {}
                Poll::Ready(Some(how)) if self.is_end(how) => *self.gone = Some(how),
                Poll::Ready(_) => *self.watched = false,
            }
        }
        self.gone.is_some()
    }

    /// In TCP mode bytes that wait for a connection under way are brought to it, whatever has become of who sent them.
    fn matters(&self) -> bool {
        !self.raw || self.phase == Phase::Queue || self.buf.is_empty()
    }

    /// Whether its leaving is the end of the stream.
    fn is_end(&mut self, how: Gone) -> bool {
        let unfinished = if self.raw {
            self.phase == Phase::Queue && self.buf.is_empty()
        } else {
            !self.is_whole()
        };
        how == Gone::Reset || self.abort_on_close || unfinished
    }

    fn is_whole(&mut self) -> bool {
        if self.body == BodyLen::Chunked {
            self.seen.look(self.buf.filled());
        }
        view(self.body, self.buf, self.seen, false).complete
    }

    /// Until it is known how the client has left, or (`None`) that it will not be known.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Gone>> {
        /// A client that was never waited for is not watched in the first moments: most have their answer by then.
        const MOMENT: Millis = 50;
        if !self.raw && self.io.is_unknown() && !self.deadline.has_waited(cx, MOMENT) {
            return Poll::Pending;
        }
        loop {
            // Under TLS an end is a message like others; and a body is read on, as its end has to be told from that of its client.
            if !(self.raw || self.io.is_tls()) && self.is_whole() {
                return self.io.poll_left(cx);
            }
            if self.buf.capacity() == 0 {
                if ready!(self.io.poll_readable(cx)).is_err() {
                    return Poll::Ready(Some(Gone::Reset));
                }
                *self.buf = Buf::take(self.bufsize);
            }
            if self.buf.is_full() {
                return Poll::Ready(None);
            }
            match ready!(self.io.poll_read(cx, self.buf.space())) {
                Ok(0) => return Poll::Ready(Some(Gone::Closed)),
                Ok(n) => {
                    self.buf.advance(n);
                    *self.wire_in += n as u64;
                }
                Err(_) => return Poll::Ready(Some(Gone::Reset)),
            }
        }
    }
}
