//! Which backend, and which server of it, by rules, cookie and algorithm.

use std::sync::atomic::Ordering;

use hapax_balance::Choice;
use hapax_config::plan::{Mode, Options, ProxyCaps, ServerTarget, SwitchTarget};
use hapax_sample::ProxyId;
use hapax_sample::acl::Verdict;

use super::exchange::Exchange;
use super::{Step, Stop};
use crate::outcome::{Blame, End, Phase};
use crate::state::raise;

impl Exchange<'_> {
    /// `use_backend` in order, then `default_backend`, then the proxy itself where it is a `listen`.
    pub(super) fn choose_backend(&mut self) -> Step<()> {
        let default = || self.fe.default_backend.filter(|id| self.may_switch(*id));
        let id = match self.switch().or_else(default) {
            Some(id) => id,
            None if self.fe.caps.contains(ProxyCaps::BACKEND) => self.fe_id,
            None => return Err(End::with_status(Blame::Server, Phase::Connect, 503).into()),
        };
        if self.raw && self.w.shared.conf(id).mode == Mode::Http {
            self.upgrade = true;
            return Err(Stop::Silent);
        }
        self.enter_backend(id);
        Ok(())
    }

    fn switch(&self) -> Option<ProxyId> {
        let mut next = 0;
        while let Some(rule) = self.fe.switching.get(next) {
            // Content rules are over: nothing is waited for any more.
            if let Some(skip @ 1..) = rule.gate.as_ref().map(|g| g.skip(&self.env(false))) {
                next += skip;
                continue;
            }
            next += 1;
            if rule.cond.as_ref().is_some_and(|c| c.eval(&self.env(false)) != Verdict::Pass) {
                continue;
            }
            match &rule.target {
                SwitchTarget::Fixed(id) if self.may_switch(*id) => return Some(*id),
                // As if its rule were not there.
                SwitchTarget::Fixed(_) => {}
                SwitchTarget::Dynamic(format) => {
                    let mut name = Vec::new();
                    format.write(&self.env(false), &mut name);
                    match self.w.shared.backend_named(&name) {
                        Some(id) if !self.may_switch(id) => {}
                        // A name that is no backend's falls through to the default one.
                        found => return found,
                    }
                }
            }
        }
        None
    }

    /// Whether the backend is offered, or `force-be-switch` asks for it anyway.
    fn may_switch(&self, id: ProxyId) -> bool {
        let forced = || self.fe.force_switch.iter().any(|c| c.eval(&self.env(false)) == Verdict::Pass);
        self.w.shared.proxy(id).published.load(Ordering::Relaxed) || forced()
    }

    /// Counts the stream in its backend.
    pub(super) fn enter_backend(&mut self, id: ProxyId) {
        if id != self.fe_id {
            self.p.facts.set.enter_backend();
        }
        self.be_id = id;
        self.be = self.w.shared.conf(id);
        self.p.facts.backend = Some(id);
        self.c.entry.backend.set(Some(id));
        self.in_backend = true;
        if let Some(cookie) = &self.be.cookie {
            self.p.facts.cookie_flags = cookie.flags();
        }
        self.be_gauge = true;
        let (state, wall_ms) = (self.be_state(), self.w.now().wall_us / 1000);
        state.be_sess_rate.tick(self.w.id, wall_ms);
        state.last_session.store(wall_ms, Ordering::Relaxed);
        raise(&state.be_max, state.be_cur.fetch_add(1, Ordering::Relaxed) + 1);
        state.be.sess_tot.inc(self.w.id);
        state.be.req_tot.inc(self.w.id);
    }

    pub(super) fn leave_backend(&mut self) {
        if std::mem::take(&mut self.be_gauge) {
            self.be_state().be_cur.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The server for the next attempt: as bound by cookie or rule, else by the algorithm.
    pub(super) fn choose_server(&self, avoid: Option<usize>) -> Choice {
        match avoid {
            None => self.preferred_server().map_or_else(|| self.by_algorithm(None), Choice::Server),
            Some(_) => self.by_algorithm(avoid),
        }
    }

    /// The server that a cookie or a rule binds the stream to, or that it had before.
    pub(super) fn preferred_server(&self) -> Option<usize> {
        self.persistence
            .server
            .or_else(|| self.last_server())
            .or_else(|| self.ruled_server())
    }

    pub(super) fn by_algorithm(&self, avoid: Option<usize>) -> Choice {
        let state = self.be_state();
        let key = self.balance_key();
        let choice = state.live.pick(state, key, avoid);
        if let Choice::Server(i) = choice {
            state.be.lb_total.inc(self.w.id);
            state.servers[i].counters.lb_total.inc(self.w.id);
        }
        choice
    }

    /// The server of the first `use-server` rule that holds and whose server can be used.
    pub(super) fn ruled_server(&self) -> Option<usize> {
        for rule in &self.be.use_server {
            if rule.cond.as_ref().is_some_and(|c| c.eval(&self.env(false)) != Verdict::Pass) {
                continue;
            }
            let i = match &rule.target {
                ServerTarget::Fixed(i) => *i,
                ServerTarget::Dynamic(format) => {
                    let mut name = Vec::new();
                    format.write(&self.env(false), &mut name);
                    // A name that is no server's leaves the choice to the algorithm.
                    let servers = &self.be_state().servers;
                    servers.position(|s| s.conf().name.as_bytes() == name)?
                }
            };
            if self.may_persist(i) {
                return Some(i);
            }
        }
        None
    }

    /// The server whose connection is bound to this client, or that answered it last, where that is preferred, a connection to it is
    /// held for this client alone, and its queue is not too long.
    fn last_server(&self) -> Option<usize> {
        let (be, server) = match self.c.held.iter().rfind(|h| h.up.private) {
            Some(h) => (h.backend, h.server),
            None if self.be.options.contains(Options::PREFER_LAST_SERVER) => self.c.last.filter(|last| {
                let mut held = self.c.held.iter();
                held.any(|h| (h.backend, h.server) == *last)
            })?,
            None => return None,
        };
        let state = self.be_state();
        let i = server.0 as usize;
        let server = state.servers.get(i).filter(|_| be == self.be_id)?;
        let max = state.live.dynamic_maxconn(server, state.be_cur.load(Ordering::Relaxed));
        let room = max == 0
            || server.cur_sess.load(Ordering::Relaxed) < max
            || self
                .be
                .keep_alive_queue
                .is_none_or(|n| server.queue_cur.load(Ordering::Relaxed) < n);
        (server.is_usable() && room).then_some(i)
    }

    fn balance_key(&self) -> Option<u32> {
        if !self.be.balance.is_hash() {
            return None;
        }
        let env = self.env(false);
        Some(self.be.balance.key(self.be.hash_type, &env)?.place(self.be.hash_type))
    }
}
