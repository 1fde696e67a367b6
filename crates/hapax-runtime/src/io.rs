//! A byte stream to a client or a server: plain TCP or UNIX, or TLS over either.

mod tcp;

use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hapax_value::Endpoint;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

pub(crate) use tcp::Tcp;

/// A socket.
#[derive(Debug)]
pub(crate) enum Raw {
    Tcp(Tcp),
    Unix(UnixStream),
}

impl Raw {
    /// The number of a TCP socket.
    pub(crate) fn number(&self) -> Option<i32> {
        match self {
            Self::Tcp(s) => s.number(),
            Self::Unix(_) => None,
        }
    }

    /// Makes closing as quiet as can be for the client: with the privilege for it nothing is sent at all, else a reset that the
    /// first router drops. `ttl`: a reset that lives that many hops is wanted.
    pub(crate) fn drop_silently(&self, ttl: Option<u8>) {
        let Self::Tcp(s) = self else { return };
        let Some(s) = s.fd() else { return };
        let socket = socket2::SockRef::from(&s);
        // What has come is acknowledged first: the client would ask after it, and be told that there is nobody.
        let _ = hapax_sys::sockopt::set_quickack(s, true);
        let quiet = ttl.is_none() && hapax_sys::sockopt::set_repair(s, true).is_ok();
        if !quiet {
            let hops = u32::from(ttl.unwrap_or(1));
            // The one that does not fit the address family fails.
            let _ = socket.set_unicast_hops_v6(hops);
            let _ = socket.set_ttl_v4(hops);
        }
        let _ = socket.set_linger(Some(std::time::Duration::ZERO));
    }

    /// `set-*-mark` and `set-*-tos`.
    pub(crate) fn label(&self, mark: Option<u32>, tos: Option<u8>) {
        let Self::Tcp(tcp) = self else { return };
        let Some(s) = tcp.fd() else { return };
        // What the system does not allow is not done, as in HAProxy.
        if let Some(mark) = mark {
            let _ = hapax_sys::sockopt::set_mark(s, mark);
        }
        if let Some(tos) = tos {
            let v6 = tcp
                .peer_addr()
                .is_ok_and(|a| matches!(a, std::net::SocketAddr::V6(a) if a.ip().to_ipv4_mapped().is_none()));
            let _ = hapax_sys::sockopt::set_tos(s, v6, tos);
        }
    }

    /// Waits until the bytes that have come are enough for `look`, and leaves them where they are. What it answers is the answer.
    pub(crate) fn poll_peek<T>(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut [u8],
        mut look: impl FnMut(&[u8]) -> Option<T>,
    ) -> Poll<io::Result<Option<T>>> {
        // No look until something came: what is too little for it is as good as nothing, and waking up waits for more.
        let mut peek = |socket: std::os::fd::BorrowedFd<'_>| {
            let n = hapax_sys::sockopt::peek(socket, room)?;
            match look(&room[..n]) {
                Some(answer) => Ok(Some(answer)),
                None if n == 0 => Ok(None),
                None => Err(io::ErrorKind::WouldBlock.into()),
            }
        };
        loop {
            let peeked = match self {
                Self::Tcp(s) => {
                    ready!(s.poll_read_ready(cx))?;
                    s.try_read(&mut peek)
                }
                Self::Unix(s) => {
                    ready!(s.poll_read_ready(cx))?;
                    s.try_io(Interest::READABLE, || peek(s.as_fd()))
                }
            };
            match peeked {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                other => return Poll::Ready(other),
            }
        }
    }

    /// The address of this end; a UNIX socket that connects has none.
    pub(crate) fn local_addr(&self) -> Option<Endpoint> {
        match self {
            Self::Tcp(s) => s.local_addr().ok().map(Endpoint::Ip),
            Self::Unix(_) => None,
        }
    }
}

/// How a peer has ended its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    Closed,
    Reset,
}

/// What a session or an upstream connection reads and writes.
#[derive(Debug)]
pub(crate) enum Io {
    /// Not opened yet, or given away.
    Closed,
    Plain(Raw),
    /// We are the TLS server.
    Server(Box<tokio_rustls::server::TlsStream<Raw>>),
    /// We are the TLS client.
    Client(Box<tokio_rustls::client::TlsStream<Raw>>),
}

macro_rules! each {
    ($self:expr, $io:ident => $do:expr) => {
        match $self {
            Io::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Io::Plain(Raw::Tcp($io)) => $do,
            Io::Plain(Raw::Unix($io)) => $do,
            Io::Server($io) => $do,
            Io::Client($io) => $do,
        }
    };
}

