//! Both directions at once until both have ended: TCP mode, and HTTP after an upgrade or `CONNECT`.
//!
//! Each side has its own patience: bytes that come from it or go to it renew it, and with `option independent-streams` only those
//! that come from it do. A side that is silent for too long has ended as far as the other is told, and what still comes from there
//! is passed on; a side that takes nothing for too long ends it all. Who ran out of time first is who is to blame in the end.

use std::task::{Context, Poll};

use hapax_config::plan::Options;
use hapax_value::Millis;

use super::exchange::Exchange;
use crate::outcome::{Blame, End, Phase};
use crate::relay::{Half, HalfError};
use crate::timer::NEVER;

/// When one side was last heard of, by the rules of that side.
#[derive(Debug, Default)]
struct Side {
    last: Millis,
    /// Only what comes from it counts.
    strict: bool,
    /// It was told of the end of the other, and has its `*-fin`.
    fin: bool,
    /// What had come from it, and whether more was not taken, at the last look (where `strict`).
    read: u64,
    held: bool,
}

/// A tunnel under way.
#[derive(Debug)]
pub(super) struct Tunnel {
    client: Side,
    server: Side,
    up_done: bool,
    down_done: bool,
    /// Whose time was over first.
    late: Option<Blame>,
    /// Whether what the client sends has been read to its end, and that was passed on; the same of the server.
    ends: [bool; 4],
}

