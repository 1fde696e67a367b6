//! The few messages that health checks of other protocols exchange: what is asked, and what an answer means.
//!
//! A question is bytes; an answer is read by a function of all that has come so far, and of whether more
//! may come.

mod ldap;
mod mysql;
mod pgsql;
mod smtp;
mod spop;
mod tls;

pub use ldap::{BIND as LDAP_BIND, read as read_ldap};
pub use mysql::{Login, greeting as read_mysql_greeting, login as mysql_login, result as read_mysql_result};
pub use pgsql::startup as pgsql_startup;
pub use smtp::{bye as read_smtp_bye, greeting as read_smtp_greeting, hello as read_smtp_hello};
pub use spop::{hello as spop_hello, read as read_spop};
pub use tls::{client_hello as ssl_hello, read as read_ssl};

/// What the bytes of an answer mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing yet: more must come.
    More,
    /// A good answer: its code (0: none), and what the server tells of itself.
    Good(u16, Option<String>),
    /// No answer of this protocol.
    Invalid(Option<String>),
    /// An answer of the protocol that says no: its own code, and its words.
    Refused(u16, Option<String>),
}

/// A redis PING.
pub const REDIS_PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

/// Text of another machine, for a log.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
