//! The dictionary: every section and keyword as a row, the typed configuration they fill, and the resolved [`Plan`].
//!
//! A pure function of bytes and [`Files`](hapax_sample::Files): no runtime, no socket, no clock.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod address;
pub mod args;
pub mod bind;
pub mod certs;
pub mod codes;
mod dictionary;
mod dispatch;
pub mod draft;
pub mod fuzz;
pub mod keyword;
pub mod lint;
mod load;
pub mod plan;
pub mod reader;
mod resolve;
pub mod section;
pub mod server;
pub mod shape;
mod tls;
pub mod topic;
pub mod units;

pub use dictionary::{Row, every_keyword, find};
pub use keyword::{Keyword, Prefix, Sections};
pub use load::{Input, LoadOptions, Loaded, load};
pub use plan::Plan;
pub use reader::Reader;
