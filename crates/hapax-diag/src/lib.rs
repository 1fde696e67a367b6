//! Diagnostics as data: where, how bad, what, and the cure. Rendering is apart, in [`render`]-like modules.
//!
//! Nothing here knows the configuration language; every other room can speak of a mistake through this one.
#![forbid(unsafe_code)]

mod diagnostic;
mod source;
mod suggest;

pub use diagnostic::{Code, Diagnostic, Diagnostics, Severity};
pub use source::{FileId, Source, Sources, Span};
pub use suggest::suggest;
