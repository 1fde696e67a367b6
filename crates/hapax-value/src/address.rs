//! Where a connection comes from or goes to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

pub mod parse;

/// A transport address: what `bind`, `server`, `src` and `dst` speak of (manual, 2.9).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Ip(SocketAddr),
    /// A UNIX path.
    Unix(Arc<str>),
    /// A name in Linux' abstract namespace (`abns@`), without the leading NUL; `true`: zero-terminated (`abnsz@`).
    Abstract(Arc<[u8]>, bool),
}

impl Endpoint {
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(a) => Some(a.ip()),
            _ => None,
        }
    }

    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Ip(a) => Some(a.port()),
            _ => None,
        }
    }
}
