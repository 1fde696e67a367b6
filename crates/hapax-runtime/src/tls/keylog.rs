//! The secrets of sessions with clients and servers, for expressions that write key logs (`tune.ssl.keylog`).
//!
//! rustls tells a key log nothing of the connection. A handshake is driven on one thread at a time, though, and its secrets are told
//! within one step of it: whoever drives the step lays out what they go into, and picks it up after it.

use std::cell::Cell;
use std::sync::Arc;

use hapax_config::Plan;
use hapax_sample::secrets::Secrets;
use rustls::KeyLog;

thread_local! {
    static OPEN: Cell<Option<Box<Secrets>>> = const { Cell::new(None) };
}

/// How much is kept of a session's secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    #[default]
    Nothing,
    /// What expressions can tell without `tune.ssl.keylog`: the client's random bytes, and the master secret of TLS 1.2.
    Randoms,
    All,
}

impl Keep {
    pub(crate) fn of(plan: &Plan) -> Self {
        if plan.global.keylog {
            Self::All
        } else if plan.wanted.tls_randoms {
            Self::Randoms
        } else {
            Self::Nothing
        }
    }

    /// What rustls is to tell secrets to.
    pub(super) fn log(self) -> Option<Arc<dyn KeyLog>> {
        match self {
            Self::Nothing => None,
            Self::Randoms => Some(Arc::new(Teller { all: false })),
            Self::All => Some(Arc::new(Teller { all: true })),
        }
    }
}

/// The secrets of one handshake, while it is driven.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    wanted: bool,
    secrets: Option<Box<Secrets>>,
}

impl Gathered {
    pub(super) fn new(keep: Keep) -> Self {
        Self {
            wanted: keep != Keep::Nothing,
            secrets: None,
        }
    }

    /// Drives one step.
    pub(super) fn during<T>(&mut self, step: impl FnOnce() -> T) -> T {
        if !self.wanted {
            return step();
        }
        OPEN.set(Some(self.secrets.take().unwrap_or_default()));
        let done = step();
        self.secrets = OPEN.take();
        done
    }

    /// What was told; `None`: nothing.
    pub(super) fn done(self) -> Option<Box<Secrets>> {
        self.secrets.filter(|s| s.client_random().is_some())
    }
}

/// Takes down what is told within a step that somebody listens to.
#[derive(Debug)]
struct Teller {
    all: bool,
}

impl KeyLog for Teller {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        if let Some(mut open) = OPEN.take() {
            open.keep(label, client_random, secret, self.all);
            OPEN.set(Some(open));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_to_the_handshake_whose_step_tells_them() {
        let teller = Keep::All.log().expect("a log");
        let (mut one, mut two, mut none) = (Gathered::new(Keep::All), Gathered::new(Keep::All), Gathered::new(Keep::Nothing));
        one.during(|| teller.log("SERVER_HANDSHAKE_TRAFFIC_SECRET", b"1", b"a"));
        two.during(|| teller.log("SERVER_HANDSHAKE_TRAFFIC_SECRET", b"2", b"b"));
        none.during(|| teller.log("SERVER_HANDSHAKE_TRAFFIC_SECRET", b"3", b"c"));
        teller.log("EXPORTER_SECRET", b"4", b"nobody listens");
        one.during(|| teller.log("EXPORTER_SECRET", b"1", b"d"));
        let one = one.done().expect("secrets");
        assert_eq!(one.client_random(), Some(&b"1"[..]));
        assert_eq!(one.labelled("SERVER_HANDSHAKE_TRAFFIC_SECRET"), Some(&b"a"[..]));
        assert_eq!(one.labelled("EXPORTER_SECRET"), Some(&b"d"[..]));
        assert_eq!(two.done().expect("secrets").labelled("EXPORTER_SECRET"), None);
        assert!(none.done().is_none());
        assert!(Gathered::new(Keep::All).done().is_none());
    }
}
