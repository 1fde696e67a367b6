//! Accepts connections of a stats socket and serves them.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hapax_config::plan::{BindAddress, SeverityOutput, SocketLevel};
use hapax_runtime::state::WorkerCommand;
use hapax_value::Endpoint;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::timeout;

use crate::commands::events::Follow;
use crate::control::Control;
use crate::line;
use crate::session::{Mode, Session};

/// A socket that listens already, in non-blocking mode.
#[derive(Debug)]
pub enum Listener {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

/// How a socket is served.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub level: SocketLevel,
    /// `stats timeout`
    pub timeout_ms: u64,
    /// `stats maxconn`: connections at once.
    pub maxconn: u32,
    /// Longest line (`tune.bufsize`) and payload (`tune.cli.max-payload-size`).
    pub max_line: usize,
    pub max_payload: usize,
    /// Modes that are on from the start.
    pub expert: bool,
    pub experimental: bool,
    /// `expose-fd listeners`: a successor may ask for the listening sockets.
    pub expose_fd: bool,
    /// `severity-output`
    pub severity: SeverityOutput,
}

/// What a connection of the runtime API may be.
trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// As a UNIX socket that can carry descriptors.
    fn into_unix(self) -> Option<std::os::unix::net::UnixStream>;
}

impl Stream for TcpStream {
    fn into_unix(self) -> Option<std::os::unix::net::UnixStream> {
        None
    }
}

impl Stream for UnixStream {
    fn into_unix(self) -> Option<std::os::unix::net::UnixStream> {
        self.into_std().ok()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            level: SocketLevel::Operator,
            timeout_ms: 10_000,
            maxconn: 10,
            max_line: 16_384,
            max_payload: 128 * 1024,
            expert: false,
            experimental: false,
            expose_fd: false,
            severity: SeverityOutput::None,
        }
    }
}

/// Serves a listening socket until the task is dropped. Runs within a `LocalSet`.
pub async fn serve(listener: Listener, settings: Settings, control: Arc<dyn Control>) -> std::io::Result<()> {
    let slots = Arc::new(Semaphore::new(settings.maxconn.max(1) as usize));
    match listener {
        Listener::Tcp(l) => {
            let l = TcpListener::from_std(l)?;
            loop {
                let slot = Arc::clone(&slots).acquire_owned().await;
                match l.accept().await {
                    Ok((stream, _)) => start(stream, settings, &control, slot),
                    Err(_) => breathe().await,
                }
            }
        }
        Listener::Unix(l) => {
            let l = UnixListener::from_std(l)?;
            loop {
                let slot = Arc::clone(&slots).acquire_owned().await;
                match l.accept().await {
                    Ok((stream, _)) => start(stream, settings, &control, slot),
                    Err(_) => breathe().await,
                }
            }
        }
    }
}

/// Serves one connection that is there already.
pub async fn serve_stream(stream: std::os::unix::net::UnixStream, settings: Settings, control: Arc<dyn Control>) -> std::io::Result<()> {
    stream.set_nonblocking(true)?;
    connection(UnixStream::from_std(stream)?, settings, control).await
}

/// A failed accept is a lack of descriptors, mostly: trying again at once would only burn time.
async fn breathe() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn start<S: Stream + 'static, G: 'static>(stream: S, settings: Settings, control: &Arc<dyn Control>, slot: G) {
    let control = Arc::clone(control);
    tokio::task::spawn_local(async move {
        // A client that went away is no news.
        let _ = connection(stream, settings, control).await;
        drop(slot);
    });
}

