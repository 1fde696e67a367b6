//! Machines on a network of their own: network namespaces with a switch between them, whose ports can go down and up.
//!
//! Each namespace lives as long as a process that only waits for the end of its input, so that nothing is left behind when a test
//! dies. Without the right to make namespaces (root, or namespaces of users) there is no network, and the caller says so.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Hosts 10.99.0.1, 10.99.0.2 and so on, all on one switch.
#[derive(Debug)]
pub struct Network {
    hosts: Vec<Space>,
    switch: Space,
}

/// A network namespace.
#[derive(Debug)]
struct Space(Child);

impl Drop for Space {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Root needs no namespace of users around those of networks.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Space {
    /// A new one, made in that of `parent`; the error is the reason why there is none.
    fn new(parent: Option<&Self>) -> Result<Self, String> {
        let mut command = match parent {
            None => Command::new("unshare"),
            Some(p) => p.command("unshare"),
        };
        if parent.is_none() && !is_root() {
            command.arg("-r");
        }
        command.args(["-n", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("unshare: {e}"))?;
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        let _ = BufReader::new(stdout).read_line(&mut line);
        if line == "ready\n" {
            return Ok(Self(child));
        }
        let _ = child.kill();
        let out = child.wait_with_output().map_err(|e| e.to_string())?;
        Err(String::from_utf8_lossy(&out.stderr).trim().to_owned())
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.pid(), "-n"]);
        if !is_root() {
            command.args(["-U", "--preserve-credentials"]);
        }
        command.arg(program);
        command
    }

    fn ip(&self, words: &str) -> Result<(), String> {
        let out = self.command("ip").args(words.split(' ')).output().map_err(|e| format!("ip: {e}"))?;
        let told = String::from_utf8_lossy(&out.stderr);
        out.status
            .success()
            .then_some(())
            .ok_or_else(|| format!("ip {words}: {}", told.trim()))
    }
}

impl Network {
    /// A network of so many hosts; `None`, and the reason is printed, where it cannot be made.
    pub fn new(test: &str, hosts: usize) -> Option<Self> {
        Self::build(hosts)
            .map_err(|reason| eprintln!("{test}: skipped, there are no network namespaces: {reason}"))
            .ok()
    }

    fn build(count: usize) -> Result<Self, String> {
        let switch = Space::new(None)?;
        switch.ip("link add name switch type bridge")?;
        switch.ip("link set switch up")?;
        let mut hosts = Vec::new();
        for n in 1..=count {
            let host = Space::new(Some(&switch))?;
            switch.ip(&format!("link add port{n} type veth peer name eth0 netns {}", host.pid()))?;
            switch.ip(&format!("link set port{n} master switch up"))?;
            host.ip(&format!("addr add 10.99.0.{n}/24 dev eth0"))?;
            host.ip("link set eth0 up")?;
            hosts.push(host);
        }
        Ok(Self { hosts, switch })
    }

    /// The address of a host, from 0 on.
    pub fn addr(&self, host: usize) -> String {
        format!("10.99.0.{}", host + 1)
    }

    /// Runs a program on a host.
    pub(crate) fn command(&self, host: usize, program: &Command) -> Command {
        self.hosts[host].command(&program.get_program().to_string_lossy())
    }

    /// Pulls the plug of a host, or puts it back.
    pub fn plug(&self, host: usize, up: bool) {
        let state = if up { "up" } else { "down" };
        self.switch.ip(&format!("link set port{} {state}", host + 1)).unwrap();
    }
}
