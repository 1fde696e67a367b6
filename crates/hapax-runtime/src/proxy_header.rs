//! PROXY headers on the wire: taken from a client before anything else, sent to a server before anything else.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use hapax_proto::proxy::{Ends, Parsed, Why, netscaler, parse};
use hapax_sample::fault::Fault;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::io::Raw;
use crate::timer::Deadline;

/// What a look at the bytes that came says: what they are and how many of them are the header's.
type Look<T> = Result<(T, usize), Refused>;

/// Why a connection is refused, and the ends that its header names nevertheless.
pub(crate) struct Refused {
    pub(crate) fault: Fault,
    pub(crate) ends: Ends,
}

/// The ends it names, and its TLVs.
pub(crate) type Taken = (Ends, Arc<[u8]>);

/// Reads a PROXY header and nothing behind it; `room`: how much is looked at.
pub(crate) async fn take(raw: &mut Raw, room: usize, deadline: &Deadline) -> Result<Taken, Refused> {
    let look = |buf: &[u8]| match parse(buf) {
        Parsed::Done(header, len) => Ok(((header.ends, Arc::from(header.tlvs)), len)),
        Parsed::Bad(why, ends) => Err(Refused {
            fault: match why {
                Why::Short => Fault::PrxTruncated,
                Why::Other => Fault::PrxNotHdr,
                Why::Invalid => Fault::PrxBadHdr,
                Why::Protocol => Fault::PrxBadProto,
            },
            ends,
        }),
    };
    let ends = [Fault::PrxEmpty, Fault::PrxTimeout, Fault::PrxAbort];
    let (taken, len) = first_look(raw, room, deadline, look, ends).await?;
    match skip(raw, len).await {
        Ok(()) => Ok(taken),
        Err(()) => Err(Refused {
            fault: Fault::PrxAbort,
            ends: taken.0,
        }),
    }
}

/// Reads NetScaler's header with that magic number and nothing behind it.
pub(crate) async fn take_netscaler(
    raw: &mut Raw,
    magic: u32,
    room: usize,
    deadline: &Deadline,
) -> Result<(SocketAddr, SocketAddr), Refused> {
    let look = |buf: &[u8]| {
        let fault = match netscaler::parse(buf, magic) {
            netscaler::Parsed::Done(from, to, len) => return Ok(((from, to), len)),
            netscaler::Parsed::Short => Fault::CipTruncated,
            netscaler::Parsed::Magic => Fault::CipBadMagic,
            netscaler::Parsed::Protocol => Fault::CipBadProto,
        };
        Err(Refused { fault, ends: None })
    };
    let ends = [Fault::CipEmpty, Fault::CipTimeout, Fault::CipAbort];
    let (taken, len) = first_look(raw, room, deadline, look, ends).await?;
    match skip(raw, len).await {
        Ok(()) => Ok(taken),
        Err(()) => Err(Refused {
            fault: Fault::CipAbort,
            ends: Some(taken),
        }),
    }
}

/// Waits for bytes and looks at them once: a header that is not whole is none. `ends`: what is said of an end before the first
/// byte, of a timeout, of an error.
async fn first_look<T>(raw: &mut Raw, room: usize, deadline: &Deadline, look: impl Fn(&[u8]) -> Look<T>, ends: [Fault; 3]) -> Look<T> {
    let mut buf = vec![0; room];
    let seen = std::future::poll_fn(
        |cx| match raw.poll_peek(cx, &mut buf, |seen| (!seen.is_empty()).then(|| look(seen))) {
            Poll::Pending if deadline.expired(cx) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            other => other,
        },
    )
    .await;
    let fault = match seen {
        Ok(Some(answer)) => return answer,
        Ok(None) => ends[0],
        Err(e) if e.kind() == io::ErrorKind::TimedOut => ends[1],
        Err(_) => ends[2],
    };
    Err(Refused { fault, ends: None })
}

/// Takes what was looked at; an error when it is less.
async fn skip(raw: &mut Raw, len: usize) -> Result<(), ()> {
    let mut left = vec![0; len];
    let mut have = 0;
    while have < len {
        let got = std::future::poll_fn(|cx| {
            let mut rb = ReadBuf::new(&mut left[have..]);
            match Pin::new(&mut *raw).poll_read(cx, &mut rb) {
                // What is not there is not waited for.
                Poll::Pending => Poll::Ready(Ok(0)),
                Poll::Ready(r) => Poll::Ready(r.map(|()| rb.filled().len())),
            }
        })
        .await;
        match got {
            Ok(n) if n > 0 => have += n,
            _ => return Err(()),
        }
    }
    Ok(())
}

/// Writes all of a header.
pub(crate) async fn send(raw: &mut Raw, mut header: &[u8], deadline: &Deadline) -> io::Result<()> {
    while !header.is_empty() {
        let n = std::future::poll_fn(|cx| match Pin::new(&mut *raw).poll_write(cx, header) {
            Poll::Pending if deadline.expired(cx) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            other => other,
        })
        .await?;
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        header = &header[n..];
    }
    Ok(())
}