impl Io {
    pub(crate) fn raw(&self) -> Option<&Raw> {
        match self {
            Self::Closed => None,
            Self::Plain(r) => Some(r),
            Self::Server(t) => Some(t.get_ref().0),
            Self::Client(t) => Some(t.get_ref().0),
        }
    }

    pub(crate) fn is_tls(&self) -> bool {
        matches!(self, Self::Server(_) | Self::Client(_))
    }

    pub(crate) fn raw_mut(&mut self) -> Option<&mut Raw> {
        match self {
            Self::Closed => None,
            Self::Plain(r) => Some(r),
            Self::Server(t) => Some(t.get_mut().0),
            Self::Client(t) => Some(t.get_mut().0),
        }
    }

    /// The TCP socket under it, where bytes may be moved without looking at them.
    pub(crate) fn plain_tcp(&mut self) -> Option<&TcpStream> {
        match self {
            Self::Plain(Raw::Tcp(s)) => s.known().ok().map(|s| &*s),
            _ => None,
        }
    }

    /// Reads into `buf`; `Ok(0)` is the end.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut rb = ReadBuf::new(buf);
        ready!(each!(self, io => Pin::new(io).poll_read(cx, &mut rb)))?;
        Poll::Ready(Ok(rb.filled().len()))
    }

    /// The same where something is likely to be there: the loop has just told so. Not for bodies: it does not count as work after
    /// which other tasks have their turn.
    pub(crate) fn poll_read_told(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Self::Plain(Raw::Tcp(s)) = self
            && let Some(read) = s.read_if_ready(buf)
        {
            return Poll::Ready(read);
        }
        self.poll_read(cx, buf)
    }

    /// Reads what has come already on a plain connection that was never waited for; 0: nothing, or it is another connection.
    pub(crate) fn read_at_once(&mut self, buf: &mut [u8]) -> usize {
        match self {
            Self::Plain(Raw::Tcp(s)) => s.read_at_once(buf),
            _ => 0,
        }
    }

    /// A plain connection that was never read from.
    pub(crate) fn is_fresh(&self) -> bool {
        matches!(self, Self::Plain(Raw::Tcp(Tcp::Fresh(_))))
    }

    /// A plain connection that was never waited for.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Plain(Raw::Tcp(s)) if s.is_unknown())
    }

    /// Writes from two slices in order. `last`: the end of the connection, or of our side of it, is to follow at once and may take the
    /// bytes along in its packet.
    pub(crate) fn poll_write2(&mut self, cx: &mut Context<'_>, a: &[u8], b: &[u8], last: bool) -> Poll<io::Result<usize>> {
        if last && let Self::Plain(Raw::Tcp(s)) = self {
            return s.poll_write_last(cx, a, b);
        }
        if b.is_empty() {
            return each!(self, io => Pin::new(io).poll_write(cx, a));
        }
        if a.is_empty() {
            return each!(self, io => Pin::new(io).poll_write(cx, b));
        }
        let slices = [io::IoSlice::new(a), io::IoSlice::new(b)];
        each!(self, io => Pin::new(io).poll_write_vectored(cx, &slices))
    }

    /// TLS holds records back; plain sockets hold nothing.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Closed | Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Server(t) => Pin::new(t).poll_flush(cx),
            Self::Client(t) => Pin::new(t).poll_flush(cx),
        }
    }

    /// Says that no more will be written (FIN, and `close_notify` before it).
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, io => Pin::new(io).poll_shutdown(cx))
    }

    /// Whether TLS has taken in more than was read from it: the last flight of a handshake often brings the first request along.
    fn holds_plaintext(&mut self) -> bool {
        // What does not decrypt is told by the next read.
        match self {
            Self::Closed | Self::Plain(_) => false,
            Self::Server(t) => t
                .get_mut()
                .1
                .process_new_packets()
                .map_or(true, |s| s.plaintext_bytes_to_read() > 0),
            Self::Client(t) => t
                .get_mut()
                .1
                .process_new_packets()
                .map_or(true, |s| s.plaintext_bytes_to_read() > 0),
        }
    }

    /// Whether something (data, the end or an error) is there to be read. Costs no system call.
    pub(crate) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.holds_plaintext() {
            return Poll::Ready(Ok(()));
        }
        match self.raw_mut() {
            Some(Raw::Tcp(s)) => s.poll_read_ready(cx),
            Some(Raw::Unix(s)) => s.poll_read_ready(cx),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    /// Whether an idle connection is still quiet: nothing to read, no end, no error.
    pub(crate) fn is_quiet(&mut self) -> bool {
        if let Self::Plain(Raw::Tcp(s)) = self
            && s.is_idle()
        {
            return true;
        }
        let mut cx = Context::from_waker(std::task::Waker::noop());
        if self.poll_readable(&mut cx).is_pending() {
            return true;
        }
        if self.is_tls() {
            // A TLS peer may have sent a session ticket: only reading tells.
            return self.poll_read(&mut cx, &mut [0; 1]).is_pending();
        }
        let mut probe = [0; 1];
        let read = match self.raw_mut() {
            Some(Raw::Tcp(s)) => s.known().and_then(|s| s.try_read(&mut probe)),
            Some(Raw::Unix(s)) => s.try_read(&mut probe),
            None => return false,
        };
        matches!(read, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    /// Takes an idle connection from the event loop of another thread; this thread's is told of it when it has to be waited for.
    /// `false`: it is not quiet any more.
    pub(crate) fn change_worker(&mut self) -> bool {
        if let Self::Plain(Raw::Unix(_)) = self
            && let Self::Plain(Raw::Unix(s)) = std::mem::replace(self, Self::Closed)
        {
            let moved = s.into_std().and_then(UnixStream::from_std);
            *self = moved.map_or(Self::Closed, |s| Self::Plain(Raw::Unix(s)));
        }
        let mut room = [std::mem::MaybeUninit::uninit(); 1];
        let peeked = match self.raw_mut() {
            Some(Raw::Tcp(s)) => s.forget().and_then(|s| socket2::SockRef::from(s).peek(&mut room)),
            Some(Raw::Unix(s)) => socket2::SockRef::from(&*s).peek(&mut room),
            None => return false,
        };
        match peeked {
            Err(e) => e.kind() == io::ErrorKind::WouldBlock,
            Ok(0) => false,
            // A session ticket, as in `is_quiet`.
            Ok(_) => {
                self.is_tls()
                    && self
                        .poll_read(&mut Context::from_waker(std::task::Waker::noop()), &mut [0; 1])
                        .is_pending()
            }
        }
    }

    /// Whether closing now loses nothing of what the peer has sent, nor resets what it has yet to read.
    pub(crate) fn is_spent(&mut self) -> bool {
        match self {
            Self::Plain(Raw::Tcp(s)) if let Some(spent) = s.is_spent_at_once() => spent,
            _ => !self.is_tls() && self.is_quiet(),
        }
    }

    /// How the peer has ended its side, while nothing is to be read from it. `Ready(None)`: it has sent something instead, and will
    /// not be noticed to leave. Costs no system call until something happens.
    pub(crate) fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<Option<Gone>> {
        loop {
            ready!(match self.raw_mut() {
                Some(Raw::Tcp(s)) => s.poll_read_ready(cx),
                Some(Raw::Unix(s)) => s.poll_read_ready(cx),
                None => return Poll::Ready(Some(Gone::Closed)),
            })
            .ok();
            let mut room = [std::mem::MaybeUninit::uninit(); 1];
            let peeked = match self.raw_mut() {
                Some(Raw::Tcp(s)) => s.try_read(|s| socket2::SockRef::from(&s).peek(&mut room)),
                Some(Raw::Unix(s)) => s.try_io(Interest::READABLE, || socket2::SockRef::from(&*s).peek(&mut room)),
                None => return Poll::Ready(Some(Gone::Closed)),
            };
            match peeked {
                Ok(n) => return Poll::Ready((n == 0).then_some(Gone::Closed)),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Poll::Ready(Some(Gone::Reset)),
            }
        }
    }

    /// A peer that was silent for too long is told of the end in order, even where closing is a reset.
    pub(crate) fn end_in_order(&mut self, cx: &mut Context<'_>) {
        if !self.is_tls() {
            let _ = self.poll_shutdown(cx);
        }
    }

    /// Makes closing send a reset at once.
    pub(crate) fn reset_on_close(&self) {
        if let Some(Raw::Tcp(s)) = self.raw()
            && let Some(s) = s.fd()
        {
            let _ = socket2::SockRef::from(&s).set_linger(Some(std::time::Duration::ZERO));
        }
    }

    /// `silent-drop`; see [`Raw::drop_silently`].
    pub(crate) fn drop_silently(&self, ttl: Option<u8>) {
        if let Some(raw) = self.raw() {
            raw.drop_silently(ttl);
        }
    }
}

/// For those who talk to it as to any other stream.
impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_flush(self.get_mut(), cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_shutdown(self.get_mut(), cx)
    }
}

impl AsyncRead for Raw {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_read(cx, buf),
            Self::Unix(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Raw {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_write(cx, buf),
            Self::Unix(s) => Pin::new(s).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_write_vectored(cx, bufs),
            Self::Unix(s) => Pin::new(s).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_shutdown(cx),
            Self::Unix(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
