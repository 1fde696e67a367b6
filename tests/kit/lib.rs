//! What black-box tests are made of: a launcher of the built program (and of HAProxy beside it), scripted clients and origins, a
//! syslog receiver, certificates.
//!
//! Nothing here knows the program's crates. No fixed ports, and no sleeping where a condition can be waited for. The tests stand in
//! `tests/<topic>/main.rs` and are targets of the `hapax` package, so that one `cargo test` builds the program and runs them.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a kit for tests fails loudly")]

pub mod client;
pub mod compare;
pub mod dns;
pub mod http;
pub mod network;
pub mod origin;
pub mod ports;
pub mod program;
pub mod proxy;
pub mod syslog;
pub mod tls;
pub mod wait;

pub use client::Client;
pub use dns::Dns;
pub use http::{Request, Response};
pub use network::Network;
pub use origin::{Origin, Reply};
pub use program::Program;
pub use proxy::{Builder, Proxy};
pub use syslog::Syslog;
