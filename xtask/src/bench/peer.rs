//! A proxy under test: started with a row's configuration, watched through `/proc`, ended when dropped.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::origin::{Origin, nginx_frame};
use super::rows::Row;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Takes HAProxy's configuration and options.
    Haproxy,
    Nginx,
}

pub(crate) struct Peer {
    pub(crate) name: String,
    kind: Kind,
    program: PathBuf,
}

/// What a configuration is made of.
pub(crate) struct Ports {
    pub(crate) front: u16,
    pub(crate) origin: u16,
    pub(crate) udp: u16,
    pub(crate) pem: String,
}

/// A started proxy.
pub(crate) struct Running {
    pub(crate) port: u16,
    pub(crate) process: Process,
    /// Where logs go; what is not read is dropped by the kernel.
    _udp: UdpSocket,
}

impl Peer {
    pub(crate) fn new(name: &str, kind: Kind, program: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            program,
        }
    }

    pub(crate) fn start(&self, row: &Row, origin: &Origin, dir: &Path, threads: usize) -> Result<Running> {
        let udp = UdpSocket::bind("127.0.0.1:0")?;
        let ports = Ports {
            front: free_port()?,
            origin: origin.port,
            udp: udp.local_addr()?.port(),
            pem: origin.pem.clone(),
        };
        let stem = format!("{}-{}", row.name, self.name);
        let conf = dir.join(format!("{stem}.cfg"));
        let mut command = Command::new(&self.program);
        match self.kind {
            Kind::Haproxy => {
                fs::write(&conf, row.haproxy(&ports, threads))?;
                command.arg("-db").arg("-f").arg(&conf);
            }
            Kind::Nginx => {
                let Some(http) = row.nginx(&ports) else {
                    bail!("no such row for nginx")
                };
                fs::write(&conf, nginx_frame(dir, &stem, &http, threads))?;
                command.arg("-c").arg(&conf).arg("-p").arg(dir);
            }
        }
        let log = dir.join(format!("{stem}.out"));
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("{}", self.program.display()))?;
        let mut process = Process::new(child);
        if process.wait_for(ports.front).is_err() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let why = said
                .lines()
                .find(|l| l.contains("ALERT"))
                .or(said.lines().last())
                .unwrap_or("no answer");
            bail!("does not start: {why}");
        }
        Ok(Running {
            port: ports.front,
            process,
            _udp: udp,
        })
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A child process, ended when dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn new(child: Child) -> Self {
        Self { child }
    }

    /// Until the port accepts connections.
    pub(crate) fn wait_for(&mut self, port: u16) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("ended with {status}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("does not listen on port {port}")
    }

    /// The process and its children.
    fn tree(&self) -> Vec<u32> {
        let mut all = vec![self.child.id()];
        let mut next = 0;
        while next < all.len() {
            let pid = all[next];
            next += 1;
            let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
                continue;
            };
            for task in tasks.flatten() {
                let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
                all.extend(text.split_whitespace().filter_map(|p| p.parse::<u32>().ok()));
            }
        }
        all
    }

    /// Processor time spent so far, user and system, of the process and its children.
    pub(crate) fn cpu(&self) -> Duration {
        // 100 ticks a second on every Linux that is not built by hand.
        self.tree()
            .into_iter()
            .map(ticks)
            .sum::<u64>()
            .checked_mul(10)
            .map_or(Duration::ZERO, Duration::from_millis)
    }

    /// Resident memory in bytes, of the process and its children.
    pub(crate) fn resident(&self) -> u64 {
        let one = |pid: u32| -> Option<u64> {
            let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = text.lines().find(|l| l.starts_with("VmRSS:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        self.tree().into_iter().filter_map(one).sum::<u64>() * 1024
    }
}

fn ticks(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold anything; fields are counted after it.
    let Some((_, rest)) = text.rsplit_once(") ") else { return 0 };
    rest.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum()
}

impl Process {
    fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Sends a signal; whether the process has ended a while after.
    fn ends_by(&mut self, signal: &str) -> bool {
        let _ = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status();
        let end = Instant::now() + Duration::from_secs(2);
        while Instant::now() < end {
            if self.has_ended() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Has a proxy end of its own accord, once it serves nobody any more.
    pub(crate) fn leave(mut self) -> Result<()> {
        if self.ends_by("-USR1") { Ok(()) } else { bail!("does not end") }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // nginx' workers end with their master only when that one is asked politely.
        if self.has_ended() || self.ends_by("-TERM") {
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
