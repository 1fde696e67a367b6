//! `clear counters`: maxima, or everything.

use std::sync::atomic::Ordering::Relaxed;

use hapax_runtime::state::Shared;

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[row!(
    &["clear", "counters"],
    Operator,
    "clear counters [all]",
    "clear the maxima, or all counters",
    clear
)];

fn clear(c: &mut Call<'_>) -> Answer {
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

fn clear_maxima(shared: &Shared) {
    for (_, p) in shared.proxies.iter() {
        p.fe_max.store(p.fe_cur.load(Relaxed), Relaxed);
        p.be_max.store(p.be_cur.load(Relaxed), Relaxed);
        p.queue_max.store(p.queue_cur.load(Relaxed), Relaxed);
        for r in [&p.conn_rate, &p.sess_rate, &p.req_rate, &p.be_sess_rate] {
            r.clear_max();
        }
        p.times.clear_max();
        for (_, s) in p.servers.iter() {
            s.max_sess.store(s.cur_sess.load(Relaxed), Relaxed);
            s.queue_max.store(s.queue_cur.load(Relaxed), Relaxed);
            s.sess_rate.clear_max();
            s.times.clear_max();
        }
    }
    for r in [&shared.conn_rate, &shared.sess_rate, &shared.ssl_rate] {
        r.clear_max();
    }
}

fn clear_counts(shared: &Shared) {
    for (_, p) in shared.proxies.iter() {
        p.fe.clear();
        p.be.clear();
        p.be_down_ms.store(0, Relaxed);
        for (_, s) in p.servers.iter() {
            s.counters.clear();
            s.down_ms.store(0, Relaxed);
        }
    }
}
