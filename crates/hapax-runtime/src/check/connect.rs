//! The connections of checks: address, SOCKS4, PROXY line, TLS; each with its own code for failing.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hapax_balance::CheckStatus;
use hapax_proto::socks4;
use hapax_sample::TlsFacts;
use hapax_value::Endpoint;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};

use crate::io::{Io, Raw, Tcp};
use crate::tls;
use crate::upstream::{self, CannotBind, ConnectError, How, Special};

/// The signature of PROXY version 2, and a header that says "this connection is about itself".
const PROXY_V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// Why a step failed.
pub(crate) type Failure = (CheckStatus, String);

/// Where a connection goes and how.
pub(crate) struct Plan<'c> {
    pub to: Endpoint,
    /// What its socket is told.
    pub special: Option<Special<'c>>,
    /// The SOCKS4 proxy in between.
    pub socks: Option<SocketAddr>,
    pub source: Option<SocketAddr>,
    /// 0: none; 1 or 2.
    pub send_proxy: u8,
    pub tls: Option<Arc<ClientConfig>>,
    /// What TLS asks for and checks.
    pub name: Option<String>,
    pub linger: bool,
    /// We speak first, or say nothing at all: what the handshake has to acknowledge can wait for that, or be left out.
    pub speaks: bool,
    pub by: Instant,
}

/// A connection, and what is known of it.
pub(crate) struct Opened {
    pub io: Io,
    /// The addresses of its ends where they are of IP: its own first.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    pub tls: Option<Arc<TlsFacts>>,
}

impl Plan<'_> {
    pub(crate) async fn open(&self) -> Result<Box<dyn Stream>, Failure> {
        Ok(Box::new(self.open_with_ends().await?.io))
    }

    pub(crate) async fn open_with_ends(&self) -> Result<Opened, Failure> {
        let mut ends = None;
        let (ip, raw): (IpAddr, Raw) = match &self.to {
            Endpoint::Ip(addr) => {
                let hop = self.socks.unwrap_or(*addr);
                let opened = within(self.by, self.tcp(hop)).await;
                let mut stream = opened.map_err(|e| blame_connect(e.as_ref()))?;
                if self.socks.is_some() {
                    let asked = within(self.by, through(&mut stream, *addr)).await;
                    asked.map_err(|e| blame(e.as_ref(), CheckStatus::L4Timeout, CheckStatus::L4Con))?;
                }
                ends = stream.local_addr().ok().zip(stream.peer_addr().ok());
                let line = self.proxy_line(ends.map(|e| e.0), ends.map(|e| e.1));
                self.send(&mut stream, &line).await?;
                (addr.ip(), Raw::Tcp(stream))
            }
            Endpoint::Unix(path) => {
                let opened = within(self.by, UnixStream::connect(&**path)).await;
                (IpAddr::from([127, 0, 0, 1]), self.unix(opened).await?)
            }
            Endpoint::Abstract(path, zero) => {
                let opened = abstract_socket(path, *zero).and_then(UnixStream::from_std).map_err(Some);
                (IpAddr::from([127, 0, 0, 1]), self.unix(opened).await?)
            }
        };
        let (io, tls) = match &self.tls {
            None => (Io::Plain(raw), None),
            Some(config) => self.shake(raw, config, ip).await?,
        };
        Ok(Opened { io, ends, tls })
    }

    async fn tcp(&self, to: SocketAddr) -> io::Result<Tcp> {
        let how = How {
            own: self.source,
            special: self.special.as_ref(),
            speaks: self.speaks,
            ..How::default()
        };
        let stream = upstream::tcp(to, &how).await.map_err(ConnectError::into_io)?;
        if !self.linger
            && let Some(fd) = stream.fd()
        {
            // A check leaves no TIME_WAIT behind: thousands of them would eat the ports.
            hapax_sys::sockopt::set_reset_on_close(fd)?;
        }
        Ok(stream)
    }

    async fn unix(&self, opened: Result<UnixStream, Option<io::Error>>) -> Result<Raw, Failure> {
        let mut stream = opened.map_err(|e| blame_connect(e.as_ref()))?;
        let line = self.proxy_line(None, None);
        self.send(&mut stream, &line).await?;
        Ok(Raw::Unix(stream))
    }

    async fn send(&self, stream: &mut (impl AsyncWrite + Unpin), line: &[u8]) -> Result<(), Failure> {
        if line.is_empty() {
            return Ok(());
        }
        let sent = within(self.by, stream.write_all(line)).await;
        sent.map_err(|e| blame(e.as_ref(), CheckStatus::L4Timeout, CheckStatus::SockErr))
    }

    async fn shake(&self, raw: Raw, config: &Arc<ClientConfig>, ip: IpAddr) -> Result<(Io, Option<Arc<TlsFacts>>), Failure> {
        let name = self.name.as_ref().and_then(|n| ServerName::try_from(n.clone()).ok());
        let name = name.unwrap_or(ServerName::IpAddress(ip.into()));
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(config));
        match within(self.by, connector.connect(name, raw)).await {
            Ok(stream) => {
                let facts = tls::facts_of(&stream, self.name.as_deref());
                Ok((Io::Client(Box::new(stream)), Some(Arc::new(facts))))
            }
            Err(None) => Err((CheckStatus::L6Timeout, String::new())),
            Err(Some(e)) => {
                tracing::debug!(error = %e, "handshake of a check");
                Err((CheckStatus::L6Rsp, "SSL handshake failure".to_owned()))
            }
        }
    }

    fn proxy_line(&self, from: Option<SocketAddr>, to: Option<SocketAddr>) -> Vec<u8> {
        match (self.send_proxy, from, to) {
            (0, ..) => Vec::new(),
            (1, Some(from), Some(to)) => {
                let family = if from.is_ipv4() { "TCP4" } else { "TCP6" };
                format!("PROXY {family} {} {} {} {}\r\n", from.ip(), to.ip(), from.port(), to.port()).into_bytes()
            }
            (1, ..) => b"PROXY UNKNOWN\r\n".to_vec(),
            _ => PROXY_V2_LOCAL.to_vec(),
        }
    }
}

