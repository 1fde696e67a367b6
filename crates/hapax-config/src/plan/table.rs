//! Stick tables and the rules that use them (manual, 11.1 and `stick`).

use std::sync::Arc;

use hapax_balance::table::{Column, KeyType};
use hapax_diag::Span;
use hapax_sample::NameRef;
use hapax_sample::acl::Condition;
use hapax_sample::expr::Expr;
use hapax_value::Millis;

/// A table of a proxy (which gives it its name), or of a peers section (`peers/table`).
#[derive(Clone, Debug)]
pub struct StickTable {
    pub name: Arc<str>,
    pub span: Span,
    pub key: KeyType,
    /// Most entries.
    pub size: u64,
    /// Lifetime of an entry since its last use; `None`: for ever.
    pub expire: Option<Millis>,
    /// A full table refuses new entries instead of dropping old ones.
    pub nopurge: bool,
    /// Values that are only true where they were counted are learned from peers too.
    pub recv_only: bool,
    /// What is kept for each key.
    pub columns: Vec<Column>,
    /// How many bytes a byte rate counts as one.
    pub brates_factor: u32,
    /// Servers are known by address rather than by name (`srvkey addr`).
    pub server_address: bool,
    /// Where updates from peers are written too; the index in the plan is its `id`.
    pub write_to: Option<Arc<NameRef>>,
    /// The peers section that shares the table, as written; its index in the plan, where it is there; the table's name there.
    pub peers: Option<(Arc<str>, Span)>,
    pub peers_id: Option<u32>,
    pub peer_name: Arc<str>,
}

/// `stick on`, `stick match`, `stick store-request` and `stick store-response`.
#[derive(Clone, Debug)]
pub struct StickRule {
    pub expr: Arc<Expr>,
    /// The table's index in the plan is `table.id`.
    pub table: Arc<NameRef>,
    pub cond: Option<Arc<Condition>>,
    /// Finds the server of the key.
    pub matches: bool,
    /// Keeps the server of the request's key.
    pub stores: bool,
    /// Keeps the server of the response's key.
    pub stores_response: bool,
}
