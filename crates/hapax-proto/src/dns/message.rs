//! Questions and answers on the wire (RFC 1035, 2782, 6891). The format itself is the `domain` crate's work; what an answer has to be
//! so that it counts is decided here.

use std::net::IpAddr;

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::message_builder::MessageBuilder;
use domain::base::{Message, Name, ParsedName, ToName};
use domain::rdata::AllRecordData;

/// The most records that are taken from one answer: farms are smaller, and memory is not for strangers to fill.
const MOST_RECORDS: usize = 4096;

/// The longest chain of aliases that is followed.
const MOST_ALIASES: usize = 16;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    A,
    Aaaa,
    Srv,
}

impl Kind {
    fn rtype(self) -> Rtype {
        match self {
            Self::A => Rtype::A,
            Self::Aaaa => Rtype::AAAA,
            Self::Srv => Rtype::SRV,
        }
    }
}

/// One question, as it is sent and as the answer has to repeat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub id: u16,
    pub kind: Kind,
    pub name: String,
}

/// A service's place (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Srv {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    /// In lower case, without the dot at the end.
    pub target: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    Ip(IpAddr),
    Srv(Srv),
}

/// A usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Answer {
    /// At least one, of the kind that was asked for.
    pub records: Vec<Record>,
    /// The name is an alias.
    pub alias: bool,
    /// Addresses that came along for other names, such as those that SRV records point to.
    pub additional: Vec<(String, IpAddr)>,
}

/// Why a message is no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It is not for this question at all: nothing is to be made of it.
    Foreign,
    /// It cannot be read, or says no.
    Invalid,
    /// It was cut: the whole is to be had over TCP.
    Truncated,
    Nx,
    Refused,
    /// Another error code.
    Other,
    /// There is nothing in it.
    Empty,
    /// Its aliases lead nowhere, or its records belong to another name.
    Alias,
}

/// A name as it is compared and kept: in lower case, without the dot at its end.
pub fn normal_name(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn shown(name: &impl ToName) -> String {
    normal_name(&name.to_vec().to_string())
}

impl Question {
    /// The message to send; `None`: no such name can be asked for. `payload`: the largest answer that is taken over UDP.
    pub fn encode(&self, payload: u16) -> Option<Vec<u8>> {
        let name: Name<Vec<u8>> = Name::vec_from_str(&self.name).ok()?;
        if name.is_root() {
            return None;
        }
        let mut message = MessageBuilder::new_vec();
        message.header_mut().set_id(self.id);
        message.header_mut().set_rd(true);
        let mut message = message.question();
        message.push((&name, self.kind.rtype(), Class::IN)).ok()?;
        let mut message = message.additional();
        message
            .opt(|opt| {
                opt.set_udp_payload_size(payload);
                Ok(())
            })
            .ok()?;
        Some(message.finish())
    }

    /// Reads what a name server sent.
    pub fn decode(&self, bytes: &[u8]) -> Result<Answer, Fault> {
        let message = Message::from_slice(bytes).map_err(|_| Fault::Foreign)?;
        let header = message.header();
        if header.id() != self.id {
            return Err(Fault::Foreign);
        }
        if !header.qr() {
            return Err(Fault::Invalid);
        }
        // A server that refuses may leave the question out.
        match message.header_counts().qdcount() {
            1 => {
                let q = message.sole_question().map_err(|_| Fault::Invalid)?;
                if q.qtype() != self.kind.rtype() || q.qclass() != Class::IN || shown(q.qname()) != normal_name(&self.name) {
                    return Err(Fault::Foreign);
                }
            }
            0 if header.rcode() != Rcode::NOERROR => {}
            _ => return Err(Fault::Invalid),
        }
        match header.rcode() {
            Rcode::NOERROR => {}
            Rcode::NXDOMAIN => return Err(Fault::Nx),
            Rcode::REFUSED => return Err(Fault::Refused),
            _ => return Err(Fault::Other),
        }
        if header.tc() {
            return Err(Fault::Truncated);
        }
        let mut answer = self.records(message)?;
        answer.additional = additional(message);
        Ok(answer)
    }

    /// The records of the answer section that belong to the name, its aliases followed.
    fn records(&self, message: &Message<[u8]>) -> Result<Answer, Fault> {
        let mut aliases: Vec<(String, String)> = Vec::new();
        let mut found: Vec<(String, Record)> = Vec::new();
        for record in message.answer().map_err(|_| Fault::Invalid)?.take(MOST_RECORDS) {
            let record = record.map_err(|_| Fault::Invalid)?;
            if record.class() != Class::IN {
                continue;
            }
            let owner = shown(&record.owner());
            let data = record.to_any_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>();
            match data.map_err(|_| Fault::Invalid)?.data() {
                AllRecordData::Cname(to) => aliases.push((owner, shown(to.cname()))),
                AllRecordData::A(a) if self.kind == Kind::A => found.push((owner, Record::Ip(a.addr().into()))),
                AllRecordData::Aaaa(a) if self.kind == Kind::Aaaa => found.push((owner, Record::Ip(a.addr().into()))),
                AllRecordData::Srv(s) if self.kind == Kind::Srv => found.push((
                    owner,
                    Record::Srv(Srv {
                        priority: s.priority(),
                        weight: s.weight(),
                        port: s.port(),
                        target: shown(s.target()),
                    }),
                )),
                _ => {}
            }
        }
        let mut name = normal_name(&self.name);
        let mut steps = 0;
        while let Some((_, to)) = aliases.iter().find(|(from, _)| *from == name) {
            steps += 1;
            if steps > MOST_ALIASES {
                return Err(Fault::Alias);
            }
            name.clone_from(to);
        }
        let any = !found.is_empty();
        let mut records: Vec<Record> = Vec::new();
        for (_, record) in found.into_iter().filter(|(owner, _)| *owner == name) {
            if !records.contains(&record) {
                records.push(record);
            }
        }
        if records.is_empty() {
            return Err(if any || steps > 0 { Fault::Alias } else { Fault::Empty });
        }
        Ok(Answer {
            records,
            alias: steps > 0,
            additional: Vec::new(),
        })
    }
}

/// Addresses of the additional section. What cannot be read there spoils nothing.
fn additional(message: &Message<[u8]>) -> Vec<(String, IpAddr)> {
    let mut all = Vec::new();
    let Ok(section) = message.additional() else { return all };
    for record in section.take(MOST_RECORDS).flatten() {
        if record.class() != Class::IN {
            continue;
        }
        let owner = shown(&record.owner());
        match record.to_any_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>() {
            Ok(r) => match r.data() {
                AllRecordData::A(a) => all.push((owner, a.addr().into())),
                AllRecordData::Aaaa(a) => all.push((owner, a.addr().into())),
                _ => {}
            },
            Err(_) => break,
        }
    }
    all
}

#[cfg(test)]
mod tests;
