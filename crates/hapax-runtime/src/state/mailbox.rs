//! What the control thread asks of the workers: their streams are theirs alone, so it sends letters.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError};

use super::lending::{Parcel, Wish};
use hapax_sample::{ProxyId, ServerId};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A letter to one worker, or to all of them.
#[derive(Clone, Debug)]
pub enum WorkerCommand {
    /// End the streams of a server: `shutdown sessions server`, `on-marked-down shutdown-sessions` (`down`).
    EndServerSessions { proxy: ProxyId, server: ServerId, down: bool },
    /// End the streams on backup servers: an active one is back, and `on-marked-up shutdown-backup-sessions` is set.
    EndBackupSessions { proxy: ProxyId },
    /// `shutdown session ID`
    EndSession { id: u64 },
    /// Close the connections to a server that no stream uses.
    DropIdle { proxy: ProxyId, server: ServerId },
    /// Lend an idle connection to a health check.
    LendIdle(Wish),
    /// Keep a connection that a health check is done with.
    KeepIdle { proxy: ProxyId, server: ServerId, parcel: Parcel },
    /// `show sess`: one answer per worker.
    ListSessions { reply: UnboundedSender<Vec<SessionRow>> },
    /// Descriptors of the listening sockets, for a successor: one answer per worker.
    Sockets { reply: UnboundedSender<Vec<OwnedFd>> },
    /// `disable|enable|shutdown frontend`
    Frontend { proxy: ProxyId, order: FrontendOrder },
    /// `set maxconn global|frontend`: listeners held back look again.
    LimitsChanged,
    /// Stop accepting, end idle connections, and end once the last stream has.
    Finish,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontendOrder {
    Pause,
    Resume,
    Stop,
}

/// One session as `show sess` lists it.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub id: u64,
    pub src: Option<SocketAddr>,
    /// What `src` shows where there is no IP address: `unix:1`.
    pub src_text: Option<String>,
    pub frontend: ProxyId,
    pub backend: Option<ProxyId>,
    pub server: Option<ServerId>,
    pub started_us: u64,
    pub requests: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
}

/// The workers' letter boxes.
#[derive(Debug, Default)]
pub struct Mailboxes {
    boxes: Mutex<Vec<UnboundedSender<WorkerCommand>>>,
}

impl Mailboxes {
    /// A worker opens its box.
    pub fn open(&self) -> UnboundedReceiver<WorkerCommand> {
        let (tx, rx) = unbounded_channel();
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).push(tx);
        rx
    }

    /// Sends a copy to every worker, and says how many there are.
    pub fn broadcast(&self, command: &WorkerCommand) -> usize {
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        // A worker that has ended has dropped its end.
        boxes.retain(|b| b.send(command.clone()).is_ok());
        boxes.len()
    }
}
