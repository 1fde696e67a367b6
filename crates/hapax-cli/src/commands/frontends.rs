//! Pausing, resuming and stopping frontends.

use std::sync::atomic::Ordering::Relaxed;

use hapax_balance::notice::level;
use hapax_runtime::state::{FrontendOrder, WorkerCommand};

use super::own::row;
use crate::command::{Answer, Call, Command};
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    row!(
        &["disable", "frontend"],
        Admin,
        "disable frontend <frontend>",
        "stop accepting for a while",
        |c| { order(c, FrontendOrder::Pause) }
    ),
    row!(&["enable", "frontend"], Admin, "enable frontend <frontend>", "accept again", |c| {
        order(c, FrontendOrder::Resume)
    }),
    row!(
        &["shutdown", "frontend"],
        Admin,
        "shutdown frontend <frontend>",
        "stop a frontend for good",
        |c| { order(c, FrontendOrder::Stop) }
    ),
];

fn order(c: &mut Call<'_>, order: FrontendOrder) -> Answer {
    if c.arg(0).is_empty() {
        return Answer::err("A frontend name is expected.");
    }
    let Some(proxy) = c.proxy(c.arg(0), false) else {
        return Answer::err("No such frontend.");
    };
    let shared = c.control.shared();
    let (state, conf) = (shared.proxy(proxy), shared.conf(proxy));
    if state.stopped.load(Relaxed) {
        return Answer::err(match order {
            FrontendOrder::Stop => "Frontend was already shut down.",
            FrontendOrder::Pause => "Frontend was previously shut down, cannot disable.",
            FrontendOrder::Resume => "Frontend was previously shut down, cannot enable.",
        });
    }
    let (grade, line) = match order {
        FrontendOrder::Pause if state.paused.swap(true, Relaxed) => return Answer::err("All sockets are already disabled."),
        FrontendOrder::Pause => (level::WARNING, format!("Paused frontend {}.", conf.name)),
        FrontendOrder::Resume if !state.paused.swap(false, Relaxed) => return Answer::err("All sockets are already enabled."),
        FrontendOrder::Resume => (level::WARNING, format!("Resumed frontend {}.", conf.name)),
        FrontendOrder::Stop => {
            state.stopped.store(true, Relaxed);
            let (fe, be) = (state.fe.sess_tot.get(), state.be.sess_tot.get());
            (
                level::WARNING,
                format!("Proxy {} stopped (cumulated conns: FE: {fe}, BE: {be}).", conf.name),
            )
        }
    };
    shared.events.tell(proxy, grade, &line);
    shared.mail.broadcast(&WorkerCommand::Frontend { proxy, order });
    Answer::Done
}