/// Lines as they come, within limits of time and length.
struct Reader<S> {
    stream: S,
    got: Vec<u8>,
    max: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Reader<S> {
    /// The next line, without its newline; `None`: no more will come.
    async fn line(&mut self, limit_ms: u64) -> Option<String> {
        loop {
            if let Some(end) = self.got.iter().position(|&b| b == b'\n') {
                let line = self.got.drain(..=end).take(end).collect::<Vec<u8>>();
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
            if self.got.len() > self.max {
                return None;
            }
            let read = timeout(Duration::from_millis(limit_ms.max(1)), self.stream.read_buf(&mut self.got));
            match read.await {
                Ok(Ok(n)) if n > 0 => {}
                _ => return None,
            }
        }
    }

    /// Shows what comes to a ring until anything is typed, which is thrown away; `false`: the connection is closed.
    async fn follow(&mut self, mut follow: Follow, limit_ms: u64) -> std::io::Result<bool> {
        self.got.clear();
        loop {
            let ring = Arc::clone(&follow.ring);
            let news = ring.news.notified();
            tokio::pin!(news);
            // From here on no message goes unnoticed.
            news.as_mut().enable();
            let text = follow.next();
            if !text.is_empty() {
                write(&mut self.stream, text.as_bytes(), limit_ms).await?;
                continue;
            }
            let mut typed = [0; 256];
            tokio::select! {
                () = &mut news => {}
                n = self.stream.read(&mut typed) => return Ok(n? > 0),
            }
        }
    }

    /// A whole line is there already.
    fn has_line(&self) -> bool {
        self.got.contains(&b'\n')
    }
}

async fn connection<S: Stream>(stream: S, settings: Settings, control: Arc<dyn Control>) -> std::io::Result<()> {
    let shared = control.shared();
    shared.conns_total.fetch_add(1, Relaxed);
    // Whatever it asks for, it is one request to the process.
    shared.requests_total.fetch_add(1, Relaxed);
    let mut session = Session::new(settings.level, settings.timeout_ms);
    session.expert = settings.expert;
    session.experimental = settings.experimental;
    session.severity = settings.severity;
    let mut reader = Reader {
        stream,
        got: Vec::with_capacity(512),
        max: settings.max_line,
    };
    while let Some(text) = reader.line(session.timeout_ms).await {
        if settings.expose_fd && text.trim_end() == "_getsocks" {
            if let Some(socket) = reader.stream.into_unix() {
                control.hand_over(socket, listening(&control).await);
            }
            return Ok(());
        }
        let line = line::parse(&text);
        let payload = match &line.payload {
            None => None,
            Some(mark) => match payload(&mut reader, mark, &session, settings.max_payload).await? {
                Some(p) => Some(p),
                None => break,
            },
        };
        let mut out = session.line(&control, &line, payload.as_deref()).await;
        if let Some(follow) = session.follow.take() {
            // The empty line that ends an answer comes when this one does.
            out.pop();
            write(&mut reader.stream, out.as_bytes(), session.timeout_ms).await?;
            "\n".clone_into(&mut out);
            if !reader.follow(follow, session.timeout_ms).await? {
                break;
            }
        }
        if !session.quit {
            out.push_str(&session.prompt(&control));
        }
        write(&mut reader.stream, out.as_bytes(), session.timeout_ms).await?;
        // Lines that came together are answered together.
        if session.quit || (session.mode == Mode::Once && !reader.has_line()) {
            break;
        }
    }
    reader.stream.shutdown().await
}

/// The sockets that the workers and the peers listen on.
async fn listening(control: &Arc<dyn Control>) -> Vec<OwnedFd> {
    let (reply, mut answers) = unbounded_channel();
    let workers = control.shared().mail.broadcast(&WorkerCommand::Sockets { reply });
    let mut all = Vec::new();
    for _ in 0..workers {
        match answers.recv().await {
            Some(some) => all.extend(some),
            None => break,
        }
    }
    all.extend(control.shared().peers.iter().flat_map(hapax_runtime::state::PeersState::sockets));
    all
}

/// Lines up to the one that ends the payload; `None`: there was no end.
async fn payload<S>(reader: &mut Reader<S>, mark: &str, session: &Session, max: usize) -> std::io::Result<Option<String>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut all = String::new();
    loop {
        if session.mode == Mode::Prompt {
            write(&mut reader.stream, b"+ ", session.timeout_ms).await?;
        }
        let Some(line) = reader.line(session.timeout_ms).await else {
            return Ok(None);
        };
        let line = line.strip_suffix('\r').unwrap_or(&line);
        if line == mark {
            return Ok(Some(all));
        }
        all.push_str(line);
        all.push('\n');
        if all.len() > max {
            return Ok(None);
        }
    }
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8], limit_ms: u64) -> std::io::Result<()> {
    // The limit is for each piece: a long answer to a slow reader may take its time while it moves.
    for piece in bytes.chunks(65_536) {
        let sent = timeout(Duration::from_millis(limit_ms.max(1)), stream.write_all(piece)).await;
        sent.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    }
    Ok(())
}

/// A socket's address as `show cli sockets` has it.
pub(crate) fn address_text(address: &BindAddress) -> String {
    match address {
        BindAddress::At(Endpoint::Ip(a)) if a.is_ipv4() => format!("ipv4@{a}"),
        BindAddress::At(Endpoint::Ip(a)) => format!("ipv6@[{}]:{}", a.ip(), a.port()),
        BindAddress::At(Endpoint::Unix(p)) => format!("unix@{p}"),
        BindAddress::At(Endpoint::Abstract(n, _)) => format!("abns@{}", String::from_utf8_lossy(n)),
        BindAddress::Fd(n) => format!("sockpair@{n}"),
    }
}
