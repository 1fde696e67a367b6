//! A server starts from its row of a state file (manual, `load-server-state-from-file`).

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

use hapax_balance::CheckStatus;
use hapax_config::plan::saved::{address, port};
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
            Admin::CMAINT | Admin::FMAINT
        } else {
            admin & !(Admin::CMAINT | Admin::FMAINT)
        };
    }
    // The runtime API had told it to work.
    let made_ready = admin & (Admin::CMAINT | Admin::FMAINT) == Admin::CMAINT;
    server.admin.store(admin | configured & Admin::RMAINT, Relaxed);
    if saved.iweight == conf.weight {
        server.uweight.store(saved.uweight, Relaxed);
    }
    // One that was down stays so, even where the maintenance it was down for is over and nobody checks it: that is what a state
    // file does in HAProxy.
    let oper = match saved.oper {
        _ if server.in_maintenance() => Oper::Stopped,
        _ if made_ready => Oper::Running,
        0 => Oper::Stopped,
        3 => Oper::Stopping,
        _ => Oper::Running,
    };
    server.set_oper(oper);
    server
        .last_change
        .store(now_ms.saturating_sub(saved.since.saturating_mul(1000)), Relaxed);
    restore_checks(server, conf, saved, oper);
    if conf.port_offset.is_none()
        && let Some(Endpoint::Ip(at)) = server.address.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
    {
        at.set_port(saved.port);
    }
    if conf.tls_possible && saved.tls >= 0 {
        server.set_tls(saved.tls == 1);
    }
}

/// Whether they are made, where they go, and how far from up or down the server is.
fn restore_checks(server: &ServerState, conf: &Server, saved: &Saved, oper: Oper) {
    let mut view = server.check();
    if conf.check.is_some() {
        view.last.status = status(saved.check_status);
        match saved.oper {
            _ if oper == Oper::Stopped => view.health.force(false),
            // On its way up, or asked for no new sessions: what was counted stands where it fits.
            1 => view
                .health
                .set_value(within(saved.check_health, 1, conf.rise).unwrap_or(conf.rise - 1)),
            3 => view
                .health
                .set_value(within(saved.check_health, conf.rise, conf.rise + conf.fall - 1).unwrap_or(conf.rise)),
            _ => view.health.force(true),
        }
        // Enabled or not: bit 2 of what was configured then.
        if saved.check_state & 2 != 0 {
            server.check_enabled.store(saved.check_state & 4 != 0, Relaxed);
        }
        if let Ok(Some(port)) = port(&saved.check_port) {
            server.check_port.store(port.into(), Relaxed);
        }
        if let Ok(Some(ip)) = address(&saved.check_address) {
            server.set_check_address(Some(Endpoint::Ip((ip, 0).into())));
        }
    } else {
        view.forced = Some(saved.oper != 0);
    }
    let Some(agent) = server.agent() else { return };
    if saved.agent_state & 2 != 0 {
        agent.enable(saved.agent_state & 4 != 0);
    }
    if let Ok(Some(ip)) = address(&saved.agent_address) {
        agent.target().0 = Some(Endpoint::Ip((ip, 0).into()));
    }
    if let Ok(Some(port)) = port(&saved.agent_port) {
        agent.target().1 = port;
    }
}

fn within(n: u32, from: u32, to: u32) -> Option<u32> {
    (from..to).contains(&n).then_some(n)
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
