//! What is told of proxies as they pause, go on and stop, and where somebody asks how they are.

use std::sync::atomic::Ordering::Relaxed;

use hapax_balance::notice::level;
use hapax_config::plan::{Proxy, ProxyCaps};
use hapax_sample::ProxyId;

use super::{FrontendOrder, Grade, Oper, ProxyState, Shared};

impl Shared {
    /// A proxy has been given an order.
    pub fn tell_order(&self, p: ProxyId, order: FrontendOrder) {
        let (state, conf) = (self.proxy(p), self.conf(p));
        let kind = if conf.caps.contains(ProxyCaps::BACKEND) {
            "proxy"
        } else {
            "frontend"
        };
        let text = match order {
            FrontendOrder::Pause => format!("Paused {kind} {}.", conf.name),
            FrontendOrder::Resume => format!("Resumed {kind} {}.", conf.name),
            FrontendOrder::Stop => {
                let (fe, be) = (state.fe.sess_tot.get(), state.be.sess_tot.get());
                format!("Proxy {} stopped (cumulated conns: FE: {fe}, BE: {be}).", conf.name)
            }
        };
        self.events.announce(p, level::WARNING, &text);
    }

    /// Every proxy that works stops: who has listeners first.
    pub fn tell_stop(&self) {
        for front in [true, false] {
            let works = |s: &ProxyState, c: &Proxy| !c.disabled && !s.stopped.load(Relaxed);
            for (s, c) in self.every_proxy().filter(|(s, c)| works(s, c)) {
                if c.caps.contains(ProxyCaps::FRONTEND) == front {
                    self.tell_order(s.id, FrontendOrder::Stop);
                }
            }
        }
    }

    /// The time for streams in flight is over.
    pub fn tell_hard_stop(&self) {
        let text = "soft-stop running for too long, performing a hard-stop.";
        self.events.print(Grade::Warning, text);
        self.events.tell_all(level::WARNING, text);
        for (s, c) in self.every_proxy() {
            let n = s.fe_cur.load(Relaxed);
            if n > 0 {
                let text = format!("Proxy {} hard-stopped ({n} remaining conns will be closed).", c.name);
                self.events.announce(s.id, level::WARNING, &text);
            }
        }
    }

    /// SIGHUP: a line for each server and for each proxy.
    pub fn tell_states(&self) {
        self.events.print(Grade::Warning, "SIGHUP received, dumping servers states.");
        for (s, c) in self.every_proxy() {
            let text = format!("SIGHUP received, dumping servers states for proxy {}.", c.name);
            self.events.tell(s.id, level::NOTICE, &text);
            for (_, server) in s.servers.iter() {
                let text = format!(
                    "SIGHUP: Server {}/{} is {}. Conn: {} act, {} pend, {} tot.",
                    c.name,
                    server.conf().name,
                    if server.oper() == Oper::Stopped { "DOWN" } else { "UP" },
                    server.cur_sess.load(Relaxed),
                    server.queue_cur.load(Relaxed),
                    server.counters.sess_tot.get(),
                );
                self.events.announce(s.id, level::NOTICE, &text);
            }
            self.events.announce(s.id, level::NOTICE, &proxy_state(s, c));
        }
    }
}

fn proxy_state(s: &ProxyState, c: &Proxy) -> String {
    let servers = match s.live.usable() {
        _ if s.servers.is_empty() => "has no servers.".to_owned(),
        (0, 0) => "has no server available !".to_owned(),
        (0, _) => "is running on backup servers !".to_owned(),
        (act, bck) => format!("has {act} active servers and {bck} backup servers available."),
    };
    let unassigned = s.queue_cur.load(Relaxed);
    let queued: u32 = s.servers.iter().map(|(_, server)| server.queue_cur.load(Relaxed)).sum();
    format!(
        "SIGHUP: Proxy {} {servers} Conn: act(FE+BE): {}+{}, {} pend ({unassigned} unass), tot(FE+BE): {}+{}.",
        c.name,
        s.fe_cur.load(Relaxed),
        s.be_cur.load(Relaxed),
        queued + unassigned,
        s.fe.sess_tot.get(),
        s.be.sess_tot.get(),
    )
}
