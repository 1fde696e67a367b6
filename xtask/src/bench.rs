//! `cargo xtask bench`: Hapax beside HAProxy (and nginx) on this machine, over loopback, row by row.
//!
//! What means something is the processor time a proxy spends per request, taken from `/proc`, as a ratio within one run: requests
//! per second and latencies follow the machine's mood. Rounds alternate between the peers and the median is shown.

mod idle;
mod load;
mod origin;
mod peer;
mod rows;
mod table;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::repo::Repo;
use load::Sample;
use origin::Origin;
use peer::{Kind, Peer, Running};
pub(crate) use peer::{Process, free_port};
use rows::Row;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these rows (comma separated; a prefix is enough)
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// Length of each measurement
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Threads of each proxy
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Alternated rounds of each row; the median is shown
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// A program to measure as Hapax instead of building one; repeat to compare builds
    #[arg(long)]
    hapax: Vec<PathBuf>,
    /// Cargo profile that Hapax is built with
    #[arg(long, default_value = "release")]
    profile: String,
    /// Leave nginx out even where it is installed
    #[arg(long)]
    no_nginx: bool,
    /// Leave HAProxy out (ratios are then to the first peer)
    #[arg(long)]
    no_haproxy: bool,
    /// List the rows and stop
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(repo: &Repo, o: &Options) -> Result<()> {
    if o.list {
        for r in rows::ROWS {
            println!("{:14} {}", r.name, r.what);
        }
        return Ok(());
    }
    let chosen = choose(&o.rows)?;
    prepare()?;
    let peers = peers(repo, o)?;
    let dir = Scratch::new("bench")?;
    let origin = Origin::start(&dir.0)?;
    println!(
        "{} thread(s) per proxy, {} round(s) of {} s, medians; ratio: processor time per request against {}, round by round",
        o.threads, o.rounds, o.seconds, peers[0].name
    );
    table::head(&peers);
    for row in chosen {
        measure(row, &peers, &origin, &dir.0, o);
    }
    Ok(())
}

fn prepare() -> Result<()> {
    for tool in ["wrk", "nginx", "openssl"] {
        if !installed(tool) {
            bail!("'{tool}' is not installed; the benchmark needs wrk (load), nginx (origin) and openssl (a certificate)");
        }
    }
    // 6,000 idle connections and their descriptors, here and in the children.
    let _ = hapax_sys::limits::set_open_files(65_536);
    Ok(())
}

/// Puts the load of every row on a program for so many seconds, whatever it costs.
pub(crate) fn exercise(program: &std::path::Path, seconds: f64) -> Result<()> {
    prepare()?;
    let dir = Scratch::new("exercise")?;
    let origin = Origin::start(&dir.0)?;
    let peer = Peer::new("hapax", Kind::Haproxy, program.to_owned());
    for row in rows::ROWS.iter().filter(|r| !r.load.is_idle()) {
        let mut running = peer.start(row, &origin, &dir.0, 1)?;
        match row.load.run(&mut running, Duration::from_secs_f64(seconds)) {
            Ok(_) => println!("{:14} done", row.name),
            Err(e) => println!("{:14} not run: {e:#}", row.name),
        }
        // One that is killed writes no counts.
        running.process.leave()?;
    }
    Ok(())
}

/// One row: every peer is started once, and loaded in turn.
fn measure(row: &Row, peers: &[Peer], origin: &Origin, dir: &std::path::Path, o: &Options) {
    let mut running: Vec<Result<Running>> = peers.iter().map(|p| p.start(row, origin, dir, o.threads)).collect();
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); peers.len()];
    let length = Duration::from_secs_f64(o.seconds);
    let rounds = if row.load.is_idle() { 1 } else { o.rounds };
    for round in 0..rounds {
        for step in 0..peers.len() {
            // Each round begins with another peer: whatever drifts hits all alike.
            let i = (round + step) % peers.len();
            if let Ok(r) = &mut running[i] {
                match row.load.run(r, length) {
                    Ok(s) => samples[i].push(s),
                    Err(e) => running[i] = Err(e),
                }
            }
        }
    }
    table::row(row, &running, &samples);
}

fn choose(wanted: &[String]) -> Result<Vec<&'static Row>> {
    if wanted.is_empty() {
        return Ok(rows::ROWS.iter().collect());
    }
    let chosen: Vec<_> = rows::ROWS
        .iter()
        .filter(|r| wanted.iter().any(|w| r.name.starts_with(w.as_str())))
        .collect();
    if chosen.is_empty() {
        bail!("no such row; see --list");
    }
    Ok(chosen)
}

/// HAProxy first: ratios are against it.
fn peers(repo: &Repo, o: &Options) -> Result<Vec<Peer>> {
    let mut peers = Vec::new();
    if installed("haproxy") && !o.no_haproxy {
        peers.push(Peer::new("haproxy", Kind::Haproxy, PathBuf::from("haproxy")));
    }
    if o.hapax.is_empty() {
        peers.push(Peer::new("hapax", Kind::Haproxy, build(repo, &o.profile)?));
    }
    for (i, path) in o.hapax.iter().enumerate() {
        let name = if i == 0 { "hapax".to_owned() } else { format!("hapax#{}", i + 1) };
        peers.push(Peer::new(&name, Kind::Haproxy, path.clone()));
    }
    if !o.no_nginx {
        peers.push(Peer::new("nginx", Kind::Nginx, PathBuf::from("nginx")));
    }
    Ok(peers)
}

pub(crate) fn build(repo: &Repo, profile: &str) -> Result<PathBuf> {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--profile", profile, "--package", "hapax"])
        .current_dir(&repo.root)
        .status()
        .context("cargo build")?;
    if !status.success() {
        bail!("the build failed");
    }
    Ok(repo.root.join("target").join(profile).join("hapax"))
}

pub(crate) fn installed(tool: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|p| p.join(tool).is_file())
}

/// A directory that is gone at the end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(what: &str) -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("hapax-{what}-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        // nginx serves files and writes its temporary ones as another user when started by root.
        std::fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
