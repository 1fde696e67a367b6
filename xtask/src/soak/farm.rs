//! Real servers that may be killed, paused and restarted: nginx as one process each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

/// Kills, pauses and restarts until `over`, never leaving fewer than half of the servers well.
pub(super) fn flap(servers: &mut [Server], dice: &mut Dice, over: &AtomicBool) -> Result<[usize; 2]> {
    let (mut kills, mut pauses) = (0, 0);
    while !over.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(200 + dice.below(600) as u64));
        let ill = servers.iter().filter(|s| s.paused || s.child.is_none()).count();
        let at = dice.below(servers.len());
        let half = servers.len() / 2;
        let s = &mut servers[at];
        if s.child.is_none() {
            s.restart()?;
        } else if s.paused {
            s.signal("-CONT");
            s.paused = false;
        } else if ill < half && dice.below(2) == 0 {
            s.kill();
            kills += 1;
        } else if ill < half {
            s.signal("-STOP");
            s.paused = true;
            pauses += 1;
        }
    }
    for s in servers.iter_mut() {
        s.signal("-CONT");
        if s.child.is_none() {
            s.restart()?;
        }
    }
    Ok([kills, pauses])
}