impl Exchange<'_> {
    /// Relays until both directions have ended. Both halves have been started.
    pub(super) async fn run_tunnel(&mut self) -> Result<(), End> {
        let (now, strict) = (self.w.now_ms(), Options::INDEPENDENT_STREAMS);
        let side = |strict| Side {
            last: now,
            strict,
            ..Side::default()
        };
        let mut t = Tunnel {
            client: side(self.fe.options.contains(strict)),
            server: side(self.be.options.contains(strict)),
            up_done: false,
            down_done: false,
            late: None,
            ends: [false; 4],
        };
        self.arm(&t, 0);
        std::future::poll_fn(|cx| self.poll_tunnel(cx, &mut t)).await
    }

    fn poll_tunnel(&mut self, cx: &mut Context<'_>, t: &mut Tunnel) -> Poll<Result<(), End>> {
        loop {
            if let Err(blame) = self.move_both(cx, t) {
                return Poll::Ready(Err(End::new(t.late.unwrap_or(blame), Phase::Data)));
            }
            if t.up_done && t.down_done {
                return Poll::Ready(t.late.map_or(Ok(()), |b| Err(End::new(b, Phase::Data))));
            }
            let moved = std::mem::take(&mut self.p.req.moved) | std::mem::take(&mut self.p.res.moved);
            let ends = [self.p.req.eof, self.p.req.is_ended(), self.p.res.eof, self.p.res.is_ended()];
            if moved || ends != t.ends {
                let now = self.w.now_ms();
                if t.client.strict || t.server.strict {
                    self.note_each(t, now);
                } else if moved {
                    (t.client.last, t.server.last) = (now, now);
                }
                self.note_ends(t, ends, moved, now);
                self.arm(t, 0);
            }
            if !self.c.deadline.expired(cx) {
                break;
            }
            if let Err(blame) = self.run_out(t) {
                return Poll::Ready(Err(End::new(blame, Phase::Data)));
            }
        }
        if self.c.entry.kill.get() {
            return Poll::Ready(Err(End::KILLED));
        }
        Poll::Pending
    }

    /// Moves what can be moved.
    fn move_both(&mut self, cx: &mut Context<'_>, t: &mut Tunnel) -> Result<(), Blame> {
        let up = self.up.as_mut().ok_or(Blame::Internal)?;
        if !t.up_done {
            self.p.req.pass_end &= !t.down_done || up.io.is_tls();
            match self.p.req.poll(cx, &mut self.c.io, &mut up.io) {
                Poll::Ready(Ok(())) => t.up_done = true,
                Poll::Ready(Err(HalfError::Destination(_))) => return Err(Blame::Server),
                Poll::Ready(Err(_)) => return Err(Blame::Client),
                Poll::Pending => {}
            }
        }
        // Once one way has ended, the end of the other is told by closing.
        self.p.res.pass_end &= !t.up_done || self.c.io.is_tls();
        if !t.down_done {
            match self.p.res.poll(cx, &mut up.io, &mut self.c.io) {
                Poll::Ready(Ok(())) => t.down_done = true,
                Poll::Ready(Err(HalfError::Destination(_))) => return Err(Blame::Client),
                Poll::Ready(Err(_)) => return Err(Blame::Server),
                Poll::Pending => {}
            }
        }
        Ok(())
    }

    /// Something moved: which side has shown itself by it. One that was not listened to is not blamed for its silence.
    fn note_each(&self, t: &mut Tunnel, now: Millis) {
        for (side, from) in [(&mut t.client, &self.p.req), (&mut t.server, &self.p.res)] {
            if !side.strict || side.held || from.payload != side.read {
                side.last = now;
            }
            side.read = from.payload;
            side.held = !from.is_flushed();
        }
    }

    /// From the moment on at which a side was told of the end of the other, it has its `*-fin`; what was HTTP has it once bytes
    /// have come after that. The end that we have made of a silence is no sign of life.
    fn note_ends(&self, t: &mut Tunnel, ends: [bool; 4], moved: bool, now: Millis) {
        let raw = self.raw;
        let note = |side: &mut Side, fin: Option<Millis>, was: bool, is: bool| {
            if is && !was && raw && fin.is_some() && t.late.is_none() {
                side.last = now;
            }
            side.fin |= if raw { is } else { was && moved };
        };
        note(&mut t.server, self.be.timeouts.server_fin, t.ends[1], ends[1]);
        note(&mut t.client, self.fe.timeouts.client_fin, t.ends[3], ends[3]);
        t.ends = ends;
    }

    /// `timeout tunnel`, else the side's own; `*-fin` once the end of the other side was passed on to it.
    fn side_timeouts(&self, t: &Tunnel) -> (Option<Millis>, Option<Millis>) {
        let (fe, be, set) = (&self.fe.timeouts, &self.be.timeouts, &self.p.facts.set);
        let tunnel = set.timeout_tunnel.or(be.tunnel).or(fe.tunnel).filter(|t| *t != 0);
        let of = |fin: Option<Millis>, told: bool, own| fin.filter(|_| told).or(tunnel).or(own);
        (
            of(fe.client_fin, t.client.fin, self.client_timeout()),
            of(be.server_fin, t.server.fin, self.server_timeout()),
        )
    }

    /// Sets the clock to the first time, after `after`, at which a side has to be looked at.
    fn arm(&self, t: &Tunnel, after: Millis) {
        let (client, server) = self.side_timeouts(t);
        let (req, res) = (&self.p.req, &self.p.res);
        let due = |side: &Side, patience: Option<Millis>, from: &Half, to: &Half| {
            let waited_for = !from.eof || !to.is_flushed();
            let due = side.last.saturating_add(patience.filter(|_| waited_for)?);
            (due > after).then_some(due)
        };
        let (client, server) = (due(&t.client, client, req, res), due(&t.server, server, res, req));
        let first = client.into_iter().chain(server).min();
        self.c.deadline.set(first.unwrap_or(NEVER));
    }

    /// The time of a side may be over: the end of what comes from it, or of everything.
    fn run_out(&mut self, t: &mut Tunnel) -> Result<(), Blame> {
        let now = self.w.now_ms();
        let (client, server) = self.side_timeouts(t);
        let (req, res) = (&mut self.p.req, &mut self.p.res);
        let stuck = |half: &Half| !half.is_flushed() && !half.stands_back();
        let sides = [
            (&t.client, client, Blame::ClientTimeout, stuck(res)),
            (&t.server, server, Blame::ServerTimeout, stuck(req)),
        ];
        for ((side, patience, blame, stuck), from) in sides.into_iter().zip([req, res]) {
            if patience.is_none_or(|p| side.last.saturating_add(p) > now) {
                continue;
            }
            if stuck {
                return Err(*t.late.get_or_insert(blame));
            }
            if !from.eof && from.is_flushed() {
                // What was HTTP gives such a side up as if it had failed, where it had a time of its own for it.
                let blame = match blame {
                    Blame::ServerTimeout if side.fin && !self.raw && self.be.timeouts.server_fin.is_some() => Blame::Server,
                    other => other,
                };
                t.late.get_or_insert(blame);
                from.cut();
            }
        }
        self.arm(t, now);
        Ok(())
    }
}
