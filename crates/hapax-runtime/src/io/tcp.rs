//! A TCP socket of which the event loop is told only when it has to be waited for.
//!
//! A client that sends its request at once and leaves with the response is never waited for, and telling the loop of it, then to
//! forget it, would be a good part of what it costs. A server on this machine is connected before one can wait for it.

use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hapax_sys::sockopt;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// A non-blocking socket.
#[derive(Debug)]
pub(crate) enum Tcp {
    /// The event loop does not know it. What is to be read may have come already.
    Fresh(net::TcpStream),
    /// The same, and what is to be read has to be waited for: it was read up, or its peer speaks second.
    Drained(net::TcpStream),
    Known(TcpStream),
    /// The event loop would not have it.
    Lost,
}

/// Runs `act` where the loop holds the socket to be ready, without asking the scheduler for its leave first. Where it moved fewer than
/// `whole` bytes, the socket has no more, and the loop is told so. `None`: it has to be waited for.
fn if_ready(
    s: &TcpStream,
    interest: Interest,
    whole: usize,
    act: impl FnOnce(&socket2::Socket) -> io::Result<usize>,
) -> Option<io::Result<usize>> {
    let mut part = None;
    let done = s.try_io(interest, || {
        let n = act(&SockRef::from(s))?;
        if 0 < n && n < whole {
            part = Some(n);
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(n)
    });
    match (part, done) {
        (Some(n), _) => Some(Ok(n)),
        (None, Err(e)) if e.kind() == io::ErrorKind::WouldBlock => None,
        (None, done) => Some(done),
    }
}

/// The socket could not be registered, and is closed.
fn lost() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl Tcp {
    /// The socket as the event loop knows it.
    pub(crate) fn known(&mut self) -> io::Result<&mut TcpStream> {
        if self.is_unknown()
            && let Self::Fresh(s) | Self::Drained(s) = std::mem::replace(self, Self::Lost)
        {
            *self = Self::Known(TcpStream::from_std(s)?);
        }
        match self {
            Self::Known(s) => Ok(s),
            _ => Err(lost()),
        }
    }

    /// The socket as no event loop knows it, where reading has to wait.
    pub(crate) fn forget(&mut self) -> io::Result<&net::TcpStream> {
        let s = match std::mem::replace(self, Self::Lost) {
            Self::Fresh(s) | Self::Drained(s) => s,
            Self::Known(s) => s.into_std()?,
            Self::Lost => return Err(lost()),
        };
        *self = Self::Drained(s);
        match self {
            Self::Drained(s) => Ok(s),
            _ => Err(lost()),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Fresh(s) | Self::Drained(s) => s.local_addr(),
            Self::Known(s) => s.local_addr(),
            Self::Lost => Err(lost()),
        }
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Fresh(s) | Self::Drained(s) => s.peer_addr(),
            Self::Known(s) => s.peer_addr(),
            Self::Lost => Err(lost()),
        }
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Fresh(s) | Self::Drained(s) => Some(s.as_fd()),
            Self::Known(s) => Some(s.as_fd()),
            Self::Lost => None,
        }
    }

    pub(crate) fn number(&self) -> Option<RawFd> {
        self.fd().map(|fd| fd.as_raw_fd())
    }

    pub(crate) fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.known() {
            Ok(s) => s.poll_read_ready(cx),
            Err(e) => Poll::Ready(Err(e)),
        }
    }

    /// Runs `act` where the loop holds the socket to be readable, and takes note of `WouldBlock`.
    pub(crate) fn try_read<T>(&mut self, act: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>) -> io::Result<T> {
        let s = self.known()?;
        s.try_io(Interest::READABLE, || act(s.as_fd()))
    }

    /// Whether the loop has told of nothing to be read.
    pub(crate) fn is_idle(&self) -> bool {
        // What is tried does nothing: only whether it would be is of interest.
        matches!(self, Self::Known(s) if s.try_io(Interest::READABLE, || Ok(())).is_err())
    }

    /// Reads where the loop holds the socket to be readable; `None`: it has to be waited for.
    pub(crate) fn read_if_ready(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        let Self::Known(s) = self else { return None };
        if_ready(s, Interest::READABLE, buf.len(), |mut s| s.read(buf))
    }

    /// Reads what is there already, where the loop does not know the socket: nothing waits for it.
    pub(crate) fn read_at_once(&mut self, buf: &mut [u8]) -> usize {
        match self.read_now(buf) {
            Some(Ok(n)) => n,
            _ => 0,
        }
    }

    /// Whether closing loses nothing of the peer's: nothing is there to be read, or nothing but the end. `None`: the loop knows the socket.
    pub(crate) fn is_spent_at_once(&self) -> Option<bool> {
        let (Self::Fresh(s) | Self::Drained(s)) = self else { return None };
        Some(match s.peek(&mut [0; 1]) {
            Ok(n) => n == 0,
            Err(e) => e.kind() == io::ErrorKind::WouldBlock,
        })
    }

    /// The event loop does not know it.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Fresh(_) | Self::Drained(_))
    }

    /// Writes what is followed by the end: the bytes may wait for it, to leave in one packet.
    pub(crate) fn poll_write_last(&mut self, cx: &mut Context<'_>, a: &[u8], b: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(written) = self.at_once(|s| sockopt::send_more(s.as_fd(), a, b)) {
            return Poll::Ready(written);
        }
        let s = self.known()?;
        loop {
            ready!(s.poll_write_ready(cx))?;
            match s.try_io(Interest::WRITABLE, || sockopt::send_more(s.as_fd(), a, b)) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn read_now(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        if matches!(self, Self::Drained(_)) {
            return None;
        }
        let size = buf.len();
        let read = self.at_once(|s| s.read(buf));
        if matches!(read, Some(Ok(n)) if 0 < n && n < size)
            && let Self::Fresh(s) = std::mem::replace(self, Self::Lost)
        {
            // There was no more: to ask again would cost as much as to be told.
            *self = Self::Drained(s);
        }
        read
    }

    /// Tries `now` on a socket that the loop does not know; `None`: it has to be waited for, or is known.
    fn at_once<T>(&mut self, now: impl FnOnce(&mut net::TcpStream) -> io::Result<T>) -> Option<io::Result<T>> {
        let (Self::Fresh(s) | Self::Drained(s)) = self else {
            return None;
        };
        match now(s) {
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => None,
            done => Some(done),
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(read) = this.read_now(buf.initialize_unfilled()) {
            return Poll::Ready(read.map(|n| buf.advance(n)));
        }
        Pin::new(this.known()?).poll_read(cx, buf)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(written) = this.at_once(|s| s.write(buf)) {
            return Poll::Ready(written);
        }
        let s = this.known()?;
        match if_ready(s, Interest::WRITABLE, buf.len(), |mut s| s.write(buf)) {
            Some(written) => Poll::Ready(written),
            None => Pin::new(s).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(written) = this.at_once(|s| s.write_vectored(bufs)) {
            return Poll::Ready(written);
        }
        let (s, whole) = (this.known()?, bufs.iter().map(|b| b.len()).sum());
        match if_ready(s, Interest::WRITABLE, whole, |mut s| s.write_vectored(bufs)) {
            Some(written) => Poll::Ready(written),
            None => Pin::new(s).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(ended) = this.at_once(|s| s.shutdown(net::Shutdown::Write)) {
            return Poll::Ready(ended);
        }
        ready!(Pin::new(this.known()?).poll_shutdown(cx))?;
        Poll::Ready(Ok(()))
    }
}

impl From<TcpStream> for Tcp {
    fn from(s: TcpStream) -> Self {
        Self::Known(s)
    }
}
