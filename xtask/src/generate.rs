//! `cargo xtask generate`: the pages that are derived from the rows, and never edited by hand.
//!
//! With `--check` nothing is written; a page that is not what the rows say is an error.

mod coverage;
mod pages;
mod samples;

use anyhow::{Result, bail};

use crate::repo::Repo;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail where a page is not up to date
    #[arg(long)]
    check: bool,
}

/// A file of the repository and what should be in it.
pub(crate) struct Page {
    path: String,
    text: String,
}

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<()> {
    let mut pages = pages::reference();
    pages.push(coverage::page()?);
    pages.push(coverage::readme(repo)?);
    pages.extend(samples::expectations(repo)?);
    let mut stale = Vec::new();
    for page in &pages {
        let path = repo.root.join(&page.path);
        if std::fs::read_to_string(&path).ok().as_deref() == Some(page.text.as_str()) {
            continue;
        }
        stale.push(page.path.as_str());
        if !options.check {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, &page.text)?;
        }
    }
    for file in repo.files.iter().filter(|f| f.starts_with("docs/keywords/")) {
        if !pages.iter().any(|p| p.path == *file) {
            bail!("{file} is not generated any more: remove it");
        }
    }
    if options.check && !stale.is_empty() {
        bail!("not up to date: {}; run `cargo xtask generate`", stale.join(", "));
    }
    println!("generate: {} pages, {} changed", pages.len(), stale.len());
    Ok(())
}
