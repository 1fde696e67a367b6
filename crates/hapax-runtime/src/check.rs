//! Active health checks (manual, 5.2 `check`): a small task per checked server, on the control thread.
//!
//! When to check is decided here; how one is done is `probe`'s work, and what the result means for the server is the state's
//! (`Shared::check_done`). Starts are spread over the interval, and the number of checks at once is bounded.

mod agent;
mod answer;
pub(crate) mod connect;
mod external;
mod judge;
mod pooled;
mod probe;
mod request;
mod state;

pub(crate) use connect::{Plan as Dial, Stream};

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hapax_balance::CheckStatus;
use hapax_sample::{ProxyId, ServerId};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::control::TlsOf;
use crate::state::{News, Shared};
use crate::world::LiveWorld;

/// Checks under way at once: enough for any farm, and far from the limit of open files.
const AT_ONCE: usize = 1024;

/// Intervals below this one do not stretch the initial spreading.
const SPREAD_FROM_MS: u64 = 1000;

/// What every check needs.
struct Checker {
    shared: Arc<Shared>,
    tls: TlsOf,
    world: LiveWorld,
    slots: Semaphore,
}

/// Runs all checks until the process stops.
pub(crate) async fn run(shared: Arc<Shared>, tls: TlsOf) {
    let cx = Rc::new(Checker {
        world: LiveWorld::new(Arc::clone(&shared), shared.control()),
        slots: Semaphore::new(at_once(shared.plan.global.max_checks_per_thread, shared.workers)),
        tls,
        shared: Arc::clone(&shared),
    });
    let all = checked(&shared);
    let count = all.len() as u64;
    let inter = |&(p, s): &(ProxyId, ServerId)| shared.server_conf(p, s).check.as_ref().map_or(0, |c| c.inter);
    let shortest = all.iter().map(inter).filter(|&i| i >= SPREAD_FROM_MS).min().unwrap_or(0);
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (n, id) in all.into_iter().enumerate() {
        let whole = spread_over(shortest.max(inter(&id)), shared.plan.global.max_spread_checks);
        let first = start + Duration::from_millis(whole * n as u64 / count);
        tasks.spawn_local(watch(Rc::clone(&cx), id, first));
    }
    for (n, id) in agents(&shared).into_iter().enumerate() {
        tasks.spawn_local(agent::watch(Rc::clone(&cx), id, n as u64));
    }
    let mut newcomers = shared.newcomers.open();
    loop {
        tokio::select! {
            Some(news) = newcomers.recv() => match news {
                News::Warming(p, s) => {
                    tasks.spawn_local(warm_up(Rc::clone(&cx), p, s));
                }
                News::Checked(p, s) => {
                    tasks.spawn_local(watch(Rc::clone(&cx), (p, s), Instant::now()));
                    tasks.spawn_local(agent::watch(Rc::clone(&cx), (p, s), 0));
                }
            },
            Some(_) = tasks.join_next() => {}
            else => return,
        }
    }
}

/// `slowstart` of a server that has come up, until it has all of its share or is down again.
async fn warm_up(cx: Rc<Checker>, p: ProxyId, s: ServerId) {
    let server = cx.shared.server(p, s);
    let (since, slow) = (server.last_change.load(Ordering::Relaxed), server.conf().slowstart);
    loop {
        tokio::time::sleep(Duration::from_millis(hapax_balance::warmup::pause_ms(slow))).await;
        // Since it came up another time, another task looks after it.
        let same = server.last_change.load(Ordering::Relaxed) == since;
        if !same || !cx.shared.warm_up(p, s, hapax_sys::clock::realtime_us() / 1000) {
            return;
        }
    }
}

/// Every server with a check of its own.
fn checked(shared: &Shared) -> Vec<(ProxyId, ServerId)> {
    let mut all = Vec::new();
    for (p, proxy) in shared.proxies.iter() {
        let own = proxy.servers.iter().filter(|(_, s)| s.conf().check.is_some());
        all.extend(own.map(|(s, _)| (ProxyId(p as u32), ServerId(s as u32))));
    }
    all
}

/// Every server with an agent.
fn agents(shared: &Shared) -> Vec<(ProxyId, ServerId)> {
    let mut all = Vec::new();
    for (p, proxy) in shared.proxies.iter() {
        let own = proxy.servers.iter().filter(|(_, s)| s.agent().is_some());
        all.extend(own.map(|(s, _)| (ProxyId(p as u32), ServerId(s as u32))));
    }
    all
}

/// One server, for ever.
async fn watch(cx: Rc<Checker>, (p, s): (ProxyId, ServerId), first: Instant) {
    let shared = &cx.shared;
    let server = shared.server(p, s);
    let (conf, tenure) = (server.conf(), server.tenure.load(Ordering::Relaxed));
    let Some(check) = &conf.check else { return };
    let mut next = first;
    // The spread of this server's intervals need not be unpredictable, only different from the others'.
    let mut seed = u64::from(p.0) << 32 | u64::from(s.0) | 1 << 63;
    loop {
        tokio::select! {
            () = sleep_until(next) => {}
            () = server.check_soon.notified() => {
                let fast = check.fastinter.unwrap_or(check.inter).max(1);
                next = next.min(Instant::now() + Duration::from_millis(fast));
                continue;
            }
        }
        if shared.stopping.load(Ordering::Relaxed) || server.tenure.load(Ordering::Relaxed) != tenure {
            return;
        }
        let paused = server.in_maintenance() || !server.check_enabled.load(Ordering::Relaxed) || server.endpoint().is_none();
        if !paused {
            let Ok(slot) = cx.slots.acquire().await else { return };
            server.check().running = true;
            let outcome = probe::probe(&cx, p, s, check).await;
            server.check().running = false;
            drop(slot);
            if outcome.status == CheckStatus::L4Timeout {
                shared.look_up_soon(p, s);
            }
            shared.check_done(p, s, &outcome, hapax_sys::clock::realtime_us() / 1000);
        }
        let health = server.check().health;
        let inter = health.interval(check.inter, check.fastinter, check.downinter).max(1);
        let wait = spread(inter, shared.plan.global.spread_checks, &mut seed);
        // Counted from the end of the last: a server that is slow to answer is left alone for as long as any other.
        next = Instant::now() + Duration::from_millis(wait);
    }
}

/// Checks under way at once, where each of so many threads may have `most` (0: no limit of that kind).
fn at_once(most: u32, threads: usize) -> usize {
    match most as usize {
        0 => AT_ONCE,
        n => n.saturating_mul(threads.max(1)).min(AT_ONCE),
    }
}

/// The time over which first checks are spread: an interval, but no longer than `max-spread-checks` (0: unset).
fn spread_over(interval: u64, most: u64) -> u64 {
    if most == 0 { interval } else { interval.min(most) }
}

/// `spread-checks`: the interval, give or take a share of it.
fn spread(inter: u64, percent: u32, seed: &mut u64) -> u64 {
    let most = inter * u64::from(percent.min(50)) / 100;
    if most == 0 {
        return inter;
    }
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    inter - most + *seed % (2 * most + 1)
}

#[cfg(test)]
mod tests;
