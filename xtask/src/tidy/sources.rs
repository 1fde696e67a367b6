//! Rules about source files: their size, their opening words, and what may not be in them.

use anyhow::Result;

use super::Problem;
use crate::repo::Repo;

const HARD_LIMIT: usize = 800;
const SOFT_LIMIT: usize = 400;

/// Files that may pass the hard limit, each with the reason.
const OVERSIZE: &[(&str, &str)] = &[];

/// Crates whose code is a plain function of its arguments.
const PURE: &[&str] = &["value", "sample", "rules", "proto", "balance", "config", "syntax", "diag"];

/// What a pure crate has no business with, and why.
const IMPURE: &[(&str, &str)] = &[
    ("tokio::", "waiting is the runtime's"),
    ("std::fs", "files come through `Files`"),
    ("Instant::now", "time is an argument"),
    ("SystemTime::now", "time is an argument"),
    ("TcpStream", "sockets are the runtime's"),
    ("UdpSocket", "sockets are the runtime's"),
    ("std::process::", "processes are the binary's"),
];

fn rust(repo: &Repo) -> impl Iterator<Item = &str> {
    repo.ending(".rs")
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/") || file.starts_with("tests/")
}

/// Code without its unit tests: up to the first `#[cfg(test)]`, which stands at the end of a file.
fn outside_tests(text: &str) -> &str {
    text.split_once("#[cfg(test)]").map_or(text, |(code, _)| code)
}

fn sizes(repo: &Repo) -> Result<Vec<(&str, usize)>> {
    rust(repo)
        .filter(|f| !is_test(f))
        .map(|f| Ok((f, repo.read(f)?.lines().count())))
        .collect()
}

pub(super) fn budget(repo: &Repo) -> Result<Vec<Problem>> {
    let mut problems: Vec<Problem> = sizes(repo)?
        .into_iter()
        .filter(|(file, lines)| *lines > HARD_LIMIT && !OVERSIZE.iter().any(|(f, _)| f == file))
        .map(|(file, lines)| Problem::new(file, format!("{lines} lines, the limit is {HARD_LIMIT}: split it by topic")))
        .collect();
    for (file, _) in OVERSIZE {
        if repo.read(file).map_or(0, |t| t.lines().count()) <= HARD_LIMIT {
            problems.push(Problem::new(*file, "needs no exception any more"));
        }
    }
    Ok(problems)
}

pub(super) fn over_soft_limit(repo: &Repo) -> Result<Vec<(&str, usize)>> {
    Ok(sizes(repo)?.into_iter().filter(|(_, lines)| *lines > SOFT_LIMIT).collect())
}

#[allow(clippy::unnecessary_wraps, reason = "every rule has this shape")]
pub(super) fn mod_rs(repo: &Repo) -> Result<Vec<Problem>> {
    Ok(rust(repo)
        .filter(|f| f.ends_with("/mod.rs"))
        .map(|f| Problem::new(f, "name it after its folder, beside it"))
        .collect())
}

pub(super) fn module_doc(repo: &Repo) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for file in rust(repo).filter(|f| !f.starts_with("fuzz/") && !is_test(f)) {
        if !repo.read(file)?.starts_with("//!") {
            problems.push(Problem::new(file, "opens without saying what it is for (`//!`)"));
        }
    }
    Ok(problems)
}

pub(super) fn pure_rooms(repo: &Repo) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for room in PURE {
        let folder = format!("crates/hapax-{room}/src/");
        for file in rust(repo).filter(|f| f.starts_with(&folder) && !is_test(f)) {
            let text = repo.read(file)?;
            for (word, why) in IMPURE {
                let used = outside_tests(&text)
                    .lines()
                    .any(|l| l.contains(word) && !l.trim_start().starts_with("//"));
                if used {
                    problems.push(Problem::new(file, format!("`{word}` in a pure crate: {why}")));
                }
            }
        }
    }
    for file in rust(repo).filter(|f| f.starts_with("crates/") && f.ends_with("/src/lib.rs")) {
        if !file.starts_with("crates/hapax-sys/") && !repo.read(file)?.contains("#![forbid(unsafe_code)]") {
            problems.push(Problem::new(file, "`#![forbid(unsafe_code)]` is missing"));
        }
    }
    Ok(problems)
}

pub(super) fn forbidden_words(repo: &Repo) -> Result<Vec<Problem>> {
    // Written in two halves so that this file does not hold them.
    let anywhere = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    let in_code = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
    let mut problems = Vec::new();
    for file in &repo.files {
        let text = repo.read(file)?;
        let code = if rust(repo).any(|f| f == file) { &in_code[..] } else { &[] };
        for word in anywhere.iter().chain(code) {
            if let Some(at) = text.lines().position(|l| l.contains(word)) {
                problems.push(Problem::new(format!("{file}:{}", at + 1), format!("`{word}` has no place here")));
            }
        }
    }
    Ok(problems)
}
