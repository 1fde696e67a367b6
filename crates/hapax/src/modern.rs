//! The named commands, by clap. One file per command.

mod check;
mod completions;
mod explain;
mod fmt;
mod run;
mod test_cmd;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// First words that belong to this face of the program.
pub(crate) const NAMES: &[&str] = &["check", "completions", "explain", "fmt", "run", "test"];

pub(crate) fn is_command(first: &str) -> bool {
    NAMES.contains(&first) || matches!(first, "help" | "--help" | "--version")
}

#[derive(Parser)]
#[command(
    name = "hapax",
    version,
    about = "A drop-in replacement for HAProxy",
    after_help = "HAProxy's own options work as well: hapax -c -f haproxy.cfg, hapax -D -f haproxy.cfg -p FILE, ... (hapax -h lists them)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks configurations without running them
    Check(check::Options),
    /// Tells what a configuration would do with a request, rule by rule
    Explain(Box<explain::Options>),
    /// Checks what a configuration does with requests against files of expectations
    Test(test_cmd::Options),
    /// Puts configurations in one shape
    Fmt(fmt::Options),
    /// Runs a configuration in the foreground
    Run(run::Options),
    /// Prints a completion script for a shell
    Completions(completions::Options),
}

pub(crate) fn main(args: Vec<OsString>) -> ExitCode {
    match Cli::parse_from(args).command {
        Command::Check(o) => check::run(&o),
        Command::Explain(o) => explain::run(&o),
        Command::Test(o) => test_cmd::run(&o),
        Command::Fmt(o) => fmt::run(&o),
        Command::Run(o) => run::run(&o),
        Command::Completions(o) => completions::run(&o, Cli::command()),
    }
}
