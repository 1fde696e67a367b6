//! The peers protocol, version 2.1: how processes share stick tables (HAProxy's `doc/peers.txt`).
//!
//! A session begins with lines: [`hello`] greets, and a status answers. Then come messages both ways, each a class and a type,
//! and for those of tables a length: [`Message`]. Which table an update is of, and what its fields are, the [`Definition`] before
//! it tells. A [`Session`] keeps what one connection has agreed on, and [`Resync`] whom a section learns from; both are told what
//! time it is.

mod hello;
mod message;
mod resync;
mod session;
mod texts;

pub use hello::{Hello, HelloError, status};
pub use message::{Control, Data, DataKind, Definition, Field, Message, Update, WireError, ack, control, definition, split, update};
pub use resync::{Resync, Teacher};
pub use session::{Event, Session};
