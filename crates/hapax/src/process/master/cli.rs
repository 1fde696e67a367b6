//! The master's command line (`-S`; management guide, 9.4): commands of its own, and `@` before those that a worker answers.
//!
//! A few people or tools at a time talk to it, so each connection has a thread and blocks. What changes the master itself (a reload) is
//! asked of its main thread and waited for.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hapax_config::plan::SocketLevel;
use hapax_sys::daemon;
use hapax_sys::listen::Listener;

use super::commands;
use super::roster::Shared;

/// Connections at once; more are closed.
const MAX_CONNECTIONS: usize = 10;
/// Longest line.
const MAX_LINE: u64 = 16_384;
const USR2: i32 = 12;

/// What a connection may reach.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) roster: Shared,
    pub(super) requests: Arc<Mutex<Sender<Request>>>,
}

/// A reload that a connection waits for.
pub(super) struct Request {
    /// Stop the old worker at once.
    pub(super) hard: bool,
    pub(super) reply: Sender<Outcome>,
}

#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) done: bool,
    pub(super) said: String,
}

impl Context {
    /// Asks the main thread, which waits for signals, and waits for its answer.
    pub(super) fn ask_reload(&self, hard: bool) -> Option<Outcome> {
        let (reply, answer) = channel();
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(Request { hard, reply })
            .ok()?;
        daemon::kill(i32::try_from(std::process::id()).ok()?, USR2).ok()?;
        answer.recv().ok()
    }
}

/// Serves the socket until the process ends.
pub(super) fn serve(listener: Listener, level: SocketLevel, cx: Context) -> io::Result<()> {
    let busy = Arc::new(AtomicUsize::new(0));
    match &listener {
        Listener::Tcp(l) => l.set_nonblocking(false)?,
        Listener::Unix(l) => l.set_nonblocking(false)?,
        Listener::Udp(_) => return Err(io::ErrorKind::Unsupported.into()),
    }
    std::thread::Builder::new().name("master cli".to_owned()).spawn(move || {
        loop {
            let accepted = match &listener {
                Listener::Tcp(l) => l.accept().map(|(s, _)| Stream::Tcp(s)),
                Listener::Unix(l) => l.accept().map(|(s, _)| Stream::Unix(s)),
                Listener::Udp(_) => return,
            };
            let Ok(stream) = accepted else {
                // A lack of descriptors, mostly: trying again at once would only burn time.
                std::thread::sleep(Duration::from_millis(100));
                continue;
            };
            if busy.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
                busy.fetch_sub(1, Ordering::SeqCst);
                continue;
            }
            let (cx, left) = (cx.clone(), Arc::clone(&busy));
            let body = move || {
                // A client that went away is no news.
                let _ = converse(stream, level, &cx);
                left.fetch_sub(1, Ordering::SeqCst);
            };
            if std::thread::Builder::new().spawn(body).is_err() {
                busy.fetch_sub(1, Ordering::SeqCst);
            }
        }
    })?;
    Ok(())
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(s) => s.try_clone().map(Self::Tcp),
            Self::Unix(s) => s.try_clone().map(Self::Unix),
        }
    }

    fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(s) => s.set_read_timeout(limit),
            Self::Unix(s) => s.set_read_timeout(limit),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(s) => s.read(buf),
            Self::Unix(s) => s.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(s) => s.write(buf),
            Self::Unix(s) => s.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One connection's state.
pub(super) struct Session {
    pub(super) level: SocketLevel,
    pub(super) expert: bool,
    pub(super) experimental: bool,
    pub(super) over: bool,
    /// Lines are answered until the client ends; with a prompt before each.
    interactive: bool,
    prompt: bool,
    /// The worker that commands without `@` go to.
    target: Option<u32>,
}

impl Session {
    pub(super) fn set_mode(&mut self, word: &str) {
        (self.interactive, self.prompt) = match word {
            "n" => (false, false),
            "i" => (true, false),
            "p" => (true, true),
            _ => (!self.prompt, !self.prompt),
        };
    }

    fn prompt_text(&self, cx: &Context) -> String {
        if !self.prompt {
            return String::new();
        }
        let mut flags = String::new();
        for (on, letter) in [(self.experimental, 'x'), (self.expert, 'e')] {
            if on {
                flags.push(letter);
            }
        }
        if !flags.is_empty() {
            flags = format!("({flags})");
        }
        match self.target {
            Some(pid) => format!("{pid}{flags}> "),
            None if cx.roster.lock().failed > 0 => format!("master[ReloadFailed]{flags}> "),
            None => format!("master{flags}> "),
        }
    }
}

type Input = BufReader<Stream>;

