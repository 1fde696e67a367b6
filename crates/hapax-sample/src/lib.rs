//! The expression language: fetches, converters, ACLs, log-format strings and variables, as plain functions over plain data.
//!
//! No tokio, no clock, no file system: what an expression may look at is an [`Env`]; what it needs from disk at load comes
//! through [`Files`]. The same code serves a live request and an offline question.
#![forbid(unsafe_code)]

pub mod acl;
mod compile;
pub mod converters;
mod env;
pub mod expr;
pub mod logformat;
pub mod pattern;
pub mod regexp;
mod row;
pub mod vars;

pub use compile::{Compile, Deferred, Files, NameKind, NameRef};
pub use env::{Body, Env, LOG_SILENT, Now, ProxyId, ServerId, SessionFacts, StreamFacts, TlsFacts, Track, World};
pub use row::{Absent, Arg, ArgKind, Call, Converter, Fetch, Iter, Needs, Sampled};
