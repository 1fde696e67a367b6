//! `option abortonclose`: a client that leaves while its stream has nothing to do but wait for a server.

use std::task::{Context, Poll};

use hapax_value::Millis;

use super::exchange::Exchange;
use crate::buf::Buf;
use crate::io::Io;
use crate::timer::Deadline;
use crate::worker::SessionEntry;

/// One look after the other at whether anybody still waits.
pub(super) struct Watch<'w> {
    io: &'w mut Io,
    /// TCP mode: what the client sends meanwhile is taken in, as its end may follow.
    buf: Option<&'w mut Buf>,
    pub deadline: &'w Deadline,
    entry: &'w SessionEntry,
    watched: &'w mut bool,
    left: &'w mut bool,
}

impl Exchange<'_> {
    pub(super) fn watch(&mut self) -> Watch<'_> {
        Watch {
            io: &mut self.c.io,
            buf: self.raw.then_some(&mut self.p.req.buf),
            deadline: &self.c.deadline,
            entry: &self.c.entry,
            watched: &mut self.watched,
            left: &mut self.client_left,
        }
    }

    /// Whether the client has left. `watched` is turned off where it has sent something instead.
    pub(super) fn poll_client(&mut self, cx: &mut Context<'_>) -> bool {
        self.watch().has_left(cx)
    }
}

impl Watch<'_> {
    /// Nobody waits any more: the client has left, or the stream was ended.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.has_left(cx) || self.entry.kill.get()
    }

    fn has_left(&mut self, cx: &mut Context<'_>) -> bool {
        if *self.watched && !*self.left {
            let look = match &mut self.buf {
                Some(buf) => poll_end(self.io, buf, cx),
                None => poll_left(self.io, self.deadline, cx),
            };
            match look {
                Poll::Pending => {}
                Poll::Ready(true) => *self.left = true,
                Poll::Ready(false) => *self.watched = false,
            }
        }
        *self.left
    }
}

/// [`Io::poll_left`], but a client that was never waited for is not watched in the first moments: most have their answer by then.
fn poll_left(io: &mut Io, deadline: &Deadline, cx: &mut Context<'_>) -> Poll<bool> {
    const MOMENT: Millis = 50;
    if io.is_unknown() && !deadline.has_waited(cx, MOMENT) {
        return Poll::Pending;
    }
    io.poll_left(cx)
}

/// Reads until the client has ended, or as far as there is room for.
fn poll_end(io: &mut Io, buf: &mut Buf, cx: &mut Context<'_>) -> Poll<bool> {
    while !buf.is_full() {
        match io.poll_read(cx, buf.space()) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(n)) if n > 0 => buf.advance(n),
            Poll::Ready(_) => return Poll::Ready(true),
        }
    }
    Poll::Ready(false)
}
