//! How streams end: who is to blame, in which phase, and what that means for the client and the log. In this one place.

/// Who or what ended a stream before its time (manual, 8.5, first letter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The client closed or broke its connection.
    Client,
    /// The client let a timeout pass.
    ClientTimeout,
    /// The server closed, reset or refused.
    Server,
    ServerTimeout,
    /// The proxy refused it: a rule, or a message that is not valid.
    Proxy,
    /// The proxy answered itself: a redirect, a `return`, the statistics.
    Local,
    /// Something this machine has not enough of.
    Resource,
    /// A fault of our own.
    Internal,
    /// Ended from the runtime API.
    Killed,
}

/// What the stream was doing (manual, 8.5, second letter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Request,
    Queue,
    Connect,
    Headers,
    Data,
    /// The server has said all, and its answer or the rest of the request is still on its way.
    Last,
    Tarpit,
}

/// An end before time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub blame: Blame,
    pub phase: Phase,
    /// Status to answer with, where the client still can be answered and the default of (blame, phase) is not meant.
    pub status: Option<u16>,
}

impl End {
    /// Ended from the runtime API: as in HAProxy, whatever the stream was doing.
    pub(crate) const KILLED: Self = Self::with_status(Blame::Killed, Phase::Connect, 500);

    pub(crate) const fn new(blame: Blame, phase: Phase) -> Self {
        Self {
            blame,
            phase,
            status: None,
        }
    }

    pub(crate) const fn with_status(blame: Blame, phase: Phase, status: u16) -> Self {
        Self {
            blame,
            phase,
            status: Some(status),
        }
    }

    /// HAProxy's two termination letters.
    pub(crate) fn letters(self) -> [u8; 2] {
        let blame = match self.blame {
            Blame::Client => b'C',
            Blame::ClientTimeout => b'c',
            Blame::Server => b'S',
            Blame::ServerTimeout => b's',
            Blame::Proxy => b'P',
            Blame::Local => b'L',
            Blame::Resource => b'R',
            Blame::Internal => b'I',
            Blame::Killed => b'K',
        };
        let phase = match self.phase {
            Phase::Request => b'R',
            Phase::Queue => b'Q',
            Phase::Connect => b'C',
            Phase::Headers => b'H',
            Phase::Data => b'D',
            Phase::Last => b'L',
            Phase::Tarpit => b'T',
        };
        [blame, phase]
    }

    /// We could not do what we should. A request that does not name where a connection is to start from is not that.
    pub(crate) fn is_internal(self) -> bool {
        (self.blame == Blame::Internal && self.phase != Phase::Connect) || (self.status == Some(500) && self.blame != Blame::Killed)
    }

    /// The status a client is answered with while nothing was sent to it yet.
    pub(crate) fn status(self) -> u16 {
        if let Some(s) = self.status {
            return s;
        }
        match (self.blame, self.phase) {
            (Blame::ClientTimeout, _) => 408,
            (Blame::Client, _) | (Blame::Proxy, Phase::Request) => 400,
            (Blame::Proxy, Phase::Headers) | (Blame::Server, Phase::Headers | Phase::Data) => 502,
            (Blame::ServerTimeout, Phase::Headers | Phase::Data) => 504,
            (Blame::Internal, _) | (Blame::Resource, Phase::Request) => 500,
            (Blame::Proxy, _) => 403,
            _ => 503,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_statuses() {
        let cases = [
            (Blame::Client, Phase::Request, *b"CR", 400),
            (Blame::ClientTimeout, Phase::Request, *b"cR", 408),
            (Blame::Proxy, Phase::Request, *b"PR", 400),
            (Blame::Server, Phase::Connect, *b"SC", 503),
            (Blame::ServerTimeout, Phase::Connect, *b"sC", 503),
            (Blame::ServerTimeout, Phase::Queue, *b"sQ", 503),
            (Blame::Server, Phase::Headers, *b"SH", 502),
            (Blame::ServerTimeout, Phase::Headers, *b"sH", 504),
            (Blame::Proxy, Phase::Headers, *b"PH", 502),
            (Blame::Internal, Phase::Headers, *b"IH", 500),
            (Blame::Client, Phase::Last, *b"CL", 400),
        ];
        for (blame, phase, letters, status) in cases {
            let e = End::new(blame, phase);
            assert_eq!((e.letters(), e.status()), (letters, status), "{e:?}");
        }
        assert_eq!((End::KILLED.letters(), End::KILLED.status()), (*b"KC", 500));
        assert!(!End::KILLED.is_internal(), "nothing of ours has failed");
        assert!(!End::new(Blame::Internal, Phase::Connect).is_internal());
        assert!(End::new(Blame::Internal, Phase::Headers).is_internal());
    }
}
