//! The sockets towards the name servers of one section: a datagram socket each, and a connection while one is needed.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hapax_config::plan::{Resolvers, Server};
use hapax_value::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

use crate::check::connect::{Plan as Dial, Stream};
use crate::tls::{ClientSlot, TlsTables};

/// An idle connection is closed after this.
const IDLE: Duration = Duration::from_secs(5);

/// After a connection that failed, the next is not tried before this.
const BREATH: Duration = Duration::from_millis(100);

/// What comes in.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message of name server `from`; `tcp`: over a connection.
    Message { from: u32, bytes: Vec<u8>, tcp: bool },
    /// A question that could not be put over a connection.
    Failed { from: u32, id: u16 },
}

/// A question on its way to a connection.
#[derive(Debug)]
struct Written {
    id: u16,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Ends {
    /// The sending half: it need not wait until it is known that the socket takes something.
    udp: Option<std::net::UdpSocket>,
    tcp: UnboundedSender<Written>,
}

/// All of a section. Dropping it ends its tasks.
#[derive(Debug)]
pub(super) struct Transport {
    servers: Vec<Ends>,
    inbox: UnboundedReceiver<Heard>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Transport {
    fn drop(&mut self) {
        for t in &self.tasks {
            t.abort();
        }
    }
}

impl Transport {
    pub(super) fn new(section: &Resolvers, index: usize, tls: &TlsTables) -> Self {
        let (door, inbox) = unbounded_channel();
        let mut tasks = Vec::new();
        let mut servers = Vec::new();
        for (n, server) in section.nameservers.iter().enumerate() {
            let from = n as u32;
            let mut udp = None;
            if !server.tcp
                && let Ok((sending, reading)) = open(server.address)
            {
                let task = tokio::task::spawn_local(read(reading, from, door.clone()));
                tasks.push(task.abort_handle());
                udp = Some(sending);
            }
            let (tcp, questions) = unbounded_channel();
            let patience = Duration::from_millis(section.timeout_retry.max(1));
            let dial = Dialing {
                to: server.address,
                conf: server.server.clone(),
                tls: tls.name_server(index, n).cloned(),
                patience,
            };
            let task = tokio::task::spawn_local(connections(dial, from, questions, door.clone()));
            tasks.push(task.abort_handle());
            servers.push(Ends { udp, tcp });
        }
        Self { servers, inbox, tasks }
    }

    /// The next thing that comes in.
    pub(super) async fn hear(&mut self) -> Heard {
        match self.inbox.recv().await {
            Some(heard) => heard,
            // Nobody is there who could be heard.
            None => std::future::pending().await,
        }
    }

    /// Puts a question to server `to`, over a connection where it has no datagram socket.
    pub(super) fn send(&self, to: usize, id: u16, bytes: &[u8]) -> io::Result<()> {
        match &self.servers[to].udp {
            // A connected socket tells here of an earlier question that nobody took, too: the second try is this one's.
            Some(udp) => udp.send(bytes).or_else(|_| udp.send(bytes)).map(|_| ()),
            None => self.send_tcp(to, id, bytes),
        }
    }

    pub(super) fn send_tcp(&self, to: usize, id: u16, bytes: &[u8]) -> io::Result<()> {
        let question = Written { id, bytes: bytes.to_vec() };
        self.servers[to].tcp.send(question).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Connected: messages of anybody else do not come through, and the system chooses a port that nobody can tell.
fn open(to: SocketAddr) -> io::Result<(std::net::UdpSocket, UdpSocket)> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    socket.connect(to)?;
    Ok((socket.try_clone()?, UdpSocket::from_std(socket)?))
}

async fn read(socket: UdpSocket, from: u32, door: UnboundedSender<Heard>) {
    let mut buf = vec![0; 65536];
    loop {
        // An error here is one of an earlier question, whose time will be over.
        let Ok(n) = socket.recv(&mut buf).await else { continue };
        let bytes = buf[..n].to_vec();
        if door.send(Heard::Message { from, bytes, tcp: false }).is_err() {
            return;
        }
    }
}

/// How one name server is connected to.
#[derive(Debug)]
struct Dialing {
    to: SocketAddr,
    conf: Option<Box<Server>>,
    tls: Option<ClientSlot>,
    patience: Duration,
}

impl Dialing {
    async fn open(&self) -> Option<Box<dyn Stream>> {
        let conf = self.conf.as_deref();
        let dial = Dial {
            special: None,
            to: Endpoint::Ip(self.to),
            socks: conf.and_then(|c| c.socks4),
            source: match conf.and_then(|c| c.source.as_ref()) {
                Some(Endpoint::Ip(a)) => Some(*a),
                _ => None,
            },
            send_proxy: conf.map_or(0, |c| c.send_proxy),
            tls: self.tls.as_ref().map(|slot| slot.load_full()),
            name: conf.and_then(|c| c.tls.as_ref()).and_then(|t| t.verifyhost.clone()),
            linger: true,
            speaks: true,
            by: Instant::now() + self.patience,
        };
        match dial.open().await {
            Ok(stream) => Some(stream),
            Err((status, why)) => {
                tracing::debug!(to = %self.to, ?status, why, "no connection to a name server");
                None
            }
        }
    }
}

/// The connections to one name server, one at a time, each for as many questions as come while it lasts.
async fn connections(dial: Dialing, from: u32, mut questions: UnboundedReceiver<Written>, door: UnboundedSender<Heard>) {
    while let Some(first) = questions.recv().await {
        let mut open = HashSet::from([first.id]);
        let done = match dial.open().await {
            Some(stream) => talk(stream, from, &first, &mut questions, &mut open, &door).await,
            None => Err(io::ErrorKind::NotConnected.into()),
        };
        for id in open {
            let _ = door.send(Heard::Failed { from, id });
        }
        if done.is_err() {
            tokio::time::sleep(BREATH).await;
        }
    }
}

async fn talk(
    stream: Box<dyn Stream>,
    from: u32,
    first: &Written,
    questions: &mut UnboundedReceiver<Written>,
    open: &mut HashSet<u16>,
    door: &UnboundedSender<Heard>,
) -> io::Result<()> {
    let (mut read, mut write) = tokio::io::split(stream);
    write.write_all(&framed(&first.bytes)).await?;
    write.flush().await?;
    let mut have: Vec<u8> = Vec::new();
    loop {
        tokio::select! {
            question = questions.recv() => {
                let Some(q) = question else { return Ok(()) };
                open.insert(q.id);
                write.write_all(&framed(&q.bytes)).await?;
                write.flush().await?;
            }
            got = timeout(IDLE, read.read_buf(&mut have)) => {
                let Ok(got) = got else { return Ok(()) };
                if got? == 0 {
                    return Ok(());
                }
                while let Some(message) = unframed(&mut have) {
                    if let Some(&[a, b]) = message.first_chunk::<2>() {
                        open.remove(&u16::from_be_bytes([a, b]));
                    }
                    let _ = door.send(Heard::Message { from, bytes: message, tcp: true });
                }
            }
        }
    }
}

/// A message with its length before it (RFC 1035, 4.2.2).
fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 2);
    out.extend_from_slice(&(message.len() as u16).to_be_bytes());
    out.extend_from_slice(message);
    out
}

/// Takes the first whole message.
fn unframed(have: &mut Vec<u8>) -> Option<Vec<u8>> {
    let &[a, b] = have.first_chunk::<2>()?;
    let end = usize::from(u16::from_be_bytes([a, b])) + 2;
    if have.len() < end {
        return None;
    }
    let message = have[2..end].to_vec();
    have.drain(..end);
    Some(message)
}
