//! Executes a [`Plan`](hapax_config::Plan): workers, listeners, sessions, streams, upstream pools, TLS, health probes, logs.
//!
//! The only room that knows tokio. Streams never move between threads; what threads share is in [`state`].
#![forbid(unsafe_code)]

mod check;
pub mod control;
pub mod log;
pub mod server;
pub mod state;
pub mod stats;
