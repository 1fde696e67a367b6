//! Connections through a SOCKS4 proxy (manual, 5.2 `socks4`).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;

use hapax_proto::socks4::{ANSWER, connect, granted};
use hapax_value::Endpoint;
use tokio::io::{AsyncRead, ReadBuf};

use crate::io::Raw;
use crate::proxy_header;
use crate::timer::Deadline;

/// Asks the proxy at the other end of `raw` for a connection to `to`, and reads its answer and nothing behind it.
pub(crate) async fn ask(raw: &mut Raw, to: &Endpoint, deadline: &Deadline) -> io::Result<()> {
    let Endpoint::Ip(SocketAddr::V4(to)) = to else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    proxy_header::send(raw, &connect(*to), deadline).await?;
    let (mut answer, mut at) = ([0; ANSWER], 0);
    while at < ANSWER {
        let got = std::future::poll_fn(|cx| {
            let mut rb = ReadBuf::new(&mut answer[at..]);
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
        at += got;
    }
    if granted(&answer) {
        Ok(())
    } else {
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}
