//! What the proxy does to messages beyond relaying them, and what it does when a server fails it.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

mod ends;
mod headers;
mod options;
mod patience;
mod retries;

use hapax_tests::{Builder, Origin, Program, Proxy};

const TIMEOUTS: &str = "defaults\n  mode http\n  timeout connect 10s\n  timeout client 2m\n  timeout server 2m\n";

/// One `listen` with these lines and one server.
fn listen(program: Program, origin: &Origin, lines: &str) -> Proxy {
    Builder::new(program, &format!("{TIMEOUTS}listen l\n  bind @l@\n{lines}  server s @s@\n"))
        .set("s", &origin.addr())
        .start()
}