/// The error, or `None` for the time being over.
pub(super) async fn within<T>(by: Instant, work: impl Future<Output = io::Result<T>>) -> Result<T, Option<io::Error>> {
    match timeout_at(by, work).await {
        Ok(done) => done.map_err(Some),
        Err(_) => Err(None),
    }
}

pub(super) fn blame(error: Option<&io::Error>, timeout: CheckStatus, failed: CheckStatus) -> Failure {
    match error {
        None => (timeout, String::new()),
        Some(e) => match name(e) {
            Some(name) => (failed, format!("{name} ({})", words(e))),
            None => (failed, words(e)),
        },
    }
}

/// What HAProxy calls an error of the system; it has no name for the others.
fn name(e: &io::Error) -> Option<&'static str> {
    Some(match e.kind() {
        io::ErrorKind::ConnectionRefused => "ECONNREFUSED returned by OS",
        io::ErrorKind::ConnectionReset => "ECONNRESET returned by OS",
        io::ErrorKind::TimedOut => "ETIMEDOUT returned by OS",
        io::ErrorKind::NetworkUnreachable => "ENETUNREACH returned by OS",
        io::ErrorKind::HostUnreachable => "EHOSTUNREACH returned by OS",
        io::ErrorKind::BrokenPipe => "EPIPE returned by OS",
        _ => return None,
    })
}

/// A connection that failed, as HAProxy words it: what the system said, and in brackets its own text for that.
fn blame_connect(error: Option<&io::Error>) -> Failure {
    let Some(e) = error else {
        return (CheckStatus::L4Timeout, String::new());
    };
    if let Some(CannotBind(e)) = e.get_ref().and_then(|inner| inner.downcast_ref()) {
        return (CheckStatus::L4Con, format!("Can't bind to source address ({})", words(e)));
    }
    let code = match e.kind() {
        io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable => "No more ports to connect",
        _ => name(e).unwrap_or("General socket error"),
    };
    (CheckStatus::L4Con, format!("{code} ({})", words(e)))
}

/// The system's words for an error, without the number that Rust adds.
fn words(e: &io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The name fills the whole address, as HAProxy has it, unless it was asked to end with itself (`abnsz@`).
fn abstract_socket(name: &[u8], exact: bool) -> io::Result<std::os::unix::net::UnixStream> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixStream};
    let mut name = name.to_vec();
    if !exact {
        name.resize(107, 0);
    }
    let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// Asks a SOCKS4 proxy for a connection to `to`.
async fn through(stream: &mut Tcp, to: SocketAddr) -> io::Result<()> {
    let SocketAddr::V4(to) = to else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    stream.write_all(&socks4::connect(to)).await?;
    let mut answer = [0; socks4::ANSWER];
    stream.read_exact(&mut answer).await?;
    if socks4::granted(&answer) {
        Ok(())
    } else {
        Err(io::Error::other("SOCKS4 Proxy deny the request"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_haproxys_names() {
        let reset = io::Error::from_raw_os_error(104);
        let blamed = blame(Some(&reset), CheckStatus::L7Timeout, CheckStatus::SockErr);
        assert_eq!(
            blamed,
            (
                CheckStatus::SockErr,
                "ECONNRESET returned by OS (Connection reset by peer)".to_owned()
            )
        );
        let other = blame(Some(&io::Error::other("what?")), CheckStatus::L7Timeout, CheckStatus::SockErr);
        assert_eq!(other, (CheckStatus::SockErr, "what?".to_owned()));
        let late = blame(None, CheckStatus::L7Timeout, CheckStatus::SockErr);
        assert_eq!(late, (CheckStatus::L7Timeout, String::new()));
    }
}
