//! PROXY headers on the wire: taken from a client before anything else, sent to a server before anything else.

use std::io;
use std::pin::Pin;
use std::task::Poll;

use hapax_proto::proxy::{Ends, Parsed, parse};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::io::Raw;
use crate::timer::Deadline;

/// Reads the header and nothing behind it. `InvalidData`: there is none.
pub(crate) async fn take(raw: &mut Raw, deadline: &Deadline) -> io::Result<Ends> {
    let mut buf = Vec::with_capacity(64);
    loop {
        let more = match parse(&buf) {
            Parsed::Done(ends) => return Ok(ends),
            Parsed::Bad => return Err(io::ErrorKind::InvalidData.into()),
            Parsed::More(n) => n,
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
        .await?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buf.truncate(at + got);
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
