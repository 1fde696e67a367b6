//! The dictionary: every section and keyword as a row, the typed configuration they fill, and the resolved [`Plan`].
//!
//! A pure function of bytes and [`Files`](hapax_sample::Files): no runtime, no socket, no clock.
#![forbid(unsafe_code)]

pub mod keyword;
pub mod plan;

pub use plan::Plan;
