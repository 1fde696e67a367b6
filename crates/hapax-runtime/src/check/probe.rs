//! One check of one server: connect, TLS, PROXY line, request, answer; each step with its own code for failing.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hapax_balance::{CheckStatus, Outcome};
use hapax_config::plan::{Check, CheckKind};
use hapax_sample::{ProxyId, ServerId};
use hapax_value::Endpoint;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::{Instant, timeout_at};

use super::http::{self, Answer};
use crate::control::TlsOf;
use crate::state::Shared;

/// The most an answer's head may take.
const MAX_HEAD: usize = 16_384;

/// The signature of PROXY version 2, and a header that says "this connection is about itself".
const PROXY_V2_LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// Why a check ended before its end.
type Verdict = (CheckStatus, u16, String);

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

pub(super) async fn probe(shared: &Shared, p: ProxyId, s: ServerId, check: &Check, tls: &TlsOf) -> Outcome {
    let start = Instant::now();
    let plan = &shared.plan.proxies[p.0 as usize];
    let whole = start + Duration::from_millis(check.inter.max(1));
    // `timeout check` is for reading; then connecting has the shorter of its own limit and the interval.
    let (connect_by, read_for) = match plan.timeouts.check {
        Some(ms) => {
            let connect = plan.timeouts.connect.map_or(check.inter, |c| c.min(check.inter));
            (start + Duration::from_millis(connect.max(1)), Some(Duration::from_millis(ms)))
        }
        None => (whole, None),
    };
    let server = &plan.servers[s.0 as usize];
    let target = target(shared, p, s, check);
    let config = if check.tls { tls(p.0, s.0) } else { None };
    let name = server.tls.as_ref().and_then(|t| t.verifyhost.as_deref());
    let probe = Probe {
        check,
        send_proxy: if check.send_proxy { server.send_proxy.max(1) } else { 0 },
        source: match &server.source {
            Some(Endpoint::Ip(a)) => Some(*a),
            _ => None,
        },
        connect_by,
        read_for,
        whole,
    };
    let verdict = match target {
        Some(to) => probe.run(&to, config, name).await,
        None => (CheckStatus::SockErr, 0, "no address".to_owned()),
    };
    let (status, code, info) = verdict;
    Outcome {
        status,
        code,
        info,
        duration_ms: start.elapsed().as_millis() as u64,
    }
}

/// Where the check goes: `addr` and `port` of the check before the server's own.
fn target(shared: &Shared, p: ProxyId, s: ServerId, check: &Check) -> Option<Endpoint> {
    let server = shared.server(p, s);
    let own = server.endpoint()?;
    let set = server.check_port.load(std::sync::atomic::Ordering::Relaxed) as u16;
    let port = if set > 0 { Some(set) } else { check.port };
    match (check.address.clone().unwrap_or_else(|| own.clone()), port) {
        (Endpoint::Ip(mut a), port) => {
            match port {
                Some(n) => a.set_port(n),
                None if a.port() == 0 => a.set_port(own.port().unwrap_or(0)),
                None => {}
            }
            Some(Endpoint::Ip(a))
        }
        (other, _) => Some(other),
    }
}

struct Probe<'a> {
    check: &'a Check,
    send_proxy: u8,
    source: Option<SocketAddr>,
    connect_by: Instant,
    read_for: Option<Duration>,
    whole: Instant,
}

