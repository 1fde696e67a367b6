//! Peers that we connect to, over and over, while they are not connected to us.

use std::rc::Rc;
use std::time::Duration;

use hapax_proto::peers::{Hello, status};
use hapax_value::Endpoint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::greet::Ends;
use super::link::Role;
use super::{Section, talk};
use crate::check::{Dial, Stream};

/// How long a connection and its greeting may take, and how long one that was refused with a reason is left alone.
const PATIENCE: Duration = Duration::from_secs(5);
/// The version of the protocol that is spoken is 2 and this.
pub(super) const MINOR: u32 = 1;
/// How a peer that speaks another version is told of.
const OTHER_VERSION: &str = "BADVERSION";
/// Pause before the next attempt, milliseconds: at random, so that two peers do not go on connecting to each other at once.
const PAUSE: std::ops::Range<u64> = 50..2050;

/// Why there is no session.
pub(super) struct Refused {
    /// The word for it.
    pub(super) status: &'static str,
    /// Trying again at once makes no sense.
    pub(super) lasting: bool,
    /// Nobody was there at all.
    pub(super) absent: bool,
}

/// Keeps a session with the peer, whoever has begun it.
pub(super) async fn keep(section: Rc<Section>, peer: usize) {
    let state = &section.state().peers[peer];
    let (mut pause, mut minor) = (Duration::ZERO, MINOR);
    loop {
        let turned = state.turned.notified();
        tokio::pin!(turned);
        turned.as_mut().enable();
        if state.has_session() {
            turned.await;
            pause = at_random();
            continue;
        }
        let at = Instant::now() + pause;
        state.view().reconnect = Some(section.now() + pause.as_millis() as u64);
        tokio::select! {
            () = sleep_until(at) => {}
            () = turned.as_mut() => continue,
        }
        state.view().status = "CONN";
        state.view().reconnect = Some(section.now() + PAUSE.end);
        let opened = tokio::select! {
            opened = open(&section, peer, None, minor) => opened,
            // It was faster.
            () = turned => continue,
        };
        pause = at_random();
        match opened {
            Ok((stream, rest, ends)) => {
                let role = Role::Remote {
                    peer,
                    follower: section.follower(peer),
                };
                talk::run(&section, peer, role, minor, stream, &rest, (false, ends)).await;
            }
            Err(refused) => {
                state.view().status = refused.status;
                if refused.status == OTHER_VERSION {
                    // An old one knows only the first; a new one that took its place knows both.
                    minor = MINOR - minor;
                } else if refused.lasting {
                    pause = PATIENCE;
                }
            }
        }
    }
}

fn at_random() -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let n = RandomState::new().hash_one(0);
    Duration::from_millis(PAUSE.start + n % (PAUSE.end - PAUSE.start))
}

/// Connects (to the peer's address, or elsewhere) and greets, as of that minor version. Gives what came behind the answer, too.
pub(super) async fn open(
    section: &Section,
    peer: usize,
    at: Option<&Endpoint>,
    minor: u32,
) -> Result<(Box<dyn Stream>, Vec<u8>, Ends), Refused> {
    let refused = |status| Refused {
        status,
        lasting: false,
        absent: false,
    };
    let conf = section.conf();
    let server = &conf.peers[peer];
    let Some(to) = at.or(server.address.as_ref()).cloned() else {
        return Err(Refused {
            lasting: true,
            absent: true,
            ..refused("NAME")
        });
    };
    let by = Instant::now() + PATIENCE;
    let source = match &server.source {
        Some(Endpoint::Ip(a)) => Some(*a),
        _ => None,
    };
    let dial = Dial {
        special: None,
        to,
        socks: server.socks4,
        source,
        send_proxy: server.send_proxy,
        tls: section.tls.peer_server(section.index, peer).map(|slot| slot.load_full()),
        name: server.tls.as_ref().and_then(|t| t.verifyhost.clone()),
        linger: true,
        speaks: true,
        by,
    };
    let opened = dial.open_with_ends().await.map_err(|_| Refused {
        absent: true,
        ..refused("CONN")
    })?;
    let hello = Hello {
        to: server.name.to_string(),
        from: conf.local_name().to_owned(),
        pid: std::process::id().into(),
        minor,
    };
    let (mut stream, ends): (Box<dyn Stream>, _) = (Box::new(opened.io), opened.ends);
    let greeting = async {
        stream.write_all(hello.write().as_bytes()).await?;
        stream.flush().await?;
        let mut got = Vec::new();
        loop {
            match status(&got) {
                Ok(Some((code, taken))) => return Ok((code, got.split_off(taken))),
                Ok(None) => {}
                Err(e) => return Err(std::io::Error::other(e)),
            }
            if stream.read_buf(&mut got).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
    };
    match timeout_at(by, greeting).await {
        Ok(Ok((200, rest))) => Ok((stream, rest, ends)),
        Ok(Ok((code, _))) => Err(Refused {
            lasting: code != 300,
            ..refused(word(code))
        }),
        Ok(Err(_)) | Err(_) => Err(refused("HSHK")),
    }
}

/// The word for a status.
fn word(status: u16) -> &'static str {
    match status {
        300 => "TRYAGAIN",
        501 => "PROTERR",
        502 => OTHER_VERSION,
        503 => "UNKNOWN",
        504 => "REJECTED",
        _ => "ERR",
    }
}
