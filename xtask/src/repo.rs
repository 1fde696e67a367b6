//! The repository as the chores see it: its root, its tracked files, and their text.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A checkout, and the names of its tracked files relative to the root.
pub(crate) struct Repo {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<String>,
}

impl Repo {
    /// The workspace this binary was built from, with the files git knows or would add.
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask stands inside the workspace")?
            .to_owned();
        let out = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(&root)
            .output()
            .context("git ls-files")?;
        if !out.status.success() {
            bail!("git ls-files: {}", String::from_utf8_lossy(&out.stderr));
        }
        let files = String::from_utf8_lossy(&out.stdout)
            .lines()
            .map(str::to_owned)
            .filter(|f| root.join(f).is_file())
            .collect();
        Ok(Self { root, files })
    }

    /// Tracked files whose name ends with `suffix`.
    pub(crate) fn ending<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.iter().map(String::as_str).filter(move |f| f.ends_with(suffix))
    }

    /// Text of a tracked file; bytes that are no UTF-8 are replaced.
    pub(crate) fn read(&self, file: &str) -> Result<String> {
        let bytes = std::fs::read(self.root.join(file)).with_context(|| file.to_owned())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
