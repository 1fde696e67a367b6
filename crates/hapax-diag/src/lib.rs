//! Diagnostics as data: where, how bad, what, and the cure. Rendering is apart, in [`render`].
//!
//! Nothing here knows the configuration language; every other room can speak of a mistake through this one.
#![forbid(unsafe_code)]

pub mod baseline;
mod diagnostic;
pub mod render;
mod source;
mod suggest;
pub mod suppress;

pub use diagnostic::{Code, Diagnostic, Diagnostics, Lead, Severity, Standing};
pub use source::{FileId, Source, Sources, Span};
pub use suggest::suggest;
