//! A running proxy: its configuration from a template, its ports, its end.
//!
//! In a template `@name@` is the address of a reserved port (`@name.port@` its number), `@dir@` the test's own folder.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::ports::{Port, listening};
use crate::program::Program;
use crate::{Client, Network, wait};

/// What is common to nearly every configuration; a template may begin with its own `global` instead.
const PREAMBLE: &str = "global\n    stats socket @dir@/stats.sock mode 600 level admin\n";

/// A configuration before it runs.
#[derive(Debug)]
pub struct Builder {
    program: Program,
    template: String,
    values: HashMap<String, String>,
    ports: HashMap<String, Arc<Port>>,
    args: Vec<String>,
    descriptors: Option<u32>,
    host: Option<(Arc<Network>, usize)>,
    dir: Arc<TempDir>,
}

impl Builder {
    pub fn new(program: Program, template: &str) -> Self {
        let template = if template.trim_start().starts_with("global") {
            template.to_owned()
        } else {
            format!("{PREAMBLE}\n{template}")
        };
        Self {
            program,
            template,
            values: HashMap::new(),
            ports: HashMap::new(),
            args: vec!["-db".to_owned()],
            descriptors: None,
            host: None,
            dir: Arc::new(TempDir::new().unwrap()),
        }
    }

    /// Replaces `@name@`.
    #[must_use]
    pub fn set(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.values.insert(name.to_owned(), value.to_string());
        self
    }

    /// Arguments instead of `-db`.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.args = args.iter().map(|&a| a.to_owned()).collect();
        self
    }

    /// Lets the program have so many open files, and no more.
    #[must_use]
    pub fn descriptors(mut self, most: u32) -> Self {
        self.descriptors = Some(most);
        self
    }

    /// Runs on a host of a network. Ports of the template would be those of this machine: there are none.
    #[must_use]
    pub fn on(mut self, network: &Arc<Network>, host: usize) -> Self {
        self.host = Some((Arc::clone(network), host));
        self
    }

    /// Puts a file into the folder.
    #[must_use]
    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    /// Another program on the same ports and folder: how a successor is made.
    #[must_use]
    pub fn beside(mut self, other: &Proxy) -> Self {
        self.ports.clone_from(&other.ports);
        self.dir = Arc::clone(&other.dir);
        self
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn filled(&mut self) -> String {
        let mut out = String::new();
        let mut rest = self.template.clone();
        while let Some(at) = rest.find('@') {
            let tail = &rest[at + 1..];
            let end = tail
                .find('@')
                .filter(|e| tail[..*e].chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)));
            let Some(end) = end.filter(|e| *e > 0) else {
                out.push_str(&rest[..=at]);
                rest = tail.to_owned();
                continue;
            };
            out.push_str(&rest[..at]);
            out.push_str(&self.value(&tail[..end]));
            rest = tail[end + 1..].to_owned();
        }
        out + &rest
    }

    fn value(&mut self, name: &str) -> String {
        if name == "dir" {
            return self.dir.path().display().to_string();
        }
        if let Some(v) = self.values.get(name) {
            return v.clone();
        }
        let (name, number_only) = name.strip_suffix(".port").map_or((name, false), |n| (n, true));
        let port = self.ports.entry(name.to_owned()).or_insert_with(|| Arc::new(Port::reserve()));
        if number_only { port.number().to_string() } else { port.addr() }
    }

    /// Writes the configuration; the path.
    pub fn write(&mut self) -> PathBuf {
        let text = self.filled();
        let path = self.dir.path().join(format!("{:?}.cfg", self.program).to_lowercase());
        fs::write(&path, text).unwrap();
        path
    }

    /// The command as it would be started, for tests of the command line.
    pub fn command(&mut self) -> Command {
        let path = self.write();
        let own = match &self.host {
            None => self.program.command(),
            Some((network, host)) => network.command(*host, &self.program.command()),
        };
        let mut command = match self.descriptors {
            None => own,
            Some(most) => {
                let mut shell = Command::new("sh");
                shell
                    .args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")])
                    .arg(own.get_program())
                    .args(own.get_args());
                shell
            }
        };
        command.args(&self.args).arg("-f").arg(path);
        command
    }

    /// Starts and waits until every port of the template listens.
    pub fn start(mut self) -> Proxy {
        let mut command = self.command();
        let stderr = self.dir.path().join(format!("{:?}.err", self.program));
        let stdout = self.dir.path().join(format!("{:?}.out", self.program));
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let mut proxy = Proxy {
            child,
            ports: self.ports,
            dir: self.dir,
            stderr,
            stdout,
            ended: None,
            has_cli: self.template.contains("@dir@/stats.sock"),
        };
        proxy.wait_ready();
        proxy
    }
}

/// A running proxy, killed when dropped.
#[derive(Debug)]
pub struct Proxy {
    child: Child,
    ports: HashMap<String, Arc<Port>>,
    dir: Arc<TempDir>,
    stderr: PathBuf,
    stdout: PathBuf,
    ended: Option<ExitStatus>,
    has_cli: bool,
}

impl Proxy {
    /// Hapax with this configuration.
    pub fn start(template: &str) -> Self {
        Builder::new(Program::Hapax, template).start()
    }

    fn wait_ready(&mut self) {
        let numbers: Vec<u16> = self.ports.values().map(|p| p.number()).collect();
        wait::until_true("the proxy to listen", || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!(
                    "the proxy ended with {status}:\n{}",
                    fs::read_to_string(&self.stderr).unwrap_or_default()
                );
            }
            let socket = self.dir.path().join("stats.sock");
            numbers.iter().all(|n| listening(*n)) && (!self.has_cli || socket.exists())
        });
    }

    pub fn port(&self, name: &str) -> u16 {
        self.ports[name].number()
    }

    /// A connection to one of its ports.
    pub fn connect(&self, name: &str) -> Client {
        Client::connect(self.port(name))
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    pub fn stdout(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    /// One command on the stats socket, and its whole answer.
    pub fn cli(&self, command: &str) -> String {
        let mut s = UnixStream::connect(self.dir.path().join("stats.sock")).unwrap();
        s.set_read_timeout(Some(wait::PATIENCE)).unwrap();
        s.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut out = Vec::new();
        s.read_to_end(&mut out).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub fn is_running(&mut self) -> bool {
        self.ended.is_none() && self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn exit_status(&mut self) -> ExitStatus {
        if let Some(status) = self.ended {
            return status;
        }
        let status = wait::until("the proxy to end", || self.child.try_wait().unwrap());
        self.ended = Some(status);
        status
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- stderr of the proxy\n{}", self.stderr());
        }
    }
}
