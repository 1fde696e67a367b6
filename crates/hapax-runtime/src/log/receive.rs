//! `log-forward`: takes messages from datagrams and streams and sends them on.

use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hapax_config::plan::{LogForward, LogHost};
use hapax_proto::syslog::{Framed, Message, framed};
use hapax_sys::listen::Listener;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, UdpSocket, UnixListener};

use crate::io::{Raw, Tcp};
use crate::worker::Worker;

/// Connections at once where `maxconn` says nothing.
const MAXCONN: u32 = 10;
/// The largest datagram there can be.
const DATAGRAM: usize = 65_536;
/// How long a full section waits before it looks again.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Serves one socket of section `index` until the task is aborted. `bind`: its place among the stream listeners.
pub(crate) async fn run(worker: Rc<Worker>, index: usize, bind: usize, socket: Listener) {
    let plan = Arc::clone(&worker.shared.plan);
    let Some(conf) = plan.log_forwards.get(index) else { return };
    let served = match socket {
        Listener::Udp(s) => datagrams(&worker, conf, s).await,
        Listener::Tcp(l) => streams(&worker, index, bind, Socket::Tcp(l)).await,
        Listener::Unix(l) => streams(&worker, index, bind, Socket::Unix(l)).await,
    };
    if let Err(e) = served {
        tracing::error!(section = %conf.name, "messages are not received any more: {e}");
    }
}

async fn datagrams(worker: &Worker, conf: &LogForward, socket: std::net::UdpSocket) -> io::Result<()> {
    let socket = UdpSocket::from_std(socket)?;
    let mut buf = vec![0; DATAGRAM];
    loop {
        // Errors are those of datagrams that were sent, and none are.
        let Ok((n, from)) = socket.recv_from(&mut buf).await else {
            continue;
        };
        take(worker, conf, &buf[..n], Some(from.ip()));
    }
}

enum Socket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

/// A connection in the section's count.
struct Place(Rc<Worker>, usize);

impl Place {
    fn take(worker: &Rc<Worker>, index: usize, max: u32) -> Option<Self> {
        let more = |n: u32| (n < max).then_some(n + 1);
        let taken = count(worker, index)?.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok().then(|| Self(Rc::clone(worker), index))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(n) = count(&self.0, self.1) {
            n.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn count(worker: &Worker, index: usize) -> Option<&AtomicU32> {
    worker.shared.logs.senders.get(index)
}

async fn streams(worker: &Rc<Worker>, index: usize, bind: usize, socket: Socket) -> io::Result<()> {
    let max = worker.plan().log_forwards[index].maxconn;
    let max = if max == 0 { MAXCONN } else { max };
    let (tcp, unix) = match socket {
        Socket::Tcp(l) => (Some(TcpListener::from_std(l)?), None),
        Socket::Unix(l) => (None, Some(UnixListener::from_std(l)?)),
    };
    let tls = worker.tls.log_bind(index as u32, bind as u32).cloned();
    loop {
        let accepted = match (&tcp, &unix) {
            (Some(l), _) => l.accept().await.map(|(s, from)| (Raw::Tcp(Tcp::Known(s)), Some(from.ip()))),
            (None, Some(l)) => l.accept().await.map(|(s, _)| (Raw::Unix(s), None)),
            (None, None) => return Ok(()),
        };
        let Ok((raw, from)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let place = loop {
            match Place::take(worker, index, max) {
                Some(place) => break place,
                None => tokio::time::sleep(PAUSE).await,
            }
        };
        let tls = tls.clone();
        tokio::task::spawn_local(async move {
            let worker = &place.0;
            let conf = &worker.plan().log_forwards[index];
            let Some(config) = tls else {
                return sender(worker, conf, raw, from).await;
            };
            let config = config.load_full();
            let handshake = crate::tls::accept_plainly(&config, raw);
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, handshake).await {
                sender(worker, conf, stream, from).await;
            }
        });
    }
}

/// One connection: until its end, a silence that is too long, or what is no message.
async fn sender(worker: &Worker, conf: &LogForward, mut stream: impl AsyncRead + Unpin, from: Option<IpAddr>) {
    let limit = worker.plan().global.bufsize;
    let patience = conf
        .timeout_client
        .filter(|ms| *ms > 0)
        .map_or(Duration::MAX, Duration::from_millis);
    let mut buf = Vec::new();
    loop {
        let mut done = 0;
        loop {
            match framed(&buf[done..], conf.assume_ntf, limit) {
                Framed::Message { start, end, next } => {
                    take(worker, conf, &buf[done + start..done + end], from);
                    done += next;
                }
                Framed::More => break,
                Framed::Bad => return,
            }
        }
        buf.drain(..done);
        match tokio::time::timeout(patience, stream.read_buf(&mut buf)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0)) if !buf.is_empty() && !buf[0].is_ascii_digit() => {
                // A last line that lacks its end is a message all the same.
                return take(worker, conf, &buf, from);
            }
            _ => return,
        }
    }
}

/// Sends one message on.
fn take(worker: &Worker, conf: &LogForward, bytes: &[u8], from: Option<IpAddr>) {
    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | 0)).map_or(0, |i| i + 1);
    let bytes = &bytes[..end];
    let message = if conf.dont_parse {
        Message::raw(bytes)
    } else {
        Message::parse(bytes)
    };
    let host = host(conf.host, message.host, from);
    worker.logger.borrow_mut().forward(&worker.shared, &conf.log, &message, &host);
}

/// What stands for the host name of a message (`option host`).
fn host(how: LogHost, own: &[u8], from: Option<IpAddr>) -> std::borrow::Cow<'_, [u8]> {
    let address = |ip: IpAddr| ip.to_canonical().to_string().into_bytes();
    match (how, from) {
        (LogHost::Keep, _) | (_, None) => own.into(),
        (LogHost::Fill, Some(_)) if !own.is_empty() => own.into(),
        (LogHost::Append, Some(ip)) if !own.is_empty() => [own, b",", &address(ip)].concat().into(),
        (_, Some(ip)) => address(ip).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_kept_filled_replaced_and_appended() {
        let from = Some(IpAddr::from([192, 0, 2, 1]));
        for (how, own, from, want) in [
            (LogHost::Fill, "box", from, "box"),
            (LogHost::Fill, "", from, "192.0.2.1"),
            (LogHost::Replace, "box", from, "192.0.2.1"),
            (LogHost::Append, "box", from, "box,192.0.2.1"),
            (LogHost::Append, "", from, "192.0.2.1"),
            (LogHost::Keep, "", from, ""),
            (LogHost::Replace, "box", None, "box"),
        ] {
            assert_eq!(host(how, own.as_bytes(), from), want.as_bytes(), "{how:?} {own:?}");
        }
    }
}
