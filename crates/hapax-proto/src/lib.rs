//! Wire formats without I/O: bytes in, events and bytes out. Nothing here waits, allocates without bound or knows a socket.
#![forbid(unsafe_code)]

pub mod checks;
pub mod dns;
pub mod fuzz;
pub mod h1;
pub mod http;
pub mod peers;
pub mod proxy;
pub mod rdp;
pub mod smtp;
pub mod socks4;
pub mod syslog;
pub mod tls_hello;
pub mod tls_suites;
pub mod varint;
