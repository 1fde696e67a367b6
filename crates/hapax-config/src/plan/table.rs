//! Stick tables and the rules that use them (manual, 11.1 and `stick`).

use std::sync::Arc;

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
    pub key: TableKey,
    /// Most entries.
    pub size: u64,
    /// Lifetime of an entry since its last use; `None`: for ever.
    pub expire: Option<Millis>,
    /// A full table refuses new entries instead of dropping old ones.
    pub nopurge: bool,
    /// What is kept for each key.
    pub stores: Vec<Store>,
    /// Factor by which byte rates are divided.
    pub brates_factor: u32,
}

/// What the keys of a table are. Lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKey {
    Ip,
    Ipv6,
    Integer,
    /// Longest text, without the final zero that HAProxy counts.
    String(u32),
    Binary(u32),
}

/// One kind of data of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// `conn_cnt`, `http_req_rate`...
    pub name: &'static str,
    /// Of a rate: the time over which it is measured.
    pub period: Option<Millis>,
    /// Of an array: its elements.
    pub elements: Option<u32>,
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
