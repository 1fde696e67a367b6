//! Servers that come and go, how one of them is chosen, and what is remembered of them over a restart.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod direct;
mod dynamic;
mod limits;
mod picks;
mod retries;
mod shares;
mod state;

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";
