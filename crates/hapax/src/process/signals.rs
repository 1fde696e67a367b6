//! The main thread once everything runs: it waits for signals and does what they say.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use hapax_runtime::server::Server;
use hapax_sys::notify;
use hapax_sys::signal::{Signal, Waiter, die_of};

/// How often a finishing process looks for further signals.
const STEP: Duration = Duration::from_millis(50);

/// `grace` and `hard-stop-after`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delays {
    pub(super) grace: Option<Duration>,
    pub(super) hard_stop: Option<Duration>,
}

pub(super) fn serve(mut server: Server, waiter: &Waiter, delays: Delays, systemd: bool) -> ExitCode {
    loop {
        match waiter.next(None) {
            Some(Signal::Finish) => {
                if systemd {
                    let _ = notify::notify("STOPPING=1\n");
                }
                if let Some(grace) = delays.grace {
                    linger(&mut server, waiter, grace);
                }
                server.finish();
                return drain(&mut server, waiter, delays.hard_stop);
            }
            Some(other) => act(other, &mut server),
            None => {}
        }
    }
}

/// Goes on as before until `grace` is over, so that whoever sends traffic here can learn that it will end.
fn linger(server: &mut Server, waiter: &Waiter, grace: Duration) {
    server.announce_stop(grace);
    let end = Instant::now() + grace;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
        match waiter.next(Some(left)) {
            Some(Signal::Finish) | None => {}
            Some(other) => act(other, server),
        }
    }
    server.grace_over();
}

/// Streams in flight go on until the last one ends, `hard-stop-after` is over, or a harder signal comes.
fn drain(server: &mut Server, waiter: &Waiter, hard_stop: Option<Duration>) -> ExitCode {
    let end = hard_stop.map(|d| Instant::now() + d);
    while !server.drained(STEP) {
        if end.is_some_and(|e| Instant::now() >= e) {
            server.tell_hard_stop();
            break;
        }
        match waiter.next(Some(Duration::ZERO)) {
            Some(Signal::Finish) | None => {}
            Some(other) => act(other, server),
        }
    }
    ExitCode::SUCCESS
}

fn act(signal: Signal, server: &mut Server) {
    match signal {
        Signal::Terminate => die_of(false),
        Signal::Interrupt => die_of(true),
        Signal::Pause => server.pause(true),
        Signal::Resume => server.pause(false),
        Signal::Dump => server.tell_states(),
        // A child that ended is reaped by whoever started it; there is no pool to report and no master to reload.
        Signal::Finish | Signal::Reload | Signal::Quit | Signal::Child => {}
    }
}
