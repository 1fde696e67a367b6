//! Connects the runtime API to the listeners of the `stats socket` lines.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hapax_cli::{Control, Listener, Live, Settings};
use hapax_runtime::server::Server;
use hapax_runtime::stats::ProcessFacts;
use hapax_sys::{handover, limits};

use tokio::io::Interest;

use super::worker;
use crate::classic::version;

/// Without `stats timeout` and `stats maxconn`.
const TIMEOUT_MS: u64 = 10_000;
const MAXCONN: u32 = 10;

/// Hands every stats socket to the control thread, and the sessions that a master opens.
pub(super) fn serve(server: &mut Server, link: Option<UnixStream>) {
    let sockets = server.take_stats();
    let shared = Arc::clone(server.shared());
    let plan = Arc::clone(&shared.plan);
    let listeners = plan.proxies.iter().map(|p| p.binds.len()).sum::<usize>()
        + plan.global.stats_sockets.len()
        + plan.peers.iter().map(|p| p.binds.len()).sum::<usize>();
    let dropped = server.dropped_logs();
    let facts: Arc<dyn Fn() -> ProcessFacts + Send + Sync> = Arc::new(move || ProcessFacts {
        pid: std::process::id(),
        files_limit: limits::open_files().0,
        listeners: listeners as u32,
        dropped_logs: dropped.load(Ordering::Relaxed),
        memory: resident_bytes(),
        boot_ms: 0,
        version: version::FULL,
        release_date: version::DATE,
    });
    let too = Arc::clone(&facts);
    shared.process.connect(Box::new(move || too()));
    let control: Arc<dyn Control> = Arc::new(Live {
        shared,
        facts: Box::new(move || facts()),
        startup_logs: String::new(),
        files: Box::new(crate::files::DiskFiles::default()),
        hand_over,
    });
    if let Some(link) = link {
        let control = Arc::clone(&control);
        server.control().spawn(move || master_sessions(link, control));
    }
    for (i, listener) in sockets {
        let listener = match listener {
            hapax_sys::listen::Listener::Tcp(l) => Listener::Tcp(l),
            hapax_sys::listen::Listener::Unix(l) => Listener::Unix(l),
            // No line of the runtime API asks for datagrams.
            hapax_sys::listen::Listener::Udp(_) => continue,
        };
        let global = &plan.global;
        let settings = Settings {
            level: global.stats_sockets[i].level,
            timeout_ms: global.stats_timeout.unwrap_or(TIMEOUT_MS),
            maxconn: global.stats_maxconn.unwrap_or(MAXCONN),
            expose_fd: global.stats_sockets[i].expose_fd,
            severity: global.stats_sockets[i].severity,
            max_payload: global.max_payload.unwrap_or(Settings::default().max_payload),
            ..Settings::default()
        };
        let control = Arc::clone(&control);
        server.control().spawn(move || async move {
            // It ends with the thread; a socket that tokio does not take was not a listening one.
            let _ = hapax_cli::serve(listener, settings, control).await;
        });
    }
}

/// Sends the listening sockets to a successor (`-x`), on a thread of its own: the other side takes its time.
fn hand_over(socket: UnixStream, sockets: Vec<OwnedFd>) {
    std::thread::spawn(move || {
        let sockets = handover::distinct(sockets);
        let borrowed: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
        if let Err(e) = handover::answer(&socket, &borrowed) {
            tracing::warn!("a successor did not take the listening sockets: {e}");
        }
    });
}

/// Serves what the master hands over, until it is gone.
async fn master_sessions(link: UnixStream, control: Arc<dyn Control>) {
    let ready = link.set_nonblocking(true).and_then(|()| tokio::net::UnixStream::from_std(link));
    let Ok(link) = ready else { return };
    let mut byte = [0];
    loop {
        let received = link
            .async_io(Interest::READABLE, || hapax_sys::fdpass::receive(&link, &mut byte))
            .await;
        let Ok((1.., fds)) = received else { return };
        let (level, expert, experimental) = worker::who(byte[0]);
        let settings = Settings {
            level,
            expert,
            experimental,
            ..Settings::default()
        };
        for fd in fds {
            let stream = UnixStream::from(fd);
            let control = Arc::clone(&control);
            tokio::task::spawn_local(async move {
                // A client that went away is no news.
                let _ = hapax_cli::serve_stream(stream, settings, control).await;
            });
        }
    }
}

/// Memory in use as the system counts it.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * 4096
}
