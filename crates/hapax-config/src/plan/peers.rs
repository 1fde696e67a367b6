//! `peers` sections (manual, 11.2): who shares stick tables, as far as it is this process's business.

use std::sync::Arc;

use hapax_diag::Span;

use super::{Bind, LogTarget, Server};

/// A section that is on and that we are part of.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    pub name: Arc<str>,
    pub span: Span,
    /// Where the local peer listens.
    pub binds: Vec<Bind>,
    /// Their names and addresses, and how connections to them are made.
    pub peers: Vec<Server>,
    /// Which of them we are.
    pub local: usize,
    /// Parts that keys are dealt out in; 0: every peer gets all.
    pub shards: u32,
    pub log: Vec<LogTarget>,
    /// The stick tables that it shares, by index.
    pub tables: Vec<u32>,
}

impl Peers {
    /// All but ourselves, with their place in `peers`.
    pub fn remotes(&self) -> impl Iterator<Item = (usize, &Server)> {
        self.peers.iter().enumerate().filter(|(i, _)| *i != self.local)
    }

    pub fn local_name(&self) -> &str {
        self.peers.get(self.local).map_or("", |p| &p.name)
    }
}
