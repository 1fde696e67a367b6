//! Which server takes a request, and what a server's checks make of it: pure state machines of (state, now).
//!
//! No clock, no socket, no lock: time and load are passed in, so that every rule is tested in microseconds.
#![forbid(unsafe_code)]

mod agent;
mod dynamic_cookie;
mod farm;
mod hash;
mod health;
mod key;
pub mod names;
pub mod notice;
mod queue;
pub mod table;

pub use agent::{AgentAdmin, AgentLine, AgentStatus};
pub use dynamic_cookie::dynamic_cookie;
pub use farm::{Affinity, Algorithm, Choice, Farm, Load, Member, NodeKey, SCALE, Spill};
pub use hash::{HashFunction, HashType, spread};
pub use health::{Change, CheckStatus, Health, Outcome, Start, Step, Verdict};
pub mod warmup;

pub use key::{UriKey, domain, source_key};
pub use queue::{Place, Queue};
