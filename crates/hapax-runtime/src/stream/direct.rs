//! Streams that no server gets: `dispatch` and `option transparent`.

use std::sync::Arc;

use hapax_config::plan::{RetryOn, Server};
use hapax_sample::Ends;

use super::exchange::Exchange;
use super::{Step, Stop};
use crate::io::Io;
use crate::outcome::Phase;
use crate::upstream::{self, ConnectError, Special, Upstream};

impl<'x> Exchange<'x> {
    /// What stands in for a server: there is such a thing, and no server that the stream is bound to.
    pub(super) fn stand_in(&self) -> Option<&'x Server> {
        let to = self.be.direct.as_deref()?;
        let bound = self.again.is_some() || (self.avoid.is_none() && self.preferred_server().is_some());
        (!bound).then_some(to)
    }

    /// Ends with `self.up` open and ready to be written to.
    pub(super) async fn connect_directly(&mut self, to: &Server) -> Step<()> {
        self.server = None;
        self.p.facts.server = None;
        self.c.entry.server.set(None);
        if let Some(i) = self.failed.take() {
            self.count_redispatch(i);
        }
        loop {
            self.mark_queued();
            let error = match self.open_directly(to).await {
                Ok(up) => {
                    self.take_connection(up);
                    return Ok(());
                }
                Err(e) => e,
            };
            self.p.facts.bc_fault = error.fault();
            let Some(end) = error.end() else {
                return Err(self.abandoned(Phase::Connect));
            };
            let (w, counters) = (self.w.id, &self.be_state().be);
            let retries = self.p.facts.set.retries.unwrap_or(self.be.retries);
            let lost = matches!(error, ConnectError::NoSource);
            if lost || self.p.facts.retries >= retries || !self.be.retry_on.contains(RetryOn::CONN_FAILURE) {
                counters.failed_conns.inc(w);
                return Err(Stop::End(end));
            }
            self.p.facts.retries += 1;
            counters.retries.inc(w);
            if !matches!(error, ConnectError::Timeout) {
                self.turn_around().await?;
            }
        }
    }

    async fn open_directly(&mut self, to: &Server) -> Result<Box<Upstream>, ConnectError> {
        let link = self.link(to, false)?;
        let address = self.address(to, to.address.clone().ok_or(ConnectError::NoAddress)?);
        self.p.facts.bc_ends = Some(Arc::new(Ends {
            src: None,
            dst: Some(address.clone()),
        }));
        let limit = self.p.facts.set.timeout_connect.or(self.be.timeouts.connect);
        self.c.deadline.after(self.w.now_ms(), limit);
        let special = Special::of(self.plan, self.be, to, None, false);
        let how = self.how(&link, special.as_ref(), false);
        self.be_state().be.connect.inc(self.w.id);
        let source_asked = self.plan.wanted.server_source;
        let mut watch = self.watch(Phase::Connect);
        let raw = upstream::connect(&address, &how, watch.deadline, |cx| watch.is_over(cx)).await?;
        self.c.deadline.clear();
        let ends = Ends {
            src: source_asked.then(|| raw.local_addr()).flatten(),
            dst: Some(address),
        };
        Ok(Box::new(Upstream::new(Io::Plain(raw), 0, Arc::new(ends), None)))
    }
}
