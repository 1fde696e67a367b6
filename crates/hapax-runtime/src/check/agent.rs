//! `agent-check`: asks an agent on the server, again and again.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hapax_balance::{AgentLine, CheckStatus, Outcome};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep_until};

use super::connect::{self, Failure, blame, within};
use super::{Checker, spread};
use crate::upstream::Special;

/// The longest line an agent may send.
const MAX_LINE: usize = 16 * 1024;

/// First questions are this far apart.
const STAGGER_MS: u64 = 3;

/// One agent, for ever.
pub(super) async fn watch(cx: Rc<Checker>, (p, s): (ProxyId, ServerId), n: u64) {
    let shared = &cx.shared;
    let server = shared.server(p, s);
    let (settings, tenure) = (server.conf(), server.tenure.load(Ordering::Relaxed));
    let (Some(agent), Some(conf)) = (server.agent(), &settings.agent) else {
        return;
    };
    let inter = Duration::from_millis(conf.inter.max(1));
    let percent = shared.plan.global.spread_checks;
    // Only different from the others'.
    let mut seed = u64::from(p.0) << 32 | u64::from(s.0) | 1 << 62;
    let mut next = Instant::now() + Duration::from_millis(n * STAGGER_MS).min(inter);
    loop {
        sleep_until(next).await;
        if shared.stopping.load(Ordering::Relaxed) || server.tenure.load(Ordering::Relaxed) != tenure {
            return;
        }
        let start = Instant::now();
        if agent.enabled.load(Ordering::Relaxed) {
            let Ok(slot) = cx.slots.acquire().await else { return };
            agent.view().running = true;
            let said = ask(&cx, p, s, start + inter).await;
            agent.view().running = false;
            drop(slot);
            let (took, now) = (start.elapsed().as_millis() as u64, hapax_sys::clock::realtime_us() / 1000);
            match said {
                Ok(bytes) => shared.agent_said(p, s, &AgentLine::parse(&bytes), took, now),
                Err((status, info)) => {
                    let outcome = Outcome {
                        status,
                        code: 0,
                        info,
                        duration_ms: took,
                    };
                    shared.agent_done(p, s, &outcome, now);
                }
            }
        }
        let wait = Duration::from_millis(spread(conf.inter.max(1), percent, &mut seed));
        next = Instant::now() + wait;
    }
}

/// Whether a line has ended. Nothing counts after a zero byte.
fn is_whole(got: &[u8]) -> bool {
    matches!(got.iter().find(|b| matches!(b, b'\r' | b'\n' | 0)), Some(b'\r' | b'\n'))
}

/// What the agent says until the end of a line. One that does not end is none.
async fn ask(cx: &Checker, p: ProxyId, s: ServerId, whole: Instant) -> Result<Vec<u8>, Failure> {
    let proxy = cx.shared.conf(p);
    let server = cx.shared.server(p, s);
    let none = || (CheckStatus::SockErr, "no address".to_owned());
    let agent = server.agent().ok_or_else(none)?;
    let (address, port, text) = agent.target().clone();
    let mut to = address.or_else(|| server.endpoint()).ok_or_else(none)?;
    if let Endpoint::Ip(a) = &mut to {
        a.set_port(port);
    }
    let conf = server.conf();
    let plan = connect::Plan {
        to,
        special: Special::of(&cx.shared.plan, proxy, &conf, Some(&server.source_turn), true),
        socks: None,
        source: proxy.source_to(&conf),
        send_proxy: 0,
        tls: None,
        name: None,
        linger: false,
        speaks: !text.is_empty(),
        by: whole,
    };
    let mut conn = plan.open().await?;
    let by = match proxy.timeouts.check {
        Some(ms) => Instant::now() + Duration::from_millis(ms),
        None => whole,
    };
    let fail = |e: Option<std::io::Error>| blame(e.as_ref(), CheckStatus::L7Timeout, CheckStatus::SockErr);
    within(by, conn.write_all(&text)).await.map_err(fail)?;
    let mut got = Vec::with_capacity(128);
    while got.len() < MAX_LINE && !is_whole(&got) {
        if within(by, conn.read_buf(&mut got)).await.map_err(fail)? == 0 {
            return Err(if got.is_empty() {
                (CheckStatus::L7Rsp, "TCPCHK got an empty response at step 2".to_owned())
            } else {
                (CheckStatus::L7Timeout, "Ignoring incomplete line from agent".to_owned())
            });
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_before_any_zero() {
        for (text, whole) in [
            ("", false),
            ("up", false),
            ("up\r", true),
            ("up\n", true),
            ("do\0wn\n", false),
            ("up\n\0", true),
        ] {
            assert_eq!(is_whole(text.as_bytes()), whole, "{text:?}");
        }
    }
}
