//! What loading each file of `haproxy-cfg-samples` says, beside it as `x.expected`: the verdict, then every diagnostic.
//!
//! Files a sample names are looked for in its own folder.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use hapax_config::{Input, LoadOptions, load};
use hapax_diag::Severity;

use super::Page;
use crate::files::Folder;
use crate::repo::Repo;

pub(super) fn expectations(repo: &Repo) -> Result<Vec<Page>> {
    repo.ending(".cfg")
        .filter(|f| f.starts_with("haproxy-cfg-samples/"))
        .map(|file| {
            Ok(Page {
                path: format!("{}.expected", file.trim_end_matches(".cfg")),
                text: expectation(repo, file)?,
            })
        })
        .collect()
}

fn expectation(repo: &Repo, file: &str) -> Result<String> {
    let path = repo.root.join(file);
    let folder = path.parent().map_or_else(|| repo.root.clone(), PathBuf::from);
    let input = Input {
        name: file.to_owned(),
        bytes: Arc::from(std::fs::read(&path)?),
    };
    let loaded = load(vec![input], &Folder(folder), &LoadOptions::default());
    let verdict = if loaded.diags.has_alert() { "refused" } else { "accepted" };
    let mut text = format!("{verdict}\n");
    for d in &loaded.diags {
        let severity = match d.severity {
            Severity::Alert => "alert",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
            Severity::Diag => "diag",
            Severity::Note => "note",
        };
        let line = d.span.map_or_else(String::new, |s| format!(" line {}", s.line));
        let _ = writeln!(text, "{severity}{line}: {}", d.message);
    }
    Ok(text)
}
