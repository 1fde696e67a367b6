//! What the kernel offers and safe Rust does not reach: socket options, listening sockets, `splice`, descriptors passed between
//! processes, daemons, privileges, limits, CPU affinity, clocks, the allocator.
//!
//! The only room that may hold `unsafe`; each block says why it is sound. It knows nothing of configurations or of tokio.

pub mod affinity;
pub mod alloc;
pub mod clock;
pub mod daemon;
pub mod env;
pub mod fdpass;
pub mod handover;
pub mod host;
pub mod limits;
pub mod listen;
pub mod memory;
pub mod notify;
pub mod privileges;
pub mod rawfd;
pub mod recycle;
pub mod signal;
pub mod sockopt;
pub mod splice;
