//! `hapax run FILE...`: the foreground run of the classic face, under a name.

use std::process::ExitCode;

use clap::Args;

use crate::classic::{self, options};

#[derive(Args)]
pub(crate) struct Options {
    /// Configuration files, or directories of which every *.cfg is read
    #[arg(required = true)]
    files: Vec<String>,
    /// Refuse to start when there is any warning
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(o: &Options) -> ExitCode {
    let options = options::Options {
        files: o.files.clone(),
        foreground: true,
        zero_warning: o.strict,
        ..options::Options::default()
    };
    classic::run("hapax", &options)
}
