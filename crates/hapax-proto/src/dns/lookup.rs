//! One name that is looked up again and again: whom to ask next, and what has come of it.
//!
//! ```text
//!   idle --due--> asking (every name server at once)
//!   asking: the first usable answer ends it; when the last server has said no, the other address family is asked, then the first one
//!           again, as often as `retries` say; silence for the retry time asks the same question again.
//! ```

use super::message::{Answer, Fault, Kind, Question};

/// Milliseconds of a clock that only goes forward.
type Millis = u64;

/// Which families of addresses are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    pub v4: bool,
    pub v6: bool,
}

impl Families {
    pub const BOTH: Self = Self { v4: true, v6: true };

    fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::A => self.v4,
            Kind::Aaaa => self.v6,
            Kind::Srv => true,
        }
    }
}

/// How persistently is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Rounds before a name counts as failed, at least one.
    pub retries: u32,
    /// How long a round may take.
    pub retry: Millis,
    /// From the end of one resolution to the start of the next.
    pub resolve: Millis,
}

/// How the last resolution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Status {
    #[default]
    None,
    Valid,
    Nx,
    Refused,
    Timeout,
    Other,
}

impl From<Fault> for Status {
    fn from(f: Fault) -> Self {
        match f {
            Fault::Nx => Self::Nx,
            Fault::Refused => Self::Refused,
            _ => Self::Other,
        }
    }
}

/// A question to put to every name server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    pub kind: Kind,
}

/// What became of a message or of a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing; others are waited for.
    Wait,
    /// A new question is to be put to everyone.
    Ask(Ask),
    /// The resolution has ended.
    Done(Status, Option<Answer>),
}

/// What a name server did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Answer(Answer),
    Fault(Fault),
    /// The question could not even be sent.
    Unsent,
}

/// A name under watch.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The kind that is asked first; the other family follows where it is wanted.
    first: Kind,
    families: Families,
    asked: Kind,
    rounds_left: u32,
    /// Servers that have been asked and have not answered, one bit each.
    open: u64,
    last_fault: Option<Fault>,
    deadline: Option<Millis>,
    due: Millis,
    pub status: Status,
    /// When it last went well.
    pub last_valid: Option<Millis>,
}

impl Lookup {
    /// To be asked at once. `first`: the preferred family, or SRV.
    pub fn new(first: Kind, families: Families, now: Millis) -> Self {
        let first = match first {
            Kind::A if !families.v4 => Kind::Aaaa,
            Kind::Aaaa if !families.v6 => Kind::A,
            kind => kind,
        };
        Self {
            first,
            families,
            asked: first,
            rounds_left: 0,
            open: 0,
            last_fault: None,
            deadline: None,
            due: now,
            status: Status::None,
            last_valid: None,
        }
    }

    pub fn is_asking(&self) -> bool {
        self.deadline.is_some()
    }

    /// The kind of the question that is under way.
    pub fn kind(&self) -> Kind {
        self.asked
    }

    /// Servers that still owe an answer, one bit each.
    pub fn owing(&self) -> u64 {
        self.open
    }

    /// When [`at`](Self::at) has to be called next.
    pub fn next(&self) -> Millis {
        self.deadline.unwrap_or(self.due)
    }

    /// Wants an answer now, unless one is on its way.
    pub fn hurry(&mut self, now: Millis) {
        self.due = self.due.min(now);
    }

    /// Other families are wanted from the next question on.
    pub fn set_families(&mut self, families: Families) {
        self.families = families;
    }

    /// The time has come, perhaps.
    pub fn at(&mut self, now: Millis, policy: Policy) -> Progress {
        if now < self.next() {
            return Progress::Wait;
        }
        if !self.is_asking() {
            self.rounds_left = policy.retries.max(1);
            return self.ask(self.preferred(), now, policy);
        }
        // Silence. If someone has said no meanwhile, the other family may do better.
        if self.last_fault.is_some() {
            return self.refused(now, policy);
        }
        self.rounds_left = self.rounds_left.saturating_sub(1);
        if self.rounds_left == 0 {
            return self.end(Status::Timeout, None, now, policy);
        }
        self.ask(self.asked, now, policy)
    }

    /// The question was put to these servers.
    pub fn asked(&mut self, servers: u64) {
        self.open = servers;
    }

    /// Server `from` has done something.
    pub fn hear(&mut self, from: u32, event: Event, now: Millis, policy: Policy) -> Progress {
        let bit = 1_u64.checked_shl(from).unwrap_or(0);
        if !self.is_asking() || self.open & bit == 0 {
            return Progress::Wait;
        }
        match event {
            Event::Answer(answer) => return self.end(Status::Valid, Some(answer), now, policy),
            Event::Fault(Fault::Foreign) => return Progress::Wait,
            Event::Fault(fault) => self.last_fault = Some(fault),
            Event::Unsent => {}
        }
        self.open &= !bit;
        if self.open != 0 || self.last_fault.is_none() {
            // Where nobody could be asked, the next round waits for its time.
            return Progress::Wait;
        }
        let preferred = self.preferred();
        let has_asked_all = self.asked != preferred || self.other(preferred) == preferred;
        if has_asked_all && self.rounds_left > 1 {
            // The same question so soon would get the same answer.
            return Progress::Wait;
        }
        self.refused(now, policy)
    }

    fn preferred(&self) -> Kind {
        if self.families.has(self.first) {
            self.first
        } else {
            self.other(self.first)
        }
    }

    fn other(&self, kind: Kind) -> Kind {
        let other = match kind {
            Kind::A => Kind::Aaaa,
            Kind::Aaaa => Kind::A,
            Kind::Srv => Kind::Srv,
        };
        if self.families.has(other) { other } else { kind }
    }

    /// All that were asked have said no.
    fn refused(&mut self, now: Millis, policy: Policy) -> Progress {
        let preferred = self.preferred();
        let other = self.other(preferred);
        if self.asked == preferred && other != preferred {
            return self.ask(other, now, policy);
        }
        self.rounds_left = self.rounds_left.saturating_sub(1);
        if self.rounds_left == 0 {
            let status = self.last_fault.map_or(Status::Timeout, Status::from);
            return self.end(status, None, now, policy);
        }
        self.ask(preferred, now, policy)
    }

    fn ask(&mut self, kind: Kind, now: Millis, policy: Policy) -> Progress {
        self.asked = kind;
        self.last_fault = None;
        self.open = 0;
        self.deadline = Some(now + policy.retry.max(1));
        Progress::Ask(Ask { kind })
    }

    fn end(&mut self, status: Status, answer: Option<Answer>, now: Millis, policy: Policy) -> Progress {
        self.deadline = None;
        self.open = 0;
        self.due = now + policy.resolve.max(1);
        self.status = status;
        if status == Status::Valid {
            self.last_valid = Some(now);
        }
        Progress::Done(status, answer)
    }
}

/// The question of a lookup, as it goes out.
impl Ask {
    pub fn question(self, id: u16, name: &str) -> Question {
        Question {
            id,
            kind: self.kind,
            name: name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