fn converse(stream: Stream, level: SocketLevel, cx: &Context) -> io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    let mut s = Session {
        level,
        expert: false,
        experimental: false,
        over: false,
        interactive: false,
        prompt: false,
        target: None,
    };
    while !s.over {
        let mut line = String::new();
        if input.by_ref().take(MAX_LINE).read_line(&mut line)? == 0 {
            return Ok(());
        }
        answer_line(&mut s, cx, line.trim_end_matches(['\r', '\n']), &mut input, &mut out)?;
        if !s.interactive {
            return Ok(());
        }
        if !s.over {
            out.write_all(s.prompt_text(cx).as_bytes())?;
        }
    }
    Ok(())
}

fn answer_line(s: &mut Session, cx: &Context, line: &str, input: &mut Input, out: &mut Stream) -> io::Result<()> {
    if let Some(rest) = line.trim_start().strip_prefix("@@") {
        let (name, command) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        let Some(pid) = cx.roster.find(name) else {
            return out.write_all(no_such(name).as_bytes());
        };
        return hand_over(s, cx, pid, command, input, out);
    }
    let mut pieces = hapax_cli::split_commands(line).peekable();
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        answer_command(s, cx, piece.trim(), last, input, out)?;
        if s.over {
            break;
        }
    }
    Ok(())
}

fn no_such(name: &str) -> String {
    format!("Can't find the target PID matching the prefix '@{name}'\n\n")
}

fn answer_command(s: &mut Session, cx: &Context, text: &str, last: bool, input: &mut Input, out: &mut Stream) -> io::Result<()> {
    let (mut target, mut text) = (s.target, text);
    if let Some(rest) = text.strip_prefix('@') {
        let (name, command) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        target = if name.is_empty() {
            None
        } else {
            match cx.roster.find(name) {
                Some(pid) => Some(pid),
                None => return out.write_all(no_such(name).as_bytes()),
            }
        };
        text = command.trim();
        if text.is_empty() {
            s.target = target;
            return if s.interactive { out.write_all(b"\n") } else { Ok(()) };
        }
    }
    let words = hapax_cli::split_words(text);
    // These belong to the conversation, whoever is talked to.
    let own = matches!(
        words.first().map(String::as_str),
        Some("prompt" | "quit" | "expert-mode" | "experimental-mode")
    );
    match target {
        Some(pid) if !own => ask_worker(s, cx, pid, text, last, input, out),
        _ => {
            let mut answer = match commands::find(&words) {
                None if words.is_empty() => String::new(),
                None => commands::help(s.level, "Unknown command. Please enter one of the following commands only:\n"),
                Some(c) if c.level > s.level => "Permission denied\n".to_owned(),
                Some(c) => (c.run)(s, cx, &words[c.path.len()..]),
            };
            answer.push('\n');
            out.write_all(answer.as_bytes())
        }
    }
}

/// Has a worker run one command, and hands its answer on.
fn ask_worker(s: &Session, cx: &Context, pid: u32, text: &str, last: bool, input: &mut Input, out: &mut Stream) -> io::Result<()> {
    let mut worker = cx.roster.open(pid, s.level, s.expert, s.experimental)?;
    worker.write_all(text.as_bytes())?;
    worker.write_all(b"\n")?;
    if last && let Some(mark) = hapax_cli::payload_mark(text) {
        loop {
            let mut line = String::new();
            if input.by_ref().take(MAX_LINE).read_line(&mut line)? == 0 {
                break;
            }
            worker.write_all(line.as_bytes())?;
            if line.trim_end_matches(['\r', '\n']) == mark {
                break;
            }
        }
    }
    let _ = worker.shutdown(std::net::Shutdown::Write);
    io::copy(&mut worker, out).map(drop)
}

/// `@@`: the worker has the connection until it ends it.
fn hand_over(s: &mut Session, cx: &Context, pid: u32, command: &str, input: &mut Input, out: &mut Stream) -> io::Result<()> {
    let mut worker = cx.roster.open(pid, s.level, s.expert, s.experimental)?;
    if command.trim().is_empty() {
        let mode = if s.prompt { "prompt p\n" } else { "prompt i\n" };
        worker.write_all(mode.as_bytes())?;
        s.interactive = true;
    } else {
        worker.write_all(command.as_bytes())?;
        worker.write_all(b"\n")?;
    }
    let ended = AtomicBool::new(false);
    let mut to_worker = worker.try_clone()?;
    // So that it is noticed when the worker has ended.
    input.get_ref().set_read_timeout(Some(Duration::from_millis(50)))?;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                let (got, end) = match input.fill_buf() {
                    Ok([]) => (0, true),
                    Ok(bytes) => (bytes.len(), to_worker.write_all(bytes).is_err()),
                    Err(e) => (0, !matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)),
                };
                input.consume(got);
                if end {
                    let _ = to_worker.shutdown(std::net::Shutdown::Write);
                    break;
                }
            }
        });
        let copied = io::copy(&mut worker, out);
        ended.store(true, Ordering::SeqCst);
        copied
    })?;
    input.get_ref().set_read_timeout(None)
}
