//! Chores of the house, run as `cargo xtask <chore>`: what a reader should not have to check by eye.
//!
//! One file per chore; each is a function that prints what it finds and fails when something is wrong.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what these commands do")]

mod repo;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Chores of the Hapax repository")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Checks the layer table, the file budget, and the habits of the house
    Tidy(tidy::Options),
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            println!("{e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let repo = repo::Repo::find()?;
    match &cli.chore {
        Chore::Tidy(options) => tidy::run(&repo, options),
    }
}
