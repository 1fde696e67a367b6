//! Chores of the house, run as `cargo xtask <chore>`: what a reader should not have to check by eye.
//!
//! One file per chore; each is a function that prints what it finds and fails when something is wrong.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what these commands do")]

mod bench;
mod corpus;
mod dictionary;
mod files;
mod generate;
mod ledger;
mod profile;
mod reference;
mod repo;
mod soak;
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
    /// Writes the reference pages, the coverage page and the README's table from the rows
    Generate(generate::Options),
    /// Counts what of HAProxy's language is done, partly done, not yet done, or refused
    Ledger(ledger::Options),
    /// Compares verdicts with HAProxy's over a folder of real configuration files
    Corpus(corpus::Options),
    /// Measures Hapax beside HAProxy and nginx on this machine
    Bench(bench::Options),
    /// Makes anew what release builds are laid out by
    Profile(profile::Options),
    /// Minutes of unkind traffic before servers that die: nothing may leak, stick, get lost, or fail without need
    Soak(soak::Options),
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
    match &cli.chore {
        Chore::Tidy(options) => tidy::run(&repo::Repo::find()?, options),
        Chore::Generate(options) => generate::run(&repo::Repo::find()?, options),
        Chore::Ledger(options) => ledger::run(options),
        Chore::Corpus(options) => corpus::run(options),
        Chore::Bench(options) => bench::run(&repo::Repo::find()?, options),
        Chore::Profile(options) => profile::run(&repo::Repo::find()?, options),
        Chore::Soak(options) => soak::run(&repo::Repo::find()?, options),
    }
}
