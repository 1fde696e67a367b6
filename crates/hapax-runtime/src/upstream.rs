//! Connections to servers: how they are made; while they are idle they stand in a [`pool`].

pub(crate) mod key;
pub(crate) mod need;
pub(crate) mod pool;
mod ports;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::task::Poll;

use hapax_config::Plan;
use hapax_config::plan::{Options, Proxy, Server, SocketBuffers, TcpKeepAlive};
use hapax_sample::fault::Fault;
use hapax_sample::{Ends, TlsFacts};
use hapax_value::Endpoint;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

use self::ports::Ports;
use crate::io::{Io, Raw, Tcp};
use crate::outcome::{Blame, End, Phase};
use crate::timer::Deadline;

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub io: Io,
    /// `ServerState::address_epoch` when it was made.
    epoch: u32,
    /// Requests it has served.
    pub served: u32,
    /// Its server has ended its side: it is left in order.
    pub ended: bool,
    /// Its place among those that idle.
    place: u64,
    /// How often it strayed from the protocol and was let.
    pub glitches: u32,
    /// What else than the server tells it from others: the name asked for, the address that it reached or comes from, what its
    /// PROXY header says.
    pub key: u64,
    /// Bound to one client (NTLM and the like): never shared.
    pub private: bool,
    pub ends: Arc<Ends>,
    /// What its handshake told.
    pub tls: Option<Arc<TlsFacts>>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("refused: {0}")]
    Refused(io::Error),
    #[error("timeout")]
    Timeout,
    /// The client went away meanwhile.
    #[error("nobody waits for it any more")]
    Aborted,
    /// No local resource: port, descriptor, memory.
    #[error("out of a resource: {0}")]
    Resource(io::Error),
    /// The TLS handshake failed.
    #[error("TLS handshake: {0}")]
    Handshake(io::Error),
    /// The server's address is not known.
    #[error("the address is not known")]
    NoAddress,
    /// The address or port it is to start from cannot be had.
    #[error("cannot bind to the source: {0}")]
    Source(io::Error),
    /// The request does not name the address it is to start from.
    #[error("the source is not known")]
    NoSource,
}

impl ConnectError {
    /// What becomes of a stream that is not tried again; `None`: nobody is left to be told.
    pub(crate) fn end(&self) -> Option<End> {
        let blame = match self {
            Self::Aborted => return None,
            Self::Resource(_) => Blame::Resource,
            Self::NoSource => Blame::Internal,
            Self::Timeout => Blame::ServerTimeout,
            Self::Source(_) | Self::Refused(_) | Self::Handshake(_) | Self::NoAddress => Blame::Server,
        };
        Some(End::new(blame, Phase::Connect))
    }

    /// As an error of the system's; one of the source is a [`CannotBind`].
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Refused(e) | Self::Resource(e) | Self::Handshake(e) => e,
            Self::Source(e) => io::Error::other(CannotBind(e)),
            Self::Timeout => io::ErrorKind::TimedOut.into(),
            Self::Aborted | Self::NoAddress | Self::NoSource => io::ErrorKind::NotConnected.into(),
        }
    }

    /// What expressions call it.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            // As in HAProxy, running out of time is no error of the connection's.
            Self::Timeout | Self::Aborted | Self::NoAddress | Self::NoSource => Fault::None,
            Self::Source(_) => Fault::CantBind,
            Self::Refused(e) => Fault::of_system(e.raw_os_error()),
            Self::Resource(e) => match e.raw_os_error() {
                Some(24) => Fault::ProcFdLimit,
                Some(23) => Fault::SysFdLimit,
                Some(12 | 105) => Fault::SysMemLimit,
                Some(93 | 97) => Fault::NoProtocol,
                Some(98) => Fault::AddrInuse,
                Some(99) => Fault::FreePorts,
                _ => Fault::SockErr,
            },
            Self::Handshake(e) => crate::tls::fault_of(e),
        }
    }
}

/// The source of a connection cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CannotBind(pub io::Error);

/// `connect` is under way.
const EINPROGRESS: i32 = 115;

impl Upstream {
    pub(crate) fn new(io: Io, epoch: u32, ends: Arc<Ends>, tls: Option<Arc<TlsFacts>>) -> Self {
        Self {
            io,
            epoch,
            served: 0,
            ended: false,
            place: 0,
            glitches: 0,
            key: 0,
            private: false,
            ends,
            tls,
        }
    }

