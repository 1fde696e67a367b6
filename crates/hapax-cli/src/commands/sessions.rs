//! Sessions under way: `show sess` and `shutdown session`. The workers know them; they are asked by letter.

use std::sync::Arc;
use std::time::Duration;

use hapax_runtime::state::{SessionRow, WorkerCommand};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, timeout_at};

use super::own::row;
use crate::command::{Answer, Call, Command};
use crate::control::Control;
use hapax_config::plan::SocketLevel;
use hapax_value::Support;

pub(super) static ROWS: &[Command] = &[
    Command {
        support: Support::Partial("what the streams' engine holds inside is not shown"),
        ..row!(&["show", "sess"], Operator, "show sess [<id>|all]", "list the sessions", show_sess)
    },
    row!(&["shutdown", "session"], Admin, "shutdown session <id>", "end a session", shutdown),
];

/// A worker that is slow to answer is left out.
const PATIENCE: Duration = Duration::from_secs(2);

async fn sessions(control: &dyn Control) -> Vec<SessionRow> {
    let (reply, mut answers) = unbounded_channel();
    let workers = control.shared().mail.broadcast(&WorkerCommand::ListSessions { reply });
    let by = Instant::now() + PATIENCE;
    let mut all = Vec::new();
    for _ in 0..workers {
        match timeout_at(by, answers.recv()).await {
            Ok(Some(rows)) => all.extend(rows),
            _ => break,
        }
    }
    all.sort_by_key(|r| r.id);
    all
}

/// `0x2a`, as it is shown; or a plain number.
fn parse_id(text: &str) -> Option<u64> {
    text.strip_prefix("0x")
        .map_or_else(|| text.parse().ok(), |h| u64::from_str_radix(h, 16).ok())
}

fn show_sess(c: &mut Call<'_>) -> Answer {
    let wanted = match c.arg(0) {
        "" | "all" => None,
        text => match parse_id(text) {
            Some(id) => Some(id),
            None => return Answer::err("Session not found."),
        },
    };
    let control = Arc::clone(c.control);
    Answer::Later(Box::pin(async move {
        let all = sessions(&*control).await;
        let now = control.now_us();
        let text: String = all
            .iter()
            .filter(|r| wanted.is_none_or(|w| w == r.id))
            .map(|r| line(&*control, r, now))
            .collect();
        if text.is_empty() && wanted.is_some() {
            "Session not found.\n".into()
        } else {
            text
        }
    }))
}

fn line(control: &dyn Control, r: &SessionRow, now_us: u64) -> String {
    let shared = control.shared();
    let name = |p: hapax_sample::ProxyId| &*shared.conf(p).name;
    let (proto, src) = match (&r.src, &r.src_text) {
        (Some(a), _) if a.is_ipv4() => ("tcpv4", a.to_string()),
        (Some(a), _) => ("tcpv6", a.to_string()),
        (None, text) => ("unix_stream", text.clone().unwrap_or_else(|| "unix:1".into())),
    };
    let be = r.backend.map_or("<NONE>", name);
    let srv = match (r.backend, r.server) {
        (Some(b), Some(s)) => shared.server_conf(b, s).name.to_string(),
        _ => "<none>".to_owned(),
    };
    let age = age_text(now_us.saturating_sub(r.started_us) / 1_000_000);
    format!(
        "{:#x}: proto={proto} src={src} fe={} be={be} srv={srv} age={age} requests={} in={} out={}\n",
        r.id,
        name(r.frontend),
        r.requests,
        r.bytes_in,
        r.bytes_out
    )
}

/// The two largest units that are not zero: `2h5m`, `14s`.
fn age_text(s: u64) -> String {
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{}s", s / 60, s % 60),
        3600..86400 => format!("{}h{}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{}h", s / 86400, s % 86400 / 3600),
    }
}

fn shutdown(c: &mut Call<'_>) -> Answer {
    if c.arg(0).is_empty() {
        return Answer::err("Session pointer expected (use 'show sess').");
    }
    let Some(id) = parse_id(c.arg(0)) else {
        return Answer::err("Session pointer expected (use 'show sess').");
    };
    let control = Arc::clone(c.control);
    Answer::Later(Box::pin(async move {
        if !sessions(&*control).await.iter().any(|r| r.id == id) {
            return "No such session (use 'show sess').\n".into();
        }
        control.shared().mail.broadcast(&WorkerCommand::EndSession { id });
        String::new()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_ages() {
        assert_eq!((parse_id("0x2a"), parse_id("42"), parse_id("x")), (Some(42), Some(42), None));
        let cases = [(5, "5s"), (61, "1m1s"), (7500, "2h5m"), (90_000, "1d1h")];
        for (s, want) in cases {
            assert_eq!(age_text(s), want);
        }
    }
}
