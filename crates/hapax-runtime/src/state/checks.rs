//! What a server's checks, its agent and the errors of its traffic make of it.

use std::sync::atomic::Ordering::Relaxed;

use hapax_balance::notice::{Cause, Checked, check_line, level};
use hapax_balance::{AgentAdmin, AgentLine, Change, CheckStatus, Outcome, Step, Verdict};
use hapax_config::plan::{Observe, OnError, Options};
use hapax_sample::{ProxyId, ServerId};

use super::ops::Ripple;
use super::{AgentState, Oper, Shared, Wanted};

/// The syslog level at which lines of checks are mailed: `info`.
const MAILED_CHECKS: u8 = 6;

impl Shared {
    /// A check of the server has ended.
    pub fn check_done(&self, p: ProxyId, s: ServerId, outcome: &Outcome, now_ms: u64) {
        let server = self.server(p, s);
        if !server.in_maintenance() && server.check_enabled.load(Relaxed) {
            self.found(p, s, outcome, now_ms);
        }
    }

    /// What a check, or the traffic in its stead, found.
    fn found(&self, p: ProxyId, s: ServerId, outcome: &Outcome, now_ms: u64) {
        let server = self.server(p, s);
        let (step, changed, health) = {
            let mut view = server.check();
            let step = view.health.apply(outcome.status.verdict());
            let changed = view.last.status != outcome.status;
            view.last = outcome.clone();
            (step, changed, view.health)
        };
        if step.failed {
            server.counters.failed_checks.inc(self.control());
        }
        let told = (step.moved || changed) && self.logs_checks(p);
        if told {
            let conf = self.server_conf(p, s);
            let who = Checked {
                backup: conf.backup,
                agent: false,
                weightless: server.uweight.load(Relaxed) == 0,
            };
            let name = &self.conf(p).name;
            let text = check_line(name, &conf.name, who, &health, outcome);
            self.events.announce(p, level::NOTICE, &text);
            self.mail_alert(p, MAILED_CHECKS, &text);
        }
        let cause = if told { Cause::Told } else { Cause::Check(outcome) };
        self.follow(p, s, step, &Ripple { cause, via: None }, now_ms);
    }

    fn logs_checks(&self, p: ProxyId) -> bool {
        self.conf(p).options.contains(Options::LOG_HEALTH_CHECKS)
    }

    fn follow(&self, p: ProxyId, s: ServerId, step: Step, ripple: &Ripple<'_>, now_ms: u64) {
        let to = match step.change {
            Some(Change::Down) => Oper::Stopped,
            // Check and agent have to agree.
            Some(Change::Up | Change::Stopping) if !self.server(p, s).agent().is_none_or(AgentState::says_up) => return,
            Some(Change::Up) => Oper::Running,
            // Who is down comes up first.
            Some(Change::Stopping) if self.server(p, s).oper() != Oper::Stopped => Oper::Stopping,
            Some(Change::Stopping) | None => return,
        };
        self.move_to(p, s, to, ripple, now_ms);
    }

    /// The server's agent has spoken.
    pub fn agent_said(&self, p: ProxyId, s: ServerId, line: &AgentLine, duration_ms: u64, now_ms: u64) {
        let server = self.server(p, s);
        if let Some(percent) = line.percent {
            let weight = u64::from(server.iweight.load(Relaxed)) * u64::from(percent) / 100;
            if weight != u64::from(server.uweight.load(Relaxed)) {
                self.set_weight(p, s, u32::try_from(weight).unwrap_or(u32::MAX));
            }
        }
        if let Some(n) = line.maxconn.filter(|n| *n != server.maxconn.load(Relaxed)) {
            self.set_server_maxconn(p, s, n);
        }
        match line.admin {
            Some(AgentAdmin::Ready) => self.want(p, s, Wanted::Ready, now_ms),
            Some(AgentAdmin::Drain) => self.want(p, s, Wanted::Drain, now_ms),
            Some(AgentAdmin::Maint) => self.want(p, s, Wanted::Maint, now_ms),
            None => {}
        }
        self.agent_done(p, s, &line.outcome(duration_ms), now_ms);
    }

