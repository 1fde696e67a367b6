//! The two scenes: a proxy before a farm that flaps, its clients, and what must hold at the end.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};

use super::clients::{self, KIND, Tally, Turn, UNKIND};
use super::farm::{self, Blow, Server};
use super::logs::Collector;
use super::story;
use super::{Dice, Options};
use crate::bench::{Process, free_port};

/// What the proxy tells of a request: how it ended, when each step was reached, where, and after how many tries.
const LINE: &str = "REQ %ts %ST %HU server %s retries %rc times %TR/%Tw/%Tc/%Tr/%Ta bytes %B streams %ac/%fc/%bc/%sc/%rc queues %sq/%bq";

/// What of a scene's configuration is its own.
struct Setting<'a> {
    front: &'a str,
    back: &'a str,
    servers: usize,
}

/// A proxy and its farm, on stage.
struct Stage {
    port: u16,
    socket: std::path::PathBuf,
    process: Process,
    servers: Vec<Server>,
    logs: Collector,
    blows: Vec<Blow>,
    /// When nothing ran, us included.
    standstills: Vec<(SystemTime, SystemTime)>,
}

impl Stage {
    fn set(program: &Path, dir: &Path, threads: usize, s: &Setting<'_>) -> Result<Self> {
        farm::files(dir)?;
        let servers = (0..s.servers).map(|i| Server::start(dir, i)).collect::<Result<Vec<_>>>()?;
        let logs = Collector::start()?;
        let port = free_port()?;
        let socket = dir.join("stats.sock");
        let line = |(i, o): (usize, &Server)| format!("    server s{i} 127.0.0.1:{} check inter 200ms fall 2 rise 2\n", o.port);
        let lines = servers.iter().enumerate().map(line).collect::<Vec<_>>().concat();
        let text = format!(
            "global\n    maxconn 4000\n    nbthread {threads}\n    stats socket {} mode 600 level admin\n    log 127.0.0.1:{} local0\n\n\
             defaults\n    mode http\n    log global\n    timeout connect 500ms\n    timeout client 20s\n    timeout server 20s\n    timeout http-request 3s\n    retries 3\n    option redispatch\n\n\
             frontend fe\n    bind 127.0.0.1:{port}\n    log-format \"{LINE}\"\n{}    default_backend be\n\nbackend be\n{}    option httpchk GET /2b\n    http-check expect status 200\n{lines}",
            socket.display(),
            logs.port,
            s.front,
            s.back
        );
        let conf = dir.join("soak.cfg");
        fs::write(&conf, text)?;
        let said = dir.join("proxy.err");
        let child = Command::new(program)
            .arg("-db")
            .arg("-f")
            .arg(&conf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&said)?)
            .spawn()
            .with_context(|| program.display().to_string())?;
        let mut process = Process::new(child);
        process
            .wait_for(port)
            .with_context(|| fs::read_to_string(&said).unwrap_or_default())?;
        Ok(Self {
            port,
            socket,
            process,
            servers,
            logs,
            blows: Vec::new(),
            standstills: Vec::new(),
        })
    }

    fn ask(&self, command: &str) -> Result<String> {
        let mut s = UnixStream::connect(&self.socket)?;
        s.write_all(format!("{command}\n").as_bytes())?;
        let mut out = String::new();
        s.read_to_string(&mut out)?;
        Ok(out)
    }

    /// Sessions that the frontend, the backend and its servers have now.
    fn sessions(&self) -> Result<u64> {
        let csv = self.ask("show stat")?;
        let rows = csv.lines().filter(|l| !l.starts_with('#'));
        Ok(rows.filter_map(|l| l.split(',').nth(4)?.parse::<u64>().ok()).sum())
    }
}

/// Plays until the time is over; memory in bytes, once a second.
fn play(stage: &mut Stage, tally: &Arc<Tally>, casts: Vec<std::thread::JoinHandle<()>>, length: Duration, o: &Options) -> Result<Vec<u64>> {
    let over = Arc::new(AtomicBool::new(false));
    let mut servers = std::mem::take(&mut stage.servers);
    let (flag, seed, pace) = (Arc::clone(&over), o.seed, o.pace);
    let flapper = std::thread::spawn(move || {
        let flaps = farm::flap(&mut servers, &mut Dice::new(seed), pace, &flag);
        (servers, flaps)
    });
    let end = Instant::now() + length;
    let mut memory = Vec::new();
    while Instant::now() < end {
        let before = SystemTime::now();
        std::thread::sleep(Duration::from_secs(1));
        memory.push(stage.process.resident());
        let now = SystemTime::now();
        if now.duration_since(before).is_ok_and(|d| d > Duration::from_secs(3)) {
            stage.standstills.push((before, now));
        }
    }
    over.store(true, Ordering::SeqCst);
    let joined = flapper.join();
    let (servers, flaps) = joined.map_err(|_| anyhow::anyhow!("the flapping thread died"))?;
    stage.blows = flaps?;
    let count = |what: &str| stage.blows.iter().filter(|b| b.what == what).count();
    let (kills, pauses) = (count(farm::KILLED), count(farm::PAUSED));
    stage.servers = servers;
    tally.over.store(true, Ordering::SeqCst);
    for c in casts {
        let _ = c.join();
    }
    let n = |a: &std::sync::atomic::AtomicU64| a.load(Ordering::SeqCst);
    println!(
        "{} whole requests, {} broken ones, {} answers of 200, {} others; servers killed {kills} times, paused {pauses} times",
        n(&tally.whole),
        n(&tally.broken),
        n(&tally.answered),
        n(&tally.refused),
    );
    Ok(memory)
}

