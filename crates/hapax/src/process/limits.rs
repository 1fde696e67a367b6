//! The limit of descriptors and `maxconn`, each made to fit the other.

use hapax_config::Plan;
use hapax_sys::limits::{self, FixedUse};

use crate::report::Report;

/// Descriptors that a process gives itself by default, as HAProxy does.
const MOST_FILES: u64 = 1 << 20;

/// Raises the limit where it must be and answers the process's `maxconn`.
pub(super) fn apply(program: &str, plan: &Plan, asked: Option<u32>, threads: usize, report: &Report) -> Result<u32, String> {
    let fixed = FixedUse {
        listeners: plan.proxies.iter().map(|p| p.binds.len() as u64).sum::<u64>() + plan.global.stats_sockets.len() as u64,
        checks: plan.proxies.iter().flat_map(|p| &p.servers).filter(|s| s.check.is_some()).count() as u64,
        threads: threads as u64,
    };
    let (soft, hard) = limits::open_files();
    // Some systems allow a thousand million, which nobody needs and which costs memory.
    let hard = hard.min(plan.global.fd_hard_limit.unwrap_or(MOST_FILES));
    let wanted = asked.filter(|n| *n > 0).or(plan.global.maxconn.filter(|n| *n > 0));
    let maxconn = wanted.unwrap_or_else(|| limits::maxconn_for(plan.global.ulimit_n.map_or(hard, u64::from), fixed));
    let needed = plan.global.ulimit_n.map_or_else(|| limits::needed_for(maxconn, fixed), u64::from);
    if needed <= soft {
        return Ok(maxconn);
    }
    let got = limits::set_open_files(needed).map_err(|e| format!("Cannot raise FD limit to {needed}: {e}"))?;
    if got < needed {
        report.warning(&format!(
            "[{program}.main()] Cannot raise FD limit to {needed}, limit is {got}. Please raise 'ulimit-n' to {needed} or more to avoid any trouble."
        ));
    }
    Ok(maxconn)
}