    /// The same for an agent that could not be asked: that alone says nothing of the server.
    pub fn agent_done(&self, p: ProxyId, s: ServerId, outcome: &Outcome, now_ms: u64) {
        let server = self.server(p, s);
        let Some(agent) = server.agent().filter(|a| a.enabled.load(Relaxed)) else {
            return;
        };
        let spoke = matches!(outcome.status, CheckStatus::L7Ok | CheckStatus::L7Status);
        let verdict = if spoke { outcome.status.verdict() } else { Verdict::Unknown };
        let (step, changed, health) = {
            let mut view = agent.view();
            let step = view.health.apply(verdict);
            let changed = view.last.status != outcome.status;
            view.last = outcome.clone();
            (step, changed, view.health)
        };
        let told = (step.moved || changed) && outcome.status.verdict() != Verdict::Unknown && self.logs_checks(p);
        if told {
            let conf = self.server_conf(p, s);
            let who = Checked {
                backup: conf.backup,
                agent: true,
                weightless: server.uweight.load(Relaxed) == 0,
            };
            let name = &self.conf(p).name;
            // That a line did not end is seen in the state of the server, and not told.
            let told = Outcome {
                info: if outcome.status == CheckStatus::L7Timeout {
                    String::new()
                } else {
                    outcome.info.clone()
                },
                ..*outcome
            };
            let text = check_line(name, &conf.name, who, &health, &told);
            self.events.announce(p, level::NOTICE, &text);
            self.mail_alert(p, MAILED_CHECKS, &text);
        }
        let cause = if told { Cause::Told } else { Cause::Check(outcome) };
        let ripple = Ripple { cause, via: None };
        match step.change {
            Some(Change::Down) => self.move_to(p, s, Oper::Stopped, &ripple, now_ms),
            Some(_) if !server.check_enabled.load(Relaxed) || server.check().health.is_up() => {
                self.move_to(p, s, Oper::Running, &ripple, now_ms);
            }
            _ => {}
        }
    }

    /// Traffic reached the server and came back (`error`: what went wrong, where it did); `layer7`: it is about a response.
    /// For servers without `observe` nobody calls this.
    pub fn observed(&self, p: ProxyId, s: ServerId, layer7: bool, error: Option<&'static str>, now_ms: u64) {
        let (server, conf) = (self.server(p, s), self.server_conf(p, s));
        let counts = match conf.observe {
            Observe::Nothing => false,
            Observe::Layer4 => !layer7,
            Observe::Layer7 => layer7,
        };
        // Whether or not checks are made at the moment.
        let judged = conf.check.is_some() && !server.in_maintenance() && server.is_up();
        if !counts || !judged {
            return;
        }
        let Some(error) = error else {
            // Hardly ever anything but 0: no need to write then.
            if server.errors_in_row.load(Relaxed) != 0 {
                server.errors_in_row.store(0, Relaxed);
            }
            return;
        };
        let n = server.errors_in_row.fetch_add(1, Relaxed) + 1;
        if n < conf.error_limit {
            return;
        }
        server.errors_in_row.store(0, Relaxed);
        server.counters.failed_observed.inc(self.control());
        let outcome = Outcome {
            status: CheckStatus::Analyze,
            info: format!("Detected {n} consecutive errors, last one was: {error}"),
            ..Outcome::default()
        };
        match conf.on_error {
            OnError::FastInter => {}
            OnError::FailCheck => self.found(p, s, &outcome, now_ms),
            OnError::SuddenDeath => {
                // As if all failures but one had come; this is the one before the last.
                let mut view = server.check();
                while view.health.value() > view.health.rise() + 1 {
                    view.health.apply(Verdict::Failed);
                }
                drop(view);
                self.found(p, s, &outcome, now_ms);
            }
            OnError::MarkDown => {
                let mut view = server.check();
                while view.health.value() > view.health.rise() {
                    view.health.apply(Verdict::Failed);
                }
                drop(view);
                self.found(p, s, &outcome, now_ms);
            }
        }
        // Who is down now has time.
        if server.is_up() {
            server.check_soon.notify_one();
        }
    }
}
