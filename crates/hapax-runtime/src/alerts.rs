//! Mail alerts: changes of servers, mailed to every mail server of a section, one after the other (manual, 12.3).

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hapax_config::plan::{MailAlerts, Mailer};
use hapax_proto::smtp::{Client, Mail, Step};
use hapax_sys::clock;
use hapax_value::Endpoint;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use crate::state::{Alert, Shared};

/// Mails that wait for one mail server; more are given up: what a farm that flaps has to say is soon old.
const WAITING: usize = 1024;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Mails alerts until the process stops.
pub(crate) async fn run(shared: Arc<Shared>) {
    let Some(mut inbox) = shared.alerts.open() else { return };
    // By section and mail server.
    let queues: Vec<Vec<Sender<Arc<Alert>>>> = shared
        .plan
        .mailers
        .iter()
        .map(|section| {
            let one = |mailer: &Mailer| {
                let (door, mails) = channel(WAITING);
                let limit = Duration::from_millis(section.timeout.max(1));
                tokio::task::spawn_local(deliver(Arc::clone(&shared), mailer.clone(), limit, mails));
                door
            };
            section.mailers.iter().map(one).collect()
        })
        .collect();
    while let Some(alert) = inbox.recv().await {
        let alert = Arc::new(alert);
        let section = alert.to.mailers as usize;
        for queue in queues.get(section).into_iter().flatten() {
            if queue.try_send(Arc::clone(&alert)).is_err() {
                tracing::warn!("too many mail alerts are waiting: one is given up");
            }
        }
    }
}

/// One mail server.
async fn deliver(shared: Arc<Shared>, mailer: Mailer, limit: Duration, mut mails: Receiver<Arc<Alert>>) {
    while let Some(alert) = mails.recv().await {
        let why = match timeout(limit, talk(&mailer.address, &alert)).await {
            Ok(Ok(())) => continue,
            Ok(Err(e)) => e.to_string(),
            Err(_) => "timeout".to_owned(),
        };
        tracing::warn!(
            proxy = %shared.conf(alert.proxy).name,
            "Can't send email alert to {}: {why}",
            mailer.name
        );
    }
}

async fn talk(to: &Endpoint, alert: &Alert) -> io::Result<()> {
    match to {
        Endpoint::Ip(addr) => converse(TcpStream::connect(addr).await?, alert).await,
        Endpoint::Unix(path) => converse(UnixStream::connect(&**path).await?, alert).await,
        Endpoint::Abstract(..) => Err(io::ErrorKind::Unsupported.into()),
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, alert: &Alert) -> io::Result<()> {
    let MailAlerts { from, to, myhostname, .. } = &alert.to;
    let subject = format!("[HAProxy Alert] {}", alert.text);
    let date = date(alert.seconds);
    let mut client = Client::new(Mail {
        host: myhostname.as_deref().unwrap_or_else(|| hapax_sys::host::name()),
        from,
        to,
        date: &date,
        subject: &subject,
        text: &alert.text,
    });
    let mut buf = [0; 1024];
    loop {
        let n = stream.read(&mut buf).await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match client.hear(&buf[..n]) {
            Step::Wait => {}
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Done => return Ok(()),
            Step::Failed(why) => return Err(io::Error::other(why)),
        }
    }
}

/// `Thu, 26 Nov 2026 11:04:32 +0000 (UTC)`: a mail is read elsewhere, whose clocks have another zone.
fn date(seconds: i64) -> String {
    let c = clock::local(seconds);
    let offset = c.offset;
    let (sign, minutes) = if offset < 0 { ('-', -offset / 60) } else { ('+', offset / 60) };
    // The first of January 1970 was a Thursday.
    let day = DAYS[(seconds + i64::from(offset)).div_euclid(86_400).rem_euclid(7) as usize];
    let month = MONTHS.get(c.month as usize).copied().unwrap_or("Jan");
    let zone = if offset == 0 { " (UTC)" } else { "" };
    format!(
        "{day}, {:02} {month} {} {:02}:{:02}:{:02} {sign}{:02}{:02}{zone}",
        c.day,
        c.year,
        c.hour,
        c.minute,
        c.second,
        minutes / 60,
        minutes % 60
    )
}
