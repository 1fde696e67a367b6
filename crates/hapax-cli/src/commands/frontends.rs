//! Pausing, resuming and stopping frontends.

use std::sync::atomic::Ordering::Relaxed;

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
    let state = shared.proxy(proxy);
    if state.stopped.load(Relaxed) {
        return Answer::err(match order {
            FrontendOrder::Stop => "Frontend was already shut down.",
            FrontendOrder::Pause => "Frontend was previously shut down, cannot disable.",
            FrontendOrder::Resume => "Frontend was previously shut down, cannot enable.",
        });
    }
    match order {
        FrontendOrder::Pause if state.paused.swap(true, Relaxed) => return Answer::err("All sockets are already disabled."),
        FrontendOrder::Resume if !state.paused.swap(false, Relaxed) => return Answer::err("All sockets are already enabled."),
        FrontendOrder::Pause | FrontendOrder::Resume => {}
        FrontendOrder::Stop => state.stopped.store(true, Relaxed),
    }
    shared.tell_order(proxy, order);
    shared.mail.broadcast(&WorkerCommand::Frontend { proxy, order });
    Answer::Done
}
