//! Who may enter which room: the crate dependencies that are allowed, and nothing else.

use anyhow::{Context, Result};

use super::Problem;
use crate::repo::Repo;

/// Crate, and the crates of ours it may depend on. `docs/architecture.md` says why each wall stands.
const ALLOWED: &[(&str, &[&str])] = &[
    (
        "hapax",
        &[
            "cli", "explain", "runtime", "config", "syntax", "diag", "sys", "value", "sample", "rules", "proto",
        ],
    ),
    ("hapax-explain", &["config", "rules", "sample", "balance", "proto", "value", "diag"]),
    ("hapax-cli", &["runtime", "config", "balance", "sample", "value", "diag"]),
    ("hapax-runtime", &["config", "rules", "sample", "proto", "balance", "sys", "value"]),
    ("hapax-config", &["syntax", "rules", "sample", "proto", "balance", "value", "diag"]),
    ("hapax-rules", &["sample", "proto", "value", "diag"]),
    ("hapax-sample", &["proto", "value", "diag"]),
    ("hapax-balance", &["value"]),
    ("hapax-syntax", &["diag"]),
    ("hapax-value", &["diag"]),
    ("hapax-proto", &[]),
    ("hapax-sys", &[]),
    ("hapax-diag", &[]),
    (
        "xtask",
        &["sys", "config", "rules", "sample", "balance", "value", "diag", "syntax", "cli"],
    ),
    ("hapax-tests", &[]),
];

pub(super) fn check(repo: &Repo) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for file in repo.ending("Cargo.toml").filter(|f| f.contains('/') && !f.starts_with("fuzz/")) {
        let manifest: toml::Table = repo.read(file)?.parse().with_context(|| file.to_owned())?;
        let Some(name) = manifest.get("package").and_then(|p| p.get("name")).and_then(toml::Value::as_str) else {
            problems.push(Problem::new(file, "no package name"));
            continue;
        };
        let Some((_, allowed)) = ALLOWED.iter().find(|(n, _)| *n == name) else {
            problems.push(Problem::new(file, format!("crate `{name}` is not in the layer table")));
            continue;
        };
        let Some(dependencies) = manifest.get("dependencies").and_then(toml::Value::as_table) else {
            continue;
        };
        for dependency in dependencies.keys() {
            if let Some(room) = dependency.strip_prefix("hapax-")
                && !allowed.contains(&room)
            {
                problems.push(Problem::new(file, format!("`{name}` may not enter `{dependency}`")));
            }
        }
    }
    Ok(problems)
}
