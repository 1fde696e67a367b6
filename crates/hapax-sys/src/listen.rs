//! Listening sockets: created, bound and listening before any thread starts and before privileges are dropped.

mod unix;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::net::{AddressFamily, SocketFlags, SocketType};
use socket2::SockAddr;

use crate::{rawfd, sockopt};

/// What to listen on.
#[derive(Clone, Copy, Debug)]
pub enum Address<'a> {
    Tcp(SocketAddr),
    /// Datagrams.
    Udp(SocketAddr),
    Unix(&'a Path),
    /// Abstract namespace; `zero_terminated`: the name's length counts, as `abnsz@` has it; else the whole field, as `abns@`.
    Abstract {
        name: &'a [u8],
        zero_terminated: bool,
    },
    /// Inherited from the parent (`fd@N`).
    Fd(RawFd),
}

/// Owner and rights of a UNIX socket's path.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnixAccess {
    pub mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
}

/// Options of a listening socket, as `bind` words give them.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub backlog: i32,
    pub reuseport: bool,
    pub interface: Option<&'a str>,
    /// An IPv6 address takes no IPv4 clients.
    pub v6only: bool,
    pub transparent: bool,
    /// The largest segment announced.
    pub mss: Option<i32>,
    pub user_timeout_ms: Option<u32>,
    /// Length of the fast open queue.
    pub fastopen: Option<i32>,
    pub defer_accept: bool,
    pub unix: UnixAccess,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            backlog: 1024,
            reuseport: true,
            interface: None,
            v6only: false,
            transparent: false,
            mss: None,
            user_timeout_ms: None,
            fastopen: None,
            defer_accept: false,
            unix: UnixAccess::default(),
        }
    }
}

/// A bound, listening, non-blocking socket; one of datagrams is bound and receives.
#[derive(Debug)]
pub enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
    Udp(UdpSocket),
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(l) => l.as_fd(),
            Self::Unix(l) => l.as_fd(),
            Self::Udp(s) => s.as_fd(),
        }
    }
}

impl Listener {
    /// Another descriptor of the same socket: same queue of connections.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(l) => l.try_clone().map(Self::Tcp),
            Self::Unix(l) => l.try_clone().map(Self::Unix),
            Self::Udp(s) => s.try_clone().map(Self::Udp),
        }
    }

    /// The address it is bound to, where that is an IP address.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        sockopt::local_addr(self).ok().flatten()
    }

    /// Takes a descriptor that listens or may be made to: of a parent or of an older process.
    pub fn adopt(fd: OwnedFd, backlog: i32) -> Result<Self, Error> {
        let at = |step, e: rustix::io::Errno| Error { step, source: e.into() };
        let family = rustix::net::sockopt::socket_domain(&fd).map_err(|e| at("cannot use inherited socket", e))?;
        if rustix::net::sockopt::socket_type(&fd).is_ok_and(|t| t == SocketType::DGRAM) {
            rustix::io::ioctl_fionbio(&fd, true).map_err(|e| at("cannot make socket non-blocking", e))?;
            return Ok(Self::Udp(UdpSocket::from(fd)));
        }
        rustix::net::listen(&fd, backlog).map_err(|e| at("cannot listen to socket", e))?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC).map_err(|e| at("cannot use inherited socket", e))?;
        rustix::io::ioctl_fionbio(&fd, true).map_err(|e| at("cannot make socket non-blocking", e))?;
        Ok(if family == AddressFamily::UNIX {
            Self::Unix(UnixListener::from(fd))
        } else {
            Self::Tcp(TcpListener::from(fd))
        })
    }
}

/// Which step failed, in the words HAProxy has for it, and why.
#[derive(Debug, thiserror::Error)]
#[error("{step} ({})", reason(source))]
pub struct Error {
    pub step: &'static str,
    pub source: io::Error,
}

