//! Messages: control, and the updates of tables.

use crate::varint::{decode, encode};

/// Longest message that is taken.
const LONGEST: u64 = 1 << 16;
/// Kinds of data that have numbers.
const KINDS: u8 = 27;
const STRING: u64 = 6;
const INTEGER: u64 = 2;

/// What is wrong with a message; the session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("a message that is longer than any may be")]
    TooLong,
    #[error("a message that ends before its fields do")]
    Truncated,
    #[error("a table with data of a kind that has no number here")]
    UnknownData,
    #[error("an update before any table")]
    NoTable,
    #[error("a text that was never sent")]
    UnknownText,
    #[error("the other side gave up")]
    GivenUp,
}

/// Messages without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Teach me all you know.
    ResyncRequest,
    /// That was all, and I know everything.
    ResyncFinished,
    /// That was all that I know.
    ResyncPartial,
    ResyncConfirm,
    Heartbeat,
}

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'b> {
    Control(Control),
    /// The other side gives up: a protocol error (0), or a message that was too long (1).
    Error(u8),
    /// The updates that follow are of this table.
    Definition(Definition),
    /// The same, of one that was defined before, by its number.
    Switch(u64),
    /// Read on with [`update`].
    Update(Raw<'b>),
    /// The updates of a table up to a number have arrived.
    Ack {
        table: u64,
        update: u32,
    },
    /// Of a later version: to be passed over.
    Unknown,
}

/// An update whose fields are not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'b> {
    /// Without a number of its own: one more than the last.
    pub incremental: bool,
    /// With the time that the entry has left.
    pub timed: bool,
    body: &'b [u8],
}

/// How a kind of data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    Number,
    /// Milliseconds since the period began, its count, and that of the one before.
    Rate,
    /// A text, by its number in the sender's memory once it was sent.
    Text,
}

impl DataKind {
    /// Of a kind's number; whether it is an array.
    fn of(number: u8) -> Option<(Self, bool)> {
        let kind = match number {
            3 | 5 | 8 | 10 | 12 | 14 | 16 | 18 | 21 | 24 | 26 => Self::Rate,
            19 => Self::Text,
            n if n < KINDS => Self::Number,
            _ => return None,
        };
        Some((kind, matches!(number, 22..=24)))
    }
}

/// One kind of data of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    pub number: u8,
    /// 1 for what is no array.
    pub elements: u16,
    /// Milliseconds; 0 for what is no rate.
    pub period: u32,
}

/// A table as its sender has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The sender's number for it.
    pub id: u64,
    pub name: String,
    /// 2: integer, 4: IPv4, 5: IPv6, 6: string, 7: binary.
    pub key_type: u64,
    /// Bytes of a key; of a string one more than the longest.
    pub key_len: u64,
    /// In the order of their numbers.
    pub data: Vec<Data>,
    /// Lifetime of an entry, milliseconds; 0: for ever.
    pub expire: u64,
}

/// The value of one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    Number(u64),
    Rate([u32; 3]),
    /// The text is there the first time its number is used; number 0: none at all.
    Text {
        id: u64,
        text: Option<String>,
    },
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// `None`: one more than the last.
    pub id: Option<u32>,
    /// Milliseconds that the entry has left.
    pub left: Option<u32>,
    pub key: Vec<u8>,
    /// Every element of every kind, in the order of the definition.
    pub fields: Vec<Field>,
}

/// Reads a message off the front, and tells how many bytes it took; `None`: it is not whole yet.
pub fn split(bytes: &[u8]) -> Result<Option<(Message<'_>, usize)>, WireError> {
    let [class, kind, rest @ ..] = bytes else { return Ok(None) };
    if *kind < 128 {
        let message = match (class, kind) {
            (0, 0) => Message::Control(Control::ResyncRequest),
            (0, 1) => Message::Control(Control::ResyncFinished),
            (0, 2) => Message::Control(Control::ResyncPartial),
            (0, 3) => Message::Control(Control::ResyncConfirm),
            (0, 4) => Message::Control(Control::Heartbeat),
            (1, n) => Message::Error(*n),
            _ => Message::Unknown,
        };
        return Ok(Some((message, 2)));
    }
    let mut from = rest;
    let Some(len) = decode(&mut from) else {
        return if rest.len() > 10 { Err(WireError::TooLong) } else { Ok(None) };
    };
    if len > LONGEST {
        return Err(WireError::TooLong);
    }
    let len = len as usize;
    if from.len() < len {
        return Ok(None);
    }
    let taken = bytes.len() - from.len() + len;
    let message = if *class == 10 {
        table_message(*kind, &from[..len])?
    } else {
        Message::Unknown
    };
    Ok(Some((message, taken)))
}

fn table_message(kind: u8, body: &[u8]) -> Result<Message<'_>, WireError> {
    let raw = |incremental, timed| Message::Update(Raw { incremental, timed, body });
    let mut from = body;
    Ok(match kind {
        128 => raw(false, false),
        129 => raw(true, false),
        130 => Message::Definition(read_definition(from)?),
        131 => Message::Switch(number(&mut from)?),
        132 => Message::Ack {
            table: number(&mut from)?,
            update: word(&mut from)?,
        },
        133 => raw(false, true),
        134 => raw(true, true),
        _ => Message::Unknown,
    })
}

fn number(from: &mut &[u8]) -> Result<u64, WireError> {
    decode(from).ok_or(WireError::Truncated)
}

fn word(from: &mut &[u8]) -> Result<u32, WireError> {
    let (bytes, rest) = from.split_first_chunk().ok_or(WireError::Truncated)?;
    *from = rest;
    Ok(u32::from_be_bytes(*bytes))
}

