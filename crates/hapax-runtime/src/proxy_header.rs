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

/// What a look at the bytes so far says.
enum Look<T> {
    More(usize),
    Done(T),
    Bad(Fault),
}

/// The ends it names, and its TLVs.
pub(crate) type Taken = (Ends, Arc<[u8]>);

/// Reads a PROXY header and nothing behind it. The error is what is logged.
pub(crate) async fn take(raw: &mut Raw, deadline: &Deadline) -> Result<Taken, Fault> {
    let look = |buf: &[u8]| match parse(buf) {
        Parsed::More(n) => Look::More(n),
        Parsed::Done(header) => Look::Done((header.ends, Arc::from(header.tlvs))),
        Parsed::Bad(Why::Other) => Look::Bad(Fault::PrxNotHdr),
        Parsed::Bad(Why::Invalid) => Look::Bad(Fault::PrxBadHdr),
        Parsed::Bad(Why::Protocol) => Look::Bad(Fault::PrxBadProto),
    };
    let ends = [Fault::PrxEmpty, Fault::PrxTruncated, Fault::PrxTimeout, Fault::PrxAbort];
    read(raw, deadline, look, ends).await
}

/// Reads NetScaler's header with that magic number and nothing behind it.
pub(crate) async fn take_netscaler(raw: &mut Raw, magic: u32, deadline: &Deadline) -> Result<(SocketAddr, SocketAddr), Fault> {
    let look = |buf: &[u8]| match netscaler::parse(buf, magic) {
        netscaler::Parsed::More(n) => Look::More(n),
        netscaler::Parsed::Done(from, to) => Look::Done((from, to)),
        netscaler::Parsed::Magic => Look::Bad(Fault::CipBadMagic),
        netscaler::Parsed::Protocol => Look::Bad(Fault::CipBadProto),
    };
    let ends = [Fault::CipEmpty, Fault::CipTruncated, Fault::CipTimeout, Fault::CipAbort];
    read(raw, deadline, look, ends).await
}

/// Reads as `look` asks. `ends`: what is said of an end before the first byte, of one behind it, of a timeout, of an error.
async fn read<T>(raw: &mut Raw, deadline: &Deadline, look: impl Fn(&[u8]) -> Look<T>, ends: [Fault; 4]) -> Result<T, Fault> {
    let mut buf = Vec::with_capacity(64);
    loop {
        let more = match look(&buf) {
            Look::Done(header) => return Ok(header),
            Look::Bad(why) => return Err(why),
            Look::More(n) => n,
        };
        let at = buf.len();
        buf.resize(at + more, 0);
        let got = std::future::poll_fn(|cx| {
            let mut rb = ReadBuf::new(&mut buf[at..]);
            match Pin::new(&mut *raw).poll_read(cx, &mut rb) {
                Poll::Ready(r) => Poll::Ready(r.map(|()| rb.filled().len())),
                Poll::Pending if deadline.expired(cx) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        match got {
            Ok(0) if at == 0 => return Err(ends[0]),
            Ok(0) => return Err(ends[1]),
            Ok(n) => buf.truncate(at + n),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => return Err(ends[2]),
            Err(_) => return Err(ends[3]),
        }
    }
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
