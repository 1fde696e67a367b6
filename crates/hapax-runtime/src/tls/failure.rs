//! Why a handshake failed: as HAProxy's number of a connection error, and as OpenSSL's of what broke it.

use std::io;

use hapax_sample::Verdict;
use hapax_sample::fault::{Fault, TlsError};
use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

/// What rustls says of it, where it was rustls that gave up.
fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

pub(crate) fn fault_of(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::TimedOut => Fault::SslTimeout,
        io::ErrorKind::UnexpectedEof => Fault::SslEmpty,
        _ if rustls_error(error).is_some() => Fault::SslHandshake,
        _ => Fault::SslAbort,
    }
}

/// The same where a certificate was looked at: one that is not good has numbers of its own.
pub(super) fn fault_of_client(error: &io::Error, verdict: Option<Verdict>) -> Fault {
    match verdict {
        Some(v) if v.depth > 0 => Fault::SslCaFail,
        Some(_) => Fault::SslCrtFail,
        None => fault_of(error),
    }
}

pub(crate) fn error_of(error: &io::Error) -> Option<TlsError> {
    Some(match rustls_error(error)? {
        Error::AlertReceived(AlertDescription::Unknown(n)) => TlsError::alert(*n),
        Error::AlertReceived(alert) => TlsError::alert(u8::from(*alert)),
        Error::InvalidCertificate(_) => TlsError::reason(134),
        Error::NoCertificatesPresented => TlsError::reason(199),
        Error::NoApplicationProtocol => TlsError::reason(235),
        Error::PeerSentOversizedRecord => TlsError::reason(218),
        Error::DecryptError => TlsError::reason(281),
        Error::PeerIncompatible(why) => TlsError::reason(match why {
            PeerIncompatible::NoCipherSuitesInCommon => 193,
            PeerIncompatible::NoKxGroupsInCommon | PeerIncompatible::KeyShareExtensionRequired => 101,
            PeerIncompatible::NoSignatureSchemesInCommon => 118,
            _ => 258,
        }),
        Error::PeerMisbehaved(PeerMisbehaved::SignedKxWithWrongAlgorithm) => TlsError::reason(123),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } | Error::PeerMisbehaved(_) => {
            TlsError::reason(244)
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => TlsError::reason(267),
        Error::InvalidMessage(_) => TlsError::reason(159),
        Error::General(_) => TlsError::reason(226),
        _ => return None,
    })
}
