//! A server starts from its row of a state file (manual, `load-server-state-from-file`).

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use hapax_balance::CheckStatus;
use hapax_config::plan::{Saved, Server};
use hapax_value::Endpoint;

use super::{Admin, Oper, ServerState};

/// What the configuration says anew counts more than what was set while the former process ran.
pub(super) fn restore(server: &ServerState, conf: &Server, saved: &Saved, now_ms: u64) {
    let mut admin = saved.admin & (Admin::FMAINT | Admin::CMAINT | Admin::FDRAIN);
    let configured = server.admin();
    if (saved.admin ^ configured) & Admin::CMAINT != 0 {
        // The line was given its `disabled`, or lost it.
        admin = if configured & Admin::CMAINT != 0 {
            admin | Admin::CMAINT | Admin::FMAINT
        } else {
            admin & !(Admin::CMAINT | Admin::FMAINT)
        };
    }
    server.admin.store(admin | configured & Admin::RMAINT, Relaxed);
    if saved.iweight == conf.weight {
        server.uweight.store(saved.uweight, Relaxed);
    }
    let in_maintenance = server.in_maintenance();
    let mut oper = match saved.oper {
        0 => Oper::Stopped,
        3 => Oper::Stopping,
        _ => Oper::Running,
    };
    // One that was down stays so, even where the maintenance it was down for is over and nobody checks it: that is what a state
    // file does in HAProxy.
    if in_maintenance {
        oper = Oper::Stopped;
    }
    server.set_oper(oper);
    server.last_change.store(now_ms.saturating_sub(saved.since * 1000), Relaxed);
    if conf.check.is_some() {
        let mut view = server.check();
        view.last.status = status(saved.check_status);
        if oper == Oper::Stopped {
            view.health.force(false);
        } else if saved.oper != 0 {
            view.health.set_value(saved.check_health);
        }
        // Enabled or not: bit 2 of what was configured then.
        if saved.check_state & 2 != 0 {
            server.check_enabled.store(saved.check_state & 4 != 0, Relaxed);
        }
    }
    if let Some(agent) = server.agent().filter(|_| saved.agent_state & 2 != 0) {
        agent.enable(saved.agent_state & 4 != 0);
    }
    if saved.port != 0
        && let Some(Endpoint::Ip(at)) = server.address.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
    {
        at.set_port(saved.port);
    }
    if conf.tls_possible && saved.tls >= 0 {
        server.set_tls(saved.tls == 1);
    }
}

/// The numbers of check statuses in state files.
fn status(number: u8) -> CheckStatus {
    match number {
        3 => CheckStatus::Checked,
        4 => CheckStatus::Analyze,
        5 => CheckStatus::SockErr,
        6 => CheckStatus::L4Ok,
        7 => CheckStatus::L4Timeout,
        8 => CheckStatus::L4Con,
        9 => CheckStatus::L6Ok,
        10 => CheckStatus::L6Timeout,
        11 => CheckStatus::L6Rsp,
        12 => CheckStatus::L7Timeout,
        13 => CheckStatus::L7Rsp,
        15 => CheckStatus::L7Ok,
        16 => CheckStatus::L7OkCond,
        17 => CheckStatus::L7Status,
        18 => CheckStatus::ProcErr,
        19 => CheckStatus::ProcTimeout,
        20 => CheckStatus::ProcOk,
        _ => CheckStatus::Init,
    }
}