    /// It has served more than one request: its server does not close it after the first.
    pub(crate) fn is_safe(&self) -> bool {
        self.served > 1
    }

    /// The number of its socket; -1 where it has none that counts.
    fn number(&self) -> i32 {
        self.io.raw().and_then(Raw::number).unwrap_or(-1)
    }

    /// Ends a connection on which nothing more is to come or to go: with a reset, so that no port of ours stays taken for the
    /// minutes of `TIME_WAIT`. TLS says goodbye in its own way, and so does who was left by the server.
    #[expect(clippy::boxed_local, reason = "connections are kept in boxes")]
    pub(crate) fn close(self: Box<Self>) {
        if !self.io.is_tls() && !self.ended {
            self.io.reset_on_close();
        }
    }
}

/// Where a connection starts from, and what its socket is told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct How<'c> {
    pub source: Option<SocketAddr>,
    /// Where it starts from where the source is none, or is of another family than the server.
    pub own: Option<SocketAddr>,
    /// The source need not be an address of this machine.
    pub transparent: bool,
    pub special: Option<&'c Special<'c>>,
    /// Netfilter mark and type of service of the packets, the first one too.
    pub mark: Option<u32>,
    pub tos: Option<u8>,
    /// We speak first, and at once: the last packet of the handshake can go with what we say.
    pub speaks: bool,
}

/// Options that few servers have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Special<'c> {
    pub server: &'c Server,
    pub interface: Option<&'c str>,
    pub keepalive: Option<TcpKeepAlive>,
    pub buffers: SocketBuffers,
    /// Data may travel with the first packet.
    pub fast: bool,
    /// Ports to start from, where they take turns.
    ports: Option<Ports<'c>>,
}

impl<'c> Special<'c> {
    /// `None`: nothing is asked for. `turn`: of the ports that the server's connections start from; `check`: the connection is not
    /// for traffic.
    pub(crate) fn of(plan: &'c Plan, proxy: &'c Proxy, server: &'c Server, turn: Option<&'c AtomicU32>, check: bool) -> Option<Self> {
        let special = Self {
            server,
            ports: turn.and_then(|turn| Ports::of(server, turn)),
            fast: server.tfo && !check,
            interface: server.interface.as_deref().or(proxy.source_interface.as_deref()),
            keepalive: proxy.options.contains(Options::SRVTCPKA).then_some(proxy.server_keepalive),
            buffers: plan.global.server_buffers,
        };
        let plain = special.interface.is_none()
            && special.keepalive.is_none()
            && special.buffers == SocketBuffers::default()
            && server.tcp_ut.is_none()
            && server.cc.is_none()
            && !special.fast
            && special.ports.is_none();
        (!plain).then_some(special)
    }

    /// What the system refuses is left out: the connection is made as it can be.
    fn apply(&self, socket: &Socket) {
        use hapax_sys::sockopt;
        let b = self.buffers;
        let _ = sockopt::set_buffers(socket, b.receive, b.send, b.unsent);
        if let Some(k) = self.keepalive {
            let _ = crate::listener::sockopt_keepalive(socket, k);
        }
        if let Some(ms) = self.server.tcp_ut {
            let _ = sockopt::set_user_timeout(socket, u32::try_from(ms).unwrap_or(u32::MAX));
        }
        if let Some(name) = &self.server.cc {
            let _ = sockopt::set_congestion(socket, name);
        }
        if let Some(name) = self.interface {
            let _ = sockopt::bind_device(socket, name);
        }
        if self.fast {
            let _ = sockopt::set_fastopen_connect(socket, true);
        }
    }
}

