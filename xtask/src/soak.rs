//! `cargo xtask soak`: minutes of traffic as unkind as the open network, against real servers that are killed, paused and restarted.
//!
//! Two scenes. `mixed` asks whether anything leaks or sticks: clients that abort in the middle of requests and of responses, a crowd that
//! sends a byte a second, servers that flap; at the end memory must have been level, no stream may be left, and every request must stand
//! in the log. `failures` asks whether retries keep their promise: idempotent requests only, and not one may fail; one that did is told
//! with all that happened around it.

mod clients;
mod farm;
mod logs;
mod scene;
mod story;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::bench::{self, Scratch};
use crate::repo::Repo;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scene {
    Mixed,
    Failures,
}

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What is asked
    #[arg(value_enum, default_value_t = Scene::Mixed)]
    scene: Scene,
    /// How long
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Threads of the proxy
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Another program to put under the same load (HAProxy, say)
    #[arg(long)]
    program: Option<PathBuf>,
    /// Cargo profile that Hapax is built with
    #[arg(long, default_value = "fast")]
    profile: String,
    /// Milliseconds between two blows to the servers, on average
    #[arg(long, default_value_t = 500)]
    pace: u64,
    /// Where the dice start
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(repo: &Repo, o: &Options) -> Result<()> {
    if !bench::installed("nginx") {
        bail!("'nginx' is not installed; it serves behind the proxy");
    }
    let _ = hapax_sys::limits::set_open_files(65_536);
    let program = match &o.program {
        Some(p) => p.clone(),
        None => bench::build(repo, &o.profile)?,
    };
    let dir = Scratch::new("soak")?;
    let length = Duration::from_secs_f64(o.minutes * 60.0);
    let verdict = match o.scene {
        Scene::Mixed => scene::mixed(&program, &dir.0, length, o)?,
        Scene::Failures => scene::failures(&program, &dir.0, length, o)?,
    };
    if verdict.is_empty() {
        println!("held for {} minutes", o.minutes);
        return Ok(());
    }
    for v in &verdict {
        println!("FAILED: {v}");
    }
    bail!("{} promise(s) broken", verdict.len())
}

/// xorshift64*: the same dice on every run.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}
