//! Executes a [`Plan`](hapax_config::Plan): workers, listeners, sessions, streams, upstream pools, TLS, health probes, logs.
//!
//! The only room that knows tokio. Streams never move between threads; what threads share is in [`state`].
#![forbid(unsafe_code)]

mod alerts;
mod buf;
pub mod certs;
mod check;
pub mod control;
mod io;
mod listener;
pub mod log;
mod outcome;
pub mod peers;
mod proxy_header;
mod relay;
mod resolve;
pub mod server;
mod session;
mod socks4;
pub mod state;
pub mod stats;
mod stream;
mod timer;
mod tls;
mod upstream;
mod worker;
pub mod world;
