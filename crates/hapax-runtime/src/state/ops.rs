//! Changes of servers: from checks, from the runtime API, from the servers they track. Each change updates the farm, the
//! counters and the servers that track this one, tells the log, and lets streams that wait look again.

use std::sync::atomic::Ordering::Relaxed;

use hapax_balance::notice::{Cause, Event, FarmView, Notice, level, no_server};
use hapax_balance::{SCALE, warmup};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;

use super::{Admin, Conf, Grade, News, Oper, ServerState, Shared, WorkerCommand};

/// What an administrator wants of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Ready,
    Drain,
    Maint,
}

/// A change on its way through a server and those that track it.
pub(super) struct Ripple<'a> {
    pub(super) cause: Cause<'a>,
    pub(super) via: Option<&'a str>,
}

impl Shared {
    pub fn server(&self, p: ProxyId, s: ServerId) -> &ServerState {
        &self.proxy(p).servers[s.0 as usize]
    }

    /// The settings of a server.
    pub fn server_conf(&self, p: ProxyId, s: ServerId) -> Conf<'_> {
        self.server(p, s).conf()
    }

    /// `backend/server`
    pub fn server_name(&self, p: ProxyId, s: ServerId) -> String {
        format!("{}/{}", self.conf(p).name, self.server_conf(p, s).name)
    }

    /// `set server ... health`
    pub fn force_health(&self, p: ProxyId, s: ServerId, to: Oper, now_ms: u64) {
        let server = self.server(p, s);
        {
            let mut view = server.check();
            view.health.force(to != Oper::Stopped);
            view.forced = Some(to != Oper::Stopped);
            view.forced_in_maint = to != Oper::Stopped && server.in_maintenance();
        }
        let ripple = Ripple {
            cause: Cause::Words("changed from CLI"),
            via: None,
        };
        self.move_to(p, s, to, &ripple, now_ms);
    }

    /// Changes the operational state, if it is another one.
    pub(super) fn move_to(&self, p: ProxyId, s: ServerId, to: Oper, ripple: &Ripple<'_>, now_ms: u64) {
        let server = self.server(p, s);
        let from = server.oper();
        // Who is on the way up need not be sent there.
        let rising = from == Oper::Starting && to == Oper::Running;
        if from == to || rising || server.in_maintenance() {
            return;
        }
        let had = self.proxy(p).live.usable();
        self.set_state(p, s, to, now_ms);
        // Who was to take nothing new anyway is missed less.
        let expected = from == Oper::Stopping || server.admin() & Admin::DRAIN != 0;
        let event = match to {
            Oper::Stopped => {
                server.counters.down_transitions.inc(self.control());
                Event::Down {
                    cause: ripple.cause,
                    expected,
                }
            }
            Oper::Stopping => Event::Stopping(ripple.cause),
            Oper::Starting | Oper::Running => Event::Up(ripple.cause),
        };
        let text = self.after(p, s, had, event, ripple.via, now_ms);
        let level = if to == Oper::Stopped && !expected {
            level::ALERT
        } else {
            level::NOTICE
        };
        self.mail_alert(p, level, &text);
        let name = self.server_name(p, s);
        for (tp, ts) in server.trackers() {
            let words = Ripple {
                cause: Cause::Told,
                via: Some(&name),
            };
            self.move_to(tp, ts, to, &words, now_ms);
        }
    }

    /// `set server ... state`, `enable server`, `disable server`.
    pub fn want(&self, p: ProxyId, s: ServerId, wanted: Wanted, now_ms: u64) {
        match wanted {
            Wanted::Ready => {
                self.leave_maint(p, s, Admin::FMAINT, now_ms);
                self.leave_drain(p, s, Admin::FDRAIN, None, now_ms);
            }
            Wanted::Drain => {
                self.enter_drain(p, s, Admin::FDRAIN, None, now_ms);
                self.leave_maint(p, s, Admin::FMAINT, now_ms);
            }
            Wanted::Maint => {
                self.enter_maint(p, s, Admin::FMAINT, None, now_ms);
                self.leave_drain(p, s, Admin::FDRAIN, None, now_ms);
            }
        }
    }

    pub(super) fn enter_maint(&self, p: ProxyId, s: ServerId, bit: u32, via: Option<&str>, now_ms: u64) {
        let server = self.server(p, s);
        let before = server.admin.fetch_or(bit, Relaxed);
        if before & Admin::MAINT != 0 {
            return;
        }
        server.check().forced_in_maint = false;
        let from = server.oper();
        let was_up = from != Oper::Stopped;
        if was_up {
            server.counters.down_transitions.inc(self.control());
        }
        let had = self.proxy(p).live.usable();
        self.set_state(p, s, Oper::Stopped, now_ms);
        let expected = from == Oper::Stopping || before & Admin::DRAIN != 0;
        self.after(p, s, had, Event::EnterMaint { was_up, expected }, via, now_ms);
        let name = self.server_name(p, s);
        for (tp, ts) in server.trackers() {
            self.enter_maint(tp, ts, Admin::IMAINT, Some(&name), now_ms);
        }
    }

    pub(super) fn leave_maint(&self, p: ProxyId, s: ServerId, bits: u32, now_ms: u64) {
        let server = self.server(p, s);
        let before = server.admin.fetch_and(!bits, Relaxed);
        if before & Admin::MAINT == 0 {
            return;
        }
        if before & !bits & Admin::MAINT != 0 {
            if before & bits != 0 {
                let forced = bits & Admin::FMAINT != 0;
                let tracked = (before & Admin::IMAINT != 0).then(|| self.tracked_name(p, s)).flatten();
                self.tell_event(p, s, Event::StaysInMaint { forced }, tracked.as_deref());
            }
            return;
        }
        server.newborn.store(false, Relaxed);
        let had = self.proxy(p).live.usable();
        let tracked = self.server_conf(p, s).track;
        let conf = self.server_conf(p, s);
        let up = tracked.map_or_else(
            || conf.init_state.is_up(),
            |(tp, ts)| self.server(ProxyId(tp), ServerId(ts)).is_up(),
        );
        // Back with the trust of a start: as a rule, one failure brings it down.
        server.check().health.restart(conf.init_state);
        self.set_state(p, s, if up { Oper::Running } else { Oper::Stopped }, now_ms);
        let forced = before & bits & Admin::FMAINT != 0;
        let draining = before & Admin::DRAIN != 0;
        self.after(p, s, had, Event::LeaveMaint { forced, up, draining }, None, now_ms);
        if draining {
            self.tell_drain(p, s);
        }
        for (tp, ts) in server.trackers() {
            self.leave_maint(tp, ts, Admin::IMAINT, now_ms);
        }
    }

    fn enter_drain(&self, p: ProxyId, s: ServerId, bit: u32, via: Option<&str>, now_ms: u64) {
        let server = self.server(p, s);
        let before = server.admin.fetch_or(bit, Relaxed);
        if before & Admin::DRAIN != 0 {
            if before & (bit | Admin::MAINT) == 0 {
                self.tell_drain(p, s);
            }
            return;
        }
        if before & Admin::MAINT == 0 {
            let had = self.proxy(p).live.usable();
            server.last_change.store(now_ms, Relaxed);
            self.proxy(p).server_changed(s);
            let up = server.oper() != Oper::Stopped;
            let text = self.after(p, s, had, Event::EnterDrain { up }, via, now_ms);
            self.mail_alert(p, level::NOTICE, &text);
        }
        let name = self.server_name(p, s);
        for (tp, ts) in server.trackers() {
            self.enter_drain(tp, ts, Admin::IDRAIN, Some(&name), now_ms);
        }
    }

    fn leave_drain(&self, p: ProxyId, s: ServerId, bit: u32, via: Option<&str>, now_ms: u64) {
        let server = self.server(p, s);
        let before = server.admin.fetch_and(!bit, Relaxed);
        if before & bit == 0 {
            return;
        }
        if before & !bit & Admin::DRAIN != 0 {
            if before & Admin::MAINT == 0 {
                self.tell_drain(p, s);
            }
            return;
        }
        if before & Admin::MAINT == 0 {
            let had = self.proxy(p).live.usable();
            server.last_change.store(now_ms, Relaxed);
            self.proxy(p).server_changed(s);
            let up = server.oper() != Oper::Stopped;
            self.after(p, s, had, Event::LeaveDrain { up }, via, now_ms);
        }
        let name = self.server_name(p, s);
        for (tp, ts) in server.trackers() {
            self.leave_drain(tp, ts, Admin::IDRAIN, Some(&name), now_ms);
        }
    }

    /// It takes nothing new still: for whom.
    fn tell_drain(&self, p: ProxyId, s: ServerId) {
        let forced = self.server(p, s).admin() & Admin::FDRAIN != 0;
        self.tell_event(p, s, Event::StaysInDrain { forced }, self.tracked_name(p, s).as_deref());
    }

    fn tracked_name(&self, p: ProxyId, s: ServerId) -> Option<String> {
        let (tp, ts) = self.server_conf(p, s).track?;
        Some(self.server_name(ProxyId(tp), ServerId(ts)))
    }

    /// The bare change of state: clocks, down time and the farm.
    pub(super) fn set_state(&self, p: ProxyId, s: ServerId, to: Oper, now_ms: u64) {
        let server = self.server(p, s);
        if server.oper() == Oper::Stopped && to != Oper::Stopped {
            let spent = now_ms.saturating_sub(server.last_change.load(Relaxed));
            server.down_ms.fetch_add(spent.cast_signed(), Relaxed);
        }
        let slow = if to == Oper::Running { server.conf().slowstart } else { 0 };
        server.set_oper(if slow > 0 { Oper::Starting } else { to });
        server.last_change.store(now_ms, Relaxed);
        if slow > 0 {
            self.warm_up(p, s, now_ms);
            self.newcomers.tell(News::Warming(p, s));
        } else {
            server.warmth.store(SCALE, Relaxed);
            server.warm_percent.store(100, Relaxed);
            self.proxy(p).server_changed(s);
        }
    }

    /// Gives a server that has come up the share of the traffic that `slowstart` allows by now; `false`: it needs no more looking after.
    pub fn warm_up(&self, p: ProxyId, s: ServerId, now_ms: u64) -> bool {
        let (proxy, server) = (self.proxy(p), self.server(p, s));
        if server.oper() != Oper::Starting {
            return false;
        }
        let slow = server.conf().slowstart.div_ceil(1000);
        let elapsed = now_ms.saturating_sub(server.last_change.load(Relaxed)) / 1000;
        let going_on = elapsed < slow;
        // Where weights are fixed while a server is up, only the limit grows.
        let share = if proxy.live.is_dynamic() {
            warmup::share(elapsed, slow)
        } else {
            SCALE
        };
        server.warmth.store(share, Relaxed);
        server.warm_percent.store(warmup::percent(elapsed, slow), Relaxed);
        if !going_on {
            server.set_oper(Oper::Running);
        }
        proxy.server_changed(s);
        going_on
    }

    /// What follows from a change: the line in the log, which is returned, sessions to end, the backend's own state.
    pub(super) fn after(&self, p: ProxyId, s: ServerId, had: (u32, u32), event: Event<'_>, via: Option<&str>, now_ms: u64) -> String {
        let (proxy, conf) = (self.proxy(p), self.server_conf(p, s));
        let has = proxy.live.usable();
        let text = self.tell_event(p, s, event, via);
        let came_back = matches!(
            event,
            Event::Up(_)
                | Event::LeaveMaint { up: true, .. }
                | Event::Resolved {
                    up: true,
                    elsewise: false,
                    ..
                }
        );
        let went = matches!(event, Event::Down { .. } | Event::EnterMaint { .. } | Event::Unresolved { .. });
        if went && conf.on_marked_down_shutdown {
            self.mail.broadcast(&WorkerCommand::EndServerSessions {
                proxy: p,
                server: s,
                down: true,
            });
        }
        if came_back && conf.on_marked_up_shutdown_backup && !conf.backup {
            self.mail.broadcast(&WorkerCommand::EndBackupSessions { proxy: p });
        }
        self.backend_changed(p, had, has, now_ms);
        text
    }

    /// The line of a change, for the log and the terminal.
    fn tell_event(&self, p: ProxyId, s: ServerId, event: Event<'_>, via: Option<&str>) -> String {
        let (proxy, server, conf) = (self.proxy(p), self.server(p, s), self.server_conf(p, s));
        let has = proxy.live.usable();
        let notice = Notice {
            backend: &self.conf(p).name,
            server: &conf.name,
            backup: conf.backup,
            via,
            event,
            farm: FarmView {
                act: has.0,
                bck: has.1,
                sessions: server.cur_sess.load(Relaxed),
                requeued: server.queue_cur.load(Relaxed),
                queued: proxy.queue_cur.load(Relaxed),
            },
        };
        let text = notice.to_string();
        self.events.announce(p, notice.level(), &text);
        text
    }

    fn backend_changed(&self, p: ProxyId, had: (u32, u32), has: (u32, u32), now_ms: u64) {
        let proxy = self.proxy(p);
        let (was, is) = (had.0 + had.1 > 0, has.0 + has.1 > 0);
        if was == is {
            return;
        }
        let since = proxy.be_last_change.swap(now_ms, Relaxed);
        if is {
            proxy.be_down_ms.fetch_add(now_ms.saturating_sub(since), Relaxed);
        } else {
            proxy.be.chkdown.inc(self.control());
            let name = &self.conf(p).name;
            self.events.print(Grade::Alert, &no_server(&format!("'{name}'")));
            self.events.tell(p, level::EMERG, &no_server(name));
        }
    }

    /// `set weight`, `set server ... weight`: in units of the configuration.
    pub fn set_weight(&self, p: ProxyId, s: ServerId, weight: u32) {
        let server = self.server(p, s);
        server.uweight.store(weight.min(4096 / SCALE), Relaxed);
        self.proxy(p).server_changed(s);
    }

    /// `set server ... addr`: the workers notice by the epoch.
    pub fn set_address(&self, p: ProxyId, s: ServerId, address: Endpoint) {
        let server = self.server(p, s);
        self.renew_cookie(p, s, Some(&address));
        *server.address.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(address);
        server.address_epoch.fetch_add(1, Relaxed);
        // The place on a ring may be made of the address.
        self.proxy(p).server_changed(s);
    }

    /// `set server ... ssl`
    pub fn set_server_tls(&self, p: ProxyId, s: ServerId, on: bool) {
        self.server(p, s).set_tls(on);
    }

    /// `enable health`, `disable health`
    pub fn enable_checks(&self, p: ProxyId, s: ServerId, on: bool) {
        let server = self.server(p, s);
        server.check_enabled.store(on, Relaxed);
        if on {
            server.check_soon.notify_one();
        }
    }

    /// `set server ... agent`
    pub fn force_agent(&self, p: ProxyId, s: ServerId, up: bool, now_ms: u64) {
        let server = self.server(p, s);
        let Some(agent) = server.agent() else { return };
        agent.view().health.force(up);
        let to = if up { Oper::Running } else { Oper::Stopped };
        // Check and agent have to agree.
        if !up || !server.check_enabled.load(Relaxed) || server.check().health.is_up() {
            let cause = Cause::Words("changed from CLI");
            self.move_to(p, s, to, &Ripple { cause, via: None }, now_ms);
        }
    }

    /// `set maxconn server`
    pub fn set_server_maxconn(&self, p: ProxyId, s: ServerId, maxconn: u32) {
        self.server(p, s).maxconn.store(maxconn, Relaxed);
        let proxy = self.proxy(p);
        proxy.live.touch(s.0 as usize);
        proxy.waiting.look_again();
    }

    /// The index of the control thread in per-worker counters.
    pub fn control(&self) -> usize {
        self.workers
    }
}

#[cfg(test)]
mod tests;