/// Opens a connection to `address` until `deadline` passes or `aborted` says that nobody waits for it any more.
pub(crate) async fn connect(
    address: &Endpoint,
    how: &How<'_>,
    deadline: &Deadline,
    mut aborted: impl FnMut(&mut std::task::Context<'_>) -> bool,
) -> Result<Raw, ConnectError> {
    let connecting = open(address, how);
    tokio::pin!(connecting);
    std::future::poll_fn(|cx| {
        if let Poll::Ready(r) = connecting.as_mut().poll(cx) {
            return Poll::Ready(r);
        }
        if deadline.expired(cx) {
            return Poll::Ready(Err(ConnectError::Timeout));
        }
        if aborted(cx) {
            return Poll::Ready(Err(ConnectError::Aborted));
        }
        Poll::Pending
    })
    .await
}

async fn open(address: &Endpoint, how: &How<'_>) -> Result<Raw, ConnectError> {
    match address {
        Endpoint::Ip(to) => Ok(Raw::Tcp(tcp(*to, how).await?)),
        Endpoint::Unix(path) => Ok(Raw::Unix(UnixStream::connect(&**path).await.map_err(blame)?)),
        Endpoint::Abstract(name, zero) => {
            let std = hapax_sys::listen::connect_abstract(name, *zero).map_err(blame)?;
            Ok(Raw::Unix(UnixStream::from_std(std).map_err(blame)?))
        }
    }
}

/// Starts the connection and waits for it to be writable. tokio would ask for the error after every connection; here it is asked
/// for where the system has signalled one.
pub(crate) async fn tcp(to: SocketAddr, how: &How<'_>) -> Result<Tcp, ConnectError> {
    let socket = started(to, how)?;
    // Whoever listens on this machine has been reached by now, and asking costs less than to wait for the event.
    if to.ip().is_loopback() && socket.peer_addr().is_ok() {
        return Ok(Tcp::Drained(socket.into()));
    }
    let stream = TcpStream::from_std(socket.into()).map_err(blame)?;
    let ready = stream.ready(Interest::WRITABLE | Interest::ERROR).await.map_err(blame)?;
    if ready.is_error() || ready.is_write_closed() {
        let error = stream.take_error().map_err(blame)?;
        return Err(blame(error.unwrap_or_else(|| io::ErrorKind::ConnectionRefused.into())));
    }
    Ok(stream.into())
}

/// A connection that is under way, from the address and the port that it is to start from.
fn started(to: SocketAddr, how: &How<'_>) -> Result<Socket, ConnectError> {
    let fits = |a: &SocketAddr| a.is_ipv4() == to.is_ipv4();
    let from = [how.source, how.own].into_iter().flatten().find(fits);
    // No address in particular is no source, whatever port stands with it.
    let from = from.filter(|a| !a.ip().is_unspecified());
    let (Some(ports), Some(from)) = (how.special.and_then(|s| s.ports), from.filter(|a| how.own == Some(*a))) else {
        return start(to, how, from);
    };
    let mut taken = io::ErrorKind::AddrInUse.into();
    for port in ports.each() {
        match start(to, how, Some(SocketAddr::new(from.ip(), port))) {
            Err(ConnectError::Source(e)) => taken = e,
            done => return done,
        }
    }
    Err(ConnectError::Source(taken))
}

fn start(to: SocketAddr, how: &How<'_>, from: Option<SocketAddr>) -> Result<Socket, ConnectError> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP)).map_err(blame)?;
    // A socket that cannot be told is still a connection.
    let _ = socket.set_tcp_nodelay(true);
    if how.speaks {
        let _ = hapax_sys::sockopt::set_quickack(&socket, false);
    }
    if let Some(mark) = how.mark {
        let _ = socket.set_mark(mark);
    }
    if let Some(tos) = how.tos {
        let _ = hapax_sys::sockopt::set_tos(&socket, to.is_ipv6(), tos);
    }
    if let Some(special) = how.special {
        special.apply(&socket);
    }
    if let Some(from) = from {
        if how.transparent {
            hapax_sys::sockopt::set_transparent(&socket, from.is_ipv6()).map_err(ConnectError::Source)?;
        }
        if from.port() == 0 {
            let _ = hapax_sys::sockopt::set_bind_address_no_port(&socket);
        } else {
            socket.set_reuse_address(true).map_err(ConnectError::Source)?;
        }
        socket.bind(&from.into()).map_err(ConnectError::Source)?;
    }
    match socket.connect(&to.into()) {
        Err(e) if e.raw_os_error() != Some(EINPROGRESS) && e.kind() != io::ErrorKind::WouldBlock => {
            // A port that another connection to the same place has is found out only now.
            let port_taken = from.is_some_and(|a| a.port() > 0) && e.kind() == io::ErrorKind::AddrNotAvailable;
            Err(if port_taken { ConnectError::Source(e) } else { blame(e) })
        }
        _ => Ok(socket),
    }
}

fn blame(e: io::Error) -> ConnectError {
    use io::ErrorKind::{AddrInUse, AddrNotAvailable, OutOfMemory, PermissionDenied};
    // 23, 24: ENFILE, EMFILE.
    if matches!(e.kind(), AddrInUse | AddrNotAvailable | OutOfMemory | PermissionDenied) || matches!(e.raw_os_error(), Some(23 | 24)) {
        ConnectError::Resource(e)
    } else {
        ConnectError::Refused(e)
    }
}
