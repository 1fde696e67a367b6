//! `tcp-response content` in HTTP proxies: the rules look once when the server is reached, before it has said anything. Only an
//! inspect delay has them look again at its response.

use hapax_rules::{Effect, Wait, Woken};
use hapax_sample::Body;
use hapax_value::Millis;

use super::exchange::Exchange;
use super::rules::Way;
use super::{Step, Stop};
use crate::outcome::{Blame, End, Phase};

/// A rule waits for the response: where to go on, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inspection {
    from: usize,
    until: Millis,
}

impl Exchange<'_> {
    /// The first look, at nothing.
    pub(super) async fn inspect_server(&mut self) -> Step<()> {
        let be = self.be;
        self.p.vars.begin_response(&self.w.world);
        let delay = be.tcp_res_inspect_delay;
        let until = self.w.now_ms() + delay;
        let (mut from, mut woken) = (0, Woken::No);
        self.inspection = None;
        loop {
            let mut txn = self.txn(false, woken);
            txn.no_more = delay == 0;
            txn.payload = Some(Body::default());
            let outcome = hapax_rules::run(&be.tcp_res_rules, from, &mut txn);
            from = outcome.index;
            self.label_client();
            self.count_failed_rewrites();
            woken = match outcome.effect {
                Effect::Wait(Wait::More) if delay > 0 => {
                    self.inspection = Some(Inspection { from, until });
                    return Ok(());
                }
                Effect::Wait(wait) => self.wait(wait, Way::Response).await?,
                Effect::Close => {
                    // What it was asked is on its way; what it says is not waited for.
                    self.send_at_once().await;
                    return Err(End::new(Blame::Server, Phase::Headers).into());
                }
                effect => return self.judge_server(effect, None).await,
            };
        }
    }

    /// The look at the response, where a rule has waited for it. Nobody knows its status by name before these rules are over.
    pub(super) async fn inspect_response(&mut self) -> Step<()> {
        let Some(Inspection { from, until }) = self.inspection.take() else {
            return Ok(());
        };
        let be = self.be;
        let status = std::mem::take(&mut self.p.facts.status);
        let left = until.saturating_sub(self.w.now_ms());
        let verdict = self.verdict(&be.tcp_res_rules, from, Way::Response, left).await?;
        self.p.facts.status = status;
        if verdict == Effect::Close {
            // What came of the response still goes to the client.
            self.single_use = true;
            return Ok(());
        }
        self.judge_server(verdict, Some(status)).await
    }

    async fn judge_server(&mut self, verdict: Effect, status: Option<u16>) -> Step<()> {
        let phase = match verdict {
            Effect::Reject => Phase::Data,
            Effect::SilentDrop(_) => Phase::Request,
            other => return self.act(other, Way::Response).await,
        };
        if let Effect::SilentDrop(ttl) = verdict {
            self.vanish(ttl);
        } else {
            self.count_denied(Way::Response);
        }
        if status.is_none() {
            self.send_at_once().await;
        }
        self.marks.response = 0;
        let end = End::new(Blame::Proxy, phase);
        Err(Stop::Close(status.map_or(end, |s| End::with_status(Blame::Proxy, phase, s))))
    }

    /// Gives the server what it takes of the request without waiting.
    async fn send_at_once(&mut self) {
        std::future::poll_fn(|cx| {
            if let Some(up) = &mut self.up {
                let _ = self.p.req.poll(cx, &mut self.c.io, &mut up.io);
            }
            std::task::Poll::Ready(())
        })
        .await;
    }
}