/// The system's own text, without Rust's `(os error N)`.
fn reason(e: &io::Error) -> String {
    let text = e.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// Creates the socket and listens. `unmet`: options that the system refused, without which the socket does its work.
pub fn listen(address: Address<'_>, options: &Options<'_>, unmet: &mut Vec<Error>) -> Result<Listener, Error> {
    match address {
        Address::Tcp(a) => tcp(a, options, unmet).map(Listener::Tcp),
        Address::Udp(a) => udp(a, options, unmet).map(Listener::Udp),
        Address::Unix(path) => unix::path(path, options).map(Listener::Unix),
        Address::Abstract { name, zero_terminated } => unix::abstract_name(name, zero_terminated, options).map(Listener::Unix),
        Address::Fd(n) => {
            let fd = rawfd::duplicate(n).map_err(|source| Error {
                step: "cannot use inherited file descriptor",
                source,
            })?;
            Listener::adopt(fd, options.backlog)
        }
    }
}

/// A socket for an address, not bound yet; `failed` is what is told where there is none.
fn unbound(address: SocketAddr, kind: SocketType, failed: &'static str, o: &Options<'_>, unmet: &mut Vec<Error>) -> Result<OwnedFd, Error> {
    let at = |step| move |source: io::Error| Error { step, source };
    let family = if address.is_ipv6() {
        AddressFamily::INET6
    } else {
        AddressFamily::INET
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let fd = rustix::net::socket_with(family, kind, flags, None).map_err(|e| at(failed)(e.into()))?;
    sockopt::set_reuseaddr(&fd, true).map_err(at("cannot set SO_REUSEADDR"))?;
    if o.reuseport {
        // Older kernels and some sandboxes lack it; binding then tells whether that matters.
        let _ = sockopt::set_reuseport(&fd, true);
    }
    if address.is_ipv6() {
        // Said either way: `::` takes IPv4 too whatever the system's own idea of it.
        sockopt::set_v6only(&fd, o.v6only).map_err(at("cannot set IPV6_V6ONLY"))?;
    }
    if let Some(name) = o.interface {
        let bound = sockopt::bind_device(&fd, name);
        unmet.extend(bound.err().map(|source| Error {
            step: "cannot bind receiver to device",
            source,
        }));
    }
    Ok(fd)
}

fn tcp(address: SocketAddr, o: &Options<'_>, unmet: &mut Vec<Error>) -> Result<TcpListener, Error> {
    let at = |step| move |source: io::Error| Error { step, source };
    let fd = unbound(address, SocketType::STREAM, "cannot create listening socket", o, unmet)?;
    if o.transparent {
        sockopt::set_transparent(&fd, address.is_ipv6()).map_err(at("cannot make listening socket transparent"))?;
    }
    let mut told = |done: io::Result<()>, step| unmet.extend(done.err().map(|source| Error { step, source }));
    if let Some(mss) = o.mss {
        told(sockopt::set_maxseg(&fd, mss), "cannot set MSS");
    }
    if let Some(ms) = o.user_timeout_ms {
        told(sockopt::set_user_timeout(&fd, ms), "cannot set TCP User Timeout");
    }
    if o.defer_accept {
        // As HAProxy: one second, after which the connection is given anyway; a kernel without it is no reason to stop.
        let _ = sockopt::set_defer_accept(&fd, 1);
    }
    rustix::net::bind(&fd, &address).map_err(|e| at("cannot bind socket")(e.into()))?;
    if let Some(queue) = o.fastopen {
        let _ = sockopt::set_fastopen(&fd, queue);
    }
    rustix::net::listen(&fd, o.backlog).map_err(|e| at("cannot listen to socket")(e.into()))?;
    Ok(TcpListener::from(fd))
}

fn udp(address: SocketAddr, o: &Options<'_>, unmet: &mut Vec<Error>) -> Result<UdpSocket, Error> {
    let at = |step| move |source: io::Error| Error { step, source };
    let fd = unbound(address, SocketType::DGRAM, "cannot create receiving socket", o, unmet)?;
    if o.transparent {
        sockopt::set_transparent(&fd, address.is_ipv6()).map_err(at("cannot make receiving socket transparent"))?;
    }
    rustix::net::bind(&fd, &address).map_err(|e| at("cannot bind socket")(e.into()))?;
    Ok(UdpSocket::from(fd))
}

/// The peer address of a UNIX client, as HAProxy shows it in a log: nowhere in IPv4 terms.
pub fn nowhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
}

/// Whether a `SockAddr` names the descriptor's own address: used to match sockets received from an older process.
pub fn bound_to(fd: impl AsFd, address: Address<'_>) -> bool {
    let Ok(own) = socket2::SockRef::from(&fd).local_addr() else {
        return false;
    };
    match address {
        Address::Tcp(a) => own.as_socket() == Some(a) && is_stream(&fd),
        Address::Udp(a) => own.as_socket() == Some(a) && !is_stream(&fd),
        Address::Unix(p) => own.as_pathname().is_some_and(|have| unix::same_name(have, p)),
        Address::Abstract { name, .. } => own.as_abstract_namespace().is_some_and(|have| trim_nuls(have) == trim_nuls(name)),
        Address::Fd(n) => fd.as_fd().as_raw_fd() == n,
    }
}

fn is_stream(fd: impl AsFd) -> bool {
    rustix::net::sockopt::socket_type(fd).is_ok_and(|t| t == SocketType::STREAM)
}

fn trim_nuls(b: &[u8]) -> &[u8] {
    let end = b.iter().rposition(|c| *c != 0).map_or(0, |i| i + 1);
    &b[..end]
}

/// Address of a UNIX path for `connect` and datagrams.
pub fn unix_addr(path: &Path) -> io::Result<SockAddr> {
    SockAddr::unix(path)
}

/// Connects to a name in the abstract namespace, without waiting.
pub fn connect_abstract(name: &[u8], zero_terminated: bool) -> io::Result<std::os::unix::net::UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&socket, &unix::abstract_addr(name, zero_terminated)?)?;
    Ok(socket.into())
}

/// The next connection of a listening socket, non-blocking from the start, and who it is from.
pub fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (fd, from) = rustix::net::acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
    let from = from.and_then(|a| SocketAddr::try_from(a).ok());
    let stream = TcpStream::from(fd);
    match from {
        Some(from) => Ok((stream, from)),
        None => stream.peer_addr().map(|from| (stream, from)),
    }
}

#[cfg(test)]
mod tests;
