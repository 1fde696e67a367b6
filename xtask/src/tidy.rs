//! `cargo xtask tidy`: the rules of the house that the compiler does not know.
//!
//! Each rule is a function from the repository to a list of problems. Function length is clippy's `too_many_lines`.

mod layers;
mod sources;
mod words;

use anyhow::{Result, bail};

use crate::repo::Repo;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also list the files that are over the soft limit
    #[arg(long)]
    verbose: bool,
}

/// What is wrong, and in which file.
pub(crate) struct Problem {
    file: String,
    what: String,
}

impl Problem {
    fn new(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            what: what.into(),
        }
    }
}

/// A rule: its name, and what finds its problems.
type Rule = (&'static str, fn(&Repo) -> Result<Vec<Problem>>);

const RULES: &[Rule] = &[
    ("layers", layers::check),
    ("file budget", sources::budget),
    ("no mod.rs", sources::mod_rs),
    ("module doc", sources::module_doc),
    ("pure rooms", sources::pure_rooms),
    ("forbidden words", sources::forbidden_words),
    ("duplicate words", words::duplicates),
];

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<()> {
    let mut count = 0;
    for (name, rule) in RULES {
        for problem in rule(repo)? {
            println!("{name}: {}: {}", problem.file, problem.what);
            count += 1;
        }
    }
    if options.verbose {
        for (file, lines) in sources::over_soft_limit(repo)? {
            println!("note: {file}: {lines} lines, over the soft limit");
        }
    }
    if count > 0 {
        bail!("{count} problem(s)");
    }
    println!("tidy: {} rules hold over {} files", RULES.len(), repo.files.len());
    Ok(())
}
