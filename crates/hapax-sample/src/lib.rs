//! The expression language: fetches, converters, ACLs, log-format strings and variables, as plain functions over plain data.
//!
//! No tokio, no clock, no file system: what an expression may look at is an [`Env`]; what it needs from disk at load comes
//! through [`Files`]. The same code serves a live request and an offline question.
#![forbid(unsafe_code)]

pub mod acl;
mod args;
pub mod codes;
mod compile;
pub mod converters;
mod env;
pub mod expr;
pub mod fault;
pub mod fetches;
pub mod fuzz;
pub mod hello;
pub mod logformat;
pub mod pattern;
pub mod regexp;
pub mod registry;
mod row;
pub mod secrets;
pub mod since;
pub mod still;
pub mod users;
pub mod vars;

pub use hapax_diag::FileId;

pub use compile::{Compile, Deferred, Files, Keyed, KeyedBy, NameKind, NameRef, Wanted};
pub use converters::JwtCerts;
pub use env::{
    Body, Ends, Env, LOG_SILENT, Now, Overrides, ProxyId, ServerId, SessionFacts, Setting, StreamFacts, TableAnswer, TableChange,
    TableRead, TcpFact, Timers, TlsFacts, Track, TrackStart, UniqueId, Verdict, Weight, World, Zone,
};
pub use row::{Absent, Arg, ArgKind, Call, Check, Converter, Eval, Fetch, Iter, Needs, Sampled};