fn take<'b>(from: &mut &'b [u8], len: u64) -> Result<&'b [u8], WireError> {
    let len = usize::try_from(len).map_err(|_| WireError::Truncated)?;
    let (taken, rest) = from.split_at_checked(len).ok_or(WireError::Truncated)?;
    *from = rest;
    Ok(taken)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn read_definition(mut from: &[u8]) -> Result<Definition, WireError> {
    let from = &mut from;
    let id = number(from)?;
    let len = number(from)?;
    let name = text(take(from, len)?);
    let (key_type, key_len, bits, expire) = (number(from)?, number(from)?, number(from)?, number(from)?);
    if bits >> KINDS != 0 {
        return Err(WireError::UnknownData);
    }
    let mut data = Vec::new();
    for n in (0..KINDS).filter(|n| bits >> n & 1 == 1) {
        let (kind, array) = DataKind::of(n).ok_or(WireError::UnknownData)?;
        let mut one = Data {
            number: n,
            elements: 1,
            period: 0,
        };
        if array || kind == DataKind::Rate {
            // The kind's number is said again before what belongs to it.
            number(from)?;
        }
        if array {
            one.elements = u16::try_from(number(from)?).map_err(|_| WireError::TooLong)?;
        }
        if kind == DataKind::Rate {
            one.period = u32::try_from(number(from)?).map_err(|_| WireError::TooLong)?;
        }
        data.push(one);
    }
    Ok(Definition {
        id,
        name,
        key_type,
        key_len,
        data,
        expire,
    })
}

/// Reads an update of a table.
pub fn update(raw: Raw<'_>, table: &Definition) -> Result<Update, WireError> {
    let mut body = raw.body;
    let from = &mut body;
    let id = if raw.incremental { None } else { Some(word(from)?) };
    let left = if raw.timed { Some(word(from)?) } else { None };
    let len = match table.key_type {
        STRING => number(from)?,
        INTEGER => 4,
        _ => table.key_len,
    };
    let key = take(from, len)?.to_vec();
    let mut fields = Vec::new();
    for data in &table.data {
        let (kind, _) = DataKind::of(data.number).ok_or(WireError::UnknownData)?;
        for _ in 0..data.elements {
            fields.push(read_field(from, kind)?);
        }
    }
    Ok(Update { id, left, key, fields })
}

fn read_field(from: &mut &[u8], kind: DataKind) -> Result<Field, WireError> {
    Ok(match kind {
        DataKind::Number => Field::Number(number(from)?),
        DataKind::Rate => Field::Rate([number(from)? as u32, number(from)? as u32, number(from)? as u32]),
        DataKind::Text => {
            let len = number(from)?;
            let mut part = take(from, len)?;
            if part.is_empty() {
                return Ok(Field::Text { id: 0, text: None });
            }
            let id = number(&mut part)?;
            let known = part.is_empty();
            let text = if known {
                None
            } else {
                let len = number(&mut part)?;
                Some(text(take(&mut part, len)?))
            };
            Field::Text { id, text }
        }
    })
}

/// Appends a message without a body.
pub fn control(message: Control, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0, message as u8]);
}

/// Appends a message of tables.
fn message(kind: u8, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&[10, kind]);
    encode(body.len() as u64, out);
    out.extend_from_slice(body);
}

/// Appends an acknowledgement.
pub fn ack(table: u64, update: u32, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    encode(table, &mut body);
    body.extend_from_slice(&update.to_be_bytes());
    message(132, &body, out);
}

/// Appends a definition; its data must be in the order of their numbers.
pub fn definition(d: &Definition, out: &mut Vec<u8>) {
    let mut body = Vec::new();
    encode(d.id, &mut body);
    encode(d.name.len() as u64, &mut body);
    body.extend_from_slice(d.name.as_bytes());
    let bits = d.data.iter().fold(0_u64, |bits, data| bits | 1 << data.number);
    for n in [d.key_type, d.key_len, bits, d.expire] {
        encode(n, &mut body);
    }
    for data in &d.data {
        let Some((kind, array)) = DataKind::of(data.number) else {
            continue;
        };
        if array || kind == DataKind::Rate {
            encode(data.number.into(), &mut body);
        }
        if array {
            encode(data.elements.into(), &mut body);
        }
        if kind == DataKind::Rate {
            encode(data.period.into(), &mut body);
        }
    }
    message(130, &body, out);
}

impl Update {
    /// Appends the update, of a table whose keys are of that type.
    pub fn write(&self, key_type: u64, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        if let Some(id) = self.id {
            body.extend_from_slice(&id.to_be_bytes());
        }
        if let Some(left) = self.left {
            body.extend_from_slice(&left.to_be_bytes());
        }
        if key_type == STRING {
            encode(self.key.len() as u64, &mut body);
        }
        body.extend_from_slice(&self.key);
        for field in &self.fields {
            write_field(field, &mut body);
        }
        let kind = match (self.id, self.left) {
            (Some(_), None) => 128,
            (None, None) => 129,
            (Some(_), Some(_)) => 133,
            (None, Some(_)) => 134,
        };
        message(kind, &body, out);
    }
}

fn write_field(field: &Field, out: &mut Vec<u8>) {
    match field {
        Field::Number(n) => encode(*n, out),
        Field::Rate(parts) => parts.iter().for_each(|n| encode(u64::from(*n), out)),
        Field::Text { id: 0, .. } => out.push(0),
        Field::Text { id, text } => {
            let mut part = Vec::new();
            encode(*id, &mut part);
            if let Some(text) = text {
                encode(text.len() as u64, &mut part);
                part.extend_from_slice(text.as_bytes());
            }
            encode(part.len() as u64, out);
            out.extend_from_slice(&part);
        }
    }
}

#[cfg(test)]
mod tests;
