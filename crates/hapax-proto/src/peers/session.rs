//! One session after its greeting, as a machine without a wire: bytes in, events out; messages in, bytes out.
//!
//! It knows which table the messages are of on either side, numbers updates and confirms those that came, compresses texts, and
//! tells when to say that we live and when the other side does not. What a table is, and what to send when, its owner knows.
//! Nothing grows beyond what the limits here allow, whatever the other side sends.

use std::collections::HashMap;
use std::sync::Arc;

use super::message::{self, Control, Definition, Field, Message, Update, WireError};
use super::texts::{Heard, Said};

/// Silence after which we say that we live, and after which the other side does not; milliseconds.
const HEARTBEAT: u64 = 3000;
const PATIENCE: u64 = 5000;
/// Tables that one session may speak of, and the longest name of one.
const MOST_TABLES: usize = 4096;
const LONGEST_NAME: usize = 1024;

/// What a message means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A control message; heartbeats are not told.
    Control(Control),
    /// The updates that follow are of this table.
    Table(Arc<Definition>),
    /// An update of the table that was told of last; texts are there.
    Update(Update),
    /// Updates of our table up to a number have arrived.
    Confirmed { table: u64, update: u32 },
    /// The other side gives up.
    Failed,
}

/// A table of the other side.
#[derive(Debug)]
struct Theirs {
    definition: Arc<Definition>,
    /// Number of the last update that came, and of the last one that we confirmed.
    got: u32,
    confirmed: u32,
}

/// A table of ours.
#[derive(Clone, Copy, Debug, Default)]
struct Ours {
    /// Number of the last update.
    sent: u32,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    inbox: Vec<u8>,
    read: usize,
    out: Vec<u8>,
    theirs: HashMap<u64, Theirs>,
    current: Option<u64>,
    ours: HashMap<u64, Ours>,
    /// Which of ours the other side takes updates to be of, and whether the next one needs no number.
    telling: Option<u64>,
    counted: bool,
    heard: Heard,
    said: Said,
    last_in: u64,
    last_out: u64,
    /// Heartbeats sent, heartbeats that came.
    pub beats: (u64, u64),
}

impl Session {
    pub fn new(now: u64) -> Self {
        Self {
            inbox: Vec::new(),
            read: 0,
            out: Vec::new(),
            theirs: HashMap::new(),
            current: None,
            ours: HashMap::new(),
            telling: None,
            counted: false,
            heard: Heard::default(),
            said: Said::default(),
            last_in: now,
            last_out: now,
            beats: (0, 0),
        }
    }

    /// Takes bytes from the wire; [`Self::next_event`] gives what they mean.
    pub fn feed(&mut self, bytes: &[u8], now: u64) {
        self.last_in = now;
        if self.read > 0 {
            self.inbox.drain(..self.read);
            self.read = 0;
        }
        self.inbox.extend_from_slice(bytes);
    }

    /// The next event; `None`: more bytes are wanted. After an error the session is over.
    pub fn next_event(&mut self) -> Result<Option<Event>, WireError> {
        while let Some((message, taken)) = message::split(&self.inbox[self.read..])? {
            self.read += taken;
            let event = match message {
                Message::Control(Control::Heartbeat) => {
                    self.beats.1 += 1;
                    continue;
                }
                Message::Control(c) => Event::Control(c),
                Message::Error(_) => Event::Failed,
                Message::Definition(d) => self.defined(d)?,
                Message::Switch(id) => match self.theirs.get(&id) {
                    None => continue,
                    Some(t) => {
                        self.current = Some(id);
                        Event::Table(Arc::clone(&t.definition))
                    }
                },
                Message::Update(raw) => {
                    let Some(table) = self.current.and_then(|id| self.theirs.get_mut(&id)) else {
                        return Err(WireError::NoTable);
                    };
                    let mut update = message::update(raw, &table.definition)?;
                    table.got = update.id.unwrap_or(table.got.wrapping_add(1));
                    for field in &mut update.fields {
                        self.heard.complete(field)?;
                    }
                    Event::Update(update)
                }
                Message::Ack { table, update } => Event::Confirmed { table, update },
                Message::Unknown => continue,
            };
            return Ok(Some(event));
        }
        Ok(None)
    }