impl Probe<'_> {
    async fn run(&self, to: &Endpoint, tls: Option<Arc<ClientConfig>>, name: Option<&str>) -> Verdict {
        match to {
            Endpoint::Ip(addr) => {
                let stream = match within(self.connect_by, tcp(*addr, self.source)).await {
                    Ok(s) => s,
                    Err(e) => return blame(e, CheckStatus::L4Timeout, CheckStatus::L4Con),
                };
                let line = self.proxy_line(stream.local_addr().ok(), stream.peer_addr().ok());
                self.over(stream, &line, addr.ip(), tls, name).await
            }
            Endpoint::Unix(path) => match within(self.connect_by, UnixStream::connect(&**path)).await {
                Ok(s) => self.over_unix(s, tls, name).await,
                Err(e) => blame(e, CheckStatus::L4Timeout, CheckStatus::L4Con),
            },
            Endpoint::Abstract(path, zero) => {
                let opened = abstract_socket(path, *zero).and_then(UnixStream::from_std);
                match opened {
                    Ok(s) => self.over_unix(s, tls, name).await,
                    Err(e) => blame(Some(e), CheckStatus::L4Timeout, CheckStatus::L4Con),
                }
            }
        }
    }

    async fn over_unix(&self, stream: UnixStream, tls: Option<Arc<ClientConfig>>, name: Option<&str>) -> Verdict {
        let line = self.proxy_line(None, None);
        self.over(stream, &line, std::net::Ipv4Addr::LOCALHOST.into(), tls, name).await
    }

    async fn over(
        &self,
        mut stream: impl Stream,
        line: &[u8],
        ip: std::net::IpAddr,
        tls: Option<Arc<ClientConfig>>,
        name: Option<&str>,
    ) -> Verdict {
        if !line.is_empty()
            && let Err(e) = within(self.whole, stream.write_all(line)).await
        {
            return blame(e, CheckStatus::L4Timeout, CheckStatus::SockErr);
        }
        let Some(config) = tls else {
            return self.exchange(stream, CheckStatus::L4Ok).await;
        };
        let name = name.and_then(|n| ServerName::try_from(n.to_owned()).ok());
        let name = name.unwrap_or(ServerName::IpAddress(ip.into()));
        let connector = tokio_rustls::TlsConnector::from(config);
        match within(self.connect_by, connector.connect(name, stream)).await {
            Ok(stream) => self.exchange(stream, CheckStatus::L6Ok).await,
            Err(e) => blame(e, CheckStatus::L6Timeout, CheckStatus::L6Rsp),
        }
    }

    /// The conversation above the connection; `connected` is the verdict where there is none.
    async fn exchange(&self, mut stream: impl Stream, connected: CheckStatus) -> Verdict {
        let CheckKind::Http {
            method,
            uri,
            version,
            headers,
            body,
            expect,
        } = &self.check.kind
        else {
            return (connected, 0, String::new());
        };
        let read_by = self.read_for.map_or(self.whole, |d| Instant::now() + d);
        let request = http::request(method, uri, version, headers, body);
        if let Err(e) = within(read_by, stream.write_all(&request)).await {
            return blame(e, CheckStatus::L7Timeout, CheckStatus::SockErr);
        }
        let mut got = Vec::with_capacity(1024);
        loop {
            match within(read_by, stream.read_buf(&mut got)).await {
                Ok(0) => return (CheckStatus::L7Rsp, 0, String::new()),
                Ok(_) => {}
                Err(e) => return blame(e, CheckStatus::L7Timeout, CheckStatus::SockErr),
            }
            match http::parse(&got) {
                Answer::Head { code, reason } => return http::judge(code, reason, expect),
                Answer::Partial if got.len() < MAX_HEAD => {}
                Answer::Partial | Answer::Bad => return (CheckStatus::L7Rsp, 0, String::new()),
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
async fn within<T>(by: Instant, work: impl Future<Output = io::Result<T>>) -> Result<T, Option<io::Error>> {
    match timeout_at(by, work).await {
        Ok(done) => done.map_err(Some),
        Err(_) => Err(None),
    }
}

fn blame(error: Option<io::Error>, timeout: CheckStatus, failed: CheckStatus) -> Verdict {
    match error {
        None => (timeout, 0, String::new()),
        Some(e) => (failed, 0, words(&e)),
    }
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

async fn tcp(to: SocketAddr, source: Option<SocketAddr>) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = source {
        if from.port() > 0 {
            socket.set_reuseaddr(true)?;
        }
        socket.bind(from)?;
    }
    let stream = socket.connect(to).await?;
    // A check leaves no TIME_WAIT behind: thousands of them would eat the ports.
    hapax_sys::sockopt::set_reset_on_close(&stream)?;
    Ok(stream)
}
