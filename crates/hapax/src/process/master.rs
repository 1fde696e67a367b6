//! Master mode (`-W`, `-Ws`, `master-worker`): this process holds the listening sockets and keeps one worker running behind them.
//!
//! A reload (SIGUSR2, SIGHUP) reads the configuration anew, binds what is new, starts a worker on it and, once that one serves,
//! lets the old one finish. A configuration that does not load changes nothing. The sockets never close in between, so no
//! connection that the kernel has taken is lost.
//!
//! ```text
//!            reload                    ready
//!  serving ----------> starting next ---------> serving (the old worker leaves)
//!     |                     | failed
//!     |                     +----------------> serving (as before)
//!     | SIGTERM, SIGINT, SIGUSR1, or the worker died
//!     +----------> leaving ----------> exit when the last worker is gone
//! ```

mod cli;
mod commands;
mod roster;

use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hapax_config::plan::StatsSocket;
use hapax_config::{Input, LoadOptions, Plan};
use hapax_diag::Sources;
use hapax_runtime::server::BoundListener;
use hapax_sys::listen::Listener;
use hapax_sys::signal::{Signal, Waiter};
use hapax_sys::{daemon, notify};

use self::cli::{Context, Outcome, Request};
use self::roster::{Member, Shared};
use super::worker::{self, Worker};
use super::{TERM, USR1, bind};
use crate::classic::options::Options;
use crate::report::Report;

/// A configuration that may be started.
pub(crate) type Fresh = (Plan, Sources);

/// The master's state.
struct Master<'a> {
    options: &'a Options,
    report: &'a Report,
    sockets: Vec<BoundListener>,
    workers: Vec<Worker>,
    /// Exit code, once leaving was asked for.
    leaving: Option<u8>,
    /// What the command line shows, and what it asks for.
    roster: Shared,
    requests: Receiver<Request>,
}

