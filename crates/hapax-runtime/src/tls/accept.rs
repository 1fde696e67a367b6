//! Handshakes with clients.

use std::io;
use std::task::Poll;

use hapax_proto::tls_hello::{Sniffed, client_hello};
use hapax_sample::fault::Fault;
use hapax_sample::hello::HelloFacts;
use hapax_sample::{TlsFacts, Verdict};
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;

use super::keylog::{Gathered, Keep};
use super::line::BindTlsConfig;
use super::{facts, failure, names, verdict};
use crate::io::{Io, Raw};
use crate::timer::Deadline;

/// A handshake that failed, and what is known of it all the same.
#[derive(Debug)]
pub(crate) struct Failed {
    pub fault: Fault,
    pub facts: Box<TlsFacts>,
}

type Stream = tokio_rustls::server::TlsStream<Raw>;

/// What expressions ask to be kept of a handshake.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    /// Bytes of the hello's lists.
    pub hello: usize,
    pub secrets: Keep,
}

/// Shakes hands until `deadline` passes.
pub(crate) async fn accept(bind: &BindTlsConfig, mut raw: Raw, kept: Kept, deadline: &Deadline) -> Result<(Io, Box<TlsFacts>), Failed> {
    let hello = if kept.hello > 0 {
        look_at_hello(&mut raw, kept.hello, deadline).await
    } else {
        None
    };
    let mut found = Found {
        secrets: Gathered::new(kept.secrets),
        ..Found::default()
    };
    match shake(bind, raw, deadline, &mut found).await {
        Ok(stream) => {
            let settings = bind.settings(found.chosen);
            if let Some(verifier) = &settings.lenient
                && found.verdict.is_none()
            {
                found.verdict = verifier.again(stream.get_ref().1);
            }
            let facts = facts::of_client(&stream, bind.certificate(found.chosen), settings);
            let facts = Box::new(TlsFacts {
                hello,
                verify: found.verdict.unwrap_or_default(),
                secrets: found.secrets.done(),
                ..facts
            });
            Ok((Io::Server(Box::new(stream)), facts))
        }
        Err(e) => Err(Failed {
            fault: failure::fault_of_client(&e, found.verdict),
            facts: Box::new(TlsFacts {
                hello,
                verify: found.verdict.unwrap_or_default(),
                error: failure::error_of(&e),
                secrets: found.secrets.done(),
                ..TlsFacts::default()
            }),
        }),
    }
}

/// The same where nobody asks for facts, and somebody else looks after the time.
pub(crate) async fn accept_plainly<S: AsyncRead + AsyncWrite + Unpin>(
    bind: &BindTlsConfig,
    raw: S,
) -> io::Result<tokio_rustls::server::TlsStream<S>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), raw).await?;
    let settings = bind.of_hello(&start.client_hello());
    start.into_stream(settings).await
}

/// What the steps of a handshake have told beside it.
#[derive(Default)]
struct Found {
    verdict: Option<Verdict>,
    chosen: Option<usize>,
    secrets: Gathered,
}

async fn until<T>(
    mut handshake: std::pin::Pin<Box<impl Future<Output = io::Result<T>>>>,
    deadline: &Deadline,
    found: &mut Found,
) -> io::Result<T> {
    std::future::poll_fn(|cx| {
        // What a handshake that nobody asks for facts has left on this thread is not ours.
        let _ = (verdict::take(), names::take_chosen());
        let step = found.secrets.during(|| handshake.as_mut().poll(cx));
        found.verdict = verdict::take().or(found.verdict);
        found.chosen = names::take_chosen().or(found.chosen);
        match step {
            Poll::Ready(r) => Poll::Ready(r),
            Poll::Pending if deadline.expired(cx) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// What the client asks for says how hands are shaken. The futures are large and short-lived: out of the session's own.
async fn shake(bind: &BindTlsConfig, raw: Raw, deadline: &Deadline, found: &mut Found) -> io::Result<Stream> {
    let start = until(Box::pin(LazyConfigAcceptor::new(Acceptor::default(), raw)), deadline, found).await?;
    let settings = bind.of_hello(&start.client_hello());
    // Its first step is taken when it is made, which must be where what it tells is gathered.
    until(Box::pin(async { start.into_stream(settings).await }), deadline, found).await
}

/// Looks at the client's hello and leaves it where it is; `None`: it is none, is too long, or did not come in time.
async fn look_at_hello(raw: &mut Raw, keep: usize, deadline: &Deadline) -> Option<Box<HelloFacts>> {
    let mut bytes = vec![0; HELLO_MAX];
    std::future::poll_fn(|cx| {
        let seen = raw.poll_peek(cx, &mut bytes, |bytes| match client_hello(bytes) {
            Sniffed::Found(hello) => Some(Some(Box::new(HelloFacts::keep(&hello, keep)))),
            Sniffed::More if bytes.len() < HELLO_MAX => None,
            Sniffed::More | Sniffed::Other => Some(None),
        });
        match seen {
            Poll::Ready(r) => Poll::Ready(r.ok().flatten().flatten()),
            Poll::Pending if deadline.expired(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// No hello in one record is longer than one.
const HELLO_MAX: usize = 16 * 1024 + 5;
