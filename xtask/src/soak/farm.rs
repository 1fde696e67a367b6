//! Real servers that may be killed, paused and restarted: nginx as one process each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use super::Dice;
use crate::bench::free_port;

pub(super) struct Server {
    pub(super) port: u16,
    conf: PathBuf,
    dir: PathBuf,
    child: Option<Child>,
    paused: bool,
}

impl Server {
    pub(super) fn start(dir: &Path, number: usize) -> Result<Self> {
        let port = free_port()?;
        let (home, files) = (dir.display(), dir.join("files"));
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temp = kinds.map(|t| format!("{t}_temp_path {home}/{number}-{t};\n")).concat();
        let text = format!(
            "daemon off;\nmaster_process off;\nuser root;\npid {home}/{number}.pid;\nerror_log {home}/{number}.log crit;\nworker_rlimit_nofile 8000;\n\
             events {{ worker_connections 4000; }}\nhttp {{\naccess_log off;\n{temp}client_max_body_size 0;\nserver {{\nlisten 127.0.0.1:{port} backlog=4096 reuseport;\n\
             keepalive_requests 1000000000;\nroot {};\nlocation = /2b {{ return 200 \"ok\"; }}\nlocation = /post {{ return 200 \"ok\"; }}\n}}\n}}\n",
            files.display()
        );
        let conf = dir.join(format!("origin-{number}.conf"));
        fs::write(&conf, text)?;
        let mut server = Self {
            port,
            conf,
            dir: dir.to_owned(),
            child: None,
            paused: false,
        };
        server.restart()?;
        Ok(server)
    }

    fn signal(&self, name: &str) {
        if let Some(c) = &self.child {
            let _ = Command::new("kill").arg(name).arg(c.id().to_string()).status();
        }
    }

    fn kill(&mut self) {
        if let Some(mut c) = self.child.take() {
            let _ = c.kill();
            let _ = c.wait();
        }
        self.paused = false;
    }

    fn restart(&mut self) -> Result<()> {
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&self.conf)
            .arg("-p")
            .arg(&self.dir)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx")?;
        self.child = Some(child);
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Files the servers have.
pub(super) fn files(dir: &Path) -> Result<()> {
    let files = dir.join("files");
    fs::create_dir_all(&files)?;
    for (name, size) in [("1k", 1 << 10), ("64k", 64 << 10), ("1m", 1 << 20)] {
        fs::write(files.join(name), vec![b'x'; size])?;
    }
    Ok(())
}

pub(super) const KILLED: &str = "killed";
pub(super) const PAUSED: &str = "paused";

/// What was done to a server, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blow {
    pub(super) at: SystemTime,
    pub(super) server: usize,
    pub(super) what: &'static str,
}

/// Kills, pauses and restarts until `over`, never leaving fewer than half of the servers well; tells all that it did.
pub(super) fn flap(servers: &mut [Server], dice: &mut Dice, pace: u64, over: &AtomicBool) -> Result<Vec<Blow>> {
    let mut blows = Vec::new();
    while !over.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(pace * 2 / 5 + dice.below(pace as usize * 6 / 5) as u64));
        let ill = servers.iter().filter(|s| s.paused || s.child.is_none()).count();
        let at = dice.below(servers.len());
        let half = servers.len() / 2;
        let s = &mut servers[at];
        let what = if s.child.is_none() {
            s.restart()?;
            "started"
        } else if s.paused {
            s.signal("-CONT");
            s.paused = false;
            "resumed"
        } else if ill < half && dice.below(2) == 0 {
            s.kill();
            KILLED
        } else if ill < half {
            s.signal("-STOP");
            s.paused = true;
            PAUSED
        } else {
            continue;
        };
        blows.push(Blow {
            at: SystemTime::now(),
            server: at,
            what,
        });
    }
    for s in servers.iter_mut() {
        s.signal("-CONT");
        if s.child.is_none() {
            s.restart()?;
        }
    }
    Ok(blows)
}
