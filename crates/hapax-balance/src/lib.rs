//! Which server takes a request, and what a server's checks make of it: pure state machines of (state, now).
//!
//! No clock, no socket, no lock: time and load are passed in, so that every rule is tested in microseconds.
#![forbid(unsafe_code)]

mod farm;
mod hash;
mod key;

pub use farm::{Algorithm, Choice, Farm, Load, Member, SCALE};
pub use hash::{HashFunction, HashType, spread};
pub use key::{UriKey, source_key};
