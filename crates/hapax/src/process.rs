//! From a plan to a running server and its end: sockets are bound while we may, then the pid file is opened, older processes are
//! told to leave, root is left for good, the terminal too; only then do threads start. The main thread waits for signals.

mod api;
mod bind;
mod identity;
mod limits;
pub(crate) mod master;
mod signals;
mod worker;

use std::fs::File;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hapax_config::Plan;
use hapax_config::plan::DnsFamilies;
use hapax_diag::Sources;
use hapax_runtime::server::{BoundListener, Server, StartOptions};
use hapax_runtime::state::Terminal;
use hapax_sys::daemon::{self, Detached};
use hapax_sys::signal::Waiter;
use hapax_sys::{affinity, notify};

use crate::classic::options::{Farewell, Options};
use crate::report::{self, Report};

/// SIGUSR1, SIGTERM, SIGTTOU and SIGTTIN as numbers for older processes.
const USR1: i32 = 10;
const TERM: i32 = 15;
const TTIN: i32 = 21;
const TTOU: i32 = 22;

/// Runs until a signal ends it.
pub(crate) fn run(program: &str, options: &Options, plan: Plan, sources: &Sources, report: &Report) -> ExitCode {
    match start(program, options, plan, sources, report) {
        Ok((server, waiter, delays)) => signals::serve(server, &waiter, delays, options.systemd),
        Err(why) => {
            report.alert(&format!("[{program}.main()] {why}"));
            ExitCode::FAILURE
        }
    }
}

fn start(
    program: &str,
    options: &Options,
    mut plan: Plan,
    sources: &Sources,
    report: &Report,
) -> Result<(Server, Waiter, signals::Delays), String> {
    if let Some(ring) = plan.unknown_ring() {
        let (place, line) = (sources.name(ring.span.file), ring.span.line);
        return Err(format!(
            "log server declared in file '{place}' at line {line} uses unknown ring named '{}'.",
            ring.name
        ));
    }
    let wanted = identity::resolve(&plan.global)?;
    let threads = plan
        .global
        .nbthread
        .map_or_else(|| affinity::allowed().len(), |n| n as usize)
        .min(plan.global.thread_limit.unwrap_or(usize::MAX))
        .max(1);
    if let Some(megabytes) = options.memory_mb
        && hapax_sys::limits::set_memory(megabytes).is_err()
    {
        report.warning(&format!("[{program}.main()] Cannot fix MEM limit to {megabytes} megs."));
    }
    let maxconn = limits::apply(program, &plan, options.maxconn, threads, report)?;
    let mut inheritance = worker::inheritance();
    let mut held = std::mem::take(&mut inheritance.sockets);
    held.extend(bind::inherited(options.old_socket.as_deref(), report));
    let listeners = bound(options, &plan, sources, Some(maxconn), report, held)?;

    let ring_files = hapax_runtime::log::open_backing_files(&plan)?;
    let daemon = options.daemon || (plan.global.daemon && !options.foreground && !options.debug);
    // As HAProxy: a process in the foreground leaves the file alone.
    let pid_path = options.pid_file.as_deref().or(plan.global.pidfile.as_deref());
    let pid_file = open_pid_file(pid_path.filter(|_| daemon))?;
    identity::warn_about_root(program, &plan.global, report);
    if let Some(dir) = &plan.global.chroot {
        identity::enter_root(dir)?;
    }
    tell_old(options, farewell_signal(options.farewell));
    // Threads that come later start from the priority of this one.
    if let Some(nice) = plan.global.nice
        && let Err(e) = hapax_sys::limits::set_nice(nice)
    {
        report.warning(&format!(
            "[{program}.main()] couldn't set the runtime nice value to {nice}: {}",
            crate::inputs::reason(&e)
        ));
    }
    identity::assume(program, &wanted, report)?;

    let detached = detach(daemon, pid_file)?;
    let waiter = Waiter::block().map_err(|e| format!("Cannot block signals: {e}"))?;
    let delays = signals::Delays {
        grace: plan.global.grace.map(Duration::from_millis),
        hard_stop: plan.global.hard_stop_after.map(Duration::from_millis),
    };
    if options.ipv4_only {
        plan.global.dns_families = Some(DnsFamilies { v4: true, v6: false });
    }
    let start_options = StartOptions {
        threads,
        maxconn,
        no_splice: options.no_splice,
        debug: options.debug,
        no_server_verify: options.no_server_verify,
        replaces: inheritance.replaces || !options.old_pids.is_empty(),
        terminal: (!options.quiet && detached.is_none()).then_some(report::show as Terminal),
        ring_files,
    };
    let mut server = Server::start(Arc::new(plan), listeners, &start_options).map_err(|e| format!("Cannot start the workers: {e}"))?;
    api::serve(&mut server, inheritance.link.take());
    if let Some(detached) = detached {
        // From here on the terminal is gone; there is nobody to tell of a failure.
        let _ = detached.ready();
        report.hush();
    }
    inheritance.ready();
    if options.systemd {
        let _ = notify::notify(&format!("READY=1\nMAINPID={}\nSTATUS=Ready.\n", std::process::id()));
    }
    Ok((server, waiter, delays))
}

fn open_pid_file(path: Option<&str>) -> Result<Option<File>, String> {
    path.map(|p| daemon::open_pid_file(p).map_err(|_| format!("Cannot create pidfile {p}")))
        .transpose()
}

fn detach(daemon: bool, pid_file: Option<File>) -> Result<Option<Detached>, String> {
    let detached = if daemon {
        Some(daemon::detach().map_err(|e| format!("Cannot fork: {e}"))?)
    } else {
        None
    };
    if let Some(mut file) = pid_file {
        daemon::write_pid(&mut file).map_err(|e| format!("Cannot write to pidfile: {e}"))?;
    }
    Ok(detached)
}

/// Binds everything. Where an older process holds an address, it is asked to let go for a while.
fn bound(
    options: &Options,
    plan: &Plan,
    sources: &Sources,
    most: Option<u32>,
    report: &Report,
    mut inherited: Vec<OwnedFd>,
) -> Result<Vec<BoundListener>, String> {
    let attempts = if options.old_pids.is_empty() { 1 } else { 100 };
    let mut failures = Vec::new();
    for attempt in 0..attempts {
        match bind::every(plan, sources, options, most, &mut inherited, report) {
            Ok(listeners) if listeners.is_empty() => {
                return Err("No enabled listener found (check for 'bind' directives) ! Exiting.".to_owned());
            }
            Ok(listeners) => return Ok(listeners),
            Err(f) => failures = f,
        }
        if attempt == 0 {
            tell_old(options, TTOU);
        }
        if attempt + 1 < attempts {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    for f in &failures {
        report.alert(f);
    }
    tell_old(options, TTIN);
    Err("Some protocols failed to start their listeners! Exiting.".to_owned())
}

fn farewell_signal(f: Option<Farewell>) -> i32 {
    match f {
        Some(Farewell::Terminate) => TERM,
        _ => USR1,
    }
}

fn tell_old(options: &Options, signal: i32) {
    for pid in &options.old_pids {
        // One that is already gone is what was wanted.
        let _ = daemon::kill(*pid, signal);
    }
}
