//! `clear counters`: maxima, or everything.

use std::sync::atomic::Ordering::Relaxed;

use hapax_runtime::state::{ServerState, Shared};

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[row!(
    &["clear", "counters"],
    Operator,
    "clear counters [all | server <bk>/<srv> [force]]",
    "clear the maxima, all counters, or those of a server",
    clear
)];

fn clear(c: &mut Call<'_>) -> Answer {
    if c.arg(0) == "server" {
        return clear_server(c);
    }
    let all = c.arg(0) == "all";
    // Maxima are the operator's; what has been counted is the administrator's.
    let needed = if all { SocketLevel::Admin } else { SocketLevel::Operator };
    if c.session.level < needed {
        return Answer::err("Permission denied");
    }
    let shared = c.control.shared();
    clear_maxima(shared);
    if all {
        clear_counts(shared);
    }
    Answer::Done
}

/// Counters and maxima of one server. They are this process's own, so there is nothing to force.
fn clear_server(c: &Call<'_>) -> Answer {
    if c.session.level < SocketLevel::Admin {
        return Answer::err("Permission denied");
    }
    match c.server(c.arg(1)) {
        Ok((p, s)) => {
            let server = c.control.shared().server(p, s);
            clear_server_maxima(server);
            clear_server_counts(server);
            Answer::info("Server counters cleared.")
        }
        Err(a) => a,
    }
}

fn clear_server_maxima(s: &ServerState) {
    s.max_sess.store(s.cur_sess.load(Relaxed), Relaxed);
    s.queue_max.store(s.queue_cur.load(Relaxed), Relaxed);
    s.sess_rate.clear_max();
    s.times.clear_max();
}

fn clear_server_counts(s: &ServerState) {
    s.counters.clear();
    s.down_ms.store(0, Relaxed);
}

fn clear_maxima(shared: &Shared) {
    for (_, p) in shared.proxies.iter() {
        p.fe_max.store(p.fe_cur.load(Relaxed), Relaxed);
        p.be_max.store(p.be_cur.load(Relaxed), Relaxed);
        p.queue_max.store(p.queue_cur.load(Relaxed), Relaxed);
        for r in [&p.conn_rate, &p.sess_rate, &p.req_rate, &p.be_sess_rate] {
            r.clear_max();
        }
        p.times.clear_max();
        for (own, now) in p.binds.iter().zip(&p.listeners) {
            if let Some(own) = own {
                own.max.store(now.load(Relaxed), Relaxed);
            }
        }
        for (_, s) in p.servers.iter() {
            clear_server_maxima(s);
        }
    }
    let tls = [&shared.ssl_rate, &shared.ssl_keys, &shared.ssl_server_keys];
    for r in [&shared.conn_rate, &shared.sess_rate].into_iter().chain(tls) {
        r.clear_max();
    }
}

fn clear_counts(shared: &Shared) {
    for (_, p) in shared.proxies.iter() {
        p.fe.clear();
        p.be.clear();
        p.binds.iter().flatten().for_each(|own| own.counters.clear());
        p.be_down_ms.store(0, Relaxed);
        for (_, s) in p.servers.iter() {
            clear_server_counts(s);
        }
    }
}
