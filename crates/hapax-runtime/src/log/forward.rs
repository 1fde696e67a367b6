//! Forwarders: each sends a ring's messages on to one server over a stream, and starts anew when the connection is lost.

use std::sync::Arc;
use std::time::Duration;

use hapax_config::plan::{LogProto, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::ring::Ring;
use crate::check::connect::{Plan, Stream};
use crate::tls::ClientSlot;

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest an attempt may take where the ring does not say.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes sent at once.
const BATCH: usize = 65_536;

/// One of a ring's servers.
pub(crate) struct Forwarder {
    pub ring: Arc<Ring>,
    /// Its place among the ring's servers.
    pub place: usize,
    pub server: Server,
    pub tls: Option<ClientSlot>,
    pub connect: Option<Duration>,
    pub send: Option<Duration>,
}

impl Forwarder {
    /// Never ends.
    pub(crate) async fn run(self) {
        loop {
            if let Some(mut stream) = self.open().await {
                self.serve(&mut *stream).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn open(&self) -> Option<Box<dyn Stream>> {
        let plan = Plan {
            to: self.server.address.clone()?,
            special: None,
            socks: self.server.socks4,
            source: match &self.server.source {
                Some(hapax_value::Endpoint::Ip(a)) => Some(*a),
                _ => None,
            },
            send_proxy: self.server.send_proxy,
            tls: self.tls.as_ref().map(|slot| slot.load_full()),
            name: self.server.tls.as_ref().and_then(|t| t.verifyhost.clone()),
            linger: true,
            speaks: true,
            by: Instant::now() + self.connect.unwrap_or(CONNECT),
        };
        match plan.open().await {
            Ok(stream) => Some(stream),
            Err((_, why)) => {
                tracing::debug!(ring = %self.ring.name, server = %self.server.name, "no connection: {why}");
                None
            }
        }
    }

    /// Until the connection is lost. What was not sent whole is sent again over the next one.
    async fn serve(&self, stream: &mut dyn Stream) {
        let mut batch = Vec::new();
        loop {
            let news = self.ring.news.notified();
            tokio::pin!(news);
            // From here on no message goes unnoticed.
            news.as_mut().enable();
            batch.clear();
            let from = self.ring.held(self.place);
            let to = self.ring.read(from, BATCH, |m| self.frame(m, &mut batch));
            if batch.is_empty() {
                let mut nothing = [0; 256];
                tokio::select! {
                    () = &mut news => {}
                    // Nothing is expected of it but its end.
                    got = stream.read(&mut nothing) => if !matches!(got, Ok(1..)) { return },
                }
                continue;
            }
            let sending = async {
                stream.write_all(&batch).await?;
                stream.flush().await
            };
            let sent = match self.send {
                Some(limit) => timeout(limit, sending).await.is_ok_and(|r| r.is_ok()),
                None => sending.await.is_ok(),
            };
            if !sent {
                return;
            }
            self.ring.release(self.place, to);
        }
    }

    fn frame(&self, message: &[u8], out: &mut Vec<u8>) {
        match self.server.log_proto {
            LogProto::OctetCount => {
                out.extend_from_slice(message.len().to_string().as_bytes());
                out.push(b' ');
                out.extend_from_slice(message);
            }
            LogProto::Legacy => {
                out.extend_from_slice(message);
                out.push(b'\n');
            }
        }
    }
}
