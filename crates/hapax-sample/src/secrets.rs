//! The secrets of a TLS session, as key logs write them down. They are kept only where the configuration asks for them.

use std::fmt;

/// The labels of the secrets of TLS 1.3 that a session has, in the order they are kept in.
pub const LABELS: [&str; 7] = [
    "CLIENT_EARLY_TRAFFIC_SECRET",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "EXPORTER_SECRET",
    "EARLY_EXPORTER_SECRET",
];

/// The label that the master secret of TLS 1.2 goes by.
pub const MASTER: &str = "CLIENT_RANDOM";

/// Secrets of one session.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    client_random: Box<[u8]>,
    master: Option<Box<[u8]>>,
    labelled: [Option<Box<[u8]>>; LABELS.len()],
}

/// They are not for messages and core dumps' readers.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Keeps what the TLS library tells. `all`: the secrets of TLS 1.3 too.
    pub fn keep(&mut self, label: &str, client_random: &[u8], secret: &[u8], all: bool) {
        if *self.client_random != *client_random {
            self.client_random = client_random.into();
        }
        if label == MASTER {
            self.master = Some(secret.into());
        } else if let Some(at) = LABELS.iter().position(|l| all && *l == label) {
            self.labelled[at] = Some(secret.into());
        }
    }

    /// The client's random bytes; `None`: nothing was told.
    pub fn client_random(&self) -> Option<&[u8]> {
        (!self.client_random.is_empty()).then_some(&*self.client_random)
    }

    /// The master secret of a TLS 1.2 session.
    pub fn master(&self) -> Option<&[u8]> {
        self.master.as_deref()
    }

    /// The secret of one of [`LABELS`].
    pub fn labelled(&self, label: &str) -> Option<&[u8]> {
        let at = LABELS.iter().position(|l| *l == label)?;
        self.labelled[at].as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_kept_by_its_label() {
        let mut s = Secrets::default();
        assert_eq!((s.client_random(), s.master()), (None, None));
        for (i, label) in LABELS.iter().enumerate() {
            s.keep(label, b"random", &[i as u8; 3], true);
        }
        s.keep(MASTER, b"random", b"master", true);
        s.keep("CLIENT_TRAFFIC_SECRET_1", b"random", b"none of ours", true);
        assert_eq!((s.client_random(), s.master()), (Some(&b"random"[..]), Some(&b"master"[..])));
        for (i, label) in LABELS.iter().enumerate() {
            assert_eq!(s.labelled(label), Some(&[i as u8; 3][..]), "{label}");
        }
        assert_eq!(s.labelled("CLIENT_TRAFFIC_SECRET_1"), None);
        assert_eq!(format!("{s:?}"), "Secrets");
    }

    #[test]
    fn where_only_names_are_asked_for_no_secret_of_tls_1_3_is_kept() {
        let mut s = Secrets::default();
        s.keep("EXPORTER_SECRET", b"random", b"secret", false);
        assert_eq!((s.client_random(), s.labelled("EXPORTER_SECRET")), (Some(&b"random"[..]), None));
        s.keep(MASTER, b"random", b"master", false);
        assert_eq!(s.master(), Some(&b"master"[..]));
    }
}
