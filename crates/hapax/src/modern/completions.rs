//! `hapax completions SHELL`

use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

#[derive(Args)]
pub(crate) struct Options {
    shell: Shell,
}

pub(super) fn run(o: &Options, mut command: Command) -> ExitCode {
    let mut out = Vec::new();
    clap_complete::generate(o.shell, &mut command, "hapax", &mut out);
    crate::report::print(&String::from_utf8_lossy(&out));
    ExitCode::SUCCESS
}
