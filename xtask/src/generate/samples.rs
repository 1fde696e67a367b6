//! What loading each file of `haproxy-cfg-samples` says, beside it as `x.expected`: the verdict, then every diagnostic.
//!
//! Files a sample names are looked for in its own folder, those with absolute names in `files` there: the verdict is the same on
//! every machine.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use hapax_config::{Input, LoadOptions, load};
use hapax_diag::render::{self, Closing};

use super::Page;
use crate::files::Sandbox;
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
    let files = Sandbox {
        folder,
        root: repo.root.clone(),
    };
    let loaded = load(vec![input], &files, &LoadOptions::default());
    let verdict = if loaded.diags.has_alert() { "refused" } else { "accepted" };
    // As HAProxy writes them, but for the process's number.
    let told = render::haproxy(&loaded.diags, &loaded.sources, 0, Closing::None).replace(" (0) : ", " ");
    Ok(format!("{verdict}\n{told}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_judged_as_they_say() {
        let repo = Repo::find().expect("the project's folder");
        for page in expectations(&repo).expect("samples are read") {
            let kept = std::fs::read_to_string(repo.root.join(&page.path)).unwrap_or_default();
            assert_eq!(page.text, kept, "{}: run `cargo xtask generate` if this is meant", page.path);
        }
    }
}