fn cast(n: usize, mut one: impl FnMut(usize) -> Box<dyn FnOnce() + Send>) -> Vec<std::thread::JoinHandle<()>> {
    (0..n).map(|i| std::thread::spawn(one(i))).collect()
}

pub(super) fn mixed(program: &Path, dir: &Path, length: Duration, o: &Options) -> Result<Vec<String>> {
    let setting = Setting {
        front: "",
        back: "    timeout server 2s\n",
        servers: 4,
    };
    let mut stage = Stage::set(program, dir, o.threads, &setting)?;
    let tally = Arc::new(Tally::default());
    let (port, seed) = (stage.port, o.seed);
    let mut all = cast(24, |i| {
        let (tally, turns) = (Arc::clone(&tally), if i % 2 == 0 { KIND } else { UNKIND });
        Box::new(move || clients::live(port, i, turns, false, &tally, Dice::new(seed + i as u64)))
    });
    let slow = Arc::clone(&tally);
    all.push(std::thread::spawn(move || clients::loris(port, 300, &slow)));
    let memory = play(&mut stage, &tally, all, length, o)?;
    let mut wrong = Vec::new();
    if let Err(why) = level(&memory) {
        wrong.push(why);
    }
    if !settles(|| stage.sessions().is_ok_and(|n| n == 0)) {
        wrong.push(format!("{} sessions are left", stage.sessions()?));
    }
    // `wait_for` connected once and said nothing.
    let (whole, broken) = (tally.whole.load(Ordering::SeqCst), tally.broken.load(Ordering::SeqCst) + 1);
    let torn = tally.torn.load(Ordering::SeqCst);
    let logged = || {
        (
            stage.logs.seen.whole.load(Ordering::SeqCst),
            stage.logs.seen.broken.load(Ordering::SeqCst),
        )
    };
    let complete = |(w, b)| (whole - torn..=whole).contains(&w) && b == broken;
    if !settles(|| complete(logged())) {
        wrong.push(format!(
            "(whole, broken) requests: sent {:?}, {torn} of them torn, logged {:?}",
            (whole, broken),
            logged()
        ));
    }
    Ok(wrong)
}

pub(super) fn failures(program: &Path, dir: &Path, length: Duration, o: &Options) -> Result<Vec<String>> {
    let setting = Setting {
        front: "",
        back: "    retry-on all-retryable-errors\n    timeout server 1s\n    balance roundrobin\n",
        servers: 10,
    };
    let mut stage = Stage::set(program, dir, o.threads, &setting)?;
    let tally = Arc::new(Tally::default());
    let (port, seed) = (stage.port, o.seed);
    let all = cast(40, |i| {
        let tally = Arc::clone(&tally);
        Box::new(move || {
            clients::live(
                port,
                i,
                &[Turn::Get("/2b"), Turn::Get("/1k")],
                true,
                &tally,
                Dice::new(seed + i as u64),
            );
        })
    });
    play(&mut stage, &tally, all, length, o)?;
    let mut failed = std::mem::take(&mut *tally.failures.lock().unwrap_or_else(PoisonError::into_inner));
    // Where the whole machine stood still, every timeout passed at once: that says nothing about retries.
    let all = failed.len();
    failed.retain(|f| {
        !stage
            .standstills
            .iter()
            .any(|(from, to)| f.began <= *to + Duration::from_secs(1) && *from <= f.ended)
    });
    if failed.len() < all {
        println!(
            "{} failures around {} standstills of the machine",
            all - failed.len(),
            stage.standstills.len()
        );
    }
    if failed.is_empty() {
        return Ok(Vec::new());
    }
    // The last lines of the log may still be under way.
    std::thread::sleep(Duration::from_millis(500));
    let lines = stage.logs.seen.telling.lock().unwrap_or_else(PoisonError::into_inner);
    for f in &failed {
        println!("{}", story::of(f, &lines, &stage.blows));
    }
    Ok(vec![format!("{} requests failed", failed.len())])
}

/// Memory in the second half may not exceed that of the second quarter by a tenth and two MiB.
fn level(memory: &[u64]) -> Result<(), String> {
    let n = memory.len();
    let early = memory[n / 4..n / 2].iter().max().copied().unwrap_or(0);
    let late = memory[n / 2..].iter().max().copied().unwrap_or(0);
    println!(
        "resident: {} KiB in the second quarter, {} KiB in the second half",
        early / 1024,
        late / 1024
    );
    if late > early + early / 10 + (2 << 20) {
        return Err(format!("memory grows: {early} bytes, then {late}"));
    }
    Ok(())
}

fn settles(done: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        if done() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    done()
}
