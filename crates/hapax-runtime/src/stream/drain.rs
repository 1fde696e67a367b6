//! What a client still sends of a request that has its answer: it is read over, and the connection can serve another request after
//! it. A connection that is to end waits for it, too, so that the answer is not lost to a reset.

use std::task::{Context, Poll};

use hapax_proto::h1::framing::BodyLen;

use super::Next;
use super::exchange::Exchange;
use crate::relay::{Coding, HalfError};

/// How it went.
enum Rest {
    Whole,
    /// The client has ended, or was silent for too long: there is nothing to wait for.
    Over,
    /// What came is no body.
    Broken,
}

impl Exchange<'_> {
    /// Reads the rest of the request over, each piece within `timeout client`. `lives`: the connection may go on after it.
    pub(super) async fn finish_request(&mut self, lives: bool) -> Next {
        if self.vanished {
            return Next::Close;
        }
        let body = !matches!(self.meta.body, BodyLen::None | BodyLen::UntilClose);
        // An answer that has not all left is cut off by the end of the connection.
        let answered = self.p.facts.status != 0 && self.p.res.is_read() && self.p.res.is_flushed();
        let endless = self.response_started && self.res_body == BodyLen::UntilClose;
        if self.request_read || !body || !answered || endless || self.tunnel || self.gone.is_some() || self.marks.request == 0 {
            self.linger().await;
            return Next::Close;
        }
        match self.read_over().await {
            Rest::Whole => {
                self.request_read = true;
                if lives {
                    return Next::KeepAlive;
                }
                self.linger().await;
            }
            Rest::Broken => self.linger().await,
            Rest::Over => {}
        }
        Next::Close
    }

    async fn read_over(&mut self) -> Rest {
        if self.p.req.buf.capacity() == 0 {
            self.p.req.buf = crate::buf::Buf::take(self.plan.global.bufsize);
        }
        self.p.req.forsake();
        if !self.p.req.is_started() && self.p.req.start(self.meta.body, Coding::Plain, false).is_err() {
            return Rest::Broken;
        }
        self.c.deadline.after(self.w.now_ms(), self.fe.timeouts.client);
        let rest = std::future::poll_fn(|cx| self.poll_over(cx)).await;
        self.c.deadline.clear();
        rest
    }

    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Rest> {
        match self.p.req.poll_over(cx, &mut self.c.io) {
            Poll::Ready(Ok(())) => return Poll::Ready(Rest::Whole),
            Poll::Ready(Err(HalfError::Malformed)) => return Poll::Ready(Rest::Broken),
            Poll::Ready(Err(_)) => return Poll::Ready(Rest::Over),
            Poll::Pending => {}
        }
        if std::mem::take(&mut self.p.req.moved) {
            self.c.deadline.after(self.w.now_ms(), self.fe.timeouts.client);
        }
        if self.c.deadline.expired(cx) || self.c.entry.kill.get() {
            self.c.io.end_in_order(cx);
            return Poll::Ready(Rest::Over);
        }
        Poll::Pending
    }
}
