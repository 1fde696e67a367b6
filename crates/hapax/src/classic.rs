//! HAProxy's command line: the same options, messages and exit codes.

mod check;
mod condition;
mod keywords;
mod libraries;
pub(crate) mod options;
mod usage;
pub(crate) mod version;

use std::ffi::OsString;
use std::process::ExitCode;

use hapax_config::{LoadOptions, Loaded};
use hapax_sys::memory;

use crate::report::{Report, print};
use crate::{asked_version, environment, files, inputs, process};
use options::{Mode, Options, Stop};

/// What `-c` may use of memory: half of what the machine has, and this at least; and so many bytes more for each byte that it reads. A
/// file that takes more than that could not be run on the machine either.
const LEAST: u64 = 1 << 30;
const ROOM: u64 = 64;

pub(crate) fn main(args: Vec<OsString>) -> ExitCode {
    let mut args = args.into_iter().map(|a| a.to_string_lossy().into_owned());
    let program = args.next().unwrap_or_else(|| "hapax".to_owned());
    let options = match options::parse(args) {
        Ok(o) => o,
        Err(stop) => return halt(&program, stop),
    };
    run(&program, &options)
}

/// What the parsing of the arguments ends in when it is not a run.
fn halt(program: &str, stop: Stop) -> ExitCode {
    match stop {
        Stop::Usage(why) => {
            if let Some(why) = why {
                Report::default().alert(&why);
            }
            print(&version::short());
            usage::print(program);
            ExitCode::FAILURE
        }
        Stop::Alert(text) => {
            Report::default().alert(&text);
            ExitCode::FAILURE
        }
        Stop::Print(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
    }
}

/// Changes directory, loads, and does what the mode asks.
pub(crate) fn run(program: &str, options: &Options) -> ExitCode {
    let report = Report::new(options.quiet && !options.verbose, options.diag);
    if let Mode::Condition(text) = &options.mode {
        return condition::run(&report, text);
    }
    for note in options.notes() {
        report.notice(&note);
    }
    if options.files.is_empty() {
        return halt(program, Stop::Usage(None));
    }
    if let Some(dir) = &options.directory
        && let Err(e) = std::env::set_current_dir(dir)
    {
        report.alert(&format!("Could not change to directory {dir} : {}", inputs::reason(&e)));
        return ExitCode::FAILURE;
    }
    if options.master {
        report.listen();
    }
    if options.mode == Mode::Check {
        hapax_sys::alloc::give_back_at_once();
        let half = memory::of_the_machine().unwrap_or(LEAST) / 2;
        memory::limit(half.max(LEAST) >> 20);
    }
    let loaded = match load(program, options, &report) {
        Ok(l) => l,
        Err(code) => return code,
    };
    if let Some(code) = check::judge(&report, options, &loaded) {
        return code;
    }
    let Some(plan) = loaded.plan else { return ExitCode::FAILURE };
    if options.master {
        let again = || reload(program, options, &report);
        return process::master::run(program, options, (plan, loaded.sources), &again, &report);
    }
    process::run(program, options, plan, &loaded.sources, &report)
}

/// Loads once more for a running master; what is wrong has been told where it answers nothing.
fn reload(program: &str, options: &Options, report: &Report) -> Option<process::master::Fresh> {
    let loaded = load(program, options, report).ok()?;
    if check::judge(report, options, &loaded).is_some() {
        return None;
    }
    Some((loaded.plan?, loaded.sources))
}

fn load(program: &str, options: &Options, report: &Report) -> Result<Loaded, ExitCode> {
    let bounded = options.mode == Mode::Check;
    let files = files::DiskFiles {
        most: None,
        room: if bounded { ROOM } else { 0 },
    };
    let inputs = inputs::read(&options.files, files.most).map_err(|e| {
        report.alert(&format!(
            "config : Cannot open configuration file/directory {} : {}",
            e.path, e.reason
        ));
        ExitCode::FAILURE
    })?;
    if inputs.is_empty() {
        // Directories without a file to read are no configuration.
        return Err(halt(program, Stop::Usage(None)));
    }
    memory::allow(inputs.iter().map(|i| i.bytes.len() as u64 * files.room).sum());
    let names: Vec<String> = inputs.iter().map(|i| i.name.clone()).collect();
    let for_version = asked_version::of_environment().map_err(|e| {
        report.alert(&e);
        ExitCode::FAILURE
    })?;
    let load_options = LoadOptions {
        for_version,
        env: environment::variables(&names, options.local_peer.as_deref()),
        proxy_maxconn: options.proxy_maxconn,
        local_peer: options.local_peer.clone(),
        full: bounded.then_some(memory::is_full),
        ..LoadOptions::default()
    };
    Ok(hapax_config::load(inputs, &files, &load_options))
}