/// Runs until the last worker is gone. `reload` answers a new configuration, or has told why there is none.
pub(crate) fn run(program: &str, options: &Options, first: Fresh, reload: &dyn Fn() -> Option<Fresh>, report: &Report) -> ExitCode {
    match serve(options, first, reload, report) {
        Ok(code) => ExitCode::from(code),
        Err(why) => {
            report.alert(&format!("[{program}.main()] {why}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options, first: Fresh, reload: &dyn Fn() -> Option<Fresh>, report: &Report) -> Result<u8, String> {
    let (plan, sources) = first;
    let command_line = options.master_socket.as_deref().map(|s| command_line(s, options)).transpose()?;
    let held = bind::inherited(options.old_socket.as_deref(), report);
    let sockets = super::bound(options, &plan, &sources, plan.global.maxconn, report, held)?;
    let background = options.daemon || (plan.global.daemon && !options.foreground && !options.debug);
    let pid_path = options.pid_file.as_deref().or(plan.global.pidfile.as_deref());
    let pid_file = super::open_pid_file(pid_path)?;
    drop(plan);
    let detached = super::detach(background, pid_file)?;
    let waiter = Waiter::block().map_err(|e| format!("Cannot block signals: {e}"))?;
    let (ask, requests) = channel();
    let roster = Shared::new();
    let mut master = Master {
        options,
        report,
        sockets,
        workers: Vec::new(),
        leaving: None,
        roster: roster.clone(),
        requests,
    };
    master.start_worker()?;
    roster.lock().startup_log = report.heard();
    if let Some((listener, socket)) = command_line {
        let requests = Arc::new(Mutex::new(ask));
        cli::serve(listener, socket.level, Context { roster, requests }).map_err(|e| format!("Cannot serve the master CLI: {e}"))?;
    }
    super::tell_old(options, super::farewell_signal(options.farewell));
    if let Some(detached) = detached {
        let _ = detached.ready();
        report.hush();
    }
    master.tell_systemd("READY=1\nSTATUS=Ready.\n");
    loop {
        match waiter.next(None) {
            Some(Signal::Reload | Signal::Dump) => master.reload_as_asked(reload),
            Some(Signal::Terminate) => master.leave(TERM, 143),
            Some(Signal::Interrupt) => master.leave(TERM, 130),
            Some(Signal::Finish) => master.leave(USR1, 0),
            Some(Signal::Child) | None => {}
            Some(Signal::Pause | Signal::Resume | Signal::Quit) => continue,
        }
        master.reap();
        if master.workers.is_empty() {
            let code = master.leaving.unwrap_or(1);
            report.warning(&format!("All workers exited. Exiting... ({code})"));
            return Ok(code);
        }
    }
}

impl Master<'_> {
    /// Starts a worker on the sockets; returns when it serves.
    fn start_worker(&mut self) -> Result<(), String> {
        let w = worker::start(self.options, &self.sockets, !self.workers.is_empty())?;
        self.report.notice(&format!("New worker ({}) forked", w.pid()));
        self.report.notice("Loading success.");
        self.roster.lock().workers.push(Member {
            pid: w.pid(),
            leaving: false,
            since: Instant::now(),
            reloads: 0,
            link: w.link(),
        });
        self.workers.push(w);
        Ok(())
    }

    /// A reload by signal, or for those of the command line who wait for one.
    fn reload_as_asked(&mut self, reload: &dyn Fn() -> Option<Fresh>) {
        let asked: Vec<Request> = self.requests.try_iter().collect();
        let hard = asked.iter().any(|r| r.hard);
        let done = self.reload(reload, hard);
        let said = self.roster.lock().startup_log.clone();
        for r in asked {
            // Whoever asked may have hung up.
            let _ = r.reply.send(Outcome { done, said: said.clone() });
        }
    }

    /// Whether it succeeded.
    fn reload(&mut self, reload: &dyn Fn() -> Option<Fresh>, hard: bool) -> bool {
        if self.leaving.is_some() {
            return false;
        }
        self.report.listen();
        self.report.notice("Reloading HAProxy");
        self.tell_systemd("RELOADING=1\nSTATUS=Reloading Configuration.\n");
        let outcome = self.replace(reload, hard);
        match &outcome {
            Ok(()) => self.tell_systemd("READY=1\nSTATUS=Ready.\n"),
            Err(why) => {
                self.report.alert(&format!("Loading failure! {why}"));
                self.tell_systemd("READY=1\nSTATUS=Reload failed!\n");
            }
        }
        let mut roster = self.roster.lock();
        roster.startup_log = self.report.heard();
        roster.reloads += 1;
        roster.failed = if outcome.is_ok() { 0 } else { roster.failed + 1 };
        outcome.is_ok()
    }

    fn replace(&mut self, reload: &dyn Fn() -> Option<Fresh>, hard: bool) -> Result<(), String> {
        let Some((plan, sources)) = reload() else {
            return Err("The configuration was not taken; the worker goes on as it was.".to_owned());
        };
        // Sockets of addresses that stay are passed on; the rest of the old ones close when this list is replaced.
        let mut held = Vec::new();
        for s in &self.sockets {
            held.push(hapax_sys::rawfd::copy(&s.socket).map_err(|e| e.to_string())?);
        }
        let next = bind::every(&plan, &sources, self.options, plan.global.maxconn, &mut held, self.report).map_err(|f| f.join("; "))?;
        let before = std::mem::replace(&mut self.sockets, next);
        let old = self.workers.len();
        if let Err(why) = self.start_worker() {
            self.sockets = before;
            return Err(why);
        }
        for w in &mut self.workers[..old] {
            w.leave(if hard { TERM } else { USR1 });
            if let Some(m) = self.roster.lock().workers.iter_mut().find(|m| m.pid == w.pid()) {
                m.leaving = true;
                m.reloads += 1;
            }
        }
        Ok(())
    }

    fn leave(&mut self, signal: i32, code: u8) {
        self.leaving = Some(code);
        self.tell_systemd("STOPPING=1\n");
        // Nobody follows: a worker that connects to where its peers listen, to teach its successor, must find nobody.
        self.sockets.clear();
        for w in &mut self.workers {
            w.leave(signal);
        }
    }

    /// Forgets workers that ended. One that ended unasked takes everything with it: a supervisor then starts anew.
    fn reap(&mut self) {
        let mut died = None;
        let (report, roster) = (self.report, &self.roster);
        self.workers.retain_mut(|w| match w.ended() {
            Some(code) => {
                let what = if w.is_leaving() { "Former" } else { "Current" };
                report.warning(&format!("{what} worker ({}) exited with code {code}", w.pid()));
                if !w.is_leaving() {
                    died = Some(code);
                }
                roster.lock().workers.retain(|m| m.pid != w.pid());
                false
            }
            None => true,
        });
        if let Some(code) = died
            && self.leaving.is_none()
        {
            report.alert("exit-on-failure: killing every processes with SIGTERM");
            self.leave(TERM, u8::try_from(code).unwrap_or(1).max(1));
        }
    }

    fn tell_systemd(&self, state: &str) {
        if self.options.systemd {
            // `Type=notify` services name the process that speaks; nobody listening is no mistake.
            let _ = notify::notify(&format!("{state}MAINPID={}\n", std::process::id()));
        }
    }
}

/// The socket that `-S` asks for. Its text is that of a `stats socket` line with commas for blanks; who reaches it is an admin unless it
/// says otherwise.
fn command_line(text: &str, options: &Options) -> Result<(Listener, StatsSocket), String> {
    let (address, rest) = text.split_once(',').unwrap_or((text, ""));
    let quoted = |word: &str| format!("\"{}\" ", word.replace(['"', '\n'], ""));
    let words: String = rest.split(',').filter(|w| !w.is_empty()).map(quoted).collect();
    let line = format!("global\n stats socket {} level admin {words}\n", quoted(address));
    let input = Input {
        name: "-S".to_owned(),
        bytes: line.into_bytes().into(),
    };
    let loaded = hapax_config::load(vec![input], &crate::files::DiskFiles::default(), &LoadOptions::default());
    let said = || loaded.diags.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; ");
    let mut plan = loaded.plan.ok_or_else(|| format!("Can't create the master's CLI: {}", said()))?;
    let socket = plan.global.stats_sockets.pop().ok_or("Can't create the master's CLI.")?;
    let listener = bind::open(&socket.bind, None, options, &mut Vec::new()).map_err(|e| format!("Can't create the master's CLI: {e}"))?;
    Ok((listener, socket))
}

/// Sends a signal to a process that may be gone.
pub(super) fn signal(pid: u32, signal: i32) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = daemon::kill(pid, signal);
    }
}
