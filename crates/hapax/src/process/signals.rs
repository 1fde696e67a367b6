//! The main thread once everything runs: it waits for signals and does what they say.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use hapax_runtime::server::Server;
use hapax_sys::notify;
use hapax_sys::signal::{Signal, Waiter, die_of};

use crate::report::Report;

/// How often a finishing process looks for further signals.
const STEP: Duration = Duration::from_millis(50);

pub(super) fn serve(mut server: Server, waiter: &Waiter, hard_stop: Option<Duration>, report: &Report, systemd: bool) -> ExitCode {
    loop {
        match waiter.next(None) {
            Some(Signal::Finish) => {
                if systemd {
                    let _ = notify::notify("STOPPING=1\n");
                }
                server.finish();
                return drain(&mut server, waiter, hard_stop, report);
            }
            Some(other) => act(other, &mut server, report),
            None => {}
        }
    }
}

/// Streams in flight go on until the last one ends, `hard-stop-after` is over, or a harder signal comes.
fn drain(server: &mut Server, waiter: &Waiter, hard_stop: Option<Duration>, report: &Report) -> ExitCode {
    let end = hard_stop.map(|d| Instant::now() + d);
    while !server.drained(STEP) {
        if end.is_some_and(|e| Instant::now() >= e) {
            report.warning("soft-stop running for too long, performing a hard-stop.");
            break;
        }
        match waiter.next(Some(Duration::ZERO)) {
            Some(Signal::Finish) | None => {}
            Some(other) => act(other, server, report),
        }
    }
    ExitCode::SUCCESS
}

fn act(signal: Signal, server: &mut Server, report: &Report) {
    match signal {
        Signal::Terminate => die_of(false),
        Signal::Interrupt => die_of(true),
        Signal::Pause => server.pause(true),
        Signal::Resume => server.pause(false),
        Signal::Dump => {
            report.warning("SIGHUP received, dumping servers states.");
            for line in server.dump() {
                report.warning(&format!("SIGHUP: {line}"));
            }
        }
        // A child that ended is reaped by whoever started it; there is no pool to report and no master to reload.
        Signal::Finish | Signal::Reload | Signal::Quit | Signal::Child => {}
    }
}
