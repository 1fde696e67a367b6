//! `cargo xtask profile`: makes anew what release builds are laid out by.
//!
//! A program that counts is built, runs every row of the benchmark and reads a large configuration; the counts are kept beside
//! Cargo's configuration, where the compiler finds them (see `.cargo/rustc`). They belong to one version of the compiler: another
//! one knows the functions by other names, and builds as if there were none.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::bench::{self, Scratch};
use crate::repo::Repo;

/// Where the counts are kept, from the root.
const KEPT: &str = ".cargo/hapax.profdata";
/// Where the program that counts is built, and its counts.
const TARGET: &str = "target/profile";
/// The first LLVM that reads the counts.
const OLDEST: u32 = 19;
/// Backends of the configuration that is read.
const BACKENDS: usize = 2000;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Length of each row of the benchmark
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

pub(crate) fn run(repo: &Repo, o: &Options) -> Result<()> {
    let merger = merger()?;
    let dir = Scratch::new("profile")?;
    // The program that counts has the place built in, and may be one built for an earlier run.
    let counts = repo.root.join(TARGET).join("counts");
    if counts.exists() {
        std::fs::remove_dir_all(&counts).with_context(|| format!("{}", counts.display()))?;
    }
    println!("building a program that counts ...");
    let program = build(repo, &counts)?;
    bench::exercise(&program, o.seconds)?;
    check_a_file(&program, &dir.0)?;
    let kept = repo.root.join(KEPT);
    let status = Command::new(&merger)
        .args(["merge", "--sparse", "-o"])
        .arg(&kept)
        .arg(&counts)
        .status()
        .with_context(|| format!("{}", merger.display()))?;
    if !status.success() {
        bail!("{} could not read the counts", merger.display());
    }
    println!("{KEPT}: {} bytes", std::fs::metadata(&kept)?.len());
    Ok(())
}

/// LLVM's tool that merges counts: rustup's component `llvm-tools`, or a distribution's package `llvm`.
fn merger() -> Result<PathBuf> {
    let out = Command::new("rustc").args(["--print", "target-libdir"]).output().context("rustc")?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&out.stdout).trim());
    let component = libraries.with_file_name("bin").join("llvm-profdata");
    if component.is_file() {
        return Ok(component);
    }
    let names = (OLDEST..40)
        .rev()
        .map(|n| format!("llvm-profdata-{n}"))
        .chain(["llvm-profdata".to_owned()]);
    names
        .map(PathBuf::from)
        .find(|n| bench::installed(&n.to_string_lossy()) && release(n).is_some_and(|r| r >= OLDEST))
        .with_context(|| {
            format!(
                "no 'llvm-profdata' of LLVM {OLDEST} or later: run 'rustup component add llvm-tools', or install the package 'llvm-{OLDEST}'"
            )
        })
}

/// Which LLVM a tool belongs to.
fn release(tool: &Path) -> Option<u32> {
    let out = Command::new(tool).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let (_, after) = text.split_once("LLVM version ")?;
    after.split('.').next()?.parse().ok()
}

fn build(repo: &Repo, counts: &Path) -> Result<PathBuf> {
    // Cargo does not see that the compiler is told something else: what it builds is kept apart.
    let target = repo.root.join(TARGET);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "hapax", "--target-dir"])
        .arg(&target)
        .env("HAPAX_PROFILE_INTO", counts)
        .current_dir(&repo.root)
        .status()
        .context("cargo build")?;
    if !status.success() {
        bail!("the build failed");
    }
    Ok(target.join("release/hapax"))
}

fn check_a_file(program: &Path, dir: &Path) -> Result<()> {
    let mut text = "defaults\n    mode http\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n\n".to_owned();
    for i in 0..BACKENDS {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "backend b{i}\n    balance leastconn\n    option httpchk GET /health\n    acl a{i} path_beg /{i}/ /x/{i}\n    http-request set-header X-B \"%[src] b{i}\" if a{i}\n"
        );
        for s in 0..5 {
            let _ = writeln!(
                text,
                "    server s{s} 10.{}.{}.{s}:8080 check inter 5s weight {}",
                i / 256,
                i % 256,
                s + 1
            );
        }
    }
    let file = dir.join("large.cfg");
    std::fs::write(&file, text)?;
    let status = Command::new(program).arg("-c").arg("-q").arg("-f").arg(&file).status()?;
    if !status.success() {
        bail!("the large configuration was refused");
    }
    Ok(())
}
