//! Words of the `global` section that tune the process, family by family.
//!
//! Most belong to HAProxy's own event loop, buffers and TLS library. Each row says whether the word is acted on here, or why not.

pub(super) mod buffers;
pub(super) mod compression;
pub(super) mod cpu;
pub(super) mod forwarding;
pub(super) mod http;
pub(super) mod httpclient;
pub(super) mod limits;
pub(super) mod lua;
pub(super) mod modules;
pub(super) mod ocsp;
pub(super) mod process;
pub(super) mod quic;
pub(super) mod scheduler;
pub(super) mod sockets;
pub(super) mod tls;
