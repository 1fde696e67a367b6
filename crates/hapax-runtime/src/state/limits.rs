//! Limits of rates for the whole process: as configured, until `set rate-limit` says otherwise.

use std::sync::atomic::{AtomicU32, AtomicU64};

use hapax_config::plan::Global;

/// 0: no limit.
#[derive(Debug)]
pub struct Limits {
    /// Client connections per second.
    pub conns: AtomicU32,
    /// Sessions per second.
    pub sessions: AtomicU32,
    /// TLS handshakes per second.
    pub tls: AtomicU32,
    /// Bytes per second out of the compressor.
    pub compression: AtomicU64,
}

impl Limits {
    pub fn new(global: &Global) -> Self {
        Self {
            conns: AtomicU32::new(global.conn_rate_limit),
            sessions: AtomicU32::new(global.sess_rate_limit),
            tls: AtomicU32::new(global.ssl_rate_limit),
            compression: AtomicU64::new(global.comp_rate),
        }
    }
}
