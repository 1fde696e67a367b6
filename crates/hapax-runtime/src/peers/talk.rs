//! A session between two sockets: bytes to the link and back, until one side has had enough.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::sleep_until;

use super::Section;
use super::greet::Ends;
use super::link::{Link, Role};
use crate::check::Stream;
use crate::state::PeerState;

/// Bytes read at once.
const CHUNK: usize = 16 * 1024;
/// Changes are gathered for so long before they are told, so that what changes a hundred times is told once.
const GATHER: Duration = Duration::from_millis(1);

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Silent,
    Wrong,
    /// Another session of the same peer has begun.
    Replaced,
    /// Our successor knows everything, and nothing changes any more.
    HandedOver,
    /// It knows all but what changed lately, and has gone.
    Taught,
}

/// How long our successor may take to confirm the last changes.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs a session that was greeted. `rest`: what came behind the greeting; `from`: whether the other side has connected, and from where
/// to where.
pub(super) async fn run(
    section: &Section,
    peer: usize,
    role: Role,
    minor: u32,
    stream: Box<dyn Stream>,
    rest: &[u8],
    from: (bool, Ends),
) -> End {
    let state = &section.state().peers[peer];
    let number = section.next_number();
    let end = Arc::new(Notify::new());
    state.begin(number, Arc::clone(&end), Link::start(role, minor, section.reach()));
    {
        let mut view = state.view();
        view.status = "ESTA";
        view.connected = true;
        (view.incoming, view.ends) = from;
        view.last_handshake = Some(section.now());
        view.new_conn += 1;
    }
    let talk = Talk {
        section,
        state,
        number,
        hands_over: matches!(role, Role::New { .. }),
    };
    let ended = talk.converse(stream, rest, &end).await;
    if ended == End::HandedOver {
        return ended;
    }
    let taught = talk.hands_over && talk.link(|l| l.handed_over) == Ok(true);
    section.over(role);
    if state.finish(number) {
        let mut view = state.view();
        view.connected = false;
        view.silences += u64::from(ended == End::Silent);
        view.wrong += u64::from(ended == End::Wrong);
    }
    if taught { End::Taught } else { ended }
}

struct Talk<'s> {
    section: &'s Section,
    state: &'s PeerState,
    number: u64,
    /// With the process that replaces us.
    hands_over: bool,
}

impl Talk<'_> {
    fn link<R>(&self, act: impl FnOnce(&mut Link) -> R) -> Result<R, End> {
        self.state.with(self.number, act).ok_or(End::Replaced)
    }

    async fn converse(&self, stream: Box<dyn Stream>, rest: &[u8], end: &Notify) -> End {
        match self.exchange(stream, rest, end).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn exchange(&self, stream: Box<dyn Stream>, rest: &[u8], end: &Notify) -> Result<std::convert::Infallible, End> {
        let section = self.section;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut chunk = vec![0; CHUNK];
        let (mut out, mut at, mut flushed) = (Vec::new(), 0, true);
        let mut last_words = None;
        self.received(rest)?;
        loop {
            let changed = section.state().changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if at == out.len() {
                at = 0;
                self.prepare(&mut out)?;
                flushed &= out.is_empty();
            }
            let (writing, mut tick) = (at < out.len(), self.tick()?);
            if self.hands_over && section.state().is_drained() {
                let until = *last_words.get_or_insert(section.now() + LAST_WORDS.as_millis() as u64);
                let told = !writing && flushed && self.link(|l| l.is_told())?;
                if told || section.now() >= until && self.link(|l| l.handed_over)? {
                    return Err(End::HandedOver);
                }
                tick = tick.min(until.max(section.now() + 1));
            }
            tokio::select! {
                read = reader.read(&mut chunk) => match read {
                    Ok(n @ 1..) => self.received(&chunk[..n])?,
                    Ok(0) | Err(_) => return Err(End::Closed),
                },
                // One operation at a time: each may be given up and begun again.
                wrote = write_or_flush(&mut writer, &out[at..]), if writing || !flushed => match wrote {
                    Ok(0) if writing => return Err(End::Closed),
                    Ok(n) => {
                        at += n;
                        flushed = !writing;
                    }
                    Err(_) => return Err(End::Closed),
                },
                () = changed, if !writing && flushed => tokio::time::sleep(GATHER).await,
                () = sleep_until(section.moment(tick)) => {}
                () = end.notified() => return Err(End::Replaced),
            }
        }
    }

    fn received(&self, bytes: &[u8]) -> Result<(), End> {
        let reach = self.section.reach();
        let taken = self.link(|l| l.receive(bytes, reach))?;
        if let Err(e) = taken {
            tracing::warn!(peers = %self.section.conf().name, "a session ends: {e}");
            return Err(End::Wrong);
        }
        Ok(())
    }

    /// What is to be written next.
    fn prepare(&self, out: &mut Vec<u8>) -> Result<(), End> {
        let reach = self.section.reach();
        for table in self.section.conf().tables.iter().filter_map(|t| self.section.shared.tables.get(*t)) {
            table.table.listen();
        }
        self.link(|l| {
            l.ask(reach);
            while l.session.waiting() == 0 && l.fill(reach) {}
            l.session.take_output(out);
        })
    }

    /// Lets time pass; gives when it does next.
    fn tick(&self) -> Result<u64, End> {
        let now = self.section.now();
        let (alive, next, heartbeat) = self.link(|l| (l.session.tick(now), l.session.next_tick(), l.session.next_heartbeat()))?;
        let (sent, got, confirms) = self.link(|l| (l.session.beats.0, l.session.beats.1, l.confirms))?;
        let mut view = self.state.view();
        view.heartbeat = Some(heartbeat);
        view.sent_beats = sent;
        view.got_beats = got;
        view.confirms = confirms;
        if alive { Ok(next) } else { Err(End::Silent) }
    }
}

/// Gives how many bytes were written; without any to write, the stream is flushed.
async fn write_or_flush(writer: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> std::io::Result<usize> {
    if bytes.is_empty() {
        writer.flush().await.map(|()| 0)
    } else {
        writer.write(bytes).await
    }
}

impl Section {
    /// A session is over: its lessons too.
    fn over(&self, role: Role) {
        use hapax_proto::peers::Teacher;
        let who = match role {
            Role::Remote { peer, .. } => Teacher::Peer(peer),
            Role::Old => Teacher::Old,
            Role::New { .. } => return,
        };
        self.state().resync().lost(who, self.now());
    }
}