    fn defined(&mut self, d: Definition) -> Result<Event, WireError> {
        let one_more = self.theirs.len() >= MOST_TABLES && !self.theirs.contains_key(&d.id);
        if one_more || d.name.len() > LONGEST_NAME {
            return Err(WireError::TooLong);
        }
        let id = d.id;
        let d = Arc::new(d);
        self.current = Some(id);
        let known = self.theirs.entry(id).or_insert_with(|| Theirs {
            definition: Arc::clone(&d),
            got: 0,
            confirmed: 0,
        });
        known.definition = Arc::clone(&d);
        Ok(Event::Table(d))
    }

    /// Confirms what came since the last call.
    pub fn confirm(&mut self, now: u64) {
        for (id, t) in &mut self.theirs {
            if t.got != t.confirmed {
                t.confirmed = t.got;
                message::ack(*id, t.got, &mut self.out);
                self.last_out = now;
            }
        }
    }

    pub fn control(&mut self, what: Control, now: u64) {
        message::control(what, &mut self.out);
        self.last_out = now;
    }

    /// What follows is of this table of ours.
    pub fn table(&mut self, d: &Definition, now: u64) {
        if self.telling != Some(d.id) {
            self.telling = Some(d.id);
            self.counted = false;
            message::definition(d, &mut self.out);
            self.last_out = now;
        }
    }

    /// Sends an update of the table told of last: `left` is there where the entry's time matters. Gives its number.
    pub fn update(&mut self, key_type: u64, key: Vec<u8>, left: Option<u32>, mut fields: Vec<Field>, now: u64) -> u32 {
        let ours = self.ours.entry(self.telling.unwrap_or(0)).or_default();
        ours.sent = ours.sent.wrapping_add(1);
        let (sent, id) = (ours.sent, (!self.counted).then_some(ours.sent));
        self.counted = true;
        for field in &mut fields {
            self.said.shorten(field);
        }
        Update { id, left, key, fields }.write(key_type, &mut self.out);
        self.last_out = now;
        sent
    }

    /// Which table of ours, and which of the other side, was spoken of last.
    pub fn current(&self) -> (Option<u64>, Option<u64>) {
        (self.telling, self.current)
    }

    /// Number of the last update of a table of ours.
    pub fn sent(&self, table: u64) -> u32 {
        self.ours.get(&table).map_or(0, |o| o.sent)
    }

    /// What came and was confirmed of the tables of the other side: their definition, and the number of the last update.
    pub fn theirs(&self) -> impl Iterator<Item = (&Definition, u32)> {
        self.theirs.values().map(|t| (&*t.definition, t.got))
    }

    /// Says that we live if it is time; `false`: the other side has been silent for too long.
    pub fn tick(&mut self, now: u64) -> bool {
        if now >= self.last_out + HEARTBEAT {
            self.beats.0 += 1;
            self.control(Control::Heartbeat, now);
        }
        now < self.last_in + PATIENCE
    }

    /// When [`Self::tick`] has something to do.
    pub fn next_tick(&self) -> u64 {
        (self.last_out + HEARTBEAT).min(self.last_in + PATIENCE)
    }

    /// When we say that we live, should nothing else be said before.
    pub fn next_heartbeat(&self) -> u64 {
        self.last_out + HEARTBEAT
    }

    /// Bytes that wait to be taken.
    pub fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Takes what is to be written; the room of `into` is used for what comes next.
    pub fn take_output(&mut self, into: &mut Vec<u8>) {
        into.clear();
        std::mem::swap(&mut self.out, into);
    }

    /// Texts as they are numbered, sent and received.
    pub fn texts(&self) -> (&Said, &Heard) {
        (&self.said, &self.heard)
    }
}

#[cfg(test)]
mod tests;
