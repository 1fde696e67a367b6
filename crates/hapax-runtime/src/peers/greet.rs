//! Peers that connect to us: their greeting, and what it is answered with.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hapax_proto::peers::{Hello, HelloError};
use hapax_sys::listen::Listener;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

use super::link::Role;
use super::{Section, talk};
use crate::check::Stream;

/// How long a greeting may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that are greeting or served at once.
const MOST: usize = 256;

const WELCOME: u16 = 200;
/// The greeting is for somebody else; it is from somebody who is no peer.
const NOT_ME: u16 = 503;
const STRANGER: u16 = 504;

/// Both ends of a connection, where they are IP addresses.
pub(super) type Ends = Option<(SocketAddr, SocketAddr)>;

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Serves connections until the task is aborted.
pub(super) async fn listen(section: Rc<Section>, listener: Listener) {
    let socket = match listener {
        Listener::Tcp(l) => TcpListener::from_std(l).map(Socket::Tcp),
        Listener::Unix(l) => UnixListener::from_std(l).map(Socket::Unix),
        Listener::Udp(_) => Err(io::ErrorKind::Unsupported.into()),
    };
    let Ok(socket) = socket else {
        tracing::error!("a listening socket of peers cannot be polled");
        return;
    };
    let mut sessions = JoinSet::new();
    loop {
        while sessions.try_join_next().is_some() {}
        if sessions.len() >= MOST {
            sessions.join_next().await;
            continue;
        }
        match accept(&socket).await {
            Ok((stream, ends)) => _ = sessions.spawn_local(serve(Rc::clone(&section), stream, ends)),
            Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
            Err(e) => {
                tracing::warn!("accept of a peer: {e}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn accept(socket: &Socket) -> io::Result<(Box<dyn Stream>, Ends)> {
    Ok(match socket {
        Socket::Tcp(l) => {
            let (stream, from) = l.accept().await?;
            let _ = stream.set_nodelay(true);
            let ends = stream.local_addr().ok().map(|to| (from, to));
            (Box::new(stream), ends)
        }
        Socket::Unix(l) => (Box::new(l.accept().await?.0), None),
    })
}

async fn serve(section: Rc<Section>, stream: Box<dyn Stream>, ends: Ends) {
    let greeted = tokio::time::timeout(PATIENCE, greet(&section, stream)).await;
    // Who does not greet, or not us, is told so and left.
    if let Ok(Ok((stream, rest, peer, role, minor))) = greeted {
        talk::run(&section, peer, role, minor, stream, &rest, (true, ends)).await;
    }
}

type Greeted = (Box<dyn Stream>, Vec<u8>, usize, Role, u32);

async fn greet(section: &Section, stream: Box<dyn Stream>) -> io::Result<Greeted> {
    let mut stream = match section.tls.peer_bind(section.index) {
        None => stream,
        Some(slot) => Box::new(crate::tls::accept_plainly(&slot.load_full(), stream).await?),
    };
    let mut got = Vec::new();
    let hello = loop {
        match Hello::read(&got) {
            Ok(Some(hello)) => break Ok(hello),
            Ok(None) => {}
            Err(e) => break Err(HelloError::status(e)),
        }
        if stream.read_buf(&mut got).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let judged = hello.and_then(|(hello, taken)| judge(section, &hello).map(|(peer, role)| (peer, role, hello.minor, taken)));
    let status = judged.err().unwrap_or(WELCOME);
    stream.write_all(format!("{status}\n").as_bytes()).await?;
    stream.flush().await?;
    if let Ok((peer, role, minor, taken)) = judged {
        return Ok((stream, got.split_off(taken), peer, role, minor));
    }
    let _ = stream.shutdown().await;
    Err(io::ErrorKind::PermissionDenied.into())
}

/// Who greets, or the status that says why it is not served.
fn judge(section: &Section, hello: &Hello) -> Result<(usize, Role), u16> {
    let conf = section.conf();
    if hello.to != conf.local_name() {
        return Err(NOT_ME);
    }
    if hello.from == conf.local_name() {
        return Ok((conf.local, Role::Old));
    }
    let found = conf.remotes().find(|(_, p)| *p.name == *hello.from);
    let (peer, _) = found.ok_or(STRANGER)?;
    let follower = section.follower(peer);
    Ok((peer, Role::Remote { peer, follower }))
}
